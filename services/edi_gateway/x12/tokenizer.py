"""Cuts the bytes of a file into segments, forgiving what senders' systems add around them.

Line breaks after terminators, lines wrapped at 80 columns, indented or doubled terminators, a byte
order mark, a Ctrl-Z at the end: all occur in utility files and none changes the meaning. This file
decides what counts as a segment; everything else counts on it.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from itertools import accumulate, count
from typing import TYPE_CHECKING

from services.edi_gateway.x12.delimiters import Delimiters, IsaHeader, read_isa

if TYPE_CHECKING:
    from collections.abc import Iterator

UTF8_BOM = b"\xef\xbb\xbf"
PADDING = b"\r\n\t \x00\x1a"
"""Bytes that may stand around segments: line breaks, blanks, fill and the DOS end-of-file mark."""

SEGMENT_BYTES_MAX = 1 << 22
"""How far a segment may reach, with the fill before it. Real ones have some hundred bytes; where no
terminator comes in 4 MiB none will, and the reader must not take the rest of a file into memory."""

Data = bytes | mmap.mmap
"""The bytes of a file: whole, or mapped so that only what is being read takes memory."""

SEARCH_BYTES = 1 << 22
"""How much of a file is searched for a header at a time."""

ISA_START_BYTES_MAX = 64
"""How many bytes `ISA` may take up where a sender breaks lines within it."""

FIRST_VISIBLE = "!"

_PADDING_TEXT = PADDING.decode("latin-1")
_ISA_START = re.compile(rb"I[\r\n]*S[\r\n]*A[\r\n]*(?=[^A-Za-z0-9\s])")


@dataclass(frozen=True, slots=True)
class RawSegment:
    """A segment's text at its byte offset; `stray` marks bytes that belong to no interchange."""

    offset: int
    text: str
    stray: bool = False


@dataclass(frozen=True, slots=True)
class InterchangeStart:
    """Where the next readable interchange header stands."""

    offset: int
    header: IsaHeader


def find_interchange(data: Data, position: int) -> InterchangeStart | None:
    """Find the next header at or after `position` that can be read as an ISA segment."""
    while position < len(data):
        until = position + SEARCH_BYTES
        for found in _ISA_START.finditer(data, position, until + ISA_START_BYTES_MAX):
            begin = found.start()
            if begin >= until:
                break
            if begin and data[begin - 1 : begin].isalnum():
                continue
            header = read_isa(data, begin)
            if header is not None:
                return InterchangeStart(begin, header)
        release(data, position, until)
        position = until
    return None


def release(data: Data, since: int, until: int) -> int:
    """Give back the memory of what was read, where the data is a mapped file.

    Returns the offset up to which it was given back: whole pages only.
    """
    if not isinstance(data, mmap.mmap) or not hasattr(data, "madvise"):
        return until
    first = -(-since // mmap.PAGESIZE) * mmap.PAGESIZE
    last = min(until, len(data)) // mmap.PAGESIZE * mmap.PAGESIZE
    if last <= first:
        return since
    data.madvise(mmap.MADV_DONTNEED, first, last - first)
    return last


def clean(text: str) -> str:
    """Drop line breaks and leading padding: neither is ever data in X12."""
    if "\n" in text or "\r" in text:
        text = text.replace("\r", "").replace("\n", "")
    return text.lstrip(_PADDING_TEXT)


def split_segments(text: str, delimiters: Delimiters) -> list[str]:
    """Cut a stretch of one interchange into its segments, empty ones left out."""
    terminator = delimiters.segment
    if "\n" in text and terminator != "\n":
        text = text.replace("\n", "")
    if "\r" in text and terminator != "\r":
        text = text.replace("\r", "")
    pieces = text.split(terminator)
    if not pieces[-1]:
        pieces.pop()
    if pieces and min(pieces) < FIRST_VISIBLE:  # empty, indented or filled: rare, and seen at once
        pieces = [piece.lstrip(_PADDING_TEXT) for piece in pieces]
        return [piece for piece in pieces if piece]
    return pieces


def segment_offset(data: bytes, delimiters: Delimiters, number: int) -> int:
    """Return the offset of segment `number` from 1, of the last one when there are fewer; else 0.

    Most often no segment before it is empty: then it is found by cutting alone.
    """
    terminator = delimiters.segment.encode("latin-1")
    before = data.split(terminator, number - 1)
    if len(before) == number and terminator not in PADDING:
        text = before.pop().lstrip(PADDING)
        head = terminator.join(before).translate(None, PADDING)
        if not text.startswith(terminator) and text and b"" not in head.split(terminator):
            return len(data) - len(text)
    offsets = segment_offsets(data, delimiters, number)
    return offsets[min(number, len(offsets)) - 1] if offsets else 0


def segment_offsets(data: bytes, delimiters: Delimiters, until: int = 0) -> list[int]:
    """Return the offset of each segment that `split_segments` finds in the same bytes.

    With `until`, at least those of so many segments.
    """
    terminator = delimiters.segment.encode("latin-1")
    pieces = data.split(terminator, until or -1)
    cut = 0 < until < len(pieces)
    if cut:
        pieces.pop()
    texts = [piece.lstrip(PADDING) for piece in pieces]
    ends = accumulate(map(len, pieces))
    places = zip(texts, ends, count(0, len(terminator)), strict=False)
    offsets = [end - len(text) + passed for text, end, passed in places if text]
    return segment_offsets(data, delimiters) if cut and len(offsets) < until else offsets


def tokenize(data: bytes) -> Iterator[RawSegment]:
    """Walk a whole file: every segment in order, and every stray stretch between interchanges.

    Plain and slow on purpose: it is what the quicker envelope scan is held to by tests.
    """
    position = len(UTF8_BOM) if data.startswith(UTF8_BOM) else 0
    while position < len(data):
        start = find_interchange(data, position)
        stray = data[position : start.offset if start else len(data)]
        if stray.strip(PADDING):
            yield RawSegment(position, stray.decode("latin-1"), stray=True)
        if start is None:
            return
        end = start.header.end
        yield RawSegment(start.offset, data[start.offset : end].decode("latin-1"))
        delimiters = start.header.delimiters
        position = len(data)
        for raw in _walk(data, end, len(data), delimiters):
            if raw.text.startswith("ISA") and read_isa(data, raw.offset) is not None:
                position = raw.offset
                break
            yield raw
            if _id(raw, delimiters) == "IEA":
                position = segment_end(data, raw.offset, delimiters)
                break


def _id(raw: RawSegment, delimiters: Delimiters) -> str:
    return raw.text.split(delimiters.element, 1)[0]


def segment_end(data: Data, offset: int, delimiters: Delimiters) -> int:
    """Return the offset after the terminator of the segment at `offset` (end of data if none)."""
    terminator = delimiters.segment.encode("latin-1")
    found = data.find(terminator, offset)
    return len(data) if found < 0 else found + len(terminator)


def _walk(data: bytes, start: int, end: int, delimiters: Delimiters) -> Iterator[RawSegment]:
    terminator = delimiters.segment.encode("latin-1")
    position = start
    while position < end:
        found = data.find(terminator, position, end)
        stop = end if found < 0 else found
        piece = data[position:stop]
        text = clean(piece.decode("latin-1"))
        if text:
            yield RawSegment(position + len(piece) - len(piece.lstrip(PADDING)), text)
        position = end if found < 0 else found + len(terminator)
