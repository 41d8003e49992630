"""A rating service on a real database and bus, and short words to tell it facts with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from sqlalchemy import text

from services.rating.scope import Scope
from services.rating.service import RatingService
from shared.contracts.charges import Charge, ChargesRated
from shared.contracts.enrollment import EnrollmentDecided, EnrollmentReported, EnrollmentRequest
from shared.contracts.envelope import Body, Envelope
from shared.contracts.parts import ServiceName
from shared.contracts.usage import UsageHeld, UsageItem, UsageReported
from shared.platform.bus import Delivery, Message
from shared.platform.mailbox import inbox_queue
from shared.platform.memory_bus import MemoryBus
from tests.unit.rating.words import MCE, SPACE

NOON = datetime(2026, 11, 23, 20, tzinfo=UTC)
PATIENCE_S = 60.0
"""Nothing takes long; a machine on which all cores run tests may take its time nevertheless."""


def enrollment(*requests: EnrollmentRequest) -> EnrollmentReported:
    """814 requests of one file."""
    return EnrollmentReported(file_id=uuid5(SPACE, "814 file"), items=requests)


def usage_report(*items: UsageItem) -> UsageReported:
    """867s of one file."""
    return UsageReported(file_id=uuid5(SPACE, "867 file"), items=items)


@dataclass
class Office:
    """The service, and an ear on everything it says to the gateway."""

    service: RatingService
    bus: MemoryBus
    heard: list[Envelope] = field(default_factory=list)

    async def overhear(self) -> None:
        """Listen where the gateway would."""
        await self.bus.subscribe(inbox_queue(ServiceName.EDI_GATEWAY), self._hear)

    async def _hear(self, delivery: Delivery) -> None:
        self.heard.append(Envelope.from_json(delivery.body))

    async def tell(
        self, body: Body, *, scope: Scope = MCE, message_id: UUID | None = None
    ) -> Envelope:
        """Deliver a fact and wait until it has had its effect."""
        envelope = Envelope(
            id=message_id or uuid4(),
            type=body.type,
            at=NOON,
            source=ServiceName.EDI_GATEWAY,
            correlation_id=uuid4(),
            cca=scope.cca,
            utility=scope.utility,
            environment=scope.environment,
            body=body,
        )
        await self.deliver(envelope)
        return envelope

    async def deliver(self, envelope: Envelope) -> None:
        """Put a message on the wire and wait until the queue is worked off."""
        message = Message(
            message_id=str(envelope.id),
            routing_key=envelope.type,
            body=envelope.to_json(),
            headers={"source": envelope.source},
        )
        await self.bus.publish([message])
        async with asyncio.timeout(PATIENCE_S):
            while not await self.rows("inbox", message_id=envelope.id):
                await asyncio.sleep(0.01)
            while (await self.service.mailbox.backlog()).unpublished:
                await asyncio.sleep(0.01)
            while await self.rows("outbox") > len(self.heard):
                await asyncio.sleep(0.01)

    async def rows(self, table: str, **where: object) -> int:
        """How many rows a table has."""
        conditions = " AND ".join(f"{name} = :{name}" for name in where) or "true"
        async with self.service.database.read() as session:
            found = await session.scalar(
                text(f"SELECT count(*) FROM rating.{table} WHERE {conditions}"), where
            )
        return int(found or 0)

    async def column(self, query: str) -> list[Any]:
        """The first column of a query."""
        async with self.service.database.read() as session:
            return list(await session.scalars(text(query)))

    @property
    def charges(self) -> list[Charge]:
        """Every charge said so far."""
        said = (e.body for e in self.heard)
        return [item for body in said if isinstance(body, ChargesRated) for item in body.items]

    @property
    def holds(self) -> Sequence[tuple[str, str]]:
        """Every hold said so far: usage and code."""
        said = (e.body for e in self.heard)
        return [
            (item.usage_id, item.code)
            for body in said
            if isinstance(body, UsageHeld)
            for item in body.items
        ]

    @property
    def decisions(self) -> Sequence[tuple[str, list[str]]]:
        """Every answer to an 814 said so far: request and reject codes."""
        said = (e.body for e in self.heard)
        return [
            (item.request_id, [reason.code for reason in item.reasons])
            for body in said
            if isinstance(body, EnrollmentDecided)
            for item in body.items
        ]
