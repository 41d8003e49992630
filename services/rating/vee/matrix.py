"""Readings of many channels over the same days as one matrix, and what checks share.

A row is a channel of a meter, a column an interval; a day has 92, 96 or 100 quarter-hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from services.rating.intervals.block import ESTIMATED, MISSING, IntervalBlock, day_lengths
from shared.contracts.usage import Direction

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Micro = npt.NDArray[np.int64]
    Marks = npt.NDArray[np.uint8]

ABSENT = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Matrix:
    """Readings of channels that share their days and their step.

    Attributes:
        minutes: length of an interval.
        first_day: the day of the first column.
        lengths: how many intervals each day has.
        micro: int64, 1e-6 kWh, a row a channel; 0 where missing.
        quality: uint8 of the same shape: `ACTUAL`, `ESTIMATED` or `MISSING`.
        delivered: for each row, whether it is energy to the customer.
    """

    minutes: int
    first_day: date
    lengths: tuple[int, ...]
    micro: Micro
    quality: Marks
    delivered: Mask

    @classmethod
    def of(cls, blocks: Sequence[IntervalBlock]) -> Matrix:
        """Lay blocks over each other; they must have the same days and step."""
        first = blocks[0]
        return cls(
            minutes=first.minutes,
            first_day=first.first_day,
            lengths=day_lengths(first.first_day, first.last_day, first.minutes),
            micro=np.stack([block.micro() for block in blocks]),
            quality=np.stack([block.quality for block in blocks]),
            delivered=np.array([block.direction is Direction.DELIVERED for block in blocks]),
        )

    @cached_property
    def present(self) -> Mask:
        """Where there is a reading."""
        found: Mask = self.quality != MISSING
        return found

    @cached_property
    def estimated(self) -> Mask:
        """Where the reading is the utility's estimate."""
        found: Mask = self.quality == ESTIMATED
        return found

    @cached_property
    def day_of(self) -> npt.NDArray[np.intp]:
        """For each column the number of its day, from 0."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @cached_property
    def columns(self) -> npt.NDArray[np.intp]:
        """For each day its columns, filled up with -1 to the longest day."""
        longest = max(self.lengths)
        begins = np.cumsum((0, *self.lengths[:-1]))
        places = np.arange(longest)[None, :]
        found: npt.NDArray[np.intp] = np.where(
            places < np.array(self.lengths)[:, None], begins[:, None] + places, -1
        )
        return found

    def by_day(self) -> Micro:
        """Return the readings as rows by days by intervals; `ABSENT` where there is none."""
        shown = np.where(self.present, self.micro, ABSENT)
        cells: Micro = shown[:, self.columns]
        cells[:, self.columns < 0] = ABSENT
        return cells

    def day(self, column: int) -> date:
        """Return the day of a column."""
        return self.first_day + timedelta(days=int(self.day_of[column]))


def in_long_runs(flags: Mask, least: int) -> Mask:
    """Mark the places that stand in a run of at least so many, row by row."""
    rows, size = flags.shape
    framed = np.zeros((rows, size + 2), dtype=np.int8)
    framed[:, 1:-1] = flags
    edges = np.diff(framed, axis=1).ravel()
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    kept = ends - begins >= least
    steps = np.zeros(rows * (size + 1), dtype=np.int8)
    steps[begins[kept]] = 1
    steps[ends[kept]] -= 1
    found: Mask = np.cumsum(steps, dtype=np.int8).reshape(rows, size + 1)[:, :-1] > 0
    return found


def stretches(flags: Mask) -> list[tuple[int, int]]:
    """Tell the runs of one row: the first place and how many."""
    framed = np.concatenate(([0], flags.astype(np.int8), [0]))
    edges = np.diff(framed)
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(int(b), int(e - b)) for b, e in zip(begins, ends, strict=True)]
