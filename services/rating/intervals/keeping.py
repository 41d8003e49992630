"""Writes and reads the interval store: one row for each day of a channel, never overwritten.

Every 867 brings rows of its own, under a series of its own. Which of them count is not written
anywhere twice: it follows from where the 867 stands (`usage.state`), so a cancel or a replacement
changes what counts and leaves every older version as it was.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import ARRAY, Row, Select, Uuid, any_, func, literal, select, text

from services.rating.intervals.binary import day_rows, unpacked_days
from services.rating.intervals.block import (
    ESTIMATED,
    MISSING,
    IntervalBlock,
    day_lengths,
)
from services.rating.scope import Scope
from services.rating.store import INTERVAL_DAYS, INTERVAL_SERIES, SCHEMA
from shared.contracts.usage import Direction
from shared.platform.database import (
    ReadSession,
    WriteSession,
    copy_rows,
    driver_connection,
    wait_lock,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from services.rating.intervals.block import Quality, Readings

_SERIES_COLUMNS: Final = (
    *("series_id", "transaction_id", "cca", "utility", "environment", "account_number"),
    *("meter_number", "channel", "direction", "minutes", "decimals", "first_day", "last_day"),
    *("readings", "estimated", "missing", "total_micro", "received_at"),
)
_DAY_COLUMNS: Final = ("series_id", "day", "quality", "readings")


@dataclass(frozen=True, slots=True)
class Origin:
    """The 867 that brought readings."""

    transaction_id: UUID
    account_number: str


async def keep_blocks(
    session: WriteSession,
    scope: Scope,
    brought: Sequence[tuple[Origin, IntervalBlock]],
    at: datetime,
) -> int:
    """Store the readings of new 867s; the usage rows themselves must be there.

    Returns:
        How many rows of days were written.
    """
    if not brought:
        return 0
    ids = await _new_ids(session, len(brought))
    where = (scope.cca, scope.utility, scope.environment.value)
    await copy_rows(
        session,
        INTERVAL_SERIES,
        _SERIES_COLUMNS,
        [
            _series_row(series_id, where, origin, block, at)
            for series_id, (origin, block) in zip(ids, brought, strict=True)
        ],
    )
    blocks = [block for _, block in brought]
    await _ensure_months(session, blocks)
    return await copy_days(session, ids, blocks)


async def copy_days(
    session: WriteSession, series_ids: Sequence[int], blocks: Sequence[IntervalBlock]
) -> int:
    """Copy the days of blocks in PostgreSQL's binary form, which numpy writes."""
    driver = await driver_connection(session)
    status = await driver.copy_to_table(
        INTERVAL_DAYS.name,
        schema_name=SCHEMA,
        columns=list(_DAY_COLUMNS),
        source=_pieces(series_ids, blocks),
        format="binary",
    )
    return int(str(status).removeprefix("COPY "))


async def _pieces(
    series_ids: Sequence[int], blocks: Sequence[IntervalBlock]
) -> AsyncIterator[bytes | memoryview]:
    for piece in day_rows(series_ids, blocks):
        yield piece


async def load_intervals(
    session: ReadSession | WriteSession, transaction_ids: Collection[UUID]
) -> dict[UUID, tuple[IntervalBlock, ...]]:
    """Read the readings that some 867s brought, a block for each channel."""
    if not transaction_ids:
        return {}
    keys = any_(literal(list(transaction_ids), ARRAY(Uuid)))
    t = INTERVAL_SERIES.c
    found = await session.execute(
        select(INTERVAL_SERIES).where(t.transaction_id == keys).order_by(t.series_id)
    )
    series = found.all()
    if not series:
        return {}
    first, last = min(row.first_day for row in series), max(row.last_day for row in series)
    days = await _load_days(session, [row.series_id for row in series], first, last)
    loaded: dict[UUID, tuple[IntervalBlock, ...]] = {}
    for row in series:
        block = _block(row, *days.of(row.series_id))
        loaded[row.transaction_id] = (*loaded.get(row.transaction_id, ()), block)
    return loaded


@dataclass(frozen=True, slots=True, eq=False)
class _Days:
    """Days of several series, one after the other in the order of the series.

    Attributes:
        series: whose each day is, in order.
        bounds: where in `readings` each day begins, and the last one ends.
        readings: all values.
        quality: likewise.
    """

    series: npt.NDArray[np.int64]
    bounds: npt.NDArray[np.int64]
    readings: Readings
    quality: Quality

    def of(self, series_id: int) -> tuple[Readings, Quality]:
        """The values of one series."""
        begin = self.bounds[np.searchsorted(self.series, series_id, "left")]
        end = self.bounds[np.searchsorted(self.series, series_id, "right")]
        return self.readings[begin:end].copy(), self.quality[begin:end].copy()


