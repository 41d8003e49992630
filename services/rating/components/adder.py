"""A dated adder or credit on top of the generation price: per kWh, day, month or percent.

What boards grant for a time (rate relief, storage credits, export bonuses) and what products add.
A credit may be kept from turning the bill into a payment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import model_validator

from services.rating.charging import Amount, Line, PeriodPart, amount_line, line_id
from services.rating.components.fixed import Proration, fixed_amount
from services.rating.components.part import ComponentPart, Pricing, Rate, Units
from services.rating.rounding import line_cents, tax_cents
from shared.contracts.charges import ChargeUnit, LineKind


class Adder(ComponentPart):
    """An adder, or below zero a credit; it usually bears `starts` and `through`.

    `price` is in units of the plan's `price_scale` (per kWh, day or month); `rate_micro` is a share
    of the part's generation lines so far in millionths (10 % is 100,000).
    """

    kind: Literal["adder"]
    per: Literal["kwh", "day", "month", "percent"]
    price: Units | None = None
    rate_micro: Rate | None = None
    proration: Proration = "days"
    never_below_zero: bool = False
    """A credit ends where the part's generation lines are used up."""

    @model_validator(mode="after")
    def _has_its_number(self) -> Self:
        by_rate = self.per == "percent"
        if (self.rate_micro is None) == by_rate or (self.price is None) != by_rate:
            raise ValueError(f"{self.line_id}: percent has a rate_micro, every other a price")
        return self

    def lines(self, part: PeriodPart, pricing: Pricing, before: Sequence[Line]) -> list[Line]:
        """One line, or none where the whole is charged with another part."""
        base = sum(line.signed_cents for line in before if line.kind is not LineKind.TAX)
        amount = self._amount(part, pricing, base)
        if amount is None:
            return []
        if self.never_below_zero and base + amount.cents < 0:
            amount = Amount(-max(base, 0), f"{amount.rule}, no more than the {base} cents so far")
        return [
            amount_line(line_id(self.line_id, "all", part), (self.code, self.label), part, amount)
        ]

    def _amount(self, part: PeriodPart, pricing: Pricing, base: int) -> Amount | None:
        if self.per == "percent":
            cents = tax_cents(base, self.rate_micro or 0, half_even=pricing.half_even)
            return Amount(
                cents, f"share of {base} cents of generation", None, None, self.rate_micro
            )
        price = pricing.micro(self.price or 0)
        if self.per == "kwh":
            energy = part.total_micro
            cents = line_cents(energy, price, half_even=pricing.half_even)
            return Amount(cents, "energy times price", energy, ChargeUnit.KWH, price)
        return fixed_amount(price, self.per, self.proration, part, half_even=pricing.half_even)
