"""Adds up intervals by bucket and finds the highest quarter-hour: the heart of interval rating.

A bucket's hours of one day are neighbours in a meter's row. So first each run of neighbours is
added (numpy's `reduceat`, at memory speed), then the few runs of each bucket. All in integers;
rows are taken in pieces that stay in the processor's cache.
"""

from __future__ import annotations

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
    energy = cell_sums(usage.delivered, window) * usage.micro
    received = None
    if usage.received is not None:
        received = cell_sums(usage.received, window) * usage.micro
    return Determinants(
        window=window,
        energy_micro=energy,
        demand_micro=_demand(usage, window) if demand else None,
        received_micro=received,
        estimated=None
        if usage.estimated is None
        else cell_sums(usage.estimated.astype(np.int32), window),
    )


def cell_sums(rows: Readings, window: Window) -> Amounts:
    """Sum each row by the window's cells; int64, cells without intervals are zero."""
    sums = np.zeros((len(rows), len(window.cells)), dtype=np.int64)
    for first in range(0, len(rows), ROWS_AT_ONCE):
        piece = slice(first, first + ROWS_AT_ONCE)
        runs = np.add.reduceat(rows[piece], window.runs, axis=1, dtype=np.int64)
        sums[piece, window.run_cells] = np.add.reduceat(
            runs[:, window.run_order], window.run_bounds, axis=1
        )
    return sums


def cell_maxima(rows: Readings, window: Window) -> Amounts:
    """Find the largest reading of each row in each cell; cells without intervals are zero."""
    maxima = np.zeros((len(rows), len(window.cells)), dtype=np.int64)
    for first in range(0, len(rows), ROWS_AT_ONCE):
        piece = slice(first, first + ROWS_AT_ONCE)
        runs = np.maximum.reduceat(rows[piece], window.runs, axis=1)
        maxima[piece, window.run_cells] = np.maximum.reduceat(
            runs[:, window.run_order], window.run_bounds, axis=1
        )
    return maxima


def _demand(usage: MeterRows, window: Window) -> Amounts | None:
    """Demand in 1e-6 kW; shorter intervals are added to quarter-hours first."""
    if window.step_s > DEMAND_STEP_S:
        return None
    rows: Readings = usage.delivered
    if window.step_s < DEMAND_STEP_S:
        together = DEMAND_STEP_S // window.step_s
        rows = _in_groups(rows, together)
        window = compile_segments(window.segments, window.zone, DEMAND_STEP_S)
    return cell_maxima(rows, window) * (usage.micro * (SECONDS_IN_HOUR // DEMAND_STEP_S))


def _in_groups(rows: Readings, together: int) -> NDArray[np.int64]:
    meters, intervals = rows.shape
    grouped = rows.reshape(meters, intervals // together, together)
    added: NDArray[np.int64] = grouped.sum(axis=2, dtype=np.int64)
    return added


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
