"""Proves that no cent is lost: generated 820s of every mix of cases, told to a real database.

    python -m benchmarks.reconcile --lines 1000000

Charges, cancels and payments are made at random and told out of order, some twice. What must come
out is worked out here by plain sums that know nothing of matching, and compared to the cent with
what stands in the books: what is open on every account, what was placed, and the audit. Part of
the nightly run; a small run is part of the tests.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.plain_sums import Charge, Expected
from services.remittance.service import RemittanceService, build
from shared.contracts.documents import DocumentSent, SentDocument, SentTax
from shared.contracts.envelope import Body, Envelope
from shared.contracts.measures import from_cents
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Environment, Purpose, Reason, ServiceName
from shared.contracts.remittance import RemittanceLine, RemittanceLineKind, RemittanceReported
from shared.platform import embedded, migrate
from shared.platform.clock import SystemClock
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings

SEED = 820
FIRST_DAY = date(2026, 11, 1)
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
PAYMENT, FEE, ADJUSTMENT = (
    RemittanceLineKind.PAYMENT,
    RemittanceLineKind.FEE,
    RemittanceLineKind.ADJUSTMENT,
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run; every difference should be nothing."""

    lines: int
    payments_held: int
    accounts: int
    differences: dict[str, Decimal]
    audit_differences: int
    seconds: float

    @property
    def difference(self) -> Decimal:
        """All differences together, none outweighing another."""
        return sum((abs(each) for each in self.differences.values()), Decimal("0.00"))


