"""Answers what the workbench shows: open charges, money, and what happened to a line.

Queries only, within one scope; lists come in pages that go on behind a row, never at a number.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from services.remittance.placements import LineKey
from services.remittance.receivables import Scope
from services.remittance.workbench.acts import UnknownLine, UnknownTarget
from services.remittance.workbench.sought import Sought, read_charge_mark
from services.remittance.workbench.views import (
    ChargePage,
    ChargeRow,
    LineDetail,
    ListSums,
    MoneyPage,
    MoneyRow,
    PlaceView,
    Standing,
)
from shared.contracts.measures import from_cents
from shared.platform.database import ReadSession

PAGE_SIZE: Final = 50
PAGE_SIZE_MAX: Final = 500

_CHARGE = """
    SELECT r.receivable_id, r.invoice_number, r.account_number, r.usage_id, r.dated_on,
           r.charged_cents, b.applied_cents, b.written_off_cents, b.open_cents, b.standing
    FROM remittance.receivable r JOIN remittance.receivable_balance b USING (receivable_id)
    WHERE r.cca = :cca AND r.utility = :utility AND r.environment = :environment
"""
_FOUND_CHARGE = """
      AND b.open_cents <> 0
      AND abs(b.open_cents) BETWEEN :least AND :most AND r.dated_on <= :latest
      AND (CAST(:standing AS text) IS NULL OR b.standing = :standing)
      AND (:text = '' OR starts_with(r.invoice_number, :text)
           OR starts_with(r.account_number, :text) OR starts_with(r.usage_id, :text))
"""
_CHARGE_COUNT = "SELECT count(*) AS number, coalesce(sum(open_cents), 0)::bigint AS cents"
_CHARGES = text(
    f"""{_CHARGE}{_FOUND_CHARGE}
      AND (r.dated_on, r.receivable_id) > (CAST(:after_day AS date), CAST(:after_id AS uuid))
    ORDER BY r.dated_on, r.receivable_id LIMIT :limit
    """
)
_CHARGE_SUMS = text(f"{_CHARGE_COUNT} FROM ({_CHARGE}{_FOUND_CHARGE}) AS found")
_CHOSEN_CHARGES = text(
    f"{_CHARGE} AND r.receivable_id = ANY(CAST(:ids AS uuid[]))"
    " ORDER BY r.dated_on, r.receivable_id"
)
_BY_NUMBER = text(
    f"{_CHARGE} AND r.invoice_number = ANY(CAST(:numbers AS text[]))"
    " ORDER BY r.dated_on, r.receivable_id"
)

_LINE = """
    SELECT p.transaction_id, p.sequence, t.trace_number, t.settled_on, p.outcome,
           p.invoice_number, p.usage_id, p.account_number, p.amount_cents, p.applied_cents,
           p.unapplied_cents, p.adjusted_cents, p.explanation, p.place_number
    FROM remittance.line_place p JOIN remittance.remittance t USING (transaction_id)
    WHERE p.cca = :cca AND p.utility = :utility AND p.environment = :environment
"""
_FOUND_LINE = """
      AND (p.unapplied_cents <> 0 OR :everything)
      AND abs(CASE WHEN :everything THEN p.amount_cents ELSE p.unapplied_cents END)
          BETWEEN :least AND :most
      AND t.settled_on <= :latest
      AND (CAST(:outcome AS text) IS NULL OR p.outcome = :outcome)
      AND (:text = '' OR starts_with(p.invoice_number, :text)
           OR starts_with(p.account_number, :text) OR starts_with(p.usage_id, :text)
           OR starts_with(t.trace_number, :text))
"""
_LINE_COUNT = "SELECT count(*) AS number, coalesce(sum(unapplied_cents), 0)::bigint AS cents"
_WANTED = """
      AND (p.transaction_id, p.sequence) IN (
          SELECT * FROM unnest(CAST(:documents AS uuid[]), CAST(:sequences AS integer[])))
