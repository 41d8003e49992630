"""Calendars: which hours of which days are on-peak, as versioned data, and compiled for arithmetic.

    calendars = load_calendars()
    calendar = calendars.calendar("SDGE-TOU", known_on=day)
    calendar.season_of(day)                  # "summer"
    calendar.bucket_at(moment)               # Bucket.ON_PEAK
    compile_window(calendar, start, end)     # a bucket for each quarter-hour of [start, end)

The model is `calendar_file`; those that come with the program lie in `plans/calendars/`.
"""

from __future__ import annotations

from services.rating.calendars.book import (
    CalendarBook,
    CalendarFileRefused,
    holidays_in_force,
    load_calendars,
)
from services.rating.calendars.calendar import Calendar
from services.rating.calendars.window import (
    Cell,
    IntervalTooLong,
    Segment,
    Window,
    compile_segments,
    compile_window,
)

__all__ = [
    "Calendar",
    "CalendarBook",
    "CalendarFileRefused",
    "Cell",
    "IntervalTooLong",
    "Segment",
    "Window",
    "compile_segments",
    "compile_window",
    "holidays_in_force",
    "load_calendars",
]
