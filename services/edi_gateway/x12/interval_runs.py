"""Reads long runs of interval readings at once: accepts the common good case, explains nothing.

An interval 867 is a short document with thousands of readings of one form. The document is read
with a few readings in it, which shows that the guide takes any number of them; the others are held
to the form of these as columns of bytes. Stamps are not parsed but compared with the stamps that a
series without gap must have. Whatever is unusual gives None, and the plain readers judge it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.edi_gateway.x12.acceptance import acceptor_for
from services.edi_gateway.x12.digits import WORD, read_numbers, word, words
from services.edi_gateway.x12.document import Loop, Segment, Transaction
from services.edi_gateway.x12.interval_series import (
    Anchor,
    IntervalDocument,
    IntervalLayout,
    IntervalSeries,
    frozen,
    instants,
    local_stamps,
    meter_kind,
    starts_from,
)
from services.edi_gateway.x12.intervals import is_interval, series_begin, without_readings
from services.edi_gateway.x12.segment_index import segment_bounds
from services.edi_gateway.x12.tokenizer import clean

if TYPE_CHECKING:
    import numpy.typing as npt

    from services.edi_gateway.x12.delimiters import Delimiters
    from services.edi_gateway.x12.rules import Guide

    Bytes = npt.NDArray[np.uint8]
    Words = npt.NDArray[np.uint64]
    Offsets = npt.NDArray[np.int64]

READINGS_MIN = 8
"""Fewer readings than this are read plainly."""

CODE_LENGTH = 2
NUMBER_AT = len("QTY*32*")
STAMP_AT = len("DTM*151****DT*")
DTM_LENGTH = len("DTM*151****DT*202610010015~")
MARGIN = 24
"""Bytes around any reading, so that whole words can be loaded; ST and SE always take more."""

LOW_FOUR = np.uint64(0xFFFFFFFF)
_FIFTH = np.uint64(32)
_CODE = np.uint64(0xFFFF)
_SEVENTH = np.uint64(48)
_ONE = np.uint64(0xFF)


class Run(NamedTuple):
    """The readings of one PTD loop: the numbers of their QTY segments, and what they hold."""

    rows: Offsets
    marks: npt.NDArray[np.uint8]
    quantities: npt.NDArray[np.int64]
    samples: tuple[int, ...]
    """Rows that stand for all: first, shortest, longest and one of each code; in order."""


class Sheet(NamedTuple):
    """A slot's bytes laid out: where its segments are, and the word from every byte on."""

    data: bytes
    begins: Offsets
    ends: Offsets
    words: Words
    signs: Delimiters
    stride: int


def accept_intervals(
    guide: Guide, data: bytes, delimiters: Delimiters, layout: IntervalLayout
) -> IntervalDocument | None:
    """Read one interval 867 from the bytes of its slot; None when it must be read plainly."""
    sheet = lay_out(data, delimiters, layout)
    return None if sheet is None else accept_laid_out(guide, sheet, layout)


def accept_laid_out(guide: Guide, sheet: Sheet, layout: IntervalLayout) -> IntervalDocument | None:
    """Read one interval 867 whose segments were found; None when it must be read plainly."""
    acceptor = acceptor_for(guide, "867", sheet.signs)
    if acceptor is None:
        return None
    runs = _runs(sheet, layout)
    if not runs:
        return None
    texts, positions = shortened(sheet, runs)
    transaction = acceptor.read(texts, tuple(texts[0].split(sheet.signs.element)))
    if transaction is None or not acceptor.is_steady(texts, _sample_ends(sheet, runs, positions)):
        return None
    return _accepted(sheet, runs, layout, transaction, positions)


def lay_out(data: bytes, delimiters: Delimiters, layout: IntervalLayout) -> Sheet | None:
    """Find the segments of a slot's bytes; None when they are too unusual or too few."""
    terminator = delimiters.segment.encode("latin-1")
    if len(terminator) != 1 or len(data) < 2 * MARGIN:
        return None
    cells = np.frombuffer(data, dtype=np.uint8)
    begins, ends = segment_bounds(cells, data, terminator)
    stride = 2 if layout.anchor is Anchor.EACH_END else 1
    return Sheet(data, begins, ends, words(cells), delimiters, stride)


