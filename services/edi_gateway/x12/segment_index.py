"""Finds the envelope segments of an interchange in one sweep over its bytes, chunk by chunk.

A file of a million segments holds few that open or close something. All terminators of a chunk are
found at once, and only segments that begin like an envelope segment are looked at one by one; the
others are counted. What counts as a segment is the tokenizer's rule, held equal by tests. Chunks
are cut behind terminators, so the memory needed does not grow with the file.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.edi_gateway.x12.tokenizer import (
    PADDING,
    SEGMENT_BYTES_MAX,
    release,
    split_segments,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from services.edi_gateway.x12.delimiters import Delimiters
    from services.edi_gateway.x12.tokenizer import Data

    Bytes = npt.NDArray[np.uint8]
    Offsets = npt.NDArray[np.int64]

CHUNK_BYTES = 1 << 18
"""Read at a time: what is worked out of so much still fits in a processor's own memory."""

FILL_STEPS_MAX = 16
"""Padding before a segment is skipped this far for all segments together, then one by one."""

WALKED_BYTES_MAX = 1 << 12

ENVELOPE_STARTS = (b"ST", b"SE", b"GS", b"GE", b"TA", b"IS", b"IE")
ENVELOPE_NAMES = (b"IEA", b"GS", b"GE", b"ST", b"SE", b"TA1")
OVERLONG = b"?"
"""The name under which a segment without an end in sight is told; it is the last one told."""

_BREAKS = b"\r\n"


class WholeSlot(NamedTuple):
    """An ST to SE in the plainest writing: three elements each, the right count, one number."""

    set_id: str
    control_number: str
    segments: int


EnvelopeSegment = tuple[int, bytes | WholeSlot, int, int]
"""A segment that may open or close an envelope: how many others stand between it and the last one,
its name, where it begins, and the offset after its terminator. Or all from an ST to its SE."""

_Row = tuple[int, int, int]
"""Number, begin and end of a segment of one chunk."""


def _starts_table() -> npt.NDArray[np.bool_]:
    table = np.zeros(1 << 16, dtype=np.bool_)
    for first, second in ENVELOPE_STARTS:
        for following in (second, *b"\r\n"):  # a line may be broken within the id
            table[following << 8 | first] = True  # as a little-endian word
    return table


_IS_ENVELOPE_START = _starts_table()
_FIRST_SIGNS = tuple(sorted({start[0] for start in ENVELOPE_STARTS}))
_NEWLINE = ord("\n")
_BLANK = ord(" ")
"""No sign of padding is above it."""

_FIRST_LETTERS = frozenset(start[0] for start in ENVELOPE_STARTS)
NOT_FILL = re.compile(rb"[^" + re.escape(PADDING) + rb"]")


@lru_cache(maxsize=64)
def _name(delimiters: Delimiters) -> re.Pattern[bytes]:
    """Match an envelope segment's id at the start of a segment: no data can look like that.

    Line breaks may stand within it, where a sender breaks lines after 80 columns.
    """
    breaks = b"".join(sign for sign in (b"\r", b"\n") if sign.decode() != delimiters.segment)
    gap = b"[" + breaks + b"]*"
    names = b"|".join(gap.join(bytes([sign]) for sign in name) + gap for name in ENVELOPE_NAMES)
    endings = (re.escape(s.encode("latin-1")) for s in (delimiters.element, delimiters.segment))
    isa = gap.join((b"I", b"S", b"A")) + gap
    return re.compile(
        b"(" + names + b")(?=" + b"|".join(endings) + rb"|\Z)|(" + isa + rb")(?=[^A-Za-z0-9\s])"
    )


@lru_cache(maxsize=64)
def _padding_table(terminator: bytes) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[list(PADDING)] = True
    table[terminator[0]] = False
    return table


