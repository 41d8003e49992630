"""Measures the console's lists over a large database: first pages, deep pages, filters, search.

    python -m benchmarks.lists [--charges 1000000] [--goal-ms 200]

Twelve charges an account, seven CCAs of very unequal size (one has no charge at all), in a
PostgreSQL of its own that is thrown away. Ten million charges take about 10 GB of disk and a
quarter of an hour to fill. Each question is asked with other values each time, as people would; the
figure is the 95th percentile by the clock, beside the processor time of ours and of the database.
The goal is that of a page somebody looks at; a slice of an export, which nobody waits for alone, is
measured beside them without one.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.rating_storage import database_s
from services.rating.browsing.accounts import list_accounts, look_up
from services.rating.browsing.charges import ChargeFilter, list_charges, tell_charge
from services.rating.browsing.energy import usage_history
from services.rating.browsing.marks import PAGE_ROWS, ROWS_MAX, Mark, Sight
from services.rating.browsing.rate_codes import list_rate_codes
from services.rating.browsing.story import account_story
from services.rating.scope import Scope
from shared.contracts.parts import Environment, Purpose
from shared.platform import migrate
from shared.platform.database import Database, ReadSession
from shared.platform.embedded import start_postgres

EVERY: Final = ("mce", "3ce", "pce", "cpa", "sdcp", "cea", "sjce")
RARE: Final = "sjce"
EMPTY: Final = "cea"
TEST: Final = Environment.TEST
BEGAN: Final = datetime(2025, 1, 1, tzinfo=UTC)
BATCH: Final = 500
OF_AN_EXPORT: Final = "charges, 500 rows of a deep page, as the CSV reads them"
"""Charges of one moment: those of one message."""
STEP: Final = timedelta(minutes=15)
MONTHS: Final = 12
ROUNDS: Final = 40
SOMEWHERE: Final = UUID(int=1 << 127)
SCATTER: Final = 7_919
"""A prime: questions in a row are about rows far apart."""

INDEXES: Final = """
    SELECT indexname, indexdef FROM pg_indexes
     WHERE schemaname = 'rating' AND indexname NOT IN (SELECT conname FROM pg_constraint)
       AND tablename IN
           ('charges', 'usage', 'accounts', 'agreements', 'agreement_entries', 'meters')
