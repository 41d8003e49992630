"""Answers which season a day belongs to and which bucket a moment belongs to.

Everything about hours is asked here: the weekend's hours on holidays, clocks that change, hours
that a utility shifts, and which version of the calendar was in effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.rating.calendars.calendar_file import (
    MINUTES_IN_DAY,
    MINUTES_IN_HOUR,
    MONTHS_IN_YEAR,
    CalendarFile,
    CalendarVersion,
    Grid,
    Season,
    Table,
)
from services.rating.calendars.holiday_rules import Holidays
from services.rating.holds import RateNotFound
from services.rating.versions import in_effect
from shared.contracts.usage import Bucket

BUCKETS: Final = tuple(Bucket)
"""The order in which buckets are numbered in patterns and windows."""

Codes = NDArray[np.int8]
"""Positions in `BUCKETS`."""

REMEMBERED_NAMES_MAX: Final = 4_096

_FRIDAY: Final = 4


@dataclass(frozen=True, eq=False)
class Calendar:
    """One calendar as known on some day: the versions of it that may be used.

    Compared by identity: a `CalendarBook` makes each only once, and compiled windows are
    remembered for it.

    Attributes:
        file: the calendar's file.
        versions: the versions known, latest knowledge last.
        holidays: the list that the file names, as known then.
    """

    file: CalendarFile
    versions: tuple[CalendarVersion, ...]
    holidays: Holidays
    _patterns: dict[tuple[str, int, bool, int], Codes] = field(
        init=False, repr=False, default_factory=dict
    )

    @property
    def calendar_id(self) -> str:
        """The calendar's name."""
        return self.file.calendar_id

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of the utility's local time."""
        return ZoneInfo(self.file.zone)

    def version_on(self, day: date) -> CalendarVersion:
        """The version in effect.

        Raises:
            RateNotFound: the calendar does not reach back to the day.
        """
        if len(self.versions) == 1 and self.versions[0].effective_from <= day:
            return self.versions[0]
        found = in_effect(self.versions, day)
        if found is None:
            raise RateNotFound(f"the calendar {self.calendar_id} says nothing about {day}")
        return found

    def named(self, start: date, end: date) -> tuple[str, ...]:
        """Which versions of hours and holidays count in `[start, end)`, as a charge tells them.

        Raises:
            RateNotFound: the calendar does not reach back to the start.
        """
        return _named(self, start, end)

    def season_of(self, day: date) -> str:
        """The name of the day's season.

        Raises:
            RateNotFound: the calendar does not reach back to the day.
        """
        return self._season(self.version_on(day), day.month)[0]

    def is_weekend(self, day: date) -> bool:
        """Whether the weekend's hours apply: Saturday, Sunday, or a holiday."""
        return day.weekday() > _FRIDAY or self.holidays.is_holiday(day)

    def buckets_of(self, day: date) -> frozenset[Bucket]:
        """All buckets of the day's season, whether or not the day itself has them.

        Raises:
            RateNotFound: the calendar does not reach back to the day.
        """
        version = self.version_on(day)
        _, season = self._season(version, day.month)
        if version.table:
            rows = [
                g[m - 1]
                for m in season.months
                for g in (version.table.weekday, version.table.weekend)
            ]
            return frozenset(version.table.buckets[number] for row in rows for number in row)
        found = {window.bucket for window in season.windows}
        return frozenset(found | ({season.otherwise} if season.otherwise else set()))

    def minutes_of(self, day: date) -> Codes:
        """The bucket of each of the 1,440 minutes that a clock on the wall can show on a day.

        Raises:
            RateNotFound: the calendar does not reach back to the day.
        """
        version = self.version_on(day)
        shift = sum(shift.minutes for shift in version.shifts if shift.covers(day))
        asked = (version.version, day.month, self.is_weekend(day), shift)
        if asked not in self._patterns:
            made = _pattern(version, day.month, weekend=asked[2])
            made = np.roll(made, shift)
            made.setflags(write=False)
            self._patterns[asked] = made
        return self._patterns[asked]

    def bucket_at(self, moment: datetime) -> Bucket:
        """The bucket of a moment; a moment without a zone is the utility's local time.

        Raises:
            RateNotFound: the calendar does not reach back to the day.
        """
        local = moment.replace(tzinfo=self.zone) if moment.tzinfo is None else moment
        local = local.astimezone(self.zone)
        if self.version_on(local.date()).clock == "standard":
            local -= local.dst() or timedelta()
        minute = local.hour * MINUTES_IN_HOUR + local.minute
        return BUCKETS[int(self.minutes_of(local.date())[minute])]

    def grain_minutes(self, day: date) -> int:
        """The longest interval that never lies in two buckets: 60 when all bounds are full hours.

        Raises:
            RateNotFound: the calendar does not reach back to the day.
        """
        version = self.version_on(day)
        bounds = [
            m for season in version.seasons.values() for w in season.windows for m in w.minutes
        ]
        return math.gcd(MINUTES_IN_HOUR, *bounds, *(shift.minutes for shift in version.shifts))

    def table_on(self, day: date) -> Table:
        """The version of a day in the 12 x 24 form, for export and for comparison.

        What the form cannot say (holidays, shifts) is left out.

        Raises:
            RateNotFound: the calendar does not reach back to the day.
            ValueError: a window begins or ends within an hour.
        """
        version = self.version_on(day)
        if version.table:
            return version.table
        if self.grain_minutes(day) < MINUTES_IN_HOUR:
            raise ValueError(f"{self.calendar_id} has windows that are not full hours")
        return Table(
            buckets=BUCKETS,
            weekday=_grid(version, weekend=False),
            weekend=_grid(version, weekend=True),
        )

    @staticmethod
    def _season(version: CalendarVersion, month: int) -> tuple[str, Season]:
        return next(
            (name, season) for name, season in version.seasons.items() if month in season.months
        )


@lru_cache(maxsize=REMEMBERED_NAMES_MAX)
def _named(calendar: Calendar, start: date, end: date) -> tuple[str, ...]:
    days = (start + timedelta(days=number) for number in range((end - start).days))
    told = (
        f"{calendar.calendar_id} {calendar.version_on(day).version}, "
        f"holidays {calendar.holidays.list_id} {calendar.holidays.version_on(day).version}"
        for day in days
    )
    return tuple(dict.fromkeys(told))


def _pattern(version: CalendarVersion, month: int, *, weekend: bool) -> Codes:
    if version.table:
        grid = version.table.weekend if weekend else version.table.weekday
        hours = [BUCKETS.index(version.table.buckets[number]) for number in grid[month - 1]]
        return np.repeat(np.array(hours, dtype=np.int8), MINUTES_IN_HOUR)
    season = next(each for each in version.seasons.values() if month in each.months)
    otherwise = BUCKETS.index(season.otherwise or Bucket.TOTAL)
    made = np.full(MINUTES_IN_DAY, otherwise, dtype=np.int8)
    for window in season.windows:
        if window.covers(month, weekend=weekend):
            begin, end = window.minutes
            made[begin:end] = BUCKETS.index(window.bucket)
    return made


def _grid(version: CalendarVersion, *, weekend: bool) -> Grid:
    return tuple(
        tuple(int(code) for code in _pattern(version, month, weekend=weekend)[::MINUTES_IN_HOUR])
        for month in range(1, MONTHS_IN_YEAR + 1)
    )
