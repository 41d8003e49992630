"""What an 867 says of a meter in a few numbers, so that one period can be compared with others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from services.rating.charging import whole
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
        minutes: how long those are; `None` of totals, and of usage from before this was kept.
        reactive_micro: reactive energy, 1e-6 kVARh.
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
    minutes: int | None
    reactive_micro: int
    digest: bytes

    @property
    def days(self) -> int:
        """The days of the period."""
        return (self.period_end - self.period_start).days

    @property
    def per_day_micro(self) -> int:
        """Average daily usage, in 1e-6 kWh."""
        return self.delivered_micro // self.days


@value(frozen=True, slots=True)
class Measured:
    """What an 867 says of one meter, in integers.

    Attributes:
        delivered: energy to the customer by bucket, 1e-6 kWh.
        received: energy from the customer.
        demand_micro: the highest demand, 1e-6 kW; 0 when nobody measured it.
        reactive: reactive energy by bucket, 1e-6 kVARh.
    """

    delivered: Mapping[Bucket, int]
    received: Mapping[Bucket, int]
    demand_micro: int
    reactive: Mapping[Bucket, int]


def measured(meter: MeterUsage) -> Measured:
    """Add up a meter's quantities, whatever is wrong with them."""
    delivered: dict[Bucket, int] = {}
    received: dict[Bucket, int] = {}
    reactive: dict[Bucket, int] = {}
    peak = 0
    for quantity, micro in zip(meter.quantities, meter.micro, strict=True):
        is_delivered = quantity.direction is Direction.DELIVERED
        if quantity.unit is Unit.KWH:
            energy = delivered if is_delivered else received
            energy[quantity.bucket] = energy.get(quantity.bucket, 0) + micro
        elif quantity.unit is Unit.KW and is_delivered:
            peak = max(peak, micro)
        elif quantity.unit is Unit.KVARH:
            reactive[quantity.bucket] = reactive.get(quantity.bucket, 0) + abs(micro)
    return Measured(delivered, received, peak, reactive)


def figures_of(
    item: UsageItem, meter: MeterUsage, said: Measured, blocks: Sequence[IntervalBlock] = ()
) -> Figures:
    """The figures of one meter and period of an 867."""
    return Figures(
        transaction_id=item.transaction_id,
        usage_id=item.usage_id,
        account_number=item.account_number,
        meter_number=meter.meter_number,
        period_start=meter.period_start,
        period_end=meter.period_end,
        delivered_micro=stated(said.delivered),
        received_micro=stated(said.received),
        demand_micro=said.demand_micro,
        estimated=True in [quantity.estimated for quantity in meter.quantities],
        from_intervals=item.intervals is not None,
        minutes=item.intervals.minutes if item.intervals else None,
        reactive_micro=stated(said.reactive) if said.reactive else 0,
        digest=_digest(meter, blocks),
    )


def stated(energy: Mapping[Bucket, int]) -> int:
    """The total as stated; without one, the sum of the buckets."""
    return energy[Bucket.TOTAL] if Bucket.TOTAL in energy else whole(energy)


def _digest(meter: MeterUsage, blocks: Sequence[IntervalBlock]) -> bytes:
    words = [
        "/".join((quantity.bucket, quantity.unit, quantity.direction, str(micro)))
        for quantity, micro in zip(meter.quantities, meter.micro, strict=True)
    ]
    told = hashlib.sha256("".join(words).encode())
    for block in blocks:
        told.update(block.readings.tobytes())
    return told.digest()
