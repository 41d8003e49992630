"""What people and programs are shown of the money: dollars as decimals, a shape for each question.

Kept apart from the queries so that the API's promises can be read on one page.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.remittance.audit import Difference
from shared.contracts.measures import Usd


class View(BaseModel):
    """Something a person or program is shown."""

    model_config = ConfigDict(frozen=True)


class ReceivableView(View):
    """One charge and what is open on it; `open = charged - cancelled - applied - written_off`."""

    receivable_id: UUID
    invoice_number: str
    account_number: str
    usage_id: str | None
    dated_on: date
    charged: Usd
    cancelled: Usd
    applied: Usd
    written_off: Usd
    open: Usd
    standing: str
    """`sent`, `accepted` or `rejected` (by a 997 or 824); a rejected one will hardly be paid."""


class ReceivableEntryView(View):
    """One change of what is open, and where it came from."""

    kind: str
    amount: Usd
    """Added to the open amount."""
    document_id: UUID
    sequence: int | None
    effective_on: date
    entered_at: datetime


class ReceivableDetail(ReceivableView):
    """A charge with every entry, oldest first."""

    entries: tuple[ReceivableEntryView, ...]


class AccountBalance(View):
    """What an account owes; `balance = open - unapplied`."""

    account_number: str
    open: Usd
    rejected: Usd
    """Part of `open` on charges the utility has rejected."""
    unapplied: Usd
    balance: Usd
    receivables: tuple[ReceivableView, ...]
    """Those with something open, oldest first."""


class LineView(View):
    """One line of an 820 and where it stands now."""

    transaction_id: UUID
    trace_number: str
    sequence: int
    outcome: str
    invoice_number: str | None
    usage_id: str | None
    account_number: str | None
    receivable_id: UUID | None
    amount: Usd
    applied: Usd
    unapplied: Usd
    adjusted: Usd
    flagged: bool
    explanation: str
    place_number: int
    """Order of entry; give it as `after` to go on behind this line."""


class RemittanceView(View):
    """One 820; `lines` is a page of its placed lines."""

    transaction_id: UUID
    trace_number: str
    state: str
    held_code: str | None
    held_message: str | None
    total: Usd
    settled_on: date
    line_count: int
    placed_lines: int
    applied: Usd
    unapplied: Usd
    adjusted: Usd
    outcomes: dict[str, int]
    lines: tuple[LineView, ...]


class Totals(View):
    """The money of a scope; `ties` says that the journal tells the same."""

    billed: Usd
    """Charged and not cancelled."""
    received: Usd
    """All placed lines: applied, unapplied and adjusted."""
    applied: Usd
    unapplied: Usd
    adjusted: Usd
    written_off: Usd
    open: Usd
    rejected: Usd
    journal: dict[str, Usd]
    """Ledger account → debits less credits."""
    debits: Usd
    credits: Usd
    ties: bool


class AuditView(View):
    """What an audit of all books found."""

    clean: bool
    every_cent_placed: bool
    differences: tuple[Difference, ...]
    receivables: int
    lines: int
    entries: int
    waiting_lines: int
    held_payments: int
    arriving_payments: int
