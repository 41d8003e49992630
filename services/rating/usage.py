"""Metered usage as rating needs it: energy by bucket for each period, checked and in integers.

The utility's numbers are taken as they are or not at all. Buckets that do not add up, negative
energy, or energy from a customer's roof without a rule for it, stop the charge with a reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from services.rating.holds import (
    NegativeUsage,
    NetMeteringWithoutRules,
    TotalMismatch,
    UnitUnsupported,
    UsageOverlap,
)
from shared.contracts.measures import from_micro, to_micro
from shared.contracts.usage import Bucket, Direction, MeterUsage, Unit, UsageItem

_MILLI_IN_MICRO: Final = 1_000


@dataclass(frozen=True, slots=True)
class PeriodEnergy:
    """Energy of all meters of an account over `[start, end)`, in 1e-6 kWh by bucket."""

    start: date
    end: date
    energy_micro: Mapping[Bucket, int]

    @property
    def total_micro(self) -> int:
        """The whole energy: the sum of the buckets, which equals the stated total."""
        buckets = [q for bucket, q in self.energy_micro.items() if bucket is not Bucket.TOTAL]
        return sum(buckets) if buckets else self.energy_micro[Bucket.TOTAL]


def period_of(item: UsageItem) -> tuple[date, date]:
    """First day and closing read date of the whole 867."""
    start = min(meter.period_start for meter in item.meters)
    return start, max(meter.period_end for meter in item.meters)


def is_estimated(item: UsageItem) -> bool:
    """Whether any quantity is the utility's estimate."""
    return any(quantity.estimated for meter in item.meters for quantity in meter.quantities)


def content_hash(item: UsageItem) -> bytes:
    """SHA-256 of what the usage says, whichever transaction brought it."""
    return hashlib.sha256(item.model_dump_json(exclude={"transaction_id"}).encode()).digest()


def periods(item: UsageItem) -> list[PeriodEnergy]:
    """Energy for each distinct period of the item, oldest first; meters are added together.

    Raises:
        UsageOverlap: periods of the 867 intersect without being the same.
        TotalMismatch, NegativeUsage, NetMeteringWithoutRules, UnitUnsupported: see the code.
    """
    found: dict[tuple[date, date], list[dict[Bucket, int]]] = {}
    read: set[tuple[str, date]] = set()
    for meter in item.meters:
        if (meter.meter_number, meter.period_start) in read:
            raise UsageOverlap(f"meter {meter.meter_number} is reported twice for one period")
        read.add((meter.meter_number, meter.period_start))
        key = (meter.period_start, meter.period_end)
        found.setdefault(key, []).append(energy_of(meter))
    ordered = sorted(found)
    for (_, end), (start, _) in pairwise(ordered):
        if start < end:
            raise UsageOverlap(f"periods of one 867 overlap at {start}")
    return [PeriodEnergy(start, end, _summed(found[start, end])) for start, end in ordered]


def energy_of(meter: MeterUsage) -> dict[Bucket, int]:
    """One meter's delivered energy by bucket, in 1e-6 kWh.

    Demand (kW) may stand beside it and is left to plans that price it.

    Raises:
        NetMeteringWithoutRules: energy was received from the customer.
        NegativeUsage: a delivered quantity is below zero.
        UnitUnsupported: no quantity is in kWh.
        TotalMismatch: the buckets do not add up to the total, exactly.
    """
    energy: dict[Bucket, int] = {}
    for quantity in meter.quantities:
        if quantity.direction is Direction.RECEIVED:
            raise NetMeteringWithoutRules(f"meter {meter.meter_number} received energy")
        if quantity.unit is not Unit.KWH:
            continue
        micro = to_micro(quantity.quantity)
        if micro < 0:
            raise NegativeUsage(f"{quantity.bucket} of meter {meter.meter_number} is negative")
        energy[quantity.bucket] = energy.get(quantity.bucket, 0) + micro
    if not energy:
        raise UnitUnsupported(f"meter {meter.meter_number} has no quantity in kWh")
    _refuse_mismatch(meter, energy)
    return energy


def _refuse_mismatch(meter: MeterUsage, energy: Mapping[Bucket, int]) -> None:
    buckets = [micro for bucket, micro in energy.items() if bucket is not Bucket.TOTAL]
    total = energy.get(Bucket.TOTAL)
    if total is not None and buckets and sum(buckets) != total:
        raise TotalMismatch(
            f"meter {meter.meter_number}: buckets add up to {from_micro(sum(buckets))} kWh, "
            f"the total says {from_micro(total)}"
        )


def _summed(meters: Iterable[Mapping[Bucket, int]]) -> dict[Bucket, int]:
    """Add up meters; a meter with a total alone makes the sum a total alone."""
    rows = list(meters)
    if len(rows) == 1:
        return dict(rows[0])
    shared = set(rows[0]).intersection(*rows[1:])
    if not shared - {Bucket.TOTAL}:
        return {Bucket.TOTAL: sum(_total(row) for row in rows)}
    buckets = {bucket for row in rows for bucket in row if bucket is not Bucket.TOTAL}
    return {bucket: sum(row.get(bucket, 0) for row in rows) for bucket in sorted(buckets)}


def _total(row: Mapping[Bucket, int]) -> int:
    buckets = [micro for bucket, micro in row.items() if bucket is not Bucket.TOTAL]
    return sum(buckets) if buckets else row[Bucket.TOTAL]


def prorate(quantity_micro: int, days: list[int]) -> list[int]:
    """Divide a quantity over parts of a period by their days, losing nothing.

    Parts get whole thousandths of a kWh (as bills print them) when the quantity has no finer
    digits; what does not divide goes to the last part.

    Args:
        quantity_micro: 1e-6 kWh.
        days: days of each part, in order.
    """
    unit = 1 if quantity_micro % _MILLI_IN_MICRO else _MILLI_IN_MICRO
    whole, length = quantity_micro // unit, sum(days)
    parts = [whole * count // length * unit for count in days[:-1]]
    return [*parts, quantity_micro - sum(parts)]
