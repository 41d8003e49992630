"""A transaction as a tree one can ask: the read side that every translator is written on.

`transaction.first("REF", "12").element(2)` is the account number, or an empty string when it was
not sent. Absent segments and loops answer like empty ones, so that a shorter document than the
longest possible never raises: senders cut trailing elements at will.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Segment(NamedTuple):
    """One segment: `fields[0]` is its id, `fields[n]` its element n as sent.

    `position` counts from the ST as 1; an absent segment has no fields and is false.
    """

    fields: tuple[str, ...]
    position: int = 0
    component_separator: str = ""

    @property
    def id(self) -> str:
        """The segment's id, empty for an absent segment."""
        return self.fields[0] if self.fields else ""

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements as sent, without the id."""
        return self.fields[1:]

    @property
    def qualifier(self) -> str:
        """The first component of the first element, by which segments of one id are told apart."""
        if len(self.fields) < 2:  # noqa: PLR2004 - the id and one element
            return ""
        value, separator = self.fields[1], self.component_separator
        return value.partition(separator)[0] if separator else value

    def first_elements(self, count: int) -> tuple[str, ...]:
        """So many elements from the first, for one assignment; empty where not sent."""
        sent = self.fields[1 : count + 1]
        return sent if len(sent) == count else sent + ("",) * (count - len(sent))

    def element(self, number: int, component: int | None = None) -> str:
        """Element `number` from 1, or one component of it from 1; empty when not sent."""
        if not 0 < number < len(self.fields):
            return ""
        value = self.fields[number]
        if component is None:
            return value
        parts = self.components(number)
        return parts[component - 1] if 0 < component <= len(parts) else ""

    def components(self, number: int) -> tuple[str, ...]:
        """Return the parts of a composite element; one part when it holds no separator."""
        value = self.element(number)
        if not value:
            return ()
        separator = self.component_separator
        return tuple(value.split(separator)) if separator else (value,)

    def __bool__(self) -> bool:
        """Whether the segment was sent."""
        return bool(self.fields)


ABSENT_SEGMENT = Segment(())


class Loop(NamedTuple):
    """A loop of the document: its own segments in order, and the loops inside it in order.

    `id` is the id of its first segment, which is also how the standard names loops. Its lists are
    filled by the reader of the document and only read afterwards. An absent loop is false.
    """

    id: str
    segments: list[Segment]
    children: list[Loop]

    @property
    def header(self) -> Segment:
        """The segment that opens the loop."""
        return self.segments[0] if self.segments else ABSENT_SEGMENT

    @property
    def qualifier(self) -> str:
        """The first element of the opening segment: `8S` of an N1 loop, `PM` of a PTD loop."""
        return self.header.qualifier

    def first(self, segment_id: str, qualifier: str | None = None) -> Segment:
        """Return the first own segment of that id (and first element); absent when none."""
        for segment in self.segments:
            if segment.fields[0] == segment_id and (
                qualifier is None or segment.qualifier == qualifier
            ):
                return segment
        return ABSENT_SEGMENT

    def all(self, segment_id: str, qualifier: str | None = None) -> tuple[Segment, ...]:
        """Every own segment of that id (and first element), in order."""
        return tuple(
            segment
            for segment in self.segments
            if segment.fields[0] == segment_id
            and (qualifier is None or segment.qualifier == qualifier)
        )

    def value(self, segment_id: str, number: int, qualifier: str | None = None) -> str:
        """Element `number` of the first own segment of that id; empty when not sent."""
        return self.first(segment_id, qualifier).element(number)

    def loops(self, loop_id: str, qualifier: str | None = None) -> tuple[Loop, ...]:
        """Every loop directly inside that opens with this segment (and first element)."""
        return tuple(
            child
            for child in self.children
            if child.id == loop_id and (qualifier is None or child.qualifier == qualifier)
        )

    def loop(self, loop_id: str, qualifier: str | None = None) -> Loop:
        """Return the first such loop; absent when none."""
        for child in self.children:
            if child.id == loop_id and (qualifier is None or child.qualifier == qualifier):
                return child
        return ABSENT_LOOP

    def walk(self) -> Iterator[Segment]:
        """Every segment of this loop and the loops inside, in the order they were sent."""
        yield from sorted(_gather(self), key=lambda segment: segment.position)

    def __bool__(self) -> bool:
        """Whether the loop was sent."""
        return bool(self.segments)


def _gather(loop: Loop) -> Iterator[Segment]:
    yield from loop.segments
    for child in loop.children:
        yield from _gather(child)


ABSENT_LOOP = Loop("", [], [])


class Transaction(NamedTuple):
    """One accepted ST-SE: the flat segments as sent, and the same as a tree under `root`."""

    set_id: str
    control_number: str
    segments: tuple[Segment, ...]
    root: Loop

    def first(self, segment_id: str, qualifier: str | None = None) -> Segment:
        """Return the first header-level segment of that id; absent when none."""
        return self.root.first(segment_id, qualifier)

    def all(self, segment_id: str, qualifier: str | None = None) -> tuple[Segment, ...]:
        """Every header-level segment of that id."""
        return self.root.all(segment_id, qualifier)

    def value(self, segment_id: str, number: int, qualifier: str | None = None) -> str:
        """Element `number` of the first header-level segment of that id; empty when not sent."""
        return self.root.value(segment_id, number, qualifier)

    def loops(self, loop_id: str, qualifier: str | None = None) -> tuple[Loop, ...]:
        """Every top-level loop that opens with this segment (and first element)."""
        return self.root.loops(loop_id, qualifier)

    def loop(self, loop_id: str, qualifier: str | None = None) -> Loop:
        """Return the first such top-level loop; absent when none."""
        return self.root.loop(loop_id, qualifier)
