"""Finds the days of a period that are alike, so that they can be laid on each other.

A plan has few kinds of day: working days, weekends, perhaps those of two seasons. Whatever hours
its buckets mean, the readings of like days may first be added (or compared) interval by interval,
and only what is left, a day of each kind, need be cut into buckets. The fewer operations that
takes the better, so weeks with the same days are looked for, and laid together at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.rating.calendars import Window
from services.rating.calendars.window import (
    REMEMBERED_WINDOWS_MAX,
    Runs,
    runs_of,
)

DAYS_IN_WEEK: Final = 7
DAYS_ALL_ALIKE: Final = 3
"""What stands for a week where all days are alike."""


@dataclass(frozen=True, slots=True)
class LikeDays:
    """Days of one kind that are laid on each other at once.

    They are found by dividing intervals `first` to `last` into `weeks` of the same length, and
    taking of each the intervals `begin` to `end`, which are days of `length`.

    Attributes:
        at: where this kind of day lies in the folded row.
        opens: whether nothing of its kind was laid there before.
    """

    first: int
    last: int
    weeks: int
    begin: int
    end: int
    at: slice
    opens: bool

    def lay(self, rows: NDArray[Any], how: np.ufunc, into: NDArray[Any]) -> None:
        """Lay these days of some rows on each other, and on what lies there already.

        Weeks first: the longer the stretches, the fewer of them have to be started.
        """
        meters, kind, length = len(rows), rows.dtype, self.at.stop - self.at.start
        weeks = rows[:, self.first : self.last].reshape(meters, self.weeks, -1)
        week = how.reduce(weeks[:, :, self.begin : self.end], axis=1, dtype=kind)
        days, place = week.reshape(meters, -1, length), into[:, self.at]
        if self.opens:
            how.reduce(days, axis=1, dtype=kind, out=place)
        else:
            how(place, how.reduce(days, axis=1, dtype=kind), out=place)


@dataclass(frozen=True, slots=True, eq=False)
class Folding:
    """How a period is folded.

    Attributes:
        days: what is laid where.
        runs: the runs of neighbours of one cell in the folded row, a day of each kind.
        most: the most readings of a period that one run holds.
    """

    days: tuple[LikeDays, ...]
    runs: Runs
    most: int


@lru_cache(maxsize=REMEMBERED_WINDOWS_MAX)
def folding_of(window: Window) -> Folding:
    """Fold a window; the answer is remembered."""
    bounds = window.days
    kinds = [window.index[begin:end].tobytes() for begin, end in pairwise(bounds)]
    places: dict[bytes, slice] = {}
    width = 0
    for kind, (begin, end) in zip(kinds, pairwise(bounds), strict=True):
        if kind not in places:
            places[kind] = slice(width, width + end - begin)
            width += end - begin
    runs = runs_of(np.concatenate([np.frombuffer(kind, window.index.dtype) for kind in places]))
    times = [np.full(at.stop - at.start, kinds.count(kind)) for kind, at in places.items()]
    most = np.add.reduceat(np.concatenate(times), runs.starts).max()
    return Folding(tuple(_like_days(kinds, bounds, places)), runs, int(most))


def _like_days(
    kinds: Sequence[bytes], bounds: Sequence[int], places: Mapping[bytes, slice]
) -> Iterator[LikeDays]:
    laid: set[bytes] = set()
    size = DAYS_IN_WEEK if len(places) > 1 else DAYS_ALL_ALIKE
    weeks = [tuple(kinds[first : first + size]) for first in range(0, len(kinds), size)]
    number = 0
    for days, alike in groupby(weeks):
        count = len(list(alike))
        first, last = bounds[number * size], bounds[min((number + count) * size, len(kinds))]
        number += count
        begin = 0
        for kind, neighbours in groupby(days):
            at = places[kind]
            end = begin + len(list(neighbours)) * (at.stop - at.start)
            yield LikeDays(first, last, count, begin, end, at, opens=kind not in laid)
            laid.add(kind)
            begin = end
