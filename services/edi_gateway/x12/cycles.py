"""Runs of one small loop, read at once: an 820 pays hundreds of accounts in the same segments.

Where a document comes back to the same state after a few segments, the pattern of these segments
may repeat, and a whole stretch of repetitions is matched in one go.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from services.edi_gateway.x12.document import Loop, Segment

if TYPE_CHECKING:
    from collections.abc import Sequence

LENGTH_MAX = 8
"""Segments of one repetition."""

WINDOW = 128
"""Repetitions that are matched together."""

WORTHWHILE = 4
MISSES_MAX = 200
"""A cycle that so often gives fewer repetitions than are worthwhile is forgotten."""

JOINT = "\n"

_new_segment = tuple.__new__


class Cycle:
    """A loop that leads back to where it began: its first segment opens it, the others follow."""

    __slots__ = ("_component", "_element", "_matches", "_misses", "leaves", "length")

    def __init__(self, sources: Sequence[str], leaves: int, element: str, component: str) -> None:
        """Take the pattern of each segment; `leaves` loops are closed before it opens again."""
        self.length = len(sources)
        self.leaves = leaves
        self._matches = re.compile(f"(?:{JOINT.join(sources)}{JOINT})*").match
        self._element = element
        self._component = component
        self._misses = 0

    @property
    def is_worthwhile(self) -> bool:
        """Whether it is still worth trying."""
        return self._misses < MISSES_MAX

    def read(self, texts: Sequence[str], start: int, parent: Loop) -> list[Segment]:
        """Read repetitions from `texts[start]` on into loops of `parent`; none is no fault.

        Returns their segments.
        """
        length = self.length
        window = texts[start : start + length * WINDOW]
        joined = JOINT.join(window) + JOINT
        if joined.count(JOINT) != len(window):  # a text holds what stands between texts
            return []
        found = self._matches(joined)
        end = found.end() if found else 0
        count = len(window) if end == len(joined) else joined.count(JOINT, 0, end)
        if count < WORTHWHILE * length:
            self._misses += 1
            return []
        element, component = self._element, self._component
        segments = [
            _new_segment(Segment, (tuple(text.split(element)), position, component))
            for position, text in enumerate(window[:count], start=start + 1)
        ]
        name = segments[0][0][0]
        parent.children.extend(
            [Loop(name, segments[at : at + length], []) for at in range(0, count, length)]
        )
        return segments
