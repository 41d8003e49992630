"""A remittance service on a real database and bus, and short words to tell it facts with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4, uuid5

from sqlalchemy import text

from services.remittance.receivables import Scope
from services.remittance.service import RemittanceService
from shared.contracts.documents import (
    AcknowledgedDocument,
    AcknowledgmentVerdict,
    Advice,
    AdviceReported,
    AdviceVerdict,
    DocumentAcknowledged,
    DocumentResent,
    DocumentSent,
    ResentDocument,
    SentDocument,
    SentTax,
)
from shared.contracts.envelope import Body, Envelope
from shared.contracts.parts import Environment, Purpose, Reason, ServiceName
from shared.contracts.remittance import (
    RemittanceApplied,
    RemittanceHeld,
    RemittanceLine,
    RemittanceLineKind,
    RemittanceReported,
)
from shared.platform.bus import Delivery, Message
from shared.platform.mailbox import inbox_queue
from shared.platform.memory_bus import MemoryBus

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MCE = Scope("mce", "pge", Environment.TEST)
SPACE = UUID("6c9f3f5e-0000-4000-8000-000000000001")
PATIENCE_S = 60.0
"""Nothing takes long; a machine on which all cores run tests may take its time nevertheless."""
NO_TAXES: Mapping[str, str] = MappingProxyType({})

Word = str | RemittanceLineKind | Decimal | Reason


def document_id(number: str) -> UUID:
    """The outbound transaction of a document number."""
    return uuid5(SPACE, number)


def sent(
    number: str,
    amount: str,
    *,
    account: str = "A1",
    usage: str | None = None,
    cancels: str | None = None,
    on: date = date(2026, 11, 1),
    set_id: str = "810",
    taxes: Mapping[str, str] = NO_TAXES,
) -> DocumentSent:
    """One sent 810; taxes by city, that of no city is the state's."""
    return DocumentSent(
        file_id=uuid5(SPACE, f"file of {number}"),
        set_id=set_id,
        items=(
            SentDocument(
                transaction_id=document_id(number),
                document_number=number,
                account_number=account,
                usage_id=usage,
                purpose=Purpose.CANCEL if cancels else Purpose.ORIGINAL,
                original_document_number=cancels,
                amount=Decimal(amount),
                taxes=tuple(
                    SentTax(code="UT" if city else "ET", jurisdiction=city, amount=Decimal(cents))
                    for city, cents in taxes.items()
                ),
                dated_on=on,
            ),
        ),
    )


def resent(number: str, sending: int = 2) -> DocumentResent:
    """One 810 that leaves again."""
    item = ResentDocument(
        transaction_id=document_id(number),
        document_number=number,
        account_number="A1",
        sending=sending,
    )
    return DocumentResent(file_id=uuid5(SPACE, f"file of {number}"), set_id="810", items=(item,))


def acknowledged(
    number: str, verdict: AcknowledgmentVerdict, sending: int = 1
) -> DocumentAcknowledged:
    """A 997 on one 810."""
    return DocumentAcknowledged(
        set_id="810",
        items=(
            AcknowledgedDocument(
                transaction_id=document_id(number),
                document_number=number,
                account_number="A1",
                verdict=verdict,
                sending=sending,
            ),
        ),
    )


def advised(number: str, verdict: AdviceVerdict) -> AdviceReported:
    """An 824 on one 810."""
    return AdviceReported(
        file_id=uuid5(SPACE, f"824 of {number}"),
        items=(
            Advice(
                transaction_id=uuid5(SPACE, f"824 of {number} {verdict}"),
                set_id="810",
                document_number=number,
                verdict=verdict,
            ),
        ),
    )


def pays(amount: str, invoice: str | None = None, **words: Word) -> dict[str, Any]:
    """One line, to be numbered by `payment`."""
    line = {"kind": RemittanceLineKind.PAYMENT, "amount": Decimal(amount)}
    return line | {"invoice_number": invoice} | words


def payment(
    trace: str,
    lines: Sequence[dict[str, Any]],
    *,
    total: str | None = None,
    part_size: int = 500,
    copy: int = 0,
) -> list[RemittanceReported]:
    """An 820 in as many parts as needed; `copy` makes the same 820 come as another transaction."""
    numbered = [RemittanceLine(sequence=n, **line) for n, line in enumerate(lines, 1)]
    chunks = [numbered[i : i + part_size] for i in range(0, len(numbered), part_size)] or [[]]
    whole = sum((line.amount for line in numbered), Decimal(0)) if total is None else Decimal(total)
    return [
        RemittanceReported(
            file_id=uuid5(SPACE, f"file {trace} {copy}"),
            transaction_id=uuid5(SPACE, f"820 {trace} {copy}"),
            trace_number=trace,
            total=whole,
            settled_on=date(2026, 11, 20),
            line_count=len(numbered),
            part=part,
            parts=len(chunks),
            lines=tuple(chunk),
        )
        for part, chunk in enumerate(chunks, 1)
    ]


