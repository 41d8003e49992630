"""A calendar as a file: which hours of which days are on-peak, mid-peak, off-peak.

Hours and prices change on different days: SDG&E made 10:00 to 14:00 super off-peak on every
weekday on 2026-05-01, and all its CCAs followed with the prices they had. So a calendar is a file
of its own, with versions of its own, and plans name it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from functools import cached_property
from itertools import combinations
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.rating.calendars.holiday_rules import DayRule, HolidayList, day_of
from services.rating.sources import EffectiveDay, Sha256, SourceText, SourceUrl
from shared.contracts.parts import UtilityCode
from shared.contracts.usage import Bucket

HOURS_IN_DAY: Final = 24
MINUTES_IN_HOUR: Final = 60
MINUTES_IN_DAY: Final = HOURS_IN_DAY * MINUTES_IN_HOUR
MONTHS_IN_YEAR: Final = 12

_HOURS: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_ORDINARY_YEAR: Final = 2023

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Months = Annotated[tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(min_length=1)]
Row = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=24, max_length=24)]
Grid = Annotated[tuple[Row, ...], Field(min_length=12, max_length=12)]


class DayType(StrEnum):
    """Which days a window is for; a holiday counts as weekend."""

    ALL = "all"
    WEEKDAY = "weekday"
    WEEKEND = "weekend"


class WindowRule(BaseModel):
    """Hours of the day with one bucket, half-open: 16:00-21:00 ends with 20:59."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    bucket: Bucket
    hours: Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d-\d\d:\d\d$")]
    days: DayType = DayType.ALL
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    """Only in these months of the season; in all of them when empty."""

    @cached_property
    def minutes(self) -> tuple[int, int]:
        """First minute of the day, and the minute after the last."""
        found = _HOURS.fullmatch(self.hours)
        if not found:
            raise ValueError(f"{self.hours!r} is not like 16:00-21:00")
        hour, minute, until_hour, until_minute = map(int, found.groups())
        return hour * MINUTES_IN_HOUR + minute, until_hour * MINUTES_IN_HOUR + until_minute

    def covers(self, month: int, *, weekend: bool) -> bool:
        """Whether the window exists on such a day."""
        if self.months and month not in self.months:
            return False
        return self.days is DayType.ALL or (self.days is DayType.WEEKEND) == weekend

    def meets(self, other: WindowRule) -> bool:
        """Whether some minute of some day belongs to both windows."""
        if DayType.ALL not in (self.days, other.days) and self.days is not other.days:
            return False
        if self.months and other.months and not set(self.months) & set(other.months):
            return False
        (begin, end), (other_begin, other_end) = self.minutes, other.minutes
        return begin < other_end and other_begin < end

    @model_validator(mode="after")
    def _moves_forward(self) -> Self:
        begin, end = self.minutes
        if not begin < end <= MINUTES_IN_DAY:
            raise ValueError(f"{self.hours}: a window ends after it begins, at 24:00 at the latest")
        return self


class Season(BaseModel):
    """Months with one set of windows; what no window covers belongs to `otherwise`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    months: Months
    otherwise: Bucket | None = None
    windows: tuple[WindowRule, ...] = ()

    @model_validator(mode="after")
    def _windows_are_apart(self) -> Self:
        for one, other in combinations(self.windows, 2):
            if one.meets(other):
                raise ValueError(f"{one.hours} and {other.hours} overlap on {one.days} days")
        for window in self.windows:
            if set(window.months) - set(self.months):
                raise ValueError(f"{window.hours} is for months outside its season")
        return self


class Table(BaseModel):
    """The form of OpenEI's rate database: a bucket for each month and hour, on two kinds of day."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    buckets: Annotated[tuple[Bucket, ...], Field(min_length=1)]
    """What the numbers in the grids mean: 0 is the first."""
    weekday: Grid
    weekend: Grid

    @model_validator(mode="after")
    def _numbers_have_a_bucket(self) -> Self:
        for row in (*self.weekday, *self.weekend):
            if max(row) >= len(self.buckets):
                raise ValueError(f"{max(row)} stands for no bucket, there are {self.buckets}")
        return self


