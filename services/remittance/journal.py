"""The books: every fact about money becomes entries whose debits and credits are equal.

Entries are only ever added. A correction is a new set of entries, so that what was known on any
day can be shown again, and a sum over all entries proves that no cent was made or lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from uuid import UUID, uuid4

from services.remittance.ledger.chart import LedgerAccount
from services.remittance.placements import Placement
from services.remittance.receivables import Entered, Receivable
from shared.contracts.remittance import RemittanceLineKind
from shared.platform.values import value


class EntryKind(StrEnum):
    """Why money moved, or why what is open on a receivable changed."""

    CHARGED = "charged"
    CANCELLED = "cancelled"
    APPLIED = "applied"
    """By a line of an 820; what is open on a receivable also by what the line lets go."""
    ADJUSTED = "adjusted"
    """In the journal alone: the part of a line that is no money for charges, or is let go."""
    WRITTEN_OFF = "written_off"
    DEPOSITED = "deposited"


class UnbalancedError(Exception):
    """Debits and credits of one fact differ: a bug, and nothing may be written."""


@value(frozen=True, slots=True)
class JournalEntry:
    """One side of a fact; exactly one of debit and credit is not zero, and none is negative.

    Attributes:
        account_number: the customer's, "" where it is nobody's.
        jurisdiction: who is owed a tax; "" on every other account.
    """

    ledger_account: LedgerAccount
    account_number: str
    debit_cents: int
    credit_cents: int
    kind: EntryKind
    jurisdiction: str = ""


@value(frozen=True, slots=True)
class ReceivableEntry:
    """A change of what is open on a receivable; `cents` is added to the open amount."""

    receivable_id: UUID
    kind: EntryKind
    cents: int
    account_money: bool = False


@value(frozen=True, slots=True)
class Posting:
    """One fact in the books: the document or the line it comes from, and its entries.

    Raises:
        UnbalancedError: debits and credits differ.
    """

    document_id: UUID
    """The 810, the 820 of a line, the deposit, or what set a write-off off."""
    sequence: int | None
    """The line of the 820; none for everything else."""
    effective_on: date
    entries: tuple[JournalEntry, ...]
    receivable_entries: tuple[ReceivableEntry, ...]
    posting_id: UUID

    def __post_init__(self) -> None:
        debits = credits_ = 0
        for entry in self.entries:
            debits += entry.debit_cents
            credits_ += entry.credit_cents
        if debits != credits_:
            raise UnbalancedError(
                f"{self.document_id}: debits {debits} cents, credits {credits_} cents"
            )


def debit(
    account: LedgerAccount,
    account_number: str,
    cents: int,
    kind: EntryKind = EntryKind.APPLIED,
    jurisdiction: str = "",
) -> JournalEntry:
    """Return a debit; a negative amount stands on the other side."""
    if cents < 0:
        return JournalEntry(account, account_number, 0, -cents, kind, jurisdiction)
    return JournalEntry(account, account_number, cents, 0, kind, jurisdiction)


def credit(
    account: LedgerAccount,
    account_number: str,
    cents: int,
    kind: EntryKind = EntryKind.APPLIED,
    jurisdiction: str = "",
) -> JournalEntry:
    """Return a credit; a negative amount stands on the other side."""
    return debit(account, account_number, -cents, kind, jurisdiction)


def document_posting(entered: Entered, account_number: str) -> Posting | None:
    """Book a sent 810: receivable against revenue and taxes payable; a cancel the other way round.

    Args:
        entered: what the document did.
        account_number: the account of the receivable.
    """
    if entered.receivable_id is None:
        return None
    cancels = entered.receivable_id != entered.document.transaction_id
    kind = EntryKind.CANCELLED if cancels else EntryKind.CHARGED
    revenue = entered.cents - sum(tax.cents for tax in entered.taxes)
    entries = _net(
        [
            debit(LedgerAccount.RECEIVABLE, account_number, entered.cents, kind),
            *(
                credit(
                    LedgerAccount.TAXES_PAYABLE, account_number, tax.cents, kind, tax.jurisdiction
                )
                for tax in entered.taxes
            ),
            credit(LedgerAccount.REVENUE, account_number, revenue, kind),
        ]
    )
    if not entries:
        return None
    changes = (ReceivableEntry(entered.receivable_id, kind, entered.cents),)
    return Posting(
        document_id=entered.document.transaction_id,
        sequence=None,
        effective_on=entered.document.dated_on,
        entries=tuple(entries),
        receivable_entries=changes if entered.cents else (),
        posting_id=uuid4(),
    )


def deposit_posting(deposit_id: UUID, cents: int, effective_on: date) -> Posting:
    """Book money that the bank shows: what was in transit has arrived.

    Args:
        deposit_id: the movement at the bank.
        cents: its amount, signed as there; of the opposite sign when it is matched no more.
        effective_on: the bank's day, or the day it is matched no more.
    """
    return _out_of_transit(deposit_id, LedgerAccount.BANK, cents, effective_on)


def difference_posting(act_id: UUID, cents: int, effective_on: date) -> Posting:
    """Book what was announced, never came, and people let go: nothing waits for it any more.

    Args:
        act_id: the act of the people who matched it by hand.
        cents: announced less deposited; negative for what the bank has too much, or to undo it.
        effective_on: the day of the decision.
    """
    return _out_of_transit(act_id, LedgerAccount.BANK_DIFFERENCES, cents, effective_on)


def _out_of_transit(
    document_id: UUID, to: LedgerAccount, cents: int, effective_on: date
) -> Posting:
    return Posting(
        document_id=document_id,
        sequence=None,
        effective_on=effective_on,
        entries=(
            debit(to, "", cents, EntryKind.DEPOSITED),
            credit(LedgerAccount.CASH_IN_TRANSIT, "", cents, EntryKind.DEPOSITED),
        ),
        receivable_entries=(),
        posting_id=uuid4(),
    )


def write_off_posting(
    cause_id: UUID, receivable: Receivable, cents: int, effective_on: date
) -> Posting:
    """Book what of a charge is written off, or, negative, is not any more.

    Args:
        cause_id: the decision, or the message that made it unnecessary.
        receivable: the charge.
        cents: change of what is written off, signed as the charge.
        effective_on: the day it counts for.
    """
    kind = EntryKind.WRITTEN_OFF
    return Posting(
        document_id=cause_id,
        sequence=None,
        effective_on=effective_on,
        entries=(
            debit(LedgerAccount.WRITE_OFFS, receivable.account_number, cents, kind),
            credit(LedgerAccount.RECEIVABLE, receivable.account_number, cents, kind),
        ),
        receivable_entries=(ReceivableEntry(receivable.receivable_id, kind, -cents),),
        posting_id=uuid4(),
    )


def placement_posting(
    before: Placement | None,
    after: Placement,
    receivables: dict[UUID, Receivable],
    effective_on: date,
) -> Posting | None:
    """Book a line's place, or the difference to where it was before.

    Args:
        before: where the line stood; none when it is new.
        after: where it stands now.
        receivables: those of the batch, for their accounts.
        effective_on: settlement day of the payment, or the day of the move.

    Returns:
        Nothing when no money moved.
    """
    if before is None:
        plain = _plain_posting(after, receivables, effective_on)
        if plain is not None:
            return plain
    return line_posting([(before, after)], receivables, effective_on)


def line_posting(
    moves: Sequence[tuple[Placement | None, Placement]],
    receivables: dict[UUID, Receivable],
    effective_on: date,
) -> Posting | None:
    """Book all parts of a line that moved as one fact: before and after of each.

    Between parts money goes without passing through cash: what one part loses another one gains.
    """
    entries: list[JournalEntry] = []
    changes: dict[tuple[UUID, bool], int] = {}
    for before, after in moves:
        cash = after.line.amount_cents - (before.line.amount_cents if before is not None else 0)
        entries += _placed(after, 1)
        entries += _placed(before, -1) if before is not None else ()
        entries.append(debit(LedgerAccount.CASH_IN_TRANSIT, after.line.account_number or "", cash))
        for (receivable_id, kind), cents in _applications(before, after).items():
            if cents:
                account = receivables[receivable_id].account_number
                entries.append(credit(LedgerAccount.RECEIVABLE, account, cents, kind))
                change = (receivable_id, after.line.is_account_money)
                changes[change] = changes.get(change, 0) - cents
    entries = _net(entries)
    applied = tuple(
        ReceivableEntry(receivable_id, EntryKind.APPLIED, cents, account_money)
        for (receivable_id, account_money), cents in changes.items()
        if cents
    )
    if not entries and not applied:
        return None
    key = moves[0][1].line.key
    return Posting(
        document_id=key.transaction_id,
        sequence=key.sequence,
        effective_on=effective_on,
        entries=tuple(entries),
        receivable_entries=applied,
        posting_id=uuid4(),
    )


def _plain_posting(
    after: Placement, receivables: dict[UUID, Receivable], effective_on: date
) -> Posting | None:
    """Book a new line that one charge takes whole, as nearly every line is; else nothing."""
    cents, line = after.line.amount_cents, after.line
    parted = after.unapplied_cents or after.adjusted_cents or after.discount_cents
    if len(after.applied) != 1 or parted or not cents or line.is_account_money:
        return None
    ((receivable_id, applied),) = after.applied.items()
    if applied != cents:
        return None
    return Posting(
        document_id=line.key.transaction_id,
        sequence=line.key.sequence,
        effective_on=effective_on,
        entries=(
            debit(LedgerAccount.CASH_IN_TRANSIT, line.account_number or "", cents),
            debit(LedgerAccount.RECEIVABLE, receivables[receivable_id].account_number, -cents),
        ),
        receivable_entries=(ReceivableEntry(receivable_id, EntryKind.APPLIED, -cents),),
        posting_id=uuid4(),
    )


def _placed(place: Placement, sign: int) -> tuple[JournalEntry, ...]:
    """What a place puts on unapplied, and on fees or adjustments and discount."""
    account, kind = place.credit_account, EntryKind.ADJUSTED
    fee = place.line.kind is RemittanceLineKind.FEE
    rest = sign * (place.adjusted_cents - place.discount_cents)
    return (
        credit(LedgerAccount.UNAPPLIED, account, sign * place.unapplied_cents),
        credit(LedgerAccount.FEES if fee else LedgerAccount.ADJUSTMENTS, account, rest, kind),
        credit(LedgerAccount.DISCOUNT, account, sign * place.discount_cents, kind),
    )


def _applications(before: Placement | None, after: Placement) -> dict[tuple[UUID, EntryKind], int]:
    """Changes of what is applied to receivables: by money, and by what is let go."""
    changes: dict[tuple[UUID, EntryKind], int] = {}
    for place, sign in ((before, -1), (after, 1)):
        if place is None:
            continue
        let_go = place.let_go_cents  # of the one charge that a line closes
        for receivable_id, cents in place.applied.items():
            for kind, part in ((EntryKind.APPLIED, cents - let_go), (EntryKind.ADJUSTED, let_go)):
                changes[receivable_id, kind] = changes.get((receivable_id, kind), 0) + sign * part
    return changes


def _net(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Put together what stands on one account, and leave out what comes to nothing."""
    sums: dict[tuple[LedgerAccount, str, EntryKind, str], int] = {}
    for entry in entries:
        key = (entry.ledger_account, entry.account_number, entry.kind, entry.jurisdiction)
        sums[key] = sums.get(key, 0) + entry.debit_cents - entry.credit_cents
    return [
        debit(account, number, cents, kind, jurisdiction)
        for (account, number, kind, jurisdiction), cents in sums.items()
        if cents
    ]
