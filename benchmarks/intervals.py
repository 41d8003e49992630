"""Measures the interval store, and one interval 867 through the whole loop.

    python -m benchmarks.intervals [--meters 2000] [--accounts 400]

The store: months of 15-minute readings written by COPY in units of work, in intervals a second and
bytes each, and a year of one meter read back as for a chart. The loop: as `make bench`, with an
interval 867 of the simulated utility in place of the monthly one.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert, text

from benchmarks.loop import Figures, embedded
from services.rating.intervals.block import IntervalBlock, day_lengths
from services.rating.intervals.keeping import Origin, keep_blocks
from services.rating.intervals.showing import Asked, show_days
from services.rating.scope import Scope
from services.rating.store import USAGE
from shared.contracts.parts import Environment
from shared.contracts.usage import Direction
from shared.platform import migrate
from shared.platform.collector import set_aside
from shared.platform.database import Database
from shared.platform.embedded import start_postgres

SCOPE = Scope("mce", "pge", Environment.TEST)
AT = datetime(2026, 7, 7, tzinfo=UTC)
METERS_A_UNIT = 500
MONTHS = 12
READS = 50
YEAR_READINGS = 35_040
SEED = 7


def month_of(year: int, month: int, meter: str, chance: np.random.Generator) -> IntervalBlock:
    """A month of readings, all of them actual."""
    first = date(year, month, 1)
    last = date(year + month // 12, month % 12 + 1, 1)
    last_day = date.fromordinal(last.toordinal() - 1)
    size = sum(day_lengths(first, last_day, 15))
    return IntervalBlock(
        meter_number=meter,
        channel="",
        direction=Direction.DELIVERED,
        minutes=15,
        decimals=3,
        first_day=first,
        last_day=last_day,
        readings=chance.integers(0, 2_400, size, dtype=np.int32),
        quality=np.zeros(size, dtype=np.uint8),
    )


@asynccontextmanager
async def store() -> AsyncIterator[Database]:
    """An empty database of the rating service."""
    with tempfile.TemporaryDirectory(prefix="ccax-bench-", ignore_cleanup_errors=True) as folder:
        server = start_postgres(Path(folder) / "postgres")
        try:
            await migrate.migrate(server.url, migrate.history_of("rating"))
            database = Database(server.url, "rating")
            yield database
            await database.close()
        finally:
            server.stop()


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one unit of work: by the clock, and of processors, ours and the database's."""

    clock_s: float
    processor_s: float


async def keep(
    database: Database, named: list[tuple[int, IntervalBlock]], account: str = ""
) -> Spent:
    """Store blocks under usage of their own; what the readings alone cost, commit included."""
    rows = [_usage(number, account or f"A{number}") for number, _ in named]
    async with database.unit_of_work() as session:
        await session.execute(insert(USAGE), rows)
    began, ours = time.perf_counter(), time.process_time()
    async with database.unit_of_work() as session:
        backend = int(await session.scalar(text("SELECT pg_backend_pid()")) or 0)
        theirs = _processor_s(backend)
        brought = [
            (Origin(UUID(int=number), account or f"A{number}"), block) for number, block in named
        ]
        await keep_blocks(session, SCOPE, brought, AT)
    spent = time.process_time() - ours + _processor_s(backend) - theirs
    return Spent(time.perf_counter() - began, spent)


def _processor_s(pid: int) -> float:
    """Processor time of another process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _usage(number: int, account: str) -> dict[str, object]:
    return {
        "transaction_id": UUID(int=number),
        "cca": SCOPE.cca,
        "utility": SCOPE.utility,
        "environment": SCOPE.environment.value,
        "usage_id": f"U{number}",
        "purpose": "original",
        "account_number": account,
        "meters": ["M1"],
        "period_start": date(2026, 6, 1),
        "period_end": date(2026, 7, 1),
        "content_hash": b"",
        "body": {},
        "state": "charged",
        "correlation_id": UUID(int=number),
        "received_at": AT,
    }


async def measure_store(meters: int) -> dict[str, str]:
    """Write a month of so many meters and a year of one, and read that one back."""
    chance = np.random.default_rng(SEED)
    async with store() as database:
        set_aside()  # as a service does when it has started
        blocks = [month_of(2026, 6, f"M{n}", chance) for n in range(METERS_A_UNIT)]
        units = []
        await keep(database, [(1, blocks[0])])  # makes the month's partition
        for first in range(0, meters, METERS_A_UNIT):
            named = [(first + n + 10, block) for n, block in enumerate(blocks)]
            units.append(await keep(database, named))
        stored = len(units) * sum(len(block.readings) for block in blocks)
        async with database.unit_of_work() as session:
            size = int(
                await session.scalar(
                    text("SELECT pg_total_relation_size('rating.interval_days_2026_06')")
                )
                or 0
            )
        year = [(10**6 + m, month_of(2025, m, "Y", chance)) for m in range(1, MONTHS + 1)]
        await keep(database, year, "YEAR")
        reads = [await read_year(database) for _ in range(READS)]
    return {
        "intervals stored": f"{stored:,}",
        "intervals a second, all units of work": _millions(stored, sum(u.clock_s for u in units)),
        "intervals a second, best unit of work": _millions(
            stored // len(units), min(u.clock_s for u in units)
        ),
        "intervals a second of processor time, ours and the database's": _millions(
            stored, sum(u.processor_s for u in units)
        ),
        "bytes an interval, index included": f"{size / (stored + len(blocks[0].readings)):.2f}",
        "a year of one meter read for a chart, p50": f"{statistics.median(reads):.1f} ms",
        "the same, the first of them": f"{reads[0]:.1f} ms",
        "the same, slowest": f"{max(reads):.1f} ms",
    }


async def read_year(database: Database) -> float:
    """Read a year of one meter as its chart does; milliseconds by the clock."""
    asked = Asked("YEAR", date(2025, 1, 1), date(2025, 12, 31))
    began = time.perf_counter()
    async with database.read() as session:
        days = [day async for day in show_days(session, SCOPE, asked)]
    took = time.perf_counter() - began
    if sum(len(day.micro) for day in days) != YEAR_READINGS:
        raise RuntimeError("the year was not read whole")
    return took * 1000


def _millions(count: int, seconds: float) -> str:
    return f"{count / seconds / 1e6:.1f} M"


def _loop_rows(figures: Figures) -> dict[str, str]:
    megabytes = figures.usage_bytes / 1e6
    return {
        "interval 867": f"{megabytes:.0f} MB, {figures.accounts:,} accounts",
        "867 in → 997 delivered": f"{figures.acknowledging_s:.1f} s",
        "867 in → every 810 delivered": f"{figures.charging_s:.1f} s",
        "MB a second, 867 in → every 810": f"{megabytes / figures.charging_s:.1f}",
        **{f"peak memory: {name}": f"{mb:,.0f} MB" for name, mb in figures.peak_mb.items()},
    }


def main(
    meters: Annotated[int, typer.Option(min=METERS_A_UNIT, help="Meters stored.")] = 2_000,
    accounts: Annotated[int, typer.Option(min=0, help="Accounts of the loop; 0: not run.")] = 400,
) -> None:
    """Measure the interval store, then the loop."""
    console = Console()
    console.print(_table("interval store", asyncio.run(measure_store(meters))))
    if accounts:
        console.print(_table("embedded, interval 867", _loop_rows(embedded(accounts, "intervals"))))


def _table(title: str, rows: dict[str, str]) -> Table:
    table = Table("what", "figure", title=title)
    for what, figure in rows.items():
        table.add_row(what, figure)
    return table


if __name__ == "__main__":
    typer.run(main)
