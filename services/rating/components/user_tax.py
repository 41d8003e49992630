"""The city's utility users tax on the CCA's charges.

The base is the sum of the *rounded* generation lines of the same sub-period without the energy
surcharge: 3CE and Santa Cruz bills are reproduced to the cent only so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.rating.charging import Line, PeriodPart, label_of, line_id
from services.rating.rounding import tax_cents
from shared.contracts.charges import LineKind

CODE: Final = "UT"
WORDS: Final = (" UTILITY", " USERS TAX")
"""Follow the city on the label of a user tax; a label without room loses of the second only."""


def user_tax(
    part: PeriodPart,
    city: str,
    rate_micro: int,
    before: Sequence[Line],
    *,
    half_even: bool,
    base_cents_max: int | None = None,
) -> list[Line]:
    """The tax on the lines `before` it, credits counted; no line when nothing is due.

    Args:
        part: the days it is for.
        city: printed in the label.
        rate_micro: the rate in millionths (8.5 % is 85,000).
        before: the part's lines so far; taxes among them are left out of the base.
        half_even: rounding of the plan.
        base_cents_max: what the bill asks for in all, where credits of one part pay for another.
    """
    base = generation_cents(before)
    if base_cents_max is not None:
        base = min(base, base_cents_max)
    cents = tax_cents(max(base, 0), rate_micro, half_even=half_even)
    if not cents:
        return []
    return [
        Line(
            line_id=line_id("user_tax", "all", part),
            kind=LineKind.TAX,
            code=CODE,
            label=label_of(f"{city}{''.join(WORDS)}", part),
            quantity_micro=None,
            unit=None,
            price_micro=rate_micro,
            cents=cents,
            rule=share_rule(base),
        )
    ]


def city_of(line: Line) -> str:
    """The city that a line is owed to; "" for every line but a user tax.

    The label is where a charge keeps it, whenever it was rated; `CITY_LENGTH_MAX` leaves room for
    the city on every label.
    """
    return line.label.partition(WORDS[0])[0] if line.code == CODE else ""


def share_rule(base_cents: int) -> str:
    """The words of the tax on so many cents."""
    return f"share of {base_cents} cents of generation lines"


def generation_cents(lines: Sequence[Line]) -> int:
    """What lines come to, taxes left out and credits counted."""
    return sum(line.signed_cents for line in lines if line.kind is not LineKind.TAX)
