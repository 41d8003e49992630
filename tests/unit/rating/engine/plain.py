"""The slow second opinion: each interval by itself, with `datetime` and hours written by hand.

Nothing here reads the calendar files or shares a line with the engine: seasons, hours and holidays
stand here as somebody reads them off a rate sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from shared.contracts.usage import Bucket

PACIFIC = ZoneInfo("America/Los_Angeles")
ON, MID, OFF, SUPER = Bucket.ON_PEAK, Bucket.MID_PEAK, Bucket.OFF_PEAK, Bucket.SUPER_OFF_PEAK
SATURDAY, SUNDAY = 5, 6

Rule = Callable[[datetime], Bucket]


@cache
def weekdays_in(year: int, month: int, weekday: int) -> list[date]:
    day, found = date(year, month, 1), []
    while day.month == month:
        if day.weekday() == weekday:
            found.append(day)
        day += timedelta(days=1)
    return found


@cache
def eight_holidays(year: int) -> list[date]:
    return [
        date(year, 1, 1),
        weekdays_in(year, 2, 0)[2],
        weekdays_in(year, 5, 0)[-1],
        date(year, 7, 4),
        weekdays_in(year, 9, 0)[0],
        date(year, 11, 11),
        weekdays_in(year, 11, 3)[3],
        date(year, 12, 25),
    ]


def free_day(day: date, utility: str) -> bool:
    """Weekend or holiday, holidays moved as the utility moves them."""
    if day.weekday() in (SATURDAY, SUNDAY):
        return True
    if day in eight_holidays(day.year):
        return True
    yesterday, tomorrow = day - timedelta(days=1), day + timedelta(days=1)
    if yesterday.weekday() == SUNDAY and yesterday in eight_holidays(yesterday.year):
        return True
    return (
        utility == "pge"
        and tomorrow.weekday() == SATURDAY
        and tomorrow in eight_holidays(tomorrow.year)
    )


def e_tou_c(at: datetime) -> Bucket:
    return ON if 16 <= at.hour < 21 else OFF


def e_tou_d(at: datetime) -> Bucket:
    return ON if 17 <= at.hour < 20 and not free_day(at.date(), "pge") else OFF


def ev2_a(at: datetime) -> Bucket:
    if 16 <= at.hour < 21:
        return ON
    return MID if at.hour >= 15 else OFF


def e_1(_: datetime) -> Bucket:
    return Bucket.TOTAL


def pge_b(at: datetime) -> Bucket:
    if 16 <= at.hour < 21:
        return ON
    if at.month in (6, 7, 8, 9):
        return MID if at.hour in (14, 15, 21, 22) else OFF
    return SUPER if at.month in (3, 4, 5) and 9 <= at.hour < 14 else OFF


def ev_b(at: datetime) -> Bucket:
    day = at.date()
    late = weekdays_in(day.year, 3, SUNDAY)[1] <= day < weekdays_in(day.year, 4, SUNDAY)[0] or (
        weekdays_in(day.year, 10, SUNDAY)[-1] <= day < weekdays_in(day.year, 11, SUNDAY)[0]
    )
    hour = at.hour - 1 if late else at.hour
    if free_day(day, "pge"):
        return ON if 15 <= hour < 19 else OFF
    if 14 <= hour < 21:
        return ON
    return MID if 7 <= hour < 23 else OFF


def sce_4_9(at: datetime) -> Bucket:
    summer = 6 <= at.month <= 9
    if 16 <= at.hour < 21:
        return ON if summer and not free_day(at.date(), "sce") else MID
    return SUPER if not summer and 8 <= at.hour < 16 else OFF


def sdge_tou(at: datetime) -> Bucket:
    if 16 <= at.hour < 21:
        return ON
    if free_day(at.date(), "sdge"):
        return SUPER if at.hour < 14 else OFF
    midday = at.month in (3, 4) or at.date() >= date(2026, 5, 1)
    return SUPER if at.hour < 6 or (midday and 10 <= at.hour < 14) else OFF


RULES: Mapping[str, Rule] = {
    "PGE-E-TOU-C": e_tou_c,
    "PGE-E-TOU-D": e_tou_d,
    "PGE-EV2-A": ev2_a,
    "PGE-E-1": e_1,
    "PGE-B": pge_b,
    "PGE-EV-B": ev_b,
    "SCE-TOU-4-9PM": sce_4_9,
    "SDGE-TOU": sdge_tou,
}

SUMMERS = {"PGE-EV-B": range(5, 11), "SDGE-TOU": range(6, 11)}


def season_of(calendar_id: str, day: date) -> str:
    if calendar_id == "PGE-E-1":
        return "year"
    return "summer" if day.month in SUMMERS.get(calendar_id, range(6, 10)) else "winter"


def moments(start: date, end: date, step_s: int) -> Iterator[datetime]:
    """Every interval's start as local time, by walking through UTC."""
    at = datetime.combine(start, time(), PACIFIC).astimezone(UTC)
    last = datetime.combine(end, time(), PACIFIC).astimezone(UTC)
    while at < last:
        yield at.astimezone(PACIFIC)
        at += timedelta(seconds=step_s)


@dataclass
class Tally:
    """What one meter comes to in one part, season and bucket."""

    energy: int = 0
    received: int = 0
    demand: int = 0
    estimated: int = 0
    quarter: dict[datetime, int] = field(default_factory=dict)


def tally(
    calendar_id: str,
    days: tuple[date, date],
    cuts: Sequence[date],
    step_s: int,
    channels: tuple[Sequence[int], Sequence[int], Sequence[bool]],
) -> dict[tuple[int, str, Bucket], Tally]:
    """Add up one meter's intervals one by one; demand in the unit of the readings times four."""
    found: dict[tuple[int, str, Bucket], Tally] = {}
    for at, used, given, mark in zip(moments(*days, step_s), *channels, strict=True):
        day = at.date()
        part = sum(day >= cut for cut in cuts)
        key = (part, season_of(calendar_id, day), RULES[calendar_id](at))
        cell = found.setdefault(key, Tally())
        cell.energy += used
        cell.received += given
        cell.estimated += mark
        utc = at.astimezone(UTC)
        quarter = utc.replace(minute=utc.minute // 15 * 15)
        cell.quarter[quarter] = cell.quarter.get(quarter, 0) + used
    for cell in found.values():
        cell.demand = max(cell.quarter.values()) * 4
    return found
