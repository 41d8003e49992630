"""Pass 1 over a file: finds every envelope and transaction without reading what is inside.

It answers three questions before any content is trusted: is this X12 at all, is it complete, and
do its own counts and control numbers agree? Its findings become the TA1 and the AK5 and AK9 of
the 997. It goes on after every error, so that one bad envelope never hides the next.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from services.edi_gateway.x12.assembly import InterchangeAssembly
from services.edi_gateway.x12.delimiters import read_isa
from services.edi_gateway.x12.envelope import FileScan, Interchange
from services.edi_gateway.x12.findings import Finding
from services.edi_gateway.x12.tokenizer import (
    PADDING,
    UTF8_BOM,
    clean,
    find_interchange,
    segment_end,
    split_segments,
)

if TYPE_CHECKING:
    from services.edi_gateway.x12.delimiters import Delimiters
    from services.edi_gateway.x12.tokenizer import InterchangeStart

TAIL_BYTES = 512
"""How much of a file's end is looked at to see its trailer."""

_FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or spreadsheet"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"-----BEGIN PGP", "PGP-encrypted text"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"I\x00S\x00A\x00", "UTF-16 text"),
    (b"\x00I\x00S\x00A", "UTF-16 text"),
    (b"\xc9\xe2\xc1", "EBCDIC text"),
    (b"<", "HTML or XML"),
    (b"{", "JSON"),
)

_TRAILER = re.compile(rb"IEA([^A-Za-z0-9\s])\s*\d{1,5}\s*\1\s*(\d{1,9})\s*?([^\w*]|\*)?\s*\Z")


def scan(data: bytes, *, lenient_counts: bool = False) -> FileScan:
    """Find the interchanges, groups and transactions of a whole file; never raises on content.

    `lenient_counts` turns wrong SE01, GE01 and IEA01 counts into warnings, for partners whose
    software is known to miscount.
    """
    refusal = _refusal(data)
    if refusal is not None:
        return FileScan(len(data), (), (), refusal)
    position = len(UTF8_BOM) if data.startswith(UTF8_BOM) else 0
    findings = [_note("The file begins with a byte order mark.", 0)] if position else []
    interchanges: list[Interchange] = []
    stray_bytes = 0
    while position < len(data):
        start = find_interchange(data, position)
        stray = data[position : start.offset if start else len(data)]
        if stray.strip(PADDING):
            stray_bytes += len(stray)
            findings.append(
                _note(
                    f"{len(stray)} bytes stand outside any interchange and are ignored.", position
                )
            )
        elif b"\x1a" in stray or b"\x00" in stray:
            findings.append(_note("Fill bytes around an interchange are ignored.", position))
        if start is None:
            break
        interchange = _scan_interchange(
            data, start, len(interchanges) + 1, lenient_counts=lenient_counts
        )
        interchanges.append(interchange)
        position = interchange.end
    return FileScan(len(data), tuple(interchanges), tuple(findings), None, stray_bytes)


def is_complete(data: bytes) -> bool:
    """Whether the file (or its last bytes) ends with the trailer of its last interchange.

    An upload in progress stops in the middle of something; a finished one ends in `IEA`, its
    counts and a terminator, with at most blank fill behind.
    """
    tail = data[-TAIL_BYTES:].rstrip(b"\x00\x1a \t")
    found = _TRAILER.search(tail)
    if found is None:
        return False
    ended = found.group(3) is not None or tail.endswith((b"\r", b"\n"))
    return ended or len(found.group(2)) == len("000000001")


def _refusal(data: bytes) -> Finding | None:
    """Say why the file is not X12, or None when it holds at least one readable header."""
    body = data.removeprefix(UTF8_BOM).lstrip(PADDING)
    reason = ""
    if not body:
        reason = "The file is empty."
    else:
        for magic, name in _FOREIGN:
            if body.startswith(magic) or data.startswith(magic):
                reason = f"The file is {name}, not X12."
                break
        else:
            if find_interchange(data, 0) is None:
                reason = "The file holds no readable interchange header (ISA)."
    if not reason:
        return None
    return Finding("error", "interchange", "024", "file", reason)


def _note(message: str, offset: int) -> Finding:
    return Finding("warning", "interchange", "024", "file", message, byte_offset=offset)


@lru_cache(maxsize=64)
def _boundary(delimiters: Delimiters) -> re.Pattern[bytes]:
    """Match an envelope segment's id right after a terminator: no data can look like that."""
    terminator = re.escape(delimiters.segment.encode("latin-1"))
    element = re.escape(delimiters.element.encode("latin-1"))
    return re.compile(
        terminator
        + rb"[\r\n\t \x00\x1a]*(?:(IEA|GS|GE|ST|SE|TA1)(?="
        + element
        + rb"|"
        + terminator
        + rb"|[\r\n]|\Z)|(ISA)(?=[^A-Za-z0-9\s]))"
    )


def _scan_interchange(
    data: bytes, start: InterchangeStart, index: int, *, lenient_counts: bool
) -> Interchange:
    delimiters = start.header.delimiters
    assembly = InterchangeAssembly(index, start.offset, start.header, lenient_counts)
    terminator = delimiters.segment.encode("latin-1")
    counted_to = start.header.end
    position = start.header.end - len(terminator)
    boundary = _boundary(delimiters)
    while (found := boundary.search(data, position)) is not None:
        name = found.group(1) or found.group(2)
        offset = found.start(1) if found.group(1) else found.start(2)
        assembly.pass_over(_count(data, counted_to, offset, delimiters))
        end = segment_end(data, offset, delimiters)
        if name == b"ISA":
            if read_isa(data, offset) is not None:
                return assembly.end_without_trailer(offset)
            assembly.pass_over(1)
        else:
            text = clean(data[offset:end].decode("latin-1").removesuffix(delimiters.segment))
            fields = tuple(text.split(delimiters.element))
            if fields[0] == "IEA":
                return assembly.end_with_trailer(fields, offset, end)
            assembly.take(fields, offset, end)
        counted_to = end
        position = max(end - len(terminator), offset)
    assembly.pass_over(_count(data, counted_to, len(data), delimiters))
    return assembly.end_without_trailer(len(data))


def _count(data: bytes, start: int, end: int, delimiters: Delimiters) -> int:
    """Count the segments between two offsets by the tokenizer's own rule."""
    if start >= end:
        return 0
    return len(split_segments(data[start:end].decode("latin-1"), delimiters))
