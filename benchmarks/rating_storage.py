"""Measures charging with everything it stores: usage in, charges, lines and messages committed.

    python -m benchmarks.rating_storage [--accounts 20000] [--profile 40]

The real consumer of the rating service takes `UsageReported` messages of 500 accounts each on a
real PostgreSQL: read from JSON, checked, priced, numbered, stored and said. A message is a file of
one billing cycle of one CCA, with its plans and cities in turns. First come the files of one CCA
alone, which take their turn one after the other; then those of six CCAs, several at once as the
service does it. Sending the outbox over the bus is not part of it. Beside the clock stands
processor time, ours and that of the database's processes; how long our threads were ready and had
no core, because the database had them; and the longest time for which the event loop was held.
"""

from __future__ import annotations

import asyncio
import cProfile
import os
import pstats
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final
from uuid import uuid5

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from benchmarks.rating_messages import (
    ALONE,
    ENROLLED,
    SPACE,
    TOGETHER,
    enrollment_message,
    usage_message,
)
from services.rating.service import AT_ONCE, RatingService, build
from services.rating.store import CHARGE_LINES, CHARGES, HOLDS, MAILBOX, USAGE
from shared.contracts.parts import MESSAGE_ITEMS_MAX, ServiceName
from shared.platform import migrate
from shared.platform.bus import Delivery
from shared.platform.clock import FixedClock
from shared.platform.collector import settle_in
from shared.platform.database import Database
from shared.platform.embedded import EmbeddedPostgres, start_postgres
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings

WARM_MESSAGES: Final = 12
"""Messages before the measuring begins: compiled statements and prices are there then."""
HEARTBEAT_S: Final = 0.01
NANO: Final = 1e9


@dataclass(slots=True)
class Pulse:
    """How long the event loop was held: the times between two beats, in seconds.

    By the clock, other programs count too; the processor time of the loop's thread is our own.
    """

    gaps_s: list[float] = field(default_factory=list)
    own_s: list[float] = field(default_factory=list)

    async def run(self) -> None:
        """Beat until cancelled."""
        last, own = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.gaps_s.append(time.perf_counter() - last - HEARTBEAT_S)
            self.own_s.append(time.thread_time() - own)
            last, own = time.perf_counter(), time.thread_time()


@dataclass(frozen=True, slots=True)
class Spent:
    """What charging took: by the clock, our processor time, the database's, ours in a queue."""

    accounts: int
    clock_s: float
    ours_s: float
    theirs_s: float
    coreless_s: float
    pulse: Pulse


@asynccontextmanager
async def office() -> AsyncIterator[tuple[RatingService, EmbeddedPostgres]]:
    """The rating service with its tariffs on an empty database, and the database's server."""
    with tempfile.TemporaryDirectory(prefix="ccax-bench-", ignore_cleanup_errors=True) as folder:
        server = start_postgres(Path(folder) / "postgres")
        try:
            await migrate.migrate(server.url, migrate.history_of("rating"))
            database = Database(server.url, "rating")
            service = build(PlatformSettings(), database, MemoryBus(), FixedClock(ENROLLED))
            await service.import_tariffs()
            yield service, server
            await database.close()
        finally:
            server.stop()


def delivery(kind: str, body: bytes) -> Delivery:
    """One message as the bus hands it over."""
    return Delivery(
        message_id=str(uuid5(SPACE, body.decode())),
        routing_key=kind,
        body=body,
        headers={"source": ServiceName.EDI_GATEWAY},
        attempt=1,
    )


async def take(service: RatingService, kind: str, body: bytes) -> None:
    """Hand one message to the consumer, as the bus would."""
    await service.consumer.receive(delivery(kind, body))


@contextmanager
def profiled(rows: int) -> Iterator[None]:
    """Profile what is inside, and tell so many rows; nothing with 0."""
    if not rows:
        yield
        return
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    yield
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(rows)


