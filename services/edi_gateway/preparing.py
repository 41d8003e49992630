"""What is known of each document before an interchange has bytes: segments and ledger words.

Pure and run in worker processes, like the rendering that follows. The stored JSON of a document
says of itself what it is, because answers and requests travel in the same 814s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, TypeAdapter

from services.edi_gateway.reading import partners
from services.edi_gateway.transactions import (
    Document,
    Outgoing,
    Rejection,
    ServiceRequest,
    write_document,
)
from services.edi_gateway.x12 import OutboundSegment
from shared.contracts.charges import Charge, LineKind
from shared.contracts.documents import SentDocument, SentTax
from shared.contracts.enrollment import EnrollmentDecision
from shared.contracts.parts import Environment, Purpose

RESPONSE_ID_DIGITS = 20

_DOCUMENT: Final[TypeAdapter[Document]] = TypeAdapter(
    Annotated[Document, Field(union_mode="left_to_right")]
)
"""Reads a stored document; each kind has required fields that the others lack, charges, of which
there are most, come first."""


def response_id(transaction_id: UUID) -> str:
    """Return BGN02 of our answer to a request: the same request always gets the same id."""
    return "R" + transaction_id.hex[:RESPONSE_ID_DIGITS].upper()


def advice_id(transaction_id: UUID) -> str:
    """Return BGN02 of our 824 on a received transaction; there is at most one."""
    return "A" + transaction_id.hex[:RESPONSE_ID_DIGITS].upper()


def read_stored(payload: str) -> Document:
    """Read a document from its stored JSON."""
    return _DOCUMENT.validate_json(payload)


@dataclass(frozen=True, slots=True)
class WaitingDocument:
    """One document to render; `payload` is its contract item as JSON."""

    transaction_id: UUID
    answers_id: UUID | None
    cca: str
    payload: str


@dataclass(frozen=True, slots=True)
class RenderJob:
    """An interchange of one transaction set to render."""

    utility: str
    environment: Environment
    set_id: str
    interchange_number: int
    group_number: int
    at: datetime
    documents: tuple[WaitingDocument, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known of a transaction before the bytes exist."""

    transaction_id: UUID
    answers_id: UUID | None
    business_key: str | None
    account_number: str | None
    amount: Decimal | None
    identifiers: tuple[tuple[str, str], ...]
    told: str
    document: SentDocument | None


def prepare(
    job: RenderJob, waiting: WaitingDocument
) -> tuple[tuple[OutboundSegment, ...], Prepared]:
    """Write the segments of one document, and what the ledger keeps of it."""
    document = read_stored(waiting.payload)
    if isinstance(document, Charge):
        return _prepare_charge(job, waiting, document)
    if isinstance(document, EnrollmentDecision):
        return _prepare_decision(job, waiting, document)
    if isinstance(document, ServiceRequest):
        return _prepare_request(job, waiting, document)
    return _prepare_rejection(job, waiting, document)


def _prepare_charge(
    job: RenderJob, waiting: WaitingDocument, charge: Charge
) -> tuple[tuple[OutboundSegment, ...], Prepared]:
    segments = write_document(job.set_id, charge, _outgoing(job, waiting, charge.invoice_number))
    cancels = charge.purpose is Purpose.CANCEL
    told = f"{'Cancel' if cancels else 'Invoice'} {charge.invoice_number}, {charge.total} USD"
    kept = Prepared(
        transaction_id=waiting.transaction_id,
        answers_id=waiting.answers_id,
        business_key=charge.invoice_number,
        account_number=charge.account_number,
        amount=charge.total,
        identifiers=_pairs(
            account=charge.account_number,
            service_agreement=charge.service_agreement_id,
            usage_id=charge.usage_id,
            invoice_number=charge.invoice_number,
            original_invoice_number=charge.original_invoice_number,
        ),
        told=f"{told} for account {charge.account_number}",
        document=SentDocument(
            transaction_id=waiting.transaction_id,
            document_number=charge.invoice_number,
            answers_transaction_id=charge.transaction_id,
            account_number=charge.account_number,
            service_agreement_id=charge.service_agreement_id,
            usage_id=charge.usage_id,
            purpose=charge.purpose,
            original_document_number=charge.original_invoice_number,
            amount=charge.total,
            taxes=_taxes(charge),
            period_start=charge.period_start,
            period_end=charge.period_end,
            dated_on=charge.invoiced_on,
        ),
    )
    return segments, kept


