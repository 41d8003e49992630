"""What every kind of price has in common: a name, a code, printed words, first and last day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from services.rating.charging import Line, PeriodPart
from shared.contracts.usage import Bucket

PRICE_DIGITS = 6
UNITS_MAX = 10**10
"""The dearest price of a plan file: $100,000 a month with `price_scale = 5`."""

Units = Annotated[StrictInt, Field(ge=-UNITS_MAX, le=UNITS_MAX)]
"""A price in units of the plan's `price_scale`."""
Rate = Annotated[StrictInt, Field(ge=-10_000_000, le=10_000_000)]
"""A share in millionths: 10 % is 100,000."""
PLAIN = r"^[^\x00-\x1f\x7f]+$"
"""Text on one line."""


@dataclass(frozen=True, slots=True)
class Pricing:
    """How a plan writes prices: integers of 10 to the power of minus `scale` dollars."""

    scale: int
    half_even: bool = False

    def micro(self, units: int) -> int:
        """A price of the plan file in 1e-6 dollars."""
        return units * int(10 ** (PRICE_DIGITS - self.scale))


class ComponentPart(BaseModel):
    """The fields every component of a plan file has."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    line_id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
    """Stable name of the component; part of every line's name."""
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,10}$")]
    """SAC04 of the 810."""
    label: Annotated[str, StringConstraints(pattern=PLAIN, max_length=40)]
    """SAC15 of the 810, before bucket, season and days are added to it."""
    starts: date | None = None
    """First day on which it applies; the plan's own first day when left out."""
    through: date | None = None
    """Last day on which it applies: dated credits expire by themselves."""
    only_for: tuple[
        Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,29}$")], ...
    ] = ()
    """Products it applies to; all of the plan's products when empty."""

    def applies(self, product: str, start: date) -> bool:
        """Whether it is part of the price of a product for days that begin on `start`."""
        if self.only_for and product not in self.only_for:
            return False
        if self.starts is not None and start < self.starts:
            return False
        return self.through is None or start <= self.through

    def lines(self, part: PeriodPart, pricing: Pricing, before: Sequence[Line]) -> list[Line]:
        """Price a part of a service period.

        Args:
            part: the days and what was used in them.
            pricing: how the plan writes and rounds prices.
            before: the part's lines so far.

        Raises:
            UsageHold: the part cannot be priced; the reason says why.
        """
        raise NotImplementedError  # pragma: no cover  every kind has its own

    def buckets(self, season: str) -> frozenset[Bucket]:  # noqa: ARG002  most kinds need none
        """The time-of-use energy this component needs in a season."""
        return frozenset()

    def demand_buckets(self, season: str) -> frozenset[Bucket]:  # noqa: ARG002  most kinds need none
        """The demand this component needs in a season."""
        return frozenset()

    def seasons_named(self) -> frozenset[str]:
        """The seasons that its price table names."""
        return frozenset()

    @property
    def prices_energy(self) -> bool:
        """Whether it is a price of generation by itself, and not an addition to one."""
        return False
