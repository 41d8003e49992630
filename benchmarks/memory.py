"""Tells how much memory a process takes at most to read a file through, good or damaged.

    python -m benchmarks.memory [--megabytes 100]     makes a file of each kind and reads them
    python -m benchmarks.memory --file FILE           reads this one in this process

Reading is what the gateway does with a file: scan it where it lies, validate every transaction, and
answer each group with a 997. The figure is the whole process, with Python and all that it imports.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from services.edi_gateway.x12 import (
    FunctionalGroup,
    Interchange,
    SetVerdict,
    load_guide,
    read_transaction,
    scan_path,
    stream_997,
)

MB: Final = 1_000_000
KB_PER_MB: Final = 1024
GOAL_MB: Final = 128


def read_through(path: Path) -> tuple[int, int]:
    """Read a file and answer its groups; returns how many transactions, and how many accepted."""
    transactions, accepted = 0, 0
    with path.open("rb") as stream:
        for found in scan_path(path).interchanges:
            for group in found.groups:
                answer = stream_997(group, verdicts(stream, found, group))
                last = deque(answer, maxlen=1)[0]
                transactions += int(str(last[3]))
                accepted += int(str(last[4]))
    return transactions, accepted


def verdicts(stream: BinaryIO, found: Interchange, group: FunctionalGroup) -> Iterator[SetVerdict]:
    """Read the transactions of a group one by one."""
    guide = load_guide()
    for slot in group.transactions:
        stream.seek(slot.start)
        piece = stream.read(slot.end - slot.start)
        yield read_transaction(piece, found.delimiters, slot, guide).verdict


def own_peak_mb() -> float:
    """Return the peak resident memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / KB_PER_MB
    return 0.0


def read_elsewhere(path: Path) -> str:
    """Read a file in a process of its own; returns what that process tells."""
    command = [sys.executable, "-m", "benchmarks.memory", "--file", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return done.stdout.strip()


def kinds() -> dict[str, Callable[[int], bytes]]:
    """Return the makers of the files to read: so many transactions of a kind."""
    from benchmarks import files  # noqa: PLC0415 - the reading process must not hold its makers

    return {
        "interval 867": files.interval_867,
        "monthly 867": files.monthly_867,
        "820": files.remittance_820,
        "monthly 867, every other one damaged": partial(_damaged, files.monthly_867),
    }


def _damaged(make: Callable[[int], bytes], count: int) -> bytes:
    """Spoil every other transaction, each in values of its own, as a broken system would."""
    pieces = make(count).split(b"QTY*QD*")
    spoiled = (
        b"QTY*QD*" + (b"" if n % 2 else b"X%d" % n) + piece for n, piece in enumerate(pieces[1:])
    )
    return b"".join((pieces[0], *spoiled))


def main(
    megabytes: Annotated[int, typer.Option(help="Size of the files to make.")] = 100,
    file: Annotated[Path | None, typer.Option(help="Read this file here instead.")] = None,
) -> None:
    """Read each kind of file, and end with 1 when one takes more memory than the goal."""
    if file is not None:
        transactions, accepted = read_through(file)
        print(f"{own_peak_mb():.0f} MB peak, {transactions} transactions, {accepted} accepted")
        return
    from benchmarks.files import at_least  # noqa: PLC0415 - as above

    over = False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.edi"
        for name, make in kinds().items():
            path.write_bytes(at_least(megabytes * MB, make))
            told = read_elsewhere(path)
            print(f"{name}, {path.stat().st_size / MB:.0f} MB: {told}", flush=True)
            over |= int(told.split()[0]) > GOAL_MB
    raise SystemExit(1 if over else 0)


if __name__ == "__main__":
    typer.run(main)
