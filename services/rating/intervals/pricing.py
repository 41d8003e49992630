"""Puts the readings of one account into rows for the engine, and gets back priced parts.

A service period is whole days of the clock that the utility stamps with. Where that is standard
time, a summer month begins an hour into our first day and ends an hour into the day after our last:
its readings are priced by the hours in which they were used, and none is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from services.rating.cutting import PricedPart, priced_spans
from services.rating.engine import IntervalPart, MeterRows, account_parts, window_of
from services.rating.engine.exports import export_lines
from services.rating.engine.hours import calendar_of
from services.rating.engine.parts import with_spill
from services.rating.holds import IntervalsMisfit, UsageOverlap
from services.rating.intervals.block import (
    ESTIMATED,
    SECONDS_PER_MINUTE,
    IntervalBlock,
    day_lengths,
)
from shared.contracts.measures import from_micro
from shared.contracts.usage import Direction, MeterUsage, UsageItem

if TYPE_CHECKING:
    import numpy.typing as npt

    from services.rating.accounts import Terms
    from services.rating.scope import Scope
    from services.rating.tariffs.book import PriceBook, Span

    Rows = npt.NDArray[np.int64]
    Marks = npt.NDArray[np.bool_]

_ONE_DAY = timedelta(days=1)
Days = tuple[date, date]
Meters = Mapping[str, Sequence[IntervalBlock]]


def cut_blocks(
    item: UsageItem,
    blocks: Sequence[IntervalBlock],
    scope: Scope,
    terms: Sequence[tuple[date, Terms]],
    book: PriceBook,
    known_on: date,
) -> list[PricedPart]:
    """Cut the readings of one interval 867 into priced parts, oldest first.

    Meters that follow one another (an exchange) are parts of one bill; meters side by side are
    added up interval by interval.

    Raises:
        UsageHold: some day has no price or no hours, or the readings do not fit their period.
    """
    parts = [
        part
        for days, meters in _by_period(item, blocks)
        for part in _of_period(days, meters, scope, terms, book, known_on)
    ]
    start, end = parts[0].part.start, parts[-1].part.end
    return [
        replace(
            each,
            part=replace(each.part, dated=len(parts) > 1, period_start=start, period_end=end),
        )
        for each in parts
    ]


def _by_period(
    item: UsageItem, blocks: Sequence[IntervalBlock]
) -> list[tuple[Days, dict[str, list[IntervalBlock]]]]:
    """Group the channels by the days of their meter.

    Raises:
        UsageOverlap: a meter comes twice, or days of meters intersect without being the same.
    """
    known: dict[str, MeterUsage] = {}
    for meter in item.meters:
        if meter.meter_number in known:
            raise UsageOverlap(f"meter {meter.meter_number} is reported twice")
        known[meter.meter_number] = meter
    found: dict[Days, dict[str, list[IntervalBlock]]] = {}
    for block in blocks:
        meter = known[block.meter_number]
        group = found.setdefault((meter.period_start, meter.period_end), {})
        group.setdefault(block.meter_number, []).append(block)
    ordered = sorted(found.items())
    for ((_, end), _), ((start, _), _) in pairwise(ordered):
        if start < end:
            raise UsageOverlap(f"periods of one 867 overlap at {start}")
    return ordered


def _of_period(
    days: Days,
    meters: Meters,
    scope: Scope,
    terms: Sequence[tuple[date, Terms]],
    book: PriceBook,
    known_on: date,
) -> list[PricedPart]:
    blocks = [block for channels in meters.values() for block in channels]
    minutes = {block.minutes for block in blocks}
    if len(minutes) > 1:
        raise IntervalsMisfit("meters of one account record in intervals of different length")
    if any(block.has_gap for block in blocks):
        raise IntervalsMisfit("readings are missing between the first and the last")
    start, end = days
    first, last = min(b.first_day for b in blocks), max(b.last_day for b in blocks)
    if first < start or last > end:
        raise IntervalsMisfit(f"readings of {first} to {last} in a period of {start} to {end}")
    cuts = priced_spans(days, scope, terms, book, known_on)
    spans = [span for span, _, _ in cuts]
    if last == end:
        spans = with_spill(spans)
    step = minutes.pop()
    rows = _rows((start, spans[-1].end - _ONE_DAY), step, meters)
    step_s = step * SECONDS_PER_MINUTE
    found = account_parts(rows, spans, book.calendars, known_on, step_s, pays_exports=True)
    _refuse_loss(found, rows)
    parts = [
        PricedPart(
            *(replace(each.part, end=span.end), span, product, tax),
            hours=_hours(span, book, known_on),
        )
        for each, (span, product, tax) in zip(found, cuts, strict=True)
    ]
    if not any(any(each.exported_micro.values()) for each in found):
        return parts
    window = window_of(spans, book.calendars, known_on, step_s)
    paid = export_lines(rows, parts, window, book.exports, book.calendars, known_on)
    return [
        replace(part, credits=(line,) if line else ())
        for part, line in zip(parts, paid, strict=True)
    ]


def _hours(span: Span, book: PriceBook, known_on: date) -> tuple[str, ...]:
    """The calendar of a part with its version; none where the plan itself says the hours."""
    calendar = calendar_of(span.plan, book.calendars, known_on)
    if calendar.calendar_id == span.plan.plan_id:
        return ()
    return calendar.named(span.start, span.end)


def _rows(days: Days, minutes: int, meters: Meters) -> MeterRows:
    """Lay the channels of each meter over the days, both included; 0 where nothing was sent.

    Readings that are missing inside the period were refused before.
    """
    size = sum(day_lengths(*days, minutes))
    blocks = [block for channels in meters.values() for block in channels]
    decimals = max(block.decimals for block in blocks)
    delivered: Rows = np.zeros((len(meters), size), dtype=np.int64)
    received: Rows = np.zeros((len(meters), size), dtype=np.int64)
    estimated: Marks = np.zeros((len(meters), size), dtype=np.bool_)
    for row, channels in enumerate(meters.values()):
        for block in channels:
            if block.first_day > days[0]:
                before = sum(day_lengths(days[0], block.first_day - _ONE_DAY, minutes))
            else:
                before = 0
            here = slice(before, before + len(block.readings))
            rows = received if block.direction is Direction.RECEIVED else delivered
            rows[row, here] += block.readings.astype(np.int64) * 10 ** (decimals - block.decimals)
            estimated[row, here] |= block.quality == ESTIMATED
    has_generation = any(block.direction is Direction.RECEIVED for block in blocks)
    return MeterRows(
        delivered=delivered,
        received=received if has_generation else None,
        estimated=estimated if estimated.any() else None,
        decimals=decimals,
    )


def _refuse_loss(parts: Sequence[IntervalPart], rows: MeterRows) -> None:
    """Every reading is in some part, exactly: what is priced adds up to what was recorded."""
    recorded = int(rows.delivered.sum())
    if rows.received is not None:
        recorded -= int(rows.received.sum())
    priced = sum(
        sum(part.part.energy_micro.values()) - sum(part.exported_micro.values()) for part in parts
    )
    if priced != recorded * rows.micro:
        raise IntervalsMisfit(
            f"{from_micro(recorded * rows.micro)} kWh recorded, {from_micro(priced)} kWh priced"
        )
