"""Sends again what nobody has acknowledged, and throws away what is long done.

The broker may be wiped, a queue deleted, a reader down for a night: the sender still has the
message, sees that no receipt came, and says it again. That is why losing the wire loses nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, select

from shared.platform.clock import Clock
from shared.platform.database import Database, try_lock
from shared.platform.mailbox.limits import MailboxLimits
from shared.platform.mailbox.outbox import Backlog, Outbox
from shared.platform.mailbox.tables import MailboxTables
from shared.platform.telemetry import (
    MESSAGES_RESENT,
    OUTBOX_BACKLOG,
    RELAY_LAG_SECONDS,
    logger,
)

log = logger(__name__)


@dataclass(slots=True)
class Sweeper:
    """The loop that looks for overdue receipts, counts the backlog and prunes old rows."""

    service: str
    database: Database
    tables: MailboxTables
    outbox: Outbox
    clock: Clock
    limits: MailboxLimits
    wake: asyncio.Event

    async def run(self) -> None:
        """Sweep for ever."""
        loop = asyncio.get_running_loop()
        prune_at = loop.time() + self.limits.prune_every_s
        while True:
            await asyncio.sleep(self.limits.sweep_every_s)
            await self.sweep()
            await self.backlog()
            if loop.time() >= prune_at:
                await self.prune()
                prune_at = loop.time() + self.limits.prune_every_s

    async def sweep(self) -> int:
        """Have overdue messages published again; tells how many."""
        resent = 0
        while True:
            async with self.database.unit_of_work() as session:
                batch = await self.outbox.resend_overdue(session, self.clock.now())
            resent += batch
            if batch < self.limits.sweep_batch:
                break
        if resent:
            MESSAGES_RESENT.labels(self.service).inc(resent)
            log.warning("no receipt in time, sending again", service=self.service, count=resent)
            self.wake.set()
        return resent

    async def recover(self) -> int:
        """Have every unacknowledged message published again: the wire was memory, and is gone."""
        async with self.database.unit_of_work() as session:
            resent = await self.outbox.resend_all(session, self.clock.now())
        if resent:
            log.info("picking up where the last run ended", service=self.service, count=resent)
            self.wake.set()
        return resent

    async def backlog(self) -> Backlog:
        """Count the mailbox and set the figures."""
        async with self.database.read() as session:
            backlog = await self.outbox.backlog(session, self.clock.now())
        RELAY_LAG_SECONDS.labels(self.service).set(backlog.lag_s)
        for state in ("unpublished", "unacknowledged", "dead", "dead_letters"):
            OUTBOX_BACKLOG.labels(self.service, state).set(getattr(backlog, state))
        return backlog

    async def prune(self) -> int:
        """Throw away rows that were handled long ago; tells how many."""
        outbox, inbox = self.tables.outbox, self.tables.inbox
        at = self.clock.now()
        pruned = await self._prune(outbox, outbox.c.handled_at < at - self.limits.outbox_kept)
        pruned += await self._prune(inbox, inbox.c.handled_at < at - self.limits.inbox_kept)
        if pruned:
            log.info("old messages thrown away", service=self.service, count=pruned)
        return pruned

    async def _prune(self, table: Table, old: ColumnElement[bool]) -> int:
        key = table.primary_key.columns[0]
        pruned = 0
        while True:
            async with self.database.unit_of_work() as session:
                if not await try_lock(session, f"{self.service} prune {table.name}"):
                    return pruned
                some = select(key).where(old).limit(self.limits.prune_batch)
                gone = await session.execute(
                    delete(table).where(key.in_(some.scalar_subquery())).returning(key)
                )
                batch = len(gone.all())
            pruned += batch
            if batch < self.limits.prune_batch:
                return pruned
