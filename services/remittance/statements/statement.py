"""The monthly statement of what is owed: opening, billed, cancelled, paid, let go, written off.

It is the journal's account of receivables, month by month and by kind of entry; nothing else is
added or left out, so a statement ties to the journal because it *is* the journal. What has to be
proved is that the other books come to the same, see `proof.py`.

An entry counts from its own day on, or from the first day of the month it is booked in when its
own month was closed before it was learned. Every report of a day is made by that rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import text

from services.remittance.journal import EntryKind
from services.remittance.ledger.months import month_after, month_of
from services.remittance.receivables import Scope
from shared.platform.database import ReadSession, WriteSession

LINES: Final = {
    EntryKind.CHARGED: ("billed", "Billed", "810s sent"),
    EntryKind.CANCELLED: ("cancelled", "Cancelled", "810s taken back"),
    EntryKind.APPLIED: ("paid", "Paid", "money of 820s that found its charge"),
    EntryKind.ADJUSTED: ("adjusted", "Adjusted", "let go within the tolerance, or as discount"),
    EntryKind.WRITTEN_OFF: ("written_off", "Written off", "decided by people; money gives it back"),
}
"""What moves a receivable → name of the line, its title, what it means; in the order of print."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What one kind of entry did to the receivables in one month."""

    month: date
    kind: EntryKind
    cents: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What is owed to a CCA, and what changed it in a month up to a day; in cents.

    Attributes:
        month: its first day.
        on: the last day that counts.
        billed_cents … written_off_cents: changes, signed as they change what is owed.
    """

    month: date
    on: date
    opening_cents: int
    billed_cents: int = 0
    cancelled_cents: int = 0
    paid_cents: int = 0
    adjusted_cents: int = 0
    written_off_cents: int = 0

    @property
    def moved_cents(self) -> int:
        """All changes together."""
        return sum(cents for _, cents in self.lines())

    @property
    def closing_cents(self) -> int:
        """What is owed at the end of the day."""
        return self.opening_cents + self.moved_cents

    def lines(self) -> tuple[tuple[EntryKind, int], ...]:
        """Return each kind of change with its cents, in the order of print."""
        return tuple((kind, getattr(self, f"{name}_cents")) for kind, (name, *_) in LINES.items())


_MOVED = text(
    """
    SELECT period, kind, sum(debit_cents - credit_cents)::bigint AS cents
    FROM remittance.journal_entry
    WHERE cca = :cca AND utility = :utility AND environment = :environment
      AND ledger_account = 'accounts_receivable' AND effective_on <= :on AND period <= :on
    GROUP BY period, kind
    """
)


def last_day_of(month: date) -> date:
    """Return the last day of a month."""
    return month_after(month) - timedelta(days=1)


def fold(moved: Iterable[Moved], on: date) -> tuple[Statement, ...]:
    """Set the months up one after the other, oldest first, up to the month of a day.

    Each opens with what the one before it closed with; a month in which nothing moved has its
    statement too. Nothing was ever booked: the month of the day alone.
    """
    months: dict[date, dict[str, int]] = defaultdict(dict)
    for each in moved:
        name = f"{LINES[each.kind][0]}_cents"
        of_month = months[each.month]
        of_month[name] = of_month.get(name, 0) + each.cents
    last = month_of(on)
    month, opening, made = min(months, default=last), 0, []
    while month <= last:
        until = min(on, last_day_of(month))
        statement = Statement(month, until, opening, **months.get(month, {}))
        made.append(statement)
        opening, month = statement.closing_cents, month_after(month)
    return tuple(made)


async def statements(
    session: ReadSession | WriteSession, scope: Scope, on: date
) -> tuple[Statement, ...]:
    """Return every month's statement, oldest first; the last one is of the month of a day.

    Args:
        session: the moment that is shown.
        scope: whose books.
        on: the last day that counts.
    """
    rows = await session.execute(_MOVED, scope.values | {"on": on})
    return fold((Moved(row.period, EntryKind(row.kind), row.cents) for row in rows), on)
