"""Moves money: places new lines, re-places those a change has moved, books it and tells of it.

The one way in which anything is ever applied, whether a payment came, a charge was sent, a cancel
took effect or a verdict arrived. The caller holds the scope's lock and the unit of work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from services.remittance.book_reader import LoadedBook, Touched, load_book
from services.remittance.books import post
from services.remittance.journal import line_posting, placement_posting
from services.remittance.ledger.write_off_effect import write_off_postings
from services.remittance.matching import match
from services.remittance.part_reader import by_line
from services.remittance.part_store import write_parts
from services.remittance.placements import Line, LineKey, Placement
from services.remittance.receivables import Scope
from services.remittance.rules import rules_of
from services.remittance.store import line_place, placement, remittance
from shared.contracts.envelope import Envelope
from shared.contracts.measures import from_cents
from shared.contracts.parts import MESSAGE_ITEMS_MAX, ServiceName
from shared.contracts.remittance import AppliedLine, RemittanceApplied, RemittanceOutcome
from shared.platform.database import WriteSession, copy_rows

EXPLANATION_LENGTH_MAX = 264
"""What a message carries of a sentence; numbers of partners can be long."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What makes money move: the message behind it, and when.

    Attributes:
        message_id: the message that set it off.
        at: when it is recorded.
        effective_on: the day it counts for in the books; a payment's is its settlement day.
    """

    message_id: UUID
    at: datetime
    effective_on: date


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement changed.

    Attributes:
        placements: lines with a new place, in the order of entry.
        invoice_numbers: receivable → invoice number, for those lines.
        accounts: receivable → account number.
        parts: of lines that people placed parts of, where each part stands.
        before: where earlier lines, and parts of lines, stood.
    """

    placements: tuple[Placement, ...]
    invoice_numbers: Mapping[UUID, str]
    accounts: Mapping[UUID, str]
    parts: Mapping[LineKey, tuple[Placement, ...]] = field(default_factory=dict)
    before: Mapping[LineKey, Placement] = field(default_factory=dict)


async def settle_lines(
    session: WriteSession,
    scope: Scope,
    touched: Touched,
    cause: Cause,
    lines: Sequence[Line] = (),
) -> Settled:
    """Settle everything that was touched, and write what moved.

    Args:
        session: the unit of work, with the scope's lock taken.
        scope: whose money.
        touched: changed invoices, usages and accounts, those of the new lines included.
        cause: why.
        lines: new lines, in the order of their 820.

    Raises:
        ConservationError, UnbalancedError: a bug; the unit of work must not commit.
    """
    rules = rules_of(scope.utility)
    loaded = await load_book(session, scope, touched, lines, rules)
    placements = match(lines, loaded.book, rules)
    before = {each.line.key: each for each in loaded.book.history}
    receivables = {each.receivable_id: each for each in loaded.book.receivables}
    moved: dict[LineKey, list[Placement]] = {}
    if loaded.in_parts:
        placements, moved = by_line(placements, loaded.in_parts)
    day = cause.effective_on
    postings = [
        placement_posting(before.get(each.line.key), each, receivables, day)
        if each.line.key not in moved
        else line_posting(
            [(before[part.line.key], part) for part in moved[each.line.key]], receivables, day
        )
        for each in placements
    ]
    await _write_places(session, scope, placements, loaded, cause)
    parts = {key: loaded.in_parts[key].holding(each) for key, each in moved.items()}
    if moved:
        await write_parts(session, loaded.in_parts, moved, cause.at)
    await post(session, scope, [each for each in postings if each is not None], cause.at)
    if loaded.written_off:
        changed = [receivables[key] for key in loaded.written_off]
        due = await write_off_postings(session, changed, cause.message_id, cause.effective_on)
        await post(session, scope, due, cause.at)
    return Settled(
        placements,
        {key: each.invoice_number for key, each in receivables.items()},
        {key: each.account_number for key, each in receivables.items()},
        parts,
        before,
    )


