"""Says which interval usage is ordinary, and adds up the readings of many such accounts at once.

Ordinary is one meter, energy delivered, nothing estimated and nothing missing: all but what a
billing cycle has few of. Whatever else the accounts of a group must share, these also share the
length of an interval, the unit, and whether the readings reach into the day after the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.rating.engine import GroupBilling, GroupQuantities, MeterRows
from services.rating.intervals.block import (
    ESTIMATED,
    SECONDS_PER_MINUTE,
    IntervalBlock,
)
from shared.contracts.usage import Direction, UsageItem


class Recorded(NamedTuple):
    """How the meters of a group record: minutes and decimals of a reading.

    `spills` where a utility stamps with standard time, see `engine.parts.with_spill`.
    """

    minutes: int
    decimals: int
    spills: bool

    @property
    def step_s(self) -> int:
        """Length of an interval in seconds."""
        return self.minutes * SECONDS_PER_MINUTE


def plain_block(item: UsageItem, blocks: Sequence[IntervalBlock]) -> IntervalBlock | None:
    """The only channel of an ordinary account, or `None`."""
    if len(blocks) != 1 or len(item.meters) != 1:
        return None
    if item.intervals is None or item.intervals.missing:
        return None
    block, meter = blocks[0], item.meters[0]
    ordinary = (
        block.direction is Direction.DELIVERED
        and block.meter_number == meter.meter_number
        and block.first_day == meter.period_start
        and 0 <= (meter.period_end - block.last_day).days <= 1
        and int(block.readings.min()) >= 0
    )
    if not ordinary:
        return None
    if block.quality.any() and (block.count(ESTIMATED) or block.has_gap):
        return None
    return block


def recorded(item: UsageItem, block: IntervalBlock) -> Recorded:
    """How an ordinary account's meter records."""
    spills = block.last_day == item.meters[0].period_end
    return Recorded(block.minutes, block.decimals, spills)


def quantities_of(billing: GroupBilling, blocks: Sequence[IntervalBlock]) -> GroupQuantities | None:
    """What each of some ordinary accounts used; `None` unless every reading is in it, exactly.

    Raises:
        UsageHold: as `GroupBilling.measure`.
    """
    readings = np.stack([block.readings for block in blocks])
    usage = MeterRows(readings, decimals=blocks[0].decimals)
    found = billing.measure(usage)
    kept = readings.sum(axis=1, dtype=np.int64) * usage.micro == found.energy_micro.sum(axis=0)
    return found if kept.all() else None
