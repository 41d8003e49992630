"""Adds up intervals by bucket and finds the highest quarter-hour: the heart of interval rating.

A bucket's hours of one day are neighbours in a meter's row, so runs of neighbours are added
(numpy's `reduceat`), then the few runs of each bucket. Starting a run costs more than the readings
in it. Ordinary readings therefore go a quicker way first: days with the same hours are laid on
each other, reading by reading (`folding`), until one day of each kind is left, and only those are
cut into runs, all in 32 bits. The highest reading says whether every sum fits into them; where it
does not, the rows are added the plain way. All in integers, in pieces that stay in the cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.rating.calendars import Window, compile_segments
from services.rating.engine.folding import Folding, folding_of
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

ROWS_AT_ONCE: Final = 64
"""Rows of a month that fit into the cache of one core together with their sums."""
SUM_LIMIT: Final = 2**31


@dataclass(slots=True, eq=False)
class CellSums:
    """Sums and highest readings of rows by the cells of a window.

    Attributes:
        sums: int64; cells without intervals are zero.
        highest: likewise; `None` when they were not wanted.
        below_zero: whether some reading was negative.
    """

    sums: Amounts
    highest: Amounts | None
    below_zero: bool = False

    def rows(self, piece: slice) -> CellSums:
        """Some of the rows, to be filled in place."""
        return CellSums(self.sums[piece], None if self.highest is None else self.highest[piece])


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
    found = CellSums(
        np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64) if highest else None
    )
    folding = folding_of(window) if rows.dtype == np.int32 else None
    for first in range(0, len(rows), ROWS_AT_ONCE):
        piece = slice(first, first + ROWS_AT_ONCE)
        some, here = rows[piece], found.rows(piece)
        if folding is None or not _add_quickly(some, folding, here):
            found.below_zero = found.below_zero or bool((some < 0).any())
            _add_plainly(some, window, here)
    return found


def _add_plainly(rows: Readings, window: Window, into: CellSums) -> None:
    """Add run by run, in 64 bits."""
    runs = window.runs
    added = np.add.reduceat(rows, runs.starts, axis=1, dtype=np.int64)
    into.sums[:, runs.columns] = np.add.reduceat(added[:, runs.order], runs.bounds, axis=1)
    if into.highest is not None:
        tops = np.maximum.reduceat(rows, runs.starts, axis=1)
        into.highest[:, runs.columns] = np.maximum.reduceat(
            tops[:, runs.order], runs.bounds, axis=1
        )


def _add_quickly(rows: NDArray[Any], folding: Folding, into: CellSums) -> bool:
    """Lay like days on each other and add those; whether no sum could overflow.

    A negative reading is a very large one without sign, so one comparison finds both. Looking for
    the highest of all first also brings the rows into the cache in the quickest way.
    """
    runs, unsigned = folding.runs, rows.view(np.uint32)
    if int(unsigned.max(initial=0)) * folding.most >= SUM_LIMIT:
        return False
    added = np.add.reduceat(_folded(rows, folding, np.add), runs.starts, axis=1, dtype=np.int32)
    into.sums[:, runs.columns] = np.add.reduceat(
        added.take(runs.order, axis=1), runs.bounds, axis=1, dtype=np.int64
    )
    if into.highest is not None:
        tops = np.maximum.reduceat(_folded(rows, folding, np.maximum), runs.starts, axis=1)
        into.highest[:, runs.columns] = np.maximum.reduceat(
            tops.take(runs.order, axis=1), runs.bounds, axis=1
        )
    return True


def _folded(rows: NDArray[Any], folding: Folding, lay: np.ufunc) -> NDArray[Any]:
    """Reduce rows to a day of each kind, interval by interval."""
    folded = np.empty((len(rows), folding.runs.intervals), dtype=rows.dtype)
    for days in folding.days:
        days.lay(rows, lay, folded)
    return folded


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
