"""Writes 814 requests of ours, and reads what the utility answers to them.

Source: UIG 814 004010; PJM guide v2 for drops (ASI*F*024, answered by WQ or U with 024). A request
and its response are tied by BGN02 and BGN06 alone: ASI02 of a response does not always repeat the
request's. LIN05 HU and HI ask for usage history, which comes as an 867 of its own.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions import ts814
from services.edi_gateway.transactions.documents import RequestKind, ServiceRequest
from services.edi_gateway.transactions.elements import write_date
from services.edi_gateway.transactions.facts import RequestAnswer
from services.edi_gateway.transactions.reading import (
    OTHER,
    REASON_TEXT_MAX,
    Inspection,
    Reading,
    reference,
)
from services.edi_gateway.transactions.writing import Outgoing, parties
from services.edi_gateway.x12 import Loop, OutboundSegment, Transaction, clean_text
from shared.contracts.enrollment import EnrollmentPurpose, EnrollmentRequest
from shared.contracts.parts import Reason

LINE_OF_KIND: Final = {RequestKind.USAGE_HISTORY: "HU", RequestKind.INTERVAL_HISTORY: "HI"}
"""LIN05 of a request that is not about generation service (CE)."""

ACTION_OF_KIND: Final = {
    RequestKind.ENROLL: (ts814.ACTION_REQUEST, "021"),
    RequestKind.DROP: (ts814.ACTION_FINAL, "024"),
    RequestKind.CHANGE: (ts814.ACTION_REQUEST, "001"),
    RequestKind.REINSTATE: (ts814.ACTION_REQUEST, "025"),
    RequestKind.USAGE_HISTORY: (ts814.ACTION_REQUEST, "029"),
    RequestKind.INTERVAL_HISTORY: (ts814.ACTION_REQUEST, "029"),
}
"""ASI01 and ASI02."""

REFERENCE_MAX: Final = 30
"""REF02: X12 004010 element 127."""

ACCEPTED: Final = ts814.ACTION_ACCEPTED
ACTION_PENDED: Final = "A4"


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read an 814 of a utility: a request of theirs, or the response to one of ours."""
    if transaction.value("BGN", 1) == ts814.RESPONSE:
        return read_response(transaction, partner, transaction_id)
    return ts814.read(transaction, partner, transaction_id)


def read_response(
    transaction: Transaction, partner: TradingPartner, transaction_id: UUID
) -> Reading:
    """Read one 814 response.

    Returns:
        A Reading with one `RequestAnswer`, or with the reasons why it cannot be one.
    """
    inspection = Inspection(partner)
    begin = transaction.first("BGN")
    line = transaction.loop("LIN")
    places = (line, transaction.root, *transaction.loops("N1"))
    response_id = inspection.required(begin.element(2), "BGN02 (response id)")
    request_id = inspection.required(begin.element(6), "BGN06 (our request id)")
    inspection.utility(transaction.loop("N1", "8S"))
    cca = inspection.cca(transaction.loop("N1", "SJ"))
    account = inspection.required(reference(places, "12"), "REF*12 (utility account)")
    accepted = _accepted(line, inspection)
    told = inspection.build(EnrollmentRequest, _account(transaction, transaction_id, inspection))
    answer = told and RequestAnswer(
        transaction_id=transaction_id,
        response_id=response_id,
        request_id=request_id,
        accepted=accepted,
        reasons=_reasons(line, "7G"),
        statuses=_reasons(line, "1P"),
        account=told,
    )
    return inspection.reading(
        key=response_id,
        cca=cca,
        account=account,
        facts=(answer,),
        identifiers=(
            ("response_id", response_id),
            ("request_id", request_id),
            ("account", account),
            ("service_agreement", reference(places, "Q5")),
        ),
    )


def write_request(request: ServiceRequest, outgoing: Outgoing) -> tuple[OutboundSegment, ...]:
    """Write one 814 request of ours.

    Returns:
        The segments between ST and SE.
    """
    action, maintenance = ACTION_OF_KIND[request.kind]
    service = LINE_OF_KIND.get(request.kind, ts814.GENERATION_SERVICE)
    segments: list[OutboundSegment] = [
        ("BGN", ts814.REQUEST, request.request_id, write_date(outgoing.on)),
        *parties(outgoing, request.customer_name),
        ("LIN", "1", "SH", "EL", "SH", service),
        ("ASI", action, maintenance),
    ]
    if request.reason:
        words = clean_text(request.reason.text, ts814.REASON_TEXT_LENGTH)
        segments.append(("REF", "1P", clean_text(request.reason.code, REFERENCE_MAX), words))
    segments += [("REF", "TD", element) for element in request.changed]
    segments.append(("REF", "12", request.account_number))
    if request.service_agreement_id:
        segments.append(("REF", "Q5", "", request.service_agreement_id))
    if request.kind is RequestKind.ENROLL:
        segments += [("REF", "BLT", "LDC"), ("REF", "PC", "DUAL")]
    if request.product:
        segments.append(("REF", "RB", request.product))
    if request.effective_on:
        qualifier = "151" if request.kind is RequestKind.DROP else "150"
        segments.append(("DTM", qualifier, write_date(request.effective_on)))
    return tuple(segments)


def _accepted(line: Loop, inspection: Inspection) -> bool:
    action = line.value("ASI", 1).strip()
    if action == ACTION_PENDED:
        inspection.note(OTHER, "ASI01 A4: the utility put the request off, a person follows it")
    elif action not in {ACCEPTED, ts814.ACTION_REJECTED}:
        inspection.note(OTHER, f"ASI01 {action!r} neither accepts nor rejects")
    return action == ACCEPTED


def _account(
    transaction: Transaction, transaction_id: UUID, inspection: Inspection
) -> dict[str, object]:
    """Collect the utility's own data of the account, in the words of an enrollment.

    Purpose and request id are the request's; whoever matches the answer puts them in.
    """
    begin, line = transaction.first("BGN"), transaction.loop("LIN")
    customer = transaction.loop("N1", "8R")
    places = (line, transaction.root, *transaction.loops("N1"))
    dates = [dtm for qualifier in ("150", "151", "007") if (dtm := line.first("DTM", qualifier))]
    return {
        "transaction_id": transaction_id,
        "request_id": begin.element(6).strip(),
        "requested_on": inspection.day(begin.element(3), "BGN03 (date)"),
        "purpose": ts814.PURPOSE_OF_CODE.get(line.value("ASI", 2), EnrollmentPurpose.ENROLL),
        "account_number": reference(places, "12"),
        "service_agreement_id": reference(places, "Q5") or None,
        "supplier_account_number": reference(places, "11") or None,
        "customer_name": customer.header.element(2),
        "service_address": ts814.address(customer),
        "rate_code": reference(places, "NH") or None,
        "product": reference(places, "RB") or None,
        "bill_cycle": reference(places, "BF") or None,
        "effective_on": inspection.dtm(dates[0], "DTM (effective date)") if dates else None,
        "meters": ts814.meters_of(line),
    }


def _reasons(line: Loop, qualifier: str) -> tuple[Reason, ...]:
    return tuple(
        Reason(code=code[:40], text=ref.element(3).strip()[:REASON_TEXT_MAX])
        for ref in line.all("REF", qualifier)
        if (code := ref.element(2).strip())
    )
