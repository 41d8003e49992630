"""Respects what people placed by hand: a line they touched is matched in parts.

Each part that somebody put on a charge is matched as a line that names this charge, so cancels,
reversals and late payments count with it as with any other; a part that was set aside waits. What
nobody placed is still matched by the rules. The parts are a sum of decisions, and sums do not ask
in which order they were made: the books end the same whatever was known first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.remittance.placements import Line, LineKey, Placement, dollars
from shared.contracts.remittance import RemittanceOutcome


@dataclass(frozen=True, slots=True)
class Assigned:
    """What people placed of a line on one charge, or set aside: the sum of their decisions.

    Attributes:
        part: its number within the line, from 1; a charge keeps its number.
        receivable_id: the charge; none where the money is set aside.
        invoice_number: of the charge.
        cents: signed as the line.
    """

    part: int
    receivable_id: UUID | None
    invoice_number: str | None
    cents: int


def parts_of(line: Line, assigned: Sequence[Assigned]) -> list[Line]:
    """Return the parts of a line: first what the rules still place, then what people placed.

    Args:
        line: as the utility sent it.
        assigned: all that people ever placed of it; what they took back has 0 cents.
    """
    taken = sum(each.cents for each in assigned)
    rest = replace(
        line,
        amount_cents=line.amount_cents - taken,
        # A discount goes with the money that takes it.
        offered_cents=line.offered_cents if line.paying_cents != taken else 0,
    )
    return [rest, *(_part(line, each) for each in assigned)]


def _part(line: Line, assigned: Assigned) -> Line:
    return replace(
        line,
        key=LineKey(line.key.transaction_id, line.key.sequence, assigned.part),
        amount_cents=assigned.cents,
        invoice_number=assigned.invoice_number,
        usage_id=None,
        adjusting_cents=0,
        offered_cents=0,
    )


def nothing_yet(part: Line) -> Placement:
    """Return where a part stands before anything was put there."""
    return Placement(replace(part, amount_cents=0), RemittanceOutcome.BY_HAND, "", {})


def placed_by_hand(place: Placement) -> Placement:
    """Mark a part's place as the decision of people, whatever became of it."""
    line = place.line
    if not line.amount_cents:
        words = "Taken back."
    elif line.invoice_number is None:
        words = f"Set aside by hand: {dollars(line.amount_cents)} waits until somebody places it."
    else:
        words = f"By hand: {place.explanation[:1].lower()}{place.explanation[1:]}"
    return replace(place, outcome=RemittanceOutcome.BY_HAND, explanation=words)


def whole(line: Line, parts: Sequence[Placement]) -> Placement:
    """Return where a line stands that people placed parts of.

    Args:
        line: as the utility sent it.
        parts: where each part stands, the rest first.
    """
    rest = parts[0]
    placed = [each for each in parts[1:] if each.line.amount_cents]
    if not placed:
        return rest
    every = [*placed, rest]
    applied: dict[UUID, int] = {}
    for each in every:
        for key, cents in each.applied.items():
            applied[key] = applied.get(key, 0) + cents
    return Placement(
        line=line,
        outcome=RemittanceOutcome.BY_HAND,
        explanation=" ".join(each.explanation for each in every if each.line.amount_cents),
        applied=applied,
        unapplied_cents=sum(each.unapplied_cents for each in every),
        adjusted_cents=sum(each.adjusted_cents for each in every),
        discount_cents=sum(each.discount_cents for each in every),
        credit_account=rest.credit_account,
        receivable_id=rest.receivable_id,
        flagged=any(each.flagged for each in every),
    )
