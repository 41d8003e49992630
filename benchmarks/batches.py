"""Measures the page of batches over a large register, and what keeping its counts costs.

    python -m benchmarks.batches [--agreements 1000000]

One CCA, twenty bill cycles, three months of bills in PostgreSQL, four of a hundred not accepted
yet. Measured are the questions of the page, what counting anew would take, and writing where the
bills of one message of 500 stand. Processor time is that of the database's processes and of ours.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.rating_storage import database_s
from services.rating.progress.place import RECOUNT, Place, place_bills
from services.rating.progress.stages import Stage
from services.rating.review.batches import list_batches
from services.rating.review.views import show_deadlines
from services.rating.review.window import Basis, Deadline
from services.rating.scope import Scope
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Environment, Purpose
from shared.platform import migrate
from shared.platform.database import Database
from shared.platform.embedded import start_postgres

SCOPE: Final = Scope("mce", "pge", Environment.PRODUCTION)
MONTHS: Final = (date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1))
NOW: Final = datetime(2026, 8, 20, 20, tzinfo=UTC)
CYCLES: Final = 20
ROUNDS: Final = 20

# Only bills that are looked at have usage: that of a million customers would measure the disk.
FILL: Final = (
    "SET session_replication_role = replica",
    """
    INSERT INTO rating.bills (
        transaction_id, cca, utility, environment, purpose, account_number, service_agreement_id,
        is_expected, bill_cycle, month, stage, reason, is_open, due_at, basis)
    SELECT gen_random_uuid(), 'mce', 'pge', 'production', 'original', 'A' || n, 'S' || n, true,
           to_char(n % {cycles}, 'FM00'), month,
           CASE WHEN n % 100 < 2 THEN 'sent' WHEN n % 100 = 2 THEN 'held'
                WHEN n % 100 = 3 THEN 'rejected' ELSE 'accepted' END,
           CASE WHEN n % 100 = 2 THEN 'RATE_NOT_FOUND' WHEN n % 100 = 3 THEN 'A76' ELSE '' END,
           n % 100 < 4, month + interval '20 days', 'business_days'
      FROM generate_series(1, {agreements}) n,
           unnest(ARRAY['2026-06-01', '2026-07-01', '2026-08-01']::date[]) month
    """,
    """
    INSERT INTO rating.batch_counts (what, month, bill_cycle, reason, cca, utility, environment,
                                     count)
    SELECT stage, month, bill_cycle, reason, cca, utility, environment, count(*)
      FROM rating.bills GROUP BY 1, 2, 3, 4, 5, 6, 7
    UNION ALL
    SELECT 'covered', month, bill_cycle, '', cca, utility, environment, count(*)
      FROM rating.bills GROUP BY 2, 3, 5, 6, 7
    UNION ALL
    SELECT 'roster', '2026-06-01', bill_cycle, '', cca, utility, environment, count(*)
      FROM rating.bills WHERE month = '2026-06-01' GROUP BY 3, 5, 6, 7
    """,
    """
    INSERT INTO rating.usage (
        transaction_id, cca, utility, environment, usage_id, purpose, account_number, meters,
        period_start, period_end, content_hash, body, state, correlation_id, received_at)
    SELECT transaction_id, cca, utility, environment, 'U' || transaction_id, purpose,
           account_number, ARRAY['M'], month - 30, month + 1, '', '{{}}', 'charged',
           transaction_id, month
      FROM rating.bills WHERE is_open
    """,
    "VACUUM ANALYZE rating.bills",
    "VACUUM ANALYZE rating.usage",
)


async def measure(agreements: int) -> Table:
    """Fill a database and ask it."""
    with tempfile.TemporaryDirectory(prefix="ccax-batches-") as folder:
        postgres = start_postgres(Path(folder) / "postgres")
        try:
            await migrate.migrate(postgres.url, migrate.history_of("rating"))
            database = Database(postgres.url, "rating", role="")
            await _fill(database, agreements)
            return await _ask(database, postgres.pid, agreements)
        finally:
            postgres.stop()


async def _fill(database: Database, agreements: int) -> None:
    engine = database._engine.execution_options(isolation_level="AUTOCOMMIT")  # noqa: SLF001
    async with engine.connect() as connection:
        for statement in FILL:
            await connection.execute(text(statement.format(agreements=agreements, cycles=CYCLES)))


async def _ask(database: Database, server: int, agreements: int) -> Table:
    table = Table(
        "what",
        "clock, median",
        "clock, worst",
        "processor time",
        title=f"{agreements:,} agreements",
    )

    async def row(words: str, ask: Callable[[int], Awaitable[object]], rounds: int) -> None:
        await ask(0)
        clock, began_s = [], time.process_time() + database_s(server)
        for number in range(1, rounds + 1):
            started = time.perf_counter()
            await ask(number)
            clock.append(time.perf_counter() - started)
        spent_s = (time.process_time() + database_s(server) - began_s) / rounds
        told = (sorted(clock)[rounds // 2], max(clock), spent_s)
        table.add_row(words, *(f"{seconds * 1e3:,.1f} ms" for seconds in told))

    async def batches(_: int) -> object:
        async with database.read() as session:
            return await list_batches(session, SCOPE, MONTHS[-1])

    async def deadlines(_: int) -> object:
        async with database.read() as session:
            return await show_deadlines(session, SCOPE, NOW, 20)

    async def recount(_: int) -> object:
        async with database.read() as session:
            return (await session.execute(text(RECOUNT))).all()

    async def place(number: int) -> None:
        async with database.unit_of_work() as session:
            await session.execute(text("SET LOCAL session_replication_role = replica"))
            await place_bills(session, SCOPE, _message(number))

    await row("the batches of a month", batches, ROUNDS)
    await row("the twenty nearest deadlines", deadlines, ROUNDS)
    await row("the bills of a message of 500, with their counts", place, ROUNDS)
    await row("counting all bills anew", recount, 2)
    await database.close()
    return table


def _message(number: int) -> list[Place]:
    first = 10_000_000 + number * MESSAGE_ITEMS_MAX
    return [
        Place(
            UUID(int=n),
            Purpose.ORIGINAL,
            f"B{n}",
            Stage.CHARGED,
            agreement=f"S{n}",
            is_expected=True,
            bill_cycle=f"{number % CYCLES:02}",
            month=MONTHS[-1],
            charge_id=UUID(int=n),
            deadline=Deadline(NOW, Basis.STATED),
        )
        for n in range(first, first + MESSAGE_ITEMS_MAX)
    ]


def main(
    agreements: Annotated[int, typer.Option(min=1_000, help="Agreements on the register.")] = (
        1_000_000
    ),
) -> None:
    """Ask for the batches of a large register and tell how long it takes."""
    Console().print(asyncio.run(measure(agreements)))


if __name__ == "__main__":
    typer.run(main)
