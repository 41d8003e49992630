"""From the bytes of one transaction to what it says: the one way in for files and for checks.

Interval usage goes through the vectorised reading, everything else through the validator; whoever
reads a transaction need not know which.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions import Reading, read_document, read_interval_document
from services.edi_gateway.x12 import (
    Delimiters,
    Finding,
    Guide,
    TransactionSlot,
    holds_intervals,
    read_interval_transaction,
    read_transaction,
)


@dataclass(frozen=True, slots=True)
class Understood:
    """What became of one slot; `reading` is None when its syntax was rejected."""

    findings: tuple[Finding, ...]
    reading: Reading | None

    @property
    def accepted(self) -> bool:
        """Whether the syntax was accepted; its content may still forbid its use."""
        return self.reading is not None


def understand(
    data: bytes,
    delimiters: Delimiters,
    slot: TransactionSlot,
    guide: Guide,
    partner: TradingPartner,
    transaction_id: UUID,
) -> Understood:
    """Read, validate and translate one transaction; `data` is the slot's own bytes."""
    if holds_intervals(data, delimiters, slot):
        layout = partner.profile.usage.intervals.layout
        found = read_interval_transaction(data, delimiters, slot, guide, layout)
        reading = None
        if found.document is not None:
            reading = read_interval_document(found.document, partner, transaction_id=transaction_id)
        return Understood(found.findings, reading)
    read = read_transaction(data, delimiters, slot, guide)
    if not read.accepted or read.transaction is None:
        return Understood(read.findings, None)
    return Understood(
        read.findings, read_document(read.transaction, partner, transaction_id=transaction_id)
    )
