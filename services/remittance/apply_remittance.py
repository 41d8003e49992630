"""Takes in a utility's payment (820) and gives every line its place.

The parts of a long 820 come in any order. Nothing has an effect until all are there and the sums
agree with the total that the bank will see; then lines are placed in batches, each its own unit of
work, so a payment of a hundred thousand lines needs little memory and survives a crash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.remittance.book_reader import Touched
from services.remittance.document_reader import in_scope
from services.remittance.placements import Line, LineKey, dollars
from services.remittance.receivables import Scope
from services.remittance.rules import MatchingRules, rules_of
from services.remittance.settle_lines import Cause, announce, settle_lines
from services.remittance.store import remittance, remittance_line, remittance_part
from shared.contracts.envelope import Envelope
from shared.contracts.measures import from_cents, to_cents
from shared.contracts.parts import Environment, ServiceName
from shared.contracts.remittance import (
    RemittanceHeld,
    RemittanceLine,
    RemittanceLineKind,
    RemittanceReported,
)
from shared.platform.database import WriteSession, copy_rows, wait_lock

LINES_PER_BATCH = 2_000
"""Lines placed in one unit of work."""

SUM_MISMATCH = "SUM_MISMATCH"
COUNT_MISMATCH = "COUNT_MISMATCH"
DUPLICATE_TRACE = "DUPLICATE_TRACE"
TRACE_REUSED = "TRACE_REUSED"

_KINDS = {kind.value: kind for kind in RemittanceLineKind}

_LINE_COLUMNS = (
    "transaction_id",
    "part",
    "position",
    "sequence",
    "kind",
    "amount_cents",
    "invoiced_cents",
    "invoice_number",
    "account_number",
    "usage_id",
    "adjustment_cents",
    "adjusting_cents",
    "discount_cents",
    "reason_code",
    "reason_text",
    "posted_on",
    "digest",
)

_SUMMED = text(
    """
    SELECT count(*) AS lines, count(DISTINCT sequence) AS places,
           coalesce(min(sequence), 1) AS first, coalesce(max(sequence), 0) AS last,
           coalesce(sum(amount_cents), 0)::bigint AS cents,
           sha256(coalesce(string_agg(digest, ''::bytea ORDER BY sequence, digest), '')) AS content
    FROM remittance.remittance_line
    WHERE transaction_id = :transaction_id
    """
)


@dataclass(frozen=True, slots=True)
class _Hold:
    """Why a whole 820 is set aside."""

    code: str
    message: str


async def receive_part(
    session: WriteSession, envelope: Envelope, body: RemittanceReported, cause: Cause
) -> list[Envelope]:
    """Store one part of an 820; when it is the last, decide on the whole.

    Returns:
        What is to be said: the payment is held, or where its first lines went.
    """
    scope = Scope(envelope.cca, envelope.utility, envelope.environment)
    await wait_lock(session, scope.lock_name)
    if not await _store_part(session, scope, envelope, body, cause):
        return []
    arrived = await session.scalar(
        select(func.count())
        .select_from(remittance_part)
        .where(remittance_part.c.transaction_id == body.transaction_id)
    )
    if arrived != body.parts:
        return []
    return await _decide(session, scope, envelope, body, cause)


async def _store_part(
    session: WriteSession,
    scope: Scope,
    envelope: Envelope,
    body: RemittanceReported,
    cause: Cause,
) -> bool:
    """Keep a part's lines; `False` when this part was here before."""
    await session.execute(
        insert(remittance)
        .values(
            transaction_id=body.transaction_id,
            cca=scope.cca,
            utility=scope.utility,
            environment=scope.environment.value,
            trace_number=body.trace_number,
            total_cents=to_cents(body.total),
            settled_on=body.settled_on,
            line_count=body.line_count,
            parts=body.parts,
            state="arriving",
            file_id=body.file_id,
            correlation_id=envelope.correlation_id,
            causation_id=envelope.id,
            received_at=cause.at,
        )
        .on_conflict_do_nothing()
    )
    taken = await session.execute(
        insert(remittance_part)
        .values(
            transaction_id=body.transaction_id,
            part=body.part,
            message_id=envelope.id,
            received_at=cause.at,
        )
        .on_conflict_do_nothing()
        .returning(remittance_part.c.part)
    )
    if taken.first() is None:
        return False
    rows = (_line_row(body, position, line) for position, line in enumerate(body.lines))
    await copy_rows(session, remittance_line, _LINE_COLUMNS, rows)
    return True


def _line_row(body: RemittanceReported, position: int, line: RemittanceLine) -> tuple[Any, ...]:
    said = _said(line)
    # What a line says, whatever 820 it is in, tells a repeated payment from another one.
    digest = hashlib.sha256(repr(said).encode()).digest()
    return (body.transaction_id, body.part, position, *said, digest)


def _said(line: RemittanceLine) -> tuple[Any, ...]:
    return (
        line.sequence,
        line.kind.value,
        to_cents(line.amount),
        _cents(line.invoiced),
        line.invoice_number,
        line.account_number,
        line.usage_id,
        _cents(line.adjustment_amount),
        to_cents(line.adjusting),
        _cents(line.discount),
        line.reason.code if line.reason else None,
        line.reason.text if line.reason else None,
        line.posted_on,
    )


def _cents(amount: Decimal | None) -> int | None:
    return None if amount is None else to_cents(amount)