def _accepted(
    sheet: Sheet,
    runs: list[Run],
    layout: IntervalLayout,
    transaction: Transaction,
    positions: list[int],
) -> IntervalDocument | None:
    """Put the readings into the loops of the document that was read without them."""
    loops = [loop for loop in transaction.loops("PTD") if loop.loops("QTY")]
    samples = [len(run.samples) for run in runs]
    if not is_interval(transaction) or [len(loop.loops("QTY")) for loop in loops] != samples:
        return None
    numbers = [n for n, one in enumerate(transaction.loops("PTD"), 1) if one.loops("QTY")]
    series: list[IntervalSeries] = []
    for number, loop, run in zip(numbers, loops, runs, strict=True):
        one = _series(sheet, loop, run, layout, f"PTD[{number}]")
        if one is None:
            return None
        series.append(one)
    return IntervalDocument(_renumbered(without_readings(transaction), positions), tuple(series))


def _runs(sheet: Sheet, layout: IntervalLayout) -> list[Run]:
    """Find every run of readings and hold each reading to its form; empty when any is unusual."""
    runs: list[Run] = []
    for rows in reading_rows(sheet):
        run = run_of(sheet, rows, layout)
        if run is None:
            return []
        runs.append(run)
    return runs


def reading_rows(sheet: Sheet) -> list[Offsets]:
    """Find the QTY segments that follow one another, run by run."""
    begins = sheet.begins
    reachable = begins[: begins.searchsorted(len(sheet.data) - MARGIN, side="right")]
    head = np.uint64(int.from_bytes(b"QTY" + sheet.signs.element.encode("latin-1"), "little"))
    rows = np.flatnonzero((sheet.words[reachable] & LOW_FOUR) == head)
    if len(rows) < READINGS_MIN or begins[rows[0]] < MARGIN:
        return []
    apart = np.flatnonzero(rows[1:] - rows[:-1] != sheet.stride)
    return np.split(rows, apart + 1) if len(apart) else [rows]


def run_of(sheet: Sheet, rows: Offsets, layout: IntervalLayout) -> Run | None:
    """Read some readings; None when one of them is unusual."""
    element = sheet.signs.element.encode("latin-1")
    begins, ends = sheet.begins[rows], sheet.ends[rows]
    heads = sheet.words[begins]
    if ((heads >> _SEVENTH & _ONE) != element[0]).any():
        return None
    tail = element + layout.unit.encode("latin-1") + sheet.signs.segment.encode("latin-1")
    tails = sheet.words[ends - WORD] >> np.uint64(8 * (WORD - len(tail)))
    if (tails != np.uint64(int.from_bytes(tail, "little"))).any():
        return None
    numbers, after = begins + NUMBER_AT, ends - len(tail)
    if (after <= numbers).any():
        return None
    read = read_numbers(sheet.words, numbers, after)
    codes = (heads >> _FIFTH & _CODE).astype(np.uint16)
    marks, firsts = _marks(codes, layout)
    if read is None or marks is None:
        return None
    samples = {0, int(read.digits.argmin()), int(read.digits.argmax()), len(rows) - 1, *firsts}
    return Run(rows, marks, read.micro_units, tuple(sorted(samples)))


def _marks(
    codes: npt.NDArray[np.uint16], layout: IntervalLayout
) -> tuple[npt.NDArray[np.uint8] | None, list[int]]:
    """Return each reading's mark and the first row of each code; None when a code is unknown."""
    only = dict(layout.qualities).get(int(codes[0]).to_bytes(2, "little").decode("latin-1"))
    if only is not None and (codes == codes[0]).all():
        return np.full(len(codes), only, dtype=np.uint8), []
    marks = np.empty(len(codes), dtype=np.uint8)
    firsts: list[int] = []
    known = 0
    for code, mark in layout.qualities:
        if len(code) != CODE_LENGTH:
            return None, []
        here = codes == int.from_bytes(code.encode("latin-1"), "little")
        count = int(np.count_nonzero(here))
        if count:
            marks[here] = mark
            firsts.append(int(here.argmax()))
            known += count
    return (marks if known == len(codes) else None), firsts


