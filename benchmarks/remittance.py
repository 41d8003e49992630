"""Measures one long 820: read, validated, stored, matched and journaled in PostgreSQL.

    python -m benchmarks.remittance --lines 100000

Steps follow each other here as they do in the exchange, where reading has a process of its own.
Beside the time by the clock stands the processor time of this process and of the database, which
other work on the machine hardly changes.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Annotated
from uuid import UUID, uuid4

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import files
from benchmarks.reconcile import AT, envelope_of
from services.edi_gateway.partners import load_partners
from services.edi_gateway.transactions import Payment, ts820
from services.edi_gateway.x12 import load_guide, read_transaction, scan
from services.remittance.apply_remittance import LINES_PER_BATCH
from services.remittance.matching import match
from services.remittance.placements import Book, Line, LineKey
from services.remittance.receivables import Receivable
from services.remittance.service import build
from shared.contracts.documents import DocumentSent, SentDocument
from shared.contracts.envelope import Cover, Envelope, Written, WrittenBody
from shared.contracts.measures import from_cents
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Environment, Purpose, ServiceName
from shared.contracts.remittance import RemittanceLineKind
from shared.platform import embedded, migrate
from shared.platform.clock import SystemClock
from shared.platform.collector import settle_in
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings

KB_PER_MB = 1024
MATCH_ROUNDS = 5
DAY = date(2026, 7, 1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run; seconds by the clock, of our processor time and of the database's."""

    name: str
    lines: int
    clock_s: float
    own_s: float
    database_s: float

    @property
    def a_second(self) -> float:
        """Lines by the clock."""
        return self.lines / self.clock_s

    @property
    def a_processor_second(self) -> float:
        """Lines for each second that the busier of the two processes worked."""
        return self.lines / max(self.own_s, self.database_s)

    @property
    def in_turn_a_second(self) -> float:
        """Lines a second of processor time where one of the two always waits for the other."""
        return self.lines / (self.own_s + self.database_s)


class Meter:
    """Times steps, with the processor time of a database server on this machine."""

    def __init__(self, data_dir: Path) -> None:
        self._postmaster = int((data_dir / "postmaster.pid").read_text().split()[0])
        self.steps: list[Step] = []

    async def time(self, name: str, lines: int, work: Callable[[], Awaitable[None]]) -> None:
        """Do one step and keep its times."""
        clock, own, database = time.perf_counter(), time.process_time(), self._database_s()
        await work()
        self.steps.append(
            Step(
                name,
                lines,
                time.perf_counter() - clock,
                time.process_time() - own,
                self._database_s() - database,
            )
        )

    def _database_s(self) -> float:
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                continue
            if int(fields[1]) == self._postmaster:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def charged(lines: int) -> Iterator[DocumentSent]:
    """The 810s that `files.remittance_820` pays."""
    chance = Random(files.SEED)
    for start in range(0, lines, MESSAGE_ITEMS_MAX):
        some = range(start, min(start + MESSAGE_ITEMS_MAX, lines))
        items = tuple(_charge(index, chance.randrange(500, 90_000)) for index in some)
        yield DocumentSent(file_id=uuid4(), set_id="810", items=items)


def _charge(index: int, cents: int) -> SentDocument:
    return SentDocument(
        transaction_id=uuid4(),
        document_number=f"PGE{index:09d}",
        account_number=f"{4_000_000_000 + index}",
        usage_id=f"U{index:012d}",
        purpose=Purpose.ORIGINAL,
        amount=from_cents(cents),
        dated_on=DAY,
    )


@dataclass(frozen=True, slots=True)
class Read:
    """What reading a file gave, in a process of its own as in the exchange."""

    messages: list[bytes]
    clock_s: float
    own_s: float
    peak_mb: float


def read_apart(lines: int) -> Read:
    """Read the file in a new process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_read_here, lines).result()


def _read_here(lines: int) -> Read:
    settle_in()
    data = files.remittance_820(lines, in_one=lines)
    clock, own = time.perf_counter(), time.process_time()
    messages = read(data)
    took = time.perf_counter() - clock, time.process_time() - own
    return Read(messages, *took, _peak_mb())


def read(data: bytes) -> list[bytes]:
    """Scan, validate and read the file as the gateway does; tells the messages as sent."""
    partner, guide = load_partners().partner("pge"), load_guide()
    messages: list[bytes] = []
    for found in scan(data).interchanges:
        for group in found.groups:
            for slot in group.transactions:
                piece = data[slot.start : slot.end]
                whole = read_transaction(piece, found.delimiters, slot, guide)
                if whole.transaction is None:
                    raise ValueError("the generated 820 is refused")
                reading = ts820.read(whole.transaction, partner, uuid4())
                for fact in reading.facts:
                    if isinstance(fact, Payment):
                        parts = ts820.to_messages(fact, UUID(int=1), fact.transaction_id)
                        messages += (Written(cover_of(part), part.json).to_json() for part in parts)
    return messages


def cover_of(body: WrittenBody) -> Cover:
    """Return what stands on the gateway's message."""
    return Cover(
        type=body.type,
        at=AT,
        source=ServiceName.EDI_GATEWAY,
        correlation_id=UUID(int=1),
        cca="mce",
        utility="pge",
        environment=Environment.TEST,
    )


