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

from services.edi_gateway.preparing import Prepared, RenderJob, prepare
from services.edi_gateway.reading import content_sha256, partners
from services.edi_gateway.transactions import OUTBOUND
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
from shared.contracts.documents import SentDocument
from shared.contracts.parts import Environment

_ACKNOWLEDGMENT_NAMESPACE = uuid5(NAMESPACE_OID, "cca-exchange/acknowledgment")


class UnsoundOutputError(Exception):
    """Our own reader finds fault with what our writer wrote; nothing may leave."""


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


def render(job: RenderJob) -> Rendered:
    """Render documents of one set: charges, answers and requests, or rejections."""
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
            Prepared(
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


def _finish(  # noqa: PLR0913, PLR0917  one private step of the two renderers
    utility: str,
    environment: Environment,
    interchange_number: int,
    group_number: int,
    at: datetime,
    functional_id: str,
    set_id: str,
    bodies: Sequence[tuple[OutboundSegment, ...]],
    kept: Sequence[Prepared],
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
    data: bytes, set_id: str, terminator: str, kept: Sequence[Prepared]
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


def _fields(known: Prepared) -> dict[str, Any]:
    return {name: getattr(known, name) for name in Prepared.__slots__}
