"""Recognises money that an earlier statement already told of.

Banks send the same movement again: in the next statement of an overlapping period, intraday and
at the end of the day, as BAI2 and once more as CTX with its addenda. Counted twice, a deposit
would look like a second payment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.remittance.bank.statement import FileFormat, Movement


@dataclass(frozen=True, slots=True)
class Known:
    """A movement that is kept, as one file told of it; one told twice is listed twice."""

    movement_id: UUID
    kind: FileFormat
    movement: Movement


def recognised(
    known: Iterable[Known], kind: FileFormat, told: Sequence[Movement]
) -> tuple[UUID | None, ...]:
    """Tell for each movement of a statement which kept one it is; None for a new one.

    The same money has the same day and the same amount. Two movements of a day that have both are
    told apart by the bank's number; across formats, where banks number differently, by their
    traces. Within one statement no two movements are ever the same.

    Args:
        known: everything kept of the account, at least for the days of the statement.
        kind: the format of the statement.
        told: its movements, in their order.
    """
    sightings = list(known)
    found: list[UUID | None] = []
    taken: set[UUID] = set()
    for movement in told:
        alike = [
            each
            for each in sightings
            if each.movement.booked_on == movement.booked_on
            and each.movement.cents == movement.cents
            and each.movement_id not in taken
        ]
        against = {each.movement_id for each in alike if _contradicts(each, kind, movement)}
        same = [each for each in alike if each.movement_id not in against]
        same.sort(key=lambda each: not _is_named_the_same(each, kind, movement))
        match = same[0].movement_id if same else None
        if match is not None:
            taken.add(match)
        found.append(match)
    return tuple(found)


def _is_named_the_same(known: Known, kind: FileFormat, movement: Movement) -> bool:
    if known.kind is kind and movement.bank_reference:
        return known.movement.bank_reference == movement.bank_reference
    return bool(_names(known.movement) & _names(movement))


def _contradicts(known: Known, kind: FileFormat, movement: Movement) -> bool:
    """Whether the bank's own words say that these are two movements."""
    if known.kind is kind:
        if known.movement.bank_reference or movement.bank_reference:
            return known.movement.bank_reference != movement.bank_reference
        return known.movement.text != movement.text
    traces = known.movement.traces and movement.traces
    return bool(traces) and not known.movement.traces & movement.traces


def _names(movement: Movement) -> frozenset[str]:
    return movement.traces | movement.references
