"""One service's mailbox: everything it needs to say facts and to hear them.

A service puts messages inside its unit of work and gives handlers for what it hears; the mailbox
brings them over the bus, once in effect, whatever is killed in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from shared.contracts.envelope import Envelope, Written
from shared.contracts.parts import ServiceName
from shared.contracts.routes import CONSUMERS
from shared.platform.bus import DELIVERY_LIMIT, PREFETCH, Bus, BusFault, Subscription
from shared.platform.clock import Clock
from shared.platform.database import Database, WriteSession, after_commit
from shared.platform.lifecycle import Lifecycle, Loop
from shared.platform.mailbox.consumer import Consumer, Handler
from shared.platform.mailbox.limits import MailboxLimits
from shared.platform.mailbox.outbox import Backlog, Outbox
from shared.platform.mailbox.receipts import ReceiptDesk, Receipts
from shared.platform.mailbox.relay import Relay
from shared.platform.mailbox.sweeper import Sweeper
from shared.platform.mailbox.tables import MailboxTables
from shared.platform.mailbox.topology import Routes, inbox_queue, receipts_queue, topology
from shared.platform.telemetry import logger

log = logger(__name__)

DEAD_LETTERS_SHOWN = 200

DRAIN_S = 5.0
"""Time to publish what is left when the service ends; the rest waits for the next start."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that a service gave up on; `reason` is the fault's traceback."""

    message_id: str
    type: str
    died_at: datetime
    reason: str


class Mailbox:
    """Says and hears messages for one service.

    Args:
        service: the service's name.
        database: the service's database.
        tables: its mailbox tables, see `mailbox_tables`.
        bus: the wire.
        clock: tells the time.
        limits: bounds; the defaults are for production.
        routes: who hears what; the contracts' table unless a test says otherwise.
        delivery_limit: failed deliveries after which a message is put aside.
    """

    def __init__(
        self,
        service: ServiceName,
        database: Database,
        tables: MailboxTables,
        bus: Bus,
        clock: Clock,
        *,
        limits: MailboxLimits | None = None,
        routes: Routes = CONSUMERS,
        delivery_limit: int = DELIVERY_LIMIT,
    ) -> None:
        self.service = str(service)
        self.limits = limits or MailboxLimits()
        self.delivery_limit = delivery_limit
        self._database = database
        self._tables = tables
        self._bus = bus
        self._clock = clock
        self._routes = routes
        self._wake = asyncio.Event()
        self.outbox = Outbox(tables, routes, self.limits)
        self.receipts = Receipts(self.service, bus, self.limits)
        self.relay = Relay(self.service, database, self.outbox, bus, clock, self.limits, self._wake)
        self.sweeper = Sweeper(
            self.service, database, tables, self.outbox, clock, self.limits, self._wake
        )
        self.desk = ReceiptDesk(database, self.outbox, clock, self.limits)

    async def put(self, session: WriteSession, envelopes: Iterable[Envelope | Written]) -> int:
        """Say messages as part of the unit of work: they are sent if and only if it commits.

        Returns:
            How many messages were put.

        Raises:
            LookupError: a message type has no route.
            ValueError: a message is larger than the contracts allow.
        """
        put = await self.outbox.put(session, envelopes, self._clock.now())
        if put:
            after_commit(session, self._wake.set)
        return put

    async def declare(self) -> None:
        """Declare all queues of the system, and pick up what a volatile wire has forgotten."""
        await self._bus.declare(topology(list(ServiceName), self._routes, self.delivery_limit))
        if not self._bus.durable:
            await self.sweeper.recover()

    def consumer(self, handlers: Mapping[str, Handler]) -> Consumer:
        """A consumer of everything this service hears.

        Raises:
            ValueError: a message this service hears has no handler, or the other way round.
        """
        heard = {kind for kind, hearing in self._routes.items() if self.service in hearing}
        if heard != set(handlers):
            raise ValueError(f"{self.service} hears {sorted(heard)} but handles {sorted(handlers)}")
        return Consumer(
            service=self.service,
            handlers=handlers,
            database=self._database,
            tables=self._tables,
            receipts=self.receipts,
            clock=self._clock,
            limits=self.limits,
            delivery_limit=self.delivery_limit,
        )

    async def consume(
        self, consumer: Consumer, *, prefetch: int = PREFETCH, concurrency: int = 1
    ) -> Subscription:
        """Begin to hear messages; those of one CCA at one utility keep their order."""
        return await self._bus.subscribe(
            inbox_queue(self.service),
            consumer.receive,
            prefetch=prefetch,
            concurrency=concurrency,
        )

    async def hear_receipts(self) -> Subscription:
        """Begin to hear what others did with our messages."""
        return await self._bus.subscribe(receipts_queue(self.service), self.desk.receive)

    def loops(self) -> list[Loop]:
        """The loops a running service supervises: relay, sweeper and receipts."""
        return [
            Loop(f"{self.service} relay", self.relay.run),
            Loop(f"{self.service} sweeper", self.sweeper.run),
            Loop(f"{self.service} receipts", self.receipts.run),
        ]

    async def open(
        self,
        lifecycle: Lifecycle,
        consumer: Consumer,
        *,
        prefetch: int = PREFETCH,
        concurrency: int = 1,
    ) -> None:
        """Declare, hear and say: everything a service does with its mailbox, until it ends.

        At the end hearing stops first, then what was handled is said and acknowledged.
        """
        await self.declare()
        lifecycle.start(self.loops())
        lifecycle.on_close(self._say_the_rest)
        lifecycle.on_close((await self.hear_receipts()).stop)
        hearing = await self.consume(consumer, prefetch=prefetch, concurrency=concurrency)
        lifecycle.on_close(hearing.stop)

    async def _say_the_rest(self) -> None:
        try:
            await self.relay.drain(DRAIN_S)
            await self.receipts.flush()
        except BusFault as fault:
            log.warning("said at the next start", service=self.service, fault=repr(fault))

    async def dead_letters(self) -> list[DeadLetter]:
        """Messages this service gave up on and nobody has settled yet, oldest first."""
        table = self._tables.dead_letters
        columns = (table.c.message_id, table.c.type, table.c.died_at, table.c.reason)
        async with self._database.read() as session:
            rows = await session.execute(
                select(*columns)
                .where(table.c.resolved_at.is_(None))
                .order_by(table.c.died_at)
                .limit(DEAD_LETTERS_SHOWN)
            )
            return [DeadLetter(*row) for row in rows]

    async def backlog(self) -> Backlog:
        """What is under way now, for `/ready` and the figures."""
        return await self.sweeper.backlog()
