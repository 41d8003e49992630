"""Which signs separate the parts of a file: read from each interchange's own header.

Utilities choose their own signs (SCE sends the byte 0x1C between elements, others end a segment
with a bare line feed), and many headers are not the 106 bytes the standard asks for. So nothing
here is a constant: the element separator is the byte after `ISA`, and the rest is found by counting
sixteen elements. Bytes are read as latin-1 throughout: one byte is one character, offsets hold.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass

ISA_ELEMENT_COUNT = 16
ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
ISA_SEARCH_BYTES = 512
"""How far a header may reach before it stops being a header."""

FIRST_VERSION_WITH_REPETITION = "00402"

_WIDTHS_MAX_FROM_11 = (1, 8, 15, 1, 1)
"""How long ISA11 to ISA15 may be to be told apart at all: senders write `004010` into ISA12 and
more than nine digits into ISA13."""

_OPENING = re.compile(rb"I[\r\n]*S[\r\n]*A[\r\n]*(.)", re.DOTALL)
_WRAPPED_TERMINATOR = re.compile(
    rb"[\r\n]+([^A-Za-z0-9\s])(?=[\r\n]*(?:G[\r\n]*S|T[\r\n]*A[\r\n]*1|I[\r\n]*E[\r\n]*A))"
)
_TERMINATOR = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{1,3}|.", re.DOTALL)
_BREAK = re.compile(rb"[\r\n]")
_NEWLINES = str.maketrans("", "", "\r\n")


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The separators of one interchange, as latin-1 text; `repetition` is None before 00402."""

    element: str = "*"
    component: str = ">"
    segment: str = "~"
    repetition: str | None = None

    @property
    def active(self) -> tuple[str, ...]:
        """Every separator in use: none of these may stand inside a value."""
        signs = (self.element, self.component, self.segment, self.repetition)
        return tuple(sign for sign in signs if sign)


@dataclass(frozen=True, slots=True)
class IsaHeader:
    """An interchange header as it was read: sixteen raw elements, separators, where it ends.

    `end` is the offset after the terminator. `wrapped` tells that line breaks were found inside.
    """

    elements: tuple[str, ...]
    delimiters: Delimiters
    end: int
    wrapped: bool = False

    def trimmed(self, number: int) -> str:
        """Return element `number` (1 to 16) without its padding."""
        return self.elements[number - 1].strip()


def read_isa(data: bytes | mmap.mmap, start: int = 0) -> IsaHeader | None:
    """Read the header that begins at `start`; None when no sixteen elements can be told apart."""
    window = data[start : start + ISA_SEARCH_BYTES]
    opening = _OPENING.match(window)
    sign = opening.group(1) if opening else b""
    if not _can_separate(sign):
        return None
    parts = window.split(sign, ISA_ELEMENT_COUNT)
    if len(parts) <= ISA_ELEMENT_COUNT:
        return None
    raw = [part.decode("latin-1") for part in parts[1:ISA_ELEMENT_COUNT]]
    tail = parts[ISA_ELEMENT_COUNT]
    header = len(window) - len(tail)
    elements = raw
    if _BREAK.search(window, 0, header):
        elements = [element.translate(_NEWLINES) for element in raw]
    if any(len(e.strip()) > w for e, w in zip(elements[10:], _WIDTHS_MAX_FROM_11, strict=True)):
        return None
    component, ending = _split_tail(tail, sign)
    wrapped = _WRAPPED_TERMINATOR.match(ending)
    found = wrapped or _TERMINATOR.match(ending)
    terminator = found.group(found.lastindex or 0) if found else b""
    if found is None or not _can_separate(terminator):
        return None
    return IsaHeader(
        elements=(*elements, component),
        delimiters=Delimiters(
            element=sign.decode("latin-1"),
            component=component,
            segment=terminator.decode("latin-1"),
            repetition=_repetition(elements[10], elements[11].strip(), sign, component),
        ),
        end=start + header + len(tail) - len(ending) + found.end(),
        wrapped=elements != raw or wrapped is not None,
    )


def _split_tail(tail: bytes, sign: bytes) -> tuple[str, bytes]:
    """Part ISA16 from what follows; ISA16 is empty when the next segment follows at once."""
    if tail[1:].startswith((b"GS" + sign, b"TA1" + sign, b"IEA" + sign)):
        return "", tail
    unbroken = tail.lstrip(b"\r\n")
    return unbroken[:1].decode("latin-1"), unbroken[1:]


def _repetition(isa11: str, version: str, sign: bytes, component: str) -> str | None:
    """ISA11 separates repetitions only from version 00402, and a letter never does.

    Before that it names the standard (`U`); some partners leave the `U` in place in later versions.
    """
    if len(isa11) != 1 or version < FIRST_VERSION_WITH_REPETITION or not version.isdigit():
        return None
    if isa11.isalnum() or isa11 == " " or isa11 in (sign.decode("latin-1"), component):
        return None
    return isa11


def _can_separate(sign: bytes) -> bool:
    return bool(sign) and not sign.isalnum() and sign not in (b" ", b"\t", b"\v", b"\f")
