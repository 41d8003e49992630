"""Compiles a calendar for one service period: a number for every interval of it.

A meter's quarter-hours come as a plain row of numbers. The window says, once for all meters of a
billing cycle, where in that row each part of the period, season and bucket lies. Intervals are
counted by elapsed time: a day has 92, 96 or 100 quarter-hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.rating.calendars.calendar import BUCKETS, Calendar, Codes
from services.rating.holds import UsageHold
from shared.contracts.usage import Bucket

QUARTER_HOUR_S: Final = 900
SECONDS_IN_DAY: Final = 86_400
SECONDS_IN_MINUTE: Final = 60
REMEMBERED_WINDOWS_MAX: Final = 4_096
REMEMBERED_DAYS_MAX: Final = 16_384
STEPS_S: Final = (60, 300, 900, 1_800, 3_600)
"""Lengths of interval that meters have: parts of a quarter-hour, by which demand is measured, or
made of them."""

_ONE_DAY: Final = timedelta(days=1)


class IntervalTooLong(UsageHold):
    """An interval would lie in two buckets: its energy cannot be given to either."""

    code = "INTERVAL_TOO_LONG"


@dataclass(frozen=True, slots=True)
class Segment:
    """Days `[start, end)` with one calendar: one part of a service period.

    `season` names the cells of all its days; without it each day has the calendar's.
    """

    calendar: Calendar
    start: date
    end: date
    season: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one number of a window stands for: a bucket of a season in a part of the period."""

    part: int
    season: str
    bucket: Bucket


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Neighbours of one cell, in a row of intervals.

    Attributes:
        intervals: how many the row has.
        starts: where each run begins.
        order: the runs, sorted by their cell.
        columns: the cells that have intervals, in that order; a slice when they are neighbours.
        bounds: where in `order` the runs of each cell begin.
    """

    intervals: int
    starts: NDArray[np.intp]
    order: NDArray[np.intp]
    columns: NDArray[np.intp] | slice
    bounds: NDArray[np.intp]

    def reduced(
        self, how: np.ufunc, rows: NDArray[Any], dtype: type[np.integer[Any]] | None = None
    ) -> NDArray[Any]:
        """Add or compare the intervals of each cell: a row for each of `columns`."""
        runs = how.reduceat(rows, self.starts, axis=1, dtype=dtype)
        return how.reduceat(runs.T.take(self.order, axis=0), self.bounds, axis=0)


@dataclass(frozen=True, eq=False)
class Window:
    """The intervals of a period and the cell that each belongs to.

    Attributes:
        segments: the parts of the period, without a gap.
        zone: in which the period's days begin and end.
        step_s: length of an interval.
        cells: what the numbers stand for; also buckets of the season that no interval is in.
        index: for each interval the position of its cell, int16.
        days: where in it each day begins, and the last one ends.
    """

    segments: tuple[Segment, ...]
    zone: ZoneInfo
    step_s: int
    cells: tuple[Cell, ...]
    index: NDArray[np.int16]
    days: tuple[int, ...]

    @property
    def start(self) -> date:
        """First day."""
        return self.segments[0].start

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.segments[-1].end

    @property
    def intervals(self) -> int:
        """How many intervals the period has."""
        return len(self.index)

    @property
    def start_utc(self) -> datetime:
        """The moment at which the first interval begins."""
        return midnight(self.start, self.zone)

    @cached_property
    def runs(self) -> Runs:
        """Runs of neighbours of one cell over the whole period."""
        return runs_of(self.index)


def compile_window(
    calendar: Calendar,
    start: date,
    end: date,
    zone: ZoneInfo | None = None,
    step_s: int = QUARTER_HOUR_S,
    cuts: Iterable[date] = (),
) -> Window:
    """Compile one calendar for `[start, end)`; the answer is remembered.

    Args:
        calendar: whose buckets.
        start: first local day.
        end: the day after the last.
        zone: where days begin; the calendar's own when `None`.
        step_s: length of an interval.
        cuts: days within the period on which a new part begins, besides the first.

    Raises:
        RateNotFound: the calendar does not reach back to some day.
        IntervalTooLong: a bucket begins or ends within an interval.
        ValueError: no days, or a length that no meter has.
    """
    days = sorted({start, *(day for day in cuts if start < day < end), end})
    segments = tuple(Segment(calendar, *pair) for pair in pairwise(days))
    return compile_segments(segments, zone, step_s)


@lru_cache(maxsize=REMEMBERED_WINDOWS_MAX)
def compile_segments(
    segments: tuple[Segment, ...], zone: ZoneInfo | None = None, step_s: int = QUARTER_HOUR_S
) -> Window:
    """Compile parts of a period that may have calendars of their own; the answer is remembered.

    Raises:
        RateNotFound: a calendar does not reach back to some day.
        IntervalTooLong: a bucket begins or ends within an interval.
        ValueError: no days, a gap between the parts, or a length that no meter has.
    """
    _refuse_senseless(segments, step_s)
    where = zone or segments[0].calendar.zone
    cells: dict[Cell, int] = {}
    rows: list[NDArray[np.int16]] = []
    for part, segment in enumerate(segments):
        numbers: dict[tuple[str, tuple[Bucket, ...]], NDArray[np.int16]] = {}
        for day in _days(segment):
            hours = _hours_of(segment.calendar, day, where, step_s)
            kind = (segment.season or hours.season, hours.buckets)
            if kind not in numbers:
                numbers[kind] = _numbers(cells, part, *kind)
            rows.append(numbers[kind].take(hours.codes))
    index = np.concatenate(rows)
    index.setflags(write=False)
    days = tuple(accumulate(map(len, rows), initial=0))
    return Window(segments, where, step_s, tuple(cells), index, days)


def _numbers(
    cells: dict[Cell, int], part: int, season: str, buckets: Iterable[Bucket]
) -> NDArray[np.int16]:
    """The cell of each bucket code in a season of a part; new cells are numbered."""
    numbers = np.full(len(BUCKETS), -1, dtype=np.int16)
    for bucket in buckets:
        cell = Cell(part, season, bucket)
        numbers[BUCKETS.index(bucket)] = cells.setdefault(cell, len(cells))
    return numbers


class _Hours(NamedTuple):
    """What a calendar says of one day: its season, that season's buckets, and those of the day."""

    season: str
    buckets: tuple[Bucket, ...]
    codes: Codes


