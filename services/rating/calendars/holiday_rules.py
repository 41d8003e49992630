"""The holidays of a utility's rate book, and what becomes of one that falls on a weekend.

On a holiday the weekend's hours apply, so one wrong day moves afternoon energy from the peak to a
cheaper price. The three utilities name the same eight days and move them differently: 3 July 2026
is a holiday at PG&E and an ordinary peak day at SDG&E. A list is therefore data of ours, with a
source, and does not change because a library was upgraded. It has versions, as hours and prices
have: a holiday that is added counts from its day on, and old bills stay what they were.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.rating.holds import RateNotFound
from services.rating.sources import EffectiveDay, Sha256, SourceText, SourceUrl
from services.rating.versions import in_effect

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
ORDINALS: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
DAYS_IN_WEEK: Final = 7

_FIXED: Final = re.compile(r"(?P<month>\d\d)-(?P<day>\d\d)")
_FLOATING: Final = re.compile(
    rf"(?P<nth>{'|'.join(ORDINALS)}) (?P<weekday>{'|'.join(WEEKDAYS)}) "
    rf"of (?P<month>{'|'.join(MONTHS)})"
)
_ORDINARY_YEAR: Final = 2023
"""A rule must name a day of every year, so not 29 February."""

DayRule = Annotated[str, StringConstraints(to_lower=True, strip_whitespace=True)]
"""`07-04`, or `third monday of february`."""


@cache
def day_of(rule: str, year: int) -> date:
    """The day that a rule names in a year.

    Raises:
        ValueError: the rule is neither `MM-DD` nor like `last monday of may`.
    """
    fixed = _FIXED.fullmatch(rule)
    if fixed:
        return date(year, int(fixed["month"]), int(fixed["day"]))
    floating = _FLOATING.fullmatch(rule)
    if not floating:
        raise ValueError(f"{rule!r} is neither MM-DD nor like 'last monday of may'")
    month = MONTHS.index(floating["month"]) + 1
    nth, weekday = ORDINALS[floating["nth"]], WEEKDAYS.index(floating["weekday"])
    if nth > 0:
        first = date(year, month, 1)
        ahead = (weekday - first.weekday()) % DAYS_IN_WEEK
        return first + timedelta(days=ahead + (nth - 1) * DAYS_IN_WEEK)
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % DAYS_IN_WEEK)


class Holiday(BaseModel):
    """One named day of a list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    on: DayRule


class HolidayList(BaseModel):
    """One version of the holidays of one utility's rate book.

    `saturday_to_friday` and `sunday_to_monday` say whether a holiday on that day of the weekend is
    observed on the working day beside it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    list_id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
    """What calendars and export prices name it by."""
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    """Name of this version; once imported it never changes."""
    effective_from: EffectiveDay
    """First day on which its days count."""
    known_from: date
    """Since when it may be used: a correction has an old effective date and a new this."""
    source: SourceText
    source_url: SourceUrl | None = None
    source_sha256: Sha256 | None = None
    """Hash of what was read."""
    saturday_to_friday: bool
    """A holiday on a Saturday is observed on the Friday before."""
    sunday_to_monday: bool
    """A holiday on a Sunday is observed on the Monday after."""
    days: Annotated[tuple[Holiday, ...], Field(min_length=1)]
    """The days by their names."""

    @model_validator(mode="after")
    def _rules_can_be_read(self) -> Self:
        for holiday in self.days:
            day_of(holiday.on, _ORDINARY_YEAR)
        return self

    def observed_in(self, year: int) -> frozenset[date]:
        """The days on which this list's holidays are observed, within a calendar year.

        New Year's Day of the next year may be observed on 31 December.
        """
        days = (
            self.observed(day_of(holiday.on, about))
            for about in (year, year + 1)
            for holiday in self.days
        )
        return frozenset(day for day in days if day.year == year)

    def observed(self, day: date) -> date:
        """The day on which a holiday that falls on a day is observed."""
        weekday = WEEKDAYS[day.weekday()]
        if weekday == "saturday" and self.saturday_to_friday:
            return day - timedelta(days=1)
        if weekday == "sunday" and self.sunday_to_monday:
            return day + timedelta(days=1)
        return day


@dataclass(frozen=True, eq=False)
class Holidays:
    """One utility's holidays with the versions known on some day.

    Attributes:
        list_id: the list's name.
        versions: those that may be used.
    """

    list_id: str
    versions: tuple[HolidayList, ...]
    _years: dict[int, frozenset[date]] = field(init=False, repr=False, default_factory=dict)

    def version_on(self, day: date) -> HolidayList:
        """The version in effect.

        Raises:
            RateNotFound: the list does not reach back to the day.
        """
        found = in_effect(self.versions, day)
        if found is None:
            raise RateNotFound(f"the holiday list {self.list_id} says nothing about {day}")
        return found

    def is_holiday(self, day: date) -> bool:
        """Whether a holiday is observed on a day; the days of a year are remembered.

        Raises:
            RateNotFound: the list does not reach back to the day.
        """
        if day.year not in self._years:
            self._years[day.year] = self.observed_in(day.year)
        if day in self._years[day.year]:
            return True
        if all(day < each.effective_from for each in self.versions):
            self.version_on(day)
        return False

    def observed_in(self, year: int) -> frozenset[date]:
        """The days of a year on which holidays are observed, each by the version of its day."""
        return frozenset(
            day
            for each in self.versions
            for day in each.observed_in(year)
            if day >= each.effective_from and self.version_on(day) is each
        )
