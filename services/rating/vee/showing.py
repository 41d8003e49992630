"""Shows our own copy: what was recorded, and where nothing was, what we estimated, each marked.

Recorded readings always come first, whichever 867 brought them; an estimate of ours only stands
where there is none. Nothing here is billed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import Row, case, func, select

from services.rating.corrections import LIVE_STATES, UsageState
from services.rating.intervals.binary import unpacked
from services.rating.intervals.block import (
    ACTUAL,
    ESTIMATED,
    MICRO_DECIMALS,
    MISSING,
    day_lengths,
    midnight,
)
from services.rating.intervals.showing import Asked, DayReadings, show_days
from services.rating.scope import Scope
from services.rating.store import INTERVAL_SERIES, USAGE, VEE
from services.rating.store_accounts import in_scope
from services.rating.vee.estimate import FROM_UTILITY, OPEN, VALID
from shared.contracts.usage import Direction
from shared.platform.database import ReadSession

if TYPE_CHECKING:
    import numpy.typing as npt

Key = tuple[str, str, str, int, date]
"""Meter, channel, direction, minutes and day."""

_CODES: Final = {ACTUAL: VALID, ESTIMATED: FROM_UTILITY, MISSING: OPEN}


@dataclass(frozen=True, slots=True, eq=False)
class CopyDay:
    """One local day of a channel in our copy; `micro` are 1e-6 kWh, `codes` ESPI qualities."""

    meter_number: str
    channel: str
    direction: Direction
    minutes: int
    day: date
    micro: npt.NDArray[np.int64]
    codes: npt.NDArray[np.uint8]
    usage_ids: tuple[str, ...]

    @property
    def starts_at(self) -> datetime:
        """When its first interval begins, in UTC."""
        return midnight(self.day)


async def show_copy(session: ReadSession, scope: Scope, asked: Asked) -> list[CopyDay]:
    """Tell the days of every channel in order; days without anything are left out."""
    recorded = {_key(day): day async for day in show_days(session, scope, asked)}
    ours = await _ours(session, scope, asked)
    return [_laid(key, recorded.get(key), ours.get(key, [])) for key in sorted({*recorded, *ours})]


async def _ours(
    session: ReadSession, scope: Scope, asked: Asked
) -> Mapping[Key, list[Row[*tuple[Any, ...]]]]:
    s, u, d = INTERVAL_SERIES.c, USAGE.c, VEE.estimate_days.c
    wanted = [
        *in_scope(INTERVAL_SERIES, scope),
        s.account_number == asked.account_number,
        d.day.between(asked.first_day, asked.last_day),
    ]
    if asked.meter_number is not None:
        wanted.append(s.meter_number == asked.meter_number)
    if asked.usage_id is not None:
        wanted.append(u.usage_id == asked.usage_id)
    else:
        wanted.append(u.state.in_(LIVE_STATES))
    charged_first = case((u.state == UsageState.CHARGED.value, 0), else_=1)
    found = await session.execute(
        select(
            *(s.meter_number, s.channel, s.direction, s.minutes, s.decimals, d.day, d.quality),
            *(func.array_send(d.readings).label("packed"), u.usage_id),
        )
        .join(VEE.estimate_days, d.series_id == s.series_id)
        .join(USAGE, u.transaction_id == s.transaction_id)
        .where(*wanted)
        .order_by(charged_first, u.seq, s.series_id)
    )
    ours: dict[Key, list[Row[*tuple[Any, ...]]]] = {}
    for row in found:
        key = (row.meter_number, row.channel, row.direction, row.minutes, row.day)
        ours.setdefault(key, []).append(row)
    return ours


def _laid(key: Key, recorded: DayReadings | None, ours: list[Row[*tuple[Any, ...]]]) -> CopyDay:
    meter, channel, direction, minutes, day = key
    (size,) = day_lengths(day, day, minutes)
    micro = np.zeros(size, dtype=np.int64)
    codes = np.full(size, OPEN, dtype=np.uint8)
    used: list[str] = []
    if recorded is not None:
        micro[:] = recorded.micro
        for mark, code in _CODES.items():
            codes[recorded.quality == mark] = code
        used += recorded.usage_ids
    for row in ours:
        theirs = np.frombuffer(row.quality, dtype=np.uint8)
        fills = (codes == OPEN) & ~np.isin(theirs, (OPEN, VALID, FROM_UTILITY))
        if fills.any():
            unit = 10 ** (MICRO_DECIMALS - row.decimals)
            micro[fills] = unpacked(row.packed)[fills].astype(np.int64) * unit
            codes[fills] = theirs[fills]
            used.append(row.usage_id)
    usage_ids = tuple(dict.fromkeys(used))
    return CopyDay(meter, channel, Direction(direction), minutes, day, micro, codes, usage_ids)


def _key(day: DayReadings) -> Key:
    return day.meter_number, day.channel, day.direction.value, day.minutes, day.day
