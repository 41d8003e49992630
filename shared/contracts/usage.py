"""Metered usage as a utility reports it in an 867."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, NamedTuple, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.contracts.measures import Quantity, to_micro
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Identifier, Part, Purpose, Text, Word


class Bucket(Word):
    """The time-of-use bucket of a quantity (MEA07 significance code)."""

    TOTAL = "total"
    ON_PEAK = "on_peak"
    MID_PEAK = "mid_peak"
    OFF_PEAK = "off_peak"
    SUPER_OFF_PEAK = "super_off_peak"


class Unit(Word):
    """The unit of a metered quantity (MEA04: KH, K1, K2, K3, K4)."""

    KWH = "kWh"
    KW = "kW"
    KVAR = "kVAR"
    KVARH = "kVARh"
    KVA = "kVA"

    @property
    def is_peak(self) -> bool:
        """Whether quantities are peaks, of which the highest counts, and not sums."""
        return self in {Unit.KW, Unit.KVAR, Unit.KVA}


class Direction(Word):
    """Delivered to the customer, or received from the customer's generation (QTY01 = 87)."""

    DELIVERED = "delivered"
    RECEIVED = "received"


class MeteredQuantity(Part):
    """One quantity of one meter over its service period."""

    bucket: Bucket
    unit: Unit
    direction: Direction = Direction.DELIVERED
    estimated: bool = False
    quantity: Quantity


class Measured(NamedTuple):
    """What the quantities of one meter come to in integers, whatever is wrong with them.

    Attributes:
        delivered: energy to the customer by bucket, 1e-6 kWh.
        received: energy from the customer.
        demand: the highest demand by bucket, 1e-6 kW; empty when nobody measured it.
        reactive: reactive energy by bucket, 1e-6 kVARh.
        estimated: whether anything is the utility's estimate.
        plain: whether there is nothing but delivered energy, each bucket once, as nearly always.
    """

    delivered: Mapping[Bucket, int]
    received: Mapping[Bucket, int]
    demand: Mapping[Bucket, int]
    reactive: Mapping[Bucket, int]
    estimated: bool
    plain: bool

    @property
    def demand_micro(self) -> int:
        """The highest demand of all, 1e-6 kW; 0 when nobody measured it."""
        return max(self.demand.values(), default=0)


class MeterUsage(Part):
    """What one meter recorded over a half-open period `[period_start, period_end)`.

    Dates are local dates of the utility; the closing read date is the next period's first day.
    The energy of a meter that is subtracted from the others (REF*JH S) is negative.
    """

    meter_number: Identifier
    period_start: date
    period_end: date
    rate_code: Identifier | None = None
    quantities: tuple[MeteredQuantity, ...]

    @cached_property
    def micro(self) -> tuple[int, ...]:
        """Each quantity in integer millionths of its unit, worked out once."""
        return tuple([to_micro(quantity.quantity) for quantity in self.quantities])

    @cached_property
    def measured(self) -> Measured:
        """What the quantities come to, worked out once."""
        delivered: dict[Bucket, int] = {}
        received: dict[Bucket, int] = {}
        reactive: dict[Bucket, int] = {}
        demand: dict[Bucket, int] = {}
        plain, estimated = True, False
        for quantity, micro in zip(self.quantities, self.micro, strict=True):
            bucket, unit = quantity.bucket, quantity.unit
            is_delivered = quantity.direction is Direction.DELIVERED
            estimated = estimated or quantity.estimated
            if unit is Unit.KWH:
                energy = delivered if is_delivered else received
                plain = plain and is_delivered and bucket not in energy
                energy[bucket] = energy.get(bucket, 0) + micro
                continue
            plain = False
            if unit is Unit.KW and is_delivered:
                demand[bucket] = max(demand.get(bucket, 0), micro)
            elif unit is Unit.KVARH:
                reactive[bucket] = reactive.get(bucket, 0) + abs(micro)
        return Measured(delivered, received, demand, reactive, estimated, plain)

    @model_validator(mode="after")
    def _period_moves_forward(self) -> Self:
        if self.period_end <= self.period_start:
            msg = "a service period ends after it starts"
            raise ValueError(msg)
        return self


