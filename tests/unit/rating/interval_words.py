"""Short words for interval usage, shared by the tests of rating."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from shared.contracts.intervals import (
    IntervalUsage,
    IntervalUsageReported,
    MeterIntervals,
    ReadingRun,
    Stretch,
    pack,
)
from shared.contracts.parts import Purpose
from shared.contracts.usage import Direction
from tests.unit.rating.words import transaction

PACIFIC = ZoneInfo("America/Los_Angeles")
JUNE_FIRST = date(2026, 6, 6)


def midnight(day: date) -> datetime:
    """When a local day begins, in UTC."""
    return datetime.combine(day, time(), PACIFIC).astimezone(UTC)


def run(
    start: datetime, readings: Sequence[int], estimated: Sequence[tuple[int, int]] = ()
) -> ReadingRun:
    """Readings without a gap."""
    return ReadingRun(
        start=start,
        count=len(readings),
        packed=pack(np.array(readings, dtype="<i4").tobytes()),
        estimated=tuple(Stretch(first=first, count=count) for first, count in estimated),
    )


def channel(
    *runs: ReadingRun,
    days: tuple[date, date],
    number: str = "M1",
    direction: Direction = Direction.DELIVERED,
    minutes: int = 15,
    decimals: int = 3,
    rate_code: str | None = "E-TOU-C",
) -> MeterIntervals:
    """One channel of a meter."""
    return MeterIntervals.model_validate(
        {
            "meter_number": number,
            "direction": direction,
            "rate_code": rate_code,
            "period_start": days[0],
            "period_end": days[1],
            "minutes": minutes,
            "expected": int((midnight(days[1]) - midnight(days[0])).total_seconds())
            // (minutes * 60),
            "decimals": decimals,
            "runs": runs,
        }
    )


def whole_days(
    first: date, count: int, watt_hours: int = 100, estimated: Sequence[tuple[int, int]] = ()
) -> MeterIntervals:
    """A meter that records the same in every quarter of an hour of some days."""
    last = first + timedelta(days=count)
    start = midnight(first)
    size = int((midnight(last) - start).total_seconds()) // 900
    return channel(run(start, [watt_hours] * size, estimated), days=(first, last))


def interval_usage(
    usage_id: str = "U1",
    *meters: MeterIntervals,
    account: str = "A1",
    purpose: Purpose = Purpose.ORIGINAL,
    original: str | None = None,
    agreement: str | None = "SA1",
) -> IntervalUsage:
    """One interval 867; by default a month of June at 0.1 kWh a quarter of an hour."""
    return IntervalUsage(
        transaction_id=transaction(f"867 {usage_id}"),
        usage_id=usage_id,
        purpose=purpose,
        original_usage_id=original,
        reported_on=date(2026, 7, 7),
        account_number=account,
        service_agreement_id=agreement,
        customer_name="ADA FENWICKE",
        meters=meters or (whole_days(JUNE_FIRST, 30),),
    )


def interval_report(*items: IntervalUsage) -> IntervalUsageReported:
    """Interval 867s of one file."""
    return IntervalUsageReported(file_id=transaction("867 interval file"), items=items)
