"""Measures the codec beside its peers, in one run on files made here.

    python -m benchmarks.codec [--megabytes 10] [--slow-kilobytes 300]

Ours is the whole way of a received file: scan, validate against the full guide, documents with all
their values (interval usage as arrays), and the body of the 997. Times are
processor time of one process, so that a busy machine disturbs them least. Ratios of one run
compare; speeds of two machines, or of one machine at two times, do not. Slow peers get a smaller
file of the same kind.
"""

from __future__ import annotations

import gc
import importlib.metadata
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import files
from benchmarks.peers import PEERS
from services.edi_gateway.x12 import (
    Anchor,
    FileScan,
    FunctionalGroup,
    Guide,
    Interchange,
    IntervalLayout,
    OutboundEnvelope,
    OutboundGroup,
    OutboundSegment,
    OutboundTransaction,
    Party,
    SetVerdict,
    build_997,
    load_guide,
    read_interval_transaction,
    read_transaction,
    scan,
    scan_path,
    validate,
    write_interchange,
)
from services.edi_gateway.x12.guide import reference_verdict
from services.edi_gateway.x12.tokenizer import split_segments

MB = 1_000_000
KB_PER_MB = 1024
SMALL_ROUNDS = 2_000
WRITTEN = 20_000
ROUNDS = 3
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUALITIES = (("32", 0), ("KA", 1), ("A5", 1), ("AO", 1))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file to measure, and the layout of its intervals if it has any."""

    name: str
    make: Callable[[int], bytes]
    layout: IntervalLayout | None = None


def _layout(anchor: Anchor) -> IntervalLayout:
    return IntervalLayout(anchor, "America/Los_Angeles", QUALITIES)


KINDS = (
    *(
        Kind(f"interval 867 ({way})", partial(files.interval_867, layout=way), _layout(Anchor(way)))
        for way in files.LAYOUTS
    ),
    Kind("monthly 867", files.monthly_867),
    Kind("814", files.enrollment_814),
    Kind("820", files.remittance_820),
    Kind("810", files.charges_810),
)


def read_group(
    data: bytes, found: Interchange, group: FunctionalGroup, layout: IntervalLayout | None
) -> list[SetVerdict]:
    """Read every transaction of a group, keeping only what the 997 needs."""
    guide, verdicts = load_guide(), []
    for slot in group.transactions:
        piece = data[slot.start : slot.end]
        if layout is None:
            verdicts.append(read_transaction(piece, found.delimiters, slot, guide).verdict)
        else:
            read = read_interval_transaction(piece, found.delimiters, slot, guide, layout)
            verdicts.append(read.verdict)
    return verdicts


def ours(data: bytes, layout: IntervalLayout | None) -> bool:
    """Scan, validate, extract and acknowledge; whether everything was accepted."""
    answers = [
        build_997(group, read_group(data, found, group, layout))[-1][1]
        for found in scan(data).interchanges
        for group in found.groups
    ]
    return set(answers) == {"A"}


def plainly(data: bytes, guide: Guide, found: FileScan) -> int:
    """Validate every transaction with the reference alone."""
    accepted = 0
    for one in found.interchanges:
        for group in one.groups:
            for slot in group.transactions:
                text = data[slot.start : slot.end].decode("latin-1")
                texts = split_segments(text, one.delimiters)
                accepted += validate(guide, texts, one.delimiters)[0] is not None
    return accepted


def split_twice(data: bytes) -> int:
    """Do nothing but split at both separators."""
    count = 0
    for segment in data.split(b"~"):
        count += len(segment.split(b"*"))
    return count


def speed(size: int, work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the best megabytes a second of processor time of some rounds."""
    best = 0.0
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        work()
        best = max(best, size / MB / (time.process_time() - began))
    return best


def damaged(data: bytes) -> bytes:
    """Put a wrong date into every transaction."""
    for old in (b"*20260606~", b"DT*202606060000~"):
        data = data.replace(old, old.replace(b"0606", b"0631"))
    return data.replace(b"DTM*809*20260706~", b"DTM*809*20260731~DTM*809*20260732~", 20)


def _peak(path: str, layout: IntervalLayout | None, answers: multiprocessing.Queue[float]) -> None:
    """Read a file from disk in a process of its own and tell its peak memory above the start."""
    load_guide()
    with Path(path).open("rb") as stream:
        for found in scan_path(Path(path)).interchanges:
            for group in found.groups:
                for slot in group.transactions:
                    stream.seek(slot.start)
                    piece = stream.read(slot.end - slot.start)
                    if layout is None:
                        read_transaction(piece, found.delimiters, slot, load_guide())
                    else:
                        read_interval_transaction(
                            piece, found.delimiters, slot, load_guide(), layout
                        )
    answers.put(_own_peak_mb())


