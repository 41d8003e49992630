"""What an 867 says of a meter in a few numbers, so that one period can be compared with others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from services.rating.usage import stated
from shared.contracts.usage import MeterUsage, UsageItem
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


def figures_of(item: UsageItem, meter: MeterUsage, blocks: Sequence[IntervalBlock] = ()) -> Figures:
    """The figures of one meter and period of an 867."""
    said = meter.measured
    return Figures(  # by place: names would take as long as all else here
        item.transaction_id,
        item.usage_id,
        item.account_number,
        meter.meter_number,
        meter.period_start,
        meter.period_end,
        stated(said.delivered),
        stated(said.received) if said.received else 0,
        said.demand_micro,
        said.estimated,
        item.intervals is not None,
        item.intervals.minutes if item.intervals else None,
        stated(said.reactive) if said.reactive else 0,
        _digest(meter, blocks),
    )


def _digest(meter: MeterUsage, blocks: Sequence[IntervalBlock]) -> bytes:
    words = [
        "/".join((quantity.bucket, quantity.unit, quantity.direction, str(micro)))
        for quantity, micro in zip(meter.quantities, meter.micro, strict=True)
    ]
    told = hashlib.sha256("".join(words).encode())
    for block in blocks:
        told.update(block.readings.tobytes())
    return told.digest()
