"""A large file is read in the memory of a small one; `python -m benchmarks.memory` reads 100 MB."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.unit.edi_gateway.x12.documents import USAGE, group, interchange, transaction, written

if TYPE_CHECKING:
    from pathlib import Path

PEAK_MB_MAX = 128
GROWTH_MB_MAX = 12
HALF, LARGE = 25_000, 50_000
"""Transactions of 400 bytes: 10 and 20 MB, past what one chunk of the scan takes."""


def usage(number: int, *, damaged: bool) -> str:
    """Return one usage document; a damaged one has a fault that no other has."""
    body = USAGE.replace("U1", f"U{number:09d}").replace("402", str(number % 9_000 + 100))
    return body.replace("*KH*1000", f"*KH*1000X{number}") if damaged else body


def file_of(count: int, *, every_other_damaged: bool) -> bytes:
    """Return a file of so many transactions in one group."""
    sets = [
        transaction(usage(number, damaged=every_other_damaged and number % 2 == 0), f"{number:04d}")
        for number in range(1, count + 1)
    ]
    return written(interchange([group(sets)]))


def peak_mb(path: Path) -> tuple[int, str]:
    """Read a file through in a process of its own; returns its peak and what else it tells."""
    command = [sys.executable, "-m", "benchmarks.memory", "--file", str(path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    peak, _, rest = told.partition(" MB peak, ")
    return int(peak), rest.strip()


def read_peak(folder: Path, count: int, *, damaged: bool) -> int:
    """Make a file, read it, and return the peak in MB."""
    path = folder / f"{count}.edi"
    path.write_bytes(file_of(count, every_other_damaged=damaged))
    peak, rest = peak_mb(path)
    accepted = count // 2 if damaged else count
    assert rest == f"{count} transactions, {accepted} accepted"
    return peak


class TestLargeFiles:
    def test_a_good_file_stays_within_its_bound(self, tmp_path: Path) -> None:
        assert read_peak(tmp_path, LARGE, damaged=False) <= PEAK_MB_MAX

    def test_twice_the_faults_take_hardly_more_memory(self, tmp_path: Path) -> None:
        half = read_peak(tmp_path, HALF, damaged=True)
        whole = read_peak(tmp_path, LARGE, damaged=True)

        assert whole <= PEAK_MB_MAX
        assert whole - half <= GROWTH_MB_MAX
