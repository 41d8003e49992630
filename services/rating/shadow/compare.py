"""Compares a utility's bill with ours, line by line, and says exactly where they part.

Lines are paired by their code first, then by the words and numbers that they share. What one side
has and the other has not is a difference of its own; nothing is netted away in the total.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.rating.charging import Line
from shared.contracts.charges import LineKind, ReportedLine
from shared.contracts.measures import from_cents, from_micro, to_cents, to_micro


class DifferenceKind(StrEnum):
    """How two bills part."""

    MISSING = "missing"
    """We would charge it, the utility did not."""
    EXTRA = "extra"
    """The utility charged it, we would not."""
    QUANTITY = "quantity"
    PRICE = "price"
    AMOUNT = "amount"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much may differ before a person must look; in 1e-6 kWh, 1e-6 dollars, and cents."""

    quantity_micro: int = 1_000
    price_micro: int = 0
    line_cents: int = 1
    total_cents: int = 2


@dataclass(frozen=True, slots=True)
class BilledLine:
    """One line of either bill, in integers; the amount has its sign."""

    code: str
    label: str
    quantity_micro: int | None
    price_micro: int | None
    cents: int

    @classmethod
    def of_ours(cls, line: Line) -> BilledLine:
        """A line as we would print it."""
        return cls(
            *(line.code, line.label, line.quantity_micro, line.price_micro, line.signed_cents)
        )

    @classmethod
    def of_theirs(cls, line: ReportedLine) -> BilledLine:
        """A line as the utility sent it."""
        sign = -1 if line.kind is LineKind.CREDIT else 1
        return cls(
            line.code,
            line.label,
            None if line.quantity is None else to_micro(line.quantity),
            None if line.price is None else to_micro(line.price),
            sign * to_cents(line.amount),
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two bills part; figures as people read them."""

    kind: DifferenceKind
    code: str
    label: str
    ours: str | None
    theirs: str | None
    difference_cents: int
    """Theirs less ours, of the line's amount or of the total."""


def compare(
    ours: Iterable[BilledLine], theirs: Iterable[BilledLine], tolerance: Tolerance
) -> list[Difference]:
    """Every difference between two bills beyond what is tolerated; empty when they agree."""
    mine, their = list(ours), list(theirs)
    found: list[Difference] = []
    for code in dict.fromkeys(line.code for line in (*mine, *their)):
        found += _of_code(
            [line for line in mine if line.code == code],
            [line for line in their if line.code == code],
            tolerance,
        )
    total, told = sum(line.cents for line in mine), sum(line.cents for line in their)
    if abs(told - total) > tolerance.total_cents:
        shown = str(from_cents(total)), str(from_cents(told))
        found.append(Difference(DifferenceKind.TOTAL, "", "TOTAL", *shown, told - total))
    return found


def _of_code(
    mine: list[BilledLine], their: list[BilledLine], tolerance: Tolerance
) -> list[Difference]:
    found: list[Difference] = []
    pairs = sorted(
        ((i, j) for i in range(len(mine)) for j in range(len(their))),
        key=lambda pair: (-_likeness(mine[pair[0]], their[pair[1]]), pair),
    )
    left, right = set(range(len(mine))), set(range(len(their)))
    for i, j in pairs:
        if i in left and j in right:
            left.discard(i)
            right.discard(j)
            found += _of_pair(mine[i], their[j], tolerance)
    found += [_alone(DifferenceKind.MISSING, mine[i]) for i in sorted(left) if mine[i].cents]
    found += [_alone(DifferenceKind.EXTRA, their[j]) for j in sorted(right) if their[j].cents]
    return found


def _likeness(ours: BilledLine, theirs: BilledLine) -> int:
    """How much two lines of one code share: words weigh most, then price, quantity, amount."""
    shared: Sequence[tuple[bool, int]] = (
        (ours.label == theirs.label, 8),
        (ours.price_micro == theirs.price_micro, 4),
        (ours.quantity_micro == theirs.quantity_micro, 2),
        (ours.cents == theirs.cents, 1),
    )
    return sum(weight for same, weight in shared if same)


def _of_pair(ours: BilledLine, theirs: BilledLine, tolerance: Tolerance) -> list[Difference]:
    figures = (
        (
            DifferenceKind.QUANTITY,
            ours.quantity_micro,
            theirs.quantity_micro,
            tolerance.quantity_micro,
        ),
        (DifferenceKind.PRICE, ours.price_micro, theirs.price_micro, tolerance.price_micro),
    )
    cents = theirs.cents - ours.cents
    found = [
        Difference(
            *(kind, ours.code, ours.label, str(from_micro(mine)), str(from_micro(their))), cents
        )
        for kind, mine, their, tolerated in figures
        if mine is not None and their is not None and abs(mine - their) > tolerated
    ]
    if abs(cents) > tolerance.line_cents:
        shown = str(from_cents(ours.cents)), str(from_cents(theirs.cents))
        found.append(Difference(DifferenceKind.AMOUNT, ours.code, ours.label, *shown, cents))
    return found


def _alone(kind: DifferenceKind, line: BilledLine) -> Difference:
    missing = kind is DifferenceKind.MISSING
    amount = str(from_cents(line.cents))
    return Difference(
        kind=kind,
        code=line.code,
        label=line.label,
        ours=amount if missing else None,
        theirs=None if missing else amount,
        difference_cents=-line.cents if missing else line.cents,
    )
