"""Words interval usage (867 with BPT04 C1) in the way each utility sends it, and invents it.

The three utilities write the same segments and mean different moments by their stamps: PG&E stamps
every reading with its end, SCE the start of the first, SDG&E the end of the first. This is written
from the trade's description alone; the back office reads it with code of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from simulator.documents import BILL_OPTION, RECEIVER, SUBMITTER, ccyymmdd, kwh
from simulator.world import document_id
from simulator.x12 import Segment, write_interchange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from simulator.places import UtilityIdentity
    from simulator.plan import DayPlan
    from simulator.world import Account

QUARTER: Final = timedelta(minutes=15)
QUARTERS_AN_HOUR: Final = 4
PREVAILING: Final = ZoneInfo("America/Los_Angeles")
STANDARD: Final = ZoneInfo("Etc/GMT+8")
BASE_WH: Final = 60
SWING_WH: Final = 256
# How a home's day runs, hour by hour: quiet nights, a small morning, a large evening.
SHAPE: Final = (3, 3, 2, 2, 2, 3, 4, 6, 6, 5, 5, 5, 5, 5, 5, 6, 8, 11, 12, 12, 11, 9, 6, 4)
SHAPE_MEAN: Final = 6
FILE_NUMBER: Final = 3


@dataclass(frozen=True, slots=True)
class Layout:
    """How a utility times its readings: by what stamp, and by which clock."""

    stamps_each: bool
    first_stamp: str
    """DTM01 of the one stamp before the readings, if there is one: 150 a start, 151 an end."""
    clock: ZoneInfo


LAYOUTS: Final = {
    "pge": Layout(stamps_each=True, first_stamp="", clock=PREVAILING),
    "sce": Layout(stamps_each=False, first_stamp="150", clock=STANDARD),
    "sdge": Layout(stamps_each=False, first_stamp="151", clock=PREVAILING),
}


@dataclass(frozen=True, slots=True)
class IntervalUsed:
    """What a meter recorded from `start` to `end`, in Wh for each quarter of an hour.

    Days are days of the utility's stamps. `purpose` is BPT01, `original` the BPT02 it corrects.
    """

    id: str
    account: Account
    start: date
    end: date
    readings: Sequence[int]
    purpose: str = "00"
    original: str = ""


@lru_cache(maxsize=64)
def bounds(clock: ZoneInfo, start: date, end: date) -> tuple[datetime, ...]:
    """Tell where every quarter of an hour begins, and where the last one ends, on a clock."""
    first, last = (datetime.combine(day, time(), clock).astimezone(UTC) for day in (start, end))
    count = (last - first) // QUARTER
    return tuple((first + n * QUARTER).astimezone(clock) for n in range(count + 1))


@lru_cache(maxsize=64)
def stamps(clock: ZoneInfo, start: date, end: date) -> tuple[str, ...]:
    """Write the same moments as CCYYMMDDHHMM."""
    return tuple(f"{at:%Y%m%d%H%M}" for at in bounds(clock, start, end))


@lru_cache(maxsize=64)
def _levels(clock: ZoneInfo, start: date, end: date) -> tuple[int, ...]:
    """What a usual home uses in each quarter: the day's shape, by the clock on the wall."""
    walls = (at.astimezone(PREVAILING).hour for at in bounds(clock, start, end)[:-1])
    return tuple(BASE_WH * SHAPE[hour] // SHAPE_MEAN for hour in walls)


def record(plan: DayPlan, account: Account, id_: str) -> IntervalUsed:
    """Invent what one account's meter recorded over the plan's period."""
    start, end = plan.period
    levels = _levels(LAYOUTS[plan.utility].clock, start, end)
    # The meter's own noise: one byte a reading, always the same for the same seed and account.
    noise = Random(f"{plan.seed}/{account.number}/{end}").randbytes(len(levels))
    readings = [
        level + level * swing // SWING_WH for level, swing in zip(levels, noise, strict=True)
    ]
    return IntervalUsed(id_, account, start, end, readings)


def interval_usage(
    utility: UtilityIdentity, used: IntervalUsed, day: date, due: date
) -> tuple[Segment, ...]:
    """Word one interval 867 for one meter; no total is sent beside the readings."""
    account, layout = used.account, LAYOUTS[utility.key]
    purpose: Segment = ("BPT", used.purpose, used.id, ccyymmdd(day), "C1")
    if used.original:
        purpose = (*purpose, "", "", "", "", used.original)
    at = stamps(layout.clock, used.start, used.end)
    one_stamp: tuple[Segment, ...] = ()
    if layout.first_stamp:
        moment = at[0] if layout.first_stamp == "150" else at[1]
        one_stamp = (("DTM", layout.first_stamp, "", "", "", "DT", moment),)
    head = (
        purpose,
        ("DTM", "649", ccyymmdd(due)),
        ("REF", "12", account.number),
        ("REF", "Q5", "", account.service_agreement),
        *BILL_OPTION,
        ("N1", "8S", utility.name, "1", utility.duns, "", SUBMITTER),
        ("N1", "SJ", account.cca.name, "1", account.cca.duns, "", RECEIVER),
        ("N1", "8R", account.customer),
        ("PTD", "PM", "", "", "OZ", "EL"),
        *one_stamp,
        ("REF", "MG", account.meter),
        ("REF", "MT", "KH015"),
        ("REF", "NH", account.rate.code),
    )
    if not layout.stamps_each:
        return (*head, *(("QTY", "32", kwh(wh), "KH") for wh in used.readings))
    lines: list[Segment] = list(head)
    for wh, moment in zip(used.readings, at[1:], strict=True):
        lines.append(("QTY", "32", kwh(wh), "KH"))
        lines.append(("DTM", "151", "", "", "", "DT", moment))
    return tuple(lines)


def texts(plan: DayPlan, accounts: Iterable[Account]) -> Iterator[tuple[Segment, ...]]:
    """Word the interval 867s of these accounts for the plan's period."""
    for account in accounts:
        used = record(plan, account, document_id(plan.people, plan.day, "I", account.index))
        yield interval_usage(plan.identity, used, plan.day, plan.due)


def write_file(plan: DayPlan, stream: BinaryIO) -> int:
    """Write the interval 867s of all accounts straight to a stream; return how many.

    They match the 814s of the same plan.
    """
    accounts = (plan.people.account(index) for index in plan.people.indexes)
    return write_interchange(
        stream, plan.envelope(FILE_NUMBER), plan.style, "867", texts(plan, accounts)
    )
