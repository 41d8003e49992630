"""The shapes in which API, pages and files show reports: dollars as decimals, reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.remittance.ledger.views import ShownMonth
from services.remittance.receivables import Scope
from services.remittance.rules import rules_of
from services.remittance.statements.cash import DaysToCash
from services.remittance.statements.entries import Entry
from services.remittance.statements.positions import (
    BUCKETS,
    NOBODY_SAID,
    REJECTED,
    TAKEN_BACK,
    Aged,
    Deducted,
    Position,
    Short,
)
from services.remittance.statements.report import Report
from services.remittance.statements.statement import LINES
from services.remittance.statements.taxes import TaxesOf
from shared.contracts.measures import Usd, from_cents

OUR_REASONS: Final = {
    NOBODY_SAID: "no reason given",
    REJECTED: "the utility rejected the bill",
    TAKEN_BACK: "the utility took its money back",
}


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class LineView(_View):
    """One line of a statement; signed as it changes what is owed."""

    kind: str
    """The kind of the journal's entries that it is the sum of."""
    title: str
    meaning: str
    amount: Usd


class TieView(_View):
    """Two amounts that have to be the same."""

    what: str
    stated: Usd
    found: Usd
    agrees: bool


class MoneyView(_View):
    """`announced = paid + waiting + kept + difference`; right books have no difference."""

    announced: Usd
    paid: Usd
    waiting: Usd
    """Negative when more money found its charge than was new."""
    kept: Usd
    """Fees and adjustments of the utility."""
    difference: Usd
    deposited: Usd
    in_transit: Usd
    unapplied: Usd


class TaxView(_View):
    """A jurisdiction's month; what is owed to it is positive."""

    jurisdiction: str
    opening: Usd
    billed: Usd
    cancelled: Usd
    closing: Usd
    collected: Usd
    """Paid by customers in the month: the same share of the taxes as was paid of each bill."""
    collected_ever: Usd

    @classmethod
    def of(cls, tax: TaxesOf) -> TaxView:
        """Show a jurisdiction."""
        return cls(
            jurisdiction=tax.jurisdiction,
            opening=from_cents(tax.opening_cents),
            billed=from_cents(tax.billed_cents),
            cancelled=from_cents(tax.cancelled_cents),
            closing=from_cents(tax.closing_cents),
            collected=from_cents(tax.collected_cents),
            collected_ever=from_cents(tax.collected_ever_cents),
        )


class MonthlyStatementView(_View):
    """A month's statement up to a day, and what it is proved with."""

    cca: str
    utility: str
    month: ShownMonth
    on: date
    opening: Usd
    lines: tuple[LineView, ...]
    closing: Usd
    all_tie: bool
    ties: tuple[TieView, ...]
    money: MoneyView
    taxes: tuple[TaxView, ...]
    number: int | None
    """Of the frozen statement; null while the month is open."""
    closed_by: str | None
    closed_at: datetime | None

    @classmethod
    def of(cls, report: Report) -> MonthlyStatementView:
        """Show a report."""
        statement, money, closed = report.statement, report.money, report.closed
        return cls(
            cca=report.scope.cca,
            utility=report.scope.utility,
            month=statement.month,
            on=statement.on,
            opening=from_cents(statement.opening_cents),
            lines=tuple(
                LineView(
                    kind=kind.value,
                    title=LINES[kind][1],
                    meaning=LINES[kind][2],
                    amount=from_cents(cents),
                )
                for kind, cents in statement.lines()
            ),
            closing=from_cents(statement.closing_cents),
            all_tie=report.all_tie,
            ties=tuple(
                TieView(
                    what=tie.what,
                    stated=from_cents(tie.stated_cents),
                    found=from_cents(tie.found_cents),
                    agrees=tie.agrees,
                )
                for tie in report.ties
            ),
            money=MoneyView(
                announced=from_cents(money.announced_cents),
                paid=from_cents(money.paid_cents),
                waiting=from_cents(money.waiting_cents),
                kept=from_cents(money.kept_cents),
                difference=from_cents(money.difference_cents),
                deposited=from_cents(money.deposited_cents),
                in_transit=from_cents(money.in_transit_cents),
                unapplied=from_cents(money.unapplied_cents),
            ),
            taxes=tuple(TaxView.of(tax) for tax in report.taxes),
            number=closed.number or None if closed else None,
            closed_by=closed.by if closed else None,
            closed_at=closed.at if closed else None,
        )


