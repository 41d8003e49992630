"""A price on every kWh alike: a product adder (Deep Green) or, below zero, a credit.

CCAs print these as lines of their own and let credits end on a date (MCE's Cost Relief Credit).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from services.rating.charging import Line, PeriodPart, energy_line, line_id
from services.rating.components.part import ComponentPart, Pricing, Units
from services.rating.rounding import line_cents


class PerUnit(ComponentPart):
    """One price for all energy, in units of the plan's `price_scale`; negative is a credit."""

    kind: Literal["per_unit"]
    price: Units
    basis: Literal["net", "delivered", "received"] = "net"
    """Which energy, where the customer generates; without generation net and delivered agree."""

    def lines(self, part: PeriodPart, pricing: Pricing, before: Sequence[Line]) -> list[Line]:  # noqa: ARG002  the same call for every kind
        """One line for the energy of the whole part."""
        energy = {
            "net": part.total_micro,
            "delivered": part.delivered_total_micro,
            "received": part.received_total_micro,
        }[self.basis]
        price = pricing.micro(self.price)
        cents = line_cents(energy, price, half_even=pricing.half_even)
        name = line_id(self.line_id, "all", part)
        return [energy_line(name, (self.code, self.label), part, (energy, price), cents)]
