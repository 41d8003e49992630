"""Carries messages from the outbox to the wire, in order, as soon as they are committed.

A crash between commit and publish, or between publish and the note that it was published, only
means that a message is sent once more; the reader's inbox makes that harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from shared.platform.bus import Bus, BusFault, BusUnavailable, Message, Unroutable
from shared.platform.clock import Clock
from shared.platform.database import Database, WriteSession, is_transient
from shared.platform.mailbox.limits import MailboxLimits, doubled
from shared.platform.mailbox.outbox import Outbox, Waiting
from shared.platform.telemetry import MESSAGES_PUBLISHED, MESSAGES_UNROUTABLE, logger

log = logger(__name__)


@dataclass(slots=True)
class Relay:
    """The loop from outbox to bus; several may run at once, each takes other rows."""

    service: str
    database: Database
    outbox: Outbox
    bus: Bus
    clock: Clock
    limits: MailboxLimits
    wake: asyncio.Event

    async def run(self) -> None:
        """Publish for ever; wait while the database or the broker is away."""
        outages = 0
        while True:
            self.wake.clear()
            try:
                published = await self.publish_window()
            except Exception as fault:
                if not (isinstance(fault, BusUnavailable) or is_transient(fault)):
                    raise
                wait_s = doubled(self.limits.outage_wait_s, outages, self.limits.outage_wait_max_s)
                outages += 1
                log.warning("relay waits", service=self.service, wait_s=wait_s, fault=repr(fault))
                await asyncio.sleep(wait_s)
                continue
            outages = 0
            if published < self.limits.window:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.limits.poll_s):
                        await self.wake.wait()

    async def drain(self, deadline_s: float) -> bool:
        """Publish what is due until nothing is left or time is up; tells whether all went."""
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                while await self.publish_window():
                    pass
                return True
        return False

    async def publish_window(self) -> int:
        """Publish the next window of messages; tells how many rows were taken.

        Raises:
            BusUnavailable: the broker is away; what it confirmed before is marked all the same.
        """
        outage: BusFault | None = None
        async with self.database.unit_of_work() as session:
            due = await self.outbox.due(session, self.clock.now())
            for part in self._parts(due):
                outage = await self._publish(session, part)
                if outage:
                    break
        if outage:
            raise outage
        return len(due)

    def _parts(self, due: Sequence[Waiting]) -> Iterator[list[Waiting]]:
        """Cut a window so that the bodies of a part fit the memory bound."""
        part: list[Waiting] = []
        size = 0
        for row in due:
            if part and size + row.size > self.limits.window_bytes:
                yield part
                part, size = [], 0
            part.append(row)
            size += row.size
        if part:
            yield part

    async def _publish(self, session: WriteSession, part: list[Waiting]) -> BusFault | None:
        bodies = await self.outbox.bodies(session, [row.seq for row in part])
        refused: frozenset[str] = frozenset()
        outage: BusFault | None = None
        try:
            await self.bus.publish([self._message(row, bodies[row.seq]) for row in part])
        except Unroutable as fault:
            refused = fault.message_ids
            MESSAGES_UNROUTABLE.labels(self.service).inc(len(refused))
            log.exception("messages went to no queue", service=self.service)
        except BusUnavailable as fault:
            refused = fault.message_ids
            outage = fault
        sent = [row.seq for row in part if str(row.message_id) not in refused]
        at = self.clock.now()
        await self.outbox.mark_published(session, sent, at)
        if outage is None:
            kept = [row.seq for row in part if str(row.message_id) in refused]
            await self.outbox.mark_unroutable(session, kept, at)
        MESSAGES_PUBLISHED.labels(self.service).inc(len(sent))
        return outage

    def _message(self, row: Waiting, body: bytes) -> Message:
        return Message(
            message_id=str(row.message_id),
            routing_key=row.type,
            body=body,
            headers={"source": self.service, "correlation_id": str(row.correlation_id)},
        )
