"""Spreads money that names only an account over its charges, oldest first.

Some utilities pay `RMR*12*<account>` without an invoice. Such money takes what lines that name
their charge leave over, and makes room again when one of those arrives later. Only what has to
move is moved, so yesterday's books are not rewritten by today's charge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.remittance.placements import Line, LineKey, Placement, dollars
from services.remittance.receivables import Receivable, Standing
from services.remittance.rules import MatchingRules
from shared.contracts.remittance import RemittanceOutcome

Outcome = RemittanceOutcome


@dataclass(slots=True)
class _Share:
    """A line of account money and what it pays so far."""

    line: Line
    applied: dict[UUID, int]

    @property
    def waiting(self) -> int:
        return self.line.paying_cents - sum(self.applied.values())

    def move(self, receivable_id: UUID, cents: int) -> None:
        """Apply more (or, negative, less) to a receivable; an application of nothing is gone."""
        left = self.applied.get(receivable_id, 0) + cents
        if left:
            self.applied[receivable_id] = left
        else:
            self.applied.pop(receivable_id, None)


class AccountMoney:
    """Account money among the receivables of a batch.

    Args:
        receivables: all that the accounts' money can go to or come from.
        room: what lines naming them leave open, by receivable.
        before: present placements; applications to receivables outside the batch stay.
        known_accounts: accounts that were ever charged.
        rules: what reasons are called.
    """

    def __init__(
        self,
        receivables: Sequence[Receivable],
        room: Mapping[UUID, int],
        before: Mapping[LineKey, Placement],
        known_accounts: frozenset[str],
        rules: MatchingRules,
    ) -> None:
        self._rules = rules
        self._room = room
        self._before = before
        self._known = known_accounts | {each.account_number for each in receivables}
        self._receivables = {each.receivable_id: each for each in receivables}
        self._of_account: dict[str, list[Receivable]] = defaultdict(list)
        for each in sorted(receivables, key=lambda r: (r.dated_on, r.invoice_number)):
            self._of_account[each.account_number].append(each)
        self._used: dict[UUID, int] = defaultdict(int)

    def place(self, lines: Sequence[Line]) -> list[Placement]:
        """Place all account money of the batch, given in the order of entry."""
        by_account: dict[str, list[_Share]] = defaultdict(list)
        for line in lines:
            known = self._before.get(line.key)
            share = _Share(line, dict(known.applied) if known else {})
            by_account[line.account_number or ""].append(share)
            for receivable_id, cents in share.applied.items():
                self._used[receivable_id] += cents
        for account, shares in by_account.items():
            self._settle(account, shares)
        return [self._placement(share) for shares in by_account.values() for share in shares]

    def _settle(self, account: str, shares: list[_Share]) -> None:
        receivables = self._of_account.get(account, [])
        for share in shares:
            self._shrink(share, shares, receivables)
        for receivable in receivables:
            self._make_room(receivable, shares)
        moved = True
        while moved:
            moved = False
            for share in shares:
                moved = self._move(share, receivables) or moved

    def _shrink(self, share: _Share, shares: list[_Share], receivables: list[Receivable]) -> None:
        """Give back, newest charge first, what people have taken out of a line by hand."""
        sign = -1 if (share.line.paying_cents or sum(share.applied.values())) < 0 else 1
        for receivable in reversed(receivables):
            key = receivable.receivable_id
            given = min(-sign * share.waiting, sign * share.applied.get(key, 0))
            if given > 0:
                share.move(key, -sign * given)
                self._used[key] -= sign * given
                self._let_wait(receivable, shares)

    def _let_wait(self, receivable: Receivable, shares: list[_Share]) -> None:
        """Let lines wait again that took back, newest first, what is not paid any more."""
        key, sign = receivable.receivable_id, receivable.sign
        for each in reversed(shares):
            missing = min(-sign * self._used[key], -sign * each.applied.get(key, 0))
            if missing > 0:
                each.move(key, sign * missing)
                self._used[key] += sign * missing

    def _make_room(self, receivable: Receivable, shares: list[_Share]) -> None:
        """Give back what a line naming the charge, or a cancel, has taken the place of."""
        key, sign = receivable.receivable_id, receivable.sign
        excess = sign * (self._used[key] - self._room[key])
        for share in reversed(shares):
            if excess <= 0:
                return
            given = min(excess, max(0, sign * share.applied.get(key, 0)))
            share.move(key, -sign * given)
            self._used[key] -= sign * given
            excess -= given

    def _move(self, share: _Share, receivables: list[Receivable]) -> bool:
        """Apply what waits: first undo money of the other sign, newest first, then pay oldest."""
        start = share.waiting
        sign = 1 if start > 0 else -1
        for receivable in reversed(receivables):
            if receivable.sign != sign:
                self._apply(share, receivable, -self._used[receivable.receivable_id])
        for receivable in receivables:
            if receivable.sign == sign:
                key = receivable.receivable_id
                self._apply(share, receivable, self._room[key] - self._used[key])
        return share.waiting != start

    def _apply(self, share: _Share, receivable: Receivable, limit: int) -> None:
        """Apply up to `limit` cents of what waits, where both have the same sign."""
        sign = 1 if share.waiting > 0 else -1
        cents = sign * min(sign * share.waiting, max(0, sign * limit))
        share.move(receivable.receivable_id, cents)
        self._used[receivable.receivable_id] += cents

    def _reasoned(self, line: Line) -> str:
        name = self._rules.reason_name(line.reason_code)
        return f"; {name}" if name else ""

    def _open(self, receivable_id: UUID) -> int:
        return self._room[receivable_id] - self._used[receivable_id]

    def _placement(self, share: _Share) -> Placement:
        known = self._before.get(share.line.key)
        if known is not None and (known.line, known.applied) == (share.line, share.applied):
            return known
        here = [self._receivables[key] for key in share.applied if key in self._receivables]
        last = max(here, key=lambda r: (r.dated_on, r.invoice_number), default=None)
        flagged = any(each.standing is Standing.REJECTED for each in here)
        outcome, words = self._told(share, here)
        return Placement(
            line=share.line,
            outcome=outcome,
            explanation=words
            + self._reasoned(share.line)
            + (" (one had been rejected by the utility)." if flagged else "."),
            applied=share.applied,
            unapplied_cents=share.waiting,
            adjusted_cents=share.line.adjusting_cents,
            credit_account=share.line.account_number or "",
            receivable_id=last.receivable_id if last else None,
            open_cents=self._open(last.receivable_id) if last else None,
            flagged=flagged,
        )

    def _told(self, share: _Share, here: Sequence[Receivable]) -> tuple[Outcome, str]:
        account = f"account {share.line.account_number}"
        numbers = ", ".join(each.invoice_number for each in here[:3])
        numbers += f" and {len(here) - 3} more" if len(here) > 3 else ""  # noqa: PLR2004
        if not share.applied:
            return self._told_waiting(share, account)
        if share.line.paying_cents < 0 and any(each.sign > 0 for each in here):
            return Outcome.REVERSED, f"Takes back money of {account} from {numbers}"
        if share.waiting:
            rest = dollars(share.waiting)
            return Outcome.OVER, f"Pays {numbers} of {account}; {rest} is left on account"
        if any(self._open(each.receivable_id) for each in here):
            return Outcome.SHORT, f"Pays {numbers} of {account}, oldest first; some stays open"
        return Outcome.MATCHED, f"Pays {numbers} of {account}, oldest first"

    def _told_waiting(self, share: _Share, account: str) -> tuple[Outcome, str]:
        if not share.waiting:
            return Outcome.MATCHED, f"A line of nothing for {account}"
        if share.line.account_number not in self._known:
            return Outcome.UNKNOWN, f"No charge of {account} was sent yet; the money waits"
        if share.line.paying_cents < 0:
            return Outcome.UNKNOWN, f"Nothing paid on {account} to take back; the line waits"
        return Outcome.OVER, f"Nothing is open on {account}; the money is left on account"
