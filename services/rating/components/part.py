"""What every kind of price has in common: a name, a code, printed words, and a last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

PRICE_DIGITS = 6


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

    model_config = ConfigDict(frozen=True, extra="forbid")

    line_id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
    """Stable name of the component; part of every line's name."""
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,10}$")]
    """SAC04 of the 810."""
    label: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    through: date | None = None
    """Last day on which it applies: dated credits expire by themselves."""
    only_for: tuple[str, ...] = ()
    """Products it applies to; all of the plan's products when empty."""

    def applies(self, product: str, start: date) -> bool:
        """Whether it is part of the price of a product for days that begin on `start`."""
        if self.only_for and product not in self.only_for:
            return False
        return self.through is None or start <= self.through
