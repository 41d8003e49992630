"""Lays the days of a period on each other, those that are alike.

A plan has few kinds of day: working days, weekends, perhaps those of two seasons. Whatever hours
its buckets mean, the readings of like days may first be added (or compared) interval by interval,
and only what is left, a day of each kind, need be cut into buckets. For that the readings are
copied once, so that a day of all meters lies in one piece, and like days one after the other: a
month is then added up in thirty long strides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.rating.calendars import Window
from services.rating.calendars.window import (
    REMEMBERED_WINDOWS_MAX,
    Runs,
    runs_of,
)

Rows = NDArray[np.integer[Any]]
ALL: Final = slice(None)
REMEMBERED_FOLDINGS_MAX: Final = 512
"""Ten kilobytes each."""


class LikeDays(NamedTuple):
    """Days of one kind in a stretch: `begin` to `end` of those that were laid out."""

    begin: int
    end: int
    kind: int


class Stretch(NamedTuple):
    """Days of the same length, one after the other: a whole period, unless clocks are changed.

    Attributes:
        first: the interval that they begin with.
        last: the one after them.
        length: intervals of a day.
        places: where each day is laid, so that like days are neighbours.
        days: which kinds of day are where.
    """

    first: int
    last: int
    length: int
    places: NDArray[np.intp] | slice
    days: tuple[LikeDays, ...]

    def laid_out(self, rows: Rows) -> Rows:
        """The readings of some meters by day, meter and interval."""
        meters = len(rows)
        days = rows[:, self.first : self.last].reshape(meters, -1, self.length).transpose(1, 0, 2)
        laid = np.empty(days.shape, dtype=rows.dtype)
        laid[self.places] = days
        return laid


@dataclass(frozen=True, slots=True, eq=False)
class Folding:
    """How a period is folded.

    Attributes:
        stretches: its days.
        kinds: how many kinds of day there are.
        most: of how many days the kind is that has the most.
        runs: the runs of neighbours of one cell in the folded row, a day of each kind.
    """

    stretches: tuple[Stretch, ...]
    kinds: int
    most: int
    runs: Runs

    def laid_out(self, rows: Rows) -> list[Rows]:
        """The readings of each stretch by day, meter and interval."""
        return [stretch.laid_out(rows) for stretch in self.stretches]

    def folded(self, how: np.ufunc, laid: Sequence[Rows], dtype: type[np.integer[Any]]) -> Rows:
        """Add or compare like days, interval by interval: a row for each meter."""
        found: dict[int, Rows] = {}
        for stretch, days in zip(self.stretches, laid, strict=True):
            for begin, end, kind in stretch.days:
                day = how.reduce(days[begin:end], axis=0, dtype=dtype)
                found[kind] = how(found[kind], day) if kind in found else day
        if self.kinds == 1:
            return found[0]
        return np.concatenate([found[kind] for kind in range(self.kinds)], axis=1)


@lru_cache(maxsize=REMEMBERED_WINDOWS_MAX)
def folding_of(window: Window) -> Folding:
    """Fold a window; the answer is remembered, and shared by periods whose days are the same."""
    return _fold(window.index.tobytes(), window.days)


@lru_cache(maxsize=REMEMBERED_FOLDINGS_MAX)
def _fold(intervals: bytes, bounds: tuple[int, ...]) -> Folding:
    """Fold a period of which each interval's cell is known, and where its days begin."""
    index = np.frombuffer(intervals, dtype=np.int16)
    patterns = [index[begin:end].tobytes() for begin, end in pairwise(bounds)]
    numbers = {pattern: number for number, pattern in enumerate(dict.fromkeys(patterns))}
    kinds = [numbers[pattern] for pattern in patterns]
    return Folding(
        stretches=tuple(_stretches(kinds, bounds)),
        kinds=len(numbers),
        most=max(map(kinds.count, range(len(numbers)))),
        runs=runs_of(np.frombuffer(b"".join(numbers), dtype=np.int16)),
    )


def _stretches(kinds: Sequence[int], bounds: Sequence[int]) -> Iterator[Stretch]:
    """Cut a period where the length of its days changes.

    Args:
        kinds: what kind each day is of.
        bounds: the interval that each day begins with, and the one after the last.
    """
    first = 0
    for length, alike in groupby(end - begin for begin, end in pairwise(bounds)):
        last = first + len(list(alike))
        days = range(first, last)
        order = sorted(days, key=kinds.__getitem__)
        yield Stretch(
            first=bounds[first],
            last=bounds[last],
            length=length,
            places=ALL if order == list(days) else np.argsort(order),
            days=tuple(_like_days([kinds[day] for day in order])),
        )
        first = last


def _like_days(kinds: Sequence[int]) -> Iterator[LikeDays]:
    begin = 0
    for kind, alike in groupby(kinds):
        end = begin + len(list(alike))
        yield LikeDays(begin, end, kind)
        begin = end
