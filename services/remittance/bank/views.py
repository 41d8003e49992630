"""The shapes in which API and pages show the bank; amounts are dollars, account numbers masked."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.remittance.bank.three_way import Outcome
from shared.contracts.measures import Usd

MASK = "••••"


def masked(last_four: str) -> str:
    """Write an account number so that people recognise it and nobody can use it."""
    return f"{MASK}{last_four}"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class AccountView(_View):
    """A registered bank account."""

    account_id: UUID
    name: str
    number: str
    """Its last four digits, behind dots."""
    registered_by: str
    registered_at: datetime
    balance: Usd | None
    """The closing balance of its latest statement."""
    balance_on: date | None


class StatementView(_View):
    """What a file said of one account."""

    statement_id: UUID
    file_name: str
    sha256: str
    format: str
    account: str
    reference: str
    as_of: date
    opening: Usd | None
    closing: Usd | None
    moved: Usd
    gap: Usd | None
    """How much more or less the account has at the opening than where the statement of an earlier
    day ended: one between them is missing. Null where the two meet, or where balances are not
    told."""
    movements: int
    new_movements: int
    """Those that no earlier statement told of."""
    state: str
    """accepted, or held: a held statement moves nothing."""
    held_code: str | None
    held_message: str | None
    difference: Usd
    """By how much it does not add up."""
    imported_by: str
    imported_at: datetime


class PaymentLeg(_View):
    """An 820 of a match, and what of it found its charges: the first two ways of three."""

    transaction_id: UUID
    trace_number: str
    announced: Usd
    settled_on: date
    applied: Usd
    """What pays charges that we billed."""
    unapplied: Usd
    adjusted: Usd


class DepositLeg(_View):
    """A movement of a match: the third way."""

    movement_id: UUID
    account: str
    booked_on: date
    amount: Usd
    bank_reference: str
    words: str
    formats: tuple[str, ...]
    """The kinds of files that told of it."""


class MatchView(_View):
    """Payments and movements that belong together, or one that stands alone."""

    match_id: UUID
    outcome: Outcome
    since: date
    age_days: int
    late: bool
    """A timing difference that is older than the utility's rules allow."""
    announced: Usd
    deposited: Usd
    difference: Usd
    """Deposited less announced."""
    explanation: str
    act_id: UUID | None
    """The act of the people who matched it by hand."""
    payments: tuple[PaymentLeg, ...]
    deposits: tuple[DepositLeg, ...]


class MatchPage(_View):
    """A page of matches, oldest first."""

    matches: tuple[MatchView, ...]
    next_after: str | None


class OutcomeSum(_View):
    """All matches of one outcome."""

    outcome: Outcome
    count: int
    announced: Usd
    deposited: Usd
    difference: Usd
    oldest: date | None
    late: int


class BankOverview(_View):
    """How the bank stands to what the utility announced."""

    announced: Usd
    deposited: Usd
    """What the bank booked and is the utility's."""
    difference: Usd
    """Deposited less announced, without what people let go."""
    let_go: Usd
    """The difference of what was matched by hand; the journal's bank differences, negated."""
    outcomes: tuple[OutcomeSum, ...]
    in_transit: Usd
    """The journal's cash in transit: announced, and not matched with a deposit yet."""
    bank: Usd
    """The journal's bank: deposits that are matched, by the rules or by hand."""
    ties: bool
    """Whether the journal's bank is what the matches come to."""
    held_statements: int
    not_looked_for: int
    """Posted payments that no match holds yet: no account is registered, or they just came."""
