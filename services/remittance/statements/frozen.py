"""Keeps a month's statement as it was when the month was closed: its figures and its printed bytes.

It is made in the unit of work that closes the month, so there is no closed month without one. Its
number counts the statements of a CCA from 1 without gaps.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import func, insert, select

from services.remittance.document_reader import in_scope
from services.remittance.receivables import Scope
from services.remittance.statements.printed import print_statement
from services.remittance.statements.report import Closed, make_report
from services.remittance.statements.statement import LINES, last_day_of
from services.remittance.store import MONTHLY_STATEMENT
from shared.platform.database import ReadSession, WriteSession


class StatementDamaged(Exception):
    """The bytes of a frozen statement are not those it was made of: somebody changed them."""


async def freeze(session: WriteSession, scope: Scope, month: date, by: str, at: datetime) -> Closed:
    """Keep the statement of a month that is being closed.

    Args:
        session: the unit of work that closes it; the scope's lock is held.
        scope: whose books.
        month: its first day.
        by: who closes it.
        at: when.
    """
    table = MONTHLY_STATEMENT
    before = await session.scalar(select(func.max(table.c.number)).where(in_scope(table, scope)))
    closed = Closed(by, at, (before or 0) + 1)
    made = await make_report(session, scope, month, last_day_of(month))
    content = print_statement(replace(made, closed=closed))
    statement = made.statement
    await session.execute(
        insert(table).values(
            **scope.values,
            number=closed.number,
            month=month,
            opening_cents=statement.opening_cents,
            **{f"{LINES[kind][0]}_cents": cents for kind, cents in statement.lines()},
            closing_cents=statement.closing_cents,
            content=content,
            sha256=hashlib.sha256(content).digest(),
            made_at=at,
        )
    )
    return closed


async def frozen_content(session: ReadSession, scope: Scope, month: date) -> bytes | None:
    """Return the printed statement of a closed month, byte for byte; none while it is open.

    Raises:
        StatementDamaged: the bytes have changed since.
    """
    table = MONTHLY_STATEMENT
    row = (
        await session.execute(
            select(table.c.content, table.c.sha256).where(
                in_scope(table, scope), table.c.month == month
            )
        )
    ).first()
    if row is None:
        return None
    content = bytes(row.content)
    if hashlib.sha256(content).digest() != bytes(row.sha256):
        raise StatementDamaged(f"the statement of {scope.cca} of {month:%Y-%m}")
    return content
