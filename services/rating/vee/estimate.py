"""Fills what a meter did not record: short gaps by a line, long ones by like days, else by a shape.

For a copy of our own (settlement, forecasts), never for a bill. The order is California's
Attachment VEE and Oracle's estimation rules; how many hours and days are numbers of ours. Integers
throughout, rounded half up, so that the same gap is always filled the same way.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from services.rating.vee.matrix import stretches

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = npt.NDArray[np.int64]
    Codes = npt.NDArray[np.uint8]
    Slots = npt.NDArray[np.intp]

VALID: Final = 0
LIKE_DAYS: Final = 8
LINEAR: Final = 9
FROM_UTILITY: Final = 11
PROFILE: Final = 12
OPEN: Final = 255
"""ESPI's quality of reading: 0 valid, 8 estimated by reference days, 9 by linear interpolation, 11
derived (the utility estimated and does not say how), 12 projected. `OPEN` is ours: missing."""

CODE_WORDS: Final = {
    VALID: "valid",
    LIKE_DAYS: "estimated_like_days",
    LINEAR: "estimated_linear",
    FROM_UTILITY: "estimated_by_utility",
    PROFILE: "projected_from_profile",
    OPEN: "missing",
}

LINEAR_MINUTES_MAX: Final = 120
LIKE_DAYS_MIN: Final = 3
LIKE_DAYS_MAX: Final = 5
LIKE_DAYS_REACH: Final = 90
HOURS: Final = 24
UNITS_MAX: Final = 2**31 - 1
"""The largest reading that a row of days can hold."""
MINUTES_IN_HOUR: Final = 60

PROFILES_FILE: Final = Path(__file__).with_name("profiles.toml")

Weights = Annotated[
    tuple[Annotated[int, Field(ge=0, le=10**6)], ...], Field(min_length=HOURS, max_length=HOURS)
]


class Shape(BaseModel):
    """A class's day: weights of the 24 local hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekday: Weights
    weekend: Weights


