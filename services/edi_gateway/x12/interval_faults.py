"""Tells why an interval 867 is refused without validating thousands of readings to find one fault.

Faulty readings are found by halving: what reads as a column of numbers is without fault. The
document is then validated with these and a few good readings, which stand for all the others, and
what is found is told of the places that it has in the whole. Anything doubtful is left to the plain
reading, which says the same and takes longer.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from services.edi_gateway.x12.acceptance import accept_or_tell
from services.edi_gateway.x12.digits import WORD, word
from services.edi_gateway.x12.interval_runs import (
    DTM_LENGTH,
    LOW_FOUR,
    MARGIN,
    STAMP_AT,
    Run,
    Sheet,
    reading_rows,
    run_of,
    shortened,
    stamp_words,
)
from services.edi_gateway.x12.interval_series import MINUTES, Anchor, instants
from services.edi_gateway.x12.rules import UNLIMITED, LoopRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from services.edi_gateway.x12.findings import Finding
    from services.edi_gateway.x12.interval_runs import Offsets
    from services.edi_gateway.x12.interval_series import IntervalLayout
    from services.edi_gateway.x12.rules import Guide

FAULTY_MAX = 20
"""Faulty readings of one run that are told of in this way; more are read plainly."""

ONE_BY_ONE_MAX = 64
"""So many readings are looked at one by one: halving them further would take longer."""

_READING = re.compile(r"PTD\[([0-9]+)\]/QTY\[([0-9]+)\]")


def refuse_intervals(
    guide: Guide, sheet: Sheet, layout: IntervalLayout, place: str = ""
) -> tuple[Finding, ...]:
    """Return why one interval 867 is refused; empty when it must be read plainly.

    Findings come without offsets, as the validator's.
    """
    if not _takes_any_number(guide):
        return ()
    runs: dict[int, Run] = {}
    faulty: set[int] = set()
    for rows in reading_rows(sheet):
        run = _with_faults(sheet, rows, layout, faulty)
        number = _meter_of(sheet, rows)
        if run is None or number in runs:
            return ()
        runs[number] = run
    if not runs:
        return ()
    texts, positions = shortened(sheet, list(runs.values()))
    told = accept_or_tell(guide, texts, sheet.signs, place)
    if told is None or told[0] is not None:
        return ()
    findings = [_whole(found, positions, runs) for found in told[1]]
    good = _good_positions(sheet, runs.values(), faulty)
    if any(found is None or found.segment_position in good for found in findings):
        return ()
    return tuple(found for found in findings if found is not None)


def _takes_any_number(guide: Guide) -> bool:
    set_map = guide.set_map("867")
    return set_map is not None and all(use >= UNLIMITED for use in _reading_uses(set_map.root))


def _reading_uses(loop: LoopRule) -> Iterator[int]:
    """How often the guide takes a reading, in each loop that holds readings."""
    for child in loop.children:
        if isinstance(child, LoopRule):
            if child.id == "QTY":
                yield child.max_use
            yield from _reading_uses(child)


def _meter_of(sheet: Sheet, rows: Offsets) -> int:
    """Which PTD loop a run lies in, from 1."""
    before = sheet.begins[: int(rows[0])]
    head = np.uint64(int.from_bytes(b"PTD" + sheet.signs.element.encode("latin-1"), "little"))
    return int(np.count_nonzero((sheet.words[before] & LOW_FOUR) == head))


def _with_faults(
    sheet: Sheet, rows: Offsets, layout: IntervalLayout, faulty: set[int]
) -> Run | None:
    """Choose the readings that stand for a run: its faulty ones, and samples of the good ones.

    `faulty` gets the numbers of the faulty segments. None when there are too many.
    """
    whole = run_of(sheet, rows, layout)
    bad = set() if whole else set(_bad_quantities(sheet, rows, layout))
    if layout.anchor is Anchor.EACH_END:
        stamps = _bad_stamps(sheet, rows + 1, layout)
        if stamps is None:
            return None
        bad.update(stamps)
    if len(bad) > FAULTY_MAX or len(bad) == len(rows):
        return None
    good = np.delete(np.arange(len(rows)), sorted(bad))
    kept = run_of(sheet, rows[good], layout) if bad else whole
    if kept is None:
        return None
    samples = {*bad, *(int(good[sample]) for sample in kept.samples)}
    faulty.update(int(rows[place]) + offset for place in bad for offset in range(sheet.stride))
    return Run(rows, kept.marks, kept.quantities, tuple(sorted(samples)))


def _bad_quantities(sheet: Sheet, rows: Offsets, layout: IntervalLayout) -> Iterator[int]:
    """Find unusual readings by halving; at most a few more than may be told of."""
    places = np.arange(len(rows))
    waiting, found = _halves(places), 0
    while waiting and found <= FAULTY_MAX:
        part = waiting.pop()
        if run_of(sheet, rows[part], layout) is not None:
            continue
        if len(part) > ONE_BY_ONE_MAX:
            waiting += _halves(part)
            continue
        for place in _unlike(sheet, part, rows, layout):
            found += 1
            yield place


def _unlike(sheet: Sheet, part: Offsets, rows: Offsets, layout: IntervalLayout) -> Iterator[int]:
    """Look at a few readings one by one; those that do not look like a number are faulty."""
    usual = _usual(sheet.signs.element, layout.unit, sheet.signs.segment)
    begins, ends = sheet.begins[rows[part]].tolist(), sheet.ends[rows[part]].tolist()
    for place, begin, end in zip(part.tolist(), begins, ends, strict=True):
        if not usual(sheet.data, begin, end):
            yield place


@lru_cache(maxsize=16)
def _usual(element: str, unit: str, segment: str) -> Callable[[bytes, int, int], object]:
    """Return what tells whether bytes are a reading of the usual form."""
    parts = ("QTY", "[A-Z0-9]{2}", r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)", re.escape(unit))
    form = re.escape(element).join(parts) + re.escape(segment)
    return re.compile(form.encode("latin-1")).fullmatch


def _halves(part: Offsets) -> list[Offsets]:
    middle = len(part) // 2
    return [part[:middle], part[middle:]] if middle else [part]


def _bad_stamps(sheet: Sheet, rows: Offsets, layout: IntervalLayout) -> list[int] | None:
    """Find stamps that are not those of a series without a gap; None when most are not."""
    if rows[-1] >= len(sheet.begins) or sheet.begins[rows[-1]] > len(sheet.data) - MARGIN - WORD:
        return None
    begins = sheet.begins[rows]
    wrong = sheet.ends[rows] - begins != DTM_LENGTH
    head = "DTM*151****DT*".replace("*", sheet.signs.element).encode("latin-1")
    for at in (0, STAMP_AT - WORD):
        wrong |= sheet.words[begins + at] != word(head[at : at + WORD])
    early, late = sheet.words[begins + STAMP_AT], sheet.words[begins + STAMP_AT + 4]
    first = int(begins[0]) + STAMP_AT
    text = sheet.data[first : first + 12].decode("latin-1")
    for end in instants(layout.zone, text):
        for minutes in MINUTES:
            expected = stamp_words(layout.zone, end, int(minutes), len(rows))
            here = np.flatnonzero(wrong | (early != expected[0]) | (late != expected[1]))
            if len(here) <= FAULTY_MAX:
                found: list[int] = here.tolist()
                return found
    return None


def _good_positions(sheet: Sheet, runs: Iterable[Run], faulty: set[int]) -> set[int]:
    """Return where the good readings stand that were kept, counted from 1.

    What is found there would be found in every other reading too.
    """
    kept = {
        int(run.rows[sample]) + offset
        for run in runs
        for sample in run.samples
        for offset in range(sheet.stride)
    }
    return {number + 1 for number in kept - faulty}


def _whole(found: Finding, positions: list[int], runs: dict[int, Run]) -> Finding | None:
    """Tell a finding of its place in the whole document; None when it has none there."""
    position = positions[found.segment_position - 1]
    reading = _READING.search(found.place)
    if reading is None:
        return replace(found, segment_position=position)
    run, number = runs.get(int(reading[1])), int(reading[2])
    if run is None or number > len(run.samples):
        return None
    true = f"PTD[{reading[1]}]/QTY[{run.samples[number - 1] + 1}]"
    place = found.place[: reading.start()] + true + found.place[reading.end() :]
    return replace(found, segment_position=position, place=place)