def shortened(sheet: Sheet, runs: list[Run]) -> tuple[list[str], list[int]]:
    """Return the document's texts with only the sample readings, and each text's position."""
    keep = np.ones(len(sheet.begins), dtype=np.bool_)
    for run in runs:
        for offset in range(sheet.stride):
            keep[np.minimum(run.rows + offset, len(keep) - 1)] = False
            keep[np.minimum(run.rows[list(run.samples)] + offset, len(keep) - 1)] = True
    numbers = np.flatnonzero(keep)
    texts = []
    bounds = zip(sheet.begins[numbers].tolist(), sheet.ends[numbers].tolist(), strict=True)
    for begin, end in bounds:
        text = sheet.data[begin:end].decode("latin-1")
        texts.append(clean(text.removesuffix(sheet.signs.segment)))
    return texts, (numbers + 1).tolist()


def _sample_ends(sheet: Sheet, runs: list[Run], positions: list[int]) -> list[list[int]]:
    """Return, a run each, the places in the shortened document where its samples end."""
    place = {position: number for number, position in enumerate(positions)}
    return [[place[int(run.rows[sample]) + sheet.stride] for sample in run.samples] for run in runs]


def _series(
    sheet: Sheet, loop: Loop, run: Run, layout: IntervalLayout, place: str
) -> IntervalSeries | None:
    kind = meter_kind(loop.value("REF", 2, "MT"), layout)
    if kind is None:
        return None
    step, count = kind[0], len(run.rows)
    if layout.anchor is Anchor.EACH_END:
        end = first_end(sheet, run.rows + 1, layout.zone, step)
        begin = None if end is None else end - step
    else:
        begin = None
    begin = series_begin(loop, count, layout, step, begin)
    if begin is None:
        return None
    return frozen(place, kind, run.quantities, starts_from(begin, step, count), run.marks)


def first_end(sheet: Sheet, rows: Offsets, zone: str, step: int) -> int | None:
    """Hold every reading's DTM*151 to the stamp it must have; return the first end, UTC minutes."""
    if rows[-1] >= len(sheet.begins):
        return None
    begins, ends = sheet.begins[rows], sheet.ends[rows]
    if begins[-1] > len(sheet.data) - MARGIN - WORD or ((ends - begins) != DTM_LENGTH).any():
        return None
    head = "DTM*151****DT*".replace("*", sheet.signs.element).encode("latin-1")
    for at in (0, STAMP_AT - WORD):
        if (sheet.words[begins + at] != word(head[at : at + WORD])).any():
            return None
    early, late = sheet.words[begins + STAMP_AT], sheet.words[begins + STAMP_AT + 4]
    first = int(begins[0]) + STAMP_AT
    for end in instants(zone, sheet.data[first : first + 12].decode("latin-1")):
        expected_early, expected_late = stamp_words(zone, end, step, len(rows))
        if (early == expected_early).all() and (late == expected_late).all():
            return end
    return None


@lru_cache(maxsize=64)
def stamp_words(zone: str, first: int, step: int, count: int) -> tuple[Words, Words]:
    """Return the first eight and the last eight digits of the stamps of a series, as words."""
    at = words(np.frombuffer(local_stamps(zone, first, step, count), dtype=np.uint8))
    return at[::12].copy(), at[4::12].copy()


def _renumbered(transaction: Transaction, positions: list[int]) -> Transaction:
    """Give the segments of the shortened document the positions that they have in the whole."""
    moved = {
        id(segment): Segment(segment[0], positions[segment[1] - 1], segment[2])
        for segment in transaction.segments
    }

    def again(loop: Loop) -> Loop:
        own: list[Segment] = [moved[id(segment)] for segment in loop.segments]
        return Loop(loop.id, own, [again(child) for child in loop.children])

    return Transaction(
        transaction.set_id,
        transaction.control_number,
        tuple(moved.values()),
        again(transaction.root),
    )
