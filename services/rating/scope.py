"""Whose customer it is: the CCA, the utility, and test or production."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from shared.contracts.envelope import Envelope
from shared.contracts.parts import Environment

UTILITY_ZONE: Final = ZoneInfo("America/Los_Angeles")
"""The zone of all three utilities: of their dates, and of what a day is."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows, prices and numbers never cross from one scope to another."""

    cca: str
    utility: str
    environment: Environment

    @classmethod
    def of(cls, envelope: Envelope) -> Scope:
        """The scope of a message."""
        return cls(envelope.cca, envelope.utility, envelope.environment)

    @property
    def values(self) -> dict[str, object]:
        """The scope as parameters or columns of a statement."""
        return {
            "cca": self.cca,
            "utility": self.utility,
            "environment": self.environment.value,
        }

    @property
    def lock_key(self) -> str:
        """Name of the lock under which the scope's accounts and usage are changed."""
        return f"rating/{self.environment}/{self.utility}/{self.cca}"
