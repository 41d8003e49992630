"""Hears messages: each one has its effect exactly once, however often it is delivered.

The inbox row and the effect are one unit of work. A message that keeps failing is put aside with
its reason and can be replayed; an outage is waited for and costs the message nothing; and when
everything fails, the consumer slows down instead of putting everything aside.

However many messages are in work at once, those about one CCA at one utility take their turn in the
order in which they came: while the database writes for one CCA, another's message is worked on.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from shared.contracts.envelope import Envelope
from shared.platform.bus import Delivery, Poison
from shared.platform.clock import Clock
from shared.platform.database import Database, WriteSession
from shared.platform.mailbox.limits import MailboxLimits, doubled
from shared.platform.mailbox.patience import patiently
from shared.platform.mailbox.receipts import Receipts
from shared.platform.mailbox.tables import MailboxTables
from shared.platform.telemetry import (
    CONSUMER_PAUSED,
    HANDLING_SECONDS,
    MESSAGES_HANDLED,
    log_context,
    logger,
)

log = logger(__name__)

Handler = Callable[[WriteSession, Envelope], Awaitable[None]]
"""The effect of a message, written through the session it is given; raises only faults."""

REASON_LENGTH_MAX = 8000


class Outcome(StrEnum):
    """What became of a delivery."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"


@dataclass(slots=True)
class Breaker:
    """Counts faults in a row; past the limit every further attempt waits."""

    service: str
    limits: MailboxLimits
    faults: int = 0

    def note_success(self) -> None:
        """The world works again."""
        self.faults = 0
        CONSUMER_PAUSED.labels(self.service).set(0)

    def note_fault(self) -> None:
        """One more failure in a row."""
        self.faults += 1

    async def wait(self) -> None:
        """Pause when too much failed in a row: longer each time, and visibly."""
        beyond = self.faults - self.limits.pause_after_faults
        if beyond < 0:
            return
        wait_s = doubled(self.limits.pause_s, beyond, self.limits.pause_max_s)
        CONSUMER_PAUSED.labels(self.service).set(1)
        log.error("consumer slows down", service=self.service, faults=self.faults, wait_s=wait_s)
        await asyncio.sleep(wait_s)


