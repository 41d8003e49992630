"""Reads the parts of lines that people placed by hand, and puts those that may move in the book.

A part may move when its charge is among those of the question; all others stay where they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.remittance.by_hand import Assigned, nothing_yet, parts_of, whole
from services.remittance.placements import Book, Line, LineKey, Placement
from shared.contracts.remittance import RemittanceOutcome
from shared.platform.database import ReadSession, WriteSession

_ASSIGNED = text(
    """
    SELECT a.transaction_id, a.sequence, a.part, a.receivable_id, r.invoice_number,
           sum(a.cents)::bigint AS cents
    FROM remittance.assignment a
    JOIN unnest(CAST(:documents AS uuid[]), CAST(:sequences AS integer[]))
         AS wanted (transaction_id, sequence) USING (transaction_id, sequence)
    LEFT JOIN remittance.receivable r ON r.receivable_id = a.receivable_id
    GROUP BY a.transaction_id, a.sequence, a.part, a.receivable_id, r.invoice_number
    ORDER BY a.transaction_id, a.sequence, a.part
    """
)
_PARTS = text(
    """
    SELECT p.* FROM remittance.line_part p
    JOIN unnest(CAST(:documents AS uuid[]), CAST(:sequences AS integer[]))
         AS wanted (transaction_id, sequence) USING (transaction_id, sequence)
    """
)


@dataclass(frozen=True, slots=True)
class LineInParts:
    """A line that people placed parts of.

    Attributes:
        line: as the utility sent it.
        parts: the parts as they shall be, the rest first.
        targets: the charge of each part; none for the rest and for what is set aside.
        before: where each part stands now.
    """

    line: Line
    parts: Sequence[Line]
    targets: Mapping[LineKey, UUID | None]
    before: Mapping[LineKey, Placement]

    def standing(self, moved: Sequence[Placement]) -> list[Placement]:
        """Where every part stands after some have moved, the rest first."""
        after = {part.line.key: part for part in moved}
        return [after.get(part.key, self.before[part.key]) for part in self.parts]

    def holding(self, moved: Sequence[Placement]) -> tuple[Placement, ...]:
        """The parts that hold money, and those that have just lost it."""
        gone = {part.line.key for part in moved}
        return tuple(
            part for part in self.standing(moved) if part.line.amount_cents or part.line.key in gone
        )


async def load_assigned(
    session: ReadSession | WriteSession, keys: Collection[LineKey]
) -> dict[LineKey, list[Assigned]]:
    """Return what people placed of lines, all decisions together."""
    found: dict[LineKey, list[Assigned]] = defaultdict(list)
    for row in await session.execute(_ASSIGNED, _columns(keys)):
        assigned = Assigned(row.part, row.receivable_id, row.invoice_number, row.cents)
        found[LineKey(row.transaction_id, row.sequence)].append(assigned)
    return found


async def load_parts(
    session: WriteSession,
    history: Sequence[Placement],
    keys: Collection[LineKey],
    stored: Collection[LineKey],
) -> dict[LineKey, LineInParts]:
    """Return the lines in parts among those read.

    Args:
        session: the unit of work.
        history: whole lines and where they stand.
        keys: those with parts, or about to have some.
        stored: those whose parts stand somewhere already.
    """
    assigned = await load_assigned(session, keys)
    rows = {
        LineKey(row.transaction_id, row.sequence, row.part): row
        for row in await session.execute(_PARTS, _columns(stored))
    }
    found = {}
    for place in history:
        key = place.line.key
        if key not in keys:
            continue
        parts = parts_of(place.line, assigned.get(key, []))
        before: dict[LineKey, Placement] = {}
        for part in parts:
            if part.key in rows:
                before[part.key] = _placement(part, rows[part.key], place)
            else:
                before[part.key] = nothing_yet(part) if part.key.part else place
        targets: dict[LineKey, UUID | None] = {key: None}
        for each in assigned.get(key, []):
            targets[LineKey(key.transaction_id, key.sequence, each.part)] = each.receivable_id
        found[key] = LineInParts(place.line, parts, targets, before)
    return found


def part_book(
    book: Book, in_parts: Mapping[LineKey, LineInParts], accounts: Collection[str]
) -> Book:
    """Return the book with the parts of lines that may move, in place of the lines.

    Args:
        book: as read, with whole lines.
        in_parts: lines in parts.
        accounts: those whose account money may move.
    """
    question = _Question(
        {each.receivable_id for each in book.receivables},
        {each.invoice_number for each in book.receivables},
        {each.usage_id for each in book.receivables},
        accounts,
    )
    history: list[Placement] = []
    changed: dict[LineKey, Line] = {}
    for place in book.history:
        found = in_parts.get(place.line.key)
        if found is None:
            history.append(place)
            continue
        for part in found.parts:
            before = found.before[part.key]
            if part != before.line:
                changed[part.key] = part
            elif not question.may_move(before, found.targets[part.key]):
                continue
            history.append(before)
    return replace(book, history=history, changed=changed)


@dataclass(frozen=True, slots=True)
class _Question:
    """What a book is about."""

    receivables: Collection[UUID]
    invoices: Collection[str]
    usages: Collection[str | None]
    accounts: Collection[str]

    def may_move(self, place: Placement, target: UUID | None) -> bool:
        line = place.line
        if not line.amount_cents:
            return False
        if line.key.part:
            return target in self.receivables
        if line.is_account_money:
            return line.account_number in self.accounts
        if place.receivable_id is not None:
            return place.receivable_id in self.receivables
        named = line.usage_id is not None and line.usage_id in self.usages
        return named or line.invoice_number in self.invoices


def by_line(
    placements: Sequence[Placement], in_parts: Mapping[LineKey, LineInParts]
) -> tuple[tuple[Placement, ...], dict[LineKey, list[Placement]]]:
    """Put the parts of lines together again.

    Returns:
        Placements of whole lines, and of each line in parts the parts that have moved.
    """
    lines: list[Placement] = []
    moved: dict[LineKey, list[Placement]] = {}
    for each in placements:
        key = each.line.key.whole
        if key in in_parts:
            moved.setdefault(key, []).append(each)
        else:
            lines.append(each)
    lines += [whole(in_parts[key].line, in_parts[key].standing(moved[key])) for key in moved]
    return tuple(lines), moved


def _placement(part: Line, row: Row[Any], whole: Placement) -> Placement:
    """Where a part stands; the rest of account money stands where account money was entered."""
    if part.is_account_money:
        applied = whole.applied
    else:
        applied = {row.receivable_id: row.applied_cents} if row.applied_cents else {}
    return Placement(
        line=part if part.amount_cents == row.amount_cents else _as_it_was(part, row.amount_cents),
        outcome=RemittanceOutcome(row.outcome),
        explanation=row.explanation,
        applied=applied,
        unapplied_cents=row.unapplied_cents,
        adjusted_cents=row.adjusted_cents,
        discount_cents=row.discount_cents,
        credit_account=row.credit_account,
        receivable_id=row.receivable_id,
        open_cents=row.open_cents,
        flagged=row.flagged,
    )


def _as_it_was(part: Line, cents: int) -> Line:
    return replace(part, amount_cents=cents)


def _columns(keys: Collection[LineKey]) -> dict[str, list[Any]]:
    return {
        "documents": [key.transaction_id for key in keys],
        "sequences": [key.sequence for key in keys],
    }
