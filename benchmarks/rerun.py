"""Measures rating in groups beside rating one by one: in memory, and in a re-run job that stores.

    python -m benchmarks.rerun [--accounts 1000]

Accounts of four plans are enrolled and charged a month, by bucket or by the quarter-hour; then the
card of one plan is corrected. Rated again are the bills of that plan: their lines and explanations
alone (`rate`), what a dry run takes with all it reads and writes down, and the run itself. Times
are processor time a bill, ours and that of the database's processes.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID, uuid5

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.rating_messages import (
    ALONE,
    CCAS,
    CYCLES,
    FIRST_READ,
    NOON,
    PERIOD_DAYS,
    SPACE,
    enrollment_message,
    envelope,
    usage_message,
)
from benchmarks.rating_storage import database_s, office, take
from services.rating.accounts import Register
from services.rating.alike import Asked, Groups
from services.rating.intervals.block import IntervalBlock, midnight
from services.rating.intervals.take import take as unpacked
from services.rating.rate_usage import Rated, rate
from services.rating.rerun.asked import RerunAsked, RerunFilter
from services.rating.rerun.jobs import RerunDesk
from services.rating.rerun.store_jobs import Job, find_job
from services.rating.scope import Scope
from services.rating.service import RatingService
from services.rating.store_accounts import load_register
from services.rating.store_activation import TariffKey
from services.rating.tariffs.book import PriceBook
from services.rating.tariffs.files import PLANS_FOLDER
from shared.contracts.intervals import (
    IntervalUsage,
    IntervalUsageReported,
    MeterIntervals,
    ReadingRun,
    pack,
)
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Environment, Purpose
from shared.contracts.usage import UsageItem
from shared.platform.clock import FixedClock
from shared.platform.collector import settle_in

SCOPE: Final = Scope("mce", "pge", Environment.TEST)
LATER: Final = datetime(2026, 8, 10, 20, tzinfo=UTC)
PLAN: Final = "MCE-E-TOU-C"
SOLD: Final = CCAS[ALONE[0]].plans
INTERVAL_ITEMS: Final = 100
WH_MAX: Final = 2_400
IN_MEMORY: Final = 200
"""Interval accounts rated in memory, of one plan and cycle."""
MICRO: Final = 1e6


class OneByOne(Groups):
    """Never rates anything together."""

    def rate(
        self,
        items: object,  # noqa: ARG002  as its base
        register: object,  # noqa: ARG002
        book: object,  # noqa: ARG002
        asked: object,  # noqa: ARG002
        readings: object = None,  # noqa: ARG002
    ) -> dict[UUID, Rated]:
        """Leave everything to be rated by itself."""
        return {}


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of processor time, ours and the database's."""

    ours_s: float
    theirs_s: float

    def words(self, bills: int) -> str:
        """Microseconds a bill."""
        return f"{self.ours_s / bills * MICRO:,.0f} + {self.theirs_s / bills * MICRO:,.0f} µs"


def interval_usage(number: int, start: date, chance: np.random.Generator) -> IntervalUsage:
    """A month of quarter-hours of one account."""
    end = start + timedelta(days=PERIOD_DAYS)
    readings = chance.integers(0, WH_MAX, PERIOD_DAYS * 96, dtype=np.int32)
    run = ReadingRun(
        start=midnight(start), count=len(readings), packed=pack(readings.astype("<i4").tobytes())
    )
    meter = MeterIntervals(
        meter_number=f"M{number:09d}",
        rate_code=SOLD[number % len(SOLD)][0],
        period_start=start,
        period_end=end,
        minutes=15,
        expected=len(readings),
        decimals=3,
        runs=(run,),
    )
    return IntervalUsage(
        transaction_id=uuid5(SPACE, f"867 of {number}"),
        usage_id=f"U{number:012d}",
        purpose=Purpose.ORIGINAL,
        reported_on=end,
        bill_due_on=end + timedelta(days=5),
        account_number=f"{number:010d}",
        service_agreement_id=f"SA{number:010d}",
        customer_name=f"CUSTOMER {number}",
        meters=(meter,),
    )


def interval_message(number: int) -> bytes:
    """The JSON of one billing cycle's interval usage: 100 accounts."""
    chance = np.random.default_rng(number)
    start = FIRST_READ + timedelta(days=number % CYCLES)
    first = number * INTERVAL_ITEMS
    items = tuple(interval_usage(first + n, start, chance) for n in range(INTERVAL_ITEMS))
    came = datetime.combine(start + timedelta(days=PERIOD_DAYS + 1), NOON, UTC)
    file_id = uuid5(SPACE, f"interval file {number}")
    return envelope(f"867 {number}", came, IntervalUsageReported(file_id=file_id, items=items))


