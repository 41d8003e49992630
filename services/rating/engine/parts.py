"""From readings to the parts of a period that components price: the bridge to the printed lines.

Monthly usage comes with its buckets from the utility; interval usage gets them here from the
calendar, divided exactly where prices, seasons or taxes change. From then on both are the same, so
interval accounts and monthly accounts print the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.rating.calendars import CalendarBook, Segment, Window, compile_segments
from services.rating.charging import PeriodPart
from services.rating.engine.rows import Determinants, MeterRows
from services.rating.engine.sums import determine
from services.rating.holds import RateNotFound
from services.rating.tariffs.book import Span
from shared.contracts.usage import Bucket


@dataclass(frozen=True, slots=True)
class IntervalPart:
    """A part of the period as components price it, and what only intervals can say of it.

    Attributes:
        part: days, season and energy by bucket.
        demand_micro: highest quarter-hour by bucket, 1e-6 kW; `None` when intervals are longer.
        received_micro: energy from the customer by bucket, 1e-6 kWh; `None` without generation.
        estimated: how many of its intervals the utility estimated.
    """

    part: PeriodPart
    demand_micro: Mapping[Bucket, int] | None
    received_micro: Mapping[Bucket, int] | None
    estimated: int


def window_of(
    spans: Sequence[Span], calendars: CalendarBook, known_on: date, step_s: int
) -> Window:
    """Compile the calendars of a period's spans; the answer is remembered.

    Args:
        spans: plan versions and seasons over the period, as the price book cuts it.
        calendars: all calendars.
        known_on: the day whose knowledge of calendars counts.
        step_s: length of an interval.

    Raises:
        RateNotFound: a plan has no calendar, or names its seasons otherwise than the calendar.
        IntervalTooLong: a bucket begins or ends within an interval.
    """
    segments = tuple(
        Segment(
            calendars.of_rate_codes(span.plan.utility, span.plan.rate_codes, known_on),
            span.start,
            span.end,
        )
        for span in spans
    )
    for span, segment in zip(spans, segments, strict=True):
        season = segment.calendar.season_of(span.start)
        if season != span.season:
            raise RateNotFound(
                f"{span.plan.plan_id} calls {span.start} {span.season}, "
                f"the calendar {segment.calendar.calendar_id} {season}"
            )
    return compile_segments(segments, None, step_s)


def group_parts(
    usage: MeterRows,
    spans: Sequence[Span],
    calendars: CalendarBook,
    known_on: date,
    step_s: int,
) -> list[tuple[IntervalPart, ...]]:
    """Work out the parts of every row: one plan and period, many accounts.

    Each row is an account. An account with several meters is added up first
    (`MeterRows.added`).

    Returns:
        For each row its parts, in order of time.

    Raises:
        RateNotFound: see `window_of`.
        IntervalTooLong: a bucket begins or ends within an interval.
        ReadingsMisfit: the rows are not as long as the period.
    """
    found = determine(usage, window_of(spans, calendars, known_on, step_s))
    return [_row(found, row, spans) for row in range(usage.meters)]


def account_parts(
    usage: MeterRows,
    spans: Sequence[Span],
    calendars: CalendarBook,
    known_on: date,
    step_s: int,
) -> tuple[IntervalPart, ...]:
    """Work out the parts of one account; its meters are the rows.

    Raises:
        RateNotFound: see `window_of`.
        IntervalTooLong: a bucket begins or ends within an interval.
        ReadingsMisfit: the rows are not as long as the period.
    """
    return group_parts(usage.added(), spans, calendars, known_on, step_s)[0]


def _row(found: Determinants, row: int, spans: Sequence[Span]) -> tuple[IntervalPart, ...]:
    parts = []
    for number, span in enumerate(spans):
        columns = {c.bucket: at for at, c in enumerate(found.cells) if c.part == number}
        energy = {bucket: int(found.energy_micro[row, at]) for bucket, at in columns.items()}
        part = PeriodPart(
            start=span.start,
            end=span.end,
            season=span.season,
            energy_micro=energy,
            total_micro=sum(energy.values()),
            dated=len(spans) > 1,
        )
        demand, received, marks = found.demand_micro, found.received_micro, found.estimated
        parts.append(
            IntervalPart(
                part=part,
                demand_micro=None
                if demand is None
                else {bucket: int(demand[row, at]) for bucket, at in columns.items()},
                received_micro=None
                if received is None
                else {bucket: int(received[row, at]) for bucket, at in columns.items()},
                estimated=0
                if marks is None
                else sum(int(marks[row, at]) for at in columns.values()),
            )
        )
    return tuple(parts)
