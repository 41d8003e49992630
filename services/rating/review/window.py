"""Tells until when a charge still reaches the customer's bill: the bill-window clock.

The 867 says a day (DTM*649), or the utility allows so many of its business days after the usage
came. Either way the last day ends at the utility's cut-off hour, local time. A bill that comes
later prints without our charges.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from services.rating.calendars import CalendarBook, holidays_in_force
from services.rating.calendars.holiday_rules import Holidays
from shared.contracts.parts import Word

PARTNERS_FOLDER: Final = Path(__file__).parents[3] / "shared" / "partners"

_FRIDAY: Final = 4
_DAY: Final = timedelta(days=1)


class WindowRule(BaseModel):
    """`[bill_window]` of a utility's profile."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    business_days: Annotated[int, Field(ge=1, le=30)]
    cut_off_hour: Annotated[int, Field(ge=0, le=23)]
    holidays: str
    """Name of a holiday list; what is active of it counts, see `holidays_in_force`."""


class Basis(Word):
    """Where a deadline comes from."""

    STATED = "stated"
    """The 867 gave the day (DTM*649)."""
    BUSINESS_DAYS = "business_days"
    """Counted from the day on which the usage came."""


class Standing(StrEnum):
    """How a bill window stands."""

    OPEN = "open"
    CLOSING = "closing"
    """Within the time in which people are warned."""
    UNANSWERED = "unanswered"
    """Closed; the 810 left before, and the utility has not said what it makes of it."""
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when, and why then."""

    due_at: datetime
    basis: Basis

    def standing(
        self, at: datetime, warn_before: timedelta, left_at: datetime | None = None
    ) -> Standing:
        """How the window stands at a moment, for a bill whose 810 left (and may be accepted)."""
        if at > self.due_at:
            in_time = left_at is not None and left_at <= self.due_at
            return Standing.UNANSWERED if in_time else Standing.MISSED
        return Standing.CLOSING if at >= self.due_at - warn_before else Standing.OPEN


@dataclass(frozen=True, slots=True)
class BillWindow:
    """One utility's clock.

    Attributes:
        rule: how many business days, until which hour.
        zone: the utility's local time.
        holidays: days on which the utility does not work.
    """

    rule: WindowRule
    zone: ZoneInfo
    holidays: Holidays

    def is_business_day(self, day: date) -> bool:
        """Whether the utility works on a day."""
        return day.weekday() <= _FRIDAY and not self.holidays.is_holiday(day)

    def next_business_day(self, day: date) -> date:
        """The first business day after a day."""
        day += _DAY
        while not self.is_business_day(day):
            day += _DAY
        return day

    def deadline(self, received_at: datetime, stated: date | None) -> Deadline:
        """Until when usage must be charged.

        Args:
            received_at: when the usage came.
            stated: the day that the 867 gives, if it does; it counts as it is.
        """
        if stated is not None:
            return Deadline(self._cut_off(stated), Basis.STATED)
        day = received_at.astimezone(self.zone).date()
        for _ in range(self.rule.business_days):
            day = self.next_business_day(day)
        return Deadline(self._cut_off(day), Basis.BUSINESS_DAYS)

    def _cut_off(self, day: date) -> datetime:
        return datetime.combine(day, time(self.rule.cut_off_hour), self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Profile:
    """What a utility's profile says of its bill window."""

    rule: WindowRule
    zone: ZoneInfo


def bill_window(utility: str, active: CalendarBook | None, known_on: date) -> BillWindow | None:
    """The clock of a utility with its holidays as known on a day; `None` if it has no clock.

    Args:
        utility: its code.
        active: the calendars and holiday lists that count; none while no tariffs are active.
        known_on: as of when.

    Raises:
        RateNotFound: its profile names a holiday list that does not exist.
        ValidationError: the `[bill_window]` of a profile is not one.
    """
    profile = _load_profiles().get(utility)
    if profile is None:
        return None
    holidays = holidays_in_force(active, profile.rule.holidays, known_on)
    return BillWindow(profile.rule, profile.zone, holidays)


@cache
def _load_profiles(folder: Path = PARTNERS_FOLDER) -> Mapping[str, _Profile]:
    found: dict[str, _Profile] = {}
    for path in sorted(folder.glob("*/profile.toml")):
        profile = tomllib.loads(path.read_text(encoding="utf-8"))
        rule = WindowRule.model_validate(profile["bill_window"])
        found[path.parent.name] = _Profile(rule, ZoneInfo(profile["time_zone"]))
    return found