"""
_MONEY = text(
    f"{_LINE}{_FOUND_LINE} AND p.place_number > :after ORDER BY p.place_number LIMIT :limit"
)
_MONEY_SUMS = text(f"{_LINE_COUNT} FROM ({_LINE}{_FOUND_LINE}) AS found")
_CHOSEN_LINES = text(f"{_LINE}{_WANTED} ORDER BY p.place_number")
_STANDINGS = text(
    """
    SELECT receivable_id, r.invoice_number, coalesce(applied, 0)::bigint AS applied,
           coalesce(by_hand, 0)::bigint AS by_hand
    FROM (
        SELECT receivable_id, -sum(cents) AS applied FROM remittance.receivable_entry
        WHERE document_id = :transaction_id AND sequence = :sequence
        GROUP BY receivable_id HAVING sum(cents) <> 0
    ) AS entered
    FULL JOIN (
        SELECT receivable_id, sum(cents) AS by_hand FROM remittance.assignment
        WHERE transaction_id = :transaction_id AND sequence = :sequence
        GROUP BY receivable_id HAVING sum(cents) <> 0
    ) AS decided USING (receivable_id)
    LEFT JOIN remittance.receivable r USING (receivable_id)
    ORDER BY r.dated_on, r.invoice_number
    """
)
_PLACES = text(
    """
    SELECT p.number, p.outcome, p.applied_cents, p.unapplied_cents, p.explanation, p.placed_at,
           a.act_id
    FROM remittance.placement p LEFT JOIN remittance.act a ON a.act_id = p.caused_by
    WHERE p.transaction_id = :transaction_id AND p.sequence = :sequence
    ORDER BY p.number DESC LIMIT :limit
    """
)

_FROM_THE_FIRST: Final = (date.min, UUID(int=0))


async def charges(
    session: ReadSession,
    scope: Scope,
    sought: Sought,
    today: date,
    *,
    after: str = "",
    limit: int = PAGE_SIZE,
) -> ChargePage:
    """A page of charges with something open, oldest first."""
    day, key = read_charge_mark(after) if after else _FROM_THE_FIRST
    values = scope.values | sought.values(today)
    values |= {"after_day": day, "after_id": key, "limit": limit + 1}
    found = (await session.execute(_CHARGES, values)).all()
    rows = tuple(_charge(row, today) for row in found[:limit])
    last = f"{rows[-1].dated_on}.{rows[-1].receivable_id}" if len(found) > limit else None
    return ChargePage(rows=rows, next_after=last)


async def money(
    session: ReadSession,
    scope: Scope,
    sought: Sought,
    today: date,
    *,
    after: int = 0,
    limit: int = PAGE_SIZE,
) -> MoneyPage:
    """A page of lines of 820s, in the order of entry."""
    values = scope.values | sought.values(today) | {"after": after, "limit": limit + 1}
    found = (await session.execute(_MONEY, values)).all()
    rows = tuple(_line(row, today) for row in found[:limit])
    return MoneyPage(
        rows=rows, next_after=str(rows[-1].place_number) if len(found) > limit else None
    )


async def sums(
    session: ReadSession, scope: Scope, sought: Sought, today: date
) -> tuple[ListSums, ListSums]:
    """What a filter finds altogether: charges with what is open, lines with what waits."""
    values = scope.values | sought.values(today)
    found = [(await session.execute(query, values)).one() for query in (_CHARGE_SUMS, _MONEY_SUMS)]
    owed, paid = (ListSums(count=row.number, amount=from_cents(row.cents)) for row in found)
    return owed, paid


async def chosen_charges(
    session: ReadSession,
    scope: Scope,
    today: date,
    ids: Sequence[UUID],
    numbers: Sequence[str] = (),
) -> tuple[ChargeRow, ...]:
    """The charges that somebody chose, by id or invoice number, oldest first.

    Raises:
        UnknownTarget: one is not of this scope.
    """
    by_id = await session.execute(_CHOSEN_CHARGES, scope.values | {"ids": list(ids)})
    found = {row.receivable_id: row for row in by_id}
    named = await session.execute(_BY_NUMBER, scope.values | {"numbers": list(numbers)})
    by_number = {row.invoice_number: row for row in named}
    for wanted, known in ((ids, found), (numbers, by_number)):
        for each in wanted:
            if each not in known:
                raise UnknownTarget(f"There is no charge {each}.")
    found |= {row.receivable_id: row for row in by_number.values()}
    rows = sorted(found.values(), key=lambda row: (row.dated_on, row.receivable_id))
    return tuple(_charge(row, today) for row in rows)


async def chosen_lines(
    session: ReadSession, scope: Scope, today: date, keys: Sequence[LineKey]
) -> tuple[MoneyRow, ...]:
    """The lines that somebody chose, in the order of entry.

    Raises:
        UnknownLine: one is not of this scope.
    """
    values = {
        "documents": [key.transaction_id for key in keys],
        "sequences": [key.sequence for key in keys],
    }
    rows = (await session.execute(_CHOSEN_LINES, scope.values | values)).all()
    if len(rows) < len(set(keys)):
        raise UnknownLine("One of these lines of payments is not known.")
    return tuple(_line(row, today) for row in rows)


async def line_detail(session: ReadSession, scope: Scope, today: date, key: LineKey) -> LineDetail:
    """One line: on which charges it stands, and every place that it had.

    Raises:
        UnknownLine: it is not of this scope.
    """
    (line,) = await chosen_lines(session, scope, today, [key])
    values = {"transaction_id": key.transaction_id, "sequence": key.sequence}
    places = await session.execute(_PLACES, values | {"limit": PAGE_SIZE_MAX})
    return LineDetail(
        line=line,
        standings=await standings(session, key),
        places=tuple(
            PlaceView(
                number=row.number,
                outcome=row.outcome,
                applied=from_cents(row.applied_cents),
                unapplied=from_cents(row.unapplied_cents),
                explanation=row.explanation,
                placed_at=row.placed_at,
                act_id=row.act_id,
            )
            for row in places
        ),
    )


async def standings(session: ReadSession, key: LineKey) -> tuple[Standing, ...]:
    """On which charges a line stands, and what of it people put there."""
    values = {"transaction_id": key.transaction_id, "sequence": key.sequence}
    rows = await session.execute(_STANDINGS, values)
    return tuple(
        Standing(
            receivable_id=row.receivable_id,
            invoice_number=row.invoice_number,
            applied=from_cents(row.applied),
            by_hand=from_cents(row.by_hand),
        )
        for row in rows
    )


async def every_charge(
    session: ReadSession, scope: Scope, sought: Sought, today: date
) -> AsyncIterator[ChargePage]:
    """All charges that a filter finds, page by page."""
    after: str | None = ""
    while after is not None:
        page = await charges(session, scope, sought, today, after=after, limit=PAGE_SIZE_MAX)
        yield page
        after = page.next_after


async def every_line(
    session: ReadSession, scope: Scope, sought: Sought, today: date
) -> AsyncIterator[MoneyPage]:
    """All lines that a filter finds, page by page."""
    after: str | None = "0"
    while after is not None:
        page = await money(session, scope, sought, today, after=int(after), limit=PAGE_SIZE_MAX)
        yield page
        after = page.next_after


def _charge(row: Row[Any], today: date) -> ChargeRow:
    return ChargeRow(
        receivable_id=row.receivable_id,
        invoice_number=row.invoice_number,
        account_number=row.account_number,
        usage_id=row.usage_id,
        dated_on=row.dated_on,
        age_days=(today - row.dated_on).days,
        charged=from_cents(row.charged_cents),
        applied=from_cents(row.applied_cents),
        written_off=from_cents(row.written_off_cents),
        open=from_cents(row.open_cents),
        standing=row.standing,
    )


def _line(row: Row[Any], today: date) -> MoneyRow:
    return MoneyRow(
        transaction_id=row.transaction_id,
        sequence=row.sequence,
        trace_number=row.trace_number,
        settled_on=row.settled_on,
        age_days=(today - row.settled_on).days,
        outcome=row.outcome,
        invoice_number=row.invoice_number,
        usage_id=row.usage_id,
        account_number=row.account_number,
        amount=from_cents(row.amount_cents),
        applied=from_cents(row.applied_cents),
        unapplied=from_cents(row.unapplied_cents),
        adjusted=from_cents(row.adjusted_cents),
        explanation=row.explanation,
        place_number=row.place_number,
    )
