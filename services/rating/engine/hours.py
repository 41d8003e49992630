"""Finds out which hours a plan's buckets mean, for every day of a period.

A plan names a calendar, or brings a table of hours of its own; else its utility rate codes say it.
A plan with one price for all hours needs neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from services.rating.calendars import (
    Calendar,
    CalendarBook,
    Segment,
    Window,
    compile_segments,
)
from services.rating.calendars.calendar_file import CalendarFile, CalendarVersion, Season
from services.rating.calendars.holiday_rules import Holidays
from services.rating.calendars.window import REMEMBERED_DAYS_MAX
from services.rating.holds import RateNotFound
from services.rating.tariffs.book import Span
from services.rating.tariffs.plan import PlanFile
from shared.contracts.usage import Bucket

REMEMBERED_PLANS_MAX: Final = 4_096

_ONE_DAY: Final = timedelta(days=1)


def window_of(
    spans: Sequence[Span], calendars: CalendarBook, known_on: date, step_s: int
) -> Window:
    """Compile the hours of a period's spans; the answer is remembered.

    Args:
        spans: plan versions and seasons over the period, as the price book cuts it.
        calendars: all calendars.
        known_on: the day whose knowledge of calendars counts.
        step_s: length of an interval.

    Raises:
        RateNotFound: a plan has no hours, or names its seasons otherwise than its calendar.
        IntervalTooLong: a bucket begins or ends within an interval.
    """
    segments = tuple(
        Segment(calendar_of(span.plan, calendars, known_on), span.start, span.end, span.season)
        for span in spans
    )
    return _window(segments, step_s)


@lru_cache(maxsize=REMEMBERED_PLANS_MAX)
def _window(segments: tuple[Segment, ...], step_s: int) -> Window:
    """Compile segments whose seasons are those of their calendars.

    The very last day may lie in the next season: it holds the last hour of a utility that stamps
    with standard time, and is priced as the days before it.
    """
    spill = segments[-1].end - _ONE_DAY
    for segment in segments:
        for number in range((segment.end - segment.start).days):
            day = segment.start + number * _ONE_DAY
            season = _season_of(segment.calendar, day)
            if season != segment.season and (day != spill or day == segment.start):
                raise RateNotFound(
                    f"the plan calls {day} {segment.season}, "
                    f"the calendar {segment.calendar.calendar_id} {season}"
                )
    return compile_segments(segments, None, step_s)


@lru_cache(maxsize=REMEMBERED_DAYS_MAX)
def _season_of(calendar: Calendar, day: date) -> str:
    """A day's season, which many billing cycles ask for; remembered."""
    return calendar.season_of(day)


def calendar_of(plan: PlanFile, calendars: CalendarBook, known_on: date) -> Calendar:
    """The calendar of a plan: by name, by its own table, or by its rate codes.

    Raises:
        RateNotFound: there is none, or more than one.
    """
    if plan.calendar is not None:
        return calendars.calendar(plan.calendar, known_on)
    own = _own_calendar(_Named(plan), calendars.holiday_list(plan.utility, known_on))
    if own is not None:
        return own
    return calendars.of_rate_codes(plan.utility, plan.rate_codes, known_on)


class _Named:
    """A plan as a key: plans hold tables and have no hash, but id and version name them."""

    def __init__(self, plan: PlanFile) -> None:
        self.plan = plan

    def __hash__(self) -> int:
        return hash((self.plan.cca, self.plan.plan_id, self.plan.version))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Named) and (self.plan is other.plan or self.plan == other.plan)


@lru_cache(maxsize=REMEMBERED_PLANS_MAX)
def _own_calendar(named: _Named, holidays: Holidays) -> Calendar | None:
    """A calendar made of a plan's own table, or of its having one price for all hours."""
    plan = named.plan
    flat = all(plan.buckets(season) <= {Bucket.TOTAL} for season in plan.seasons)
    if plan.schedule is None and not flat:
        return None
    otherwise = None if plan.schedule else Bucket.TOTAL
    version = CalendarVersion(
        version=plan.version,
        effective_from=plan.effective_from,
        known_from=plan.known_from,
        source=plan.source,
        seasons={
            name: Season(months=months, otherwise=otherwise)
            for name, months in plan.seasons.items()
        },
        table=plan.schedule,
    )
    file = CalendarFile(
        calendar_id=plan.plan_id,
        title=plan.title,
        utility=plan.utility,
        rate_codes=plan.rate_codes,
        holidays=plan.utility,
        versions=(version,),
    )
    return Calendar(file, (version,), holidays)