_PLACE_COLUMNS = (
    "transaction_id",
    "sequence",
    "cca",
    "utility",
    "environment",
    "kind",
    "amount_cents",
    "invoice_number",
    "usage_id",
    "account_number",
    "adjusting_cents",
    "offered_cents",
    "reason_code",
    "outcome",
    "receivable_id",
    "applied_cents",
    "unapplied_cents",
    "adjusted_cents",
    "discount_cents",
    "credit_account",
    "open_cents",
    "flagged",
    "explanation",
    "moves",
    "placed_at",
)
_HISTORY_COLUMNS = (
    "transaction_id",
    "sequence",
    "number",
    "outcome",
    "receivable_id",
    "applied_cents",
    "unapplied_cents",
    "adjusted_cents",
    "discount_cents",
    "open_cents",
    "flagged",
    "explanation",
    "caused_by",
    "placed_at",
)
_MOVE_PLACES = text(
    """
    UPDATE remittance.line_place AS place
    SET outcome = moved.outcome, receivable_id = moved.receivable_id,
        applied_cents = moved.applied_cents, unapplied_cents = moved.unapplied_cents,
        adjusted_cents = moved.adjusted_cents, discount_cents = moved.discount_cents,
        credit_account = moved.credit_account, open_cents = moved.open_cents,
        flagged = moved.flagged, explanation = moved.explanation,
        moves = place.moves + 1, placed_at = :at
    FROM unnest(
        CAST(:transaction_id AS uuid[]), CAST(:sequence AS integer[]), CAST(:outcome AS text[]),
        CAST(:receivable_id AS uuid[]), CAST(:applied_cents AS bigint[]),
        CAST(:unapplied_cents AS bigint[]), CAST(:adjusted_cents AS bigint[]),
        CAST(:discount_cents AS bigint[]), CAST(:credit_account AS text[]),
        CAST(:open_cents AS bigint[]), CAST(:flagged AS boolean[]), CAST(:explanation AS text[])
    ) AS moved (transaction_id, sequence, outcome, receivable_id, applied_cents,
                unapplied_cents, adjusted_cents, discount_cents, credit_account, open_cents,
                flagged, explanation)
    WHERE place.transaction_id = moved.transaction_id AND place.sequence = moved.sequence
    """
)


async def _write_places(
    session: WriteSession,
    scope: Scope,
    placements: Sequence[Placement],
    loaded: LoadedBook,
    cause: Cause,
) -> None:
    new = [each for each in placements if each.line.key not in loaded.moves]
    moved = [each for each in placements if each.line.key in loaded.moves]
    if new:
        rows = (_place_row(scope, each, cause) for each in new)
        await copy_rows(session, line_place, _PLACE_COLUMNS, rows)
    if moved:
        await session.execute(_MOVE_PLACES, {"at": cause.at} | _moved_columns(moved))
    if placements:
        history = (_history_row(each, loaded.moves, cause) for each in placements)
        await copy_rows(session, placement, _HISTORY_COLUMNS, history)


def _place_row(scope: Scope, place: Placement, cause: Cause) -> tuple[Any, ...]:
    line = place.line
    return (
        line.key.transaction_id,
        line.key.sequence,
        scope.cca,
        scope.utility,
        scope.environment,
        line.kind,
        line.amount_cents,
        line.invoice_number,
        line.usage_id,
        line.account_number,
        line.adjusting_cents,
        line.offered_cents,
        line.reason_code,
        place.outcome,
        place.receivable_id,
        place.applied_cents,
        place.unapplied_cents,
        place.adjusted_cents,
        place.discount_cents,
        place.credit_account,
        place.open_cents,
        place.flagged,
        place.explanation,
        1,
        cause.at,
    )


def _history_row(place: Placement, moves: Mapping[LineKey, int], cause: Cause) -> tuple[Any, ...]:
    return (
        place.line.key.transaction_id,
        place.line.key.sequence,
        moves.get(place.line.key, 0) + 1,
        place.outcome,
        place.receivable_id,
        place.applied_cents,
        place.unapplied_cents,
        place.adjusted_cents,
        place.discount_cents,
        place.open_cents,
        place.flagged,
        place.explanation,
        cause.message_id,
        cause.at,
    )


