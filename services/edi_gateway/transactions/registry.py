"""The transaction sets we speak: one line for each, in and out.

Adding a set is a translator file, a line here and a map of the codec; nothing is discovered by
name, so what the gateway understands can be read off this page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions import (
    ts248,
    ts810,
    ts810_reading,
    ts814,
    ts814_requests,
    ts820,
    ts824,
    ts867,
    ts997,
)
from services.edi_gateway.transactions.documents import Rejection, ServiceRequest
from services.edi_gateway.transactions.facts import Fact
from services.edi_gateway.transactions.reading import Reading
from services.edi_gateway.transactions.writing import Outgoing
from services.edi_gateway.x12 import OutboundSegment, Transaction
from shared.contracts.charges import Charge
from shared.contracts.enrollment import EnrollmentDecision
from shared.contracts.envelope import Body, WrittenBody

Document = Charge | EnrollmentDecision | Rejection | ServiceRequest
"""What we may be asked to send, or decide to send."""


class UnknownSetError(LookupError):
    """No translator is registered for this transaction set or document."""


@dataclass(frozen=True, slots=True)
class InboundSet:
    """A set we receive: how it is read, and how its facts become messages."""

    set_id: str
    functional_id: str
    read: Callable[[Transaction, TradingPartner, UUID], Reading]
    report: Callable[[Iterable[Fact], UUID], Iterator[Body | WrittenBody]]


@dataclass(frozen=True, slots=True)
class OutboundSet:
    """A set we send: how each kind of document is written as it."""

    set_id: str
    functional_id: str
    writers: Mapping[type[Document], Callable[..., tuple[OutboundSegment, ...]]]


INBOUND: Final[dict[str, InboundSet]] = {
    each.set_id: each
    for each in (
        InboundSet("248", "SU", ts248.read, ts248.report),
        InboundSet("810", "IN", ts810_reading.read, ts810_reading.report),
        InboundSet("814", "GE", ts814_requests.read, ts814.report),
        InboundSet("820", "RA", ts820.read, ts820.report),
        InboundSet("824", "AG", ts824.read, ts824.report),
        InboundSet("867", "PT", ts867.read, ts867.report),
        InboundSet("997", "FA", ts997.read, ts997.report),
        InboundSet("999", "FA", ts997.read_999, ts997.report),
    )
}

OUTBOUND: Final[dict[str, OutboundSet]] = {
    each.set_id: each
    for each in (
        OutboundSet("810", "IN", {Charge: ts810.write_charge}),
        OutboundSet(
            "814",
            "GE",
            {
                EnrollmentDecision: ts814.write_response,
                ServiceRequest: ts814_requests.write_request,
            },
        ),
        OutboundSet("824", "AG", {Rejection: ts824.write_rejection}),
    )
}


def read_document(
    transaction: Transaction, partner: TradingPartner, *, transaction_id: UUID
) -> Reading:
    """Read one accepted transaction of a utility; nothing wrong in its content raises.

    Raises:
        UnknownSetError: the set has a map but no translator.
    """
    inbound = INBOUND.get(transaction.set_id)
    if inbound is None:
        raise UnknownSetError(f"no translator reads a {transaction.set_id}")
    return inbound.read(transaction, partner, transaction_id)


def write_document(
    set_id: str, document: Document, outgoing: Outgoing
) -> tuple[OutboundSegment, ...]:
    """Write the segments between ST and SE of one document of ours.

    Raises:
        UnknownSetError: no translator writes this set, or it carries another kind of document.
    """
    outbound = OUTBOUND.get(set_id)
    write = outbound.writers.get(type(document)) if outbound else None
    if write is None:
        raise UnknownSetError(f"no translator writes a {type(document).__name__} as {set_id}")
    return write(document, outgoing)


def facts_of(readings: Sequence[Reading], file_id: UUID) -> Iterator[Body | WrittenBody]:
    """Put the facts of usable readings of one CCA into message bodies of at most 500 items."""
    facts = [fact for reading in readings for fact in reading.facts]
    for inbound in INBOUND.values():
        yield from inbound.report(facts, file_id)
