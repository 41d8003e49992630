"""Finds the place in a map where the next segment belongs, and remembers the way.

A document is walked segment by segment. From the place of the last segment the next one is looked
for: first further on in the same loop, then in the loop around it, and so on outwards. That way
depends only on where we stand and on the segment's id (and key), so each way is worked out once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.edi_gateway.x12.remembering import (
    LENGTH_MAX,
    PLACE_ENTRIES,
    WAY_ENTRIES,
    Memory,
    Readers,
    Share,
)
from services.edi_gateway.x12.rules import LoopRule, SegmentRule, SetMap
from services.edi_gateway.x12.segment_check import SegmentCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

REMEMBERED_STEPS_MAX = 50_000


@dataclass(frozen=True, slots=True)
class Step:
    """The way from one place to the next.

    `leaves` loops are closed, then `child` is entered: a segment, or a loop by its first segment.
    `required` lists what must have come before, as (loops up from the start, child).
    """

    leaves: int
    child: SegmentRule | LoopRule
    key: int
    enters: bool
    max_use: int
    required: tuple[tuple[int, SegmentRule | LoopRule], ...]
    check: SegmentCheck
    place: int


class CompiledMap:
    """A SetMap made ready to walk, under one component separator."""

    __slots__ = ("_checks", "_keyed", "_outward", "_share", "_steps", "end", "map", "start")

    def __init__(
        self, set_map: SetMap, component_separator: str, share: Share | None = None
    ) -> None:
        """Lay out every place of the map and the loops around it.

        What is remembered counts to `share`; without one the map has a memory of its own.
        """
        self.map = set_map
        self._share = share = share or Share(Memory())
        self.start = set_map.root.opening.key
        self.end = set_map.root.children[-1].opening.key
        self._steps: dict[tuple[int, str, str], Step | None] = {}
        self._checks: dict[int, SegmentCheck] = {}
        self._outward: dict[int, tuple[tuple[LoopRule, int], ...]] = {}
        self._keyed: set[str] = set()
        for rule, outward in _places(set_map.root, ()):
            self._checks[rule.key] = SegmentCheck(rule, component_separator, share)
            self._outward[rule.key] = outward
            if rule.keys:
                self._keyed.add(rule.id)
        if not share.take(PLACE_ENTRIES * len(self._checks)):
            share.end()

    def check(self, place: int) -> SegmentCheck:
        """Return the element checks of the segment at a place."""
        return self._checks[place]

    def is_keyed(self, segment_id: str) -> bool:
        """Whether the first element decides where a segment of this id belongs."""
        return segment_id in self._keyed

    def limits(self) -> Iterator[int]:
        """How often each segment and loop of the map may come."""
        return _limits(self.map.root)

    def step(self, place: int, fields: tuple[str, ...]) -> Step | None:
        """Return the way from `place` to where this segment belongs; None when nowhere."""
        segment_id = fields[0]
        value = fields[1] if segment_id in self._keyed and len(fields) > 1 else ""
        key = (place, segment_id, value)
        try:
            return self._steps[key]
        except KeyError:
            step = self._find(place, segment_id, value, strict=True) or self._find(
                place, segment_id, value, strict=False
            )
            small = len(segment_id) + len(value) <= LENGTH_MAX
            if len(self._steps) < REMEMBERED_STEPS_MAX and small and self._share.take(WAY_ENTRIES):
                self._steps[key] = step
            return step

    def _find(self, place: int, segment_id: str, value: str, *, strict: bool) -> Step | None:
        """Look outwards for the place; not `strict` also takes a segment with a wrong key.

        A wrong key at the only possible place is one bad code, not a missing segment and a stray.
        """
        required: list[tuple[int, SegmentRule | LoopRule]] = []
        for up, (loop, position) in enumerate(self._outward[place]):
            for child in loop.children[1:]:
                opening = child.opening
                if child.position < position or opening.id != segment_id:
                    continue
                if strict and opening.keys and value not in opening.keys:
                    continue
                required += _required(loop, up, position, child.position)
                return Step(
                    leaves=up,
                    child=child,
                    key=child.key,
                    enters=isinstance(child, LoopRule),
                    max_use=child.max_use,
                    required=tuple(required),
                    check=self._checks[opening.key],
                    place=opening.key,
                )
            required += _required(loop, up, position, None)
        return None


def _compiled(share: Share, set_map: SetMap, component_separator: str) -> CompiledMap:
    return CompiledMap(set_map, component_separator, share)


_COMPILED = Readers(_compiled)


def compiled_map(set_map: SetMap, component_separator: str) -> CompiledMap:
    """Return a map made ready to walk, with what it remembers from before."""
    return _COMPILED.get(set_map, component_separator)


def _limits(loop: LoopRule) -> Iterator[int]:
    for child in loop.children:
        yield child.max_use
        if isinstance(child, LoopRule):
            yield from _limits(child)


def _required(
    loop: LoopRule, up: int, since: int, until: int | None
) -> list[tuple[int, SegmentRule | LoopRule]]:
    return [
        (up, child)
        for child in loop.children[1:]
        if child.required and child.position >= since and (until is None or child.position < until)
    ]


def _places(
    loop: LoopRule, around: tuple[tuple[LoopRule, int], ...]
) -> Iterator[tuple[SegmentRule, tuple[tuple[LoopRule, int], ...]]]:
    """Every segment place with the loops around it, innermost first, and where we stand in each."""
    for child in loop.children:
        here = ((loop, child.position), *around)
        if isinstance(child, LoopRule):
            yield from _places(child, here)
        else:
            yield child, here
