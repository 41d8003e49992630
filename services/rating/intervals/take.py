"""Turns interval usage as a message carries it into usage by totals, and blocks of readings.

The rest of the service sees an 867 as it always does: meters with their energy. What the intervals
add stays beside it, so that cancels, holds and duplicates follow one rule for all usage.
"""

from __future__ import annotations

import binascii
import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from services.rating.intervals.block import (
    ACTUAL,
    ESTIMATED,
    MISSING,
    SECONDS_PER_MINUTE,
    IntervalBlock,
    day_lengths,
    local_day,
    midnight,
)
from shared.contracts.intervals import IntervalUsage, MeterIntervals, ReadingRun
from shared.contracts.measures import from_micro
from shared.contracts.usage import (
    Bucket,
    IntervalNote,
    MeteredQuantity,
    MeterUsage,
    Unit,
    UsageDocument,
    UsageItem,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Taken:
    """One interval 867: as usage by totals, and its readings, a block for each channel."""

    item: UsageItem
    blocks: tuple[IntervalBlock, ...]


def take(usage: IntervalUsage) -> Taken:
    """Unpack the readings and add them up.

    Raises:
        ValueError: the message is not what its contract says: a fault of the sender's program.
    """
    blocks = tuple(_block(meter) for meter in usage.meters)
    values = {name: getattr(usage, name) for name in UsageDocument.model_fields}
    item = UsageItem(
        **values,
        meters=tuple(_meters(usage.meters, blocks)),
        intervals=IntervalNote(
            minutes=min(meter.minutes for meter in usage.meters),
            readings=sum(meter.count for meter in usage.meters),
            missing=sum(max(meter.expected - meter.count, 0) for meter in usage.meters),
            sha256=_digest(usage.meters),
        ),
    )
    return Taken(item, blocks)


def _block(meter: MeterIntervals) -> IntervalBlock:
    step = meter.minutes * SECONDS_PER_MINUTE
    last = meter.runs[-1]
    first_day = local_day(meter.runs[0].start)
    last_day = local_day(last.start + timedelta(seconds=step * (last.count - 1)))
    origin = int(midnight(first_day).timestamp())
    size = sum(day_lengths(first_day, last_day, meter.minutes))
    readings = np.zeros(size, dtype=np.int32)
    quality = np.full(size, MISSING, dtype=np.uint8)
    for run in meter.runs:
        place, rest = divmod(int(run.start.timestamp()) - origin, step)
        if rest:
            raise ValueError(f"readings of meter {meter.meter_number} do not begin on the step")
        readings[place : place + run.count] = _unpacked(run)
        quality[place : place + run.count] = ACTUAL
        for stretch in run.estimated:
            first = place + stretch.first
            quality[first : first + stretch.count] = ESTIMATED
    for array in (readings, quality):
        array.flags.writeable = False
    return IntervalBlock(
        meter_number=meter.meter_number,
        channel=meter.channel,
        direction=meter.direction,
        minutes=meter.minutes,
        decimals=meter.decimals,
        first_day=first_day,
        last_day=last_day,
        readings=readings,
        quality=quality,
    )


def _unpacked(run: ReadingRun) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    try:
        return np.frombuffer(run.raw, dtype="<i4")
    except binascii.Error as error:
        raise ValueError("readings are no base64") from error


def _meters(sent: Sequence[MeterIntervals], blocks: Iterable[IntervalBlock]) -> list[MeterUsage]:
    """Add up each channel; two directions of one meter over the same days become one meter."""
    together: dict[tuple[str, date, date, str | None], list[MeteredQuantity]] = {}
    apart: list[MeterUsage] = []
    for meter, block in zip(sent, blocks, strict=True):
        quantity = MeteredQuantity(
            bucket=Bucket.TOTAL,
            unit=Unit.KWH,
            direction=meter.direction,
            estimated=block.count(ESTIMATED) > 0,
            quantity=from_micro(block.total_micro),
        )
        key = (meter.meter_number, meter.period_start, meter.period_end, meter.rate_code)
        known = together.setdefault(key, [])
        if any(other.direction is quantity.direction for other in known):
            apart.append(_usage(key, [quantity]))  # a meter twice: rating holds it, and says so
        else:
            known.append(quantity)
    return [*(_usage(key, quantities) for key, quantities in together.items()), *apart]


def _usage(
    key: tuple[str, date, date, str | None], quantities: Sequence[MeteredQuantity]
) -> MeterUsage:
    number, start, end, rate_code = key
    return MeterUsage(
        meter_number=number,
        period_start=start,
        period_end=end,
        rate_code=rate_code,
        quantities=tuple(quantities),
    )


def _digest(meters: Iterable[MeterIntervals]) -> str:
    told = hashlib.sha256()
    for meter in meters:
        told.update(f"{meter.meter_number}/{meter.channel}/{meter.direction}".encode())
        told.update(f"/{meter.minutes}/{meter.decimals}".encode())
        for run in meter.runs:
            told.update(f"/{run.start.isoformat()}/{run.estimated}/".encode())
            told.update(run.packed.encode())
    return told.hexdigest()
