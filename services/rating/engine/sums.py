"""Adds up intervals by bucket and finds the highest quarter-hour: the heart of interval rating.

A bucket's hours of one day are neighbours in a meter's row, so runs of neighbours are added
(numpy's `reduceat`), then the few runs of each bucket. Starting a run costs more than the readings
in it. Ordinary readings therefore go a quicker way first: days with the same hours are laid on
each other, reading by reading (`folding`), until one day of each kind is left, and only those are
cut into runs. The highest reading says whether 32 bits hold the sums of like days. All in
integers, in pieces that stay in the cache.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.rating.calendars import Window, compile_segments
from services.rating.calendars.window import Runs
from services.rating.engine.folding import folding_of
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
from shared.platform.values import value

ROWS_AT_ONCE: Final = 48
"""Rows of a month that fit into the cache of one core together with their sums."""
NEGATIVE_FROM: Final = 2**31
"""What a negative reading is at least, read as a number without sign."""
SHORT_LIMIT: Final = 2**32
"""Sums below this fit into 32 bits."""


@value(frozen=True, slots=True, eq=False)
class CellSums:
    """Sums and highest readings by the cells of a window: a row for each cell, a column a meter.

    Attributes:
        sums: int64; cells without intervals are zero.
        highest: likewise; `None` when they were not wanted.
        below_zero: whether some reading was negative.
    """

    sums: Amounts
    highest: Amounts | None
    below_zero: bool = False


def determine(usage: MeterRows, window: Window, *, demand: bool = True) -> Determinants:
    """Work out energy, demand and received energy of every meter and cell.

    Args:
        usage: readings of the window's period.
        window: the compiled calendar.
        demand: whether demand is wanted; without it the work is less.

    Raises:
        ReadingsMisfit: the rows are not as long as the window, or too large to be added exactly.
    """
    _refuse_misfit(usage, window)
    with_highest = demand and window.step_s == DEMAND_STEP_S
    delivered = add_cells(usage.delivered, window, highest=with_highest)
    received = None
    if usage.received is not None:
        received = (add_cells(usage.received, window).sums * usage.micro).T
    highest = delivered.highest
    if demand and window.step_s < DEMAND_STEP_S:
        highest = _quarter_hours(usage.delivered, window)
    return Determinants(
        window=window,
        energy_micro=(delivered.sums * usage.micro).T,
        demand_micro=None
        if highest is None
        else (highest * (usage.micro * (SECONDS_IN_HOUR // DEMAND_STEP_S))).T,
        received_micro=received,
        estimated=None
        if usage.estimated is None
        else add_cells(usage.estimated.astype(np.int32), window).sums.T,
        below_zero=delivered.below_zero,
    )


def add_cells(rows: Readings, window: Window, *, highest: bool = False) -> CellSums:
    """Sum each row by the window's cells, and find its highest reading in each."""
    if len(rows) <= ROWS_AT_ONCE:
        return _add(rows, window, highest=highest)
    pieces = [
        _add(rows[first : first + ROWS_AT_ONCE], window, highest=highest)
        for first in range(0, len(rows), ROWS_AT_ONCE)
    ]
    tops = [piece.highest for piece in pieces if piece.highest is not None]
    return CellSums(
        np.concatenate([piece.sums for piece in pieces], axis=1),
        np.concatenate(tops, axis=1) if highest else None,
        any(piece.below_zero for piece in pieces),
    )


def _add(rows: Readings, window: Window, *, highest: bool) -> CellSums:
    quickly = _add_quickly(rows, window, highest=highest) if rows.dtype == np.int32 else None
    return quickly or _add_plainly(rows, window, highest=highest)


def _add_quickly(rows: NDArray[Any], window: Window, *, highest: bool) -> CellSums | None:
    """Lay like days on each other and add those; `None` where some reading is negative.

    A negative reading is a very large one without sign, so looking for the highest finds both.
    """
    folding, cells = folding_of(window), len(window.cells)
    laid = folding.laid_out(rows.view(np.uint32))
    tops = folding.folded(np.maximum, laid, np.uint32)
    top = int(np.maximum.reduce(tops, axis=None))
    if top >= NEGATIVE_FROM:
        return None
    size = np.uint32 if top * folding.most < SHORT_LIMIT else np.int64
    added = folding.runs.reduced(np.add, folding.folded(np.add, laid, size), np.int64)
    sums = _of_all_cells(added, folding.runs, cells)
    if not highest:
        return CellSums(sums, None)
    found = folding.runs.reduced(np.maximum, tops)
    return CellSums(sums, _of_all_cells(found, folding.runs, cells))


def _add_plainly(rows: Readings, window: Window, *, highest: bool) -> CellSums:
    """Add run by run, in 64 bits."""
    runs, cells = window.runs, len(window.cells)
    return CellSums(
        _of_all_cells(runs.reduced(np.add, rows, np.int64), runs, cells),
        _of_all_cells(runs.reduced(np.maximum, rows), runs, cells) if highest else None,
        below_zero=bool((rows < 0).any()),
    )


def _of_all_cells(found: NDArray[Any], runs: Runs, cells: int) -> Amounts:
    """What was found by cell, with zeros for cells without intervals."""
    if len(found) == cells:
        return found.astype(np.int64, copy=False)
    whole = np.zeros((cells, found.shape[1]), dtype=np.int64)
    whole[runs.columns] = found
    return whole


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
