"""Writes interchanges: pads the header, counts everything, and lets nothing break the envelope.

X12 has no escape character, so one separator inside a customer's name would ruin a whole file. The
writer therefore refuses any value that holds a separator or a sign outside the character set;
`clean_text` is how free text is made fit beforehand. Control numbers are given by the caller, who
keeps them without gaps; counts are the writer's own.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from services.edi_gateway.x12.delimiters import Delimiters
from services.edi_gateway.x12.values import CHARSET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from services.edi_gateway.x12.envelope import Party

Element = str | tuple[str, ...]
"""One element to write: text, or the components of a composite."""

OutboundSegment = tuple[Element, ...]
"""One segment to write, its id first."""

COMMON_SEPARATORS = "*~>:^|\\"
"""Separators any partner may have chosen: free text avoids them all."""

INTERCHANGE_CONTROL_MAX = 999_999_999

_UNFIT = re.compile(r"""[^A-Z0-9!"&'()+,\-./;?= %@\[\]_{}#$]""")
_WRITABLE = re.compile(r"""[A-Za-z0-9!"&'()*+,\-./:;?= %~@\[\]_{}\\|<>#$]*\Z""")


class UnwritableValueError(ValueError):
    """A value holds a separator, a control character or a sign X12 does not know."""


@dataclass(frozen=True, slots=True)
class OutboundTransaction:
    """One ST-SE to write: `segments` are those between ST and SE."""

    set_id: str
    control_number: str
    segments: tuple[OutboundSegment, ...]


@dataclass(frozen=True, slots=True)
class OutboundGroup:
    """One GS-GE to write."""

    functional_id: str
    sender: str
    receiver: str
    control_number: int
    transactions: tuple[OutboundTransaction, ...]
    version: str = "004010"


@dataclass(frozen=True, slots=True)
class OutboundEnvelope:
    """The ISA to write. `at` is the instant in the zone the partner expects to read."""

    sender: Party
    receiver: Party
    control_number: int
    at: datetime
    usage_indicator: str
    ack_requested: bool = False
    version: str = "00401"
    delimiters: Delimiters = field(default_factory=Delimiters)
    line_end: str = "\n"


def write_interchange(
    envelope: OutboundEnvelope,
    groups: Sequence[OutboundGroup],
    acknowledgments: Iterable[OutboundSegment] = (),
) -> bytes:
    """Write one interchange with its groups, and any TA1 before them.

    Raises UnwritableValueError naming the segment when a value cannot be sent as it is.
    """
    pen = _Pen(envelope.delimiters, envelope.line_end)
    number = f"{envelope.control_number:09d}"
    pen.raw(_isa(envelope, number))
    for acknowledgment in acknowledgments:
        pen.segment(acknowledgment)
    for group in groups:
        _write_group(pen, envelope, group)
    pen.segment(("IEA", str(len(groups)), number))
    return pen.result()


def clean_text(text: str, max_length: int = 0, separators: str = COMMON_SEPARATORS) -> str:
    """Make free text fit to send: upper case, no accents, no separators, single blanks.

    Upper case by the utilities' agreement of 1999-01-21. `max_length` 0 keeps everything.
    """
    plain = unicodedata.normalize("NFKD", text.upper()).encode("ascii", "ignore").decode("ascii")
    for separator in separators:
        plain = plain.replace(separator, " ")
    plain = " ".join(_UNFIT.sub(" ", plain).split())
    return plain[:max_length].rstrip() if max_length else plain


def _write_group(pen: _Pen, envelope: OutboundEnvelope, group: OutboundGroup) -> None:
    at = envelope.at
    pen.segment(
        (
            "GS",
            group.functional_id,
            group.sender,
            group.receiver,
            f"{at:%Y%m%d}",
            f"{at:%H%M}",
            str(group.control_number),
            "X",
            group.version,
        )
    )
    for transaction in group.transactions:
        pen.segment(("ST", transaction.set_id, transaction.control_number))
        for segment in transaction.segments:
            pen.segment(segment)
        count = len(transaction.segments) + 2
        pen.segment(("SE", str(count), transaction.control_number))
    pen.segment(("GE", str(len(group.transactions)), str(group.control_number)))


def _isa(envelope: OutboundEnvelope, number: str) -> str:
    sender, receiver, signs = envelope.sender, envelope.receiver, envelope.delimiters
    if not 0 < envelope.control_number <= INTERCHANGE_CONTROL_MAX:
        message = f"ISA13 {envelope.control_number} does not fit nine digits."
        raise UnwritableValueError(message)
    elements = (
        "00",
        " " * 10,
        "00",
        " " * 10,
        f"{sender.qualifier:<2}",
        f"{sender.id:<15}",
        f"{receiver.qualifier:<2}",
        f"{receiver.id:<15}",
        f"{envelope.at:%y%m%d}",
        f"{envelope.at:%H%M}",
        signs.repetition or "U",
        envelope.version,
        number,
        "1" if envelope.ack_requested else "0",
        envelope.usage_indicator,
    )
    text = "".join(elements)
    if signs.element in text or signs.component in text or signs.segment in text:
        message = f"The ISA header for {sender.id} and {receiver.id} holds a separator in a value."
        raise UnwritableValueError(message)
    isa = signs.element.join(("ISA", *elements, signs.component)) + signs.segment
    if len(isa) != len(signs.segment) + 105:
        message = f"The ISA header for {sender.id} and {receiver.id} has not its fixed length."
        raise UnwritableValueError(message)
    return isa


@lru_cache(maxsize=64)
def _plain_text(delimiters: Delimiters) -> Callable[[str], re.Match[str] | None]:
    """Match a joined segment that holds nothing but plain values and the element separator."""
    others = set(delimiters.active) - {delimiters.element}
    signs = "".join(re.escape(sign) for sign in CHARSET + " " if sign not in others)
    return re.compile(rf"[{signs}{re.escape(delimiters.element)}]+").fullmatch


class _Pen:
    """Joins segments with one set of separators and refuses what would break them."""

    def __init__(self, delimiters: Delimiters, line_end: str) -> None:
        self._signs = delimiters
        self._line_end = "" if delimiters.segment in ("\n", "\r") else line_end
        self._parts: list[str] = []
        self._ending = delimiters.segment + self._line_end
        self._plain = _plain_text(delimiters)

    def raw(self, text: str) -> None:
        self._parts.append(text + self._line_end)

    def segment(self, segment: OutboundSegment) -> None:
        """Write one segment, trailing empty elements and components left out."""
        element = self._signs.element
        try:
            text = element.join(segment)  # type: ignore[arg-type]  # composites go the long way
        except TypeError:
            text = ""
        if text.count(element) == len(segment) - 1 and self._plain(text):
            self._parts.append(text.rstrip(element) + self._ending)
            return
        fields = [self._element(segment, element) for element in segment]
        while len(fields) > 1 and not fields[-1]:
            fields.pop()
        self.raw(self._signs.element.join(fields) + self._signs.segment)

    def result(self) -> bytes:
        return "".join(self._parts).encode("latin-1")

    def _element(self, segment: OutboundSegment, element: Element) -> str:
        if isinstance(element, tuple):
            parts = [self._value(segment, part) for part in element]
            while parts and not parts[-1]:
                parts.pop()
            return self._signs.component.join(parts)
        return self._value(segment, element)

    def _value(self, segment: OutboundSegment, value: str) -> str:
        held = any(sign in value for sign in self._signs.active)
        if held or not _WRITABLE.match(value):
            message = f"{segment[0]} value '{value}' cannot be sent: it holds a sign of the syntax."
            raise UnwritableValueError(message)
        return value
