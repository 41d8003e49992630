"""Rounds many printed lines to the cent at once, each once, as `rounding` does for a single line.

Amounts are exact 64-bit integers. Where a product could exceed them, that column is worked out in
Python's unlimited integers instead: slower, and never wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import Final

import numpy as np

from services.rating.engine.rows import Amounts
from services.rating.rounding import MICRO

PICO_PER_CENT: Final = MICRO * MICRO // 100
"""1e-6 of a quantity times 1e-6 dollars, in a cent."""
LARGEST: Final = 2**61
"""Products stay below this, so that doubling a rest cannot overflow either."""


def reduced(multiplier: int, divisor: int) -> tuple[int, int]:
    """Divide both by what they share, so that products stay small."""
    shared = gcd(multiplier, divisor) or 1
    return multiplier // shared, divisor // shared


@dataclass(frozen=True, eq=False)
class Factors:
    """What lines multiply their quantities by: a multiplier and a positive divisor each."""

    multipliers: Amounts
    divisors: Amounts

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, int]]) -> Factors:
        """Make factors of pairs, a column each."""
        table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return cls(table[:, :1].copy(), table[:, 1:].copy())

    @cached_property
    def halves(self) -> Amounts:
        """Half of each divisor; the whole part of it where it is odd, which has no half."""
        return self.divisors // 2

    @cached_property
    def lowest(self) -> int:
        """The lowest multiplier."""
        return int(self.multipliers.min(initial=0))

    @cached_property
    def largest(self) -> int:
        """The largest multiplier, whatever its sign."""
        return max(int(self.multipliers.max(initial=0)), -self.lowest)


def rounded_products(quantities: Amounts, factors: Factors, *, half_even: bool) -> Amounts:
    """Return quantity times multiplier by divisor, each rounded once; half is away from zero.

    Args:
        quantities: a row for each line, a column for each account.
        factors: one for each line.
        half_even: round a half to the even cent.
    """
    if not quantities.size:
        return np.zeros(quantities.shape, dtype=np.int64)
    # A negative number is a very large one without sign.
    highest = int(np.maximum.reduce(quantities.view(np.uint64), axis=None))
    if highest * factors.largest < LARGEST and factors.lowest >= 0 and not half_even:
        return _rounded_up(quantities * factors.multipliers, factors.halves, factors.divisors)
    lowest, highest = int(quantities.min()), int(quantities.max())
    if max(highest, -lowest) * factors.largest < LARGEST:
        products = quantities * factors.multipliers
        return _rounded(products, factors.divisors, half_even=half_even)
    largest = np.abs(quantities).max(axis=1).tolist()
    pairs = list(
        zip(*(each[:, 0].tolist() for each in (factors.multipliers, factors.divisors)), strict=True)
    )
    wide = [
        n for n, (q, (m, _)) in enumerate(zip(largest, pairs, strict=True)) if q * abs(m) >= LARGEST
    ]
    safe = quantities.copy()
    safe[wide] = 0
    products = safe * factors.multipliers
    cents = _rounded(products, factors.divisors, half_even=half_even)
    for row in wide:
        multiplier, divisor = pairs[row]
        cents[row] = [
            rounded_ratio(each * multiplier, divisor, half_even=half_even)
            for each in quantities[row].tolist()
        ]
    return cents


def shares(
    base_cents: Amounts, rates_micro: Amounts | int, *, half_even: bool, signed: bool = True
) -> Amounts:
    """Return a share of cents in cents: a tax, or an adder in percent.

    A bill of a billion dollars at a rate of a hundred percent still fits into 64 bits.

    Args:
        base_cents: of what.
        rates_micro: how much of it, in millionths.
        half_even: round a half to the even cent.
        signed: whether some of it may be negative.
    """
    products = base_cents * rates_micro
    if signed or half_even:
        return _rounded(products, MICRO, half_even=half_even)
    return _rounded_up(products, MICRO // 2, MICRO)


def _rounded_up(numerators: Amounts, halves: Amounts | int, divisors: Amounts | int) -> Amounts:
    """Divide in place, in the fewest operations: nothing is negative, and a half goes up."""
    numerators += halves
    numerators //= divisors
    return numerators


def _rounded(numerators: Amounts, divisors: Amounts | int, *, half_even: bool) -> Amounts:
    """Divide and round, whatever the signs."""
    whole, rest = np.divmod(np.abs(numerators), divisors)
    rest *= 2
    up = rest >= divisors
    if half_even:
        up &= (rest != divisors) | (whole % 2 == 1)
    whole += up
    return np.where(numerators < 0, -whole, whole)


def rounded_ratio(numerator: int, divisor: int, *, half_even: bool) -> int:
    """Round one quotient of unlimited integers; half is away from zero, or to the even."""
    whole, rest = divmod(abs(numerator), divisor)
    if 2 * rest > divisor or (2 * rest == divisor and (not half_even or whole % 2)):
        whole += 1
    return -whole if numerator < 0 else whole
