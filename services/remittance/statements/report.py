"""Puts a monthly statement together with everything that is shown beside it.

Page, CSV, PDF and the frozen copy are made from this one value, so they cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Final

from sqlalchemy import select

from services.remittance.document_reader import in_scope
from services.remittance.ledger.months import month_of
from services.remittance.receivables import Scope
from services.remittance.statements.money import Money, money
from services.remittance.statements.proof import Tie, prove
from services.remittance.statements.statement import Statement, last_day_of, statements
from services.remittance.statements.taxes import TaxesOf, taxes
from services.remittance.store import LEDGER, MONTHLY_STATEMENT
from shared.platform.database import ReadSession, WriteSession
from shared.platform.refusals import Refusal

HISTORY_MONTHS: Final = 13


class NoSuchMonth(Refusal):
    """The day lies before the month."""

    code: ClassVar[str] = "day_before_month"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The day lies before the month of the statement"


@dataclass(frozen=True, slots=True)
class Closed:
    """Who closed a month, and the number of its frozen statement; 0 before there were any."""

    by: str
    at: datetime
    number: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A month's statement, what it is proved with, and the months before it.

    Attributes:
        history: statements up to this one, oldest first, a year and a month at most.
        closed: who closed the month; none while it is open.
    """

    scope: Scope
    statement: Statement
    history: tuple[Statement, ...]
    money: Money
    taxes: tuple[TaxesOf, ...]
    ties: tuple[Tie, ...]
    closed: Closed | None

    @property
    def all_tie(self) -> bool:
        """Whether every book says the same, and all money went somewhere."""
        return all(tie.agrees for tie in self.ties) and not self.money.difference_cents


async def make_report(
    session: ReadSession | WriteSession, scope: Scope, month: date, on: date
) -> Report:
    """Make the statement of a month up to a day.

    Args:
        session: the moment that is shown.
        scope: whose books.
        month: its first day.
        on: the last day that counts; the last of the month when it is later.

    Raises:
        NoSuchMonth: the day lies before the month.
    """
    until = min(on, last_day_of(month))
    if month_of(until) != month:
        raise NoSuchMonth(f"{on} lies before {month:%Y-%m}.")
    made = await statements(session, scope, until)
    statement, before = made[-1], made[-2] if len(made) > 1 else None
    return Report(
        scope=scope,
        statement=statement,
        history=made[-HISTORY_MONTHS:],
        money=await money(session, scope, month, until),
        taxes=await taxes(session, scope, month, until),
        ties=await prove(session, scope, statement, before),
        closed=await find_closed(session, scope, month),
    )


async def find_closed(
    session: ReadSession | WriteSession, scope: Scope, month: date
) -> Closed | None:
    """Return who closed a month; none while it is open."""
    closed, kept = LEDGER.closed_period, MONTHLY_STATEMENT
    named = select(kept.c.number).where(in_scope(kept, scope), kept.c.month == month)
    row = (
        await session.execute(
            select(closed.c.closed_by, closed.c.closed_at, named.scalar_subquery().label("number"))
            .where(in_scope(closed, scope), closed.c.month == month)
        )
    ).first()  # fmt: skip
    return None if row is None else Closed(row.closed_by, row.closed_at, row.number or 0)
