"""Metered usage as rating needs it: energy by bucket for each period, checked and in integers.

The utility's numbers are taken as they are or not at all. Buckets that do not add up, negative
energy, or energy from a customer's roof without a rule for it, stop the charge with a reason.
Energy received and demand are taken along for the plans that price them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Final
from uuid import UUID

from services.rating.charging import whole
from services.rating.holds import (
    NegativeUsage,
    NetMeteringWithoutRules,
    TotalMismatch,
    UnitUnsupported,
    UsageOverlap,
)
from shared.contracts.measures import from_micro
from shared.contracts.usage import Bucket, MeterUsage, Unit, UsageItem

_MILLI_IN_MICRO: Final = 1_000
_ID: Final = '{"transaction_id":"'
_ID_LENGTH: Final = len(f'{_ID}{UUID(int=0)}",')
_NO_INTERVALS: Final = ',"intervals":null}'


@dataclass(frozen=True, slots=True)
class PeriodEnergy:
    """What all meters of an account recorded over `[start, end)`.

    Attributes:
        start: the first day.
        end: the closing read date.
        energy_micro: delivered energy in 1e-6 kWh by bucket.
        received_micro: energy that came from the customer, likewise; empty without any.
        demand_micro: the highest demand in 1e-6 kW by bucket; empty when none was reported, or by
            several meters at a time, whose peaks cannot be added.
        estimated: buckets of energy, either way, in which something is the utility's estimate.
        demand_estimated: likewise buckets of demand.
    """

    start: date
    end: date
    energy_micro: Mapping[Bucket, int]
    received_micro: Mapping[Bucket, int] = field(default_factory=dict)
    demand_micro: Mapping[Bucket, int] = field(default_factory=dict)
    estimated: frozenset[Bucket] = frozenset()
    demand_estimated: frozenset[Bucket] = frozenset()

    @property
    def total_micro(self) -> int:
        """The whole delivered energy: the sum of the buckets, which equals the stated total."""
        return whole(self.energy_micro)


@dataclass(frozen=True, slots=True)
class MeterReading:
    """One meter's quantities by bucket: energy both ways in 1e-6 kWh, demand in 1e-6 kW.

    `estimated` and `demand_estimated` are the buckets that the utility estimated.
    """

    delivered: Mapping[Bucket, int]
    received: Mapping[Bucket, int]
    demand: Mapping[Bucket, int]
    estimated: frozenset[Bucket] = frozenset()
    demand_estimated: frozenset[Bucket] = frozenset()


def period_of(item: UsageItem) -> tuple[date, date]:
    """First day and closing read date of the whole 867."""
    if len(item.meters) == 1:
        return item.meters[0].period_start, item.meters[0].period_end
    start = min(meter.period_start for meter in item.meters)
    return start, max(meter.period_end for meter in item.meters)


def is_estimated(item: UsageItem) -> bool:
    """Whether any quantity is the utility's estimate."""
    return any(meter.measured.estimated for meter in item.meters)


def energy_of(item: UsageItem) -> int:
    """All delivered energy in 1e-6 kWh: of each meter the stated total, else its buckets."""
    return sum([stated(meter.measured.delivered) for meter in item.meters])


def stated(energy: Mapping[Bucket, int]) -> int:
    """The total as stated; without one, the sum of the buckets."""
    total = energy.get(Bucket.TOTAL)
    return sum(energy.values()) if total is None else total


def content_hash(item: UsageItem) -> bytes:
    """SHA-256 of what the usage says, whichever transaction brought it."""
    left_out = {"transaction_id"} if item.intervals else {"transaction_id", "intervals"}
    return hashlib.sha256(item.model_dump_json(exclude=left_out).encode()).digest()


def content_of(item: UsageItem) -> tuple[str, bytes]:
    """The JSON of an item and its `content_hash`, written once where both can be had so."""
    told = item.model_dump_json()
    if type(item) is UsageItem and told.startswith(_ID) and told.endswith(_NO_INTERVALS):
        said = f"{{{told[_ID_LENGTH : -len(_NO_INTERVALS)]}}}"
        return told, hashlib.sha256(said.encode()).digest()
    return told, content_hash(item)


def periods(item: UsageItem) -> list[PeriodEnergy]:
    """Quantities for each distinct period of the item, oldest first; meters are added together.

    Raises:
        UsageOverlap: periods of the 867 intersect without being the same.
        TotalMismatch, UnitUnsupported: see the code.
    """
    found: dict[tuple[date, date], list[MeterReading]] = {}
    read: set[tuple[str, date]] = set()
    for meter in item.meters:
        if (meter.meter_number, meter.period_start) in read:
            raise UsageOverlap(f"meter {meter.meter_number} is reported twice for one period")
        read.add((meter.meter_number, meter.period_start))
        key = (meter.period_start, meter.period_end)
        found.setdefault(key, []).append(reading_of(meter))
    ordered = sorted(found)
    for (_, end), (start, _) in pairwise(ordered):
        if start < end:
            raise UsageOverlap(f"periods of one 867 overlap at {start}")
    return [_together(start, end, found[start, end]) for start, end in ordered]