def _moved_columns(moved: Sequence[Placement]) -> dict[str, list[Any]]:
    return {
        "transaction_id": [each.line.key.transaction_id for each in moved],
        "sequence": [each.line.key.sequence for each in moved],
        "outcome": [each.outcome.value for each in moved],
        "receivable_id": [each.receivable_id for each in moved],
        "applied_cents": [each.applied_cents for each in moved],
        "unapplied_cents": [each.unapplied_cents for each in moved],
        "adjusted_cents": [each.adjusted_cents for each in moved],
        "discount_cents": [each.discount_cents for each in moved],
        "credit_account": [each.credit_account for each in moved],
        "open_cents": [each.open_cents for each in moved],
        "flagged": [each.flagged for each in moved],
        "explanation": [each.explanation for each in moved],
    }


async def announce(
    session: WriteSession, scope: Scope, settled: Settled, cause: Cause
) -> list[Envelope]:
    """Return `RemittanceApplied` messages for all lines that moved, by the 820 they belong to.

    They carry the correlation of the 820's own file, whatever message moved the line.
    """
    by_payment: dict[UUID, list[AppliedLine]] = {}
    for each in settled.placements:
        lines = by_payment.setdefault(each.line.key.transaction_id, [])
        for part in settled.parts.get(each.line.key, (each,)):
            lines.extend(applied_lines(part, settled))
    if not by_payment:
        return []
    rows = await session.execute(
        select(
            remittance.c.transaction_id,
            remittance.c.trace_number,
            remittance.c.total_cents,
            remittance.c.correlation_id,
        ).where(remittance.c.transaction_id.in_(list(by_payment)))
    )
    headers = {row.transaction_id: row for row in rows}
    counted = await session.execute(
        select(line_place.c.transaction_id, func.count().label("lines"))
        .where(
            line_place.c.transaction_id.in_(list(by_payment)),
            line_place.c.unapplied_cents != 0,
        )
        .group_by(line_place.c.transaction_id)
    )
    waiting = {row.transaction_id: row.lines for row in counted}
    return [
        Envelope.about(
            RemittanceApplied(
                transaction_id=key,
                trace_number=headers[key].trace_number,
                total=from_cents(headers[key].total_cents),
                waiting_lines=waiting.get(key, 0),
                lines=some,
            ),
            at=cause.at,
            source=ServiceName.REMITTANCE,
            correlation_id=headers[key].correlation_id,
            cca=scope.cca,
            utility=scope.utility,
            environment=scope.environment,
            causation_id=cause.message_id,
        )
        for key, lines in by_payment.items()
        for some in _messages_of(lines)
    ]


def _messages_of(lines: Sequence[AppliedLine]) -> Iterable[tuple[AppliedLine, ...]]:
    for start in range(0, len(lines), MESSAGE_ITEMS_MAX):
        yield tuple(lines[start : start + MESSAGE_ITEMS_MAX])


def applied_lines(place: Placement, settled: Settled) -> Iterable[AppliedLine]:
    """Tell where a line went; account money on several charges is told once for each.

    The pieces share the line's sequence and add to its amount.
    """
    pieces = list(place.applied.items())
    reversal = place.outcome is RemittanceOutcome.REVERSED
    whole = place.outcome if reversal else RemittanceOutcome.MATCHED
    for key, cents in pieces[:-1]:
        yield _applied_line(place, settled, key, (cents, cents, 0), whole)
    last, cents = pieces[-1] if pieces else (place.receivable_id, 0)
    rest = place.line.amount_cents - sum(each for _, each in pieces[:-1])
    yield _applied_line(place, settled, last, (rest, cents, place.adjusted_cents), place.outcome)


def _applied_line(
    place: Placement,
    settled: Settled,
    receivable_id: UUID | None,
    money: tuple[int, int, int],
    outcome: RemittanceOutcome,
) -> AppliedLine:
    amount, applied, adjusted = money
    invoice = place.line.invoice_number
    account = place.line.account_number
    if receivable_id is not None:
        invoice = settled.invoice_numbers.get(receivable_id, invoice)
        account = account or settled.accounts.get(receivable_id)
    opened = place.open_cents if receivable_id == place.receivable_id else None
    return AppliedLine(
        sequence=place.line.key.sequence,
        outcome=outcome,
        invoice_number=invoice,
        account_number=account,
        invoice_transaction_id=receivable_id,
        amount=from_cents(amount),
        applied=from_cents(applied),
        unapplied=from_cents(amount - applied - adjusted),
        adjusted=from_cents(adjusted),
        open_balance=None if opened is None else from_cents(opened),
        explanation=place.explanation[:EXPLANATION_LENGTH_MAX],
    )
