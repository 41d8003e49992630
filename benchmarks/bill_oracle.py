"""Bills made-up accounts with us and with NREL's bill engine, and compares line by line.

    python -m benchmarks.bill_oracle [--cases 1000] [--seed 1]

NREL-PySAM shares nothing with us: it is C++, works in binary fractions, rounds nothing and knows a
year of hours without holidays. What it knows is how a rate is laid on a load. So each part of a
real service period is packed into a month of its year: which bucket an interval belongs to comes
from the plain `datetime` reference of the tests, and an interval goes into some hour of that month
with the same bucket. Energy by bucket and tier, net metering, demand by bucket and over all hours,
fixed and minimum charges are then PySAM's own arithmetic. It does not know taxes, adders with
dates, or cents: those are held by printed bills and property tests.

A line agrees when it is PySAM's amount rounded to the cent; where that amount lies within a
thousandth of a cent of a half, either cent. Demand and fixed charges in dollars are compared for
bills of one part; of several parts, the highest kW of each. Where a customer gave more than was
used, PySAM names kWh by bucket and carries the dollars to a later month: both are compared, the
dollars as a sum.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Final

import numpy as np
import typer
from rich.console import Console

from benchmarks.oracle_plans import Case, made_up_case
from benchmarks.pysam import PackedMonth, Pair, SamBill, bill_year
from services.rating.calendars import load_calendars
from services.rating.cutting import PricedPart
from services.rating.engine import (
    GroupBilling,
    IntervalPart,
    MeterRows,
    account_parts,
    empty_parts,
)
from services.rating.rate_usage import price_parts

HALF: Final = 0.5
CENT_SLACK: Final = 0.001
SINGLE: Final = 2**-23
"""PySAM gives demand dollars by bucket in single precision, and their sum in double."""
KW_SLACK: Final = 1e-6
CENTS: Final = 100
PRICE_UNITS: Final = 100_000
STEP_S: Final = 900
KNOWN: Final = date(2028, 12, 31)
KW_PER_WH: Final = 4 / 1000
MICRO: Final = 1_000_000
SEED_STRIDE: Final = 1_000_003

Compared = tuple[str, int, float]
"""A line's name, our cents, PySAM's dollars."""


@dataclass
class Verdict:
    """What came of one case."""

    lines: int = 0
    differences: list[str] = field(default_factory=list)


def compare(case: Case) -> Verdict:
    """Bill one case both ways; ours as a single account and in a group."""
    verdict = Verdict()
    cuts = case.cuts
    received = None if case.received is None else case.received[np.newaxis]
    usage = MeterRows(case.delivered[np.newaxis], received)
    parts = account_parts(usage, [span for span, _, _ in cuts], load_calendars(), KNOWN, STEP_S)
    priced = [PricedPart(each.part, *cut) for each, cut in zip(parts, cuts, strict=True)]
    lines = {line.line_id: line.signed_cents for some in price_parts(priced, 0) for line in some}
    group = GroupBilling(empty_parts(cuts), load_calendars(), KNOWN, 0, STEP_S).bill(usage)
    if group.lines_of(0) != lines:
        verdict.differences.append(f"in a group {group.lines_of(0)}, alone {lines}")
    theirs = bill_year([packed(case, number) for number in range(len(cuts))])
    unseen = set(lines)
    for name, cents, dollars in compared_lines(case, theirs, lines):
        verdict.lines += 1
        unseen.discard(name)
        slack = CENT_SLACK
        if name.startswith("tou_demand"):
            slack += abs(dollars) * CENTS * SINGLE
        if abs(cents - dollars * CENTS) > HALF + slack:
            verdict.differences.append(f"{name}: {cents} cents, PySAM {dollars * CENTS:.6f}")
    if unseen and len(case.parts) == 1:
        verdict.differences.append(f"PySAM knows nothing of {', '.join(sorted(unseen))}")
    if case.received is None:
        verdict.differences += peak_differences(case, parts, theirs)
    elif not close(list(lines.values()), theirs.net_dollars):
        verdict.differences.append(f"{sum(lines.values())} cents, PySAM {theirs.net_dollars} $")
    return verdict


def compared_lines(case: Case, theirs: SamBill, lines: Mapping[str, int]) -> Iterator[Compared]:
    """Each of our lines beside PySAM's dollars for it; a line that we do not print is zero."""
    for number in range(len(case.parts)):
        yield from _energy_lines(case, number, theirs, lines)
    if len(case.parts) > 1:
        return
    start, _, season = case.parts[0]
    day = f"{start:%Y%m%d}"
    if case.prices["tou_demand"]:
        for bucket in case.prices["tou_demand"][season]:
            name = f"tou_demand.{bucket}.{day}"
            yield name, lines[name], theirs.demand_dollars(0, case.period(0, bucket))
        lasting = [cents for name, cents in lines.items() if name.startswith("tou_demand")]
        whole = theirs.month("year1_monthly_dc_tou_with_system", 0)
        yield _summed("all demand by bucket", lasting, whole)
    if case.prices["flat_demand"]:
        name = f"flat_demand.total.{day}"
        yield name, lines[name], theirs.month("year1_monthly_dc_fixed_with_system", 0)
    if case.prices["fixed"]:
        name = f"fixed.all.{day}"
        yield name, lines[name], theirs.month("year1_monthly_fixed_with_system", 0)
    if case.prices["minimum"]:
        whole = theirs.month("year1_monthly_utility_bill_w_sys", 0)
        if f"minimum.all.{day}" in lines:
            yield f"minimum.all.{day}", sum(lines.values()), whole
        else:
            yield _summed("a bill above its minimum", list(lines.values()), whole)


