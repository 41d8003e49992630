"""What an 867 says of a meter in a few numbers, so that one period can be compared with others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from services.rating.charging import whole
from shared.contracts.measures import to_micro
from shared.contracts.usage import Bucket, Direction, MeterUsage, Unit, UsageItem
from shared.platform.values import value

if TYPE_CHECKING:
    from services.rating.intervals.block import IntervalBlock


@value(frozen=True, slots=True)
class Figures:
    """One meter over one period.

    Attributes:
        delivered_micro: energy to the customer, 1e-6 kWh.
        received_micro: energy from the customer.
        demand_micro: the highest demand, 1e-6 kW; 0 when nobody measured it.
        estimated: whether anything is the utility's estimate.
        from_intervals: whether the energy is the sum of its intervals.
        digest: SHA-256 of all quantities, without their dates: equal for equal quantities.
    """

    transaction_id: UUID
    usage_id: str
    account_number: str
    meter_number: str
    period_start: date
    period_end: date
    delivered_micro: int
    received_micro: int
    demand_micro: int
    estimated: bool
    from_intervals: bool
    digest: bytes

    @property
    def days(self) -> int:
        """The days of the period."""
        return (self.period_end - self.period_start).days

    @property
    def per_day_micro(self) -> int:
        """Average daily usage, in 1e-6 kWh."""
        return self.delivered_micro // self.days


def figures_of(item: UsageItem, blocks: Sequence[IntervalBlock] = ()) -> list[Figures]:
    """The figures of each meter and period of an 867."""
    return [_of_meter(item, meter, blocks) for meter in item.meters]


def energy_of(meter: MeterUsage, direction: Direction) -> dict[Bucket, int]:
    """A meter's energy in one direction by bucket, 1e-6 kWh."""
    found: dict[Bucket, int] = {}
    for quantity in meter.quantities:
        if quantity.unit is Unit.KWH and quantity.direction is direction:
            micro = to_micro(quantity.quantity)
            found[quantity.bucket] = found.get(quantity.bucket, 0) + micro
    return found


def _of_meter(item: UsageItem, meter: MeterUsage, blocks: Sequence[IntervalBlock]) -> Figures:
    peaks = [
        to_micro(quantity.quantity)
        for quantity in meter.quantities
        if quantity.unit is Unit.KW and quantity.direction is Direction.DELIVERED
    ]
    return Figures(
        transaction_id=item.transaction_id,
        usage_id=item.usage_id,
        account_number=item.account_number,
        meter_number=meter.meter_number,
        period_start=meter.period_start,
        period_end=meter.period_end,
        delivered_micro=_stated(energy_of(meter, Direction.DELIVERED)),
        received_micro=_stated(energy_of(meter, Direction.RECEIVED)),
        demand_micro=max(peaks, default=0),
        estimated=any(quantity.estimated for quantity in meter.quantities),
        from_intervals=item.intervals is not None,
        digest=_digest(meter, [b for b in blocks if b.meter_number == meter.meter_number]),
    )


def _stated(energy: Mapping[Bucket, int]) -> int:
    """The total as stated; without one, the sum of the buckets."""
    return energy[Bucket.TOTAL] if Bucket.TOTAL in energy else whole(energy)


def _digest(meter: MeterUsage, blocks: Sequence[IntervalBlock]) -> bytes:
    told = hashlib.sha256()
    for quantity in meter.quantities:
        words = (quantity.bucket, quantity.unit, quantity.direction, to_micro(quantity.quantity))
        told.update("/".join(str(word) for word in words).encode())
    for block in blocks:
        told.update(block.readings.tobytes())
    return told.digest()
