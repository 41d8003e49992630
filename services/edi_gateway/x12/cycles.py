"""Runs of one small loop, read at once: an 820 pays hundreds of accounts in the same segments.

Where a document comes back to the same state after a few segments, the pattern of these segments
may repeat, and a whole stretch of repetitions is matched in one go.
"""

from __future__ import annotations

import re
from itertools import accumulate, chain, count, pairwise, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from services.edi_gateway.x12.document import Loop, Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.edi_gateway.x12.patterns import SegmentPattern

LENGTH_MAX = 8
"""Segments of one repetition."""

WINDOW = 128
"""Repetitions that are matched together."""

WORTHWHILE = 4
MISSES_MAX = 200
"""A cycle that so often gives fewer repetitions than are worthwhile is forgotten."""

JOINT = "\n"

_new: Any = tuple.__new__
"""Makes a named tuple of a tuple in one call, without asking for its names."""


class Cycle:
    """A loop that leads back to where it began: its first segment opens it, the others follow."""

    __slots__ = ("_component", "_cut", "_element", "_matches", "_misses", "_width", "length")

    def __init__(self, patterns: Sequence[SegmentPattern], component: str) -> None:
        """Take the pattern of each segment; one loop is closed before it opens again."""
        self.length = len(patterns)
        source = JOINT.join(one.source for one in patterns) + JOINT
        self._matches = re.compile(f"(?:{source})*").match
        self._element = patterns[0].element
        self._component = component
        self._misses = 0
        ends = list(accumulate(len(one.fields) for one in patterns))
        self._width = ends[-1]
        self._cut = itemgetter(*(slice(*pair) for pair in pairwise((0, *ends))))

    @property
    def is_worthwhile(self) -> bool:
        """Whether it is still worth trying."""
        return self._misses < MISSES_MAX

    def read(self, texts: Sequence[str], start: int, parent: Loop) -> list[Segment]:
        """Read repetitions from `texts[start]` on into loops of `parent`; none is no fault.

        Returns their segments.
        """
        window = texts[start : start + self.length * WINDOW]
        joined = JOINT.join(window) + JOINT
        if joined.count(JOINT) != len(window):  # a text holds what stands between texts
            return []
        found = self._matches(joined)
        end = found.end() if found else 0
        number = len(window) if end == len(joined) else joined.count(JOINT, 0, end)
        if number < WORTHWHILE * self.length:
            self._misses += 1
            return []
        fields = self._fields(joined[: end - len(JOINT)])
        segments: list[Segment] = list(
            map(
                _new,
                repeat(Segment),
                zip(fields, count(start + 1), repeat(self._component), strict=False),
            )
        )
        own = map(list, zip(*[iter(segments)] * self.length, strict=True))
        lists: Any = zip(repeat(segments[0].id), own, map(list, repeat(())), strict=False)
        parent.children.extend(map(_new, repeat(Loop), lists))
        return segments

    def _fields(self, joined: str) -> Iterable[tuple[str, ...]]:
        """Cut repetitions into the fields of each segment: their numbers are those of the form."""
        flat = joined.replace(JOINT, self._element).split(self._element)
        rows = zip(*[iter(flat)] * self._width, strict=True)
        return rows if self.length == 1 else chain.from_iterable(map(self._cut, rows))
