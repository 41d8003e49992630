"""Reads a utility's 867: what the meters of one account recorded over a service period.

Source: UIG 867 004010, PG&E's 867 guide for QTY01 = 87 and MEA07. What a code means differs by
utility under the same syntax, so PTD01, QTY01 and MEA07 are read through the partner's profile. A
cancel carries the numbers as they were sent, not negated (Maine EBT Standards v3.0).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
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
from shared.contracts.usage import MeterUsage, UsageItem, UsageReported

UNMETERED: Final = "UNMETERED"
"""Stands for the meter number where service has no meter (PTD01 = BC)."""

UNMETERED_LOOP: Final = "BC"

ROLE_IGNORE: Final = "I"
ROLE_SUBTRACT: Final = "S"
"""REF*JH: how a meter enters the account's usage; adding is the rule."""


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one monthly 867.

    Returns:
        A Reading with one `UsageItem`, or with the reasons why it cannot be one.
    """
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


def report(facts: Iterable[Fact], file_id: UUID) -> Iterator[UsageReported | IntervalUsageReported]:
    """Put the usage of one CCA into messages."""
    known = tuple(facts)
    for items in batches(known, UsageItem):
        yield UsageReported(file_id=file_id, items=items)
    for readings in interval_batches(known):
        yield IntervalUsageReported(file_id=file_id, items=readings)


def _meters(transaction: Transaction, inspection: Inspection) -> tuple[MeterUsage, ...]:
    rules = inspection.profile.usage
    meters: list[MeterUsage | None] = []
    for number, loop in enumerate(transaction.loops("PTD"), start=1):
        if loop.qualifier in rules.summary_loops:
            continue
        place = f"PTD[{number}]"
        if loop.qualifier not in rules.meter_loops:
            text = f"{place}: PTD01 {loop.qualifier!r} has no meaning for {inspection.profile.name}"
            inspection.note(OTHER, text)
            continue
        if reference((loop,), "JH") != ROLE_IGNORE:
            meters.append(_meter(loop, transaction, inspection, place))
    if not meters:
        inspection.note(REQUIRED_MISSING, "no meter (PTD loop) tells what was used")
    return tuple(meter for meter in meters if meter is not None)


def _meter(
    loop: Loop, transaction: Transaction, inspection: Inspection, place: str
) -> MeterUsage | None:
    if reference((loop,), "JH") == ROLE_SUBTRACT:
        inspection.note(OTHER, f"{place}: REF*JH S, a meter to subtract, needs a person")
    meter_number = reference((loop, *loop.loops("N1")), "MG")
    if loop.qualifier == UNMETERED_LOOP:
        meter_number = meter_number or UNMETERED
    period = inspection.period(
        loop.first("DTM", "150") or transaction.first("DTM", "150"),
        loop.first("DTM", "151") or transaction.first("DTM", "151"),
    )
    values = {
        "meter_number": inspection.required(meter_number, f"{place}: REF*MG (meter)"),
        "period_start": period[0] if period else None,
        "period_end": period[1] if period else None,
        "rate_code": reference((loop, *header_places(transaction)), "NH") or None,
        "quantities": read_quantities(loop, inspection, place),
    }
    return inspection.build(MeterUsage, values)
