"""Rendering in worker processes: contract items in, the final bytes of an interchange out.

Pure: control numbers, the moment and the items are given. The finished bytes are scanned by our own
reader before they leave, which also yields where each transaction stands in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5
from zoneinfo import ZoneInfo

from services.edi_gateway.reading import content_sha256, partners
from services.edi_gateway.transactions import OUTBOUND, Outgoing, write_document
from services.edi_gateway.x12 import (
    ACKNOWLEDGMENT_GROUP,
    Delimiters,
    Finding,
    FunctionalGroup,
    OutboundEnvelope,
    OutboundGroup,
    OutboundSegment,
    OutboundTransaction,
    Party,
    SetVerdict,
    build_997,
    scan,
    write_interchange,
)
from shared.contracts.charges import Charge
from shared.contracts.documents import SentDocument
from shared.contracts.enrollment import EnrollmentDecision
from shared.contracts.parts import Environment, Purpose

_ACKNOWLEDGMENT_NAMESPACE = uuid5(NAMESPACE_OID, "cca-exchange/acknowledgment")
RESPONSE_ID_DIGITS = 20


class UnsoundOutputError(Exception):
    """Our own reader finds fault with what our writer wrote; nothing may leave."""


def response_id(transaction_id: UUID) -> str:
    """Return BGN02 of our answer to a request: the same request always gets the same id."""
    return "R" + transaction_id.hex[:RESPONSE_ID_DIGITS].upper()


@dataclass(frozen=True, slots=True)
class WaitingDocument:
    """One document to render; `payload` is its contract item as JSON."""

    transaction_id: UUID
    answers_id: UUID
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
class AcknowledgedGroup:
    """A received group and our verdicts, to be answered by one 997."""

    group: FunctionalGroup
    findings: tuple[Finding, ...]
    verdicts: tuple[SetVerdict, ...]


@dataclass(frozen=True, slots=True)
class AcknowledgeJob:
    """The answers to one received file: TA1s and 997s in one interchange."""

    utility: str
    environment: Environment
    interchange_number: int
    group_number: int
    at: datetime
    file_id: UUID
    groups: tuple[AcknowledgedGroup, ...]
    ta1s: tuple[OutboundSegment, ...]


@dataclass(frozen=True, slots=True)
class RenderedTransaction:
    """One ST–SE of the finished bytes and what the ledger keeps of it."""

    transaction_id: UUID
    answers_id: UUID | None
    set_id: str
    control_number: str
    start: int
    end: int
    segments: int
    content_sha256: str
    business_key: str | None
    account_number: str | None
    amount: Decimal | None
    identifiers: tuple[tuple[str, str], ...]
    told: str
    document: SentDocument | None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished interchange."""

    data: bytes
    functional_id: str
    interchange_number: int
    group_number: int
    sender: str
    receiver: str
    transactions: tuple[RenderedTransaction, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a transaction before the bytes exist."""

    transaction_id: UUID
    answers_id: UUID | None
    business_key: str | None
    account_number: str | None
    amount: Decimal | None
    identifiers: tuple[tuple[str, str], ...]
    told: str
    document: SentDocument | None


def render(job: RenderJob) -> Rendered:
    """Render charges as 810s or enrollment decisions as 814 responses."""
    prepare = {"810": _prepare_charge, "814": _prepare_decision}[job.set_id]
    functional_id = OUTBOUND[job.set_id].functional_id
    bodies, kept = [], []
    for waiting in job.documents:
        segments, known = prepare(job, waiting)
        bodies.append(segments)
        kept.append(known)
    return _finish(
        job.utility, job.environment, job.interchange_number, job.group_number, job.at,
        functional_id, job.set_id, bodies, kept, (),
    )  # fmt: skip


def render_acknowledgments(job: AcknowledgeJob) -> Rendered:
    """Render the 997s (and TA1s) that answer one received file."""
    bodies, kept = [], []
    for answered in job.groups:
        bodies.append(build_997(answered.group, answered.verdicts, answered.findings))
        accepted = sum(1 for verdict in answered.verdicts if verdict.accepted)
        group = answered.group
        key = f"{job.file_id}/{group.start}"
        kept.append(
            _Kept(
                transaction_id=uuid5(_ACKNOWLEDGMENT_NAMESPACE, key),
                answers_id=None,
                business_key=None,
                account_number=None,
                amount=None,
                identifiers=(),
                told=(
                    f"997 for {group.functional_id} group {group.control_number}: "
                    f"{accepted} of {len(answered.verdicts)} accepted"
                ),
                document=None,
            )
        )
    return _finish(
        job.utility, job.environment, job.interchange_number, job.group_number, job.at,
        ACKNOWLEDGMENT_GROUP, "997", bodies, kept, job.ta1s,
    )  # fmt: skip


def _prepare_charge(
    job: RenderJob, waiting: WaitingDocument
) -> tuple[tuple[OutboundSegment, ...], _Kept]:
    charge = Charge.model_validate_json(waiting.payload)
    segments = write_document(job.set_id, charge, _outgoing(job, waiting, charge.invoice_number))
    cancels = charge.purpose is Purpose.CANCEL
    told = f"{'Cancel' if cancels else 'Invoice'} {charge.invoice_number}, {charge.total} USD"
    kept = _Kept(
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
            period_start=charge.period_start,
            period_end=charge.period_end,
            dated_on=charge.invoiced_on,
        ),
    )
    return segments, kept


def _prepare_decision(
    job: RenderJob, waiting: WaitingDocument
) -> tuple[tuple[OutboundSegment, ...], _Kept]:
    decision = EnrollmentDecision.model_validate_json(waiting.payload)
    number = response_id(decision.transaction_id)
    outgoing = _outgoing(job, waiting, number)
    verb = "accepts" if decision.accepted else "refuses"
    kept = _Kept(
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


def _finish(  # noqa: PLR0913, PLR0917  one private step of the two renderers
    utility: str,
    environment: Environment,
    interchange_number: int,
    group_number: int,
    at: datetime,
    functional_id: str,
    set_id: str,
    bodies: Sequence[tuple[OutboundSegment, ...]],
    kept: Sequence[_Kept],
    ta1s: tuple[OutboundSegment, ...],
) -> Rendered:
    book = partners()
    profile = book.utility(utility)
    own, theirs = book.own.identity.in_(environment), profile.identity.in_(environment)
    element, component, terminator = profile.outbound.delimiters
    envelope = OutboundEnvelope(
        sender=Party(own.isa_qualifier, own.isa_id),
        receiver=Party(theirs.isa_qualifier, theirs.isa_id),
        control_number=interchange_number,
        at=at.astimezone(ZoneInfo(profile.time_zone)),
        usage_indicator="T" if environment is Environment.TEST else "P",
        delimiters=Delimiters(element, component, terminator),
        line_end=profile.outbound.line_break,
    )
    groups = []
    if bodies:
        transactions = tuple(
            OutboundTransaction(set_id, f"{number:04d}", body)
            for number, body in enumerate(bodies, start=1)
        )
        groups.append(
            OutboundGroup(functional_id, own.gs_id, theirs.gs_id, group_number, transactions)
        )
    data = write_interchange(envelope, groups, ta1s)
    return Rendered(
        data=data,
        functional_id=functional_id,
        interchange_number=interchange_number,
        group_number=group_number,
        sender=own.isa_id,
        receiver=theirs.isa_id,
        transactions=_placed(data, set_id, terminator, kept),
    )


def _placed(
    data: bytes, set_id: str, terminator: str, kept: Sequence[_Kept]
) -> tuple[RenderedTransaction, ...]:
    """Read back our own bytes: where each transaction stands, and that nothing is wrong with them.

    Raises:
        UnsoundOutputError: our reader disagrees with our writer.
    """
    found = scan(data)
    slots = [s for i in found.interchanges for g in i.groups for s in g.transactions]
    if not found.is_clean or len(slots) != len(kept):
        msg = f"{set_id} interchange: wrote {len(kept)} transactions, read back {len(slots)}"
        raise UnsoundOutputError(msg)
    return tuple(
        RenderedTransaction(
            set_id=set_id,
            control_number=slot.control_number,
            start=slot.start,
            end=slot.end,
            segments=slot.segment_count,
            content_sha256=content_sha256(data[slot.start : slot.end], terminator),
            **_fields(known),
        )
        for slot, known in zip(slots, kept, strict=True)
    )


def _fields(known: _Kept) -> dict[str, Any]:
    return {name: getattr(known, name) for name in _Kept.__slots__}
