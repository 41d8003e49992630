"""Where a document can stand while it is read, and the ways from there that were learned.

A state is a place in the map together with how often each child of every open loop came: what may
follow depends on nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from services.edi_gateway.x12.document import Segment
from services.edi_gateway.x12.rules import UNLIMITED
from services.edi_gateway.x12.values import Problem

if TYPE_CHECKING:
    from services.edi_gateway.x12.cycles import Cycle
    from services.edi_gateway.x12.matching import CompiledMap, Step
    from services.edi_gateway.x12.patterns import SegmentPattern

PREFIX_LENGTH = 6
COUNTED_MAX = 100
"""Segments that may come more often are not counted here: longer documents with such a place in
their map go to the reference when they could reach the limit."""

Counts = tuple[tuple[int, int], ...]
"""How often each child of one open loop came, by key, in order of keys."""

Spot = tuple[int, tuple[Counts, ...]]
"""Where a document stands: the place in the map, and the counts of every open loop."""

Fields = tuple[str, ...]

Move = tuple["State", int, bool, Segment, tuple[Problem, ...]]
"""One step of a document: the state it leads to, how many loops it leaves, whether it enters one,
the segment, which often stands at the same position in the next document too, and its faults."""

Report = Callable[[Sequence[Problem], Segment], None]
"""Takes the faults of a segment while its loops are open."""

Matcher = Callable[[str], "re.Match[str] | None"]


class State:
    """Where a document can stand, and the ways onwards that were learned."""

    __slots__ = ("cycle", "patterns", "place", "remembers", "spot", "texts")

    def __init__(self, spot: Spot) -> None:
        """Make a state without any way onwards."""
        self.spot = spot
        self.place = spot[0]
        self.remembers = True
        self.cycle: Cycle | None = None
        self.texts: dict[str, Move] = {}
        self.patterns: dict[str, list[tuple[Matcher, Move, SegmentPattern]]] = {}

    def known(self, text: str) -> Move | None:
        """Return the way of a text by a learned pattern; the segment is that of another text."""
        for matches, move, _ in self.patterns.get(text[:PREFIX_LENGTH], ()):
            if matches(text):
                return move
        return None


def spot_after(spot: Spot, step: Step) -> Spot | None:
    """Where the step leads; None when it leaves something required out or comes too often."""
    open_loops = spot[1]
    for up, child in step.required:
        if not any(key == child.key for key, _ in open_loops[-1 - up]):
            return None
    if step.leaves:
        open_loops = open_loops[: -step.leaves]
    seen = dict(open_loops[-1])
    times = seen.get(step.key, 0) + 1
    if times > step.max_use:
        return None
    seen[step.key] = times if step.max_use <= COUNTED_MAX else 1
    open_loops = (*open_loops[:-1], tuple(sorted(seen.items())))
    return step.place, (*open_loops, ()) if step.enters else open_loops


def uncounted_limit(compiled: CompiledMap) -> int:
    """How many segments a document may have so that no uncounted place can come too often."""
    limits = [use for use in compiled.limits() if COUNTED_MAX < use < UNLIMITED]
    return min(limits, default=UNLIMITED)


def is_flat(moves: Sequence[Move | None]) -> bool:
    """Whether these moves leave one loop and open another, and then stay within it."""
    shape = [(move[1], move[2]) for move in moves if move is not None]
    return shape[0] == (1, True) and all(one == (0, False) for one in shape[1:])