def reading_of(meter: MeterUsage) -> MeterReading:
    """One meter's quantities by bucket.

    Raises:
        UnitUnsupported: no quantity is in kWh.
        TotalMismatch: the buckets do not add up to the total, exactly.
    """
    said = meter.measured
    if not said.delivered and not said.received:
        raise UnitUnsupported(f"meter {meter.meter_number} has no quantity in kWh")
    for energy in (said.delivered, said.received):
        _refuse_mismatch(meter, energy)
    return MeterReading(
        said.delivered or dict.fromkeys(said.received, 0),
        said.received,
        said.demand,
        _estimated(meter, Unit.KWH),
        _estimated(meter, Unit.KW),
    )


def _estimated(meter: MeterUsage, unit: Unit) -> frozenset[Bucket]:
    return frozenset(q.bucket for q in meter.quantities if q.estimated and q.unit is unit)


def refuse_generation(energies: Sequence[PeriodEnergy]) -> None:
    """Refuse energy from the customer where the plan has no rules for it.

    Raises:
        NetMeteringWithoutRules: energy was received from the customer.
        NegativeUsage: a delivered quantity is below zero.
    """
    for energy in energies:
        if energy.received_micro:
            raise NetMeteringWithoutRules("energy was received, and the plan has no rules for it")
        for bucket, micro in energy.energy_micro.items():
            if micro < 0:
                raise NegativeUsage(f"{bucket} energy is negative")


def highest_demand(energies: Iterable[PeriodEnergy]) -> dict[Bucket, int]:
    """The highest demand of a billing period by bucket, over all periods of its 867."""
    highest: dict[Bucket, int] = {}
    for energy in energies:
        for bucket, micro in energy.demand_micro.items():
            highest[bucket] = max(highest.get(bucket, 0), micro)
    return highest


def netted(energy: PeriodEnergy) -> dict[Bucket, int]:
    """Delivered less received energy of each bucket, in 1e-6 kWh.

    Where one of the two is known as a total alone, so is the difference: a plan that needs buckets
    will miss them.
    """
    delivered, received = _spread(energy.energy_micro), _spread(energy.received_micro)
    if not received:
        return dict(energy.energy_micro)
    if Bucket.TOTAL in received or Bucket.TOTAL in delivered:
        return {Bucket.TOTAL: whole(energy.energy_micro) - whole(energy.received_micro)}
    buckets = [*delivered, *(bucket for bucket in received if bucket not in delivered)]
    return {bucket: delivered.get(bucket, 0) - received.get(bucket, 0) for bucket in buckets}


def _spread(quantities: Mapping[Bucket, int]) -> dict[Bucket, int]:
    """The buckets without the total they add up to; a total alone stays."""
    buckets: dict[Bucket, int] = {
        bucket: micro for bucket, micro in quantities.items() if bucket is not Bucket.TOTAL
    }
    return buckets or dict(quantities)


def _refuse_mismatch(meter: MeterUsage, energy: Mapping[Bucket, int]) -> None:
    buckets = [micro for bucket, micro in energy.items() if bucket is not Bucket.TOTAL]
    total = energy.get(Bucket.TOTAL)
    if total is not None and buckets and sum(buckets) != total:
        raise TotalMismatch(
            f"meter {meter.meter_number}: buckets add up to {from_micro(sum(buckets))} kWh, "
            f"the total says {from_micro(total)}"
        )


def _together(start: date, end: date, meters: Sequence[MeterReading]) -> PeriodEnergy:
    received = [meter.received for meter in meters if meter.received]
    demands = [meter.demand for meter in meters if meter.demand]
    return PeriodEnergy(
        start,
        end,
        _summed([meter.delivered for meter in meters]),
        _summed(received) if received else {},
        demands[0] if len(meters) == len(demands) == 1 else {},
        frozenset().union(*(meter.estimated for meter in meters)),
        frozenset().union(*(meter.demand_estimated for meter in meters)),
    )


def _summed(rows: Sequence[Mapping[Bucket, int]]) -> dict[Bucket, int]:
    """Add up meters; a meter with a total alone makes the sum a total alone."""
    if len(rows) == 1:
        return dict(rows[0])
    shared = set(rows[0]).intersection(*rows[1:])
    if not shared - {Bucket.TOTAL}:
        return {Bucket.TOTAL: sum(whole(row) for row in rows)}
    buckets = {bucket for row in rows for bucket in row if bucket is not Bucket.TOTAL}
    return {bucket: sum(row.get(bucket, 0) for row in rows) for bucket in sorted(buckets)}


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
