"""Tells what other hours, and other holidays, come to over a year: hours and days that move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from services.rating.calendars import Calendar, CalendarBook
from services.rating.calendars.calendar import BUCKETS
from services.rating.calendars.calendar_file import MINUTES_IN_HOUR, CalendarFile
from services.rating.calendars.holiday_rules import HolidayList, Holidays
from services.rating.tariffs.files import TariffFile

LIST_YEARS: Final = 3
"""Years for which days of two holiday lists are compared."""


def hours_words(before: TariffFile, after: TariffFile, book: CalendarBook) -> Iterator[str]:
    """What changes between two versions of a calendar or of a holiday list, in hours and days.

    Args:
        before: the one version.
        after: the other.
        book: holds the holidays that a calendar names.

    Raises:
        RateNotFound: a calendar names holidays that are not active.
    """
    if isinstance(before, HolidayList) and isinstance(after, HolidayList):
        yield from _days(before, after)
    if isinstance(before, CalendarFile) and isinstance(after, CalendarFile):
        year = max(one.versions[0].effective_from for one in (before, after)).year + 1
        old, new = (_always(one, book.holiday_list(one.holidays)) for one in (before, after))
        for (one, other), minutes in minutes_moved(old, new, year).items():
            hours = Decimal(minutes) / MINUTES_IN_HOUR
            yield f"{year}: {hours:,.2f} hours move from {one} to {other}"


def minutes_moved(before: Calendar, after: Calendar, year: int) -> dict[tuple[str, str], int]:
    """How many minutes of a year two calendars put into different buckets, by old and new bucket.

    Raises:
        RateNotFound: one of them does not reach back to the year.
    """
    minutes: Counter[tuple[int, int]] = Counter()
    first = date(year, 1, 1)
    for number in range((date(year + 1, 1, 1) - first).days):
        day = first + timedelta(days=number)
        one, other = before.minutes_of(day), after.minutes_of(day)
        apart = one != other
        minutes.update(zip(one[apart].tolist(), other[apart].tolist(), strict=True))
    return {
        (BUCKETS[one].value, BUCKETS[other].value): count
        for (one, other), count in minutes.most_common()
    }


def _always(file: CalendarFile, holidays: Holidays) -> Calendar:
    """A version as if it had always been in effect."""
    return Calendar(file, file.versions, holidays)


def _days(before: HolidayList, after: HolidayList) -> Iterator[str]:
    first = max(before.effective_from, after.effective_from).year
    for year in range(first, first + LIST_YEARS):
        old, new = before.observed_in(year), after.observed_in(year)
        for day in sorted(old ^ new):
            yield f"{day:%A} {day}: {'no holiday any more' if day in old else 'a holiday'}"
