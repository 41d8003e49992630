"""Writes where the parts of a line stand; few lines have any, so this is never in a hurry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from services.remittance.part_reader import LineInParts
from services.remittance.placements import LineKey, Placement
from services.remittance.store import WORKBENCH, line_place
from shared.platform.database import WriteSession

_KEY = ("transaction_id", "sequence", "part")


async def write_parts(
    session: WriteSession,
    in_parts: Mapping[LineKey, LineInParts],
    moved: Mapping[LineKey, Sequence[Placement]],
    at: datetime,
) -> None:
    """Keep where parts stand now, and that their lines have parts."""
    rows = [
        _row(part, in_parts[key].targets[part.line.key], at)
        for key, parts in moved.items()
        for part in parts
    ]
    added = insert(WORKBENCH.line_part)
    changes = {name: added.excluded[name] for name in rows[0] if name not in _KEY}
    await session.execute(added.on_conflict_do_update(index_elements=_KEY, set_=changes), rows)
    for key in moved:
        await session.execute(
            update(line_place)
            .where(
                line_place.c.transaction_id == key.transaction_id,
                line_place.c.sequence == key.sequence,
            )
            .values(in_parts=True)
        )


def _row(place: Placement, target: UUID | None, at: datetime) -> dict[str, Any]:
    key = place.line.key
    return {
        "transaction_id": key.transaction_id,
        "sequence": key.sequence,
        "part": key.part,
        "target_id": target,
        "amount_cents": place.line.amount_cents,
        "outcome": place.outcome.value,
        "receivable_id": place.receivable_id,
        "applied_cents": place.applied_cents,
        "unapplied_cents": place.unapplied_cents,
        "adjusted_cents": place.adjusted_cents,
        "discount_cents": place.discount_cents,
        "credit_account": place.credit_account,
        "open_cents": place.open_cents,
        "flagged": place.flagged,
        "explanation": place.explanation,
        "placed_at": at,
    }
