"""Where one line of a utility's payment stands: on which invoices, on account, or adjusted.

The words that matching, journal and store share. A placement is a value: when a line moves (a
cancel releases it, its invoice turns up) there is a new placement, and the difference between the
two is what the journal writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.remittance.receivables import Receivable
from shared.contracts.measures import CENTS_PER_USD
from shared.contracts.remittance import RemittanceLineKind, RemittanceOutcome
from shared.platform.values import value


class ConservationError(Exception):
    """A line's parts do not add to its amount: a bug, and nothing may be written."""


@value(frozen=True, slots=True, order=True)
class LineKey:
    """One line of one 820, or the part of it that people put somewhere by hand (from 1)."""

    transaction_id: UUID
    sequence: int
    part: int = 0

    @property
    def whole(self) -> LineKey:
        """The line that a part is of."""
        return LineKey(self.transaction_id, self.sequence) if self.part else self


@value(frozen=True, slots=True)
class Line:
    """One RMR or ADX of an 820; `amount_cents` is signed, a reversal is negative.

    Attributes:
        adjusting_cents: the part of the amount that pays nothing: RMR08 where it moves money.
        offered_cents: the discount that the line says it takes (RMR06), no part of the amount.
        reason_code: RMR07 or ADX02.
    """

    key: LineKey
    kind: RemittanceLineKind
    amount_cents: int
    invoice_number: str | None = None
    usage_id: str | None = None
    account_number: str | None = None
    adjusting_cents: int = 0
    offered_cents: int = 0
    reason_code: str | None = None

    @property
    def paying_cents(self) -> int:
        """What of the amount is for charges."""
        return self.amount_cents - self.adjusting_cents

    @property
    def names_charge(self) -> bool:
        """Whether it says which charge it pays, and not only whose account."""
        return self.invoice_number is not None or self.usage_id is not None

    @property
    def is_account_money(self) -> bool:
        """Whether it pays an account as a whole, oldest charge first."""
        return (
            self.kind is RemittanceLineKind.PAYMENT
            and not self.names_charge
            and self.account_number is not None
            and not self.key.part
        )


@value(frozen=True, slots=True)
class Placement:
    """Where a line stands now; every cent of it is applied, unapplied or adjusted.

    Attributes:
        applied: receivable → cents applied to it; negative where the line took money back.
        unapplied_cents: money that waits on account for a receivable.
        adjusted_cents: fees and adjustments, and, negative, what a charge was let go.
        discount_cents: the part of `adjusted_cents` that is discount of a purchased charge.
        credit_account: the account on which the unapplied money stands, "" when unknown.
        receivable_id: the receivable the line was for, also when nothing could be applied to it.
        open_cents: what stayed open on that receivable after the line.
        flagged: the utility had rejected the invoice that it now pays.

    Raises:
        ConservationError: the parts do not add to the line's amount.
    """

    line: Line
    outcome: RemittanceOutcome
    explanation: str
    applied: Mapping[UUID, int]
    unapplied_cents: int = 0
    adjusted_cents: int = 0
    credit_account: str = ""
    receivable_id: UUID | None = None
    open_cents: int | None = None
    flagged: bool = False
    discount_cents: int = 0

    def __post_init__(self) -> None:
        placed = self.unapplied_cents + self.adjusted_cents
        for cents in self.applied.values():
            placed += cents
        if placed != self.line.amount_cents:
            raise ConservationError(
                f"line {self.line.key} is {self.line.amount_cents} cents, {placed} were placed"
            )

    @property
    def applied_cents(self) -> int:
        """What is applied to receivables altogether."""
        return sum(self.applied.values())

    @property
    def let_go_cents(self) -> int:
        """The part of what is applied that is no money: a discount, or what was let go."""
        discount = -self.discount_cents
        missing = self.line.adjusting_cents - self.adjusted_cents - discount
        # An excess that was let go is adjusted too, yet it never was on the charge.
        return discount + (missing if missing * self.applied_cents > 0 else 0)


@dataclass(frozen=True, slots=True)
class Book:
    """What is known about the charges and accounts that a batch of lines can touch.

    Attributes:
        receivables: every receivable that a line of the batch can be for.
        history: present placements, oldest first, of every earlier line that names one of these
            receivables, has account money on one, or waits on an account of the batch.
        known_accounts: accounts that were ever charged, among those of the batch.
        changed: lines of the history whose amount people have changed by placing parts by hand.
    """

    receivables: Sequence[Receivable]
    history: Sequence[Placement] = ()
    known_accounts: frozenset[str] = frozenset()
    changed: Mapping[LineKey, Line] = field(default_factory=dict)


def dollars(cents: int) -> str:
    """Return cents as dollars for a sentence, e.g. `1,234.50`."""
    whole, rest = divmod(abs(cents), CENTS_PER_USD)
    return f"{'-' if cents < 0 else ''}{whole:,}.{rest:02d}"
