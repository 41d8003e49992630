"""What every 867 says before its meters, whether it brings totals or intervals.

Source: UIG 867 004010; SCE names corrected usage in REF*59 when BPT01 is CO.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.edi_gateway.transactions.reading import OTHER, Identifiers, Inspection, reference
from services.edi_gateway.transactions.reading import header_places as places_of
from services.edi_gateway.x12 import Loop, Segment, Transaction
from shared.contracts.parts import Purpose

PURPOSE_OF_CODE: Final = {
    "00": Purpose.ORIGINAL,
    "01": Purpose.CANCEL,
    "05": Purpose.REPLACE,
    "CO": Purpose.REPLACE,
}
"""BPT01; CO is SCE's word for a corrected document."""

FINAL_USAGE: Final = "F"
"""BPT07: the account was closed or dropped, no further usage follows."""


@dataclass(frozen=True, slots=True)
class UsageHeader:
    """The header of one 867; `values` are the fields of a `UsageDocument`."""

    usage_id: str
    cca: str | None
    account: str
    values: dict[str, object]
    identifiers: Identifiers


def read_header(
    transaction: Transaction, inspection: Inspection, transaction_id: UUID
) -> UsageHeader:
    """Read everything above the meters; what is wrong is noted by the inspection."""
    begin = transaction.first("BPT")
    places = places_of(transaction)
    usage_id = inspection.required(begin.element(2), "BPT02 (usage id)")
    purpose = _purpose(begin, inspection)
    original = _original(begin, places, purpose, inspection)
    inspection.utility(transaction.loop("N1", "8S"))
    cca = inspection.cca(transaction.loop("N1", "SJ"))
    account = inspection.required(reference(places, "12"), "REF*12 (utility account)")
    agreement = reference(places, "Q5")
    return UsageHeader(
        usage_id=usage_id,
        cca=cca,
        account=account,
        values={
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
        },
        identifiers=(
            ("usage_id", usage_id),
            ("usage_id", original),
            ("account", account),
            ("service_agreement", agreement),
            *(("meter", reference((loop,), "MG")) for loop in transaction.loops("PTD")),
        ),
    )


def _purpose(begin: Segment, inspection: Inspection) -> Purpose | None:
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
