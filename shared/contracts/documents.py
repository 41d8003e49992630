"""What became of documents that we send: sent, sent again, acknowledged (997), advised on (824)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.measures import Usd
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Identifier, Part, Purpose, Reason, Text, Word

Sending = Annotated[int, Field(ge=1)]
"""1 for a document that was sent once, and one more each time it was sent again as it was because
the utility had rejected it. What is said of a later sending outweighs all that was said before."""

SetId = Annotated[str, Field(pattern=r"^[0-9]{3}$")]
"""A transaction set, e.g. `810`."""


class SentTax(Part):
    """A tax within the amount of a sent 810, owed to one jurisdiction."""

    code: Identifier
    """TXI01: `UT` user tax, `ET` energy surcharge."""
    jurisdiction: Text = ""
    """The city of a user tax; empty where the code alone says who is owed."""
    amount: Usd


class SentDocument(Part):
    """One outbound ST–SE."""

    transaction_id: UUID
    """The outbound transaction."""
    document_number: Identifier
    """810: the invoice number; 814: our response id."""
    answers_transaction_id: UUID | None = None
    """The inbound transaction it answers (867 of a charge, 814 of a response)."""
    account_number: Identifier
    service_agreement_id: Identifier | None = None
    usage_id: Identifier | None = None
    purpose: Purpose = Purpose.ORIGINAL
    original_document_number: Identifier | None = None
    amount: Usd | None = None
    taxes: tuple[SentTax, ...] = ()
    """What of the amount is tax, each code and jurisdiction once (810 only)."""
    period_start: date | None = None
    period_end: date | None = None
    dated_on: date


class DocumentSent(Part):
    """Documents got control numbers and final bytes; from here on they exist for the utility."""

    type: Literal["DocumentSent"] = "DocumentSent"
    file_id: UUID
    set_id: SetId
    items: Annotated[tuple[SentDocument, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]


class ResentDocument(Part):
    """One outbound ST–SE that goes out again, same bytes and numbers."""

    transaction_id: UUID
    """The outbound transaction."""
    document_number: Identifier
    """As in `SentDocument`."""
    account_number: Identifier
    sending: Annotated[int, Field(ge=2)]


class DocumentResent(Part):
    """Documents that the utility had rejected are sent again; it is to answer them anew."""

    type: Literal["DocumentResent"] = "DocumentResent"
    file_id: UUID
    set_id: SetId
    items: Annotated[tuple[ResentDocument, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]


class AcknowledgmentVerdict(Word):
    """AK5/AK9 of a 997: syntax only, never a business acceptance."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    REJECTED = "rejected"


class AcknowledgedDocument(Part):
    """The verdict of the partner's 997 on one document of ours."""

    transaction_id: UUID
    document_number: Identifier
    account_number: Identifier
    verdict: AcknowledgmentVerdict
    reasons: tuple[Reason, ...] = ()
    sending: Sending = 1
    """The sending that it answers."""


class DocumentAcknowledged(Part):
    """A utility's 997 answered documents of ours."""

    type: Literal["DocumentAcknowledged"] = "DocumentAcknowledged"
    set_id: SetId
    items: Annotated[
        tuple[AcknowledgedDocument, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)
    ]


class AdviceVerdict(Word):
    """OTI01 of an 824."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PARTIAL = "partial"


class AdviceAction(Word):
    """What the sender of an 824 expects: the document again, corrected, or nothing."""

    CORRECT_AND_RESEND = "correct_and_resend"
    NOTIFY = "notify"


class Advice(Part):
    """What one 824 says of one document of ours."""

    transaction_id: UUID
    """The 824's own transaction."""
    set_id: SetId
    document_number: Identifier
    """OTI03: for an 810 its invoice number."""
    account_number: Identifier | None = None
    usage_id: Identifier | None = None
    """REF*6O: the 867 BPT02 that the document answered."""
    verdict: AdviceVerdict
    action: AdviceAction | None = None
    """BGN08 or OTI15; None when the utility does not say."""
    reasons: tuple[Reason, ...] = ()
    sending: Sending = 1
    """The sending that it answers; an 824 does not say, so it is the last before the 824 came."""


class AdviceReported(Part):
    """A utility accepted or rejected the business content of our documents (824)."""

    type: Literal["AdviceReported"] = "AdviceReported"
    file_id: UUID
    items: Annotated[tuple[Advice, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]
