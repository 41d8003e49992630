"""Measures what the codec promises besides speed on large files: small files, memory, start-up."""

from __future__ import annotations

import multiprocessing
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import files
from benchmarks.reading import ours, read_group
from services.edi_gateway.x12 import (
    IntervalLayout,
    OutboundEnvelope,
    OutboundGroup,
    OutboundSegment,
    OutboundTransaction,
    Party,
    build_997,
    load_guide,
    read_interval_transaction,
    read_transaction,
    scan,
    scan_path,
    write_interchange,
)

KB_PER_MB = 1024
SMALL_FILES = 500
SMALL_ROUNDS = 4
WRITTEN = 20_000
START_ROUNDS = 5
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)

START = """
import time
began = time.process_time()
from services.edi_gateway.x12 import load_guide
load_guide()
print(time.process_time() - began)
"""


def small_file_us() -> float:
    """Return the middle time from the bytes of a small file to the bytes of its 997.

    Every file is another one: other account, other control number.
    """
    whole = files.monthly_867(SMALL_FILES)
    found = scan(whole).interchanges[0]
    (group,) = found.groups
    head, tail = whole[: group.transactions[0].start], whole[group.transactions[-1].end :]
    tail = tail.replace(f"GE*{SMALL_FILES}*".encode(), b"GE*1*")
    small = [head + whole[slot.start : slot.end] + tail for slot in group.transactions]
    times = []
    for data in small * SMALL_ROUNDS:
        began = time.perf_counter_ns()
        acknowledged(data)
        times.append((time.perf_counter_ns() - began) / 1000)
    return statistics.median(times)


def acknowledged(data: bytes) -> bytes:
    """Read a file of one group and write its 997."""
    found = scan(data).interchanges[0]
    (group,) = found.groups
    body = build_997(group, read_group(data, found, group, None))
    return _written("FA", (OutboundTransaction("997", "0001", body),), 1)


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
    began = time.process_time()
    _written("IN", transactions, 1)
    return WRITTEN / (time.process_time() - began)


def start_seconds() -> float:
    """Return the middle processor time to import the codec and load its guide, in a new process."""
    taken = [
        float(subprocess.run([sys.executable, "-c", START], capture_output=True, check=True).stdout)
        for _ in range(START_ROUNDS)
    ]
    return statistics.median(taken)


def two_processes(data: bytes) -> float:
    """Return how many times as much two processes read in the same time as one does."""
    context = multiprocessing.get_context("spawn")
    ratios = []
    with context.Pool(2) as pool:
        pool.map(_read, [data, data])  # both have started and learned
        for _ in range(START_ROUNDS):
            alone = max(pool.map(_read, [data]))
            together = max(pool.map(_read, [data, data], chunksize=1))
            ratios.append(2 * alone / together)
    return statistics.median(ratios)


def _read(data: bytes) -> float:
    began = time.perf_counter()
    ours(data, None)
    return time.perf_counter() - began


def peak_mb(path: Path, layout: IntervalLayout | None) -> float:
    """Return the peak resident memory of a process that reads the file, in MB."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[float] = context.Queue()
    process = context.Process(target=_peak, args=(str(path), layout, answers))
    process.start()
    result = answers.get()
    process.join()
    return result


def _peak(path: str, layout: IntervalLayout | None, answers: multiprocessing.Queue[float]) -> None:
    """Read a file from disk and tell this process's own peak memory."""
    guide = load_guide()
    with Path(path).open("rb") as stream:
        for found in scan_path(Path(path)).interchanges:
            for group in found.groups:
                for slot in group.transactions:
                    stream.seek(slot.start)
                    piece = stream.read(slot.end - slot.start)
                    if layout is None:
                        read_transaction(piece, found.delimiters, slot, guide)
                    else:
                        read_interval_transaction(piece, found.delimiters, slot, guide, layout)
    answers.put(_own_peak_mb())


def _own_peak_mb() -> float:
    """Return this process's peak; `getrusage` would count what its parent held when it began."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / KB_PER_MB
    return 0.0


def _written(
    functional_id: str, transactions: tuple[OutboundTransaction, ...], number: int
) -> bytes:
    envelope = OutboundEnvelope(
        Party("ZZ", "CCAEXCHANGE"), Party("01", "006912877"), number, AT, "T"
    )
    group = OutboundGroup(functional_id, "CCAEXCHANGE", "006912877", number, transactions)
    return write_interchange(envelope, [group])
