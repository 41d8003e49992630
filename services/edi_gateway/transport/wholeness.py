"""Looks at the first and last bytes of a file and says whether an X12 file was cut short.

A utility's upload may stop at any byte. An interchange ends with an IEA segment, so a file that
begins with ISA and does not end with a finished IEA is not whole (X12.5, interchange envelope).
"""

from __future__ import annotations

from enum import StrEnum
from typing import BinaryIO

HEAD_BYTES = 512
TAIL_BYTES = 4096
_ISA_BYTES = 106  # ISA is the one segment of fixed width: its last byte is the terminator
_ELEMENT_AT = 3
_TERMINATOR_AT = 105
_BLANK = b" \t\r\n\x00"
_FILLER = _BLANK + b"\x1a"  # Ctrl-Z, which older hosts write at the end of a file
_BOM = b"\xef\xbb\xbf"
_IEA_MAX_BYTES = 64


class Wholeness(StrEnum):
    """What the two ends of a file tell."""

    WHOLE = "whole"
    """X12, and the last thing in it is a finished IEA."""
    CUT = "cut"
    """Begins like X12 and has no trailer at its end."""
    FOREIGN = "foreign"
    """Not X12, or empty: its end cannot be recognised."""


def judge(file: BinaryIO, size: int) -> Wholeness:
    """Read the two ends of an open file of `size` bytes and judge them."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(max(0, size - TAIL_BYTES))
    return judge_ends(head, file.read(TAIL_BYTES))


def judge_ends(head: bytes, tail: bytes) -> Wholeness:
    """Judge by the first and the last bytes of a file (they may overlap)."""
    start = head.removeprefix(_BOM).lstrip(_BLANK)
    if not start or not (start.startswith(b"ISA") or b"ISA".startswith(start)):
        return Wholeness.FOREIGN
    if len(start) < _ISA_BYTES:
        return Wholeness.CUT
    return Wholeness.WHOLE if _ends_with_trailer(start, tail) else Wholeness.CUT


def _ends_with_trailer(start: bytes, tail: bytes) -> bool:
    element = start[_ELEMENT_AT : _ELEMENT_AT + 1]
    terminator = start[_TERMINATOR_AT : _TERMINATOR_AT + 1]
    at = tail.rfind(b"IEA" + element)
    if at < 0 or tail[:at].rstrip(_BLANK + terminator) == tail[:at]:
        return False
    trailer = tail[at:]
    end = trailer.find(terminator)
    return 0 < end <= _IEA_MAX_BYTES and not trailer[end:].strip(_FILLER + terminator)
