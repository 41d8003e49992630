"""Documents that the gateway itself decides to send, and no other service asks for.

A charge and an answer to a request come to us as messages and are words of `shared.contracts`.
A rejection of what a utility sent, and a request of ours to a utility, begin here; they are stored
as JSON until they are written, so they are pydantic models like the others.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.documents import AdviceAction, SetId
from shared.contracts.parts import Identifier, Part, Reason, Text


class Rejection(Part):
    """An 824 of ours: a document that the utility sent and that we cannot use, and why."""

    transaction_id: UUID
    """The received transaction."""
    set_id: SetId
    document_number: Identifier
    """BPT02 of an 867, TRN02 of an 820."""
    account_number: Identifier | None = None
    """None for an 820, which is about many."""
    action: AdviceAction
    reasons: Annotated[tuple[Reason, ...], Field(min_length=1)]


class RequestKind(StrEnum):
    """What we can ask of a utility (LIN05 and ASI of the 814)."""

    ENROLL = "enroll"
    DROP = "drop"
    CHANGE = "change"
    REINSTATE = "reinstate"
    USAGE_HISTORY = "usage_history"
    """Monthly history (LIN05 HU), which comes as an 867 with BPT01 52."""
    INTERVAL_HISTORY = "interval_history"
    """Interval history (LIN05 HI)."""

    @property
    def is_history(self) -> bool:
        """Whether it asks for data and changes nothing."""
        return self in {RequestKind.USAGE_HISTORY, RequestKind.INTERVAL_HISTORY}


class ServiceRequest(Part):
    """An 814 request of ours about one account."""

    request_id: Identifier
    """BGN02, echoed by the utility in BGN06."""
    client_key: Identifier
    """Whoever asks names each wish once, so that asking again does nothing."""
    kind: RequestKind
    account_number: Identifier
    service_agreement_id: Identifier | None = None
    customer_name: Text = ""
    effective_on: date | None = None
    reason: Reason | None = None
    """Of a drop: why, e.g. B38, dropped by customer request."""
    changed: tuple[Identifier, ...] = ()
    """Of a change: which elements differ, e.g. REFRB."""
    product: Identifier | None = None
    """Of an enrollment or change: our product for the account (REF*RB)."""
    asked_by: Text
