"""Writes reports as tables for a spreadsheet: the figures of the pages, identifiers as text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from typing import Final

from services.remittance.receivables import Scope
from services.remittance.statements.desk import ReportDesk
from services.remittance.statements.entries import EntriesOf
from services.remittance.statements.positions import BUCKETS, Wanted
from services.remittance.statements.views import (
    AgedView,
    DaysToCashView,
    DeductedView,
    EntryView,
    MonthlyStatementView,
    PositionView,
    ShortView,
)
from shared.platform.web.csv_file import Identifier, Value, lines

STATEMENT_HEAD: Final = (
    *("cca", "utility", "month", "as_of", "number", "part", "line", "amount_usd", "compared_usd"),
)
TAX_HEAD: Final = (
    *("cca", "utility", "month", "as_of", "jurisdiction", "opening_usd", "billed_usd"),
    *("cancelled_usd", "closing_usd", "collected_usd", "collected_ever_usd"),
)
AGING_HEAD: Final = (
    *("cca", "utility", "as_of", "customer_class"),
    *(f"days_{each.replace('–', '_to_').replace(' ', '_')}_usd" for each in BUCKETS),
    *("credits_usd", "total_usd", "charges"),
)
SHORT_HEAD: Final = (
    *("cca", "utility", "as_of", "since", "what", "reason", "meaning", "count", "owed_usd"),
    *("paid_usd", "missing_or_kept_usd"),
)
CASH_HEAD: Final = (
    *("cca", "utility", "since", "as_of", "days_from", "days_to", "charges", "paid_usd"),
    *("median_days", "ninety_percent_days"),
)
CHARGE_HEAD: Final = (
    *("cca", "utility", "as_of", "invoice_number", "account_number", "customer_class", "dated_on"),
    *("age_days", "owed_usd", "paid_usd", "open_usd", "last_money_on", "short_because"),
)
ENTRY_HEAD: Final = (
    *("cca", "utility", "month", "as_of", "ledger_account", "entry", "kind", "effective_on"),
    *("account_number", "jurisdiction", "invoice_number", "trace_number", "line", "amount_usd"),
)


def statement_lines(view: MonthlyStatementView) -> Iterator[str]:
    """Write a statement: what is owed, where the money went, and the proof, line by line."""
    money = view.money
    told: list[tuple[Value, ...]] = [("owed", "Opening", view.opening)]
    told += [("owed", line.title, line.amount) for line in view.lines]
    told.append(("owed", "Closing", view.closing))
    told += [
        ("money", "Announced", money.announced),
        ("money", "Applied to charges", money.paid),
        ("money", "Waits unapplied", money.waiting),
        ("money", "Fees and adjustments", money.kept),
        ("money", "Difference", money.difference),
        ("money", "Shown by the bank", money.deposited),
        ("money", "In transit at the end", money.in_transit),
    ]
    told += [("proof", tie.what, tie.stated, tie.found) for tie in view.ties]
    where = (view.cca, view.utility, f"{view.month:%Y-%m}", view.on, view.number)
    yield lines([STATEMENT_HEAD])
    yield lines((*where, *each, *(None,) * (4 - len(each))) for each in told)


def tax_lines(view: MonthlyStatementView) -> Iterator[str]:
    """Write a month's taxes, a jurisdiction a row."""
    yield lines([TAX_HEAD])
    where = (view.cca, view.utility, f"{view.month:%Y-%m}", view.on)
    yield lines(
        (
            *(*where, tax.jurisdiction, tax.opening, tax.billed, tax.cancelled, tax.closing),
            *(tax.collected, tax.collected_ever),
        )
        for tax in view.taxes
    )


def aging_lines(on: date, rows: Sequence[AgedView]) -> Iterator[str]:
    """Write what is open, a class of a CCA a row."""
    yield lines([AGING_HEAD])
    yield lines(
        (row.cca, row.utility, on, row.customer_class, *row.open, row.credits, row.total,
         sum(row.charges))
        for row in rows
    )  # fmt: skip


def short_lines(
    scope: Scope,
    since: date,
    on: date,
    shorts: Sequence[ShortView],
    deducted: Sequence[DeductedView],
) -> Iterator[str]:
    """Write what is missing and what was kept back, a reason a row."""
    where = (scope.cca, scope.utility, on, since)
    yield lines([SHORT_HEAD])
    yield lines(
        (*where, "short", each.reason, each.name, each.charges, each.owed, each.paid, each.open)
        for each in shorts
    )
    yield lines(
        (*where, each.kind, each.reason, each.name, each.lines, None, None, each.amount)
        for each in deducted
    )


def cash_lines(since: date, on: date, rows: Sequence[DaysToCashView]) -> Iterator[str]:
    """Write days to cash, a span of days a row."""
    yield lines([CASH_HEAD])
    for row in rows:
        yield lines(
            (
                *(row.cca, row.utility, since, on, each.days_from, each.days_to, each.charges),
                *(each.paid, row.median_days, row.ninety_days),
            )
            for each in row.bins
        )


async def charge_lines(
    desk: ReportDesk, scope: Scope, on: date, wanted: Wanted
) -> AsyncIterator[str]:
    """Write all charges behind a figure, piece by piece."""
    yield lines([CHARGE_HEAD])
    async for page in desk.every_charge(scope, on, wanted):
        yield lines(
            (
                *(scope.cca, scope.utility, on, Identifier(each.invoice_number)),
                *(Identifier(each.account_number), each.customer_class, each.dated_on),
                *(each.age_days, each.owed, each.paid, each.open, each.cash_on, each.reason),
            )
            for each in (PositionView.of(scope, one) for one in page)
        )


async def entry_lines(desk: ReportDesk, scope: Scope, wanted: EntriesOf) -> AsyncIterator[str]:
    """Write all entries behind a figure, piece by piece."""
    where = (scope.cca, scope.utility, f"{wanted.month:%Y-%m}", wanted.on, wanted.account.value)
    yield lines([ENTRY_HEAD])
    async for page in desk.every_entry(scope, wanted):
        yield lines(
            (
                *(*where, each.entry_id, each.kind, each.effective_on),
                *(Identifier(each.account_number), each.jurisdiction),
                *(Identifier(number) if number else None
                  for number in (each.invoice_number, each.trace_number)),
                *(each.sequence, each.amount),
            )
            for each in (EntryView.of(one) for one in page)
        )  # fmt: skip
