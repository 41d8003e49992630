"""Translators between X12 documents and the words the services say to each other.

The rest of the gateway uses this list and never looks inside a document. Everything here is pure,
synchronous and pickles, so that it can run in worker processes.
"""

from __future__ import annotations

from services.edi_gateway.transactions.documents import Rejection, RequestKind, ServiceRequest
from services.edi_gateway.transactions.facts import (
    Acknowledgment,
    Fact,
    Payment,
    RequestAnswer,
    SetVerdict,
)
from services.edi_gateway.transactions.intervals import read as read_interval_document
from services.edi_gateway.transactions.reading import Reading
from services.edi_gateway.transactions.registry import (
    INBOUND,
    OUTBOUND,
    Document,
    InboundSet,
    OutboundSet,
    UnknownSetError,
    facts_of,
    read_document,
    write_document,
)
from services.edi_gateway.transactions.ts820 import to_messages
from services.edi_gateway.transactions.writing import Outgoing

__all__ = [
    "INBOUND",
    "OUTBOUND",
    "Acknowledgment",
    "Document",
    "Fact",
    "InboundSet",
    "OutboundSet",
    "Outgoing",
    "Payment",
    "Reading",
    "Rejection",
    "RequestAnswer",
    "RequestKind",
    "ServiceRequest",
    "SetVerdict",
    "UnknownSetError",
    "facts_of",
    "read_document",
    "read_interval_document",
    "to_messages",
    "write_document",
]
