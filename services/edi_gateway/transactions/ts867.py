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
from services.edi_gateway.transactions.quantities import read_quantities
from services.edi_gateway.transactions.reading import (
    OTHER,
    REQUIRED_MISSING,
    Inspection,
    Reading,
    header_places,
    reference,
)
from services.edi_gateway.x12 import Loop, Segment, Transaction
from shared.contracts.parts import Purpose
from shared.contracts.usage import MeterUsage, UsageItem, UsageReported

PURPOSE_OF_CODE: Final = {
    "00": Purpose.ORIGINAL,
    "01": Purpose.CANCEL,
    "05": Purpose.REPLACE,
    "CO": Purpose.REPLACE,
}
"""BPT01; CO is SCE's word for a corrected document."""

FINAL_USAGE: Final = "F"
"""BPT07: the account was closed or dropped, no further usage follows."""

INTERVAL: Final = "C1"
"""BPT04: interval usage, which has no buckets and is not a monthly 867."""

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
    begin = transaction.first("BPT")
    places = header_places(transaction)
    usage_id = inspection.required(begin.element(2), "BPT02 (usage id)")
    purpose = _purpose(begin, inspection)
    original = _original(begin, places, purpose, inspection)
    inspection.utility(transaction.loop("N1", "8S"))
    cca = inspection.cca(transaction.loop("N1", "SJ"))
    account = inspection.required(reference(places, "12"), "REF*12 (utility account)")
    agreement = reference(places, "Q5")
    meters = _meters(transaction, inspection)
    item = inspection.build(
        UsageItem,
        {
            "transaction_id": transaction_id,
            "usage_id": usage_id,
            "original_usage_id": original or None,
            "purpose": purpose,
            "final": begin.element(7).strip() == FINAL_USAGE,
            "reported_on": inspection.day(begin.element(3), "BPT03 (date)"),
            "bill_due_on": inspection.dtm(
                transaction.first("DTM", "649"), "DTM*649 (bill window)", required=False
            ),
            "account_number": account,
            "service_agreement_id": agreement or None,
            "customer_name": transaction.loop("N1", "8R").header.element(2),
            "meters": meters,
        },
    )
    return inspection.reading(
        key=usage_id,
        cca=cca,
        account=account,
        facts=(item,),
        identifiers=(
            ("usage_id", usage_id),
            ("usage_id", original),
            ("account", account),
            ("service_agreement", agreement),
            *(("meter", reference((loop,), "MG")) for loop in transaction.loops("PTD")),
        ),
    )


def report(facts: Iterable[Fact], file_id: UUID) -> Iterator[UsageReported]:
    """Put the usage of one CCA into messages."""
    for items in batches(facts, UsageItem):
        yield UsageReported(file_id=file_id, items=items)


def _purpose(begin: Segment, inspection: Inspection) -> Purpose | None:
    if begin.element(4).strip() == INTERVAL:
        inspection.note(OTHER, "interval usage (BPT04 C1) is not read yet, only monthly usage is")
    purpose = PURPOSE_OF_CODE.get(begin.element(1))
    if purpose is None:
        inspection.note(OTHER, f"BPT01 {begin.element(1)!r} is no original, cancel or replacement")
    return purpose


def _original(
    begin: Segment, places: tuple[Loop, ...], purpose: Purpose | None, inspection: Inspection
) -> str:
    """Return the usage that a cancel or replacement corrects: BPT09, or SCE's REF*59."""
    if purpose not in {Purpose.CANCEL, Purpose.REPLACE}:
        return ""
    named = begin.element(9).strip() or reference(places, "59")
    return inspection.required(named, "BPT09 (the usage that this one corrects)")


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