"""

# Who bills account a; few have the rare CCA, nobody has the empty one.
CCA_OF: Final = """CASE WHEN a % 10007 = 0 THEN 'sjce' WHEN a % 100 < 60 THEN 'mce'
    WHEN a % 100 < 80 THEN '3ce' WHEN a % 100 < 90 THEN 'pce' WHEN a % 100 < 98 THEN 'cpa'
    ELSE 'sdcp' END"""

FILL: Final = (
    "SET session_replication_role = replica",
    """
    INSERT INTO rating.accounts (account_id, cca, utility, environment, account_number, created_at)
    SELECT md5('a' || a)::uuid, {cca}, 'pge', 'test', 'A' || to_char(a, 'FM00000000'),
           '2025-01-01' FROM generate_series(1, {accounts}) a
    """,
    """
    INSERT INTO rating.agreements (agreement_id, account_id, service_agreement_id, created_at)
    SELECT md5('g' || a)::uuid, md5('a' || a)::uuid, 'S' || a, '2025-01-01'
      FROM generate_series(1, {accounts}) a
    """,
    """
    INSERT INTO rating.agreement_entries (agreement_id, seq, purpose, status, effective_on,
        requested_on, request_id, transaction_id, rate_code, customer_name, street, city, state,
        postal_code, bill_option, recorded_at)
    SELECT md5('g' || a)::uuid, n, CASE n WHEN 1 THEN 'enroll' ELSE 'change' END, 'active',
           '2025-01-01', '2025-01-01', 'R' || a || '.' || n, md5('r' || a)::uuid, 'E-' || a % 40,
           'CUSTOMER ' || a, a || ' MAIN STREET', 'SAN RAFAEL', 'CA', '94901', 'bill_ready',
           '2025-01-01'
      FROM generate_series(1, {accounts}) a, generate_series(1, 1 + (a % 4 = 0)::int) n
    """,
    """
    INSERT INTO rating.terms_counts (rate_code, product, city, cca, utility, environment, count)
    SELECT 'E-' || a % 40, '', 'SAN RAFAEL', {cca}, 'pge', 'test', count(*)
      FROM generate_series(1, {accounts}) a GROUP BY 1, 2, 3, 4
    """,
    """
    INSERT INTO rating.meters (agreement_id, meter_number, seq, kind, effective_on, recorded_at)
    SELECT md5('g' || a)::uuid, 'M' || a, 1, 'KHMON', '2025-01-01', '2025-01-01'
      FROM generate_series(1, {accounts}) a
    """,
    """
    INSERT INTO rating.usage (transaction_id, cca, utility, environment, usage_id, purpose,
        account_number, meters, period_start, period_end, content_hash, body, state,
        correlation_id, received_at)
    SELECT md5('u' || a)::uuid, {cca}, 'pge', 'test', 'U' || a, 'original',
           'A' || to_char(a, 'FM00000000'), ARRAY['M' || a], '2026-06-01', '2026-07-01',
           '\\x00', '{body}', 'charged', md5('f' || a)::uuid, '2026-07-02'
      FROM generate_series(1, {accounts}) a
    """,
    """
    INSERT INTO rating.charges (charge_id, cca, utility, environment, invoice_number, purpose,
        transaction_id, usage_id, account_number, service_agreement_id, customer_name, invoiced_on,
        period_start, period_end, estimated, plan_id, plan_version, total_cents, explanation,
        correlation_id, rated_at)
    SELECT md5('c' || n)::uuid, {cca}, 'pge', 'test', 'I' || to_char(n, 'FM0000000000'),
           CASE n % 5000 WHEN 0 THEN 'cancel' WHEN 1 THEN 'replace' ELSE 'original' END,
           md5('u' || a)::uuid, 'U' || a, 'A' || to_char(a, 'FM00000000'), 'S' || a,
           'CUSTOMER ' || a, '2025-01-01',
           '2025-01-01'::date + 30 * (n / {accounts})::int,
           '2025-01-31'::date + 30 * (n / {accounts})::int, n % 50 = 0,
           CASE WHEN n % 50021 = 0 THEN 'RARE' ELSE 'PLAN-' || {cca} || '-' || a % 40 END,
           CASE WHEN n < {charges} / 2 THEN '2025-01-01' ELSE '2026-01-01' END,
           1000 + n % 9000, '{why}', md5('f' || n / {batch})::uuid,
           '2025-01-01 00:00+00'::timestamptz + n / {batch} * interval '15 minutes'
      FROM (SELECT n, 1 + n % {accounts} AS a FROM generate_series(0, {charges} - 1) n) AS made
    """,
)

WHY: Final = (
    '{"plans": ["PLAN 2026-01-01"], "sources": ["rate card effective 2026-01-01"], "parts":'
    ' ["2026-01-01 to 2026-01-31: winter"], "user_tax": "", "prorated": false, "lines": []}'
)
BODY: Final = (
    '{"transaction_id": "00000000-0000-0000-0000-000000000001", "usage_id": "U1", "purpose":'
    ' "original", "reported_on": "2026-07-02", "account_number": "A1", "meters": [{"meter_number":'
    ' "M1", "period_start": "2026-06-01", "period_end": "2026-07-01", "quantities": [{"bucket":'
    ' "total", "unit": "kWh", "quantity": "300"}]}]}'
)

Question = Callable[[ReadSession, int], Awaitable[object]]


class Asker:
    """Makes questions about a database of so many charges; each number asks for other values."""

    def __init__(self, charges: int) -> None:
        self.charges = charges
        self.accounts = max(charges // MONTHS, 1)
        self.last = BEGAN + STEP * (charges // BATCH)

    def scattered(self, number: int) -> int:
        """An account far from that of the number before."""
        return 1 + number * SCATTER % self.accounts

    def account(self, number: int) -> str:
        """Its number."""
        return f"A{self.scattered(number):08}"

    def invoice(self, number: int) -> str:
        """An invoice number far from the one before."""
        return f"I{number * SCATTER % self.charges:010}"

    def deep(self, number: int) -> Mark:
        """A place somewhere in the list of charges."""
        at = BEGAN + STEP * (number * SCATTER % max(self.charges // BATCH, 1))
        return Mark(at, SOMEWHERE)

    def of_charges(self) -> dict[str, Question]:
        """The list of charges, by filter."""
        day, of_plan = timedelta(days=1), (lambda n: ChargeFilter(plan_id=f"PLAN-mce-{n % 40}"))
        old = "2025-01-01"
        return {
            "charges, first page": charges(),
            "charges, deep page": charges(mark=self.deep),
            OF_AN_EXPORT: charges(mark=self.deep, limit=ROWS_MAX),
            "charges of the largest CCA": charges(("mce",)),
            "charges of the largest CCA, deep page": charges(("mce",), mark=self.deep),
            "charges of a rare CCA": charges((RARE,)),
            "charges of a rare CCA, deep page": charges((RARE,), mark=self.deep),
            "charges of a CCA without any": charges((EMPTY,)),
            "charges of one account": charges(wanted=lambda n: ChargeFilter(self.account(n))),
            "charges of one plan": charges(wanted=of_plan),
            "charges of one plan, deep page": charges(wanted=of_plan, mark=self.deep),
            "charges of another CCA's plan, of a rare CCA": charges((RARE,), wanted=of_plan),
            "charges of a rare plan": charges(wanted=lambda _: ChargeFilter(plan_id="RARE")),
            "charges of one plan and version": charges(
                wanted=lambda n: ChargeFilter(plan_id=f"PLAN-mce-{n % 40}", plan_version=old)
            ),
            "charges of another CCA's plan": charges(("3ce",), wanted=of_plan),
            "cancels": charges(wanted=lambda _: ChargeFilter(purpose=Purpose.CANCEL)),
            "cancels of a rare CCA": charges(
                (RARE,), wanted=lambda _: ChargeFilter(purpose=Purpose.CANCEL)
            ),
            "replacements": charges(wanted=lambda _: ChargeFilter(purpose=Purpose.REPLACE)),
            "charges of some of the last days": charges(
                wanted=lambda n: ChargeFilter(since=self.last - day * (1 + n % 30))
            ),
            "charges of one old day of a rare CCA": charges(
                (RARE,),
                wanted=lambda n: ChargeFilter(since=BEGAN + day * n, until=BEGAN + day * (n + 1)),
            ),
            "one charge with its reasons and neighbours": self.one_charge,
        }

    def of_accounts(self) -> dict[str, Question]:
        """The list of accounts, one account, and the search box."""
        words: dict[str, Callable[[int], str]] = {
            "account": self.account,
            "service agreement": lambda n: f"S{self.scattered(n)}",
            "meter": lambda n: f"M{self.scattered(n)}",
            "usage": lambda n: f"U{self.scattered(n)}",
            "invoice": self.invoice,
            "a number that nothing bears": lambda n: f"X{n}",
        }
        return {
            "accounts, first page": accounts(),
            "accounts, deep page": accounts(after=lambda n: f"{self.account(n)}|mce"),
            "accounts of a rare CCA": accounts((RARE,)),
            "accounts of a CCA without any": accounts((EMPTY,)),
            "one account: usage and story": self.story,
            "rate codes by their accounts": rate_codes,
            **{f"search: {kind}": search(word) for kind, word in words.items()},
        }

    async def story(self, session: ReadSession, number: int) -> object:
        """What an account's page asks besides its register."""
        scope = Scope(_cca_of(self.scattered(number)), "pge", TEST)
        history = await usage_history(session, scope, self.account(number))
        return history, await account_story(session, scope, self.account(number))

    async def one_charge(self, session: ReadSession, number: int) -> object:
        """What a charge's page asks."""
        return await tell_charge(session, Sight(EVERY, TEST), self.invoice(number))