@lru_cache(maxsize=REMEMBERED_DAYS_MAX)
def _hours_of(calendar: Calendar, day: date, zone: ZoneInfo, step_s: int) -> _Hours:
    """The hours of one day, which many billing cycles have in common; the answer is remembered."""
    if calendar.grain_minutes(day) * SECONDS_IN_MINUTE % step_s:
        raise IntervalTooLong(f"intervals of {step_s} s are too long for {calendar.calendar_id}")
    buckets = tuple(sorted(calendar.buckets_of(day), key=BUCKETS.index))
    return _Hours(calendar.season_of(day), buckets, _codes(calendar, day, zone, step_s))


def runs_of(index: NDArray[np.int16]) -> Runs:
    """Find the runs of a row of cell numbers."""
    changes = np.flatnonzero(np.diff(index)) + 1
    starts = np.concatenate((np.zeros(1, dtype=np.intp), changes))
    found = index[starts]
    order = np.argsort(found, kind="stable")
    cells, bounds = np.unique(found[order], return_index=True)
    first, last = int(cells[0]), int(cells[-1])
    return Runs(
        intervals=len(index),
        starts=starts,
        order=order,
        columns=slice(first, last + 1) if last - first + 1 == len(cells) else cells.astype(np.intp),
        bounds=bounds.astype(np.intp),
    )


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which a local day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def intervals_in(day: date, zone: ZoneInfo, step_s: int = QUARTER_HOUR_S) -> int:
    """How many intervals a local day has: 96 quarter-hours, or 92, or 100."""
    length = midnight(day + _ONE_DAY, zone) - midnight(day, zone)
    return int(length.total_seconds()) // step_s


def _days(segment: Segment) -> list[date]:
    return [
        segment.start + number * _ONE_DAY for number in range((segment.end - segment.start).days)
    ]


def _codes(calendar: Calendar, day: date, zone: ZoneInfo, step_s: int) -> Codes:
    """The buckets of a day's intervals: a slice on plain days, moment by moment on others."""
    count = intervals_in(day, zone, step_s)
    plain = (
        count * step_s == SECONDS_IN_DAY
        and zone.key == calendar.file.zone
        and calendar.version_on(day).clock == "prevailing"
    )
    if plain:
        return calendar.minutes_of(day)[:: step_s // SECONDS_IN_MINUTE]
    begin = midnight(day, zone)
    moments = (begin + timedelta(seconds=number * step_s) for number in range(count))
    return np.array([BUCKETS.index(calendar.bucket_at(each)) for each in moments], dtype=np.int8)


def _refuse_senseless(segments: Sequence[Segment], step_s: int) -> None:
    if step_s not in STEPS_S:
        raise ValueError(f"no meter has intervals of {step_s} s")
    if not segments or any(each.start >= each.end for each in segments):
        raise ValueError("a window has at least a day in each part")
    if any(one.end != other.start for one, other in pairwise(segments)):
        raise ValueError("the parts of a window follow each other without a gap")