@lru_cache(maxsize=64)
def _plainest(delimiters: Delimiters) -> tuple[re.Pattern[bytes], bytes]:
    """Return what matches an ST in the plainest writing, and the form of its SE."""
    element, terminator = (s.encode("latin-1") for s in (delimiters.element, delimiters.segment))
    opening = (b"ST", b"([0-9A-Za-z]{3})", b"([0-9A-Za-z]{1,9})" + re.escape(terminator))
    closing = (b"SE", b"%d", b"%b" + terminator.replace(b"%", b"%%"))
    pattern = re.compile(re.escape(element).join(opening))
    return pattern, element.replace(b"%", b"%%").join(closing)


def envelope_segments(
    data: Data,
    start: int,
    delimiters: Delimiters,
    chunk_bytes: int = CHUNK_BYTES,
    *,
    whole_slots: bool = False,
    walked_bytes: int = WALKED_BYTES_MAX,
) -> Iterator[EnvelopeSegment]:
    """Walk the envelope segments from `start`, where a segment begins, to the end of the data.

    The last one has no name: it tells how many segments follow the last envelope segment. A caller
    may stop at any point. With `whole_slots`, most transactions come as one. Chunks of up to
    `walked_bytes` are walked, since calling numpy for a few segments would take longer.
    """
    terminator = delimiters.segment.encode("latin-1")
    if len(terminator) > 1:
        yield from _one_by_one(data, start, delimiters)
        return
    name = _name(delimiters)
    passed = 0
    released = position = start
    while position < len(data):
        chunk = data[position : position + chunk_bytes]
        whole = chunk.rfind(terminator) + 1
        if not whole:
            whole = _bounded_end(data, position, terminator) - position
            if not whole:
                begin = _begin(data, position)
                yield passed, OVERLONG, begin, begin
                return
            chunk = data[position : position + whole]
        if whole > walked_bytes:
            cells = np.frombuffer(chunk, dtype=np.uint8, count=whole)
            begins, ends = segment_bounds(cells, chunk, terminator)
            rows, segments = _candidates(cells, begins, ends), len(begins)
        else:
            rows, segments = _walked(chunk[:whole], terminator)
        slots = _slots(chunk, rows, delimiters) if whole_slots else {}
        closed = -1
        for index, begin, end in rows:
            if index <= closed:
                continue
            slot = slots.get(index)
            if slot is not None:
                closed = index + slot[0].segments - 1
                yield index + passed, slot[0], position + begin, position + slot[1]
                passed = -closed - 1
                continue
            found = name.match(data, position + begin)
            if found is not None:
                label = found.group().translate(None, _BREAKS)
                yield index + passed, label, position + begin, position + end
                passed = -index - 1
        passed += segments
        position += whole
        released = release(data, released, position)
    yield passed, b"", len(data), len(data)


def segment_bounds(cells: Bytes, chunk: bytes, terminator: bytes) -> tuple[Offsets, Offsets]:
    """Return where each segment of a chunk begins and ends, its terminator included."""
    ends = np.flatnonzero(cells == terminator[0])
    if not len(ends) or ends[-1] + 1 < len(cells):
        ends = np.append(ends, len(cells))  # the file's last segment lacks its terminator
    begins = np.empty_like(ends)
    begins[0] = 0
    np.add(ends[:-1], 1, out=begins[1:])
    begins, ends = _inside(begins, ends, len(cells))
    table = _padding_table(terminator)
    first = cells[begins]
    if table[_NEWLINE] and len(first) and first[-1] == _NEWLINE:  # then each line ends in one
        begins += first == _NEWLINE
        begins, ends = _inside(begins, ends, len(cells))
        first = cells[begins]
    padded = np.flatnonzero(first <= _BLANK)
    padded = padded[table[first[padded]]]
    for _ in range(FILL_STEPS_MAX):
        if not len(padded):
            break
        begins[padded] += 1
        padded = padded[begins[padded] < ends[padded]]
        padded = padded[table[cells[begins[padded]]]]
    for one in padded.tolist():
        found = NOT_FILL.search(chunk, begins[one], ends[one])
        begins[one] = found.start() if found else ends[one]
    filled = begins < ends
    ends += 1
    ends[-1:] = np.minimum(ends[-1:], len(cells))
    return (begins, ends) if filled.all() else (begins[filled], ends[filled])


