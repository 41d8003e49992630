"""Settles one charge from all lines that name it.

The net of all lines pays the charge, never below nothing and never above its price; what is more
waits. A charge that is purchased is paid at its discounted price, and a difference within the
tolerance is let go: both are booked as adjustments of the line that closes the charge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.remittance.placements import Line, Placement, dollars
from services.remittance.receivables import Receivable, Standing
from services.remittance.rules import MatchingRules
from shared.contracts.remittance import RemittanceOutcome

Outcome = RemittanceOutcome

REJECTED = " (the utility had rejected this invoice)."


def settle_alone(receivable: Receivable, line: Line) -> Placement | None:
    """Settle a charge that one line pays to the cent or in part: nearly every line there is.

    Returns:
        The same as `Settlement` would; `None` when the case is not as plain.
    """
    owed, amount = receivable.charged_cents - receivable.cancelled_cents, line.amount_cents
    if not 0 < amount <= owed or line.adjusting_cents or line.reason_code is not None:
        return None
    rest = owed - amount
    if rest:
        words = (
            f"Pays {dollars(amount)} of invoice {receivable.invoice_number};"
            f" {dollars(rest)} stays open"
        )
    else:
        words = f"Pays invoice {receivable.invoice_number} in full"
    flagged = receivable.standing is Standing.REJECTED
    return Placement(
        line,
        Outcome.SHORT if rest else Outcome.MATCHED,
        words + (REJECTED if flagged else "."),
        {receivable.receivable_id: amount},
        credit_account=receivable.account_number,
        receivable_id=receivable.receivable_id,
        open_cents=rest,
        flagged=flagged,
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
    let_go: int = 0
    """What is missing and let go; negative: what is too much."""
    discount: int = 0

    @property
    def waiting(self) -> int:
        return self.amount - self.applied + min(self.let_go, 0)


class Settlement:
    """All lines that name one receivable, taken in the order of entry.

    After every line: what is applied is the net of all lines, but never below nothing and never
    above the price. That is why the order of arrival cannot change the balance.
    """

    def __init__(self, receivable: Receivable, lines: Sequence[Line], rules: MatchingRules) -> None:
        self._receivable = receivable
        self._rules = rules
        self._sign = receivable.sign
        self._owed = receivable.sign * receivable.owed_cents
        offered = self._sign * sum(line.offered_cents for line in lines)
        self._discount = rules.discount_cents(self._owed, offered)
        self._price = self._owed - self._discount
        self._open = self._price
        self._closed = False
        self._shares: list[_Share] = []
        for line in lines:
            self._add(line)
        self._let_go()

    @property
    def open_cents(self) -> int:
        """What the lines leave open, signed as the invoice."""
        return 0 if self._closed else self._sign * (self._open + self._discount)

    def _add(self, line: Line) -> None:
        """Take one more line, then let those that wait move."""
        amount = self._sign * line.paying_cents
        share = _Share(line, amount, Outcome.UNKNOWN, "")
        if amount >= 0:
            self._pay(share)
        else:
            self._take_back(share)
        share.open_after = self._open
        self._shares.append(share)
        self._move_waiting()

    def _let_go(self) -> None:
        """Close the charge when its price is paid but for what is let go."""
        paid, tolerance = self._price - self._open, self._rules.tolerance_cents
        payers = [share for share in self._shares if share.applied > 0]
        if paid <= 0 or not payers:
            return
        if self._open <= tolerance:
            last, missing = payers[-1], self._open
            self._closed = True
            last.let_go, last.discount, last.open_after = missing, self._discount, 0
            if missing or self._discount:
                last.outcome = Outcome.OVER if last.waiting else Outcome.MATCHED
                last.words = self._told_closed(last)
        excess = [share for share in self._shares if share.waiting > 0]
        if not self._open and sum(share.waiting for share in excess) <= tolerance:
            for share in excess:
                share.let_go -= share.waiting
                rest = dollars(-share.let_go)
                share.outcome = Outcome.MATCHED
                share.words = f"Pays {self._invoice}; {rest} too much is let go"

    def _told_closed(self, share: _Share) -> str:
        words = f"Pays {self._invoice} in full"
        if share.discount:
            words = f"Pays {self._invoice} less a discount of {dollars(share.discount)}"
        if share.waiting:
            return f"{words}; {dollars(share.waiting)} too much is unapplied"
        return f"{words}; {dollars(share.let_go)} is let go" if share.let_go else words

    @property
    def _invoice(self) -> str:
        return f"invoice {self._receivable.invoice_number}"

    def _pay(self, share: _Share) -> None:
        before = self._open
        share.applied = min(share.amount, before)
        self._open -= share.applied
        share.outcome, share.words = self._told(share, before)

    def _told(self, share: _Share, before: int) -> tuple[Outcome, str]:
        if share.waiting:
            return self._told_excess(share, before)
        if not self._open:
            if share.applied < self._price:
                return Outcome.MATCHED, f"Pays the last {dollars(share.applied)} of {self._invoice}"
            return Outcome.MATCHED, f"Pays {self._invoice} in full"
        paid, rest = dollars(share.applied), dollars(self._open + self._discount)
        return Outcome.SHORT, f"Pays {paid} of {self._invoice}; {rest} stays open"

    def _told_excess(self, share: _Share, before: int) -> tuple[Outcome, str]:
        rest = dollars(share.waiting)
        if before:
            return Outcome.OVER, f"Pays {self._invoice} in full; {rest} too much is unapplied"
        if self._receivable.is_cancelled:
            return (
                Outcome.OVER,
                f"The {self._invoice} was cancelled; {rest} is credit on the account",
            )
        twin = any(
            earlier.amount == share.amount and earlier.applied == earlier.amount
            for earlier in self._shares
            if earlier is not share
        )
        if twin:
            told = f"An earlier line of {dollars(share.amount)} already paid {self._invoice}"
            return Outcome.DUPLICATE, f"{told}; this one is unapplied"
        return Outcome.OVER, f"Nothing is open on {self._invoice}; {rest} is unapplied"

    def _take_back(self, share: _Share) -> None:
        """Undo earlier applications; what finds none waits for the payment it takes back."""
        back = min(-share.waiting, self._price - self._open)
        share.applied -= back
        self._open += back
        if share.applied:
            told = f"Takes back {dollars(-share.applied)} paid on {self._invoice}"
            rest = f"; {dollars(-share.waiting)} found nothing to take back"
            share.outcome = Outcome.REVERSED
            share.words = told + (rest if share.waiting else "")
        else:
            share.outcome = Outcome.UNKNOWN
            share.words = f"Nothing is applied to {self._invoice} to take back; the line waits"

    def _move_waiting(self) -> None:
        """Let waiting money fill what became open, and waiting reversals take what was paid."""
        moved = True
        while moved:
            moved = False
            for share in self._shares:
                if share.waiting > 0 and self._open > 0:
                    moved = True
                    self._fill(share)
                elif share.waiting < 0 and self._open < self._price:
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
        return [self._placement(share) for share in self._shares]

    def _placement(self, share: _Share) -> Placement:
        receivable, sign = self._receivable, self._sign
        flagged = receivable.standing is Standing.REJECTED
        # What is let go stays off the receivable too; an excess let go never was on it.
        applied = sign * (share.applied + max(share.let_go, 0) + share.discount)
        opened = share.open_after + self._discount if share.open_after or not self._closed else 0
        return Placement(
            line=share.line,
            outcome=share.outcome,
            explanation=share.words + self._reasoned(share.line) + (REJECTED if flagged else "."),
            applied={receivable.receivable_id: applied} if applied else {},
            unapplied_cents=sign * share.waiting,
            adjusted_cents=share.line.adjusting_cents - sign * (share.let_go + share.discount),
            discount_cents=-sign * share.discount,
            credit_account=receivable.account_number,
            receivable_id=receivable.receivable_id,
            open_cents=sign * opened,
            flagged=flagged,
        )

    def _reasoned(self, line: Line) -> str:
        name = self._rules.reason_name(line.reason_code)
        words = f"; {name}" if name else ""
        if line.adjusting_cents:
            words += f"; {dollars(line.adjusting_cents)} of the line is an adjustment"
        return words
