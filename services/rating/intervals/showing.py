"""Tells what a meter recorded over some days: for each interval the value that counts now.

Several 867s may speak of one interval: an original, its replacement, the first hours of a day from
the month before. What a charge rests on counts first, then what came first; what was cancelled
counts no more, and can still be asked for by its usage id.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from sqlalchemy import Row, Select, case, select

from services.rating.corrections import LIVE_STATES, UsageState
from services.rating.intervals.binary import unpacked_days
from services.rating.intervals.block import MICRO_DECIMALS, MISSING, day_lengths, midnight
from services.rating.intervals.keeping import days_of
from services.rating.scope import Scope
from services.rating.store import INTERVAL_SERIES, USAGE
from services.rating.store_accounts import in_scope
from shared.contracts.usage import Direction
from shared.platform.database import ReadSession

if TYPE_CHECKING:
    import numpy.typing as npt

    from services.rating.intervals.block import Quality, Readings

DAYS_MAX: Final = 400
"""Days of one question: a year and what a comparison needs beside it."""

SERIES_MAX: Final = 2_000
"""867s of one account and range that are looked at: far above any."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose readings are asked for, of which days (both included).

    Without a `usage_id` what counts now; with one, what that 867 said, whatever became of it.
    """

    account_number: str
    first_day: date
    last_day: date
    meter_number: str | None = None
    usage_id: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DayReadings:
    """One local day of one channel; `micro` are 1e-6 kWh, `usage_ids` whom the values are from."""

    meter_number: str
    channel: str
    direction: Direction
    minutes: int
    day: date
    micro: npt.NDArray[np.int64]
    quality: Quality
    usage_ids: tuple[str, ...]

    @property
    def starts_at(self) -> datetime:
        """When its first interval begins, in UTC."""
        return midnight(self.day)


async def show_days(session: ReadSession, scope: Scope, asked: Asked) -> AsyncIterator[DayReadings]:
    """Tell the days of every channel in order; days without any reading are left out."""
    found = await session.execute(_series(scope, asked))
    channels: dict[tuple[str, str, str, int], list[Row[*tuple[Any, ...]]]] = {}
    for row in found:
        key = (row.meter_number, row.channel, row.direction, row.minutes)
        channels.setdefault(key, []).append(row)
    for key in sorted(channels):
        series = channels[key]
        first = max(asked.first_day, min(row.first_day for row in series))
        last = min(asked.last_day, max(row.last_day for row in series))
        for day in await _days(session, series, first, last):
            yield day


def _series(scope: Scope, asked: Asked) -> Select[Any]:
    s, u = INTERVAL_SERIES.c, USAGE.c
    wanted = [
        *in_scope(INTERVAL_SERIES, scope),
        s.account_number == asked.account_number,
        s.first_day <= asked.last_day,
        s.last_day >= asked.first_day,
    ]
    if asked.meter_number is not None:
        wanted.append(s.meter_number == asked.meter_number)
    if asked.usage_id is not None:
        wanted.append(u.usage_id == asked.usage_id)
    else:
        wanted.append(u.state.in_(LIVE_STATES))
    charged_first = case((u.state == UsageState.CHARGED.value, 0), else_=1)
    return (
        select(INTERVAL_SERIES, u.usage_id)
        .join(USAGE, u.transaction_id == s.transaction_id)
        .where(*wanted)
        .order_by(charged_first, u.seq, s.series_id)
        .limit(SERIES_MAX)
    )


async def _days(
    session: ReadSession, series: Sequence[Row[*tuple[Any, ...]]], first: date, last: date
) -> list[DayReadings]:
    """Read some days of one channel, and lay its 867s over each other, the first on top."""
    rank = {row.series_id: place for place, row in enumerate(series)}
    found = (await session.execute(days_of(list(rank), first, last))).all()
    values, bounds = unpacked_days([row.packed for row in found])
    by_day: dict[date, list[_Told]] = {}
    for number, row in enumerate(found):
        here = values[bounds[number] : bounds[number + 1]]
        by_day.setdefault(row.day, []).append(_Told(rank[row.series_id], here, row.quality))
    shown = (
        _laid_over(day, sorted(told, key=lambda one: one.rank), series)
        for day, told in sorted(by_day.items())
    )
    return [day for day in shown if day is not None]


class _Told(NamedTuple):
    """What one 867 says of a day; without marks every reading is actual."""

    rank: int
    readings: Readings
    marks: bytes | None

    @property
    def quality(self) -> Quality:
        if self.marks is None:
            return np.zeros(len(self.readings), dtype=np.uint8)
        return np.frombuffer(self.marks, dtype=np.uint8)


def _laid_over(
    day: date, told: Sequence[_Told], series: Sequence[Row[*tuple[Any, ...]]]
) -> DayReadings | None:
    """Lay what several 867s say of a day over each other, the first on top."""
    whose = series[0]
    (size,) = day_lengths(day, day, whose.minutes)
    micro = np.zeros(size, dtype=np.int64)
    quality = np.full(size, MISSING, dtype=np.uint8)
    used: list[str] = []
    for one in told:
        source = series[one.rank]
        scale = 10 ** (MICRO_DECIMALS - source.decimals)
        if one.marks is None and not used:
            micro, quality = one.readings.astype(np.int64) * scale, one.quality
            used.append(source.usage_id)
            break
        fills = (quality == MISSING) & (one.quality != MISSING)
        if fills.any():
            micro[fills] = one.readings[fills].astype(np.int64) * scale
            quality[fills] = one.quality[fills]
            used.append(source.usage_id)
    if not used:
        return None
    return DayReadings(
        meter_number=whose.meter_number,
        channel=whose.channel,
        direction=Direction(whose.direction),
        minutes=whose.minutes,
        day=day,
        micro=micro,
        quality=quality,
        usage_ids=tuple(used),
    )


def runs(quality: Quality) -> Iterator[tuple[int, int, int]]:
    """Tell stretches of one quality: the first place, how many, and the quality."""
    edges = [0, *(np.flatnonzero(np.diff(quality)) + 1).tolist(), len(quality)]
    for begin, end in itertools.pairwise(edges):
        yield begin, end - begin, int(quality[begin])
