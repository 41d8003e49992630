"""Reads a million files damaged by chance, on every core: a nightly run.

    python -m benchmarks.fuzz [--mutations 1000000] [--first 0]

What must hold of each is said in the tests; a number that fails is printed and can be had again.
"""

from __future__ import annotations

import multiprocessing
import time
import traceback
from typing import Annotated

import typer

from tests.unit.edi_gateway.x12.fuzzing import hold, mutation

BATCH = 2_000


def batch(first: int) -> list[str]:
    """Read one batch; returns what failed."""
    failed = []
    for number in range(first, first + BATCH):
        try:
            hold(mutation(number))
        except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
            failed.append(f"mutation({number}):\n{traceback.format_exc()}")
    return failed


def main(
    mutations: Annotated[int, typer.Option(help="How many files.")] = 1_000_000,
    first: Annotated[int, typer.Option(help="Number of the first.")] = 0,
) -> None:
    """Read them all, tell progress and failures, and end with 1 when anything failed."""
    began, failed = time.perf_counter(), 0
    numbers = range(first, first + mutations, BATCH)
    with multiprocessing.get_context("spawn").Pool() as pool:
        for done, failures in enumerate(pool.imap_unordered(batch, numbers), start=1):
            failed += len(failures)
            for failure in failures:
                print(failure)
            if not done % 10 or done == len(numbers):
                seconds = time.perf_counter() - began
                print(f"{done * BATCH:,} files, {failed} failures, {seconds:,.0f} s", flush=True)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
