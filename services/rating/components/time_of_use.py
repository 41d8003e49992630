"""Energy by time of use: so many kWh on-peak at one price, so many off-peak at another.

The ordinary kind of a generation price. A flat price is the same thing with one bucket, `total`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from services.rating.charging import Line, PeriodPart, energy_line, line_id
from services.rating.components.buckets import BUCKET_WORDS, energy_in, refuse_unpriced
from services.rating.components.part import ComponentPart, Pricing, Units
from services.rating.holds import RateNotFound
from services.rating.rounding import line_cents
from shared.contracts.usage import Bucket


class TimeOfUse(ComponentPart):
    """A price for each bucket of each season, in units of the plan's `price_scale`."""

    kind: Literal["time_of_use"]
    prices: Annotated[dict[str, dict[Bucket, Units]], Field(min_length=1)]

    def buckets(self, season: str) -> frozenset[Bucket]:
        """The quantities this component needs in a season.

        Raises:
            RateNotFound: the plan has no prices for the season.
        """
        if season not in self.prices:
            raise RateNotFound(f"the plan has no prices for the season {season}")
        return frozenset(self.prices[season])

    def seasons_named(self) -> frozenset[str]:
        """The seasons that its price table names."""
        return frozenset(self.prices)

    @property
    def prices_energy(self) -> bool:
        """A price of generation by itself."""
        return True

    def lines(self, part: PeriodPart, pricing: Pricing, before: Sequence[Line]) -> list[Line]:  # noqa: ARG002  the same call for every kind
        """One line a bucket, in the order of the plan file.

        Raises:
            RateNotFound: the plan has no prices for the season.
            DeterminantMissing: a bucket with a price is not in the 867.
            DeterminantUnpriced: the 867 has energy in a bucket without a price.
        """
        refuse_unpriced(part, self.buckets(part.season))
        lines = []
        for bucket, units in self.prices[part.season].items():
            energy, price = energy_in(part, bucket), pricing.micro(units)
            cents = line_cents(energy, price, half_even=pricing.half_even)
            text = f"{self.label} {BUCKET_WORDS[bucket]} {part.season}"
            name = line_id(self.line_id, bucket, part)
            lines.append(energy_line(name, (self.code, text), part, (energy, price), cents))
        return lines
