"""A sender and a hearer with real tables, as small as they can be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from sqlalchemy import Column, MetaData, Table, Text, func, insert, select

from shared.contracts.documents import DocumentSent, SentDocument
from shared.contracts.envelope import Envelope
from shared.contracts.parts import Environment, ServiceName
from shared.platform.bus import Bus
from shared.platform.clock import Clock, FixedClock
from shared.platform.database import Database, WriteSession, metadata
from shared.platform.lifecycle import supervise
from shared.platform.mailbox import Consumer, Mailbox, MailboxLimits, mailbox_tables
from shared.platform.migrate import history, migrate

ROUTES: Mapping[str, Sequence[str]] = {"DocumentSent": ("remittance",)}
BILLING_DAY = datetime(2026, 11, 23, 15, tzinfo=UTC)

EDI = metadata("edi")
EDI_TABLES = mailbox_tables(EDI)
REMITTANCE = metadata("remittance")
REMITTANCE_TABLES = mailbox_tables(REMITTANCE)
EFFECT = Table("effect", REMITTANCE, Column("message_id", Text), Column("document", Text))
"""Has no key on purpose: a second effect would be seen."""

QUICK = MailboxLimits(
    poll_s=0.05,
    sweep_every_s=0.05,
    receipt_every_s=0.01,
    retry_wait_s=0.01,
    retry_wait_max_s=0.02,
    outage_wait_s=0.02,
    outage_wait_max_s=0.1,
)


def document_sent(number: int = 1, at: datetime = BILLING_DAY, cca: str = "mce") -> Envelope:
    """A fact about one charge document."""
    document = SentDocument(
        transaction_id=uuid4(),
        document_number=f"{number:010}",
        account_number="1234567890",
        dated_on=date(2026, 11, 23),
    )
    return Envelope.about(
        DocumentSent(file_id=uuid4(), set_id="810", items=(document,)),
        at=at,
        source=ServiceName.EDI_GATEWAY,
        correlation_id=uuid4(),
        cca=cca,
        utility="pge",
        environment=Environment.TEST,
    )


def number_of(envelope: Envelope) -> int:
    """The number given to `document_sent`."""
    if not isinstance(envelope.body, DocumentSent):
        raise TypeError(envelope.type)
    return int(envelope.body.items[0].document_number)


@dataclass
class PostRoom:
    """The gateway says `DocumentSent`, remittance hears it."""

    bus: Bus
    edi: Database
    remittance: Database
    clock: Clock
    limits: MailboxLimits = QUICK
    routes: Mapping[str, Sequence[str]] = field(default_factory=lambda: ROUTES)

    def __post_init__(self) -> None:
        self.sender = self.new_sender(self.bus)
        self.hearer = Mailbox(
            ServiceName.REMITTANCE,
            self.remittance,
            REMITTANCE_TABLES,
            self.bus,
            self.clock,
            limits=self.limits,
            routes=self.routes,
        )

    def new_sender(self, bus: Bus) -> Mailbox:
        """Another process of the sending service."""
        return Mailbox(
            ServiceName.EDI_GATEWAY,
            self.edi,
            EDI_TABLES,
            bus,
            self.clock,
            limits=self.limits,
            routes=self.routes,
        )

    def consumer(self) -> Consumer:
        """A consumer that writes its effect down."""
        return self.hearer.consumer({"DocumentSent": note_effect})

    async def say(self, *envelopes: Envelope) -> None:
        """Put messages in one unit of work."""
        async with self.edi.unit_of_work() as session:
            await self.sender.put(session, envelopes)

    async def effects(self) -> list[int]:
        """Numbers of the documents that had their effect."""
        async with self.remittance.read() as session:
            found = await session.scalars(select(EFFECT.c.document))
            return sorted(map(int, found))

    async def unhandled(self) -> int:
        """Messages without the receipt of all who hear them."""
        async with self.edi.read() as session:
            outbox = EDI_TABLES.outbox
            count = select(func.count()).where(outbox.c.handled_at.is_(None))
            return await session.scalar(count) or 0

    async def all_handled(self) -> bool:
        """Whether every message has its receipts."""
        return not await self.unhandled()


async def note_effect(session: WriteSession, envelope: Envelope) -> None:
    """The effect of a message."""
    await session.execute(
        insert(EFFECT).values(message_id=str(envelope.id), document=str(number_of(envelope)))
    )


@asynccontextmanager
async def running(
    post_room: PostRoom, consumer: Consumer | None = None, concurrency: int = 1
) -> AsyncIterator[None]:
    """Run all loops of both services."""
    hearing = await post_room.hearer.consume(
        consumer or post_room.consumer(), concurrency=concurrency
    )
    receiving = await post_room.sender.hear_receipts()
    loops = [
        asyncio.create_task(supervise(loop, restart_wait_s=0.05))
        for loop in (*post_room.sender.loops(), *post_room.hearer.loops())
    ]
    try:
        yield
    finally:
        await hearing.stop()
        await receiving.stop()
        for loop in loops:
            loop.cancel()
        for loop in loops:
            with suppress(asyncio.CancelledError):
                await loop


@asynccontextmanager
async def open_post_room(
    dsn: str, bus: Bus, clock: Clock | None = None, limits: MailboxLimits = QUICK
) -> AsyncIterator[PostRoom]:
    """A post room with its tables made and its queues declared."""
    edi, remittance = Database(dsn, "edi"), Database(dsn, "remittance")
    await make_tables(dsn, "edi", edi, EDI)
    await make_tables(dsn, "remittance", remittance, REMITTANCE)
    await bus.start()
    post_room = PostRoom(bus, edi, remittance, clock or FixedClock(BILLING_DAY), limits)
    await post_room.sender.declare()
    try:
        yield post_room
    finally:
        await bus.close()
        await edi.close()
        await remittance.close()


async def make_tables(dsn: str, schema: str, database: Database, tables: MetaData) -> None:
    """Make schema, role and tables."""
    await migrate(dsn, history("test", schema))
    async with database.unit_of_work() as session:
        await (await session.connection()).run_sync(tables.create_all)


def ids_of(envelopes: Sequence[Envelope]) -> list[UUID]:
    """The ids of messages."""
    return [envelope.id for envelope in envelopes]