def messages(accounts: int, *, intervals: bool) -> Iterator[tuple[str, bytes]]:
    """Everything that the accounts' enrollment and charging needs, in order."""
    for number in range(-(-accounts // MESSAGE_ITEMS_MAX)):
        yield "EnrollmentReported", enrollment_message(number)
    if intervals:
        for number in range(accounts // INTERVAL_ITEMS):
            yield "IntervalUsageReported", interval_message(number)
        return
    for number in range(accounts // MESSAGE_ITEMS_MAX):
        yield "UsageReported", usage_message(number)


async def correct_card(service: RatingService) -> None:
    """Import and activate the plan with another price on-peak."""
    text = (PLANS_FOLDER / "mce" / "e-tou-c.toml").read_text(encoding="utf-8")
    text = text.replace('version = "2026-04-01"', 'version = "corrected"')
    text = text.replace("known_from = 2026-04-01", "known_from = 2026-07-01")
    with tempfile.TemporaryDirectory(prefix="ccax-bench-") as folder:
        (Path(folder) / "card.toml").write_text(text.replace("20782", "30000"), encoding="utf-8")
        await service.import_tariffs(Path(folder), "jane")
    await service.activate_tariff(TariffKey.plan("mce", PLAN, "corrected"), "joe", "checked")


async def measure(accounts: int, table: Table, *, intervals: bool) -> None:
    """Charge accounts, correct the card, and rate their bills again."""
    kind = "intervals" if intervals else "monthly"
    async with office() as (service, postgres):
        server = postgres.pid
        for name, body in messages(accounts, intervals=intervals):
            await take(service, name, body)
        await correct_card(service)
        settle_in()
        if intervals:
            await in_memory(service, table)
        alone = replace(service.desk, groups=OneByOne())
        desk = RerunDesk(service.database, alone, FixedClock(LATER))
        await dry_run(desk, server, f"{kind}, dry run, one by one", table)
        desk = RerunDesk(service.database, service.desk, FixedClock(LATER))
        job = await dry_run(desk, server, f"{kind}, dry run, together", table)
        await desk.start(SCOPE, job.job_id, "bob", "as told")
        spent = await work_off(desk, server)
        table.add_row(f"{kind}, run, together", spent.words(job.total or 1))


async def dry_run(desk: RerunDesk, server: int, words: str, table: Table) -> Job:
    """Ask for a job about the corrected plan, and tell what finding out took."""
    asked = RerunAsked(filter=RerunFilter(plan_id=PLAN), reason="the card was wrong")
    key = words.replace(",", "").replace(" ", "-")
    job = await desk.ask(SCOPE, asked, key, "ann")
    spent = await work_off(desk, server)
    async with desk.database.read() as session:
        job = await find_job(session, SCOPE, job.job_id)
    table.add_row(f"{words}, {job.total:,} bills", spent.words(job.total or 1))
    return job


async def work_off(desk: RerunDesk, server: int) -> Spent:
    """Work until no job has anything left to do."""
    ours, theirs = time.process_time(), database_s(server)
    while await desk.work():
        pass
    return Spent(time.process_time() - ours, database_s(server) - theirs)


async def in_memory(service: RatingService, table: Table) -> None:
    """Rate interval accounts of one plan and cycle, both ways."""
    chance = np.random.default_rng(0)
    numbers = range(0, IN_MEMORY * len(SOLD), len(SOLD))
    taken = [unpacked(interval_usage(number, FIRST_READ, chance)) for number in numbers]
    items = [one.item for one in taken]
    readings = {one.item.transaction_id: one.blocks for one in taken}
    async with service.database.unit_of_work() as session:
        accounts = frozenset(item.account_number for item in items)
        register = await load_register(session, SCOPE, accounts)
        book = await service.desk.books.current(session)
    if book is None:
        raise RuntimeError("the tariffs of the program are active")
    groups, asked = Groups(), Asked(SCOPE, LATER.date())
    groups.rate(items, register, book, asked, readings)
    began = time.process_time()
    together = groups.rate(items, register, book, asked, readings)
    between = time.process_time()
    alone = _alone(items, register, book, readings)
    ended = time.process_time()
    if together != alone or len(together) != len(items):
        raise RuntimeError("what was rated together is not what it is by itself")
    for words, seconds in (("one by one", ended - between), ("together", between - began)):
        table.add_row(
            f"intervals, lines and explanation alone, {words}",
            f"{seconds / len(items) * MICRO:,.0f} µs",
        )


def _alone(
    items: Sequence[UsageItem],
    register: Register,
    book: PriceBook,
    readings: Mapping[UUID, tuple[IntervalBlock, ...]],
) -> dict[UUID, object]:
    return {
        item.transaction_id: rate(
            *(item, SCOPE, register.find(item.account_number, item.service_agreement_id)),
            *(book, LATER.date()),
            readings=readings[item.transaction_id],
        )
        for item in items
    }


def main(
    accounts: Annotated[
        int, typer.Option(min=1_000, help="Accounts enrolled and charged.")
    ] = 2_000,
) -> None:
    """Print the table."""
    table = Table("rated again", "processor time a bill, ours + the database's")
    for intervals in (False, True):
        asyncio.run(measure(accounts, table, intervals=intervals))
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