def _inside(begins: Offsets, ends: Offsets, size: int) -> tuple[Offsets, Offsets]:
    """Leave a last segment out that begins where the bytes end."""
    within = int(begins.searchsorted(size))
    return begins[:within], ends[:within]


def _walked(chunk: bytes, terminator: bytes) -> tuple[list[_Row], int]:
    """Return the segments that may open an envelope, and how many segments there are in all."""
    rows: list[_Row] = []
    number = position = 0
    for piece in chunk.split(terminator):
        text = piece.lstrip(PADDING)
        if text:
            if text[0] in _FIRST_LETTERS:
                begin = position + len(piece) - len(text)
                rows.append((number, begin, min(position + len(piece) + 1, len(chunk))))
            number += 1
        position += len(piece) + 1
    return rows, number


def _slots(
    chunk: bytes, rows: list[_Row], delimiters: Delimiters
) -> dict[int, tuple[WholeSlot, int]]:
    """Return the plain transactions of a chunk by the number of their ST, each with its end."""
    opening, closing = _plainest(delimiters)
    matches = opening.fullmatch
    slots: dict[int, tuple[WholeSlot, int]] = {}
    for (first, begin, until), (last, closes, end) in pairwise(rows):
        found = matches(chunk, begin, until)
        if found is not None:
            set_id, number = found.groups()
            count = last - first + 1
            if chunk[closes:end] == closing % (count, number):
                slots[first] = WholeSlot(set_id.decode(), number.decode(), count), end
    return slots


def _candidates(cells: Bytes, begins: Offsets, ends: Offsets) -> list[_Row]:
    """Return the segments whose first two letters may open an envelope."""
    pairs = np.ndarray((max(len(cells) - 1, 0),), dtype="<u2", buffer=cells.data, strides=(1,))
    if not len(begins) or not len(pairs):
        return []
    first = cells[begins]
    likely = first == _FIRST_SIGNS[0]
    for sign in _FIRST_SIGNS[1:]:
        likely |= first == sign
    found = np.flatnonzero(likely)
    found = found[_IS_ENVELOPE_START[pairs[np.minimum(begins[found], len(pairs) - 1)]]]
    return list(zip(found.tolist(), begins[found].tolist(), ends[found].tolist(), strict=True))


def _one_by_one(data: Data, start: int, delimiters: Delimiters) -> Iterator[EnvelopeSegment]:
    """The same for a terminator of several bytes, which is rare and may be slow."""
    name, passed, position = _name(delimiters), 0, start
    while position < len(data):
        end = _bounded_end(data, position, delimiters.segment.encode("latin-1"))
        if end == position:
            begin = _begin(data, position)
            yield passed, OVERLONG, begin, begin
            return
        piece = data[position:end]
        begin = position + len(piece) - len(piece.lstrip(PADDING))
        found = name.match(data, begin)
        if found is not None:
            yield passed, found.group().translate(None, _BREAKS), begin, end
            passed = 0
        else:
            passed += len(split_segments(piece.decode("latin-1"), delimiters))
        position = end
    yield passed, b"", len(data), len(data)


def _bounded_end(data: Data, start: int, terminator: bytes) -> int:
    """Return the offset after the segment at `start`; `start` itself when it reaches too far."""
    found = data.find(terminator, start, start + SEGMENT_BYTES_MAX)
    if found >= 0:
        return found + len(terminator)
    return start if len(data) - start > SEGMENT_BYTES_MAX else len(data)


def _begin(data: Data, start: int) -> int:
    found = NOT_FILL.search(data, start)
    return found.start() if found else start