def matching_a_second(lines: int) -> float:
    """Return how many lines a second of processor time `match` alone places, in batches."""
    receivables = [
        Receivable(uuid4(), f"I{n}", f"A{n}", DAY, 1_234, 0, f"U{n}") for n in range(lines)
    ]
    payment, kind = uuid4(), RemittanceLineKind.PAYMENT
    told = [
        Line(LineKey(payment, n), kind, 1_234 - n % 2, f"I{n}", f"U{n}", f"A{n}")
        for n in range(lines)
    ]
    starts = range(0, lines, LINES_PER_BATCH)
    batches = [
        (told[start : start + LINES_PER_BATCH], Book(receivables[start : start + LINES_PER_BATCH]))
        for start in starts
    ]
    best = float("inf")
    for _ in range(MATCH_ROUNDS):
        began = time.process_time()
        for some, book in batches:
            match(some, book)
        best = min(best, time.process_time() - began)
    return lines / best


async def measure(url: str, meter: Meter, lines: int) -> float:
    """Take one 820 from its bytes to the journal; tells the peak memory of the reader in MB."""
    await migrate.migrate(url, migrate.history_of("remittance"))
    database = Database(url, "remittance")
    service = build(PlatformSettings(), database, MemoryBus(), SystemClock())
    found = read_apart(lines)

    async def opening() -> None:
        for body in charged(lines):
            await service.consumer.handle(envelope_of(body))

    async def storing() -> None:
        for message in found.messages:
            await service.consumer.handle(Envelope.from_json(message))

    await meter.time("open receivables", lines, opening)
    meter.steps.append(Step("read and validate", lines, found.clock_s, found.own_s, 0.0))
    await meter.time("store parts, check sums", lines, storing)
    await meter.time("match and journal", lines, service.poster.finish)
    audit = await service.audit()
    await database.close()
    if not audit.every_cent_placed or audit.lines != lines:
        raise ValueError(f"the books are not right: {audit}")
    return found.peak_mb


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / KB_PER_MB
    return 0.0


def main(
    lines: Annotated[int, typer.Option(min=1, help="RMR lines of the one 820.")] = 100_000,
) -> None:
    """Tell time, processor time and memory of one long 820."""
    settle_in()
    with tempfile.TemporaryDirectory(prefix="ccax-rem-", ignore_cleanup_errors=True) as name:
        folder = Path(name) / "postgres"
        server = embedded.start_postgres(folder)
        meter = Meter(folder)
        try:
            reader_mb = asyncio.run(measure(server.url, meter, lines))
        finally:
            server.stop()
    peak = _peak_mb()
    alone = matching_a_second(min(lines, 20_000))
    whole = _end_to_end(meter.steps, lines)
    Console().print(_table(meter.steps, whole, lines))
    Console().print(
        f"end to end, one after the other: {whole.in_turn_a_second:,.0f}"
        " lines a second of processor time"
    )
    Console().print(f"match alone: {alone:,.0f} lines a second of processor time")
    Console().print(f"peak memory: reader {reader_mb:,.0f} MB, remittance {peak:,.0f} MB")


def _end_to_end(steps: Sequence[Step], lines: int) -> Step:
    parts = [step for step in steps if step.name != "open receivables"]
    return Step(
        "the 820, end to end",
        lines,
        sum(step.clock_s for step in parts),
        sum(step.own_s for step in parts),
        sum(step.database_s for step in parts),
    )


def _table(steps: Sequence[Step], whole: Step, lines: int) -> Table:
    table = Table(title=f"one 820 of {lines:,} lines")
    for title in ("step", "clock s", "ours, CPU s", "database, CPU s", "lines/s", "lines/CPU s"):
        table.add_column(title, justify="right")
    for step in (*steps, whole):
        table.add_row(
            step.name,
            f"{step.clock_s:.1f}",
            f"{step.own_s:.1f}",
            f"{step.database_s:.1f}",
            f"{step.a_second:,.0f}",
            f"{step.a_processor_second:,.0f}",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