async def _load_days(
    session: ReadSession | WriteSession, series_ids: Sequence[int], first: date, last: date
) -> _Days:
    found = (await session.execute(days_of(series_ids, first, last))).all()
    ids, _, marks, packed = zip(*found, strict=True) if found else ((), (), (), ())
    readings, bounds = unpacked_days(packed)
    quality = np.zeros(len(readings), dtype=np.uint8)
    for number, mark in enumerate(marks):
        if mark is not None:
            quality[bounds[number] : bounds[number + 1]] = np.frombuffer(mark, dtype=np.uint8)
    return _Days(np.array(ids, dtype=np.int64), bounds, readings, quality)


def days_of(series_ids: Sequence[int], first: date, last: date) -> Select[Any]:
    """Return the query of the stored days of some series, in order, between two days.

    Readings come as PostgreSQL's own bytes (`packed`), which `binary.unpacked` reads.
    """
    d = INTERVAL_DAYS.c
    packed = func.array_send(d.readings).label("packed")
    wanted = any_(literal(list(series_ids), ARRAY(d.series_id.type)))
    return (
        select(d.series_id, d.day, d.quality, packed)
        .where(d.series_id == wanted, d.day.between(first, last))
        .order_by(d.series_id, d.day)
    )


def _block(row: Row[*tuple[Any, ...]], readings: Readings, quality: Quality) -> IntervalBlock:
    size = sum(day_lengths(row.first_day, row.last_day, row.minutes))
    if len(readings) != size:
        raise ValueError(f"series {row.series_id} holds {len(readings)} of {size} readings")
    return IntervalBlock(
        meter_number=row.meter_number,
        channel=row.channel,
        direction=Direction(row.direction),
        minutes=row.minutes,
        decimals=row.decimals,
        first_day=row.first_day,
        last_day=row.last_day,
        readings=readings,
        quality=quality,
    )


async def _new_ids(session: WriteSession, count: int) -> list[int]:
    sequence = f"{SCHEMA}.{INTERVAL_SERIES.name}_series_id_seq"
    found = await session.execute(
        text("SELECT nextval(CAST(:name AS regclass)) FROM generate_series(1, :count)"),
        {"name": sequence, "count": count},
    )
    return list(found.scalars())


def _series_row(
    series_id: int, where: tuple[str, ...], origin: Origin, block: IntervalBlock, at: datetime
) -> tuple[object, ...]:
    missing = estimated = 0
    if block.quality.any():
        missing, estimated = block.count(MISSING), block.count(ESTIMATED)
    return (
        *(series_id, origin.transaction_id, *where, origin.account_number),
        *(block.meter_number, block.channel, block.direction.value),
        *(block.minutes, block.decimals, block.first_day, block.last_day),
        *(len(block.readings) - missing, estimated, missing),
        *(block.total_micro, at),
    )


async def _ensure_months(session: WriteSession, blocks: Iterable[IntervalBlock]) -> None:
    """Make the partitions that the days fall into; attaching one stops nobody's reading."""
    months = sorted({month for block in blocks for month in _months(block)})
    names = [partition_name(month) for month in months]
    found = await session.execute(
        text(
            "SELECT name FROM unnest(CAST(:names AS text[])) name WHERE to_regclass(name) IS NULL"
        ),
        {"names": [f"{SCHEMA}.{name}" for name in names]},
    )
    absent = set(found.scalars())
    if not absent:
        return
    await wait_lock(session, f"{SCHEMA} months")
    for month, name in zip(months, names, strict=True):
        if f"{SCHEMA}.{name}" not in absent:
            continue
        known = await session.scalar(
            text("SELECT to_regclass(:name)"), {"name": f"{SCHEMA}.{name}"}
        )
        if known is None:
            await _attach_month(session, month, name)


async def _attach_month(session: WriteSession, month: date, name: str) -> None:
    parent = f"{SCHEMA}.{INTERVAL_DAYS.name}"
    await session.execute(text(f"CREATE TABLE {SCHEMA}.{name} (LIKE {parent})"))
    await session.execute(
        text(
            f"ALTER TABLE {parent} ATTACH PARTITION {SCHEMA}.{name} "
            f"FOR VALUES FROM ('{month}') TO ('{_next_month(month)}')"
        )
    )


def partition_name(month: date) -> str:
    """The table of a month's days: `interval_days_2026_07`."""
    return f"{INTERVAL_DAYS.name}_{month:%Y_%m}"


def _months(block: IntervalBlock) -> list[date]:
    months = [block.first_day.replace(day=1)]
    while (following := _next_month(months[-1])) <= block.last_day:
        months.append(following)
    return months


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
