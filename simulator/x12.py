"""Writes and reads X12 files the way a utility's own translator would.

This is a second, independent and deliberately small implementation of the envelope rules of X12
004010. The services have their own codec; the two meet only as bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

Segment = tuple[str, ...]
"""One segment: its identifier, then its elements (element 1 is at index 1)."""

VERSION: Final = "004010"
FUNCTIONAL_IDS: Final = {
    "248": "SU",
    "814": "GE",
    "867": "PT",
    "810": "IN",
    "820": "RA",
    "824": "AG",
    "997": "FA",
    "999": "FA",
}
LATER_VERSIONS: Final = {"999": "005010"}
"""GS08 of the sets that are not of 004010."""
WRITE_CHUNK_BYTES: Final = 1 << 18
ISA_ELEMENTS: Final = 16


class UnreadableFileError(Exception):
    """A file from the back office breaks an envelope rule; the message says which and where."""


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The characters between elements, between components, and after a segment."""

    element: str
    component: str
    terminator: str
    line_end: str


STYLES: Final = {
    "standard": Delimiters("*", ">", "~", "\n"),
    "sce": Delimiters("\x1c", ">", "~", "\n"),
}
"""Delimiter sets by name; `sce` uses the control byte 0x1C that one utility really sends."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom, under which control number (ISA13 and GS06 are the same number)."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    control: int
    day: date
    usage_indicator: str
    written_at: str = "0600"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One ST–SE as read: the set, its control number and the segments between the two."""

    set_id: str
    control: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One GS–GE as read."""

    functional_id: str
    sender: str
    receiver: str
    control: int
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Interchange:
    """One ISA–IEA as read, with any TA1 segments that stood before the groups."""

    sender: str
    receiver: str
    control: int
    usage_indicator: str
    acknowledgments: tuple[Segment, ...]
    groups: tuple[Group, ...]


def element(segment: Segment, position: int) -> str:
    """Return element `position` of a segment, or an empty text when the sender left it off."""
    return segment[position] if position < len(segment) else ""


def write_interchange(
    stream: BinaryIO,
    envelope: Envelope,
    delimiters: Delimiters,
    set_id: str,
    transactions: Iterable[Sequence[Segment]],
) -> int:
    """Write one interchange with one group of one transaction set, and return how many sets.

    `transactions` holds the segments between ST and SE; ST02 counts from 0001. The text is
    written in chunks as it comes, so a file of any size costs little memory.
    """
    separator, end = delimiters.element, delimiters.terminator + delimiters.line_end
    lines: list[str] = [_isa(envelope, delimiters), _line(_gs(envelope, set_id), delimiters)]
    held = count = 0
    for body in transactions:
        count += 1
        control = f"{count:04d}"
        lines.append(f"ST{separator}{set_id}{separator}{control}{end}")
        for segment in body:
            text = separator.join(segment).rstrip(separator) + end
            held += len(text)
            lines.append(text)
        lines.append(f"SE{separator}{len(body) + 2}{separator}{control}{end}")
        if held > WRITE_CHUNK_BYTES:
            stream.write("".join(lines).encode("ascii"))
            lines.clear()
            held = 0
    lines.append(_line(("GE", str(count), str(envelope.control)), delimiters))
    lines.append(_line(("IEA", "1", f"{envelope.control:09d}"), delimiters))
    stream.write("".join(lines).encode("ascii"))
    return count


def _line(segment: Segment, delimiters: Delimiters) -> str:
    text = delimiters.element.join(segment).rstrip(delimiters.element)
    return text + delimiters.terminator + delimiters.line_end


def _isa(envelope: Envelope, delimiters: Delimiters) -> str:
    # ISA is the one segment of fixed width: padding must stay, so it is not trimmed.
    segment = (
        *("ISA", "00", " " * 10, "00", " " * 10),
        *(envelope.sender_qualifier, envelope.sender.ljust(15)),
        *(envelope.receiver_qualifier, envelope.receiver.ljust(15)),
        *(f"{envelope.day:%y%m%d}", envelope.written_at, "U", "00401"),
        *(f"{envelope.control:09d}", "0", envelope.usage_indicator, delimiters.component),
    )
    return delimiters.element.join(segment) + delimiters.terminator + delimiters.line_end


def _gs(envelope: Envelope, set_id: str) -> Segment:
    return (
        *("GS", FUNCTIONAL_IDS[set_id], envelope.sender, envelope.receiver),
        *(f"{envelope.day:%Y%m%d}", envelope.written_at, str(envelope.control), "X"),
        LATER_VERSIONS.get(set_id, VERSION),
    )


def read_interchanges(data: bytes) -> list[Interchange]:
    """Read every interchange of a file, strictly.

    Raises `UnreadableFileError` when an envelope is unbalanced, a count is wrong or a trailer
    does not repeat its header's control number: a utility would refuse such a file as a whole.
    """
    segments = _segments(data)
    found: list[Interchange] = []
    for segment in segments:
        if segment[0] != "ISA":
            message = f"expected ISA, found {segment[0]!r}"
            raise UnreadableFileError(message)
        found.append(_interchange(segment, segments))
    if not found:
        message = "the file is empty"
        raise UnreadableFileError(message)
    return found


def _segments(data: bytes) -> Iterator[Segment]:
    text = data.decode("latin-1")
    start = 0
    while start < len(text):
        if text[start : start + 3] != "ISA":
            message = f"no ISA at byte {start}"
            raise UnreadableFileError(message)
        separator = text[start + 3]
        terminator = text[start + 105 : start + 106]
        trailer = text.find(f"{terminator}IEA{separator}", start)
        if trailer < 0:  # most partners write a line break after the terminator
            trailer = text.find(f"\nIEA{separator}", start)
        end = text.find(terminator, trailer + 1) if trailer >= 0 else -1
        if not terminator or end < 0:
            message = f"the interchange at byte {start} has no IEA"
            raise UnreadableFileError(message)
        for piece in text[start:end].split(terminator):
            bare = piece.strip("\r\n")
            if bare:
                yield tuple(bare.split(separator))
        start = end + 1
        while start < len(text) and text[start] in "\r\n":
            start += 1


def _interchange(isa: Segment, segments: Iterator[Segment]) -> Interchange:
    if len(isa) != ISA_ELEMENTS + 1:
        message = f"ISA has {len(isa) - 1} elements"
        raise UnreadableFileError(message)
    notes: list[Segment] = []
    groups: list[Group] = []
    for segment in segments:
        if segment[0] == "TA1":
            notes.append(segment)
        elif segment[0] == "GS":
            groups.append(_group(segment, segments))
        elif segment[0] == "IEA":
            _agree("IEA", segment, len(groups), isa[13])
            return Interchange(
                isa[6].rstrip(), isa[8].rstrip(), int(isa[13]), isa[15], tuple(notes), tuple(groups)
            )
        else:
            break
    message = f"interchange {isa[13]} is not closed where it should be"
    raise UnreadableFileError(message)


def _group(gs: Segment, segments: Iterator[Segment]) -> Group:
    transactions: list[Transaction] = []
    for segment in segments:
        if segment[0] == "ST":
            transactions.append(_transaction(segment, segments))
        elif segment[0] == "GE":
            _agree("GE", segment, len(transactions), gs[6])
            return Group(gs[1], gs[2], gs[3], int(gs[6]), tuple(transactions))
        else:
            break
    message = f"group {element(gs, 6)} is not closed where it should be"
    raise UnreadableFileError(message)


def _transaction(st: Segment, segments: Iterator[Segment]) -> Transaction:
    body: list[Segment] = []
    for segment in segments:
        if segment[0] == "SE":
            _agree("SE", segment, len(body) + 2, st[2])
            return Transaction(st[1], st[2], tuple(body))
        if segment[0] in {"ST", "GE", "IEA"}:
            break
        body.append(segment)
    message = f"transaction {st[2]} has no SE"
    raise UnreadableFileError(message)


def _agree(name: str, trailer: Segment, count: int, control: str) -> None:
    if int(element(trailer, 1)) != count or int(element(trailer, 2)) != int(control):
        message = f"{name} says {trailer[1:]}, expected count {count} and control {control}"
        raise UnreadableFileError(message)