async def _decide(
    session: WriteSession,
    scope: Scope,
    envelope: Envelope,
    body: RemittanceReported,
    cause: Cause,
) -> list[Envelope]:
    summed = (await session.execute(_SUMMED, {"transaction_id": body.transaction_id})).one()
    hold = _wrong_sums(body, summed) or await _used_trace(session, scope, body, summed.content)
    await session.execute(
        update(remittance)
        .where(remittance.c.transaction_id == body.transaction_id)
        .values(
            state="held" if hold else "posting",
            held_code=hold.code if hold else None,
            held_message=hold.message if hold else None,
            lines_total_cents=summed.cents,
            content=summed.content,
            decided_at=cause.at,
        )
    )
    if hold is None:
        return await place_next_lines(session, body.transaction_id, cause.at) or []
    held = RemittanceHeld(
        transaction_id=body.transaction_id,
        trace_number=body.trace_number,
        total=body.total,
        lines_total=from_cents(summed.cents),
        code=hold.code,
        message=hold.message,
    )
    return [envelope.answer(held, at=cause.at, source=ServiceName.REMITTANCE)]


def _wrong_sums(body: RemittanceReported, summed: Any) -> _Hold | None:  # noqa: ANN401  a row
    """Hold an 820 whose lines are not whole, or do not add to its total (BPR02)."""
    whole = summed.lines == summed.places == body.line_count == summed.last
    if not whole or summed.first != 1:
        return _Hold(
            COUNT_MISMATCH,
            f"The 820 announces {body.line_count} lines, {summed.places} different ones arrived.",
        )
    difference = to_cents(body.total) - summed.cents
    if difference:
        return _Hold(
            SUM_MISMATCH,
            f"The lines add to {dollars(summed.cents)}, the 820 says "
            f"{dollars(to_cents(body.total))}: a difference of {dollars(difference)}.",
        )
    return None


async def _used_trace(
    session: WriteSession, scope: Scope, body: RemittanceReported, content: bytes
) -> _Hold | None:
    """Hold an 820 whose trace number (TRN02) has moved money before."""
    earlier = (
        await session.execute(
            select(
                remittance.c.content,
                remittance.c.total_cents,
                remittance.c.settled_on,
                remittance.c.received_at,
            ).where(
                in_scope(remittance, scope),
                remittance.c.trace_number == body.trace_number,
                remittance.c.transaction_id != body.transaction_id,
                remittance.c.state.in_(["posting", "posted"]),
            )
        )
    ).first()
    if earlier is None:
        return None
    day = earlier.received_at.date().isoformat()
    if bytes(earlier.content) == content and earlier.total_cents == to_cents(body.total):
        return _Hold(
            DUPLICATE_TRACE,
            f"Trace {body.trace_number} was received on {day} with the same lines; no effect.",
        )
    return _Hold(
        TRACE_REUSED,
        f"Trace {body.trace_number} was received on {day} with other lines.",
    )


async def place_next_lines(
    session: WriteSession, transaction_id: UUID, at: datetime
) -> list[Envelope] | None:
    """Place the next batch of lines of an 820 whose sums are right.

    Args:
        session: the unit of work.
        transaction_id: the 820.
        at: when it is recorded.

    Returns:
        Where the lines went; `None` when the 820 has none left or is not to be placed.
    """
    header = (
        await session.execute(
            select(remittance).where(remittance.c.transaction_id == transaction_id)
        )
    ).one()
    scope = Scope(header.cca, header.utility, Environment(header.environment))
    await wait_lock(session, scope.lock_name)
    through = await session.scalar(
        select(remittance.c.placed_through).where(
            remittance.c.transaction_id == transaction_id, remittance.c.state == "posting"
        )
    )
    if through is None:
        return None
    cause = Cause(header.causation_id, at, header.settled_on)
    lines = await _lines_after(session, transaction_id, through, rules_of(scope.utility))
    settled = await settle_lines(session, scope, Touched.by_lines(lines), cause, lines)
    done = through + len(lines) >= header.line_count
    await session.execute(
        update(remittance)
        .where(remittance.c.transaction_id == transaction_id)
        .values(
            placed_through=through + len(lines),
            state="posted" if done else "posting",
            posted_at=at if done else None,
        )
    )
    return await announce(session, scope, settled, cause)


async def _lines_after(
    session: WriteSession, transaction_id: UUID, after: int, rules: MatchingRules
) -> Sequence[Line]:
    table = remittance_line
    rows = await session.execute(
        select(
            table.c.sequence,
            table.c.kind,
            table.c.amount_cents,
            table.c.invoice_number,
            table.c.usage_id,
            table.c.account_number,
            table.c.adjusting_cents,
            table.c.discount_cents,
            table.c.reason_code,
        )
        .where(table.c.transaction_id == transaction_id, table.c.sequence > after)
        .order_by(table.c.sequence)
        .limit(LINES_PER_BATCH)
    )
    kinds = _KINDS
    return [
        Line(
            key=LineKey(transaction_id, sequence),
            kind=kinds[kind] if reason_code is None else rules.kind(kinds[kind], reason_code),
            amount_cents=amount_cents,
            invoice_number=invoice_number,
            usage_id=usage_id,
            account_number=account_number,
            adjusting_cents=adjusting_cents,
            offered_cents=discount_cents or 0,
            reason_code=reason_code,
        )
        for (
            sequence,
            kind,
            amount_cents,
            invoice_number,
            usage_id,
            account_number,
            adjusting_cents,
            discount_cents,
            reason_code,
        ) in rows
    ]
