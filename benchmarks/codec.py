"""Measures the codec beside its peers, in one run on files made here.

    python -m benchmarks.codec [--megabytes 10] [--slow-kilobytes 300] [--kind 814]

Ours is the whole way of a received file: scan, validate against the full guide, documents with all
their values (interval usage as arrays), and the body of the 997. Times are processor time of one
process, so that a busy machine disturbs them least. Ratios of one run compare; speeds of two
machines, or of one machine at two times, do not. The tables are Markdown, for
`docs/performance.md`.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import files
from benchmarks.limits import (
    peak_mb,
    small_file_us,
    start_seconds,
    two_processes,
    written_810s,
)
from benchmarks.peers import PEERS, Peer
from benchmarks.reading import (
    KINDS,
    MB,
    Kind,
    damaged,
    in_turns,
    ours,
    plainly,
    ratio_of_pairs,
    speed,
    split_twice,
    times_slower,
)
from services.edi_gateway.x12 import load_guide, scan
from services.edi_gateway.x12.guide import reference_verdict

ROUNDS = 5
PAIRS = 9
PEER_ROUNDS = 3
TWO_FILES_MB = 6

Row = dict[str, str]


def measure(kind: Kind, size: int, slow_size: int, folder: Path) -> tuple[Row, Row]:
    """Measure one kind of file: a row of our own figures, and a row beside the peers."""
    data, share = (files.at_least(each, kind.make, 4) for each in (size, slow_size))
    small = files.at_least(min(size, 3 * MB), kind.make, 4)
    if not ours(data, kind.layout):
        raise SystemExit(f"{kind.name}: the made file is not accepted, so speeds mean nothing")
    if not reference_verdict(share).accepted:
        raise SystemExit(f"{kind.name}: pyx12 refuses the made file")
    path = folder / "large.edi"
    path.write_bytes(data)
    split = ratio_of_pairs(
        len(data), partial(ours, data, kind.layout), partial(split_twice, data), PAIRS
    )
    full, pyx12 = in_turns(
        (
            (len(data), partial(ours, data, kind.layout)),
            (len(share), partial(reference_verdict, share)),
        ),
        ROUNDS,
    )
    plain = speed(len(small), partial(plainly, small, load_guide(), scan(small)), 2)
    slower = times_slower(small, damaged(small), kind.layout)
    own = {
        "file": f"{kind.name}, {len(data) / MB:.0f} MB",
        "ours, MB/s": f"{full:.1f}",
        "scan alone, MB/s": f"{speed(len(data), partial(scan, data), 2):.0f}",
        "reference validator, MB/s": f"{plain:.1f}",
        "ours ÷ `bytes.split` on both separators": f"{split:.2f}",
        "every transaction damaged, times as long": f"{slower:.1f}",
        "peak memory": f"{peak_mb(path, kind.layout):.0f} MB",
    }
    beside = {"file": kind.name, "ours, MB/s": f"{full:.1f}", "pyx12": _beside(pyx12, full)}
    for peer in PEERS:
        beside[peer.name] = _beside(_peer_speed(peer, kind, data, folder), full)
    return own, beside


def _peer_speed(peer: Peer, kind: Kind, data: bytes, folder: Path) -> float | None:
    path = folder / "peer.edi"
    path.write_bytes(
        data if peer.share_bytes >= len(data) else files.at_least(peer.share_bytes, kind.make, 4)
    )
    return peer.megabytes_a_second(path, PEER_ROUNDS)


def _beside(theirs: float | None, full: float) -> str:
    if theirs is None:
        return "–"
    ratio = full / theirs
    return f"{theirs:.{2 if theirs < 1 else 1}f} (× {ratio:,.{0 if ratio > 10 else 1}f})"


def _print_table(rows: list[Row]) -> None:
    print(f"| {' | '.join(rows[0])} |")
    print(f"|{' --- |' * len(rows[0])}")
    for row in rows:
        print(f"| {' | '.join(row.values())} |")
    print()


def _print_circumstances(slow_size: int) -> None:
    shares = [
        f"{peer.name} {peer.share_bytes / MB:.1f} MB"
        for peer in PEERS
        if peer.share_bytes < 10 * MB
    ]
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}. "
        f"pyx12 {importlib.metadata.version('pyx12')} on our guide; in brackets how many times as "
        f"fast ours is. Read in a smaller file of the same kind: pyx12 {slow_size / MB:.1f} MB, "
        f"{', '.join(shares)}.\n"
    )
    for peer in PEERS:
        print(f"- {peer.name}: {peer.does}")
    print()


def main(
    megabytes: Annotated[float, typer.Option(help="Size of each large file.")] = 10,
    slow_kilobytes: Annotated[float, typer.Option(help="Size of the file for pyx12.")] = 300,
    kind: Annotated[list[str] | None, typer.Option(help="Only kinds that begin so.")] = None,
) -> None:
    """Measure every kind of file and print what came out, ready for the page of figures."""
    size, slow_size = int(megabytes * MB), int(slow_kilobytes * 1000)
    own, others = [], []
    with tempfile.TemporaryDirectory(prefix="ccax-bench-") as name:
        for one in KINDS:
            if kind and not one.name.startswith(tuple(kind)):
                continue
            row, beside = measure(one, size, slow_size, Path(name))
            own.append(row)
            others.append(beside)
    _print_circumstances(slow_size)
    _print_table(own)
    _print_table(others)
    two = two_processes(files.at_least(TWO_FILES_MB * MB, files.monthly_867))
    _print_table(
        [
            {"what": what, "measured": measured, "floor": floor}
            for what, measured, floor in (
                ("small 867 with its 997 in memory, p50", f"{small_file_us():.0f} µs", "120 µs"),
                ("import and guide load, processor time", f"{start_seconds():.2f} s", "0.5 s"),
                ("810s written a second", f"{written_810s():,.0f}", "30,000"),
                ("two processes on two files ÷ one on one", f"{two:.2f}", "1.7"),
            )
        ]
    )


if __name__ == "__main__":
    typer.run(main)
