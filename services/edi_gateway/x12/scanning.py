"""Pass 1 over a file: finds every envelope and transaction without reading what is inside.

It answers three questions before any content is trusted: is this X12 at all, is it complete, and
do its own counts and control numbers agree? Its findings become the TA1 and the AK5 and AK9 of
the 997. It goes on after every error, so that one bad envelope never hides the next.
"""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING

from services.edi_gateway.x12.assembly import InterchangeAssembly
from services.edi_gateway.x12.delimiters import read_isa
from services.edi_gateway.x12.envelope import FileScan, Interchange
from services.edi_gateway.x12.findings import Finding
from services.edi_gateway.x12.policy import DEFAULT_POLICY, Policy
from services.edi_gateway.x12.segment_index import (
    NOT_FILL,
    OVERLONG,
    WholeSlot,
    envelope_segments,
)
from services.edi_gateway.x12.tokenizer import UTF8_BOM, clean, find_interchange

if TYPE_CHECKING:
    from pathlib import Path

    from services.edi_gateway.x12.tokenizer import Data, InterchangeStart

TAIL_BYTES = 512
"""How much of a file's end is looked at to see its trailer."""

MAGIC_BYTES = 32

_TOLD_FILL = re.compile(rb"[\x1a\x00]")

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

_TRAILER = re.compile(
    rb"IEA([^A-Za-z0-9\s])\s*\d{1,5}\s*\1\s*(\d{1,9})\s*?(?:([^\w*]|\*)(?:\s*\3)*)?\s*\Z"
)


def scan(data: Data, policy: Policy = DEFAULT_POLICY) -> FileScan:
    """Find the interchanges, groups and transactions of a whole file; never raises on content.

    `policy` says what wrong counts and control numbers written another way weigh. Of a mapped file
    only the part being read is held in memory.
    """
    start = find_interchange(data, 0)
    if start is None or NOT_FILL.search(data, 0, start.offset):
        refusal = _refusal(data)
        if refusal is not None:
            return FileScan(len(data), (), (), refusal)
    position = len(UTF8_BOM) if data[: len(UTF8_BOM)] == UTF8_BOM else 0
    findings = [_note("The file begins with a byte order mark.", 0)] if position else []
    interchanges: list[Interchange] = []
    stray_bytes = 0
    while position < len(data):
        until = start.offset if start else len(data)
        if NOT_FILL.search(data, position, until):
            stray_bytes += until - position
            message = f"{until - position} bytes stand outside any interchange and are ignored."
            findings.append(_note(message, position))
        elif _TOLD_FILL.search(data, position, until):
            findings.append(_note("Fill bytes around an interchange are ignored.", position))
        if start is None:
            break
        interchange = _scan_interchange(data, start, len(interchanges) + 1, policy)
        interchanges.append(interchange)
        position = interchange.end
        start = find_interchange(data, position)
    return FileScan(len(data), tuple(interchanges), tuple(findings), None, stray_bytes)


def scan_path(path: Path, policy: Policy = DEFAULT_POLICY) -> FileScan:
    """Scan a file where it lies, with bounded memory: 4 MiB at a time, and one slot a transaction.

    The file must not be changed meanwhile.
    """
    with path.open("rb") as stream:
        if not path.stat().st_size:
            return scan(b"")
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return scan(mapped, policy)


def is_complete(data: bytes) -> bool:
    """Whether the file (or its last bytes) ends with the trailer of its last interchange.

    An upload in progress stops in the middle of something; a finished one ends in `IEA`, its
    counts and a terminator, with at most blank fill behind.
    """
    tail = data[-TAIL_BYTES:].rstrip(b"\x00\x1a \t")
    found = _TRAILER.search(tail)
    ended = tail.endswith((b"\r", b"\n"))
    if found is None:  # a line may be broken within the trailer
        found, ended = _TRAILER.search(tail.translate(None, b"\r\n")), False
    if found is None:
        return False
    ended = ended or found.group(3) is not None
    return ended or len(found.group(2)) == len("000000001")


def _refusal(data: Data) -> Finding | None:
    """Say why the file is not X12, or None when it holds at least one readable header."""
    reason = ""
    found = NOT_FILL.search(data, len(UTF8_BOM) if data[: len(UTF8_BOM)] == UTF8_BOM else 0)
    if found is None:
        reason = "The file is empty."
    else:
        beginnings = (data[found.start() : found.start() + MAGIC_BYTES], data[:MAGIC_BYTES])
        for magic, name in _FOREIGN:
            if any(beginning.startswith(magic) for beginning in beginnings):
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


def _scan_interchange(
    data: Data, start: InterchangeStart, index: int, policy: Policy
) -> Interchange:
    delimiters = start.header.delimiters
    separator, terminator = delimiters.element, delimiters.segment
    assembly = InterchangeAssembly(index, start.offset, start.header, policy)
    begin = start.header.end
    for passed, name, offset, end in envelope_segments(data, begin, delimiters, whole_slots=True):
        if passed:
            assembly.pass_over(passed)
        if isinstance(name, WholeSlot):
            assembly.take_whole(name, offset, end)
            continue
        if name == OVERLONG:
            return assembly.end_overlong(offset)
        if name == b"ISA":
            if read_isa(data, offset) is not None:
                return assembly.end_without_trailer(offset)
            assembly.pass_over(1)
        elif name:
            text = clean(data[offset:end].decode("latin-1").removesuffix(terminator))
            fields = tuple(text.split(separator))
            if name == b"IEA":
                return assembly.end_with_trailer(fields, offset, end)
            assembly.take(fields, offset, end)
    return assembly.end_without_trailer(len(data))
