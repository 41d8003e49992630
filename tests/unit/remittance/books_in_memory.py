"""The books of one scope in memory: the pure rules, fed one fact at a time, with no database."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID, uuid5

from services.remittance.by_hand import Assigned, nothing_yet, parts_of
from services.remittance.journal import (
    EntryKind,
    Posting,
    document_posting,
    line_posting,
    placement_posting,
    write_off_posting,
)
from services.remittance.ledger.chart import LedgerAccount
from services.remittance.matching import match
from services.remittance.placements import Book, Line, LineKey, Placement
from services.remittance.receivables import (
    Books,
    DocumentEffect,
    Entered,
    Receivable,
    SentCharge,
    Tax,
    enter,
)
from services.remittance.rules import DEFAULT_RULES, MatchingRules
from shared.contracts.parts import Purpose
from shared.contracts.remittance import RemittanceLineKind

SPACE = UUID("6c9f3f5e-0000-4000-8000-000000000002")
DAY = date(2026, 11, 20)


def charge(
    number: str,
    cents: int,
    account: str = "A1",
    usage: str | None = None,
    cancels: str | None = None,
    on: date = date(2026, 11, 1),
    taxes: tuple[Tax, ...] = (),
) -> SentCharge:
    """A sent 810, or with `cancels` the cancel of one."""
    return SentCharge(
        transaction_id=uuid5(SPACE, number),
        invoice_number=number,
        original_invoice_number=cancels,
        purpose=Purpose.CANCEL if cancels else Purpose.ORIGINAL,
        amount_cents=cents,
        usage_id=usage,
        account_number=account,
        service_agreement_id=None,
        dated_on=on,
        taxes=taxes,
    )


def line(
    name: str,
    cents: int,
    invoice: str | None = None,
    usage: str | None = None,
    account: str | None = None,
    kind: RemittanceLineKind = RemittanceLineKind.PAYMENT,
    *,
    adjusting: int = 0,
    offered: int = 0,
    reason: str | None = None,
) -> Line:
    """A line of an 820 of its own."""
    key = LineKey(uuid5(SPACE, name), 1)
    return Line(key, kind, cents, invoice, usage, account, adjusting, offered, reason)


@dataclass(frozen=True, slots=True)
class WriteOff:
    """A decision about a charge; a test may tell it before the charge."""

    name: str
    invoice_number: str
    cents: int


@dataclass(frozen=True, slots=True)
class ByHand:
    """A decision to put a part of a line on a charge, or aside; a test may tell it first."""

    name: str
    line: str
    part: int
    invoice_number: str | None
    cents: int


Fact = SentCharge | Line | WriteOff | ByHand


@dataclass(slots=True)
class MemoryBooks:
    """Everything known, and everything posted."""

    books: Books = field(default_factory=Books)
    lines: dict[LineKey, Line] = field(default_factory=dict)
    placements: dict[LineKey, Placement] = field(default_factory=dict)
    """Where every line stands, and every part of one."""
    postings: list[Posting] = field(default_factory=list)
    documents: set[UUID] = field(default_factory=set)
    rules: MatchingRules = DEFAULT_RULES
    write_offs: dict[str, WriteOff] = field(default_factory=dict)
    by_hand: dict[str, ByHand] = field(default_factory=dict)

    def tell(self, *facts: Fact) -> MemoryBooks:
        """Take in facts, each once; what was known has no effect."""
        for fact in facts:
            if isinstance(fact, Line):
                if fact.key not in self.lines:
                    self._settle(fact)
                    self.lines[fact.key] = fact
                    self._settle()
            elif isinstance(fact, WriteOff):
                self.write_offs[fact.name] = fact
                self._settle()
            elif isinstance(fact, ByHand):
                self.by_hand[fact.name] = fact
                self._settle()
            elif fact.transaction_id not in self.documents:
                self.documents.add(fact.transaction_id)
                self._enter(enter([fact], self.books))
                self._settle()
        return self

    def _enter(self, entered: tuple[Entered, ...]) -> None:
        owners = {each.receivable_id: each for each in self.books.receivables.values()}
        for each in entered:
            if each.receivable_id is not None and each.effect is not DocumentEffect.WAITING:
                posting = document_posting(each, owners[each.receivable_id].account_number)
                self.postings += [posting] if posting else []

    def _settle(self, *lines: Line) -> None:
        for number, known in self.books.receivables.items():
            decided = [each for each in self.write_offs.values() if each.invoice_number == number]
            cents = sum(each.cents for each in decided)
            self.books.receivables[number] = replace(known, write_off_cents=cents)
        receivables = list(self.books.receivables.values())
        by_id = {each.receivable_id: each for each in receivables}
        parts = self._parts()
        for part in parts:
            self.placements.setdefault(part.key, nothing_yet(part))
        history = [self.placements[part.key] for part in parts]
        changed = {part.key: part for part in parts}
        moves: dict[LineKey, list[tuple[Placement | None, Placement]]] = {}
        for each in match(lines, Book(receivables, history, changed=changed), self.rules):
            before = self.placements.get(each.line.key)
            moves.setdefault(each.line.key.whole, []).append((before, each))
            self.placements[each.line.key] = each
        for (before, after), *others in moves.values():
            posting = (
                line_posting([(before, after), *others], by_id, DAY)
                if others
                else placement_posting(before, after, by_id, DAY)
            )
            self.postings += [posting] if posting else []
        for receivable in receivables:
            key, number = receivable.receivable_id, receivable.invoice_number
            named = [place for place in self.placements.values() if place.line.names_charge]
            left = receivable.owed_cents - sum(place.applied.get(key, 0) for place in named)
            change = receivable.written_off_cents(left) - self.written_off_cents(number)
            if change:
                self.postings.append(write_off_posting(key, receivable, change, DAY))

    def _parts(self) -> list[Line]:
        """Every line known so far, in parts where people decided on it."""
        parts: list[Line] = []
        for key, known in self.lines.items():
            sums: dict[int, Assigned] = {}
            for each in self.by_hand.values():
                if uuid5(SPACE, each.line) == key.transaction_id:
                    before = sums.get(each.part)
                    cents = each.cents + (before.cents if before else 0)
                    sums[each.part] = Assigned(each.part, None, each.invoice_number, cents)
            parts += parts_of(known, list(sums.values()))
        return parts

    def written_off_cents(self, number: str) -> int:
        """What is written off of a receivable, derived from the entries alone."""
        key = self.receivable(number).receivable_id
        return -sum(
            entry.cents
            for posting in self.postings
            for entry in posting.receivable_entries
            if entry.receivable_id == key and entry.kind is EntryKind.WRITTEN_OFF
        )

    def receivable(self, number: str) -> Receivable:
        """A receivable by its invoice number."""
        return self.books.receivables[number]

    def open_cents(self, number: str) -> int:
        """What is open, derived from the entries alone."""
        key = self.receivable(number).receivable_id
        return sum(
            entry.cents
            for posting in self.postings
            for entry in posting.receivable_entries
            if entry.receivable_id == key
        )

    def opened(self) -> dict[str, int]:
        """Open cents of every receivable."""
        return {number: self.open_cents(number) for number in sorted(self.books.receivables)}

    def owed_to(self) -> dict[str, int]:
        """What is payable to each jurisdiction."""
        sums: dict[str, int] = {}
        for posting in self.postings:
            for entry in posting.entries:
                if entry.ledger_account is LedgerAccount.TAXES_PAYABLE:
                    cents = entry.credit_cents - entry.debit_cents
                    sums[entry.jurisdiction] = sums.get(entry.jurisdiction, 0) + cents
        return {name: cents for name, cents in sums.items() if cents}

    def ledger(self) -> dict[tuple[LedgerAccount, str], int]:
        """Debits less credits of each ledger account and customer account, nothings left out."""
        sums: dict[tuple[LedgerAccount, str], int] = {}
        for posting in self.postings:
            for entry in posting.entries:
                key = (entry.ledger_account, entry.account_number)
                sums[key] = sums.get(key, 0) + entry.debit_cents - entry.credit_cents
        return {key: cents for key, cents in sums.items() if cents}

    def total(self, account: LedgerAccount) -> int:
        """Debits less credits of a ledger account."""
        return sum(cents for (ledger, _), cents in self.ledger().items() if ledger is account)

    def told(self, name: str) -> str:
        """What is said of the line of a payment."""
        return self.placements[LineKey(uuid5(SPACE, name), 1)].explanation

    def outcome(self, name: str) -> str:
        """Where the line of a payment stands."""
        return self.placements[LineKey(uuid5(SPACE, name), 1)].outcome.value
