"""Tells for every segment what it is called and where in the document it stands.

Validation decides; this names. It reads the same bytes by the same map, keeps each segment's place
in the file, and goes on where the map has no place for a segment, so that people can be shown the
whole document, the wrong parts too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from services.edi_gateway.x12.delimiters import Delimiters, read_isa
from services.edi_gateway.x12.differences import complete_folder, lineage
from services.edi_gateway.x12.matching import compiled_map
from services.edi_gateway.x12.rules import UNLIMITED, ElementRule, LoopRule, SegmentRule
from services.edi_gateway.x12.tokenizer import clean, segment_end, segment_offsets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.edi_gateway.x12.rules import SetMap

CONTROL_MAP = "x12.control.00401.xml"
DATA_ELEMENTS = "dataele.xml"


@dataclass(frozen=True, slots=True)
class LoopPlace:
    """One loop that a segment stands in: its id, its name, and which of its kind it is, from 1."""

    id: str
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class NamedSegment:
    """One segment as sent; `rule` is its place in the map, None when the map has none for it.

    `start` and `end` (after the terminator) count from the beginning of the bytes that were given.
    """

    fields: tuple[str, ...]
    start: int
    end: int
    rule: SegmentRule | None
    loops: tuple[LoopPlace, ...] = ()

    @property
    def id(self) -> str:
        """The segment's id."""
        return self.fields[0]


def name_transaction(
    data: bytes, delimiters: Delimiters, set_map: SetMap | None
) -> Iterator[NamedSegment]:
    """Name the segments of one ST-SE, in order; without a map they come without names."""
    pieces = zip(*_cut(data, delimiters), strict=True)
    if set_map is None:
        for fields, start, end in pieces:
            yield NamedSegment(fields, start, end, None)
        return
    compiled = compiled_map(set_map, delimiters.component)
    at = compiled.start
    walk = _Place()
    for number, (fields, start, end) in enumerate(pieces):
        if number == 0:
            yield NamedSegment(fields, start, end, compiled.check(at).rule)
            continue
        step = compiled.step(at, fields)
        if step is None:
            yield NamedSegment(fields, start, end, None, walk.loops)
            continue
        walk.leave(step.leaves)
        if isinstance(step.child, LoopRule):
            walk.enter(step.child)
        at = step.place
        yield NamedSegment(fields, start, end, step.check.rule, walk.loops)


def name_envelope(
    data: bytes, delimiters: Delimiters, rules: Mapping[str, SegmentRule]
) -> Iterator[NamedSegment]:
    """Name the segments of a stretch between transactions: ISA, TA1, GS, GE, IEA, and strays."""
    start = 0
    header = read_isa(data, 0)
    if header is not None:
        start = header.end
        yield NamedSegment(("ISA", *header.elements), 0, start, rules.get("ISA"))
    for fields, offset, end in zip(*_cut(data[start:], delimiters), strict=True):
        yield NamedSegment(fields, start + offset, start + end, rules.get(fields[0]))


@lru_cache(maxsize=16)
def envelope_rules(name: str, folder: Path | None = None) -> Mapping[str, SegmentRule]:
    """Return the segments of a guide's control map by their ids: what envelopes are made of."""
    with complete_folder(lineage(name, folder)) as path:
        described = ET.parse(path / DATA_ELEMENTS)  # noqa: S314  our own file
        control = ET.parse(path / CONTROL_MAP)  # noqa: S314  our own file
    elements = {str(element.get("ele_num")): element for element in described.iter("data_ele")}
    return {
        str(segment.get("xid")): _segment_rule(segment, elements)
        for segment in control.iter("segment")
    }


class _Place:
    """The loops that are open, and how many of each kind were seen where we stand."""

    def __init__(self) -> None:
        self.loops: tuple[LoopPlace, ...] = ()
        self._seen: list[dict[str, int]] = [{}]

    def leave(self, loops: int) -> None:
        """Close the innermost loops."""
        if loops:
            self.loops = self.loops[:-loops]
            del self._seen[-loops:]

    def enter(self, rule: LoopRule) -> None:
        """Open one more loop."""
        seen = self._seen[-1]
        number = seen[rule.id] = seen.get(rule.id, 0) + 1
        self.loops = (*self.loops, LoopPlace(rule.id, rule.name, number))
        self._seen.append({})


def _cut(data: bytes, delimiters: Delimiters) -> tuple[list[tuple[str, ...]], list[int], list[int]]:
    """Return the fields, start and end of every segment."""
    starts = segment_offsets(data, delimiters)
    ends = [segment_end(data, start, delimiters) for start in starts]
    texts = (
        clean(data[start:end].decode("latin-1").removesuffix(delimiters.segment))
        for start, end in zip(starts, ends, strict=True)
    )
    return [tuple(text.split(delimiters.element)) for text in texts], starts, ends


def _segment_rule(segment: ET.Element, elements: Mapping[str, ET.Element]) -> SegmentRule:
    return SegmentRule(
        key=0,
        id=str(segment.get("xid")),
        name=str(segment.get("name")),
        position=0,
        required=segment.get("usage") == "R",
        max_use=UNLIMITED,
        elements=tuple(
            _element_rule(element, elements[str(element.get("data_ele"))])
            for element in segment.iter("element")
        ),
    )


def _element_rule(element: ET.Element, described: ET.Element) -> ElementRule:
    return ElementRule(
        number=int(str(element.get("seq"))),
        name=str(element.get("name")),
        data_element=str(element.get("data_ele")),
        data_type=str(described.get("data_type")),
        min_length=int(str(described.get("min_len"))),
        max_length=int(str(described.get("max_len"))),
        required=element.get("usage") == "R",
    )
