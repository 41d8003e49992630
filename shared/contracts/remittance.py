"""Money a utility says it pays, line by line (820), and what each line was applied to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.measures import Usd
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Identifier, Part, Reason, Text, Word


class RemittanceLineKind(Word):
    """Where a line comes from: RMR (a payment or an adjustment of one), ADX (a fee for none)."""

    PAYMENT = "payment"
    ADJUSTMENT = "adjustment"
    FEE = "fee"


class RemittanceLine(Part):
    """One RMR or ADX of an 820; `amount` is signed: a reversal is negative."""

    sequence: Annotated[int, Field(ge=1)]
    """The line's place in the whole 820, from 1, whatever part of it this message carries."""
    kind: RemittanceLineKind
    amount: Usd
    """What this line adds to the payment's total: RMR04 or ADX01, and RMR08 where it is money."""
    invoiced: Usd | None = None
    """RMR05: what the utility says was invoiced."""
    invoice_number: Identifier | None = None
    account_number: Identifier | None = None
    usage_id: Identifier | None = None
    """REF*6O: the 867 BPT02 that the invoice answered."""
    adjustment_amount: Usd | None = None
    """RMR08 as sent, signed."""
    adjusting: Usd = Decimal(0)
    """The part of `amount` that pays no charge: RMR08, where the utility's total has it."""
    discount: Usd | None = None
    """RMR06: a discount that the utility says it takes; no part of `amount`."""
    reason: Reason | None = None
    posted_on: date | None = None


class RemittanceReported(Part):
    """A utility announced a payment (820). A long 820 comes in `parts` messages, in any order."""

    type: Literal["RemittanceReported"] = "RemittanceReported"
    file_id: UUID
    transaction_id: UUID
    trace_number: Identifier
    """TRN02, the business key of a payment; also on the bank's deposit."""
    total: Usd
    """BPR02, signed: negative when BPR03 is a debit."""
    settled_on: date
    line_count: Annotated[int, Field(ge=0)]
    """Lines of the whole 820."""
    part: Annotated[int, Field(ge=1)]
    parts: Annotated[int, Field(ge=1)]
    lines: Annotated[tuple[RemittanceLine, ...], Field(max_length=MESSAGE_ITEMS_MAX)]


class RemittanceOutcome(Word):
    """What became of a line of money."""

    MATCHED = "matched"
    SHORT = "short"
    OVER = "over"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"
    REVERSED = "reversed"
    ADJUSTED = "adjusted"
    BY_HAND = "by_hand"
    """People placed it, and no rule moves it."""


class AppliedLine(Part):
    """Where one line of the 820 went; `applied + unapplied + adjusted` is the line's amount."""

    sequence: Annotated[int, Field(ge=1)]
    outcome: RemittanceOutcome
    invoice_number: Identifier | None = None
    account_number: Identifier | None = None
    invoice_transaction_id: UUID | None = None
    """The outbound 810 transaction whose receivable the money was applied to."""
    amount: Usd
    applied: Usd
    unapplied: Usd
    adjusted: Usd
    open_balance: Usd | None = None
    """What remains open on the receivable after this line."""
    explanation: Text


class RemittanceApplied(Part):
    """Lines of an 820 were placed; sent again for a line when it finds its receivable later."""

    type: Literal["RemittanceApplied"] = "RemittanceApplied"
    transaction_id: UUID
    trace_number: Identifier
    total: Usd
    waiting_lines: Annotated[int, Field(ge=0)] = 0
    """Lines of the whole 820, not only of this message, with money that has no receivable yet."""
    lines: Annotated[tuple[AppliedLine, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]


class RemittanceHeld(Part):
    """A whole 820 was set aside: its sums disagree or its trace number was used before."""

    type: Literal["RemittanceHeld"] = "RemittanceHeld"
    transaction_id: UUID
    trace_number: Identifier
    total: Usd
    lines_total: Usd
    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]+$")]
    message: Text