class UsageDocument(Part):
    """What every 867 says of itself and of the service agreement it is for."""

    transaction_id: UUID
    usage_id: Identifier
    """BPT02, the business key of usage; our 810 refers to it in BIG05."""
    original_usage_id: Identifier | None = None
    """BPT09 of a cancel or replacement: the usage it corrects."""
    purpose: Purpose
    final: bool = False
    reported_on: date
    bill_due_on: date | None = None
    """DTM*649: the last day on which our 810 still reaches the customer's bill."""
    account_number: Identifier
    service_agreement_id: Identifier | None = None
    customer_name: Text = ""


class IntervalNote(Part):
    """Of usage that came as intervals: what its readings were; they are stored by themselves."""

    minutes: int
    readings: int
    missing: int
    """Readings that the days of the period should have and do not."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of everything the readings say, so that a copy is known as one."""


class UsageItem(UsageDocument):
    """One 867 for one service agreement, by totals."""

    meters: Annotated[tuple[MeterUsage, ...], Field(min_length=1)]
    intervals: IntervalNote | None = None


class UsageReported(Part):
    """A utility reported metered usage (867)."""

    type: Literal["UsageReported"] = "UsageReported"
    file_id: UUID
    items: Annotated[tuple[UsageItem, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]


class HistoryLevel(Word):
    """What a period of history is the sum of."""

    METER = "meter"
    ACCOUNT = "account"


class HistoricalPeriod(Part):
    """What one meter, or the whole account, used over a half-open period of the past."""

    level: HistoryLevel
    meter_number: Identifier | None = None
    period_start: date
    period_end: date
    rate_code: Identifier | None = None
    quantities: tuple[MeteredQuantity, ...]


class HistoricalUsage(Part):
    """Usage of the past, sent because somebody asked for it (867 with BPT01 52): never billed.

    It is another word than `UsageItem`, so that no reader can charge it by mistake. Periods of
    meters and of the account stand beside each other and are not to be added up.
    """

    transaction_id: UUID
    usage_id: Identifier
    reported_on: date
    account_number: Identifier
    service_agreement_id: Identifier | None = None
    customer_name: Text = ""
    periods: Annotated[tuple[HistoricalPeriod, ...], Field(min_length=1)]


class HistoricalUsageReported(Part):
    """A utility sent the usage history of accounts, on request; it must not be billed."""

    type: Literal["HistoricalUsageReported"] = "HistoricalUsageReported"
    file_id: UUID
    items: Annotated[tuple[HistoricalUsage, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]


class HeldUsage(Part):
    """Usage that is not charged yet, and why."""

    transaction_id: UUID
    usage_id: Identifier
    account_number: Identifier
    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]+$")]
    """A stable code, e.g. `NOT_ENROLLED`, `RATE_NOT_FOUND`, `TOTAL_MISMATCH`."""
    message: Text


class UsageHeld(Part):
    """Usage could not be charged; it waits, with a reason, and nothing was guessed."""

    type: Literal["UsageHeld"] = "UsageHeld"
    items: Annotated[tuple[HeldUsage, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]


class UnbilledUsage(Part):
    """Usage that was rated and that the utility bills itself."""

    transaction_id: UUID
    usage_id: Identifier
    account_number: Identifier
    message: Text = ""


class UsageNotBilled(Part):
    """Usage was found in order and no 810 of ours follows: the account's bill is rate-ready."""

    type: Literal["UsageNotBilled"] = "UsageNotBilled"
    items: Annotated[tuple[UnbilledUsage, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]


class CancelledUsage(Part):
    """A pair that leaves nothing to charge: the usage and the cancel that ended it."""

    transaction_id: UUID
    usage_id: Identifier
    cancel_transaction_id: UUID
    cancel_usage_id: Identifier
    account_number: Identifier


class UsageCancelled(Part):
    """Usage was cancelled by the utility; where it had been charged, a cancel charge follows."""

    type: Literal["UsageCancelled"] = "UsageCancelled"
    items: Annotated[tuple[CancelledUsage, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]