def _summed(name: str, lines: Sequence[int], dollars: float) -> Compared:
    """Rounded lines beside their unrounded sum: where they agree they count as its cents."""
    cents = sum(lines)
    return name, round(dollars * CENTS) if close(lines, dollars) else cents, dollars


def close(lines: Sequence[int], dollars: float) -> bool:
    """Whether rounded lines come to unrounded dollars, half a cent a line apart at most."""
    return abs(sum(lines) - dollars * CENTS) <= HALF * len(lines) + CENT_SLACK


def _energy_lines(
    case: Case, number: int, theirs: SamBill, lines: Mapping[str, int]
) -> Iterator[Compared]:
    start, _, season = case.parts[number]
    for bucket, prices in case.prices["energy"][season].items():
        for tier in range(1, len(prices) + 1):
            which = f"{bucket}_{tier}" if len(prices) > 1 else f"{bucket}"
            name = f"generation.{which}.{start:%Y%m%d}"
            period = case.period(number, bucket)
            dollars = theirs.energy_dollars(number, period, tier)
            if case.received is not None:
                dollars -= theirs.surplus_kwh(number, period) * prices[0] / PRICE_UNITS
            yield name, lines.get(name, 0), dollars


def peak_differences(case: Case, parts: Sequence[IntervalPart], theirs: SamBill) -> Iterator[str]:
    """The highest quarter-hour of each part and bucket, where the two differ."""
    for number, part in enumerate(parts):
        for bucket, micro in part.demand_micro.items():
            peak = theirs.peak_kw(number, case.period(number, bucket))
            if abs(micro / MICRO - peak) > KW_SLACK:
                yield f"demand {bucket} of part {number}: {micro / MICRO} kW, PySAM {peak}"


def packed(case: Case, number: int) -> PackedMonth:
    """Put the intervals of one part under PySAM's number for their bucket."""
    start, end, _ = case.parts[number]
    rates = case.rates(number)
    pairs: dict[int, list[Pair]] = {period: [] for period in rates.energy}
    back = [0] * len(case.starts) if case.received is None else case.received.tolist()
    for at, wh, given in zip(case.starts, case.delivered.tolist(), back, strict=True):
        if start <= at.date() < end:
            period = case.period(number, case.bucket_at(at))
            pairs[period].append((wh * KW_PER_WH, given * KW_PER_WH))
    return PackedMonth(rates, pairs)


def main(
    cases: Annotated[int, typer.Option(help="How many made-up bills.")] = 1000,
    seed: Annotated[int, typer.Option(help="Where chance begins.")] = 1,
) -> None:
    """Compare so many bills, and tell how they agree."""
    console = Console()
    began, lines, wrong = time.perf_counter(), 0, 0
    kinds: Counter[str] = Counter()
    for number in range(cases):
        case = made_up_case(random.Random(seed * SEED_STRIDE + number))
        verdict = compare(case)
        lines += verdict.lines
        kinds.update(case.kinds)
        if verdict.differences:
            wrong += 1
            console.print(f"case {number}: " + "; ".join(verdict.differences))
    took = time.perf_counter() - began
    agree = cases - wrong
    console.print(f"{agree} of {cases} bills agree to the cent, {lines} lines, in {took:.0f} s")
    console.print(", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    if wrong:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
