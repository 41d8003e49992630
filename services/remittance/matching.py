"""Finds what each line of a payment pays, and says why in one sentence.

A line is for the invoice it names; else for the charge of the usage it names (REF*6O, our 867
BPT02); else for its account, oldest charge first. A line that names an invoice or usage we do not
know waits: it is never guessed onto another charge. Each invoice is settled from all lines that
ever named it, in the order in which they were entered, so a cancel, a reversal or a late 810 gives
the same books whatever arrived first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.remittance.account_money import AccountMoney
from services.remittance.placements import Book, Line, LineKey, Placement, dollars
from services.remittance.receivables import Receivable, Standing
from shared.contracts.remittance import RemittanceLineKind, RemittanceOutcome

Outcome = RemittanceOutcome


def match(lines: Sequence[Line], book: Book) -> tuple[Placement, ...]:
    """Place new lines, and place again what their receivables' changes have moved.

    Args:
        lines: new lines in the order of the 820; may be empty when only receivables changed.
        book: the receivables and earlier placements they can touch.

    Returns:
        A placement for every new line and for every earlier line whose place has changed, in the
        order of entry. `applied + unapplied + adjusted` is the amount of each.

    Raises:
        ConservationError: a bug; nothing of the batch may be written.
    """
    before = {placement.line.key: placement for placement in book.history}
    everything = [placement.line for placement in book.history] + list(lines)
    finder = _Finder(book.receivables)
    placed: dict[LineKey, Placement] = {}
    named: dict[UUID, list[Line]] = defaultdict(list)
    account_lines: list[Line] = []
    for line in everything:
        receivable = finder.find(line)
        if line.kind is not RemittanceLineKind.PAYMENT:
            placed[line.key] = _adjusted(line)
        elif receivable is not None:
            named[receivable.receivable_id].append(line)
        elif line.is_account_money:
            account_lines.append(line)
        else:
            placed[line.key] = _unknown(line)
    room: dict[UUID, int] = {}
    for receivable in book.receivables:
        settlement = _Settlement(receivable)
        for line in named.get(receivable.receivable_id, ()):
            settlement.add(line)
        placed.update((p.line.key, p) for p in settlement.placements())
        room[receivable.receivable_id] = settlement.open_cents
    money = AccountMoney(book.receivables, room, before, book.known_accounts)
    placed.update((p.line.key, p) for p in money.place(account_lines))
    return tuple(
        placed[line.key] for line in everything if placed[line.key] != before.get(line.key)
    )


class _Finder:
    """Finds the receivable a line names."""

    def __init__(self, receivables: Sequence[Receivable]) -> None:
        self._by_invoice = {each.invoice_number: each for each in receivables}
        self._by_usage: dict[str, Receivable] = {}
        # One usage may have been charged twice (cancelled, then rated again): the live one counts.
        for each in sorted(receivables, key=_liveliest_last):
            if each.usage_id is not None:
                self._by_usage[each.usage_id] = each

    def find(self, line: Line) -> Receivable | None:
        """Return the receivable by invoice number, else by usage id, else nothing."""
        if line.invoice_number in self._by_invoice:
            return self._by_invoice[line.invoice_number]
        return None if line.usage_id is None else self._by_usage.get(line.usage_id)


def _liveliest_last(receivable: Receivable) -> tuple[bool, int, str]:
    return (
        not receivable.is_cancelled,
        -receivable.dated_on.toordinal(),
        receivable.invoice_number,
    )


def _adjusted(line: Line) -> Placement:
    what = "Fee" if line.kind is RemittanceLineKind.FEE else "Adjustment"
    return Placement(
        line=line,
        outcome=Outcome.ADJUSTED,
        explanation=f"{what} of {dollars(line.amount_cents)} booked to adjustments.",
        applied={},
        adjusted_cents=line.amount_cents,
        credit_account=line.account_number or "",
    )


def _unknown(line: Line) -> Placement:
    if line.invoice_number is not None:
        what = f"No charge with invoice number {line.invoice_number} was sent yet"
    elif line.usage_id is not None:
        what = f"No charge for usage {line.usage_id} was sent yet"
    else:
        what = "The line names no invoice, usage or account"
    return Placement(
        line=line,
        outcome=Outcome.UNKNOWN,
        explanation=f"{what}; the money waits unapplied.",
        applied={},
        unapplied_cents=line.amount_cents,
        credit_account=line.account_number or "",
    )


@dataclass(slots=True)
class _Share:
    """A line on its way through one receivable; cents are mirrored for a credit invoice."""

    line: Line
    amount: int
    outcome: Outcome
    words: str
    applied: int = 0
    open_after: int = 0

    @property
    def waiting(self) -> int:
        return self.amount - self.applied


class _Settlement:
    """All lines that name one receivable, taken in the order of entry.

    After every line: what is applied is the net of all lines, but never below nothing and never
    above what is owed. That is why the order of arrival cannot change the balance.
    """

    def __init__(self, receivable: Receivable) -> None:
        self._receivable = receivable
        self._sign = receivable.sign
        self._owed = receivable.sign * receivable.owed_cents
        self._open = self._owed
        self._shares: list[_Share] = []

    @property
    def open_cents(self) -> int:
        """What the lines leave open, signed as the invoice."""
        return self._sign * self._open

    def add(self, line: Line) -> None:
        """Take one more line, then let those that wait move."""
        amount = self._sign * line.amount_cents
        share = _Share(line, amount, Outcome.UNKNOWN, "")
        if amount >= 0:
            self._pay(share)
        else:
            self._take_back(share)
        share.open_after = self._open
        self._shares.append(share)
        self._move_waiting()

    def _pay(self, share: _Share) -> None:
        before = self._open
        share.applied = min(share.amount, before)
        self._open -= share.applied
        share.outcome, share.words = self._told(share, before)

    def _told(self, share: _Share, before: int) -> tuple[Outcome, str]:
        invoice = f"invoice {self._receivable.invoice_number}"
        if share.waiting:
            return self._told_excess(share, before, invoice)
        if not self._open:
            if share.applied < self._owed:
                return Outcome.MATCHED, f"Pays the last {dollars(share.applied)} of {invoice}"
            return Outcome.MATCHED, f"Pays {invoice} in full"
        paid, rest = dollars(share.applied), dollars(self._open)
        return Outcome.SHORT, f"Pays {paid} of {invoice}; {rest} stays open"

    def _told_excess(self, share: _Share, before: int, invoice: str) -> tuple[Outcome, str]:
        rest = dollars(share.waiting)
        if before:
            return Outcome.OVER, f"Pays {invoice} in full; {rest} too much is unapplied"
        if self._receivable.is_cancelled:
            return Outcome.OVER, f"The {invoice} was cancelled; {rest} is credit on the account"
        twin = any(
            earlier.amount == share.amount and earlier.applied == earlier.amount
            for earlier in self._shares
            if earlier is not share
        )
        if twin:
            told = f"An earlier line of {dollars(share.amount)} already paid {invoice}"
            return Outcome.DUPLICATE, f"{told}; this one is unapplied"
        return Outcome.OVER, f"Nothing is open on {invoice}; {rest} is unapplied"

    def _take_back(self, share: _Share) -> None:
        """Undo earlier applications; what finds none waits for the payment it takes back."""
        back = min(-share.waiting, self._owed - self._open)
        share.applied -= back
        self._open += back
        invoice = f"invoice {self._receivable.invoice_number}"
        if share.applied:
            told = f"Takes back {dollars(-share.applied)} paid on {invoice}"
            rest = f"; {dollars(-share.waiting)} found nothing to take back"
            share.outcome = Outcome.REVERSED
            share.words = told + (rest if share.waiting else "")
        else:
            share.outcome = Outcome.UNKNOWN
            share.words = f"Nothing is applied to {invoice} to take back; the line waits"

    def _move_waiting(self) -> None:
        """Let waiting money fill what became open, and waiting reversals take what was paid."""
        moved = True
        while moved:
            moved = False
            for share in self._shares:
                if share.waiting > 0 and self._open > 0:
                    moved = True
                    self._fill(share)
                elif share.waiting < 0 and self._open < self._owed:
                    moved = True
                    self._take_back(share)
                    share.open_after = self._open

    def _fill(self, share: _Share) -> None:
        before = self._open
        more = min(share.waiting, before)
        share.applied += more
        self._open -= more
        share.open_after = self._open
        share.outcome, share.words = self._told(share, before)

    def placements(self) -> list[Placement]:
        """Return where each line stands, with real signs again."""
        receivable = self._receivable
        flagged = receivable.standing is Standing.REJECTED
        tail = " (the utility had rejected this invoice)." if flagged else "."
        return [
            Placement(
                line=share.line,
                outcome=share.outcome,
                explanation=share.words + tail,
                applied={receivable.receivable_id: self._sign * share.applied}
                if share.applied
                else {},
                unapplied_cents=self._sign * share.waiting,
                credit_account=receivable.account_number,
                receivable_id=receivable.receivable_id,
                open_cents=self._sign * share.open_after,
                flagged=flagged,
            )
            for share in self._shares
        ]
