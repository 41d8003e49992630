"""Makes and keeps our own copy of usage with gaps: the days that an estimate of ours is in.

The interval store is not written here and nothing that bills reads these tables. A copy belongs to
the 867 with the gap; once that is cancelled its copy counts no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import ARRAY, Row, Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import insert

from services.rating.calendars.holiday_rules import Holidays
from services.rating.corrections import LIVE_STATES
from services.rating.intervals.binary import unpacked
from services.rating.intervals.block import (
    ACTUAL,
    ESTIMATED,
    MICRO_DECIMALS,
    MISSING,
    IntervalBlock,
    day_lengths,
    midnight,
)
from services.rating.intervals.keeping import days_of
from services.rating.review.settings import load_settings
from services.rating.scope import UTILITY_ZONE, Scope
from services.rating.store import INTERVAL_SERIES, USAGE, VEE
from services.rating.store_accounts import among, in_scope
from services.rating.store_shared import load_holidays
from services.rating.vee.again import OURS, check_again
from services.rating.vee.arrival import settings_of
from services.rating.vee.check import Subject
from services.rating.vee.estimate import (
    FROM_UTILITY,
    LIKE_DAYS,
    LIKE_DAYS_REACH,
    LINEAR,
    MINUTES_IN_HOUR,
    OPEN,
    PROFILE,
    VALID,
    Channel,
    Day,
    Estimate,
    estimate,
    load_profiles,
)
from services.rating.vee.figures import Figures
from services.rating.vee.finding import CheckFinding
from services.rating.vee.keeping import load_past, save_findings
from shared.contracts.usage import Direction, MeterUsage
from shared.platform.database import WriteSession, copy_rows

if TYPE_CHECKING:
    import numpy.typing as npt

_ONE_DAY: Final = timedelta(days=1)
_FRIDAY: Final = 4
_CODE_OF: Final = np.zeros(MISSING + 1, dtype=np.uint8)
_CODE_OF[[ACTUAL, ESTIMATED, MISSING]] = (VALID, FROM_UTILITY, OPEN)
"""Our mark of a reading in the interval store → its quality code here."""

_DAY_COLUMNS: Final = ("series_id", "day", "quality", "readings")


@dataclass(frozen=True, slots=True)
class _Torn:
    """A channel with readings missing, and the meter's period."""

    subject: Subject
    block: IntervalBlock
    meter: MeterUsage

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What makes channels of different 867s the same channel."""
        return (
            self.subject.item.account_number,
            *_channel(self.block.meter_number, self.block.channel, self.block.direction),
            self.block.minutes,
        )

    @property
    def unit(self) -> int:
        """What a unit of its readings is, in 1e-6 kWh."""
        return int(10 ** (MICRO_DECIMALS - self.block.decimals))

    @property
    def days(self) -> tuple[date, date]:
        """First and last day of period and readings together."""
        first = min(self.meter.period_start, self.block.first_day)
        return first, max(self.meter.period_end - _ONE_DAY, self.block.last_day)


async def keep_copies(
    session: WriteSession, scope: Scope, subjects: Iterable[Subject], at: datetime
) -> int:
    """Estimate what is missing in new interval usage, and keep it; the readings must be stored.

    Returns:
        How many channels got a copy.
    """
    torn = [one for subject in subjects for one in _torn(subject)]
    if not torn:
        return 0
    series = await _series_ids(session, torn)
    others = await _other_days(session, scope, torn)
    accounts = frozenset(one.subject.item.account_number for one in torn)
    past = await load_past(session, scope, accounts, min(one.days[0] for one in torn))
    holidays = await load_holidays(session, scope.utility)
    rules = settings_of(await load_settings(session, scope.cca))
    kept = 0
    findings: list[CheckFinding] = []
    for one in torn:
        places = (one.subject.item.transaction_id, *one.key[1:4])
        if places not in series:
            continue
        channel = _channel_of(one, others.get(one.key, {}), past, holidays)
        filled = estimate(channel)
        await _keep(session, series[places], one, channel, filled, at)
        findings += check_again(one.subject, one.block, channel, filled, one.unit, rules)
        kept += 1
    await save_findings(session, scope, findings, at)
    return kept


def _torn(subject: Subject) -> list[_Torn]:
    note = subject.item.intervals
    if note is None or not note.missing:
        return []
    meters = {meter.meter_number: meter for meter in subject.item.meters}
    return [_Torn(subject, block, meters[block.meter_number]) for block in subject.blocks]


def _channel_of(
    one: _Torn, others: Mapping[date, Day], past: Sequence[Figures], holidays: Holidays
) -> Channel:
    block = one.block
    unit = one.unit
    days = _days(one, holidays)
    twin = _twin(one, past)
    stated = None
    if twin is not None:
        delivered = block.direction is Direction.DELIVERED
        stated = (twin.delivered_micro if delivered else twin.received_micro) // unit
    profiles = load_profiles()
    weights = (
        profiles.weights(one.subject.customer_class, weekend=False),
        profiles.weights(one.subject.customer_class, weekend=True),
    )
    wanted = _wanted(one, sum(len(day.values) for day in days))
    return Channel(
        minutes=block.minutes,
        days=days,
        wanted=wanted,
        others={day: _in_units(there, unit) for day, there in others.items()},
        total=stated,
        per_day=_per_day(one, past, unit),
        weights=weights,
    )


def _days(one: _Torn, holidays: Holidays) -> tuple[Day, ...]:
    """Lay the block over all days of its period; what it does not cover is missing."""
    block = one.block
    first, last = one.days
    size = sum(day_lengths(first, last, block.minutes))
    values = np.zeros(size, dtype=np.int64)
    codes = np.full(size, OPEN, dtype=np.uint8)
    before = 0
    if block.first_day > first:
        before = sum(day_lengths(first, block.first_day - _ONE_DAY, block.minutes))
    here = slice(before, before + len(block.readings))
    values[here] = block.readings
    codes[here] = _CODE_OF[block.quality]
    found, place = [], 0
    for number, length in enumerate(day_lengths(first, last, block.minutes)):
        part = slice(place, place + length)
        day = first + number * _ONE_DAY
        found.append(_day(day, block.minutes, values[part], codes[part], holidays))
        place += length
    return tuple(found)


def _day(
    day: date,
    minutes: int,
    values: npt.NDArray[np.int64],
    codes: npt.NDArray[np.uint8],
    holidays: Holidays,
) -> Day:
    weekend = day.weekday() > _FRIDAY or holidays.is_holiday(day)
    return Day(day, weekend, wall_slots(day, minutes), values, codes)


def wall_slots(day: date, minutes: int) -> npt.NDArray[np.intp]:
    """Return for each interval of a local day which part of the wall clock's day it is."""
    (length,) = day_lengths(day, day, minutes)
    usual = np.arange(length)
    if length == 24 * MINUTES_IN_HOUR // minutes:
        return usual
    begin = midnight(day)
    locals_ = [
        (begin + int(n) * timedelta(minutes=minutes)).astimezone(UTILITY_ZONE) for n in usual
    ]
    return np.array([(at.hour * MINUTES_IN_HOUR + at.minute) // minutes for at in locals_])


def _wanted(one: _Torn, size: int) -> npt.NDArray[np.bool_]:
    """Mark the intervals of the period, by the clock of the stamps.

    A utility that stamps with standard time ends a summer month an hour into our next day.
    """
    block, meter = one.block, one.meter
    first, _ = one.days
    begin = sum(day_lengths(first, meter.period_start - _ONE_DAY, block.minutes))
    end = sum(day_lengths(first, meter.period_end - _ONE_DAY, block.minutes))
    before = sum(day_lengths(first, block.first_day - _ONE_DAY, block.minutes))
    there = np.flatnonzero(block.quality != MISSING) + before
    shift = int(np.count_nonzero(there >= end))
    found = np.zeros(size, dtype=np.bool_)
    found[begin + shift : end + shift] = True
    return found


def _twin(one: _Torn, past: Sequence[Figures]) -> Figures | None:
    """The same meter and period by totals, from another 867."""
    for other in past:
        if other.from_intervals or other.transaction_id == one.subject.item.transaction_id:
            continue
        same_meter = (other.account_number, other.meter_number) == (
            one.subject.item.account_number,
            one.meter.meter_number,
        )
        days = (other.period_start, other.period_end)
        if same_meter and days == (one.meter.period_start, one.meter.period_end):
            return other
    return None


def _per_day(one: _Torn, past: Sequence[Figures], unit: int) -> int | None:
    """Average daily usage: of the period before, else of what was recorded in this one."""
    earlier = [
        other
        for other in past
        if other.account_number == one.subject.item.account_number
        and other.meter_number == one.meter.meter_number
        and other.period_end <= one.meter.period_start
    ]
    if earlier and one.block.direction is Direction.DELIVERED:
        return max(earlier, key=lambda other: other.period_end).per_day_micro // unit
    there = one.block.quality != MISSING
    counted = int(np.count_nonzero(there))
    if not counted:
        return None
    a_day = 24 * MINUTES_IN_HOUR // one.block.minutes
    return int(one.block.readings[there].sum(dtype=np.int64)) * a_day // counted


def _in_units(day: Day, unit: int) -> Day:
    values = (day.values + unit // 2) // unit
    return Day(day.day, day.weekend, day.slots, values, day.codes)


async def _series_ids(
    session: WriteSession, torn: Sequence[_Torn]
) -> dict[tuple[UUID, str, str, str], int]:
    t = INTERVAL_SERIES.c
    ids = list({one.subject.item.transaction_id for one in torn})
    rows = await session.execute(
        select(t.transaction_id, t.meter_number, t.channel, t.direction, t.series_id).where(
            t.transaction_id == any_(literal(ids, ARRAY(Uuid)))
        )
    )
    return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}


async def _other_days(
    session: WriteSession, scope: Scope, torn: Sequence[_Torn]
) -> dict[tuple[str, str, str, str, int], dict[date, Day]]:
    """Read the days of the same channels within reach that other 867s brought, in 1e-6 kWh."""
    s, u = INTERVAL_SERIES.c, USAGE.c
    reach = timedelta(days=LIKE_DAYS_REACH)
    first = min(one.days[0] for one in torn) - reach
    last = max(one.days[1] for one in torn) + reach
    mine = [one.subject.item.transaction_id for one in torn]
    found = await session.execute(
        select(INTERVAL_SERIES)
        .join(USAGE, u.transaction_id == s.transaction_id)
        .where(
            *in_scope(INTERVAL_SERIES, scope),
            among(s.account_number, {one.subject.item.account_number for one in torn}),
            s.last_day >= first,
            s.first_day <= last,
            s.transaction_id.not_in(mine),
            u.state.in_(LIVE_STATES),
        )
    )
    series = {row.series_id: row for row in found}
    if not series:
        return {}
    holidays = await load_holidays(session, scope.utility)
    channels: dict[tuple[str, str, str, str, int], dict[date, Day]] = {}
    for row in await session.execute(days_of(list(series), first, last)):
        whose = series[row.series_id]
        names = _channel(whose.meter_number, whose.channel, Direction(whose.direction))
        key = (whose.account_number, *names, whose.minutes)
        channels.setdefault(key, {}).setdefault(row.day, _stored_day(row, whose, holidays))
    return channels


def _stored_day(row: Row[Any], series: Row[Any], holidays: Holidays) -> Day:
    values = unpacked(row.packed).astype(np.int64) * 10 ** (MICRO_DECIMALS - series.decimals)
    marks = np.zeros(len(values), dtype=np.uint8)
    if row.quality is not None:
        marks = np.frombuffer(row.quality, dtype=np.uint8)
    return _day(row.day, series.minutes, values, _CODE_OF[marks], holidays)


async def _keep(
    session: WriteSession,
    series_id: int,
    one: _Torn,
    channel: Channel,
    found: Estimate,
    at: datetime,
) -> None:
    ours = np.isin(found.codes, OURS)
    unit = one.unit
    await session.execute(
        insert(VEE.estimates).values(
            series_id=series_id,
            transaction_id=one.subject.item.transaction_id,
            linear=found.count(LINEAR),
            like_days=found.count(LIKE_DAYS),
            profile=found.count(PROFILE),
            left_open=int(np.count_nonzero(channel.wanted & (found.codes == OPEN))),
            estimated_micro=int(found.values[ours].sum()) * unit,
            scaled_to_micro=None if found.scaled_to is None else found.scaled_to * unit,
            profile_version=load_profiles().version,
            made_at=at,
        )
    )
    rows, place = [], 0
    for day in channel.days:
        part = slice(place, place + len(day.values))
        place += len(day.values)
        if ours[part].any():
            readings = found.values[part].tolist()
            rows.append((series_id, day.day, found.codes[part].tobytes(), readings))
    await copy_rows(session, VEE.estimate_days, _DAY_COLUMNS, rows)


def _channel(meter_number: str, channel: str, direction: Direction) -> tuple[str, str, str]:
    return meter_number, channel, direction.value