@dataclass(slots=True)
class Consumer:
    """Runs a service's handlers on the messages of its queue.

    Args:
        service: name of the service that hears.
        handlers: message type → handler.
        delivery_limit: failed deliveries after which a message is put aside.
    """

    service: str
    handlers: Mapping[str, Handler]
    database: Database
    tables: MailboxTables
    receipts: Receipts
    clock: Clock
    limits: MailboxLimits
    delivery_limit: int
    breaker: Breaker = field(init=False)
    _turns: dict[tuple[str, str, str], asyncio.Lock] = field(init=False, default_factory=dict)
    _take: ReturningInsert[UUID] = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.service, self.limits)
        inbox = self.tables.inbox
        self._take = insert(inbox).on_conflict_do_nothing().returning(inbox.c.message_id)

    async def receive(self, delivery: Delivery) -> None:
        """Work one delivery; returning acknowledges it.

        Raises:
            Poison: it can never succeed, or failed too often; kept in the dead letters.
            Exception: the handler's fault; the bus delivers the message again.
        """
        try:
            envelope = Envelope.from_json(delivery.body)
        except ValidationError as wrong:
            await self._bury(delivery, f"The bytes are not a message we know: {wrong}")
            raise Poison(f"message {delivery.message_id} cannot be read") from wrong
        ids = {"message_id": str(envelope.id), "correlation_id": str(envelope.correlation_id)}
        async with self._turn_of(envelope):  # nothing was awaited before: first come, first served
            await self.breaker.wait()
            with log_context(service=self.service, **ids):
                try:
                    await self._handle_patiently(envelope)
                except Exception as fault:
                    await self._note_fault(delivery, envelope, fault)
                    raise
        self.breaker.note_success()

    def _turn_of(self, envelope: Envelope) -> asyncio.Lock:
        scope = (envelope.cca, envelope.utility, envelope.environment)
        return self._turns.setdefault(scope, asyncio.Lock())

    async def _handle_patiently(self, envelope: Envelope) -> None:
        started = time.perf_counter()
        outcome = await patiently(lambda: self.handle(envelope), self.limits)
        MESSAGES_HANDLED.labels(self.service, envelope.type, outcome).inc()
        HANDLING_SECONDS.labels(self.service, envelope.type).observe(time.perf_counter() - started)

    async def handle(self, envelope: Envelope) -> Outcome:
        """Give a message its effect once, in one unit of work, and owe the sender a receipt."""
        handler = self.handlers.get(envelope.type)
        if handler is None:
            raise LookupError(f"{self.service} has no handler for {envelope.type}")
        message = {
            "message_id": envelope.id,
            "type": envelope.type,
            "source": envelope.source,
            "handled_at": self.clock.now(),
        }
        async with self.database.unit_of_work() as session:
            taken = await session.execute(self._take, message)
            outcome = Outcome.HANDLED if taken.first() else Outcome.DUPLICATE
            if outcome is Outcome.HANDLED:
                await handler(session, envelope)
        self.receipts.handled(envelope.source, str(envelope.id))
        return outcome

    async def _note_fault(self, delivery: Delivery, envelope: Envelope, fault: Exception) -> None:
        self.breaker.note_fault()
        log.error(
            "message failed",
            type=envelope.type,
            attempt=delivery.attempt,
            exc_info=fault,
        )
        if delivery.attempt >= self.delivery_limit:
            MESSAGES_HANDLED.labels(self.service, envelope.type, "dead").inc()
            await self._bury(delivery, "".join(traceback.format_exception(fault)))
            raise Poison(f"message {envelope.id} failed {delivery.attempt} times") from fault
        MESSAGES_HANDLED.labels(self.service, envelope.type, "failed").inc()
        await asyncio.sleep(
            doubled(self.limits.retry_wait_s, delivery.attempt - 1, self.limits.retry_wait_max_s)
        )

    async def _bury(self, delivery: Delivery, reason: str) -> None:
        """Keep the message and its reason, and tell the sender not to send it again."""
        source = delivery.headers.get("source", "")
        values = {
            "type": delivery.routing_key,
            "source": source,
            "body": delivery.body,
            "reason": reason[-REASON_LENGTH_MAX:].replace("\x00", ""),
            "attempts": delivery.attempt,
            "died_at": self.clock.now(),
            "resolved_at": None,
        }
        async with self.database.unit_of_work() as session:
            await session.execute(
                insert(self.tables.dead_letters)
                .values(message_id=delivery.message_id, **values)
                .on_conflict_do_update(index_elements=["message_id"], set_=values)
            )
        if source:
            self.receipts.dead(source, delivery.message_id)

    async def replay(self, message_id: str) -> Outcome:
        """Handle a dead letter again, now that its cause is mended.

        Raises:
            LookupError: no open dead letter has this id.
            pydantic.ValidationError: its bytes are no message; it can only be put away.
            Exception: it failed again; it stays in the dead letters.
        """
        letters = self.tables.dead_letters
        async with self.database.read() as session:
            body = await session.scalar(
                select(letters.c.body).where(
                    letters.c.message_id == message_id, letters.c.resolved_at.is_(None)
                )
            )
        if body is None:
            raise LookupError(f"No open dead letter {message_id}")
        outcome = await self.handle(Envelope.from_json(body))
        await self.resolve(message_id)
        return outcome

    async def resolve(self, message_id: str) -> None:
        """Put a dead letter away: replayed, or judged to need nothing."""
        letters = self.tables.dead_letters
        async with self.database.unit_of_work() as session:
            await session.execute(
                update(letters)
                .where(letters.c.message_id == message_id)
                .values(resolved_at=func.coalesce(letters.c.resolved_at, self.clock.now()))
            )
