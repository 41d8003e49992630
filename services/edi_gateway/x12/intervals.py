"""Reads interval usage out of a document, plainly: the reference of the vectorised reading.

It takes a transaction that the validator accepted and says of every PTD loop what was recorded and
when, or in a sentence why that cannot be known. Nothing is guessed: a stamp that does not exist on
the clock, a reading that overlaps the one before it, a meter type that is no interval.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import numpy as np

from services.edi_gateway.x12.document import Loop, Segment, Transaction
from services.edi_gateway.x12.interval_series import (
    MICRO,
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.edi_gateway.x12.interval_series import Starts

INTERVAL_REPORT = "C1"
"""BPT04 of interval usage."""

STAMP_LENGTH = 12
QUANTITY_LIMIT = 10**9
"""kWh of one reading; far above any, and what fits an integer of millionths."""

PROBLEMS_MAX = 50


class _Unusable(Exception):
    """A PTD loop whose readings cannot be known; the text says why."""


def is_interval(transaction: Transaction) -> bool:
    """Whether a document is an interval 867."""
    return transaction.set_id == "867" and transaction.value("BPT", 4) == INTERVAL_REPORT


def read_intervals(transaction: Transaction, layout: IntervalLayout) -> IntervalDocument:
    """Read the series of every PTD loop that holds readings."""
    series: list[IntervalSeries] = []
    problems: list[str] = []
    for number, loop in enumerate(transaction.loops("PTD"), start=1):
        readings = loop.loops("QTY")
        if not readings:
            continue
        place = f"PTD[{number}]"
        try:
            series.append(_series(loop, readings, layout, place))
        except _Unusable as unusable:
            problems.append(f"{place}: {unusable}")
    return IntervalDocument(
        without_readings(transaction),
        () if problems else tuple(series),
        tuple(problems[:PROBLEMS_MAX]),
    )


def without_readings(transaction: Transaction) -> Transaction:
    """Return the document without the QTY loops of its PTD loops; places stay as they were."""
    dropped: set[int] = set()
    children: list[Loop] = []
    for child in transaction.root.children:
        if child.id != "PTD":
            children.append(child)
            continue
        kept = [inner for inner in child.children if inner.id != "QTY"]
        children.append(Loop(child.id, child.segments, kept))
        for inner in child.children:
            if inner.id == "QTY":
                dropped.update(segment.position for segment in inner.walk())
    return Transaction(
        transaction.set_id,
        transaction.control_number,
        tuple(one for one in transaction.segments if one.position not in dropped),
        Loop(transaction.root.id, transaction.root.segments, children),
    )


def stamp_of(segment: Segment) -> str:
    """Return a DTM's CCYYMMDDHHMM; empty when it has another form."""
    value = segment.element(6)
    return value if segment.element(5) == "DT" and len(value) == STAMP_LENGTH else ""


def _series(
    loop: Loop, readings: Sequence[Loop], layout: IntervalLayout, place: str
) -> IntervalSeries:
    kind = meter_kind(loop.value("REF", 2, "MT"), layout)
    if kind is None:
        meter_type = loop.value("REF", 2, "MT")
        raise _Unusable(f"REF*MT '{meter_type}' is no interval of unit {layout.unit}")
    marks = dict(layout.qualities)
    quantities = np.empty(len(readings), dtype=np.int64)
    found = np.empty(len(readings), dtype=np.uint8)
    for number, reading in enumerate(readings):
        qty = reading.header
        mark = marks.get(qty.element(1))
        if mark is None:
            raise _Unusable(f"QTY01 '{qty.element(1)}' has no meaning here")
        if qty.element(3) != layout.unit:
            raise _Unusable(f"QTY03 '{qty.element(3)}' is not {layout.unit}")
        found[number] = mark
        quantities[number] = _quantity(qty.element(2))
    starts = _starts(loop, readings, layout, kind[0])
    return frozen(place, kind, quantities, starts, found)


