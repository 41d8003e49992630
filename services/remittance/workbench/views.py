"""What the workbench shows and is asked: open charges, money, acts and their effect."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.remittance.bank.views import DepositLeg, PaymentLeg
from services.remittance.placements import LineKey
from services.remittance.views import View
from services.remittance.workbench.desk import ActState
from services.remittance.workbench.plans import (
    PUTS_MAX,
    ActKind,
    HandMatch,
    Ids,
    Plan,
    Put,
    Wish,
)
from shared.contracts.measures import Usd, to_cents

REASON_CHARS_MAX: Final = 300

Words = Annotated[str, Field(min_length=1, max_length=REASON_CHARS_MAX, pattern=r"^[^\x00]*$")]
OnceKey = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00]*$")]


class ChargeRow(View):
    """A charge with something open on it."""

    receivable_id: UUID
    invoice_number: str
    account_number: str
    usage_id: str | None
    dated_on: date
    age_days: int
    charged: Usd
    applied: Usd
    written_off: Usd
    open: Usd
    standing: str


class MoneyRow(View):
    """A line of an 820 and where its money is."""

    transaction_id: UUID
    sequence: int
    trace_number: str
    settled_on: date
    age_days: int
    outcome: str
    invoice_number: str | None
    usage_id: str | None
    account_number: str | None
    amount: Usd
    applied: Usd
    unapplied: Usd
    adjusted: Usd
    explanation: str
    place_number: int

    @property
    def key(self) -> LineKey:
        """The line."""
        return LineKey(self.transaction_id, self.sequence)

    @property
    def mark(self) -> str:
        """The line as it stands in addresses."""
        return f"{self.transaction_id}.{self.sequence}"


class ListSums(View):
    """How many rows a filter finds, and what they come to."""

    count: int
    amount: Usd


class ChargePage(View):
    """A page of open charges, oldest first."""

    rows: tuple[ChargeRow, ...]
    next_after: str | None


class MoneyPage(View):
    """A page of lines, in the order of entry."""

    rows: tuple[MoneyRow, ...]
    next_after: str | None


class Standing(View):
    """What of a line is on one charge (or, without one, set aside), and what of it by hand."""

    receivable_id: UUID | None
    invoice_number: str | None
    applied: Usd
    by_hand: Usd


class PlaceView(View):
    """One place that a line had."""

    number: int
    outcome: str
    applied: Usd
    unapplied: Usd
    explanation: str
    placed_at: datetime
    act_id: UUID | None
    """The act that moved it; none where the rules did."""


class LineDetail(View):
    """A line with everything that ever happened to it, latest first."""

    line: MoneyRow
    standings: tuple[Standing, ...]
    places: tuple[PlaceView, ...]


class PutView(View):
    """One step of an act: an amount of a line onto a charge, or set aside."""

    transaction_id: UUID
    sequence: int
    trace_number: str
    receivable_id: UUID | None
    invoice_number: str | None
    amount: Usd


class WishView(View):
    """A charge that an act writes off."""

    receivable_id: UUID
    invoice_number: str
    amount: Usd


class ActRow(View):
    """An act in a list."""

    act_id: UUID
    number: int
    kind: ActKind
    state: ActState
    moved: Usd
    written_off: Usd
    two_people: bool
    reason: str
    asked_by: str
    asked_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    words: str
    takes_back: UUID | None
    taken_back_by: UUID | None
    """The reversal that undid it."""


class HandMatchView(View):
    """What an act puts together at the bank."""

    announced: Usd
    deposited: Usd
    difference: Usd
    """Deposited less announced: what people let go."""
    payments: tuple[PaymentLeg, ...]
    deposits: tuple[DepositLeg, ...]


class ActView(ActRow):
    """An act with everything that it does."""

    bank: HandMatchView | None
    puts: tuple[PutView, ...]
    write_offs: tuple[WishView, ...]
    taken_back_write_offs: int


class ActPage(View):
    """A page of acts, latest first."""

    rows: tuple[ActRow, ...]
    next_before: int | None


class Change(View):
    """What is open on a charge, or waits of a line, before and after."""

    name: str
    before: Usd
    after: Usd


class Effect(View):
    """What an act would come to, had it been done now."""

    moved: Usd
    written_off: Usd
    two_people: bool
    """Whether somebody else would have to approve it."""
    charges: tuple[Change, ...]
    lines: tuple[Change, ...]


class Question(BaseModel):
    """What somebody sends."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PutWish(Question):
    """An amount of a line to be put on a charge; negative for a line of money: taken off it."""

    transaction_id: UUID
    sequence: Annotated[int, Field(ge=1, le=2**31 - 1)]
    receivable_id: UUID | None = None
    """The charge; without one the money is set aside and waits."""
    amount: Usd


class WriteOffWish(Question):
    """A charge to be written off; the amount is signed as what is open."""

    receivable_id: UUID
    amount: Usd


class BankWish(Question):
    """820s and movements at the bank that belong together, and what each side comes to."""

    payments: Ids = ()
    movements: Ids = ()
    announced: Usd
    deposited: Usd

    def match(self) -> HandMatch:
        """Return it in cents.

        Raises:
            ValidationError: it holds nothing, or something twice.
        """
        return HandMatch(
            payments=self.payments,
            movements=self.movements,
            announced_cents=to_cents(self.announced),
            deposited_cents=to_cents(self.deposited),
        )


class ActWish(Question):
    """What somebody wants done: money of lines and write-offs, or a match at the bank."""

    puts: Annotated[tuple[PutWish, ...], Field(max_length=PUTS_MAX)] = ()
    write_offs: Annotated[tuple[WriteOffWish, ...], Field(max_length=PUTS_MAX)] = ()
    bank: BankWish | None = None

    def plan(self) -> Plan:
        """Return the plan in cents.

        Raises:
            ValidationError: it moves nothing, or names a place twice.
        """
        return Plan(
            puts=tuple(
                Put(
                    transaction_id=one.transaction_id,
                    sequence=one.sequence,
                    receivable_id=one.receivable_id,
                    cents=to_cents(one.amount),
                )
                for one in self.puts
            ),
            write_offs=tuple(
                Wish(receivable_id=one.receivable_id, cents=to_cents(one.amount))
                for one in self.write_offs
            ),
            bank=self.bank.match() if self.bank is not None else None,
        )


class NewAct(ActWish):
    """An act asked for."""

    reason: Words
    once_key: OnceKey
    """Made once by whoever asks; the same one again is the same act."""


class NewReversal(Question):
    """A reversal asked for."""

    reason: Words
    once_key: OnceKey


class Answer(Question):
    """What somebody says to what waits."""

    words: Words
