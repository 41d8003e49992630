"""Rounds one printed line to the cent, once and by name.

A utility recomputes quantity times price from our 810, so a line that is rounded twice, or a total
that is rounded instead of added, is a rejected bill. Everything is integer: quantities in 1e-6 kWh
or kW, prices in 1e-6 dollars, amounts in cents.
"""

from __future__ import annotations

from typing import Final

MICRO: Final = 1_000_000
"""Millionths in one kWh, in one kW and in one dollar of price."""

_PICO_PER_CENT: Final = MICRO * MICRO // 100


def line_cents(quantity_micro: int, price_micro: int, *, half_even: bool = False) -> int:
    """Return quantity times price in cents, signed as the product.

    Half-up (away from zero) reproduces the printed bills of 3CE; half-even is a plan's setting.
    """
    return _rounded(quantity_micro * price_micro, _PICO_PER_CENT, half_even=half_even)


def shared_cents(
    quantity_micro: int, price_micro: int, share: tuple[int, int], *, half_even: bool = False
) -> int:
    """Return a share (days of so many days) of quantity times price in cents, rounded once."""
    part, whole = share
    numerator = quantity_micro * price_micro * part
    return _rounded(numerator, _PICO_PER_CENT * whole, half_even=half_even)


def tax_cents(base_cents: int, rate_micro: int, *, half_even: bool = False) -> int:
    """Return a tax on cents, in cents; `rate_micro` is the rate in millionths (8.5 % = 85,000)."""
    return _rounded(base_cents * rate_micro, MICRO, half_even=half_even)


def _rounded(numerator: int, denominator: int, *, half_even: bool) -> int:
    whole, rest = divmod(abs(numerator), denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and (not half_even or whole % 2)):
        whole += 1
    return -whole if numerator < 0 else whole