def _quantity(text: str) -> int:
    try:
        amount = Decimal(text) * MICRO
    except InvalidOperation:
        raise _Unusable(f"QTY02 '{text}' is no quantity") from None
    if amount != amount.to_integral_value() or abs(amount) >= QUANTITY_LIMIT * MICRO:
        raise _Unusable(f"QTY02 '{text}' is no quantity of at most six decimals")
    return int(amount)


def _starts(loop: Loop, readings: Sequence[Loop], layout: IntervalLayout, step: int) -> Starts:
    if layout.anchor is not Anchor.EACH_END:
        return starts_from(_begin(loop, len(readings), layout, step), step, len(readings))
    ends = _each_end(readings, layout.zone, step)
    _agree(layout.zone, stamp_of(loop.first("DTM", "150")), ends[0] - step, "start at DTM*150")
    _agree(layout.zone, stamp_of(loop.first("DTM", "151")), ends[-1], "end at DTM*151")
    return (np.array(ends, dtype=np.int64) - step).astype("datetime64[m]")


def series_begin(
    loop: Loop, count: int, layout: IntervalLayout, step: int, known: int | None
) -> int | None:
    """Return where readings without a gap begin (UTC minutes); None when it cannot be known.

    `known` is where the readings' own stamps say they begin, if each has one.
    """
    try:
        if layout.anchor is not Anchor.EACH_END:
            return _begin(loop, count, layout, step)
        if known is None:
            return None
        first, last = (stamp_of(loop.first("DTM", code)) for code in ("150", "151"))
        _agree(layout.zone, first, known, "start at DTM*150")
        _agree(layout.zone, last, known + step * count, "end at DTM*151")
    except _Unusable:
        return None
    return known


def _begin(loop: Loop, count: int, layout: IntervalLayout, step: int) -> int:
    """Where bare readings begin, by the one stamp that anchors them."""
    first = stamp_of(loop.first("DTM", "150"))
    last = stamp_of(loop.first("DTM", "151"))
    if layout.anchor is Anchor.FIRST_START:
        begin = _instant(layout.zone, first, "DTM*150")
        _agree(layout.zone, last, begin + step * count, "end at DTM*151")
        return begin
    if layout.anchor is Anchor.FIRST_END:
        last = last or stamp_of(loop.loops("QTY")[0].first("DTM", "151"))
        begin = _instant(layout.zone, last, "DTM*151") - step
        _agree(layout.zone, first, begin, "start at DTM*150")
        return begin
    last = last or stamp_of(loop.loops("QTY")[-1].first("DTM", "151"))
    begin = _instant(layout.zone, last, "DTM*151") - step * count
    _agree(layout.zone, first, begin, "start at DTM*150")
    return begin


def _each_end(readings: Sequence[Loop], zone: str, step: int) -> list[int]:
    stamps = [stamp_of(reading.first("DTM", "151")) for reading in readings]
    joined = "".join(stamps).encode("latin-1")
    for first in instants(zone, stamps[0]):
        if joined == local_stamps(zone, first, step, len(stamps)):
            return [first + step * n for n in range(len(stamps))]
    ends: list[int] = []
    for stamp in stamps:
        possible = instants(zone, stamp)
        if not possible:
            raise _Unusable(f"reading {len(ends) + 1} ends at '{stamp}', no time on the clock")
        later = [at for at in possible if not ends or at >= ends[-1] + step]
        if not later:
            raise _Unusable(f"reading {len(ends) + 1} ends at '{stamp}', within the one before it")
        ends.append(later[0])
    return ends


def _instant(zone: str, stamp: str, name: str) -> int:
    possible = instants(zone, stamp)
    if not possible:
        raise _Unusable(f"{name} '{stamp}' is no time on the clock")
    return possible[0]


def _agree(zone: str, stamp: str, at: int, what: str) -> None:
    """Hold the readings to the period that was sent beside them, if it was."""
    if stamp and at not in instants(zone, stamp):
        raise _Unusable(f"the readings do not {what} '{stamp}'")
