"""Reads a utility's 814 (enroll, drop, change, reinstate an account) and writes our answer.

Our own requests and what the utility answers to them are in `ts814_requests.py`.

Source: UIG 814 004010 as Californian utilities use it for CCA service requests (Rule 23). The
receiver neither defaults nor corrects a field of a request: it accepts or rejects, giving every
reason, and the response mirrors what was sent (CPUC tariff workgroup, 1999).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions.elements import write_date
from services.edi_gateway.transactions.facts import Fact, batches
from services.edi_gateway.transactions.reading import (
    BILL_OPTION_INVALID,
    OTHER,
    REQUIRED_MISSING,
    Inspection,
    Reading,
    reference,
)
from services.edi_gateway.transactions.writing import Outgoing, parties
from services.edi_gateway.x12 import Loop, OutboundSegment, Transaction, clean_text
from shared.contracts.enrollment import (
    EnrollmentDecision,
    EnrollmentPurpose,
    EnrollmentReported,
    EnrollmentRequest,
)
from shared.contracts.parts import BillOption, Reason

REQUEST: Final = "13"
RESPONSE: Final = "11"
ACTION_REQUEST: Final = "7"
ACTION_FINAL: Final = "F"
"""ASI01 of a drop, in the words of PJM; 7 is used too."""
ACTION_ACCEPTED: Final = "WQ"
ACTION_REJECTED: Final = "U"
GENERATION_SERVICE: Final = "CE"
REASON_TEXT_LENGTH: Final = 80
"""REF03: X12 004010 element 352."""

PURPOSE_OF_CODE: Final = {
    "021": EnrollmentPurpose.ENROLL,
    "024": EnrollmentPurpose.DROP,
    "001": EnrollmentPurpose.CHANGE,
    "025": EnrollmentPurpose.REINSTATE,
}
"""ASI02, maintenance type."""

CODE_OF_PURPOSE: Final = {purpose: code for code, purpose in PURPOSE_OF_CODE.items()}

BILL_OPTIONS: Final = {
    ("LDC", "DUAL"): BillOption.BILL_READY,
    ("LDC", "LDC"): BillOption.RATE_READY,
    ("DUAL", "DUAL"): BillOption.DUAL,
}
"""Who presents (REF*BLT) and who calculates (REF*PC)."""


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one 814 request.

    Returns:
        A Reading with one `EnrollmentRequest`, or with the reasons why it cannot be one.
    """
    inspection = Inspection(partner)
    begin = transaction.first("BGN")
    service = service_line(transaction, inspection)
    customer = transaction.loop("N1", "8R")
    places = (service, transaction.root, *transaction.loops("N1"))
    if begin.element(1) != REQUEST:
        inspection.note(OTHER, f"BGN01 {begin.element(1)!r} is neither request nor response")
    request_id = inspection.required(begin.element(2), "BGN02 (request id)")
    inspection.utility(transaction.loop("N1", "8S"))
    cca = inspection.cca(transaction.loop("N1", "SJ"))
    account = inspection.required(reference(places, "12"), "REF*12 (utility account)")
    agreement = reference(places, "Q5")
    purpose = _purpose(service, inspection)
    meters = meters_of(service)
    request = inspection.build(
        EnrollmentRequest,
        {
            "transaction_id": transaction_id,
            "request_id": request_id,
            "requested_on": inspection.day(begin.element(3), "BGN03 (date)"),
            "purpose": purpose,
            "account_number": account,
            "service_agreement_id": agreement or None,
            "supplier_account_number": reference(places, "11") or None,
            "customer_name": customer.header.element(2),
            "service_address": address(customer),
            "rate_code": reference(places, "NH") or None,
            "product": reference(places, "RB") or None,
            "bill_cycle": reference(places, "BF") or None,
            "bill_option": _bill_option(places, inspection),
            "effective_on": _effective_on(service, purpose, inspection),
            "meters": meters,
            "changed": tuple(ref.element(2) or ref.element(3) for ref in service.all("REF", "TD")),
        },
    )
    reading = inspection.reading(
        key=request_id,
        cca=cca,
        account=account,
        facts=(request,),
        identifiers=(
            ("request_id", request_id),
            ("account", account),
            ("service_agreement", agreement),
            *(("meter", meter["meter_number"]) for meter in meters),
        ),
    )
    if reading.usable or begin.element(1) != REQUEST or None in (cca, purpose):
        return reading
    return replace(reading, refusal=_refusal(reading, transaction_id, purpose, agreement, customer))


def _refusal(
    reading: Reading,
    transaction_id: UUID,
    purpose: EnrollmentPurpose | None,
    agreement: str,
    customer: Loop,
) -> EnrollmentDecision | None:
    """The rejection of a request that cannot be used; None when there is nothing to mirror."""
    if not (reading.business_key and reading.account_number and purpose):
        return None
    return EnrollmentDecision(
        transaction_id=transaction_id,
        request_id=reading.business_key,
        purpose=purpose,
        accepted=False,
        reasons=reading.reasons,
        account_number=reading.account_number,
        service_agreement_id=agreement or None,
        customer_name=customer.header.element(2),
    )


