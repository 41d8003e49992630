"""Money, prices and energy, exact to the last digit.

A utility and a Community Choice Aggregator must agree on every cent, so no binary fraction ever
stands for an amount: JSON carries decimals as strings, arithmetic runs on integers or `Decimal`,
and each printed line is rounded exactly once, by `round_to_cents`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

MICRO_PER_UNIT = 1_000_000
"""Quantities (kWh, kW) are held as integers of one millionth."""

CENTS_PER_USD = 100

# Every line of every charge is written with them, and looking digits up is twice as quick.
_TWO = tuple(f"{number:02d}" for number in range(100))
_THREE = tuple(f"{number:03d}" for number in range(1_000))


class InexactAmountError(ValueError):
    """The value has more decimals than its unit can hold, so it cannot be carried exactly."""


def _refuse_binary_fraction(value: object) -> object:
    if isinstance(value, float):
        msg = "amounts are decimals written as strings, never binary fractions"
        raise ValueError(msg)  # noqa: TRY004  pydantic turns only ValueError into a finding
    return value


# The limits stand before the validator so that pydantic checks them in its compiled core.
Usd = Annotated[
    Decimal, Field(max_digits=16, decimal_places=2), BeforeValidator(_refuse_binary_fraction)
]
"""An amount in US dollars, to the cent, signed."""

UsdPrice = Annotated[
    Decimal, Field(max_digits=16, decimal_places=6), BeforeValidator(_refuse_binary_fraction)
]
"""Dollars per unit, or a tax rate as a fraction; at most six decimals."""

Quantity = Annotated[
    Decimal, Field(max_digits=18, decimal_places=6), BeforeValidator(_refuse_binary_fraction)
]
"""A metered quantity (kWh or kW), at most six decimals, signed."""


def to_micro(quantity: Decimal) -> int:
    """Return `quantity` in integer millionths of its unit.

    Raises:
        InexactAmountError: the quantity has more than six decimals.
    """
    scaled = quantity.scaleb(6)
    whole = int(scaled)
    if whole != scaled:
        msg = f"{quantity} has more than six decimals"
        raise InexactAmountError(msg)
    return whole


def from_micro(micro: int) -> Decimal:
    """Return integer millionths as a decimal quantity without trailing zeros beyond the point."""
    return Decimal(micro).scaleb(-6)


def micro_text(micro: int) -> str:
    """Return integer millionths as the text of `from_micro`, without the decimal."""
    if micro < 0:
        return f"-{micro_text(-micro)}"
    return f"{micro // MICRO_PER_UNIT}.{_THREE[micro // 1_000 % 1_000]}{_THREE[micro % 1_000]}"


def cents_text(cents: int) -> str:
    """Return integer cents as the text of `from_cents`, without the decimal."""
    if cents < 0:
        return f"-{cents_text(-cents)}"
    return f"{cents // CENTS_PER_USD}.{_TWO[cents % CENTS_PER_USD]}"


def to_cents(amount: Decimal) -> int:
    """Return `amount` in integer cents.

    Raises:
        InexactAmountError: the amount has a fraction of a cent; round it first, by name.
    """
    scaled = amount.scaleb(2)
    whole = int(scaled)
    if whole != scaled:
        msg = f"{amount} is not a whole number of cents"
        raise InexactAmountError(msg)
    return whole


def from_cents(cents: int) -> Decimal:
    """Return integer cents as dollars with two decimals."""
    return Decimal(cents).scaleb(-2)


def round_to_cents(amount: Decimal, *, half_even: bool = False) -> Decimal:
    """Round one printed line to the cent; the only rounding a charge line ever sees.

    Half-up reproduces the printed bills of 3CE and SJCE; a utility that validates with half-even
    is a setting of its plan, which is why the choice is an argument.
    """
    return amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN if half_even else ROUND_HALF_UP)
