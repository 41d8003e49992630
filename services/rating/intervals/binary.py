"""Writes rows of days in PostgreSQL's binary COPY form with numpy, and reads its arrays back.

Going through Python integers costs a hundred times as much as the copying itself, so whole blocks
are laid out at once: every row of a given length has the same bytes but for its key and readings.
Source: PostgreSQL documentation, COPY (binary format); an int4[] is its dimension count, a flag for
nulls, the element type's oid, length and lower bound, then length and value of each element.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
BLOCKS_AT_ONCE: Final = 64
"""Months of quarter-hours that are laid out at once: one and a half megabytes."""


def day_rows(
    series_ids: Sequence[int], blocks: Sequence[IntervalBlock]
) -> Iterator[bytes | memoryview]:
    """Give the rows `(series_id, day, quality, readings)` of every day of the blocks, in pieces.

    A piece is laid out when it is asked for, so that the database works on the one before.
    """
    yield SIGNATURE
    for first in range(0, len(blocks), BLOCKS_AT_ONCE):
        some = slice(first, first + BLOCKS_AT_ONCE)
        yield from _piece(series_ids[some], blocks[some])
    yield TRAILER


def _piece(series_ids: Sequence[int], blocks: Sequence[IntervalBlock]) -> Iterator[memoryview]:
    """Lay out the days of some blocks: those of one length, with or without marks, together."""
    lengths = [np.array(block.lengths, dtype=np.int64) for block in blocks]
    counts = [len(one) for one in lengths]
    first = [(block.first_day - EPOCH).days for block in blocks]
    days = np.concatenate(
        [np.arange(at, at + count) for at, count in zip(first, counts, strict=True)]
    )
    ids = np.repeat(np.array(series_ids, dtype=np.int64), counts)
    flat = np.concatenate([block.readings for block in blocks])
    marks = np.concatenate([block.quality for block in blocks])
    sizes = np.concatenate(lengths)
    begins = np.cumsum(sizes) - sizes
    marked = np.zeros(len(sizes), dtype=np.bool_)
    if marks.any():
        marked = np.maximum.reduceat(marks, begins) != ACTUAL
    for size in np.unique(sizes).tolist():
        for with_quality in (False, True):
            rows = np.flatnonzero((sizes == size) & (marked == with_quality))
            if not len(rows):
                continue
            readings = _of_rows(flat, begins, rows, size)
            quality = _of_rows(marks, begins, rows, size) if with_quality else None
            yield _rows(ids[rows], days[rows], readings, quality)


def unpacked(packed: bytes) -> npt.NDArray[np.int32]:
    """Return the values of an int4[] without nulls, as `array_send` gives it."""
    return np.frombuffer(packed, dtype=">i4")[ARRAY_HEADER_INTS + 1 :: 2].astype(np.int32)


def unpacked_days(packed: Sequence[bytes]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return the values of many int4[], one after the other, and where each of them begins.

    The last number of the second array is where all of them end.
    """
    lengths = np.fromiter(map(len, packed), dtype=np.int64, count=len(packed))
    sizes = (lengths // INT_BYTES - ARRAY_HEADER_INTS) // 2
    bounds = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(sizes)))
    flat = np.empty(int(bounds[-1]), dtype=np.int32)
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        together = np.frombuffer(b"".join([packed[row] for row in rows.tolist()]), dtype=">i4")
        values = together.reshape(len(rows), -1)[:, ARRAY_HEADER_INTS + 1 :: 2]
        if len(rows) == len(packed):
            flat.reshape(len(rows), size)[:] = values
        else:
            flat[bounds[rows, None] + np.arange(size)] = values
    return flat, bounds


def _of_rows(
    flat: npt.NDArray[Any], begins: npt.NDArray[np.int64], rows: npt.NDArray[np.intp], size: int
) -> npt.NDArray[Any]:
    """Cut the days out of the joined readings; without copying when it is all of them."""
    if len(rows) * size == len(flat):
        return flat.reshape(-1, size)
    picked: npt.NDArray[Any] = flat[begins[rows, None] + np.arange(size)]
    return picked


def _rows(
    ids: npt.NDArray[np.int64],
    days: npt.NDArray[np.int64],
    readings: npt.NDArray[np.int32],
    quality: npt.NDArray[np.uint8] | None,
) -> memoryview:
    size = readings.shape[1]
    form = _form(size, with_quality=quality is not None)
    laid = np.empty((len(ids), form.itemsize), dtype=np.uint8)
    laid[:] = _blank(size, with_quality=quality is not None)
    rows = laid.view(form)[:, 0]
    rows["id"], rows["day"] = ids, days
    if quality is not None:
        rows["quality"] = quality
    rows["readings"][:, :, 1] = readings
    return laid.data.cast("B")


@lru_cache(maxsize=32)
def _blank(size: int, *, with_quality: bool) -> npt.NDArray[np.uint8]:
    """Return the bytes that all rows of one length share."""
    row = np.zeros(1, dtype=_form(size, with_quality=with_quality))
    row["fields"] = FIELDS
    row["id_bytes"], row["day_bytes"] = 8, INT_BYTES
    row["quality_bytes"] = size if with_quality else NULL
    row["array_bytes"] = INT_BYTES * (ARRAY_HEADER_INTS + 2 * size)
    row["array"] = (1, 0, INT4_OID, size, 1)
    row["readings"][:, :, 0] = INT_BYTES
    return row.view(np.uint8)


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