class AgedView(_View):
    """What is open in one class, by the age of the bill."""

    cca: str
    utility: str
    customer_class: str
    """residential, commercial, or nothing where nobody said."""
    charges: tuple[int, ...]
    """For each bucket: 0–30, 31–60, 61–90, 91–120 days, over 120."""
    open: tuple[Usd, ...]
    """For each bucket; credits are in it."""
    credits: Usd
    """Of the total, owed to customers; negative."""
    total: Usd

    @classmethod
    def rows(cls, scope: Scope, found: Sequence[Aged]) -> tuple[AgedView, ...]:
        """Show a scope's classes, each as one row."""
        return tuple(
            cls._row(scope, name, [each for each in found if each.customer_class == name])
            for name in sorted({each.customer_class for each in found})
        )

    @classmethod
    def _row(cls, scope: Scope, customer_class: str, found: Sequence[Aged]) -> AgedView:
        by_bucket = {each.bucket: each for each in found}
        within = [by_bucket.get(place) for place in range(len(BUCKETS))]
        return cls(
            cca=scope.cca,
            utility=scope.utility,
            customer_class=customer_class,
            charges=tuple(each.charges if each else 0 for each in within),
            open=tuple(from_cents(each.cents if each else 0) for each in within),
            credits=from_cents(sum(each.credit_cents for each in found)),
            total=from_cents(sum(each.cents for each in found)),
        )


class ShortView(_View):
    """Charges paid short for one reason."""

    reason: str
    """RMR07 as the utility gave it, or `rejected`, `taken_back`, `not_said`."""
    name: str
    charges: int
    owed: Usd
    paid: Usd
    open: Usd

    @classmethod
    def of(cls, scope: Scope, short: Short) -> ShortView:
        """Show a reason."""
        return cls(
            reason=short.reason,
            name=name_reason(scope, short.reason),
            charges=short.charges,
            owed=from_cents(short.owed_cents),
            paid=from_cents(short.paid_cents),
            open=from_cents(short.open_cents),
        )


class DeductedView(_View):
    """What the utility kept back (negative) or added, for one reason."""

    kind: str
    reason: str
    name: str
    lines: int
    amount: Usd

    @classmethod
    def of(cls, scope: Scope, deducted: Deducted) -> DeductedView:
        """Show a reason."""
        return cls(
            kind=deducted.kind,
            reason=deducted.reason,
            name=name_reason(scope, deducted.reason),
            lines=deducted.lines,
            amount=from_cents(deducted.cents),
        )


class BinView(_View):
    """Bills paid within a span of days; `days_to` is null for everything later."""

    label: str
    days_from: int
    days_to: int | None
    charges: int
    paid: Usd


class DaysToCashView(_View):
    """Bills whose last money came in a span of days, by days from bill to that money."""

    cca: str
    utility: str
    charges: int
    paid: Usd
    median_days: int | None
    ninety_days: int | None
    """Nine of ten bills were paid within as many days."""
    longest_days: int | None
    bins: tuple[BinView, ...]

    @classmethod
    def of(cls, scope: Scope, told: DaysToCash) -> DaysToCashView:
        """Show a scope's days."""
        return cls(
            cca=scope.cca,
            utility=scope.utility,
            charges=told.charges,
            paid=from_cents(told.cents),
            median_days=told.median_days,
            ninety_days=told.ninety_days,
            longest_days=told.longest_days,
            bins=tuple(
                BinView(
                    label=each.label,
                    days_from=each.days_from,
                    days_to=each.days_to,
                    charges=each.charges,
                    paid=from_cents(each.cents),
                )
                for each in told.bins
            ),
        )


class PositionView(_View):
    """One charge on a day."""

    receivable_id: UUID
    invoice_number: str
    account_number: str
    customer_class: str
    dated_on: date
    age_days: int
    owed: Usd
    paid: Usd
    open: Usd
    cash_on: date | None
    reason: str

    @classmethod
    def of(cls, scope: Scope, position: Position) -> PositionView:
        """Show a charge."""
        return cls(
            receivable_id=position.receivable_id,
            invoice_number=position.invoice_number,
            account_number=position.account_number,
            customer_class=position.customer_class,
            dated_on=position.dated_on,
            age_days=position.age_days,
            owed=from_cents(position.owed_cents),
            paid=from_cents(position.paid_cents),
            open=from_cents(position.open_cents),
            cash_on=position.cash_on,
            reason=name_reason(scope, position.reason),
        )


class EntryView(_View):
    """One entry of the journal; a debit is positive."""

    entry_id: int
    kind: str
    jurisdiction: str
    account_number: str
    effective_on: date
    amount: Usd
    invoice_number: str | None
    trace_number: str | None
    sequence: int | None

    @classmethod
    def of(cls, entry: Entry) -> EntryView:
        """Show an entry."""
        return cls(
            entry_id=entry.entry_id,
            kind=entry.kind,
            jurisdiction=entry.jurisdiction,
            account_number=entry.account_number,
            effective_on=entry.effective_on,
            amount=from_cents(entry.cents),
            invoice_number=entry.invoice_number,
            trace_number=entry.trace_number,
            sequence=entry.sequence,
        )


def name_reason(scope: Scope, reason: str) -> str:
    """Return what a reason is called; nothing for none."""
    if not reason or reason in OUR_REASONS:
        return OUR_REASONS.get(reason, "")
    return rules_of(scope.utility).reason_name(reason)
