"""Measures the rating engine beside NREL's bill engine, in one run on meters made here.

    python -m benchmarks.rating [--meters 50000] [--sam-meters 240]

Both bill the same meters over the same 30 days of quarter-hours: time-of-use energy, demand by
bucket and over all hours. Ours also lays on adder, energy surcharge and user tax, and rounds every
line to cents. Ours is timed for one large group and for groups of 40 meters spread over the 28
billing cycles of a month; what is compiled once for a plan and cycle is counted too. Accounts whose
usage came by bucket stand beside the same time of PySAM: it bills hours alone. Times are processor
time of one process. Ratios of one run compare; speeds of two machines do not.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.pysam import MONTH_DAYS, STEPS, new_model
from services.rating.calendars import compile_window, load_calendars
from services.rating.charging import PeriodPart
from services.rating.cutting import PricedPart
from services.rating.engine import (
    GroupBilling,
    GroupQuantities,
    MeterRows,
    compile_sheet,
    determine,
    empty_parts,
    price_group,
)
from services.rating.tariffs.book import Span
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxDecision
from shared.contracts.usage import Bucket
from shared.platform.collector import set_aside

START: Final = date(2026, 6, 2)
DAYS: Final = 30
SURCHARGE_MICRO: Final = 300
TAX: Final = TaxDecision(city="SANTA CRUZ", rate_micro=85_000, because="made up")
KNOWN: Final = date(2027, 1, 1)
GROUP: Final = 40
ROUNDS: Final = 3
BUCKET_ACCOUNTS: Final = 1_000_000
WH_MAX: Final = 3_000
NO_END: Final = 1e38
KW_PER_WH: Final = 0.004


def plan(*, demand: bool) -> PlanFile:
    """A plan of PG&E's commercial shape, prices made up."""
    on, mid, off = Bucket.ON_PEAK, Bucket.MID_PEAK, Bucket.OFF_PEAK
    words = {"code": "ENC001", "label": "LINE"}
    components: list[dict[str, object]] = [
        {
            "kind": "time_of_use",
            "line_id": "generation",
            "prices": {
                "summer": {on: 18_337, mid: 13_090, off: 10_315},
                "winter": {on: 13_421, off: 10_393, Bucket.SUPER_OFF_PEAK: 7_122},
            },
        },
        {"kind": "per_unit", "line_id": "deep_green", "price": 1_250},
    ]
    if demand:
        tables = {"summer": {on: 1_206_000, mid: 200_000}, "winter": {on: 100_000}}
        flat = {season: {"total": 458_000} for season in tables}
        components.append({"kind": "demand", "line_id": "tou_demand", "prices": tables})
        components.append({"kind": "demand", "line_id": "demand", "prices": flat})
    return PlanFile.model_validate(
        {
            "plan_id": "BENCH",
            "version": "1",
            "title": "For a benchmark",
            "cca": "mce",
            "utility": "pge",
            "rate_codes": ["B-19"],
            "products": ["P"],
            "effective_from": date(2020, 1, 1),
            "known_from": date(2020, 1, 1),
            "source": "fictional",
            "calendar": "PGE-B",
            "seasons": {"summer": [6, 7, 8, 9], "winter": [1, 2, 3, 4, 5, 10, 11, 12]},
            "components": [words | each for each in components],
        }
    )


def billing(start: date, made: PlanFile) -> GroupBilling:
    """Compile the plan for 30 days in summer."""
    span = Span(start, start + timedelta(days=DAYS), made, "summer")
    parts = empty_parts([(span, "P", TAX)])
    return GroupBilling(parts, load_calendars(), KNOWN, SURCHARGE_MICRO, 900)