def charges(
    ccas: tuple[str, ...] = EVERY,
    *,
    wanted: Callable[[int], ChargeFilter] = lambda _: ChargeFilter(),
    mark: Callable[[int], Mark | None] = lambda _: None,
    limit: int = PAGE_ROWS,
) -> Question:
    """A page of charges."""

    async def ask(session: ReadSession, number: int) -> object:
        sight = Sight(ccas, TEST)
        return await list_charges(session, sight, wanted(number), mark(number), limit)

    return ask


def accounts(
    ccas: tuple[str, ...] = EVERY, after: Callable[[int], str | None] = lambda _: None
) -> Question:
    """A page of accounts."""

    async def ask(session: ReadSession, number: int) -> object:
        return await list_accounts(session, Sight(ccas, TEST), after(number))

    return ask


async def rate_codes(session: ReadSession, _: int) -> object:
    """How many agreements are on each rate code."""
    return await list_rate_codes(session, Sight(EVERY, TEST), None, BEGAN.date())


def search(word: Callable[[int], str]) -> Question:
    """The box for any number."""

    async def ask(session: ReadSession, number: int) -> object:
        return await look_up(session, Sight(EVERY, TEST), word(number))

    return ask


def _cca_of(a: int) -> str:
    if a % 10_007 == 0:
        return RARE
    shares = ((60, "mce"), (80, "3ce"), (90, "pce"), (98, "cpa"), (100, "sdcp"))
    return next(cca for below, cca in shares if a % 100 < below)


