"""What made-up charges and payments must come to, by plain sums that know nothing of matching."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

CITIES = ("MARINA", "SALINAS", "SANTA CRUZ")


@dataclass(slots=True)
class Expected:
    """What plain sums say the books must show, in cents."""

    open_of_account: dict[str, int] = field(default_factory=dict)
    paid: int = 0
    adjusted: int = 0
    fees: int = 0
    taxes: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    held: int = 0


@dataclass(slots=True)
class Charge:
    """A made-up charge and what its own lines and cancels do to it, in cents."""

    number: str
    usage: str
    account: str
    cents: int
    cancelled: int = 0
    paid: int = 0

    @property
    def owed(self) -> int:
        """What is owed before any payment."""
        return self.cents - self.cancelled

    @property
    def taxes(self) -> dict[str, int]:
        """What of the charge is tax, by city; the state's stands under no city."""
        city = CITIES[int(self.account) % len(CITIES)]
        return {city: self.cents * 78 // 1000, "": 7} if self.cents > 0 else {}

    def owed_tax(self, cents: int) -> int:
        """What a cancel leaves of a tax, by exact fractions."""
        left = Decimal(cents) * self.cancelled / self.cents
        return cents - int(left.quantize(Decimal(1), ROUND_HALF_UP))

    @property
    def open(self) -> int:
        """What its own lines leave: their net pays it, never below nothing nor beyond it."""
        sign = -1 if self.cents < 0 else 1
        return sign * (sign * self.owed - max(0, min(sign * self.paid, sign * self.owed)))
