"""One document with what both readers say of it, ready to be compared.

Notes are those of our 997; pyx12's are put into the same form. `intended.py` says what may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from services.edi_gateway.x12.matching import CompiledMap
from services.edi_gateway.x12.rules import LoopRule
from tests.unit.edi_gateway.x12.spoiling import Spot, spots

if TYPE_CHECKING:
    from services.edi_gateway.x12.oracle import ReferenceNote

SEGMENT_LEVEL = 0


class Note(NamedTuple):
    """One line of a 997: an AK3 when `element` is 0, otherwise an AK4 below an AK3 of code 8."""

    position: int
    segment_id: str
    loop_id: str
    code: str
    element: int = SEGMENT_LEVEL
    component: int = 0
    data_element: str = ""
    value: str = ""

    def is_about(self, other: Note) -> bool:
        """Whether both are about the same segment."""
        return self[:3] == other[:3]


@dataclass(slots=True)
class Case:
    """One document with what both say of it; differences take away what they explain.

    `loops` names the loop in which each of us puts each segment, from the ST on; `until` is the
    position from which we stand at different places of the map, so that nothing more is compared.
    """

    segments: Sequence[str]
    compiled: CompiledMap
    accepted: bool
    ours: set[Note]
    theirs: set[Note]
    their_loops: Sequence[str]
    beside: set[Note] = field(default_factory=set)
    fault: str = ""
    until: int | None = None
    same_verdict: bool = False
    _spots: dict[int, Spot] = field(default_factory=dict)

    def apart(self) -> int | None:
        """Return the first position to which we and pyx12 give different places."""
        names = loop_names(self.compiled)
        for position, theirs in enumerate(self.their_loops[1:], start=2):
            spot = self.spot(position)
            if theirs != ("" if spot is None else names[spot.rule.key]):
                return None if position == self.until else position
        return None

    def fields(self, note: Note) -> list[str]:
        """Return the elements of the segment that a note stands at."""
        return self.segments[note.position - 1].split("*")

    def value(self, note: Note) -> str:
        """Return the element or component that a note is about, as sent."""
        fields = self.fields(note)
        value = fields[note.element] if note.element < len(fields) else ""
        return value.split(">")[note.component - 1] if note.component else value

    def spot(self, position: int) -> Spot | None:
        """Return the place that we give the segment at a position."""
        if not self._spots:
            body = spots(self.compiled, self.segments[1:])
            self._spots = {spot.at + 2: spot for spot in body}
        return self._spots.get(position)

    def agree(self) -> None:
        """Take away what both say."""
        both = self.ours & self.theirs
        self.ours -= both
        self.theirs -= both

    def cut(self, position: int) -> None:
        """Compare nothing from this position on, where pyx12 may have broken down as well."""
        self.until = position if self.until is None else min(position, self.until)
        if len(self.their_loops) >= position:
            self.fault = ""
        self.ours = {note for note in self.ours if note.position < position}
        self.theirs = {note for note in self.theirs if note.position < position}

    @property
    def is_settled(self) -> bool:
        """Whether the verdicts, every note and every place are the same or explained."""
        left = self.ours or self.theirs or self.fault or self.apart() is not None
        return self.same_verdict and not left


@cache
def loop_names(compiled: CompiledMap) -> dict[int, str]:
    """Return the name of the loop around each segment place of a map."""
    return {
        child.key: loop.name
        for loop in loops(compiled.map.root)
        for child in loop.children
        if not isinstance(child, LoopRule)
    }


def loops(loop: LoopRule) -> Iterator[LoopRule]:
    """Every loop of a map, from the outermost."""
    yield loop
    for child in loop.children:
        if isinstance(child, LoopRule):
            yield from loops(child)


def as_note(theirs: ReferenceNote) -> Note:
    """Return pyx12's note as our 997 would print it."""
    return Note(
        theirs.position,
        printed(theirs.segment_id)[:3] or "???",
        theirs.loop_id,
        theirs.code,
        theirs.element,
        theirs.component,
        theirs.data_element,
        printed(theirs.value),
    )


def printed(value: str) -> str:
    """Write a bad value with the signs that no separator can be."""
    kept = (c if (c.isascii() and c.isalnum()) or c in " .,-/" else "?" for c in value)
    return "".join(kept)[:99].rstrip()