async def fill(connection: AsyncConnection, charges: int) -> None:
    """Make accounts, usage and charges; indexes are built afterwards, which is much quicker."""
    named = {
        "cca": CCA_OF,
        "accounts": max(charges // MONTHS, 1),
        "charges": charges,
        "batch": BATCH,
        "why": WHY,
        "body": BODY,
    }
    indexes = [tuple(row) for row in await connection.execute(text(INDEXES))]
    for name, _ in indexes:
        await connection.exec_driver_sql(f"DROP INDEX rating.{name}")
    for statement in FILL:
        await connection.exec_driver_sql(statement.format(**named))
    await connection.exec_driver_sql("SET maintenance_work_mem = '512MB'")
    for _, definition in indexes:
        await connection.exec_driver_sql(definition)
    await connection.exec_driver_sql("VACUUM (ANALYZE)")


async def ask_all(
    database: Database, server: int, charges: int, goal_s: float
) -> tuple[Table, int]:
    """Ask everything; returns the figures, and how many questions miss the goal."""
    table = Table(
        "question", "clock, median", "clock, p95", "processor time", title=f"{charges:,} charges"
    )
    missed = 0
    asker = Asker(charges)
    for words, ask in {**asker.of_charges(), **asker.of_accounts()}.items():
        clock: list[float] = []
        began_s = time.process_time() + database_s(server)
        for number in range(ROUNDS):
            started = time.perf_counter()
            async with database.read() as session:
                await ask(session, number)
            clock.append(time.perf_counter() - started)
        spent_s = (time.process_time() + database_s(server) - began_s) / ROUNDS
        ordered = sorted(clock)
        told = (ordered[ROUNDS // 2], ordered[ROUNDS * 95 // 100], spent_s)
        missed += words != OF_AN_EXPORT and told[1] > goal_s
        table.add_row(words, *(f"{seconds * 1e3:,.1f} ms" for seconds in told))
    return table, missed


async def measure(charges: int, goal_s: float, folder: Path) -> tuple[Table, int]:
    """Fill a database and ask it."""
    postgres = start_postgres(folder / "postgres")
    try:
        await migrate.migrate(postgres.url, migrate.history_of("rating"))
        database = Database(postgres.url, "rating", role="")
        engine = database._engine.execution_options(isolation_level="AUTOCOMMIT")  # noqa: SLF001
        async with engine.connect() as connection:
            await fill(connection, charges)
        async with database.read() as session:
            size = await session.scalar(text("SELECT pg_database_size(current_database())"))
        answer = await ask_all(database, postgres.pid, charges, goal_s)
        answer[0].caption = f"{(size or 0) / 1e9:.1f} GB in the database"
        await database.close()
        return answer
    finally:
        postgres.stop()


def main(
    charges: Annotated[int, typer.Option(help="How many charges there are.")] = 1_000_000,
    goal_ms: Annotated[int, typer.Option(help="What the 95th percentile may take.")] = 200,
) -> None:
    """Measure, print, and fail when a question takes longer than it may."""
    with tempfile.TemporaryDirectory(prefix="ccax-lists-") as folder:
        table, missed = asyncio.run(measure(charges, goal_ms / 1e3, Path(folder)))
    Console(width=120).print(table)
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
