"""From readings to the parts of a period that components price: the bridge to the printed lines.

Monthly usage comes with its buckets from the utility; interval usage gets them here from the
calendar, divided exactly where prices, seasons or taxes change. From then on both are the same, so
interval accounts and monthly accounts print the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.rating.accounts import Terms
from services.rating.calendars import CalendarBook, Window
from services.rating.charging import PeriodPart
from services.rating.components.nem import Generation
from services.rating.cutting import PricedPart, priced_spans
from services.rating.engine.hours import window_of
from services.rating.engine.netting import netted, refuse_below_zero, refuse_unpaid
from services.rating.engine.rows import Amounts, Determinants, MeterRows
from services.rating.engine.sums import determine
from services.rating.holds import NetMeteringWithoutRules
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook, Span
from services.rating.tariffs.taxes import TaxDecision
from shared.contracts.usage import Bucket


@dataclass(frozen=True, slots=True)
class IntervalPart:
    """A part of the period as components price it, and what only intervals can say of it.

    Attributes:
        part: days, season and quantities by bucket; its demand is that of the whole period.
        demand_micro: highest quarter-hour of these days by bucket, 1e-6 kW; empty when intervals
            are longer than that.
        exported_micro: energy to the grid by bucket, 1e-6 kWh, netted inside intervals only; for
            a plan that pays exports by the interval. Empty for every other.
        estimated: how many of its intervals the utility estimated.
    """

    part: PeriodPart
    demand_micro: Mapping[Bucket, int]
    exported_micro: Mapping[Bucket, int]
    estimated: int


def group_parts(
    usage: MeterRows,
    spans: Sequence[Span],
    calendars: CalendarBook,
    known_on: date,
    step_s: int,
    *,
    pays_exports: bool = False,
) -> list[tuple[IntervalPart, ...]]:
    """Work out the parts of every row: one plan and period, many accounts.

    Each row is an account. An account with several meters is added up first
    (`MeterRows.added`).

    Args:
        usage: the readings.
        spans: plan versions and seasons over the period, as the price book cuts it.
        calendars: all calendars.
        known_on: the day whose knowledge of calendars counts.
        step_s: length of an interval.
        pays_exports: the caller adds the credits of net billing (`exports.export_lines`).

    Returns:
        For each row its parts, in order of time.

    Raises:
        RateNotFound, IntervalTooLong: the plan's hours cannot be had, see `window_of`.
        NetMeteringWithoutRules, NegativeUsage: a row has energy from the customer, and the plan no
            rules for it; or it exported under net billing and nobody pays for that. Such a row is
            rated by itself.
        ReadingsMisfit: the rows are not as long as the period.
    """
    window = window_of(spans, calendars, known_on, step_s)
    rules = rules_of(spans)
    plain, exports = netted(usage, rules)
    if not pays_exports:
        refuse_unpaid(exports)
    found = determine(plain, window)
    refuse_below_zero(found, rules)
    sent = None if exports is None else determine(exports, window, demand=False)
    net = found.net_micro
    return [_row(found, net, sent, row, spans) for row in range(usage.meters)]


def empty_parts(cuts: Sequence[tuple[Span, str, TaxDecision]]) -> list[PricedPart]:
    """The parts of a period without quantities: what a group of accounts has in common.

    Args:
        cuts: spans with product and tax, as `cutting.priced_spans` gives them.
    """
    start, end = cuts[0][0].start, cuts[-1][0].end
    return [
        PricedPart(
            PeriodPart(
                start=span.start,
                end=span.end,
                season=span.season,
                energy_micro={},
                total_micro=0,
                dated=len(cuts) > 1,
                period_start=start,
                period_end=end,
            ),
            span,
            product,
            tax,
        )
        for span, product, tax in cuts
    ]


def account_parts(
    usage: MeterRows,
    spans: Sequence[Span],
    calendars: CalendarBook,
    known_on: date,
    step_s: int,
    *,
    pays_exports: bool = False,
) -> tuple[IntervalPart, ...]:
    """Work out the parts of one account; its meters are the rows.

    Raises:
        UsageHold: as `group_parts`.
        ReadingsMisfit: the rows are not as long as the period.
    """
    whole = usage.added()
    return group_parts(whole, spans, calendars, known_on, step_s, pays_exports=pays_exports)[0]


def cut_intervals(
    usage: MeterRows,
    days: tuple[date, date],
    step_s: int,
    scope: Scope,
    terms: Sequence[tuple[date, Terms]],
    book: PriceBook,
    calendars: CalendarBook,
    known_on: date,
) -> list[PricedPart]:
    """Cut one account's intervals into priced parts, as `cutting.cut` does with monthly usage.

    What it returns is what `rate_usage.price_parts` takes.

    Args:
        usage: the readings of the account's meters over `days`.
        days: first day, and the closing read date.
        step_s: length of an interval.
        scope: whose customer it is.
        terms: the terms in force, each with its first day.
        book: all prices and taxes.
        calendars: all calendars.
        known_on: the day whose knowledge of tariffs and calendars counts.

    Raises:
        UsageHold: some day has no price, hours or city, or energy has no rules.
        ReadingsMisfit: the rows are not as long as the period.
    """
    cuts = priced_spans(days, scope, terms, book, known_on)
    parts = account_parts(usage, [span for span, _, _ in cuts], calendars, known_on, step_s)
    return [
        PricedPart(each.part, span, product, tax)
        for each, (span, product, tax) in zip(parts, cuts, strict=True)
    ]


def _row(
    found: Determinants,
    net: Amounts,
    sent: Determinants | None,
    row: int,
    spans: Sequence[Span],
) -> tuple[IntervalPart, ...]:
    columns = columns_of(found.window, len(spans))
    demands = [_at(found.demand_micro, row, each) for each in columns]
    marks = [
        {b: n for b, n in _at(found.estimated, row, places).items() if n} for places in columns
    ]
    highest: dict[Bucket, int] = {}
    for demand in demands:
        for bucket, micro in demand.items():
            highest[bucket] = max(micro, highest.get(bucket, 0))
    parts = []
    for index, (span, places, demand) in enumerate(zip(spans, columns, demands, strict=True)):
        energy = _at(net, row, places)
        estimated = sum(marks[index].values())
        part = PeriodPart(
            start=span.start,
            end=span.end,
            season=span.season,
            energy_micro=energy,
            total_micro=sum(energy.values()),
            dated=len(spans) > 1,
            received_micro=_at(found.received_micro, row, places),
            demand_micro=highest,
            period_start=spans[0].start,
            period_end=spans[-1].end,
            estimated=frozenset(marks[index]),
            estimated_intervals=estimated,
            demand_estimated=any(marks),
        )
        exported = _at(sent.energy_micro, row, places) if sent else {}
        parts.append(IntervalPart(part, demand, exported, estimated))
    return tuple(parts)


def with_spill(spans: Sequence[Span]) -> list[Span]:
    """The spans of a period whose readings reach into the day after its last.

    Where a utility stamps with standard time, a summer month ends an hour into the next day.
    """
    return [*spans[:-1], replace(spans[-1], end=spans[-1].end + timedelta(days=1))]


def rules_of(spans: Sequence[Span]) -> Generation | None:
    """The rules for customers who generate, which must be of one model over the whole period.

    Raises:
        NetMeteringWithoutRules: the plan changes its model within the period.
    """
    models = {span.plan.nem.model if span.plan.nem else None for span in spans}
    if len(models) > 1:
        raise NetMeteringWithoutRules("the rules for generation change within the period")
    return spans[0].plan.nem


def columns_of(window: Window, parts: int) -> list[dict[Bucket, int]]:
    """For each part, the column of each of its buckets."""
    found: list[dict[Bucket, int]] = [{} for _ in range(parts)]
    for column, cell in enumerate(window.cells):
        found[cell.part][cell.bucket] = column
    return found


def _at(amounts: Amounts | None, row: int, places: Mapping[Bucket, int]) -> dict[Bucket, int]:
    if amounts is None:
        return {}
    return {bucket: int(amounts[row, column]) for bucket, column in places.items()}