class Shift(BaseModel):
    """Days on which all windows begin and end later, `[first, until)` of every year.

    PG&E's EV-B keeps old meters right so, in the weeks between the old and the new days of the
    change of clocks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    first: DayRule
    until: DayRule
    minutes: Annotated[int, Field(gt=-MINUTES_IN_DAY, lt=MINUTES_IN_DAY)]

    def covers(self, day: date) -> bool:
        """Whether the day's windows are shifted."""
        return day_of(self.first, day.year) <= day < day_of(self.until, day.year)

    @model_validator(mode="after")
    def _rules_can_be_read(self) -> Self:
        if day_of(self.first, _ORDINARY_YEAR) >= day_of(self.until, _ORDINARY_YEAR):
            raise ValueError("a shift ends after it begins, within one year")
        return self


class CalendarVersion(BaseModel):
    """Hours in effect from a day on, as known from a day on."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    version: Name
    """Name of this version; once imported it never changes."""
    effective_from: EffectiveDay
    """First day of service it counts for."""
    known_from: date
    """Since when we may use it: a correction has an old effective date and a new this."""
    source: SourceText
    """The utility's schedule that says these hours."""
    source_url: SourceUrl | None = None
    """Its address."""
    source_sha256: Sha256 | None = None
    """Hash of it as it was read."""
    seasons: Annotated[dict[str, Season], Field(min_length=1)]
    """Season → its months and windows; together all twelve months, none twice."""
    table: Table | None = None
    """Instead of windows: a bucket for each month and hour."""
    clock: Literal["prevailing", "standard"] = "prevailing"
    """`standard` for a book that counts its hours without daylight saving."""
    shifts: tuple[Shift, ...] = ()
    """Days of every year on which all windows begin and end at another time."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        months = sorted(month for season in self.seasons.values() for month in season.months)
        if months != list(range(1, MONTHS_IN_YEAR + 1)):
            raise ValueError("seasons must hold each of the twelve months exactly once")
        for name, season in self.seasons.items():
            if self.table and (season.windows or season.otherwise):
                raise ValueError(f"{name}: hours are given by the table or by windows, not by both")
            if not self.table and season.otherwise is None:
                raise ValueError(f"{name}: `otherwise` is missing")
        return self


class CalendarFile(BaseModel):
    """One calendar with some or all of its versions: `calendars/<calendar>.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    calendar_id: Name
    """What plans name it by."""
    title: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    utility: UtilityCode
    rate_codes: tuple[
        Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,29}$")], ...
    ]
    """The utility's rate codes with these hours; a plan may name the calendar itself instead."""
    zone: str = "America/Los_Angeles"
    """The zone of the utility's local time."""
    holidays: Name
    """Name of a holiday list."""
    versions: Annotated[tuple[CalendarVersion, ...], Field(min_length=1)]
    """Each is imported and activated by itself."""

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, OSError, ValueError) as wrong:
            raise ValueError(f"there is no time zone {self.zone}") from wrong
        names = [version.version for version in self.versions]
        if len(set(names)) != len(names):
            raise ValueError("two versions have the same name")
        return self

    @property
    def singles(self) -> tuple[CalendarFile, ...]:
        """A file for each version: what is imported, compared and activated by itself."""
        return tuple(self.model_copy(update={"versions": (each,)}) for each in self.versions)

    @property
    def place(self) -> tuple[UtilityCode, str, str]:
        """What a calendar keeps through all its versions: utility, zone and holiday list."""
        return self.utility, self.zone, self.holidays


def joined(singles: Sequence[CalendarFile]) -> CalendarFile:
    """One calendar of several versions of it; title and rate codes are those of the latest."""
    ordered = sorted(singles, key=lambda each: _age(each.versions[0]))
    versions = tuple(version for each in ordered for version in each.versions)
    return ordered[-1].model_copy(update={"versions": versions})


def _age(version: CalendarVersion) -> tuple[date, date, str]:
    return version.known_from, version.effective_from, version.version


class HolidayFile(BaseModel):
    """`holidays.toml`: every version of every list."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    lists: Annotated[tuple[HolidayList, ...], Field(min_length=1)]