class Maker:
    """Makes rounds of accounts, their charges and the payments of them."""

    def __init__(self, seed: int = SEED) -> None:
        self.chance = Random(seed)
        self.expected = Expected()
        self._traces = 0
        self._accounts = 0

    def round(self, lines: int) -> Iterator[list[Body]]:
        """Make one round: what is told before the payments, the payments, and what comes late."""
        early: list[SentDocument] = []
        late: list[SentDocument] = []
        paid: list[dict[str, object]] = []
        while len(paid) < lines:
            paid += self._account(early, late)
        self.chance.shuffle(paid)
        yield list(self._documents(early))
        yield list(self._payments(paid))
        yield list(self._documents(late))

    def _account(
        self, early: list[SentDocument], late: list[SentDocument]
    ) -> list[dict[str, object]]:
        """Make an account with charges; tells the lines that are paid for it."""
        chance = self.chance
        self._accounts += 1
        account = f"4{self._accounts:09d}"
        charges = []
        for place in range(chance.randint(1, 2)):
            number = f"I{self._accounts}-{place}"
            cents = chance.randrange(500, 90_000) * (-1 if chance.random() < 0.04 else 1)
            charge = Charge(number, f"U{number}", account, cents)
            charges.append(charge)
            (early if chance.random() < 0.85 else late).append(self._sent(charge))
            if chance.random() < 0.08:
                part = chance.choice([cents, cents // 2])
                charge.cancelled = part
                (early if chance.random() < 0.5 else late).append(self._sent(charge, part))
        for charge in charges:
            for city, cents in charge.taxes.items():
                owed_to = city or "CALIFORNIA"
                owed = self.expected.taxes.get(owed_to, 0) + charge.owed_tax(cents)
                self.expected.taxes[owed_to] = owed
        lines = [line for charge in charges for line in self._paid(charge)]
        whole = 0
        if chance.random() < 0.15 and all(charge.cents > 0 for charge in charges):
            whole = chance.randrange(1, 50_000)
            lines.append(self._line(whole, account_number=account, reason=chance.random() < 0.3))
        opened = sum(charge.open for charge in charges)
        self.expected.open_of_account[account] = max(opened - whole, 0) if whole else opened
        return lines

    def _paid(self, charge: Charge) -> list[dict[str, object]]:
        """Pay a charge in one of the ways in which charges are paid."""
        chance, cents = self.chance, charge.cents
        part = chance.randrange(1, abs(cents)) * (1 if cents > 0 else -1)
        ways: tuple[list[int], ...] = (
            [cents],
            [cents, cents],  # twice
            [part],  # short
            [part, cents - part],  # in two
            [cents + 137],  # over
            [cents, -cents],  # netting to nothing
            [cents, -part],  # partly taken back
            [-cents, cents, cents],  # reversed before it is paid
            [part, -part, part, cents - part],
            [0],
            [],
        )
        amounts = chance.choices(ways, (30, 4, 10, 10, 6, 6, 6, 4, 6, 2, 4))[0]
        lines = []
        for amount in amounts:
            names = chance.choice(("invoice", "invoice", "both", "usage"))
            charge.paid += amount
            adjusting = chance.choice((-250, 99)) if chance.random() < 0.03 else 0
            self.expected.adjusted += adjusting
            lines.append(
                self._line(
                    amount + adjusting,
                    invoice_number=charge.number if names != "usage" else None,
                    usage_id=charge.usage if names != "invoice" else None,
                    account_number=charge.account,
                    adjusting=from_cents(adjusting),
                )
            )
        if chance.random() < 0.05:
            lines.append(self._beside(charge.account))
        return lines

    def _beside(self, account: str) -> dict[str, object]:
        """Money that is for no charge: a fee, an adjustment, or something nobody knows."""
        cents = self.chance.randrange(-5_000, 5_000)
        kind = self.chance.choice((FEE, ADJUSTMENT, PAYMENT))
        if kind is PAYMENT:
            return self._line(cents, invoice_number=f"NOBODY-{self.chance.random()}")
        self.expected.adjusted += cents
        self.expected.fees += cents if kind is FEE else 0
        return self._line(cents, kind=kind, account_number=account if cents > 0 else None)

    def _line(
        self,
        cents: int,
        *,
        kind: RemittanceLineKind = PAYMENT,
        reason: bool = False,
        **names: object,
    ) -> dict[str, object]:
        told = {"reason": Reason(code="CAPP")} if reason else {}
        return {"kind": kind, "amount": from_cents(cents), **told, **names}

    def _sent(self, charge: Charge, cancelled: int | None = None) -> SentDocument:
        return SentDocument(
            transaction_id=self._id(),
            document_number=charge.number if cancelled is None else f"C{charge.number}",
            account_number=charge.account,
            usage_id=charge.usage,
            purpose=Purpose.ORIGINAL if cancelled is None else Purpose.CANCEL,
            original_document_number=None if cancelled is None else charge.number,
            amount=from_cents(charge.cents if cancelled is None else cancelled),
            taxes=tuple(
                SentTax(code="UT" if city else "ET", jurisdiction=city, amount=from_cents(cents))
                for city, cents in charge.taxes.items()
            ),
            dated_on=FIRST_DAY + timedelta(days=self.chance.randrange(20)),
        )

    def _documents(self, documents: list[SentDocument]) -> Iterator[DocumentSent]:
        """Put documents into messages in any order; some messages come twice."""
        self.chance.shuffle(documents)
        for start in range(0, len(documents), MESSAGE_ITEMS_MAX):
            items = tuple(documents[start : start + MESSAGE_ITEMS_MAX])
            message = DocumentSent(file_id=self._id(), set_id="810", items=items)
            yield from [message] * (2 if self.chance.random() < 0.05 else 1)

    def _payments(self, lines: list[dict[str, object]]) -> Iterator[RemittanceReported]:
        """Put lines into 820s; some come twice, some first come with a wrong sum."""
        size = max(1, len(lines) // self.chance.randint(1, 3))
        for start in range(0, len(lines), size):
            some = [
                RemittanceLine.model_validate({"sequence": place, **line})
                for place, line in enumerate(lines[start : start + size], start=1)
            ]
            self._traces += 1
            total = sum((line.amount for line in some), Decimal(0))
            if self.chance.random() < 0.1:
                self.expected.held += 1
                yield from self._payment(some, total + 1)
            yield from self._payment(some, total)
            if self.chance.random() < 0.1:
                self.expected.held += 1
                yield from self._payment(some, total)
            self.expected.paid += int(total.scaleb(2))
            self.expected.lines += len(some)

    def _payment(self, lines: list[RemittanceLine], total: Decimal) -> list[RemittanceReported]:
        transaction_id, file_id = self._id(), self._id()
        starts = range(0, len(lines), MESSAGE_ITEMS_MAX)
        parts = [
            RemittanceReported(
                file_id=file_id,
                transaction_id=transaction_id,
                trace_number=f"T{self._traces}",
                total=total,
                settled_on=FIRST_DAY + timedelta(days=19),
                line_count=len(lines),
                part=part,
                parts=len(starts),
                lines=tuple(lines[start : start + MESSAGE_ITEMS_MAX]),
            )
            for part, start in enumerate(starts, start=1)
        ]
        self.chance.shuffle(parts)
        return parts

    def _id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)


async def reconcile(
    service: RemittanceService, lines: int, lines_a_round: int = 20_000, seed: int = SEED
) -> Result:
    """Tell the service so many lines and compare its books with plain sums.

    Args:
        service: built on an empty, migrated database; its loops need not run.
        lines: how many lines of 820s, held ones left out.
        lines_a_round: lines told before the next accounts are made; bounds memory.
        seed: the same seed makes the same run.
    """
    began = time.monotonic()
    maker = Maker(seed)
    while maker.expected.lines < lines:
        for bodies in maker.round(min(lines_a_round, lines)):
            for body in bodies:
                await service.consumer.handle(envelope_of(body))
            await service.poster.finish()
    audit = await service.audit()
    return Result(
        lines=audit.lines,
        payments_held=audit.held_payments,
        accounts=len(maker.expected.open_of_account),
        differences=await _differences(service, maker.expected)
        | {"820s held (in cents)": from_cents(audit.held_payments - maker.expected.held)},
        audit_differences=len(audit.differences) + audit.waiting_lines + audit.arriving_payments,
        seconds=time.monotonic() - began,
    )


def envelope_of(body: Body) -> Envelope:
    """Return the message of the gateway that carries a fact."""
    return Envelope.about(
        body,
        at=AT,
        source=ServiceName.EDI_GATEWAY,
        correlation_id=getattr(body, "file_id", UUID(int=0)),
        cca="mce",
        utility="pge",
        environment=Environment.TEST,
    )


async def _differences(service: RemittanceService, expected: Expected) -> dict[str, Decimal]:
    """Books less plain sums."""
    async with service.database.read() as session:
        rows = await session.execute(
            text(
                "SELECT account_number, sum(open_cents)::bigint AS cents"
                " FROM remittance.receivable JOIN remittance.receivable_balance"
                " USING (receivable_id) GROUP BY account_number"
            )
        )
        opened = {row.account_number: row.cents for row in rows}
        placed = (
            await session.execute(
                text(
                    "SELECT count(*) AS lines, coalesce(sum(amount_cents), 0)::bigint AS paid,"
                    " coalesce(sum(adjusted_cents), 0)::bigint AS adjusted,"
                    " coalesce(sum(applied_cents + unapplied_cents + adjusted_cents), 0)::bigint"
                    " AS placed FROM remittance.line_place"
                )
            )
        ).one()
        rows = await session.execute(
            text(
                "SELECT ledger_account, jurisdiction,"
                " sum(credit_cents - debit_cents)::bigint AS cents"
                " FROM remittance.journal_entry GROUP BY 1, 2"
            )
        )
        ledger = {(row.ledger_account, row.jurisdiction): row.cents for row in rows}
    of_accounts = expected.open_of_account.items()
    return {
        "open on every account": from_cents(
            sum(abs(opened.get(account, 0) - cents) for account, cents in of_accounts)
        ),
        "paid": from_cents(placed.paid - expected.paid),
        "placed": from_cents(placed.placed - expected.paid),
        "adjusted": from_cents(placed.adjusted - expected.adjusted),
        "fees": from_cents(ledger.get(("fees", ""), 0) - expected.fees),
        "taxes of every jurisdiction": from_cents(
            sum(
                abs(ledger.get(("taxes_payable", owed_to), 0) - cents)
                for owed_to, cents in expected.taxes.items()
            )
        ),
        "debits less credits": from_cents(sum(ledger.values())),
        "lines (in cents)": from_cents(placed.lines - expected.lines),
    }


def main(
    lines: Annotated[int, typer.Option(min=1, help="Lines of 820s.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same run.")] = SEED,
) -> None:
    """Reconcile generated payments on an embedded database; ends with an error on a difference."""
    with tempfile.TemporaryDirectory(prefix="ccax-rec-", ignore_cleanup_errors=True) as name:
        server = embedded.start_postgres(Path(name) / "postgres")
        try:
            result = asyncio.run(_run(server.url, lines, seed))
        finally:
            server.stop()
    table = Table("what", "figure", title=f"{result.lines:,} lines of 820s, seed {seed}")
    table.add_row("accounts", f"{result.accounts:,}")
    table.add_row("820s held", f"{result.payments_held:,}")
    for what, amount in result.differences.items():
        table.add_row(f"difference: {what}", f"{amount:,.2f}")
    table.add_row("differences together", f"{result.difference:,.2f}")
    table.add_row("disagreements named by the audit", f"{result.audit_differences:,}")
    table.add_row("seconds", f"{result.seconds:,.0f}")
    Console().print(table)
    raise typer.Exit(1 if result.difference or result.audit_differences else 0)


async def _run(url: str, lines: int, seed: int) -> Result:
    await migrate.migrate(url, migrate.history_of("remittance"))
    database = Database(url, "remittance")
    try:
        service = build(PlatformSettings(), database, MemoryBus(), SystemClock())
        return await reconcile(service, lines, seed=seed)
    finally:
        await database.close()


if __name__ == "__main__":
    typer.run(main)
