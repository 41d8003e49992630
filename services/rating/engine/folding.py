"""Finds the days of a period that are alike, so that their highest readings are found together.

A plan has few kinds of day: working days, weekends, perhaps those of two seasons. Whatever hours
its buckets mean, like days may first be compared interval by interval, and only what is left, a
day of each kind, need be cut into buckets. The fewer operations that takes the better, so weeks
with the same days are looked for, and laid together at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.rating.calendars.window import Runs, runs_of

DAYS_IN_WEEK: Final = 7
DAYS_ALL_ALIKE: Final = 5
"""What stands for a week where all days are alike."""

Rows = NDArray[np.unsignedinteger[Any]]


class LikeDays(NamedTuple):
    """Neighbouring days of one kind in a week.

    Attributes:
        begin: where in the week they begin.
        end: where they end.
        at: where this kind of day lies in the folded row.
        opens: whether nothing of its kind was laid there before.
    """

    begin: int
    end: int
    at: slice
    opens: bool


class LikeWeeks(NamedTuple):
    """Neighbouring weeks that have the same days.

    Attributes:
        first: where in the period they begin.
        last: where they end.
        times: how many there are.
        days: the days of each.
    """

    first: int
    last: int
    times: int
    days: tuple[LikeDays, ...]

    def lay(self, rows: Rows, into: Rows) -> None:
        """Keep the higher reading of what lies there and of these days.

        Weeks first: the longer the stretches, the fewer of them have to be started.
        """
        meters = len(rows)
        week = rows[:, self.first : self.last]
        if self.times > 1:
            week = np.maximum.reduce(week.reshape(meters, self.times, -1), axis=1)
        for begin, end, at, opens in self.days:
            days = week[:, begin:end].reshape(meters, -1, at.stop - at.start)
            if opens:
                np.maximum.reduce(days, axis=1, out=into[:, at])
            else:
                np.maximum(into[:, at], np.maximum.reduce(days, axis=1), out=into[:, at])


@dataclass(frozen=True, slots=True, eq=False)
class Folding:
    """How a period is folded.

    Attributes:
        weeks: what is laid where.
        runs: the runs of neighbours of one cell in the folded row, a day of each kind.
    """

    weeks: tuple[LikeWeeks, ...]
    runs: Runs

    def highest(self, rows: Rows) -> Rows:
        """The highest reading by cell and meter; the cells are those of `runs.columns`."""
        folded = np.empty((len(rows), self.runs.intervals), dtype=rows.dtype)
        for weeks in self.weeks:
            weeks.lay(rows, folded)
        return self.runs.reduced(np.maximum, folded)


def fold(index: NDArray[np.int16], bounds: Sequence[int]) -> Folding:
    """Fold a period.

    Args:
        index: the cell of each of its intervals.
        bounds: where in it each day begins, and the last one ends.
    """
    kinds = [index[begin:end].tobytes() for begin, end in pairwise(bounds)]
    places: dict[bytes, slice] = {}
    width = 0
    for kind, (begin, end) in zip(kinds, pairwise(bounds), strict=True):
        if kind not in places:
            places[kind] = slice(width, width + end - begin)
            width += end - begin
    folded = np.concatenate([np.frombuffer(kind, index.dtype) for kind in places])
    return Folding(tuple(_like_weeks(kinds, bounds, places)), runs_of(folded))


def _like_weeks(
    kinds: Sequence[bytes], bounds: Sequence[int], places: Mapping[bytes, slice]
) -> Iterator[LikeWeeks]:
    laid: set[bytes] = set()
    size = DAYS_IN_WEEK if len(places) > 1 else DAYS_ALL_ALIKE
    weeks = [tuple(kinds[first : first + size]) for first in range(0, len(kinds), size)]
    number = 0
    for days, alike in groupby(weeks):
        count = len(list(alike))
        first, last = bounds[number * size], bounds[min((number + count) * size, len(kinds))]
        number += count
        yield LikeWeeks(first, last, count, tuple(_like_days(days, places, laid)))


def _like_days(
    days: Sequence[bytes], places: Mapping[bytes, slice], laid: set[bytes]
) -> Iterator[LikeDays]:
    begin = 0
    for kind, neighbours in groupby(days):
        at = places[kind]
        end = begin + len(list(neighbours)) * (at.stop - at.start)
        yield LikeDays(begin, end, at, opens=kind not in laid)
        laid.add(kind)
        begin = end
