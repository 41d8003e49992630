"""What a utility's 814 asks of us, and what we answer.

Rule 23 of the California utilities (CCASR: CCA Service Request): the utility enrolls, drops,
changes and reinstates service accounts; the response mirrors the request and gives all reasons.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.parts import (
    MESSAGE_ITEMS_MAX,
    BillOption,
    Identifier,
    Part,
    Reason,
    Text,
    Word,
)


class EnrollmentPurpose(Word):
    """ASI02 of the 814: maintenance type."""

    ENROLL = "enroll"
    DROP = "drop"
    CHANGE = "change"
    REINSTATE = "reinstate"


class ServiceAddress(Part):
    """Where the service is delivered; the city decides which local taxes apply."""

    street: Text = ""
    city: Text = ""
    state: Text = ""
    postal_code: Text = ""


class EnrolledMeter(Part):
    """A meter named by the 814 (NM1*MQ) and what it records (REF*MT, e.g. `KHMON`)."""

    meter_number: Identifier
    kind: Text = ""


class EnrollmentRequest(Part):
    """One 814 request: one account."""

    transaction_id: UUID
    request_id: Identifier
    """BGN02, echoed in BGN06 of the response; the business key of the request."""
    requested_on: date
    purpose: EnrollmentPurpose
    account_number: Identifier
    service_agreement_id: Identifier | None = None
    supplier_account_number: Identifier | None = None
    customer_name: Text = ""
    service_address: ServiceAddress = ServiceAddress()
    rate_code: Identifier | None = None
    product: Identifier | None = None
    bill_cycle: Identifier | None = None
    bill_option: BillOption | None = None
    """None when the utility does not say: a change leaves it as it was."""
    effective_on: date | None = None
    meters: tuple[EnrolledMeter, ...] = ()
    changed: tuple[Text, ...] = ()
    """REF*TD values of a change: which elements differ."""


class EnrollmentReported(Part):
    """A utility asked to enroll, drop, change or reinstate accounts (814 requests)."""

    type: Literal["EnrollmentReported"] = "EnrollmentReported"
    file_id: UUID
    items: Annotated[
        tuple[EnrollmentRequest, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)
    ]


class EnrollmentDecision(Part):
    """Our answer to one request; `reasons` is empty exactly when it is accepted."""

    transaction_id: UUID
    """The transaction that asked."""
    request_id: Identifier
    purpose: EnrollmentPurpose
    accepted: bool
    reasons: tuple[Reason, ...] = ()
    account_number: Identifier
    service_agreement_id: Identifier | None = None
    customer_name: Text = ""
    effective_on: date | None = None


class EnrollmentDecided(Part):
    """Requests were applied to the register, or refused with every reason; answered by an 814."""

    type: Literal["EnrollmentDecided"] = "EnrollmentDecided"
    items: Annotated[
        tuple[EnrollmentDecision, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)
    ]
