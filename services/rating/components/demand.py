"""Demand: dollars for the highest kW of the billing period, over all hours or in one bucket.

A CCA prices only the generation part; the wires stay with the utility. When prices change inside a
billing period, utilities charge each sub-period the period's highest demand for its share of days
(PG&E prints "18 days @ ..." and "12 days @ ..."); a plan may also charge it once, in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from services.rating.charging import Amount, Line, PeriodPart, amount_line, line_id
from services.rating.components.buckets import BUCKET_WORDS, demand_in
from services.rating.components.fixed import ONE, Proration, share_words
from services.rating.components.part import ComponentPart, Pricing, Units
from services.rating.holds import RateNotFound
from services.rating.rounding import shared_cents
from shared.contracts.charges import ChargeUnit
from shared.contracts.usage import Bucket


class Demand(ComponentPart):
    """A price per kW for each bucket of each season; `total` is demand at any hour.

    A season with an empty table has no demand price; a season that is not listed is not priced.
    """

    kind: Literal["demand"]
    prices: Annotated[dict[str, dict[Bucket, Units]], Field(min_length=1)]
    proration: Proration = "days"

    def demand_buckets(self, season: str) -> frozenset[Bucket]:
        """The demand this component needs in a season.

        Raises:
            RateNotFound: the plan has no demand prices for the season.
        """
        if season not in self.prices:
            raise RateNotFound(f"the plan has no demand prices for the season {season}")
        return frozenset(self.prices[season])

    def seasons_named(self) -> frozenset[str]:
        """The seasons that its price table names."""
        return frozenset(self.prices)

    def lines(self, part: PeriodPart, pricing: Pricing, before: Sequence[Line]) -> list[Line]:  # noqa: ARG002  the same call for every kind
        """One line a bucket, in the order of the plan file.

        Raises:
            RateNotFound: the plan has no demand prices for the season.
            DeterminantMissing: the demand was not measured.
        """
        self.demand_buckets(part.season)
        if self.proration == "full" and not part.opens:
            return []
        return [
            self._line(bucket, pricing.micro(units), part, half_even=pricing.half_even)
            for bucket, units in self.prices[part.season].items()
        ]

    def _line(self, bucket: Bucket, price: int, part: PeriodPart, *, half_even: bool) -> Line:
        demand = demand_in(part, bucket)
        by_days = self.proration == "days"
        share = (part.days, part.period_days) if by_days else ONE
        rule = "highest demand times price"
        if share[0] != share[1]:
            rule += f", {share[0]} of {share[1]} days"
        cents = shared_cents(demand, price, share, half_even=half_even)
        amount = Amount(cents, rule, demand, ChargeUnit.KW, price)
        text = f"{self.label} {BUCKET_WORDS[bucket]} {part.season}"
        text += share_words(part, shared=by_days)
        return amount_line(line_id(self.line_id, bucket, part), (self.code, text), part, amount)
