"""Energy in tiers: the first so many kWh at one price, the rest at another, by bucket if need be.

Tiers are measured on the whole energy of a part and spread over its buckets by their share, the way
PG&E's schedules and NREL's bill engine do it; there is no ladder for each bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

from services.rating.charging import Amount, Line, PeriodPart, amount_line, line_id
from services.rating.components.buckets import BUCKET_WORDS, energy_in, refuse_unpriced
from services.rating.components.part import ComponentPart, Pricing, Units
from services.rating.holds import RateNotFound
from services.rating.rounding import line_cents
from shared.contracts.charges import ChargeUnit
from shared.contracts.usage import Bucket

MICRO_PER_WH = 1_000


class TierLimit(BaseModel):
    """Where a tier ends: an allowance a day (baseline), or one for the billing period."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    daily_wh: Annotated[StrictInt, Field(gt=0, le=10**12)] | None = None
    """Watt-hours a day; counts the days of the sub-period."""
    period_wh: Annotated[StrictInt, Field(gt=0, le=10**12)] | None = None
    """Watt-hours a billing period; a sub-period has its share by days."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.daily_wh is None) == (self.period_wh is None):
            raise ValueError("a tier ends at daily_wh or at period_wh, one of them")
        return self

    def micro(self, part: PeriodPart) -> int:
        """The end of the tier for a part, in 1e-6 kWh."""
        if self.daily_wh is not None:
            return self.daily_wh * MICRO_PER_WH * part.days
        return (self.period_wh or 0) * MICRO_PER_WH * part.days // part.period_days

    @property
    def _ladder(self) -> tuple[bool, int]:
        return self.daily_wh is None, self.daily_wh or self.period_wh or 0

    def below(self, other: TierLimit) -> bool:
        """Whether it lies below another limit of the same kind."""
        (kind, size), (other_kind, other_size) = self._ladder, other._ladder
        return kind == other_kind and size < other_size


class Tiered(ComponentPart):
    """Prices of each bucket by tier; the last tier has no end."""

    kind: Literal["tiered"]
    limits: dict[str, Annotated[tuple[TierLimit, ...], Field(min_length=1)]]
    """Season → where each tier but the last ends."""
    prices: Annotated[
        dict[str, dict[Bucket, Annotated[tuple[Units, ...], Field(min_length=2)]]],
        Field(min_length=1),
    ]
    """Season → bucket → the price of each tier."""

    @model_validator(mode="after")
    def _tiers_fit(self) -> Self:
        if set(self.limits) != set(self.prices):
            raise ValueError("limits and prices name different seasons")
        for season, limits in self.limits.items():
            if not all(low.below(high) for low, high in pairwise(limits)):
                raise ValueError(f"the limits of {season} must rise and be of one kind")
            for bucket, prices in self.prices[season].items():
                if len(prices) != len(limits) + 1:
                    raise ValueError(f"{season} {bucket} needs {len(limits) + 1} prices")
        return self

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
        """One line a bucket and tier; tiers that were not reached print nothing.

        Raises:
            RateNotFound: the plan has no prices for the season.
            DeterminantMissing: a bucket with a price is not in the 867.
            DeterminantUnpriced: the 867 has energy in a bucket without a price.
        """
        refuse_unpriced(part, self.buckets(part.season))
        ends = [limit.micro(part) for limit in self.limits[part.season]]
        lines = []
        for bucket, prices in self.prices[part.season].items():
            shares = spread(energy_in(part, bucket), part.total_micro, ends)
            for tier, (energy, units) in enumerate(zip(shares, prices, strict=True), start=1):
                if energy or tier == 1:
                    lines.append(self._line(part, pricing, (bucket, tier), (energy, units)))
        return lines

    def _line(
        self, part: PeriodPart, pricing: Pricing, place: tuple[Bucket, int], priced: tuple[int, int]
    ) -> Line:
        (bucket, tier), (energy, units) = place, priced
        price = pricing.micro(units)
        cents = line_cents(energy, price, half_even=pricing.half_even)
        rule = f"energy of tier {tier} times price"
        amount = Amount(cents, rule, energy, ChargeUnit.KWH, price)
        text = f"{self.label} {BUCKET_WORDS[bucket]} {part.season} TIER {tier}"
        name = line_id(self.line_id, f"{bucket}_{tier}", part)
        return amount_line(name, (self.code, text), part, amount)


def spread(energy_micro: int, total_micro: int, ends_micro: Sequence[int]) -> list[int]:
    """Divide a bucket's energy over tiers by its share of the whole; nothing is lost.

    Args:
        energy_micro: the bucket's energy.
        total_micro: the energy of all buckets, which fills the tiers.
        ends_micro: where each tier but the last ends.
    """
    if total_micro <= 0:
        return [energy_micro, *(0 for _ in ends_micro)]
    marks = [energy_micro * min(end, total_micro) // total_micro for end in ends_micro]
    return [high - low for low, high in pairwise([0, *marks, energy_micro])]
