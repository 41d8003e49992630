"""Writes rows of days in PostgreSQL's binary COPY form with numpy, and reads its arrays back.

Going through Python integers costs a hundred times as much as the copying itself, so whole blocks
are laid out at once: every row of a given length has the same bytes but for its key and readings.
Source: PostgreSQL documentation, COPY (binary format); an int4[] is its dimension count, a flag for
nulls, the element type's oid, length and lower bound, then length and value of each element.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from services.rating.intervals.block import ACTUAL, IntervalBlock

if TYPE_CHECKING:
    import numpy.typing as npt

SIGNATURE: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER: Final = b"\xff\xff"
EPOCH: Final = date(2000, 1, 1)
INT4_OID: Final = 23
FIELDS: Final = 4
ARRAY_HEADER_INTS: Final = 5
INT_BYTES: Final = 4
NULL: Final = -1


def day_rows(series_ids: Sequence[int], blocks: Sequence[IntervalBlock]) -> bytes:
    """Return the rows `(series_id, day, quality, readings)` of every day of the blocks."""
    flat = np.concatenate([block.readings for block in blocks])
    marks = np.concatenate([block.quality for block in blocks])
    lengths = [np.array(block.lengths, dtype=np.int64) for block in blocks]
    counts = [len(one) for one in lengths]
    first = [(block.first_day - EPOCH).days for block in blocks]
    days = np.concatenate(
        [np.arange(at, at + count) for at, count in zip(first, counts, strict=True)]
    )
    ids = np.repeat(np.array(series_ids, dtype=np.int64), counts)
    sizes = np.concatenate(lengths)
    begins = np.cumsum(sizes) - sizes
    marked = np.add.reduceat(marks != ACTUAL, begins) > 0
    pieces = [SIGNATURE]
    for size in np.unique(sizes).tolist():
        for with_quality in (False, True):
            rows = np.flatnonzero((sizes == size) & (marked == with_quality))
            if len(rows):
                places = begins[rows, None] + np.arange(size)
                quality = marks[places] if with_quality else None
                pieces.append(_rows(ids[rows], days[rows], flat[places], quality))
    return b"".join([*pieces, TRAILER])


def unpacked(packed: bytes) -> npt.NDArray[np.int32]:
    """Return the values of an int4[] without nulls, as `array_send` gives it."""
    return np.frombuffer(packed, dtype=">i4")[ARRAY_HEADER_INTS + 1 :: 2].astype(np.int32)


def _rows(
    ids: npt.NDArray[np.int64],
    days: npt.NDArray[np.int64],
    readings: npt.NDArray[np.int32],
    quality: npt.NDArray[np.uint8] | None,
) -> bytes:
    size = readings.shape[1]
    rows = np.zeros(len(ids), dtype=_form(size, with_quality=quality is not None))
    rows["fields"] = FIELDS
    rows["id_bytes"], rows["id"] = 8, ids
    rows["day_bytes"], rows["day"] = INT_BYTES, days
    rows["quality_bytes"] = NULL
    if quality is not None:
        rows["quality_bytes"], rows["quality"] = size, quality
    rows["array_bytes"] = INT_BYTES * (ARRAY_HEADER_INTS + 2 * size)
    rows["array"] = (1, 0, INT4_OID, size, 1)
    rows["readings"][:, :, 0] = INT_BYTES
    rows["readings"][:, :, 1] = readings
    return rows.tobytes()


@lru_cache(maxsize=32)
def _form(size: int, *, with_quality: bool) -> np.dtype[Any]:
    quality = [("quality", "u1", (size,))] if with_quality else []
    return np.dtype(
        [
            ("fields", ">i2"),
            ("id_bytes", ">i4"),
            ("id", ">i8"),
            ("day_bytes", ">i4"),
            ("day", ">i4"),
            ("quality_bytes", ">i4"),
            *quality,
            ("array_bytes", ">i4"),
            ("array", ">i4", (ARRAY_HEADER_INTS,)),
            ("readings", ">i4", (size, 2)),
        ]
    )
