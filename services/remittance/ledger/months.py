"""The months of a CCA's books: which are closed, and where an entry of a closed one goes.

A month is named by its first day. Once closed it stays closed: its entries, sums and balances can
be shown to an auditor for ever, and whatever is learned later is an entry of a later month that
tells its own day.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from services.remittance.document_reader import in_scope
from services.remittance.receivables import Scope
from services.remittance.store import LEDGER
from shared.platform.database import ReadSession, WriteSession

BOOKS_ZONE: Final = ZoneInfo("America/Los_Angeles")
"""The zone of all CCAs' books: a payment that arrives at five in the evening is of that day."""
DECEMBER: Final = 12


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def month_after(month: date) -> date:
    """Return the first day of the next month."""
    if month.month == DECEMBER:
        return date(month.year + 1, 1, 1)
    return date(month.year, month.month + 1, 1)


def day_of_books(at: datetime) -> date:
    """Return the day that a moment belongs to in the books."""
    return at.astimezone(BOOKS_ZONE).date()


async def last_closed_month(session: ReadSession | WriteSession, scope: Scope) -> date | None:
    """Return the newest month that is closed; none while all are open."""
    table = LEDGER.closed_period
    found: date | None = await session.scalar(
        select(func.max(table.c.month)).where(in_scope(table, scope))
    )
    return found


async def first_open_month(session: ReadSession | WriteSession, scope: Scope) -> date:
    """Return the oldest month that may still be booked in; `date.min` while none is closed."""
    closed = await last_closed_month(session, scope)
    return date.min if closed is None else month_after(closed)
