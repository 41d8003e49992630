"""Slows down whoever tries keys or passwords, one network address at a time.

A mailbox is open to the internet. After a few failed logins an address has to wait, each time
twice as long; a good login clears it. Times are seconds of a clock that is never set back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FREE_FAILURES = 5
"""Failed logins that cost nothing: an old key, a wrong user name, a new administrator."""

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 900.0
FORGET_AFTER_S = 3600.0
ADDRESSES_MAX = 10_000
"""Addresses remembered; beyond it the one that failed longest ago is forgotten."""


@dataclass(slots=True)
class _Record:
    failures: int = 0
    last_failure_s: float = 0.0


@dataclass(slots=True)
class LoginGuard:
    """Failed logins by address, and how long each must wait."""

    _records: dict[str, _Record] = field(default_factory=dict)

    def wait_s(self, address: str, now_s: float) -> float:
        """Seconds the address must still wait; 0 when it may try."""
        record = self._records.get(address)
        if record is None:
            return 0.0
        if now_s - record.last_failure_s >= FORGET_AFTER_S:
            del self._records[address]
            return 0.0
        extra = record.failures - FREE_FAILURES
        if extra < 0:
            return 0.0
        penalty = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(extra, 32))
        return max(0.0, record.last_failure_s + penalty - now_s)

    def failed(self, address: str, now_s: float) -> None:
        """The address failed to log in."""
        record = self._records.pop(address, None) or _Record()
        record.failures += 1
        record.last_failure_s = now_s
        self._records[address] = record  # at the end: the first is the one that failed longest ago
        if len(self._records) > ADDRESSES_MAX:
            del self._records[next(iter(self._records))]

    def succeeded(self, address: str) -> None:
        """The address proved who it is."""
        self._records.pop(address, None)
