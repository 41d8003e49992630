"""Reads a utility's interval 867: what the meters of one account recorded quarter hour by quarter.

The codec has read the readings into arrays; here they get their account, their days and their
direction, and are packed for the message. No total is sent beside them in California, so none is
compared. Source: UIG 867 004010, BPT04 = C1; how readings are timed is the profile's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions.facts import Fact
from services.edi_gateway.transactions.reading import (
    OTHER,
    REQUIRED_MISSING,
    Inspection,
    Reading,
    header_places,
    reference,
)
from services.edi_gateway.transactions.usage_header import read_header
from services.edi_gateway.x12 import IntervalDocument, IntervalSeries, Loop, Transaction
from shared.contracts.intervals import (
    DECIMALS_MAX,
    DECIMALS_MIN,
    READINGS_MAX,
    RUNS_MAX,
    IntervalUsage,
    MeterIntervals,
    ReadingRun,
    Stretch,
    pack,
)
from shared.contracts.parts import MESSAGE_ITEMS_MAX
from shared.contracts.usage import Direction

if TYPE_CHECKING:
    import numpy.typing as npt

INTERVAL_MESSAGE_BYTES: Final = 1024 * 1024
"""Readings in one message, as JSON: well below what a message may hold, because several messages
are in the hands of a consumer at once."""

ROLE_IGNORE: Final = "I"
ROLE_SUBTRACT: Final = "S"
"""REF*JH: how a meter enters the account's usage; adding is the rule."""

INT32_MAX: Final = 2**31 - 1
ESTIMATED_MARK: Final = 1
WRITTEN_BEFORE_DAYS: Final = 1
"""A document of a day may hold that day's readings; anything later was placed wrongly."""


def read(document: IntervalDocument, partner: TradingPartner, *, transaction_id: UUID) -> Reading:
    """Read one interval 867.

    Returns:
        A Reading with one `IntervalUsage`, or with the reasons why it cannot be one.
    """
    inspection = Inspection(partner)
    header = read_header(document.transaction, inspection, transaction_id)
    for problem in document.problems:
        inspection.note(OTHER, problem)
    meters = _meters(document, inspection, header.values["reported_on"])
    item = inspection.build(IntervalUsage, {**header.values, "meters": meters})
    return inspection.reading(
        key=header.usage_id,
        cca=header.cca,
        account=header.account,
        facts=(item,),
        identifiers=header.identifiers,
    )


def interval_batches(facts: Iterable[Fact]) -> Iterator[tuple[IntervalUsage, ...]]:
    """Cut interval usage into batches that fit a message, by number and by size."""
    batch: list[IntervalUsage] = []
    held = 0
    for fact in facts:
        if not isinstance(fact, IntervalUsage):
            continue
        size = fact.packed_bytes
        if batch and (len(batch) == MESSAGE_ITEMS_MAX or held + size > INTERVAL_MESSAGE_BYTES):
            yield tuple(batch)
            batch, held = [], 0
        batch.append(fact)
        held += size
    if batch:
        yield tuple(batch)


@dataclass(frozen=True, slots=True)
class _Days:
    """The local days of a series, by the clock of its stamps."""

    first: date
    end: date
    minutes: int
    """How long they are together."""


def _meters(
    document: IntervalDocument, inspection: Inspection, reported_on: object
) -> tuple[MeterIntervals, ...]:
    rules = inspection.profile.usage
    series = {one.place: one for one in document.series}
    meters: list[MeterIntervals | None] = []
    for number, loop in enumerate(document.transaction.loops("PTD"), start=1):
        place = f"PTD[{number}]"
        if loop.qualifier in rules.summary_loops:
            continue
        if loop.qualifier not in rules.meter_loops:
            text = f"{place}: PTD01 {loop.qualifier!r} has no meaning for {inspection.profile.name}"
            inspection.note(OTHER, text)
        elif place in series and reference((loop,), "JH") != ROLE_IGNORE:
            one = series[place]
            _refuse_future(one, inspection, reported_on)
            meters.append(_meter(loop, document.transaction, one, inspection))
    if not meters and not document.problems:
        inspection.note(REQUIRED_MISSING, "no meter (PTD loop) holds readings")
    return tuple(meter for meter in meters if meter is not None)


