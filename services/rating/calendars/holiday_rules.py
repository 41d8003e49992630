"""The holidays of a utility's rate book, and what becomes of one that falls on a weekend.

On a holiday the weekend's hours apply, so one wrong day moves afternoon energy from the peak to a
cheaper price. The three utilities name the same eight days and move them differently: 3 July 2026
is a holiday at PG&E and an ordinary peak day at SDG&E. A list is therefore data of ours, with a
source, and does not change because a library was upgraded.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

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
_LEAP_YEAR: Final = 2024

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
    """The holidays of one utility's rate book.

    `saturday_to_friday` and `sunday_to_monday` say whether a holiday on that day of the weekend is
    observed on the working day beside it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    list_id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
    source: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    saturday_to_friday: bool
    sunday_to_monday: bool
    days: Annotated[tuple[Holiday, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _rules_can_be_read(self) -> Self:
        for holiday in self.days:
            day_of(holiday.on, _LEAP_YEAR)
        return self

    def observed_in(self, year: int) -> frozenset[date]:
        """The days on which this list's holidays are observed, within a calendar year.

        New Year's Day of the next year may be observed on 31 December.
        """
        days = (
            self._observed(day_of(holiday.on, about))
            for about in (year, year + 1)
            for holiday in self.days
        )
        return frozenset(day for day in days if day.year == year)

    def _observed(self, day: date) -> date:
        weekday = WEEKDAYS[day.weekday()]
        if weekday == "saturday" and self.saturday_to_friday:
            return day - timedelta(days=1)
        if weekday == "sunday" and self.sunday_to_monday:
            return day + timedelta(days=1)
        return day


@cache
def _observed_in(days: HolidayList, year: int) -> frozenset[date]:
    return days.observed_in(year)


def is_holiday(days: HolidayList, day: date) -> bool:
    """Whether a list's holiday is observed on a day; the year's days are remembered."""
    return day in _observed_in(days, day.year)
