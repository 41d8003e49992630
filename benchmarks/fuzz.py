"""Reads a million files damaged by chance, on every core: a nightly run.

    python -m benchmarks.fuzz [--mutations 1000000] [--first 0] [--folder var/nightly]

What must hold of each is said in `tests/unit/edi_gateway/x12/fuzzing.py`: nothing raises, no byte
is lost, no file takes longer than its time, and memory stays bounded. The number of a file is its
seed. A run that is stopped goes on where it stopped; a file that fails is kept beside the progress.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from tests.unit.edi_gateway.x12.fuzzing import hold, mutation

BATCH = 1_000
PEAK_MB_MAX = 384
DATA_LIMIT = 2 * 1024**3
"""Where a process that grows without bound fails by itself, before the machine does."""

TOLD_EVERY = 20
KB_PER_MB = 1024


class Batch(NamedTuple):
    """What one batch has shown: how it failed, its slowest file, and its process's peak so far."""

    first: int
    failures: dict[int, str]
    slowest: float
    peak_mb: float


@dataclass(slots=True)
class Progress:
    """How far a run has come, kept in a file."""

    mutations: int
    first: int
    done: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    slowest: float = 0.0
    peak_mb: float = 0.0
    seconds: float = 0.0

    @classmethod
    def resumed(cls, path: Path, mutations: int, first: int) -> Progress:
        """Take up the run kept at `path` if it is of the same files and unfinished."""
        if path.exists():
            kept = cls(**json.loads(path.read_text()))
            same = (kept.mutations, kept.first) == (mutations, first)
            if same and len(kept.done) * BATCH < mutations:
                return kept
        return cls(mutations, first)

    def left(self) -> list[int]:
        """Return the first numbers of the batches still to do."""
        done = set(self.done)
        end = self.first + self.mutations
        return [number for number in range(self.first, end, BATCH) if number not in done]

    def add(self, batch: Batch) -> None:
        """Count one batch."""
        self.done.append(batch.first)
        self.failed += batch.failures
        self.slowest = max(self.slowest, batch.slowest)
        self.peak_mb = max(self.peak_mb, batch.peak_mb)

    def told(self) -> str:
        """Return the progress in one line."""
        return (
            f"{len(self.done) * BATCH:,} of {self.mutations:,} files from seed {self.first}, "
            f"{len(self.failed)} failures, slowest {self.slowest:.2f} s of processor time, "
            f"peak {self.peak_mb:.0f} MB a process, {self.seconds:,.0f} s"
        )


def read_batch(first: int) -> Batch:
    """Read one batch of files."""
    failures: dict[int, str] = {}
    slowest = 0.0
    for number in range(first, first + BATCH):
        began = time.process_time()
        try:
            hold(mutation(number))
        except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
            failures[number] = traceback.format_exc()
        slowest = max(slowest, time.process_time() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KB_PER_MB
    return Batch(first, failures, slowest, peak)


def limit_memory() -> None:
    """Let a process fail before it takes the machine's memory."""
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_LIMIT, DATA_LIMIT))


def batches(numbers: list[int]) -> Iterator[Batch]:
    """Read batches on every core, in the order in which they are done."""
    with multiprocessing.get_context("spawn").Pool(initializer=limit_memory) as pool:
        yield from pool.imap_unordered(read_batch, numbers)


def main(
    mutations: Annotated[int, typer.Option(help="How many files.")] = 1_000_000,
    first: Annotated[int, typer.Option(help="Number of the first, its seed.")] = 0,
    folder: Annotated[Path, typer.Option(help="Where progress and failures are kept.")] = Path(
        "var/nightly"
    ),
) -> None:
    """Read them all, tell progress and failures, and end with 1 when anything failed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fuzz.json"
    progress = Progress.resumed(path, mutations, first)
    print(progress.told(), flush=True)
    before, began = progress.seconds, time.perf_counter()
    for batch in batches(progress.left()):
        progress.add(batch)
        progress.seconds = before + time.perf_counter() - began
        for number, reason in batch.failures.items():
            (folder / f"mutation_{number}.edi").write_bytes(mutation(number))
            print(f"mutation({number}):\n{reason}", flush=True)
        path.write_text(json.dumps(asdict(progress)))
        if len(progress.done) % TOLD_EVERY == 0:
            print(progress.told(), flush=True)
    print(progress.told())
    raise SystemExit(1 if progress.failed or progress.peak_mb > PEAK_MB_MAX else 0)


if __name__ == "__main__":
    typer.run(main)
