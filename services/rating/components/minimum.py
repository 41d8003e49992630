"""A minimum charge: what the generation of a bill must at least come to.

It is settled with the last part of a bill, on the sum of all its generation lines: a bill that is
cut in two by a rate change must not pay the minimum twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from services.rating.charging import Amount, Line, PeriodPart, amount_line, line_id
from services.rating.components.fixed import ONE, Per
from services.rating.components.part import ComponentPart, Pricing, Units
from services.rating.rounding import MICRO, shared_cents
from shared.contracts.charges import LineKind


class Minimum(ComponentPart):
    """The least a bill's generation lines come to, a month or a day of the billing period."""

    kind: Literal["minimum"]
    price: Annotated[Units, Field(gt=0)]
    per: Per

    def lines(self, part: PeriodPart, pricing: Pricing, before: Sequence[Line]) -> list[Line]:
        """A line for what is missing; none when nothing is, or more parts follow."""
        if not part.closes:
            return []
        count = part.period_days if self.per == "day" else 1
        price = pricing.micro(self.price)
        least = shared_cents(count * MICRO, price, ONE, half_even=pricing.half_even)
        billed = part.earlier_cents + sum(
            line.signed_cents for line in before if line.kind is not LineKind.TAX
        )
        if billed >= least:
            return []
        rule = f"minimum of {least} cents less {billed} cents of generation lines"
        name = line_id(self.line_id, "all", part)
        words = (self.code, self.label)
        return [amount_line(name, words, part, Amount(least - billed, rule))]
