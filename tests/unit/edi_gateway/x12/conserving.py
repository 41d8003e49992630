"""Counts every byte of a file: each belongs to a segment, or to what may stand between segments.

Nothing is lost silently when three tellings of one file agree: the plain tokenizer's, the quick
scan's, and the bytes themselves.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from services.edi_gateway.x12 import tokenize
from services.edi_gateway.x12.tokenizer import PADDING, UTF8_BOM, split_segments

if TYPE_CHECKING:
    from services.edi_gateway.x12 import FileScan, Interchange, RawSegment


def hold_conserved(data: bytes, found: FileScan) -> None:
    """Assert that all bytes and all segments of a file are accounted for."""
    raws = list(tokenize(data))
    _hold_bytes(data, raws, found)
    if found.refusal is not None:
        assert not found.interchanges
        return
    assert found.size == len(data)
    assert found.segment_count == sum(not raw.stray for raw in raws)
    assert found.stray_bytes == _stray_bytes(data, found)
    offsets = [raw.offset for raw in raws if not raw.stray]
    for one in found.interchanges:
        _hold_segments(data, one, offsets)


def _hold_bytes(data: bytes, raws: list[RawSegment], found: FileScan) -> None:
    """What is left of the bytes between two segments is nothing but fill and terminators."""
    starts = [one.start for one in found.interchanges]
    ends = [*(raw.offset for raw in raws[1:]), len(data)]
    before = data[: raws[0].offset if raws else len(data)]
    assert not before.removeprefix(UTF8_BOM).strip(PADDING)
    for raw, end in zip(raws, ends, strict=True):
        fill = PADDING
        if not raw.stray and starts:
            one = found.interchanges[bisect_right(starts, raw.offset) - 1]
            assert one.start <= raw.offset < one.end
            fill += one.delimiters.segment.encode("latin-1")
        kept = raw.text.encode("latin-1").translate(None, fill)
        assert data[raw.offset : end].translate(None, fill) == kept


def _stray_bytes(data: bytes, found: FileScan) -> int:
    """Count the stretches outside of interchanges that hold more than fill."""
    edges = [len(UTF8_BOM) if data.startswith(UTF8_BOM) else 0]
    for one in found.interchanges:
        edges += [one.start, one.end]
    edges.append(len(data))
    stretches = [data[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return sum(len(stretch) for stretch in stretches if stretch.strip(PADDING))


def _hold_segments(data: bytes, one: Interchange, offsets: list[int]) -> None:
    """Groups and transactions lie within each other, in order, and hold the segments they count."""
    inside = [offset for offset in offsets if one.start <= offset < one.end]
    assert one.segment_count == len(inside)
    last_group = last_slot = one.start
    for group in one.groups:
        assert last_group <= group.start <= group.end <= one.end
        last_group = group.end
        for slot in group.transactions:
            assert max(last_slot, group.start) <= slot.start < slot.end <= group.end
            last_slot = slot.end
            text = data[slot.start : slot.end].decode("latin-1")
            assert slot.segment_count == len(split_segments(text, one.delimiters))
            assert slot.segment_count == sum(slot.start <= at < slot.end for at in inside)