async def measure(
    accounts: int, ccas: Sequence[str], at_once: int, profile: int = 0
) -> tuple[Spent, dict[str, int]]:
    """Enroll accounts of some CCAs, then charge a month of them; tells time and rows."""
    numbers = range(max(1, accounts // MESSAGE_ITEMS_MAX) + WARM_MESSAGES)
    async with office() as (service, server):
        for number in numbers:
            await take(service, "EnrollmentReported", enrollment_message(number, ccas))
        files = [delivery("UsageReported", usage_message(number, ccas)) for number in numbers]
        await work_through(service, files[:WARM_MESSAGES], at_once)
        settle_in()
        with profiled(profile):
            spent = await _charge(service, server.pid, files[WARM_MESSAGES:], at_once)
        rows = await rows_of(service)
    if rows[CHARGES.name] != len(numbers) * MESSAGE_ITEMS_MAX:
        raise RuntimeError(f"not every account was charged: {rows}")
    return spent, rows


async def work_through(service: RatingService, files: Iterable[Delivery], at_once: int) -> None:
    """Have so many messages in work as the bus would."""
    waiting = iter(files)

    async def work() -> None:
        for file in waiting:
            await service.consumer.receive(file)

    await asyncio.gather(*(work() for _ in range(at_once)))


async def _charge(
    service: RatingService, server: int, files: Sequence[Delivery], at_once: int
) -> Spent:
    pulse = Pulse()
    beating = asyncio.create_task(pulse.run())
    ours, theirs, began = time.process_time(), database_s(server), time.perf_counter()
    coreless = coreless_s()
    await work_through(service, files, at_once)
    spent = Spent(
        accounts=len(files) * MESSAGE_ITEMS_MAX,
        clock_s=time.perf_counter() - began,
        ours_s=time.process_time() - ours,
        theirs_s=database_s(server) - theirs,
        coreless_s=coreless_s() - coreless,
        pulse=pulse,
    )
    beating.cancel()
    return spent


def coreless_s() -> float:
    """How long our threads were ready to run and waited for a core, so far."""
    tasks = Path("/proc/self/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks) / NANO


def database_s(server: int) -> float:
    """Processor time of all processes of the PostgreSQL server so far."""
    ticks = 0
    for pid in (server, *_descendants(server)):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from _descendants(child)


async def rows_of(service: RatingService) -> dict[str, int]:
    """How many rows the tables have that charging writes."""
    tables = (USAGE, CHARGES, CHARGE_LINES, HOLDS, MAILBOX.outbox, MAILBOX.inbox)
    async with service.database.read() as session:
        return {
            table.name: int(await session.scalar(select(func.count()).select_from(table)) or 0)
            for table in tables
        }


def figures(spent: Spent, rows: dict[str, int], ccas: Sequence[str]) -> Table:
    """The table that is printed."""
    whose = f"{len(ccas)} CCAs" if len(ccas) > 1 else "one CCA"
    table = Table("what", "figure", title=f"charging {spent.accounts:,} of {whose}, all stored")
    table.add_row("accounts a second, by the clock", f"{spent.accounts / spent.clock_s:,.0f}")
    for words, seconds in (("ours", spent.ours_s), ("the database's", spent.theirs_s)):
        each = seconds / spent.accounts * 1e6
        table.add_row(f"processor time an account, {words}", f"{each:,.0f} µs")
    each = spent.coreless_s / spent.accounts * 1e6
    table.add_row("ready and without a core, an account", f"{each:,.0f} µs")
    table.add_row(
        "accounts a second of our processor time", f"{spent.accounts / spent.ours_s:,.0f}"
    )
    for words, gaps in (("the clock", spent.pulse.gaps_s), ("its own time", spent.pulse.own_s)):
        longest = ", ".join(f"{gap * 1e3:.0f} ms" for gap in sorted(gaps)[-3:])
        table.add_row(f"event loop held, by {words}", longest)
    table.add_row("rows", ", ".join(f"{name} {count:,}" for name, count in rows.items()))
    return table


def main(
    accounts: Annotated[int, typer.Option(min=500, help="Accounts charged.")] = 20_000,
    at_once: Annotated[int, typer.Option(min=1, help="Messages in work at once.")] = AT_ONCE,
    profile: Annotated[int, typer.Option(min=0, help="Rows of a profile to print.")] = 0,
) -> None:
    """Charge a month of accounts and tell how fast."""
    for ccas in (ALONE, TOGETHER):
        spent, rows = asyncio.run(measure(accounts, ccas, at_once, profile))
        Console().print(figures(spent, rows, ccas))


if __name__ == "__main__":
    typer.run(main)
