"""A large file is read in the memory of a small one; `python -m benchmarks.memory` reads 100 MB."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.edi_gateway.x12.documents import USAGE, group, interchange, transaction, written

if TYPE_CHECKING:
    from pathlib import Path

PEAK_MB_MAX = 128
GROWTH_MB_MAX = 16
GROWTH_BY_FAULTS_MB_MAX = 48
"""What is wrong is kept until the group is answered: 20,000 transactions with faults here."""

SMALL, LARGE = 4_000, 40_000
"""Transactions of 500 bytes: 2 and 20 MB."""


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


class TestLargeFiles:
    @pytest.mark.parametrize(
        ("damaged", "growth_max"),
        [(False, GROWTH_MB_MAX), (True, GROWTH_BY_FAULTS_MB_MAX)],
        ids=["good", "every other one damaged"],
    )
    def test_ten_times_the_file_takes_hardly_more_memory(
        self, tmp_path: Path, damaged: bool, growth_max: int
    ) -> None:
        peaks = []
        for count in (SMALL, LARGE):
            path = tmp_path / f"{count}.edi"
            path.write_bytes(file_of(count, every_other_damaged=damaged))
            peak, rest = peak_mb(path)
            accepted = count // 2 if damaged else count
            assert rest == f"{count} transactions, {accepted} accepted"
            peaks.append(peak)

        assert peaks[-1] <= PEAK_MB_MAX
        assert peaks[-1] - peaks[0] <= growth_max