def envelope(body: Body, scope: Scope = MCE) -> Envelope:
    """The message of the gateway that carries a fact."""
    return Envelope.about(
        body,
        at=NOON,
        source=ServiceName.EDI_GATEWAY,
        correlation_id=getattr(body, "file_id", None) or uuid4(),
        cca=scope.cca,
        utility=scope.utility,
        environment=scope.environment,
    )


@dataclass(slots=True)
class Office:
    """The running service and what it has said."""

    service: RemittanceService
    bus: MemoryBus
    said: list[Envelope] = field(default_factory=list)

    async def overhear(self) -> None:
        """Listen where the gateway would."""

        async def keep(delivery: Delivery) -> None:
            self.said.append(Envelope.from_json(delivery.body))

        await self.bus.subscribe(inbox_queue(ServiceName.EDI_GATEWAY), keep)

    async def tell(self, *bodies: Body, scope: Scope = MCE) -> None:
        """Send facts over the bus and wait until they have had all their effects."""
        await self.send([envelope(body, scope) for body in bodies])

    async def send(self, envelopes: Sequence[Envelope]) -> None:
        """Send messages over the bus and wait until they have had all their effects."""
        await self.bus.publish(
            [
                Message(str(each.id), each.type, each.to_json(), {"source": str(each.source)})
                for each in envelopes
            ]
        )
        async with asyncio.timeout(PATIENCE_S):
            while not await self._is_quiet(envelopes):
                await asyncio.sleep(0.01)

    async def _is_quiet(self, envelopes: Sequence[Envelope]) -> bool:
        handled = await self.value(
            "SELECT count(*) FROM remittance.inbox WHERE message_id = ANY(:ids)",
            ids=[each.id for each in envelopes],
        )
        busy = await self.value(
            "SELECT (SELECT count(*) FROM remittance.remittance WHERE state = 'posting')"
            " + (SELECT count(*) FROM remittance.outbox WHERE published_at IS NULL)"
        )
        waiting = await self.bus.depth(inbox_queue(ServiceName.EDI_GATEWAY))
        return handled == len({each.id for each in envelopes}) and not busy and not waiting

    async def value(self, query: str, **values: object) -> Any:  # noqa: ANN401
        """One value from the database."""
        async with self.service.database.read() as session:
            return await session.scalar(text(query), values)

    async def open_of(self, invoice: str) -> Decimal:
        """What is open on an invoice."""
        cents = await self.value(
            "SELECT open_cents FROM remittance.receivable_balance"
            " JOIN remittance.receivable USING (receivable_id) WHERE invoice_number = :invoice",
            invoice=invoice,
        )
        return Decimal(cents) / 100

    async def outcomes(self, trace: str, copy: int = 0) -> list[str]:
        """Where the lines of an 820 stand, in order."""
        async with self.service.database.read() as session:
            found = await session.scalars(
                text(
                    "SELECT outcome FROM remittance.line_place"
                    " WHERE transaction_id = :id ORDER BY sequence"
                ),
                {"id": uuid5(SPACE, f"820 {trace} {copy}")},
            )
            return list(found)

    async def unapplied(self) -> Decimal:
        """Money that waits, by the journal."""
        cents = await self.value(
            "SELECT coalesce(sum(credit_cents - debit_cents), 0)::bigint"
            " FROM remittance.journal_entry WHERE ledger_account = 'unapplied'"
        )
        return Decimal(cents) / 100

    async def balance_of(self, ledger_account: str) -> Decimal:
        """Debits less credits of a ledger account."""
        cents = await self.value(
            "SELECT coalesce(sum(debit_cents - credit_cents), 0)::bigint"
            " FROM remittance.journal_entry WHERE ledger_account = :ledger_account",
            ledger_account=ledger_account,
        )
        return Decimal(cents) / 100

    async def owed_to(self) -> dict[str, Decimal]:
        """What is payable to each jurisdiction that is owed anything."""
        async with self.service.database.read() as session:
            rows = await session.execute(
                text(
                    "SELECT jurisdiction, sum(credit_cents - debit_cents)::bigint AS cents"
                    " FROM remittance.journal_entry WHERE ledger_account = 'taxes_payable'"
                    " GROUP BY 1 HAVING sum(credit_cents) <> sum(debit_cents)"
                )
            )
            return {row.jurisdiction: Decimal(row.cents) / 100 for row in rows}

    def applied(self) -> list[RemittanceApplied]:
        """Every `RemittanceApplied` it has said."""
        return [each.body for each in self.said if isinstance(each.body, RemittanceApplied)]

    def held(self) -> list[RemittanceHeld]:
        """Every `RemittanceHeld` it has said."""
        return [each.body for each in self.said if isinstance(each.body, RemittanceHeld)]

    async def prove(self) -> None:
        """The books are right: every check of the audit agrees and every cent is placed."""
        report = await self.service.audit()
        assert report.differences == ()
        assert report.every_cent_placed
