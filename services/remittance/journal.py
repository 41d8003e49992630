"""The books: every fact about money becomes entries whose debits and credits are equal.

Entries are only ever added. A correction is a new set of entries, so that what was known on any
day can be shown again, and a sum over all entries proves that no cent was made or lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID, uuid4

from services.remittance.placements import LineKey, Placement
from services.remittance.receivables import Entered, Receivable


class LedgerAccount(StrEnum):
    """The accounts kept for each CCA."""

    RECEIVABLE = "accounts_receivable"
    CASH_IN_TRANSIT = "cash_in_transit"
    """Announced by an 820, seen at the bank later."""
    UNAPPLIED = "unapplied"
    ADJUSTMENTS = "adjustments"
    DISCOUNT = "discount"
    """What a utility keeps of a receivable that it purchases."""
    REVENUE = "revenue"


class EntryKind(StrEnum):
    """Why what is open on a receivable changed."""

    CHARGED = "charged"
    CANCELLED = "cancelled"
    APPLIED = "applied"


class UnbalancedError(Exception):
    """Debits and credits of one fact differ: a bug, and nothing may be written."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One side of a fact; exactly one of debit and credit is not zero, and none is negative."""

    ledger_account: LedgerAccount
    account_number: str
    debit_cents: int
    credit_cents: int


@dataclass(frozen=True, slots=True)
class ReceivableEntry:
    """A change of what is open on a receivable; `cents` is added to the open amount."""

    receivable_id: UUID
    kind: EntryKind
    cents: int
    account_money: bool = False


@dataclass(frozen=True, slots=True)
class Posting:
    """One fact in the books: the document or the line it comes from, and its entries.

    Raises:
        UnbalancedError: debits and credits differ.
    """

    document_id: UUID
    """The 810, or the 820 of a line."""
    sequence: int | None
    """The line of the 820; none for an 810."""
    effective_on: date
    entries: tuple[JournalEntry, ...]
    receivable_entries: tuple[ReceivableEntry, ...]
    posting_id: UUID

    def __post_init__(self) -> None:
        debits = sum(entry.debit_cents for entry in self.entries)
        credits_ = sum(entry.credit_cents for entry in self.entries)
        if debits != credits_:
            raise UnbalancedError(
                f"{self.document_id}: debits {debits} cents, credits {credits_} cents"
            )


def debit(account: LedgerAccount, account_number: str, cents: int) -> JournalEntry:
    """Return a debit; a negative amount stands on the other side."""
    return JournalEntry(account, account_number, max(cents, 0), max(-cents, 0))


def credit(account: LedgerAccount, account_number: str, cents: int) -> JournalEntry:
    """Return a credit; a negative amount stands on the other side."""
    return debit(account, account_number, -cents)


def document_posting(entered: Entered, account_number: str) -> Posting | None:
    """Book a sent 810: receivable against revenue; a cancel the other way round.

    Args:
        entered: what the document did.
        account_number: the account of the receivable.
    """
    if entered.receivable_id is None or not entered.cents:
        return None
    cancels = entered.receivable_id != entered.document.transaction_id
    kind = EntryKind.CANCELLED if cancels else EntryKind.CHARGED
    return Posting(
        document_id=entered.document.transaction_id,
        sequence=None,
        effective_on=entered.document.dated_on,
        entries=(
            debit(LedgerAccount.RECEIVABLE, account_number, entered.cents),
            credit(LedgerAccount.REVENUE, account_number, entered.cents),
        ),
        receivable_entries=(ReceivableEntry(entered.receivable_id, kind, entered.cents),),
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
    key: LineKey = after.line.key
    plain = _plain_posting(after, receivables, effective_on) if before is None else None
    if plain is not None:
        return plain
    entries: list[JournalEntry] = []
    if before is None:
        cash = after.line.amount_cents
        entries.append(debit(LedgerAccount.CASH_IN_TRANSIT, after.line.account_number or "", cash))
    moves = _applications(before, after)
    account_money = after.line.is_account_money
    for move in moves:
        account = receivables[move.receivable_id].account_number
        entries.append(debit(LedgerAccount.RECEIVABLE, account, move.cents))
    if before is not None and before.unapplied_cents:
        taken = before.unapplied_cents
        entries.append(debit(LedgerAccount.UNAPPLIED, before.credit_account, taken))
    if after.unapplied_cents:
        put = after.unapplied_cents
        entries.append(credit(LedgerAccount.UNAPPLIED, after.credit_account, put))
    if before is not None:
        entries += _adjusted(before, -1)
    entries = _net([*entries, *_adjusted(after, 1)])
    if not entries and not moves:
        return None
    return Posting(
        document_id=key.transaction_id,
        sequence=key.sequence,
        effective_on=effective_on,
        entries=tuple(entries),
        receivable_entries=tuple(
            ReceivableEntry(each.receivable_id, EntryKind.APPLIED, each.cents, account_money)
            for each in moves
        ),
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


def _adjusted(place: Placement, sign: int) -> tuple[JournalEntry, ...]:
    """What a place puts on adjustments and, of a purchased charge, on discount."""
    if not place.adjusted_cents and not place.discount_cents:
        return ()
    rest = place.adjusted_cents - place.discount_cents
    account = place.credit_account
    return (
        credit(LedgerAccount.ADJUSTMENTS, account, sign * rest),
        credit(LedgerAccount.DISCOUNT, account, sign * place.discount_cents),
    )


@dataclass(frozen=True, slots=True)
class _Move:
    receivable_id: UUID
    cents: int


def _applications(before: Placement | None, after: Placement) -> list[_Move]:
    """Changes of the open amounts: money applied lowers them."""
    earlier = before.applied if before is not None else {}
    keys: Iterable[UUID] = dict.fromkeys([*earlier, *after.applied])
    changes = ((key, earlier.get(key, 0) - after.applied.get(key, 0)) for key in keys)
    return [_Move(key, cents) for key, cents in changes if cents]


def _net(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Put together what stands on one account, and leave out what comes to nothing."""
    sums: dict[tuple[LedgerAccount, str], int] = {}
    for entry in entries:
        key = (entry.ledger_account, entry.account_number)
        sums[key] = sums.get(key, 0) + entry.debit_cents - entry.credit_cents
    return [debit(account, number, cents) for (account, number), cents in sums.items() if cents]