def _taxes(charge: Charge) -> tuple[SentTax, ...]:
    """Add a charge's tax lines up by who is owed them; a bill may print one for each part."""
    sums: dict[tuple[str, str], Decimal] = {}
    for line in charge.lines:
        if line.kind is LineKind.TAX:
            owed_to = (line.code, line.jurisdiction)
            sums[owed_to] = sums.get(owed_to, Decimal(0)) + line.amount
    return tuple(
        SentTax(code=code, jurisdiction=jurisdiction, amount=amount)
        for (code, jurisdiction), amount in sums.items()
    )


def _prepare_decision(
    job: RenderJob, waiting: WaitingDocument, decision: EnrollmentDecision
) -> tuple[tuple[OutboundSegment, ...], Prepared]:
    number = response_id(decision.transaction_id)
    outgoing = _outgoing(job, waiting, number)
    verb = "accepts" if decision.accepted else "refuses"
    kept = Prepared(
        transaction_id=waiting.transaction_id,
        answers_id=waiting.answers_id,
        business_key=number,
        account_number=decision.account_number,
        amount=None,
        identifiers=_pairs(
            account=decision.account_number,
            service_agreement=decision.service_agreement_id,
            request_id=decision.request_id,
            response_id=number,
        ),
        told=f"Response {number} {verb} request {decision.request_id}",
        document=SentDocument(
            transaction_id=waiting.transaction_id,
            document_number=number,
            answers_transaction_id=decision.transaction_id,
            account_number=decision.account_number,
            service_agreement_id=decision.service_agreement_id,
            dated_on=outgoing.on,
        ),
    )
    return write_document(job.set_id, decision, outgoing), kept


def _prepare_request(
    job: RenderJob, waiting: WaitingDocument, request: ServiceRequest
) -> tuple[tuple[OutboundSegment, ...], Prepared]:
    outgoing = _outgoing(job, waiting, request.request_id)
    wanted = request.kind.value.replace("_", " ")
    kept = Prepared(
        transaction_id=waiting.transaction_id,
        answers_id=None,
        business_key=request.request_id,
        account_number=request.account_number,
        amount=None,
        identifiers=_pairs(
            account=request.account_number,
            service_agreement=request.service_agreement_id,
            request_id=request.request_id,
            client_key=request.client_key,
        ),
        told=(
            f"Request {request.request_id}: {wanted} of account {request.account_number}, "
            f"asked by {request.asked_by}"
        ),
        document=SentDocument(
            transaction_id=waiting.transaction_id,
            document_number=request.request_id,
            account_number=request.account_number,
            service_agreement_id=request.service_agreement_id,
            dated_on=outgoing.on,
        ),
    )
    return write_document(job.set_id, request, outgoing), kept


def _prepare_rejection(
    job: RenderJob, waiting: WaitingDocument, rejection: Rejection
) -> tuple[tuple[OutboundSegment, ...], Prepared]:
    number = advice_id(rejection.transaction_id)
    codes = ", ".join(reason.code for reason in rejection.reasons)
    kept = Prepared(
        transaction_id=waiting.transaction_id,
        answers_id=waiting.answers_id,
        business_key=number,
        account_number=rejection.account_number,
        amount=None,
        identifiers=_pairs(
            account=rejection.account_number,
            advice_id=number,
            document_number=rejection.document_number,
        ),
        told=f"Advice {number} rejects {rejection.set_id} {rejection.document_number}: {codes}",
        document=None,
    )
    return write_document(job.set_id, rejection, _outgoing(job, waiting, number)), kept


def _pairs(**named: str | None) -> tuple[tuple[str, str], ...]:
    return tuple((kind, value) for kind, value in named.items() if value)


def _outgoing(job: RenderJob, waiting: WaitingDocument, number: str) -> Outgoing:
    book = partners()
    partner = book.partner(job.utility)
    return Outgoing(
        partner=partner,
        cca=book.cca(waiting.cca),
        document_number=number,
        on=job.at.astimezone(ZoneInfo(partner.profile.time_zone)).date(),
    )
