"""Turns usage and charges into charts: months, the days of a month, the hours of a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from services.rating.browsing.charges import Neighbour
from services.rating.browsing.energy import UsageRow
from services.rating.intervals.block import ESTIMATED, MICRO_DECIMALS, MISSING
from services.rating.intervals.showing import DayReadings
from shared.contracts.usage import Direction
from shared.platform.web.charts import Chart, Number, Series, plain
from shared.platform.web.shell import money
from shared.platform.web.times import ZONE


def months_chart(rows: Sequence[UsageRow]) -> Chart:
    """Energy of each 867 that counts, by the month in which it ends."""
    live = [row for row in rows if row.counts]
    estimated = frozenset(n for n, row in enumerate(live) if row.energy.estimated)
    series = [
        Series("Delivered", [row.energy.delivered_kwh for row in live], marked=estimated),
    ]
    if any(row.energy.received_kwh for row in live):
        series.append(Series("Received", [row.energy.received_kwh for row in live]))
    return Chart(
        name="months",
        title="Usage by billing period",
        labels=[f"{row.period_start:%Y-%m-%d}" for row in live],
        series=series,
        unit="kWh",
        of_label="Period from",
        marked_as="estimated",
        links=[f"/transactions/{row.transaction_id}" for row in live],
    )


def charges_chart(neighbours: Sequence[Neighbour]) -> Chart:
    """What an agreement was charged from month to month."""
    return Chart(
        name="neighbours",
        title="Charges of this service agreement",
        labels=[f"{one.charge.period_start:%Y-%m-%d}" for one in neighbours],
        series=(
            Series(
                "Total",
                [one.charge.total for one in neighbours],
                marked=frozenset(n for n, one in enumerate(neighbours) if one.charge.estimated),
            ),
        ),
        unit="dollars",
        of_label="Period from",
        marked_as="estimated",
        number=_money,
        links=[f"/rating/charges/{one.charge.invoice_number}" for one in neighbours],
    )


def days_chart(days: Sequence[DayReadings], month: date, link: Callable[[date], str]) -> Chart:
    """Energy of each day of a month; days on which something is estimated or missing are marked."""
    last = (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    dates = [month + timedelta(days=n) for n in range(last.day)]
    series = []
    for direction in Direction:
        sums, doubtful = _by_day(days, direction)
        if sums:
            values = [sums.get(day) for day in dates]
            marked = frozenset(n for n, day in enumerate(dates) if day in doubtful)
            series.append(Series(direction.value.capitalize(), values, marked=marked))
    return Chart(
        name="days",
        title=f"Usage by day, {month:%B %Y}",
        labels=[f"{day.day}" for day in dates],
        series=series,
        unit="kWh",
        of_label="Day",
        marked_as="partly estimated or missing",
        links=[link(day) if any(one.day == day for one in days) else "" for day in dates],
    )


def hours_chart(reading: DayReadings, number: int) -> Chart:
    """The readings of one channel on one day, as they were taken."""
    step = timedelta(minutes=reading.minutes)
    marks = reading.quality.tolist()
    values: list[Number | None] = [
        None if mark == MISSING else _kwh(micro)
        for micro, mark in zip(reading.micro.tolist(), marks, strict=True)
    ]
    starts = [reading.starts_at + n * step for n in range(len(values))]
    channel = f", channel {reading.channel}" if reading.channel else ""
    return Chart(
        name=f"hours-{number}",
        title=f"Meter {reading.meter_number}{channel}, {reading.direction.value}, {reading.day}",
        labels=[f"{start.astimezone(ZONE):%H:%M}" for start in starts],
        series=(
            Series(
                "kWh",
                values,
                marked=frozenset(n for n, mark in enumerate(marks) if mark == ESTIMATED),
            ),
        ),
        unit=f"kWh each {reading.minutes} minutes",
        of_label="From (Pacific)",
        marked_as="estimated",
    )


def _by_day(
    days: Sequence[DayReadings], direction: Direction
) -> tuple[dict[date, Decimal], set[date]]:
    sums: dict[date, Decimal] = {}
    doubtful: set[date] = set()
    for one in days:
        if one.direction is not direction:
            continue
        there = one.quality != MISSING
        kwh = _kwh(int(one.micro[there].sum()))
        sums[one.day] = sums.get(one.day, Decimal(0)) + kwh
        if one.quality.any():
            doubtful.add(one.day)
    return sums, doubtful


def _kwh(micro: int) -> Decimal:
    return Decimal(micro).scaleb(-MICRO_DECIMALS).normalize() + 0


def _money(value: Number) -> str:
    return money(value) if isinstance(value, Decimal) else plain(value)