class Profiles(BaseModel):
    """The shapes of both classes, by version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    residential: Shape
    commercial: Shape

    def weights(self, customer_class: str, *, weekend: bool) -> tuple[int, ...]:
        """The shape of a kind of day."""
        shape = self.residential if customer_class == "residential" else self.commercial
        return shape.weekend if weekend else shape.weekday


@lru_cache(maxsize=4)
def load_profiles(path: Path = PROFILES_FILE) -> Profiles:
    """Read the shapes."""
    return Profiles.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, eq=False)
class Day:
    """One local day of a channel, laid out by the clock on the wall.

    Attributes:
        day: the date.
        weekend: Saturday, Sunday or holiday.
        slots: for each interval, which part of the wall clock's day it is; twice the same in
            autumn's long day.
        values: the readings, in units of the series; anything where not known.
        codes: their quality.
    """

    day: date
    weekend: bool
    slots: Slots
    values: Values
    codes: Codes


@dataclass(frozen=True, eq=False)
class Channel:
    """What is to be filled.

    Attributes:
        minutes: length of an interval.
        days: the days of the period, in order.
        wanted: for each interval of all days whether it belongs to the period.
        others: days of the same channel from other 867s.
        total: what the register says the whole period comes to, in units; None when unknown.
        per_day: average daily usage in units, for a channel without history; None when unknown.
        weights: the class's shape of a weekday, and of a weekend.
    """

    minutes: int
    days: tuple[Day, ...]
    wanted: npt.NDArray[np.bool_]
    others: Mapping[date, Day]
    total: int | None
    per_day: int | None
    weights: tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Estimate:
    """A filled channel: all values, how each came, and the total it was scaled to."""

    values: Values
    codes: Codes
    scaled_to: int | None

    def count(self, code: int) -> int:
        """How many intervals came so."""
        return int(np.count_nonzero(self.codes == code))


def estimate(channel: Channel) -> Estimate:
    """Fill a channel: lines, like days, shape, then scale what was filled to the register."""
    values = np.concatenate([day.values for day in channel.days])
    codes = np.concatenate([day.codes for day in channel.days])
    missing = channel.wanted & (codes == OPEN)
    values[missing] = 0
    _draw_lines(values, codes, missing, channel.minutes)
    _take_like_days(channel, values, codes, missing)
    _follow_shape(channel, values, codes, missing)
    scaled_to = _scale(values, codes, missing, channel)
    return Estimate(values, codes, scaled_to)


def _draw_lines(values: Values, codes: Codes, missing: npt.NDArray[np.bool_], minutes: int) -> None:
    """Short gaps: a line between both neighbours; flat where there is one alone."""
    known = codes != OPEN
    for first, size in stretches(missing):
        if size * minutes > LINEAR_MINUTES_MAX:
            continue
        before = int(values[first - 1]) if first and known[first - 1] else None
        end = first + size
        after = int(values[end]) if end < len(values) and known[end] else None
        if before is None and after is None:
            continue
        begin = before if before is not None else after
        finish = after if after is not None else before
        if begin is None or finish is None:  # cannot be: one of the two is there
            continue
        for place in range(size):
            step = (finish - begin) * (place + 1)
            values[first + place] = begin + _half_up(step, size + 1)
        codes[first:end] = LINEAR


def _take_like_days(
    channel: Channel, values: Values, codes: Codes, missing: npt.NDArray[np.bool_]
) -> None:
    """The mean of the nearest like days at the same time of the wall clock, valid readings only."""
    pool = {**channel.others, **{day.day: day for day in channel.days}}
    place = 0
    for day in channel.days:
        size = len(day.values)
        here = np.flatnonzero(missing[place : place + size] & (codes[place : place + size] == OPEN))
        if len(here):
            like = _like(day, pool)
            for spot in here.tolist():
                found = _at_slot(like, int(day.slots[spot]))
                if len(found) >= LIKE_DAYS_MIN:
                    values[place + spot] = _half_up(sum(found), len(found))
                    codes[place + spot] = LIKE_DAYS
        place += size


def _like(day: Day, pool: Mapping[date, Day]) -> list[Day]:
    """Days of the same kind within reach, the nearest first, of two the earlier."""
    found = [
        other
        for other in pool.values()
        if other.weekend == day.weekend
        and other.day != day.day
        and abs((other.day - day.day).days) <= LIKE_DAYS_REACH
    ]
    return sorted(found, key=lambda other: (abs((other.day - day.day).days), other.day))


def _at_slot(days: list[Day], slot: int) -> list[int]:
    found: list[int] = []
    for day in days:
        there = np.flatnonzero((day.slots == slot) & (day.codes == VALID))
        if len(there):
            found.append(int(day.values[there[0]]))
        if len(found) == LIKE_DAYS_MAX:
            break
    return found


def _follow_shape(
    channel: Channel, values: Values, codes: Codes, missing: npt.NDArray[np.bool_]
) -> None:
    """A day's average, spread over the hours as the class spreads it."""
    if channel.per_day is None:
        return
    in_hour = MINUTES_IN_HOUR // channel.minutes
    place = 0
    for day in channel.days:
        weights = channel.weights[day.weekend]
        size = len(day.values)
        here = np.flatnonzero(missing[place : place + size] & (codes[place : place + size] == OPEN))
        for spot in here.tolist():
            hour = int(day.slots[spot]) // in_hour
            share = channel.per_day * weights[hour]
            values[place + spot] = _half_up(share, sum(weights) * in_hour)
            codes[place + spot] = PROFILE
        place += size


def _scale(
    values: Values, codes: Codes, missing: npt.NDArray[np.bool_], channel: Channel
) -> int | None:
    """Let what was filled add up, with what was recorded, to what the register says.

    Nothing is scaled while something is still missing, or when the recorded readings alone are
    more than the register says: then one of the two is wrong.
    """
    total = channel.total
    if total is None or not missing.any() or (codes[missing] == OPEN).any():
        return None
    left = total - int(values[channel.wanted & ~missing].sum())
    if left < 0:
        return None
    places = np.flatnonzero(missing)
    parts = [int(value) for value in values[places]]
    if not sum(parts):
        parts = [1] * len(parts)
    shared = _shared(left, parts)
    if max(shared) > UNITS_MAX:
        return None
    values[places] = shared
    return total


def _shared(whole: int, parts: list[int]) -> list[int]:
    """Divide a whole by parts, losing nothing: the largest remainders get the rest, in order."""
    size = sum(parts)
    shares = [whole * part // size for part in parts]
    rests = sorted(range(len(parts)), key=lambda n: (-(whole * parts[n] % size), n))
    for place in rests[: whole - sum(shares)]:
        shares[place] += 1
    return shares


def _half_up(numerator: int, denominator: int) -> int:
    """Divide and round half away from zero."""
    whole, rest = divmod(abs(numerator), denominator)
    whole += 2 * rest >= denominator
    return -whole if numerator < 0 else whole
