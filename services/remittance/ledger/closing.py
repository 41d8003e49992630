"""Closes a month of a CCA's books, for good, and shows every month with its balances.

A month is closed when it is over, the month before it is closed, no payment is half placed and the
audit agrees to the cent. Its balances are kept, and the database lets no entry in any more: what
is learned later is booked in the first open month under its own day. There is no reopening.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import insert, text

from services.remittance.audit import ENTERED_IN_FULL, AuditReport, audit
from services.remittance.ledger.months import day_of_books, last_closed_month, month_after
from services.remittance.receivables import Scope
from services.remittance.statements.frozen import freeze
from services.remittance.store import LEDGER
from shared.platform.database import ReadSession, WriteSession, wait_lock
from shared.platform.refusals import Refusal


class MonthNotOver(Refusal):
    """Facts of this month may still happen."""

    code: ClassVar[str] = "month_not_over"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This month is not over"


class MonthOutOfOrder(Refusal):
    """Months are closed one after the other, each once."""

    code: ClassVar[str] = "month_out_of_order"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Another month is to be closed next"


class BooksNotRight(Refusal):
    """The audit found a difference, or a payment is half placed."""

    code: ClassVar[str] = "books_not_right"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The books do not agree yet"


@dataclass(frozen=True, slots=True)
class AccountInMonth:
    """One account's month, in cents; debits are positive: opening + debits - credits = closing."""

    ledger_account: str
    jurisdiction: str
    opening_cents: int
    debit_cents: int
    credit_cents: int
    closing_cents: int


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the books.

    Attributes:
        month: its first day.
        closed_by, closed_at, note: who closed it, when and with which words; none while open.
        entries: how many entries are booked in it.
        not_entered: sent 810s that nobody had looked at when it was closed.
        held_payments: 820s that were set aside when it was closed.
    """

    month: date
    entries: int
    closed_by: str | None = None
    closed_at: datetime | None = None
    note: str = ""
    not_entered: int = 0
    held_payments: int = 0


_OLDEST = text(
    "SELECT min(period) FROM remittance.journal_entry"
    " WHERE cca = :cca AND utility = :utility AND environment = :environment"
)
_COUNT = text(
    "SELECT count(*) FROM remittance.journal_entry"
    " WHERE cca = :cca AND utility = :utility AND environment = :environment"
    " AND period = :month"
)
_KEEP_BALANCES = text(
    """
    INSERT INTO remittance.closed_balance
        (cca, utility, environment, month, ledger_account, jurisdiction,
         opening_cents, debit_cents, credit_cents, closing_cents)
    SELECT CAST(:cca AS text), CAST(:utility AS text), CAST(:environment AS text),
           CAST(:month AS date), ledger_account, jurisdiction,
           sum(opening), sum(debits), sum(credits), sum(opening + debits - credits)
    FROM (
        SELECT ledger_account, jurisdiction, closing_cents AS opening, 0 AS debits, 0 AS credits
        FROM remittance.closed_balance
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND month = CAST(:before AS date)
        UNION ALL
        SELECT ledger_account, jurisdiction, 0, debit_cents, credit_cents
        FROM remittance.journal_entry
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND period = :month
    ) AS moved
    GROUP BY ledger_account, jurisdiction
    """
)
_BALANCES = text(
    """
    SELECT ledger_account, jurisdiction,
           coalesce(sum(debit_cents - credit_cents) FILTER (WHERE period < :month), 0)::bigint
               AS opening_cents,
           coalesce(sum(debit_cents) FILTER (WHERE period = :month), 0)::bigint AS debit_cents,
           coalesce(sum(credit_cents) FILTER (WHERE period = :month), 0)::bigint AS credit_cents,
           sum(debit_cents - credit_cents)::bigint AS closing_cents
    FROM remittance.journal_entry
    WHERE cca = :cca AND utility = :utility AND environment = :environment AND period <= :month
    GROUP BY ledger_account, jurisdiction ORDER BY ledger_account, jurisdiction
    """
)
_MONTHS = text(
    """
    SELECT coalesce(closed.month, open.period) AS month,
           coalesce(closed.entries, open.entries) AS entries, closed.closed_by, closed.closed_at,
           coalesce(closed.note, '') AS note, coalesce(closed.not_entered, 0) AS not_entered,
           coalesce(closed.held_payments, 0) AS held_payments
    FROM (
        SELECT * FROM remittance.closed_period
        WHERE cca = :cca AND utility = :utility AND environment = :environment
    ) AS closed
    FULL JOIN (
        SELECT period, count(*) AS entries FROM remittance.journal_entry
        WHERE cca = :cca AND utility = :utility AND environment = :environment
        GROUP BY period
    ) AS open ON open.period = closed.month
    ORDER BY 1 DESC
    """
)


async def close_month(
    session: WriteSession, scope: Scope, month: date, by: str, at: datetime, note: str = ""
) -> Month:
    """Close a month of a CCA's books and keep its statement.

    Args:
        session: the unit of work.
        scope: whose books.
        month: its first day.
        by: who closes it.
        at: when.
        note: what they want to say about it.

    Raises:
        MonthNotOver: it has days to come, in the zone of the books.
        MonthOutOfOrder: it is closed, or an older one is not.
        BooksNotRight: a sum disagrees, or lines wait to be placed.
    """
    await wait_lock(session, scope.lock_name)
    if day_of_books(at) < month_after(month):
        raise MonthNotOver(f"{month:%Y-%m} ends on the day before {month_after(month)}.")
    values = scope.values | {"month": month}
    before = await last_closed_month(session, scope)
    await _check_order(session, values, month, before)
    found = await audit(session, scope)
    _check_books(found)
    closed = Month(
        month=month,
        entries=int(await session.scalar(_COUNT, values) or 0),
        closed_by=by,
        closed_at=at,
        note=note,
        not_entered=len(found.differences),
        held_payments=found.held_payments,
    )
    await session.execute(
        insert(LEDGER.closed_period).values(
            **values,
            closed_by=by,
            closed_at=at,
            note=note,
            entries=closed.entries,
            not_entered=closed.not_entered,
            held_payments=closed.held_payments,
        )
    )
    await session.execute(_KEEP_BALANCES, values | {"before": before})
    await freeze(session, scope, month, by, at)
    return closed


async def _check_order(
    session: WriteSession, values: dict[str, Any], month: date, before: date | None
) -> None:
    following = month_after(before) if before else await session.scalar(_OLDEST, values)
    if following is not None and month != following:
        state = "is closed" if before is not None and month <= before else "is not next"
        raise MonthOutOfOrder(f"{month:%Y-%m} {state}; {following:%Y-%m} is to be closed next.")


def _check_books(found: AuditReport) -> None:
    """Stop at any sum that disagrees; a document that was not entered is counted and told."""
    wrong = [each for each in found.differences if each.check != ENTERED_IN_FULL]
    if wrong:
        first = wrong[0]
        raise BooksNotRight(f"The audit found {len(wrong)}: {first.check}, {first.subject}.")
    if found.waiting_lines:
        raise BooksNotRight(f"{found.waiting_lines} lines of a payment wait to be placed.")


async def list_months(session: ReadSession, scope: Scope) -> tuple[Month, ...]:
    """Return every month that has entries or is closed, newest first."""
    rows = await session.execute(_MONTHS, scope.values)
    return tuple(Month(**row._mapping) for row in rows)  # noqa: SLF001  its public name


async def trial_balance(
    session: ReadSession, scope: Scope, month: date
) -> tuple[AccountInMonth, ...]:
    """Return every account's opening, movements and closing of a month, from the entries.

    The same for a closed month as on the day it was closed: the audit compares the two.
    """
    rows = await session.execute(_BALANCES, scope.values | {"month": month})
    return tuple(AccountInMonth(**row._mapping) for row in rows)  # noqa: SLF001  its public name
