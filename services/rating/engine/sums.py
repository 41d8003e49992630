"""Adds up intervals by bucket and finds the highest quarter-hour: the heart of interval rating.

Which bucket an interval belongs to is the same for all meters of a billing cycle. The sums of many
meters are therefore one product of matrices: readings, and a 1 where an interval is in a bucket.
That is exact, although the processor multiplies binary fractions: whole numbers below 2^24 are
fractions of 32 bits without a rest, and a sum of them that comes out below 2^24 never was above it.
Where it does come out above, fractions of 64 bits take its place, which hold any sum of 32-bit
readings. For the highest reading, like days are laid on each other first (`folding`), and what is
left, a day of each kind, is cut into runs of neighbours.

Readings of 64 bits, and negative ones, go a plainer way: run by run, in integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.rating.calendars import Window, compile_segments
from services.rating.calendars.window import Runs
from services.rating.engine.folding import Folding, fold
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

ROWS_AT_ONCE: Final = 64
"""Rows of a month that fit into the cache of one core, in both forms."""
REMEMBERED_LAYOUTS_MAX: Final = 256
"""Some tens of kilobytes each."""


class Fractions(NamedTuple):
    """A kind of binary fraction that the processor adds.

    Attributes:
        kind: the fraction.
        bits: a whole number without sign of the same length.
        exact_below: whole numbers up to here are fractions without a rest.
        negative_from: what a negative fraction is at least, read as such a number.
    """

    kind: type[np.floating[Any]]
    bits: type[np.unsignedinteger[Any]]
    exact_below: int
    negative_from: int


SINGLE: Final = Fractions(np.float32, np.uint32, 2**24, 2**31)
DOUBLE: Final = Fractions(np.float64, np.uint64, 2**53, 2**63)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which cell each interval of a period belongs to, in the forms that adding takes.

    Attributes:
        members: a row for each cell, with a 1 for each of its intervals.
        folding: the period as a day of each kind.
    """

    members: NDArray[np.floating[Any]]
    folding: Folding


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
        demand: whether demand is wanted; without it the work is halved.

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
    if rows.dtype == np.int32:
        layout = _layout_of(window)
        for way in (SINGLE, DOUBLE):
            found = _add_quickly(rows, layout, way, highest=highest)
            if found is not None:
                return found
    return _add_plainly(rows, window, highest=highest)


def _add_quickly(
    rows: Readings, layout: Layout, way: Fractions, *, highest: bool
) -> CellSums | None:
    """Add as a product of matrices; `None` where a reading is negative, or a sum not exact.

    The bits of fractions, read as whole numbers without sign, are in the order of the fractions,
    and negative ones come after all others: looking for the highest finds both.
    """
    used = rows.astype(way.kind)
    sums = layout.members.astype(way.kind, copy=False) @ used.T
    bits = used.view(way.bits)
    tops = layout.folding.highest(bits) if highest else bits
    if np.maximum.reduce(tops, axis=None) >= way.negative_from:
        return None
    if np.maximum.reduce(sums, axis=None) >= way.exact_below:
        return None
    added: Amounts = sums.astype(np.int64)
    if not highest:
        return CellSums(added, None)
    return CellSums(added, _of_all_cells(tops.view(way.kind), layout.folding.runs, len(added)))


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


@lru_cache(maxsize=REMEMBERED_LAYOUTS_MAX)
def _layout_of(window: Window) -> Layout:
    """Lay a window out; billing cycles whose days are alike share the answer."""
    return _layout(window.index.tobytes(), window.days, len(window.cells))


@lru_cache(maxsize=REMEMBERED_LAYOUTS_MAX)
def _layout(cells_of_intervals: bytes, days: tuple[int, ...], cells: int) -> Layout:
    index = np.frombuffer(cells_of_intervals, dtype=np.int16)
    members = np.equal.outer(np.arange(cells, dtype=np.int16), index)
    return Layout(members.astype(np.float32), fold(index, days))


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