def best_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the least processor time of some rounds."""
    times = []
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def pysam_s(rows: NDArray[np.int32]) -> float:
    """Return PySAM's time to bill one meter.

    It bills a year of twelve months, so it gets twelve meters at a time, a month each. Model and
    rates are set once and only the load changes, which is the fastest way it has.
    """
    model = new_model()
    rates = model.ElectricityRates
    hours = [3] * 14 + [2, 2] + [1] * 5 + [2, 2, 3]
    rates.ur_ec_sched_weekday = rates.ur_ec_sched_weekend = [hours] * 12
    rates.ur_dc_sched_weekday = rates.ur_dc_sched_weekend = [hours] * 12
    prices = {1: 0.18337, 2: 0.13090, 3: 0.10315}
    rates.ur_ec_tou_mat = [[p, 1, NO_END, 0, each, each] for p, each in prices.items()]
    rates.ur_dc_enable = 1
    rates.ur_dc_tou_mat = [[1, 1, NO_END, 12.06], [2, 1, NO_END, 2.0], [3, 1, NO_END, 0.0]]
    rates.ur_dc_flat_mat = [[month, 1, NO_END, 4.58] for month in range(12)]
    model.SystemOutput.gen = [0.0] * STEPS
    loads = []
    for first in range(0, len(rows), len(MONTH_DAYS)):
        year = np.zeros(STEPS)
        for month, row in enumerate(rows[first : first + len(MONTH_DAYS)]):
            begin, days = sum(MONTH_DAYS[:month]), min(MONTH_DAYS[month], DAYS)
            year[begin * 96 : (begin + days) * 96] = row[: days * 96] * KW_PER_WH
        loads.append(year.tolist())

    def work() -> None:
        for load in loads:
            model.Load.load = load
            model.execute(0)

    return best_s(work, 2) / len(rows)


def interval_rows(meters: int, sam_meters: int, table: Table) -> float:
    """Measure interval accounts: one large group, and groups of 40. Gives PySAM's time a meter."""
    made = plan(demand=True)
    rng = np.random.default_rng(1)
    rows = rng.integers(0, WH_MAX, (meters, DAYS * 96), dtype=np.int32)
    sam_s = pysam_s(rows[:sam_meters])
    one = billing(START, made)
    usage = MeterRows(rows)
    window = compile_window(load_calendars().calendar("PGE-B"), START, START + timedelta(DAYS))
    years = count()

    def small_groups() -> None:
        first = START - timedelta(days=next(years) * 364)  # a year that nothing was compiled for
        ready: dict[date, GroupBilling] = {}
        for number in range(meters // GROUP):
            start = first + timedelta(days=number % 28)
            if start not in ready:
                ready[start] = billing(start, made)
            ready[start].bill(MeterRows(rows[number * GROUP : (number + 1) * GROUP]))

    works: list[tuple[str, Callable[[], object]]] = [
        ("energy alone", lambda: determine(usage, window, demand=False)),
        ("energy and demand", lambda: determine(usage, window)),
        ("priced to cents with taxes, one group", lambda: one.bill(usage)),
    ]
    for words, work in works:
        add_row(table, words, meters / best_s(work), sam_s)
    add_row(
        table,
        f"priced to cents with taxes, groups of {GROUP}",
        meters / best_s(small_groups),
        sam_s,
    )
    return sam_s


def bucket_rows(sam_s: float, table: Table) -> None:
    """Measure accounts whose usage came by bucket."""
    made = plan(demand=False)
    span = Span(START, START + timedelta(days=DAYS), made, "summer")
    part = PeriodPart(span.start, span.end, "summer", {}, 0)
    columns = {Bucket.ON_PEAK: 0, Bucket.MID_PEAK: 1, Bucket.OFF_PEAK: 2}
    sheet = compile_sheet([PricedPart(part, span, "P", TAX)], [columns], SURCHARGE_MICRO)
    rng = np.random.default_rng(2)
    energy = rng.integers(0, 900_000, (3, BUCKET_ACCOUNTS)) * 1_000
    taxes = rng.choice([0, 10_000, 85_000], BUCKET_ACCOUNTS)
    took = best_s(lambda: price_group(sheet, GroupQuantities(energy), taxes).totals)
    words = f"monthly buckets, priced to {len(sheet.lines)} lines each"
    add_row(table, words, BUCKET_ACCOUNTS / took, sam_s)


def add_row(table: Table, words: str, speed: float, sam_s: float) -> None:
    """Add a line of the table: ours, PySAM's, the ratio."""
    table.add_row(words, f"{speed:,.0f}", f"{1 / sam_s:,.0f}", f"{speed * sam_s:,.0f} ×")


def main(
    meters: Annotated[int, typer.Option(help="Meters of 30 days of quarter-hours.")] = 50_000,
    sam_meters: Annotated[int, typer.Option(help="How many of them PySAM bills too.")] = 240,
) -> None:
    """Print the table."""
    set_aside()  # as a service does when it has started
    table = Table("accounts", "ours, a second", "PySAM, a second", "ours ÷ PySAM")
    bucket_rows(interval_rows(meters, sam_meters, table), table)
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
