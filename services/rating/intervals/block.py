"""Readings over whole local days, as arrays: the form in which rating works with intervals.

A day of a Californian utility has 92, 96 or 100 quarter-hours. Over whole days the readings step
evenly in UTC, so a block is one start and one array; where the utility sent nothing (the first
hours of a day that a meter was set, a gap) the array holds a place that is marked as missing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from services.rating.scope import UTILITY_ZONE

if TYPE_CHECKING:
    import numpy.typing as npt

    from shared.contracts.usage import Direction

    Readings = npt.NDArray[np.int32]
    Quality = npt.NDArray[np.uint8]

ACTUAL: Final = 0
ESTIMATED: Final = 1
MISSING: Final = 2
"""What a reading is worth: measured, estimated by the utility, or not there at all."""

QUALITY_WORDS: Final = ("actual", "estimated", "missing")

MICRO_DECIMALS: Final = 6
SECONDS_PER_MINUTE: Final = 60
MICRO: Final = 10**MICRO_DECIMALS
WH_PER_KWH: Final = 1_000
MICRO_PER_WH: Final = MICRO // WH_PER_KWH

_DECIMALS: Final = tuple(f".{wh:03d}" for wh in range(WH_PER_KWH))


@dataclass(frozen=True, slots=True, eq=False)
class IntervalBlock:
    """The readings of one channel of a meter over the local days `first_day` to `last_day`.

    Attributes:
        minutes: length of an interval: 15, 30 or 60.
        decimals: a reading counts 10 to the power of -decimals kWh: 3 is watt-hours.
        readings: int32, one for every interval of all days, in the order of time; 0 where missing.
        quality: uint8 of the same length: `ACTUAL`, `ESTIMATED` or `MISSING`.
    """

    meter_number: str
    channel: str
    direction: Direction
    minutes: int
    decimals: int
    first_day: date
    last_day: date
    readings: Readings
    quality: Quality

    @property
    def start(self) -> datetime:
        """When the first interval begins, in UTC: local midnight of the first day."""
        return midnight(self.first_day)

    @property
    def starts(self) -> npt.NDArray[np.datetime64]:
        """When each interval begins, in UTC, to the minute."""
        first = np.datetime64(self.start.replace(tzinfo=None), "m")
        return first + np.arange(len(self.readings)) * np.timedelta64(self.minutes, "m")

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many intervals each day has, in order: 92, 96 or 100 for quarter-hours."""
        return day_lengths(self.first_day, self.last_day, self.minutes)

    @property
    def total_micro(self) -> int:
        """The sum of all readings, in 1e-6 kWh."""
        total: int = self.readings.sum(dtype=np.int64).item()
        return total * int(10 ** (MICRO_DECIMALS - self.decimals))

    @property
    def has_gap(self) -> bool:
        """Whether readings are missing between the first and the last."""
        there = np.flatnonzero(self.quality != MISSING)
        return len(there) > 0 and int(there[-1] - there[0]) + 1 != len(there)

    def micro(self) -> npt.NDArray[np.int64]:
        """Return the readings in 1e-6 kWh, whatever their unit."""
        scale = np.int64(10 ** (MICRO_DECIMALS - self.decimals))
        return self.readings.astype(np.int64) * scale

    def count(self, quality: int) -> int:
        """How many readings are of a quality."""
        return int(np.count_nonzero(self.quality == quality))


@lru_cache(maxsize=4096)
def midnight(day: date) -> datetime:
    """Return when a local day begins, in UTC."""
    return datetime.combine(day, time(), UTILITY_ZONE).astimezone(UTC)


@lru_cache(maxsize=1024)
def day_lengths(first: date, last: date, minutes: int) -> tuple[int, ...]:
    """Return how many intervals each local day has, both days included."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 2)]
    at = [int(midnight(day).timestamp()) for day in days]
    step = minutes * SECONDS_PER_MINUTE
    return tuple((end - begin) // step for begin, end in itertools.pairwise(at))


def local_day(at: datetime) -> date:
    """Return the local day in which a moment lies."""
    return at.astimezone(UTILITY_ZONE).date()


def kwh_text(micro: int) -> str:
    """Write 1e-6 kWh as kWh: three decimals, or six where three are not enough."""
    whole, rest = divmod(abs(micro), MICRO)
    sign = "-" if micro < 0 else ""
    if rest % MICRO_PER_WH == 0:
        return f"{sign}{whole}.{rest // MICRO_PER_WH:03d}"
    return f"{sign}{whole}.{rest:06d}"


def kwh_texts(micro: npt.NDArray[np.int64]) -> list[str]:
    """Write many readings as `kwh_text` does."""
    if not len(micro) or int(micro.min()) < 0 or (micro % MICRO_PER_WH).any():
        return [kwh_text(each) for each in micro.tolist()]
    whole, rest = np.divmod(micro // MICRO_PER_WH, WH_PER_KWH)
    return [f"{kwh}{_DECIMALS[wh]}" for kwh, wh in zip(whole.tolist(), rest.tolist(), strict=True)]
