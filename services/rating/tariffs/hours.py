"""Finds the hours a plan means by its buckets: a named calendar, or its own 12 × 24 table."""

from __future__ import annotations

from datetime import date

from services.rating.calendars import Calendar, CalendarBook
from services.rating.calendars.calendar_file import CalendarFile, CalendarVersion, Season
from services.rating.tariffs.plan import PlanFile


def calendar_of(plan: PlanFile, calendars: CalendarBook, known_on: date | None = None) -> Calendar:
    """The calendar of a plan: the one it names, its own schedule, or that of its rate codes.

    Args:
        plan: the plan version.
        calendars: all calendars.
        known_on: the day whose knowledge of calendars counts; all of it when left out.

    Raises:
        RateNotFound: there is no such calendar, or none for the plan's rate codes.
    """
    if plan.calendar is not None:
        return calendars.calendar(plan.calendar, known_on)
    if plan.schedule is not None:
        return _own(plan, calendars)
    return calendars.of_rate_codes(plan.utility, plan.rate_codes, known_on)


def _own(plan: PlanFile, calendars: CalendarBook) -> Calendar:
    """A calendar made of a plan's own table, with the holidays of its utility."""
    version = CalendarVersion(
        version=plan.version,
        effective_from=plan.effective_from,
        known_from=plan.known_from,
        source=plan.source,
        seasons={name: Season(months=months) for name, months in plan.seasons.items()},
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
    return Calendar(file, (version,), calendars.holidays[plan.utility])
