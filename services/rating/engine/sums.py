"""Adds up intervals by bucket and finds the highest quarter-hour: the heart of interval rating.

A bucket's hours of one day are neighbours in a meter's row. So first each run of neighbours is
added (numpy's `reduceat`, at nearly the speed of memory), then the few runs of each bucket. All in
integers; rows are taken in pieces that stay in the processor's cache.

Ordinary readings are added two at a time: two neighbouring 32-bit readings, read as one 64-bit
number, add up in their halves without touching each other, as long as no half overflows. The
highest reading, which is looked for anyway, says whether that holds; where it does not, the piece
is added the plain way.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.rating.calendars import Window, compile_segments
from services.rating.engine.rows import (
    DEMAND_STEP_S,
    LARGEST_SUM,
    SECONDS_IN_HOUR,
    Amounts,
    Determinants,
    MeterRows,
    Readings,
    ReadingsMisfit,
)

ROWS_AT_ONCE: Final = 48
"""Rows of a month that fit into the cache of one core together with their sums."""
HALF_BITS: Final = 32
HALF_LIMIT: Final = 2**31
LOW_HALF: Final = 2**32 - 1


@dataclass(frozen=True, slots=True, eq=False)
class CellSums:
    """Sums and highest readings of rows by the cells of a window.

    Attributes:
        sums: int64; cells without intervals are zero.
        highest: likewise; `None` when they were not wanted.
        below_zero: whether some reading was negative.
    """

    sums: Amounts
    highest: Amounts | None
    below_zero: bool


def determine(usage: MeterRows, window: Window, *, demand: bool = True) -> Determinants:
    """Work out energy, demand and received energy of every meter and cell.

    Args:
        usage: readings of the window's period.
        window: the compiled calendar.
        demand: whether demand is wanted; without it the work is halved.

    Raises:
        ReadingsMisfit: the rows are not as long as the window, or too large to be added exactly.
    """
    _refuse_misfit(usage, window)
    with_highest = demand and window.step_s == DEMAND_STEP_S
    delivered = add_cells(usage.delivered, window, highest=with_highest)
    received = None
    if usage.received is not None:
        received = add_cells(usage.received, window).sums * usage.micro
    highest = delivered.highest
    if demand and window.step_s < DEMAND_STEP_S:
        highest = _quarter_hours(usage.delivered, window)
    return Determinants(
        window=window,
        energy_micro=delivered.sums * usage.micro,
        demand_micro=None
        if highest is None
        else highest * (usage.micro * (SECONDS_IN_HOUR // DEMAND_STEP_S)),
        received_micro=received,
        estimated=None
        if usage.estimated is None
        else add_cells(usage.estimated.astype(np.int32), window).sums,
        below_zero=delivered.below_zero,
    )


def add_cells(rows: Readings, window: Window, *, highest: bool = False) -> CellSums:
    """Sum each row by the window's cells, and find its highest reading in each."""
    shape = (len(rows), len(window.cells))
    sums = np.zeros(shape, dtype=np.int64)
    maxima = np.zeros(shape, dtype=np.int64) if highest else None
    paired = _can_be_paired(rows, window)
    below_zero = False
    for first in range(0, len(rows), ROWS_AT_ONCE):
        piece = slice(first, first + ROWS_AT_ONCE)
        some = rows[piece]
        found = _add_pairs(some, window, highest=highest) if paired else None
        if found is None:
            below_zero = below_zero or bool((some < 0).any())
            found = _add_plainly(some, window, highest=highest)
        runs, run_maxima = found
        sums[piece, window.run_cells] = np.add.reduceat(
            runs[:, window.run_order], window.run_bounds, axis=1
        )
        if maxima is not None and run_maxima is not None:
            maxima[piece, window.run_cells] = np.maximum.reduceat(
                run_maxima[:, window.run_order], window.run_bounds, axis=1
            )
    return CellSums(sums, maxima, below_zero)


Runs = tuple[NDArray[np.int64], NDArray[np.int32] | NDArray[np.int64] | NDArray[np.uint32] | None]
"""Sum of each run, and its highest reading if wanted."""


def _add_plainly(rows: Readings, window: Window, *, highest: bool) -> Runs:
    runs = np.add.reduceat(rows, window.runs, axis=1, dtype=np.int64)
    return runs, np.maximum.reduceat(rows, window.runs, axis=1) if highest else None


def _add_pairs(rows: Readings, window: Window, *, highest: bool) -> Runs | None:
    """Add two readings at a time; `None` when a half could overflow or a reading is negative.

    A negative reading is a very large one without sign, so one comparison finds both.
    """
    unsigned = rows.view(np.uint32)
    maxima = np.maximum.reduceat(unsigned, window.runs, axis=1) if highest else None
    largest = int((unsigned if maxima is None else maxima).max(initial=0))
    if largest * window.longest_run >= HALF_LIMIT:
        return None
    pairs = np.add.reduceat(rows.view(np.int64), window.runs // 2, axis=1)
    return (pairs & LOW_HALF) + (pairs >> HALF_BITS), maxima


def _can_be_paired(rows: Readings, window: Window) -> bool:
    """Whether rows of 32-bit readings lie in memory so that pairs never cross a run."""
    return (
        rows.dtype == np.int32
        and rows.flags.c_contiguous
        and window.runs_are_even
        and sys.byteorder == "little"
    )


def _quarter_hours(rows: Readings, window: Window) -> Amounts | None:
    """The highest quarter-hour by cell, for shorter intervals: added to quarter-hours first."""
    together = DEMAND_STEP_S // window.step_s
    meters, intervals = rows.shape
    grouped = rows.reshape(meters, intervals // together, together)
    quarters: Amounts = grouped.sum(axis=2, dtype=np.int64)
    window = compile_segments(window.segments, window.zone, DEMAND_STEP_S)
    return add_cells(quarters, window, highest=True).highest


def _refuse_misfit(usage: MeterRows, window: Window) -> None:
    intervals = usage.delivered.shape[1]
    if intervals != window.intervals:
        raise ReadingsMisfit(f"{intervals} readings for a period of {window.intervals} intervals")
    for rows in (usage.delivered, usage.received):
        if rows is None or rows.dtype == np.int32 or not rows.size:
            continue
        largest = max(abs(int(rows.min())), abs(int(rows.max())))
        if largest * intervals * usage.micro >= LARGEST_SUM:
            raise ReadingsMisfit(f"readings up to {largest} cannot be added exactly")