def _own_peak_mb() -> float:
    """Return this process's peak; `getrusage` would count what its parent held when it began."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / KB_PER_MB
    return 0.0


def peak_mb(path: Path, layout: IntervalLayout | None) -> float:
    """Return the peak resident memory of a process that reads the file, in MB."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[float] = context.Queue()
    process = context.Process(target=_peak, args=(str(path), layout, answers))
    process.start()
    result = answers.get()
    process.join()
    return result


def measure(kind: Kind, size: int, slow_size: int, folder: Path) -> dict[str, str]:
    """Measure one kind of file; returns a row of the table."""
    data, small = (files.at_least(each, kind.make, 4) for each in (size, slow_size))
    path = folder / "large.edi"
    path.write_bytes(data)
    if not ours(data, kind.layout):
        raise SystemExit(
            f"{kind.name}: the made file is not accepted, so speeds would mean nothing"
        )
    if not reference_verdict(small).accepted:
        raise SystemExit(f"{kind.name}: pyx12 refuses the made file")
    full = speed(len(data), lambda: ours(data, kind.layout))
    pyx12 = speed(len(small), lambda: reference_verdict(small), 1)
    split = speed(len(data), lambda: split_twice(data))
    found = scan(small)
    plain = speed(len(small), lambda: plainly(small, load_guide(), found))
    bad = damaged(small)
    slower = speed(len(small), lambda: ours(small, kind.layout)) / speed(
        len(bad), lambda: ours(bad, kind.layout)
    )
    row = {
        "file": f"{kind.name}, {len(data) / MB:.0f} MB",
        "ours MB/s": f"{full:.1f}",
        "scan alone": f"{speed(len(data), lambda: scan(data)):.0f}",
        "pyx12": f"{pyx12:.3f}",
        "ours ÷ pyx12": f"{full / pyx12:.0f} ×",
        "split": f"{split:.0f}",
        "ours ÷ split": f"{full / split:.2f} ×",
        "plain reference": f"{plain:.1f}",
        "damaged": f"{slower:.1f} × slower",
        "peak": f"{peak_mb(path, kind.layout):.0f} MB",
    }
    for peer in PEERS:
        module = peer.load()
        if module is not None:
            path.write_bytes(small)
            row[peer.name] = f"{speed(len(small), partial(peer.read, module, path), 1):.1f}"
    return row


def small_file_us() -> float:
    """Return the middle time from the bytes of a small file to the bytes of its 997."""
    data = files.monthly_867(1)
    times = []
    for number in range(1, SMALL_ROUNDS + 1):
        began = time.perf_counter_ns()
        found = scan(data).interchanges[0]
        (group,) = found.groups
        body = build_997(group, read_group(data, found, group, None))
        _written("FA", (OutboundTransaction("997", "0001", body),), number)
        times.append((time.perf_counter_ns() - began) / 1000)
    return statistics.median(times)


def written_810s() -> float:
    """Return how many 810s a second are written."""
    made = files.charges_810(500)
    found = scan(made).interchanges[0]
    bodies: list[tuple[OutboundSegment, ...]] = []
    for slot in found.groups[0].transactions:
        lines = made[slot.start : slot.end].decode("latin-1").split("~\n")
        bodies.append(tuple(tuple(line.split("*")) for line in lines[1:-1] if line[:2] != "SE"))
    transactions = tuple(
        OutboundTransaction("810", f"{number:04d}", bodies[number % len(bodies)])
        for number in range(1, WRITTEN + 1)
    )
    began = time.perf_counter()
    _written("IN", transactions, 1)
    return WRITTEN / (time.perf_counter() - began)


def _written(
    functional_id: str, transactions: tuple[OutboundTransaction, ...], number: int
) -> bytes:
    envelope = OutboundEnvelope(
        Party("ZZ", "CCAEXCHANGE"), Party("01", "006912877"), number, AT, "T"
    )
    group = OutboundGroup(functional_id, "CCAEXCHANGE", "006912877", number, transactions)
    return write_interchange(envelope, [group])


def main(
    megabytes: Annotated[float, typer.Option(help="Size of each large file.")] = 10,
    slow_kilobytes: Annotated[float, typer.Option(help="Size of the file for slow peers.")] = 300,
) -> None:
    """Measure every kind of file and print what came out."""
    console = Console(width=160)
    with tempfile.TemporaryDirectory(prefix="ccax-bench-") as name:
        size, slow_size = int(megabytes * MB), int(slow_kilobytes * 1000)
        rows = [measure(kind, size, slow_size, Path(name)) for kind in KINDS]
    table = Table(*rows[0], title=f"X12 codec; MB/s; pyx12 {importlib.metadata.version('pyx12')}")
    for row in rows:
        table.add_row(*row.values())
    console.print(table)
    for peer in PEERS:
        if peer.load() is None:
            console.print(f"{peer.name} ({peer.does}): not installed here, not measured")
    console.print(f"small 867 ({len(files.monthly_867(1))} bytes) with its 997, in memory: "
                  f"p50 {small_file_us():.0f} µs")  # fmt: skip
    console.print(f"810s written: {written_810s():,.0f} a second")


if __name__ == "__main__":
    typer.run(main)
