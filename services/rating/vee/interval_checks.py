"""Checks of readings, as arithmetic over a matrix: each marks the intervals that break its rule.

Sources: California's Attachment VEE (Rev. 2.0), the public rule lists of Oracle's meter data
management; which number is whose stands in `rules.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from services.rating.vee.matrix import ABSENT, Matrix, in_long_runs

if TYPE_CHECKING:
    from services.rating.vee.matrix import Mask, Micro

Limits = Mapping[str, int]
MINUTES_IN_HOUR: Final = 60
MICRO_IN_MILLI: Final = 1_000
MICRO_IN_KILO: Final = 1_000_000
PERCENT: Final = 100
_PLACES: Final = 3
"""The highest reading of a day is compared with the third highest."""


def negative(matrix: Matrix, limits: Limits, customer_class: str) -> Mask:
    """Readings below zero in a channel to the customer."""
    del limits, customer_class
    found: Mask = (matrix.micro < 0) & matrix.delivered[:, None]
    return found


def beyond_service(matrix: Matrix, limits: Limits, customer_class: str) -> Mask:
    """Readings of more power than the service can carry, either way."""
    most = limits[f"{customer_class}_kw"] * MICRO_IN_KILO
    found: Mask = np.abs(matrix.micro) * (MINUTES_IN_HOUR // matrix.minutes) > most
    return found


def spikes(matrix: Matrix, limits: Limits, customer_class: str) -> Mask:
    """The highest reading of a day, where it stands far above the third highest and a floor."""
    cells = matrix.by_day()
    found = np.zeros(matrix.micro.shape, dtype=np.bool_)
    if cells.shape[2] < _PLACES:
        return found
    third = np.partition(cells, -_PLACES, axis=2)[:, :, -_PLACES]
    highest = cells.max(axis=2)
    floor = limits[f"{customer_class}_floor_w"] * MICRO_IN_MILLI
    power = highest * (MINUTES_IN_HOUR // matrix.minutes)
    far = (highest - third) * PERCENT > third * limits["percent"]
    rows, days = np.nonzero((third != ABSENT) & (third >= 0) & (power > floor) & far)
    found[rows, matrix.columns[days, cells[rows, days].argmax(axis=1)]] = True
    return found


def dead(matrix: Matrix, limits: Limits, customer_class: str) -> Mask:
    """Readings of zero, hour after hour, in a channel to the customer."""
    del customer_class
    least = limits["hours"] * MINUTES_IN_HOUR // matrix.minutes
    nothing = (matrix.micro == 0) & matrix.present & matrix.delivered[:, None]
    return in_long_runs(nothing, max(least, 1))


def flat(matrix: Matrix, limits: Limits, customer_class: str) -> Mask:
    """Identical readings in a row, other than zero."""
    del customer_class
    there = matrix.present & (matrix.micro != 0)
    same = (matrix.micro[:, 1:] == matrix.micro[:, :-1]) & there[:, 1:] & there[:, :-1]
    pairs = in_long_runs(same, max(limits["intervals"] - 1, 1))
    found = np.zeros(matrix.micro.shape, dtype=np.bool_)
    found[:, 1:] |= pairs
    found[:, :-1] |= pairs
    return found


def much_estimated(matrix: Matrix, limits: Limits, customer_class: str) -> Mask:
    """The utility's estimates, where they are more than a share of the readings."""
    del customer_class
    counted = matrix.present.sum(axis=1)
    guessed = matrix.estimated.sum(axis=1)
    much = guessed * PERCENT > counted * limits["percent"]
    found: Mask = matrix.estimated & much[:, None]
    return found


def gaps(matrix: Matrix) -> Mask:
    """Places without a reading between the first and the last one of a channel."""
    before = np.maximum.accumulate(matrix.present, axis=1)
    after = np.maximum.accumulate(matrix.present[:, ::-1], axis=1)[:, ::-1]
    found: Mask = ~matrix.present & before & after
    return found


def shortfall(matrix: Matrix, expected: Micro) -> Micro:
    """How many readings each row lacks, of as many as time had room for; negative: too many.

    Args:
        matrix: the readings.
        expected: for each row, elapsed time of its period over the step.
    """
    found: Micro = expected - matrix.present.sum(axis=1)
    return found


Check = Callable[[Matrix, Limits, str], "Mask"]

INTERVAL_CHECKS: Final[Mapping[str, tuple[Check, str]]] = {
    "VEE_NEGATIVE": (negative, "below zero"),
    "VEE_PHYSICAL_LIMIT": (beyond_service, "more power than the service can carry"),
    "VEE_SPIKE": (spikes, "far above the third highest of the day"),
    "VEE_ZERO": (dead, "nothing at all"),
    "VEE_FLAT": (flat, "the same reading again and again"),
    "VEE_ESTIMATED": (much_estimated, "estimated by the utility"),
}
"""Code → the check, and what it says of the intervals it marks."""
