"""What people and programs are shown of the ledger: dollars as decimals, months as `2026-11`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from services.remittance.ledger.chart import AccountKind, LedgerAccount, chart
from services.remittance.ledger.closing import AccountInMonth, Month
from services.remittance.ledger.export import Batch
from services.remittance.ledger.reported_write_offs import Answer, Comparison, ReportedWriteOff
from shared.contracts.measures import Usd, from_cents

MONTH_PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


def read_month(told: str) -> date:
    """Return the first day of a month written as `2026-11`.

    Raises:
        ValueError: there is no such month.
    """
    return date.fromisoformat(f"{told}-01")


def _is_month(told: str) -> str:
    read_month(told)
    return told


MonthName = Annotated[
    str, Field(pattern=MONTH_PATTERN, examples=["2026-11"]), AfterValidator(_is_month)
]
"""A month of the books."""
ShownMonth = Annotated[
    date, PlainSerializer(lambda day: f"{day:%Y-%m}", return_type=str, when_used="json")
]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class ChartView(_View):
    """One account of the chart."""

    name: LedgerAccount
    title: str
    kind: AccountKind
    meaning: str
    per_jurisdiction: bool


def show_chart() -> tuple[ChartView, ...]:
    """Show the chart of accounts, in its own order."""
    return tuple(
        ChartView(
            name=name,
            title=each.title,
            kind=each.kind,
            meaning=each.meaning,
            per_jurisdiction=each.per_jurisdiction,
        )
        for name, each in chart().accounts.items()
    )


class MonthView(_View):
    """One month of a CCA's books; `closed_by` is null while it is open."""

    month: ShownMonth
    entries: int
    closed_by: str | None
    closed_at: datetime | None
    note: str
    not_entered: int
    """Sent 810s that could not be entered in full when it was closed."""
    held_payments: int
    """820s that were set aside when it was closed."""

    @classmethod
    def of(cls, month: Month) -> MonthView:
        """Show a month."""
        return cls(
            month=month.month,
            entries=month.entries,
            closed_by=month.closed_by,
            closed_at=month.closed_at,
            note=month.note,
            not_entered=month.not_entered,
            held_payments=month.held_payments,
        )


class BalanceView(_View):
    """An account's month: `opening + debits - credits = closing`; a debit is positive."""

    account: str
    title: str
    jurisdiction: str
    opening: Usd
    debits: Usd
    credits: Usd
    closing: Usd

    @classmethod
    def of(cls, account: AccountInMonth) -> BalanceView:
        """Show an account."""
        return cls(
            account=account.ledger_account,
            title=chart().accounts[LedgerAccount(account.ledger_account)].title,
            jurisdiction=account.jurisdiction,
            opening=from_cents(account.opening_cents),
            debits=from_cents(account.debit_cents),
            credits=from_cents(account.credit_cents),
            closing=from_cents(account.closing_cents),
        )


class BatchView(_View):
    """One export batch; debits are credits."""

    number: int
    month: ShownMonth
    entries: int
    total: Usd
    """Its debits, and its credits."""
    size: int
    """Bytes of the file."""
    sha256: str
    made_by: str
    made_at: datetime

    @classmethod
    def of(cls, batch: Batch) -> BatchView:
        """Show a batch."""
        return cls(
            number=batch.number,
            month=batch.month,
            entries=batch.entries,
            total=from_cents(batch.debit_cents),
            size=batch.size,
            sha256=batch.sha256.hex(),
            made_by=batch.made_by,
            made_at=batch.made_at,
        )


class ReportedView(_View):
    """A utility's write-off (248) beside our books."""

    transaction_id: UUID
    sequence: int
    write_off_id: str
    account_number: str
    invoice_number: str | None
    usage_id: str | None
    amount: Usd
    """What is not expected any more; negative for what is taken back."""
    written_off_on: date
    reason_code: str | None
    reason_text: str | None
    reported_at: datetime
    open: Usd
    """Of the charges it names: now, or when it was answered."""
    written_off: Usd
    comparison: Comparison
    explanation: str
    answer: Answer | None
    answered_by: str | None
    answered_at: datetime | None
    answer_reason: str | None

    @classmethod
    def of(cls, told: ReportedWriteOff) -> ReportedView:
        """Show one."""
        return cls(
            transaction_id=told.key.transaction_id,
            sequence=told.key.sequence,
            write_off_id=told.write_off_id,
            account_number=told.account_number,
            invoice_number=told.invoice_number,
            usage_id=told.usage_id,
            amount=from_cents(told.cents),
            written_off_on=told.written_off_on,
            reason_code=told.reason_code,
            reason_text=told.reason_text,
            reported_at=told.reported_at,
            open=from_cents(told.open_cents),
            written_off=from_cents(told.written_off_cents),
            comparison=told.comparison,
            explanation=told.explanation,
            answer=told.answer,
            answered_by=told.answered_by,
            answered_at=told.answered_at,
            answer_reason=told.answer_reason,
        )
