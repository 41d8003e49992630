"""The door between a priced charge and its way out, as the usage desk sees it."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from services.rating.corrections import ChargeDraft, UsageRecord
from services.rating.holds import Hold


class Door(Protocol):
    """Whoever decides whether a charge may leave."""

    def approved_charge(self, transaction_id: UUID) -> ChargeDraft | None:
        """The charge of some usage that a person has looked at and let go."""
        ...

    def judge(self, record: UsageRecord, draft: ChargeDraft, credit_cents: int) -> Hold | None:
        """Say why a charge must wait, or let it go.

        Args:
            record: the usage.
            draft: the charge.
            credit_cents: credits that the customer has once this bill has left.
        """
        ...


class OpenDoor:
    """Lets every charge out."""

    def approved_charge(self, transaction_id: UUID) -> ChargeDraft | None:
        """Nobody has looked at anything."""
        del transaction_id
        return None

    def judge(self, record: UsageRecord, draft: ChargeDraft, credit_cents: int) -> Hold | None:
        """Let it go."""
        del record, draft, credit_cents
        return None
