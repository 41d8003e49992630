"""Tells what time it is, so that nothing else has to ask.

Billing rules depend on dates (bill windows, tariff versions, cut-offs). Code that reads the
computer's clock by itself cannot be replayed or tested, so the time is always passed in, and this
is the one file that looks at the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Whatever can tell the present instant."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The computer's own clock."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(tz=UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is told to move; for tests, replays and the demo day."""

    at: datetime

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("A clock needs an instant with a time zone")
        self.at = self.at.astimezone(UTC)

    def now(self) -> datetime:
        """The instant the clock was last set to."""
        return self.at

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Move the clock (backwards too, as real clocks do) and tell the new time."""
        self.at += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self.at
