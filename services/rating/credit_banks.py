"""The net metering credits of a batch's customers, while their bills are being worked out.

A customer's balance is what the lines of all charges in force add up to (decision 0018). Within a
batch it moves with every charge that is made, waits for review or is taken back, so that the next
bill of the same customer finds it right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from services.rating.components.nem import moved_cents
from services.rating.corrections import ChargeDraft
from shared.contracts.usage import UsageItem

BankKey = tuple[str, str]
"""Account number and service agreement; the latter empty where the utility names none."""


class CreditBanks:
    """Balances in cents by account and service agreement.

    Args:
        balances: what charges in force and under review had moved before the batch.
    """

    def __init__(self, balances: Mapping[BankKey, int]) -> None:
        self._balances = dict(balances)

    def balance_of(self, item: UsageItem) -> int:
        """The credits in cents that a bill for this usage may draw on."""
        return self._balances.get(_key(item), 0)

    def enter(self, charge: ChargeDraft) -> None:
        """Move what the charge adds or draws."""
        self._move(charge, moved_cents(charge.lines))

    def take_back(self, charge: ChargeDraft) -> None:
        """Undo what the charge has moved."""
        self._move(charge, -moved_cents(charge.lines))

    @contextmanager
    def without(self, charge: ChargeDraft | None) -> Iterator[None]:
        """Show the balance as it is without a charge, if there is one.

        A replacement is rated as if its original had never been billed; whether the original is
        really taken back is known only afterwards.
        """
        if charge is None:
            yield
            return
        self.take_back(charge)
        try:
            yield
        finally:
            self.enter(charge)

    def _move(self, charge: ChargeDraft, cents: int) -> None:
        if cents:
            key = _key(charge)
            self._balances[key] = self._balances.get(key, 0) + cents


def _key(of: UsageItem | ChargeDraft) -> BankKey:
    return of.account_number, of.service_agreement_id or ""