def _refuse_future(one: IntervalSeries, inspection: Inspection, reported_on: object) -> None:
    """Nobody sends readings of days to come: the stamps mean something else than the profile says.

    A run that hangs on one stamp would otherwise land a month off, and be charged there.
    """
    if not isinstance(reported_on, date):
        return
    last = _days(one, inspection.profile.usage.intervals.time_zone).end
    if last > reported_on + timedelta(days=WRITTEN_BEFORE_DAYS):
        inspection.note(
            OTHER,
            f"{one.place}: readings up to {last - timedelta(days=1)} in a document of "
            f"{reported_on}: its stamps are not what the profile says of them",
        )


def _meter(
    loop: Loop, transaction: Transaction, one: IntervalSeries, inspection: Inspection
) -> MeterIntervals | None:
    place = one.place
    if reference((loop,), "JH") == ROLE_SUBTRACT:
        inspection.note(OTHER, f"{place}: REF*JH S, a meter to subtract, needs a person")
    decimals, packed = _packed(one)
    if packed is None:
        inspection.note(OTHER, f"{place}: a reading is too large to be kept to its last decimal")
        return None
    starts = one.starts.astype(np.int64)
    if (starts % one.minutes).any():
        inspection.note(OTHER, f"{place}: readings do not begin on every {one.minutes} minutes")
        return None
    cuts = np.flatnonzero(np.diff(starts) != one.minutes) + 1
    if len(cuts) >= RUNS_MAX or len(packed) > READINGS_MAX:
        inspection.note(OTHER, f"{place}: {len(cuts)} gaps, {len(packed)} readings: too many")
        return None
    days = _days(one, inspection.profile.usage.intervals.time_zone)
    values = {
        "meter_number": inspection.required(
            reference((loop, *loop.loops("N1")), "MG"), f"{place}: REF*MG (meter)"
        ),
        "channel": reference((loop,), "6W"),
        "direction": Direction.RECEIVED if one.received else Direction.DELIVERED,
        "rate_code": reference((loop, *header_places(transaction)), "NH") or None,
        "period_start": days.first,
        "period_end": days.end,
        "minutes": one.minutes,
        "expected": days.minutes // one.minutes,
        "decimals": decimals,
        "runs": tuple(_runs(one, packed, cuts.tolist())),
    }
    return inspection.build(MeterIntervals, values)


def _packed(one: IntervalSeries) -> tuple[int, npt.NDArray[np.int32] | None]:
    """Return the fewest decimals that hold every reading exactly, and the readings so."""
    for decimals in range(DECIMALS_MIN, DECIMALS_MAX + 1):
        unit = 10 ** (DECIMALS_MAX - decimals)
        units = one.quantities // unit
        if (units * unit == one.quantities).all():
            fits = len(units) > 0 and int(np.abs(units).max()) <= INT32_MAX
            return decimals, units.astype("<i4") if fits else None
    return DECIMALS_MAX, None


def _runs(
    one: IntervalSeries, packed: npt.NDArray[np.int32], cuts: list[int]
) -> Iterator[ReadingRun]:
    estimated = one.marks == ESTIMATED_MARK
    for begin, end in zip([0, *cuts], [*cuts, len(packed)], strict=True):
        yield ReadingRun(
            start=_moment(one, begin),
            count=end - begin,
            packed=pack(packed[begin:end].tobytes()),
            estimated=tuple(_stretches(estimated[begin:end])),
        )


def _stretches(marked: npt.NDArray[np.bool_]) -> Iterator[Stretch]:
    if not marked.any():
        return
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marked, [False])))).tolist()
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        yield Stretch(first=begin, count=end - begin)


def _moment(one: IntervalSeries, place: int) -> datetime:
    minute = int(one.starts[place].astype(np.int64))
    return datetime.fromtimestamp(minute * 60, UTC)


def _days(one: IntervalSeries, zone: str) -> _Days:
    return _days_of(int(one.starts[0].astype(np.int64)), int(one.starts[-1].astype(np.int64)), zone)


@lru_cache(maxsize=256)
def _days_of(first: int, last: int, zone: str) -> _Days:
    begin, end = (
        datetime.fromtimestamp(minute * 60, UTC).astimezone(ZoneInfo(zone)).date()
        for minute in (first, last)
    )
    end += timedelta(days=1)
    length = _midnight(end, zone) - _midnight(begin, zone)
    return _Days(begin, end, int(length.total_seconds()) // 60)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