def report(facts: Iterable[Fact], file_id: UUID) -> Iterator[EnrollmentReported]:
    """Put the requests of one CCA into messages."""
    for items in batches(facts, EnrollmentRequest):
        yield EnrollmentReported(file_id=file_id, items=items)


def write_response(decision: EnrollmentDecision, outgoing: Outgoing) -> tuple[OutboundSegment, ...]:
    """Write the 814 response to one request: ASI*WQ when accepted, ASI*U with every reason else.

    Returns:
        The segments between ST and SE.
    """
    accepted = decision.accepted
    reasons = () if accepted else decision.reasons or (Reason(code=OTHER, text="REFUSED"),)
    action = ACTION_ACCEPTED if accepted else ACTION_REJECTED
    segments: list[OutboundSegment] = [
        (
            *("BGN", RESPONSE, outgoing.document_number, write_date(outgoing.on)),
            *("", "", decision.request_id),
        ),
        *parties(outgoing, decision.customer_name),
        ("LIN", "1", "SH", "EL", "SH", GENERATION_SERVICE),
        ("ASI", action, CODE_OF_PURPOSE[decision.purpose]),
        *(
            ("REF", "7G", reason.code, clean_text(reason.text, REASON_TEXT_LENGTH))
            for reason in reasons
        ),
        ("REF", "12", decision.account_number),
    ]
    if decision.service_agreement_id:
        segments.append(("REF", "Q5", "", decision.service_agreement_id))
    if accepted and decision.effective_on:
        qualifier = "151" if decision.purpose is EnrollmentPurpose.DROP else "150"
        segments.append(("DTM", qualifier, write_date(decision.effective_on)))
    return tuple(segments)


def service_line(transaction: Transaction, inspection: Inspection) -> Loop:
    """Return the LIN loop that asks for generation service, the only service a CCA has."""
    lines = transaction.loops("LIN")
    asked = [line for line in lines if GENERATION_SERVICE in line.header.elements]
    if len(asked) != 1:
        services = ", ".join(line.header.element(5) or "?" for line in lines) or "none"
        inspection.note(OTHER, f"one LIN must ask for generation service (CE); sent: {services}")
    return asked[0] if asked else transaction.loop("LIN")


def _purpose(service: Loop, inspection: Inspection) -> EnrollmentPurpose | None:
    asi = service.first("ASI")
    purpose = PURPOSE_OF_CODE.get(asi.element(2))
    ends = purpose is EnrollmentPurpose.DROP and asi.element(1) == ACTION_FINAL
    if asi.element(1) != ACTION_REQUEST and not ends:
        inspection.note(OTHER, f"ASI01 {asi.element(1)!r} is no request (7)")
    if purpose is None:
        inspection.note(OTHER, f"ASI02 {asi.element(2)!r} is no enrollment, drop or change")
    return purpose


def _effective_on(
    service: Loop, purpose: EnrollmentPurpose | None, inspection: Inspection
) -> date | None:
    """Read the effective date: DTM*151 for a drop, else DTM*150; a change may have none."""
    ends = purpose is EnrollmentPurpose.DROP
    qualifiers = ("151", "007", "150") if ends else ("150", "007")
    found = [dtm for qualifier in qualifiers if (dtm := service.first("DTM", qualifier))]
    return inspection.dtm(
        found[0] if found else service.first("DTM", qualifiers[0]),
        f"DTM*{qualifiers[0]} (effective date)",
        required=purpose is not EnrollmentPurpose.CHANGE,
    )


def _bill_option(places: tuple[Loop, ...], inspection: Inspection) -> BillOption | None:
    presents, calculates = reference(places, "BLT"), reference(places, "PC")
    if not presents and not calculates:
        return None
    option = BILL_OPTIONS.get((presents, calculates))
    if option is None:
        text = f"REF*BLT {presents!r} with REF*PC {calculates!r} is no bill option of a CCA"
        inspection.note(BILL_OPTION_INVALID if presents and calculates else REQUIRED_MISSING, text)
    return option


def address(customer: Loop) -> dict[str, str]:
    """Read where the service is delivered."""
    place = customer.first("N4")
    return {
        "street": customer.value("N3", 1),
        "city": place.element(1),
        "state": place.element(2),
        "postal_code": place.element(3),
    }


def meters_of(service: Loop) -> tuple[dict[str, str], ...]:
    """Read the meters that a LIN loop names (NM1*MQ)."""
    return tuple(
        {"meter_number": number, "kind": reference((meter,), "MT")}
        for meter in service.loops("NM1", "MQ")
        if (number := meter.header.element(9).strip())
    )
