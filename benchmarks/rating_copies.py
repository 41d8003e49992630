"""Measures charging by several copies of the rating service, each in a process, on one database.

    python -m benchmarks.rating_copies [--accounts 20000] [--copies 2] [--by-cca]

What `rating_storage` measures in one process, shared out as a queue does it: every copy gets files
of every CCA, and where two have files of one CCA at a time, one waits for the lock. With `--by-cca`
each CCA's files go to one copy. Everything is on this machine, the database too, so the clock tells
what all its processors do together; beside it stands the processor time of each.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.rating_messages import ENROLLED, TOGETHER, enrollment_message, usage_message
from benchmarks.rating_storage import (
    WARM_MESSAGES,
    database_s,
    delivery,
    office,
    rows_of,
    take,
    work_through,
)
from services.rating.service import AT_ONCE, build
from services.rating.store import CHARGES
from shared.contracts.parts import MESSAGE_ITEMS_MAX
from shared.platform.clock import FixedClock
from shared.platform.collector import settle_in
from shared.platform.database import Database
from shared.platform.embedded import EmbeddedPostgres
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings

GATE_WAIT_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Share:
    """What one copy did: when it began and ended, by the same clock, and its processor time."""

    began_s: float
    ended_s: float
    ours_s: float


def copy(url: str, numbers: Sequence[int], gate: Barrier, told: Queue[Share]) -> None:
    """Be one copy: enroll its accounts, wait for the others, then charge a month of them."""
    asyncio.run(_copy(url, numbers, gate, told))


async def _copy(url: str, numbers: Sequence[int], gate: Barrier, told: Queue[Share]) -> None:
    database = Database(url, "rating")
    service = build(PlatformSettings(), database, MemoryBus(), FixedClock(ENROLLED))
    for number in numbers:
        await take(service, "EnrollmentReported", enrollment_message(number, TOGETHER))
    files = [delivery("UsageReported", usage_message(number, TOGETHER)) for number in numbers]
    await work_through(service, files[:WARM_MESSAGES], AT_ONCE)
    settle_in()
    await asyncio.to_thread(gate.wait, GATE_WAIT_S)
    began_s, ours_s = time.monotonic(), time.process_time()
    await work_through(service, files[WARM_MESSAGES:], AT_ONCE)
    told.put(Share(began_s, time.monotonic(), time.process_time() - ours_s))
    await asyncio.to_thread(gate.wait, GATE_WAIT_S)  # a connection's end takes its time with it
    await database.close()


async def measure(accounts: int, copies: int, *, by_cca: bool) -> Table:
    """Let copies charge accounts of six CCAs; the table that is printed."""
    messages = max(1, accounts // MESSAGE_ITEMS_MAX // copies)
    async with office() as (service, server):
        shares, theirs_s = await asyncio.to_thread(_share_out, server, messages, copies, by_cca)
        rows = await rows_of(service)
    if rows[CHARGES.name] != (messages + WARM_MESSAGES) * copies * MESSAGE_ITEMS_MAX:
        raise RuntimeError(f"not every account was charged: {rows}")
    charged = messages * copies * MESSAGE_ITEMS_MAX
    clock_s = max(one.ended_s for one in shares) - min(one.began_s for one in shares)
    ours_s = sum(one.ours_s for one in shares)
    title = f"charging {charged:,} of {len(TOGETHER)} CCAs by {copies} copies, all stored"
    table = Table("what", "figure", title=title)
    table.add_row("accounts a second, by the clock", f"{charged / clock_s:,.0f}")
    for words, seconds in (("ours", ours_s), ("the database's", theirs_s)):
        table.add_row(f"processor time an account, {words}", f"{seconds / charged * 1e6:,.0f} µs")
    return table


def _share_out(
    server: EmbeddedPostgres,
    messages: int,
    copies: int,
    by_cca: bool,  # noqa: FBT001  handed to a thread by place
) -> tuple[list[Share], float]:
    """Start the copies, and measure what they and the database do from when all are ready."""
    spawn = multiprocessing.get_context("spawn")
    gate, told = spawn.Barrier(copies + 1), spawn.Queue()
    total = (messages + WARM_MESSAGES) * copies
    processes = [
        spawn.Process(target=copy, args=(server.url, numbers, gate, told))
        for numbers in _numbers(total, copies, by_cca=by_cca)
    ]
    for process in processes:
        process.start()
    gate.wait(GATE_WAIT_S)
    theirs_s = database_s(server.pid)
    shares = [told.get(timeout=GATE_WAIT_S) for _ in processes]
    theirs_s = database_s(server.pid) - theirs_s
    gate.wait(GATE_WAIT_S)
    for process in processes:
        process.join()
    return shares, theirs_s


def _numbers(total: int, copies: int, *, by_cca: bool) -> list[list[int]]:
    """Which messages each copy takes; every round of CCAs begins with another copy."""
    shares: list[list[int]] = [[] for _ in range(copies)]
    for number in range(total):
        rounds = 0 if by_cca else number // len(TOGETHER)
        shares[(number + rounds) % copies].append(number)
    return shares


def main(
    accounts: Annotated[int, typer.Option(min=500, help="Accounts charged.")] = 20_000,
    copies: Annotated[int, typer.Option(min=1, help="Processes of the service.")] = 2,
    by_cca: Annotated[bool, typer.Option(help="Each CCA's files go to one copy.")] = False,  # noqa: FBT002
) -> None:
    """Charge a month of accounts with several copies and tell how fast."""
    Console().print(asyncio.run(measure(accounts, copies, by_cca=by_cca)))


if __name__ == "__main__":
    typer.run(main)
