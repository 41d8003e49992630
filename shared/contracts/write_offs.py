"""Money that a utility no longer expects from a customer: account write-offs (248)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.measures import Usd
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Identifier, Part, Purpose, Reason, Text


class WriteOff(Part):
    """One amount of one account that the utility wrote off."""

    transaction_id: UUID
    write_off_id: Identifier
    """BHT03 of the 248, the same for all write-offs that it reports."""
    sequence: Annotated[int, Field(ge=1)]
    """The write-off's place in the whole 248, from 1."""
    purpose: Purpose
    """A cancel takes the write-offs of an earlier 248 back; its amounts are not negated."""
    account_number: Identifier
    service_agreement_id: Identifier | None = None
    customer_name: Text = ""
    invoice_number: Identifier | None = None
    """Our 810, where the utility names one."""
    usage_id: Identifier | None = None
    """REF*6O: the 867 BPT02 that our 810 answered."""
    amount: Usd
    """Dollars no longer expected; negative when some of it was recovered."""
    written_off_on: date
    reason: Reason | None = None


class WriteOffsReported(Part):
    """A utility wrote customers' debts off (248)."""

    type: Literal["WriteOffsReported"] = "WriteOffsReported"
    file_id: UUID
    items: Annotated[tuple[WriteOff, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]
