"""Rounds many printed lines to the cent at once, each once, as `rounding` does for a single line.

Amounts are exact 64-bit integers. Where a product could exceed them, that column is worked out in
Python's unlimited integers instead: slower, and never wrong.
"""

from __future__ import annotations

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


def rounded_products(
    quantities: Amounts, multipliers: Amounts, divisors: Amounts, *, half_even: bool
) -> Amounts:
    """Return quantity times multiplier by divisor, each rounded once; half is away from zero.

    Args:
        quantities: a row for each line, a column for each account.
        multipliers: one for each line, signed.
        divisors: one for each line, positive.
        half_even: round a half to the even cent.
    """
    if not quantities.size:
        return np.zeros(quantities.shape, dtype=np.int64)
    highest, scale = int(np.abs(quantities).max()), int(np.abs(multipliers).max())
    if highest * scale < LARGEST:
        products = quantities * multipliers[:, np.newaxis]
        return _rounded(products, divisors[:, np.newaxis], half_even=half_even)
    largest = np.abs(quantities).max(axis=1).tolist()
    scales = np.abs(multipliers).tolist()
    wide = [n for n, (q, m) in enumerate(zip(largest, scales, strict=True)) if q * m >= LARGEST]
    safe = quantities.copy()
    safe[wide] = 0
    products = safe * multipliers[:, np.newaxis]
    cents = _rounded(products, divisors[:, np.newaxis], half_even=half_even)
    for row in wide:
        pair = int(multipliers[row]), int(divisors[row])
        cents[row] = [
            rounded_ratio(int(each) * pair[0], pair[1], half_even=half_even)
            for each in quantities[row]
        ]
    return cents


def shares(base_cents: Amounts, rates_micro: Amounts | int, *, half_even: bool) -> Amounts:
    """Return a share of cents in cents: a tax, or an adder in percent.

    A bill of a billion dollars at a rate of a hundred percent still fits into 64 bits.
    """
    return _rounded(base_cents * rates_micro, MICRO, half_even=half_even)


def _rounded(numerators: Amounts, divisors: Amounts | int, *, half_even: bool) -> Amounts:
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
