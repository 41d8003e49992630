"""Reads a utility's 867: what the meters of one account recorded over a service period.

Usage history (BPT01 52) looks the same and is another thing: `ts867_history.py` reads it.

Source: UIG 867 004010, PG&E's 867 guide for QTY01 = 87 and MEA07. What a code means differs by
utility under the same syntax, so PTD01, QTY01 and MEA07 are read through the partner's profile. A
cancel carries the numbers as they were sent, not negated (Maine EBT Standards v3.0).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions import ts867_history
from services.edi_gateway.transactions.elements import read_range
from services.edi_gateway.transactions.facts import Fact, batches
from services.edi_gateway.transactions.intervals import interval_batches
from services.edi_gateway.transactions.quantities import read_quantities
from services.edi_gateway.transactions.reading import (
    OTHER,
    REQUIRED_MISSING,
    Inspection,
    Reading,
    header_places,
    reference,
)
from services.edi_gateway.transactions.usage_header import read_header
from services.edi_gateway.x12 import Loop, Transaction, is_interval
from shared.contracts.intervals import IntervalUsageReported
from shared.contracts.usage import (
    HistoricalUsage,
    HistoricalUsageReported,
    MeterUsage,
    UsageItem,
    UsageReported,
)

UNMETERED: Final = "UNMETERED"
"""Stands for the meter number where service has no meter (PTD01 BC or BD)."""

HISTORY: Final = "52"
"""BPT01 of usage that was asked for: the answer to a request for history, never billed."""

ROLE_ADD: Final = "A"
ROLE_IGNORE: Final = "I"
ROLE_SUBTRACT: Final = "S"
"""REF*JH: how a meter enters the account's usage; adding is the rule."""

EXCHANGE: Final = "514"
"""DTM01: the day on which one meter was exchanged for another, which splits the period."""


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one monthly 867.

    Returns:
        A Reading with one `UsageItem` (or one `HistoricalUsage`, which is never billed), or with
        the reasons why it cannot be one.
    """
    if transaction.value("BPT", 1).strip() == HISTORY:
        return ts867_history.read(transaction, partner, transaction_id)
    inspection = Inspection(partner)
    header = read_header(transaction, inspection, transaction_id)
    if is_interval(transaction):
        inspection.note(OTHER, "interval usage (BPT04 C1) is read with its readings, not by totals")
    meters = _meters(transaction, inspection)
    item = inspection.build(UsageItem, {**header.values, "meters": meters})
    return inspection.reading(
        key=header.usage_id,
        cca=header.cca,
        account=header.account,
        facts=(item,),
        identifiers=header.identifiers,
    )


def report(
    facts: Iterable[Fact], file_id: UUID
) -> Iterator[UsageReported | IntervalUsageReported | HistoricalUsageReported]:
    """Put the usage of one CCA into messages."""
    known = tuple(facts)
    for items in batches(known, UsageItem):
        yield UsageReported(file_id=file_id, items=items)
    for readings in interval_batches(known):
        yield IntervalUsageReported(file_id=file_id, items=readings)
    for past in batches(known, HistoricalUsage):
        yield HistoricalUsageReported(file_id=file_id, items=past)


def _meters(transaction: Transaction, inspection: Inspection) -> tuple[MeterUsage, ...]:
    rules = inspection.profile.usage
    known_reasons = len(inspection.reasons)
    meters: list[MeterUsage | None] = []
    for number, loop in enumerate(transaction.loops("PTD"), start=1):
        if loop.qualifier in rules.summary_loops:
            continue
        place = f"PTD[{number}]"
        if loop.qualifier not in rules.meter_loops:
            text = f"{place}: PTD01 {loop.qualifier!r} has no meaning for {inspection.profile.name}"
            inspection.note(OTHER, text)
            continue
        role = reference((loop,), "JH") or ROLE_ADD
        if role not in {ROLE_ADD, ROLE_SUBTRACT, ROLE_IGNORE}:
            inspection.note(OTHER, f"{place}: REF*JH {role!r} neither adds, subtracts nor ignores")
        elif role != ROLE_IGNORE:
            meters.append(_meter(loop, transaction, inspection, place))
    if not meters and len(inspection.reasons) == known_reasons:
        inspection.note(REQUIRED_MISSING, "no meter (PTD loop) tells what was used")
    return tuple(meter for meter in meters if meter is not None)


def _meter(
    loop: Loop, transaction: Transaction, inspection: Inspection, place: str
) -> MeterUsage | None:
    meter_number = reference((loop, *loop.loops("N1")), "MG")
    if loop.qualifier in inspection.profile.usage.unmetered_loops:
        meter_number = meter_number or UNMETERED
    period = period_of(loop, transaction, inspection, place)
    subtracts = reference((loop,), "JH") == ROLE_SUBTRACT
    values = {
        "meter_number": inspection.required(meter_number, f"{place}: REF*MG (meter)"),
        "period_start": period[0] if period else None,
        "period_end": period[1] if period else None,
        "rate_code": reference((loop, *header_places(transaction)), "NH") or None,
        "quantities": read_quantities(loop, inspection, place, subtracts=subtracts),
    }
    return inspection.build(MeterUsage, values)


def period_of(
    loop: Loop, transaction: Transaction, inspection: Inspection, place: str
) -> tuple[date, date] | None:
    """Read a meter's own period: from DTM*150 to DTM*151, cut by a meter exchange (DTM*514).

    The old meter's loop has no DTM*151 and the new one's no DTM*150: the exchange stands for it.
    The exchange day is the day on which the new meter begins.
    """
    first, last = loop.first("DTM", "150"), loop.first("DTM", "151")
    exchange = loop.first("DTM", EXCHANGE)
    if exchange and bool(first) is not bool(last) and not read_range(first):
        if first:
            return inspection.half_open(first, exchange, end_is_shared=True)
        return inspection.half_open(exchange, last)
    if read_range(first) and not last:  # one DTM holds both days
        period = inspection.period(first, last)
    else:
        period = inspection.period(
            first or transaction.first("DTM", "150"), last or transaction.first("DTM", "151")
        )
    if exchange and period:
        day = inspection.dtm(exchange, f"{place}: DTM*514 (meter exchange)")
        if day is not None and day not in period:
            text = f"{place}: the meter was exchanged on {day}, within {period[0]} to {period[1]}"
            inspection.note(OTHER, f"{text}: which part is this meter's?")
    return period
