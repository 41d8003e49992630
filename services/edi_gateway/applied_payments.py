"""Shows what became of a utility's payment: on the 820 where it went, on each 810 that it was paid.

A line that found no receivable stays an exception of the 820 until somebody has placed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.edi_gateway.operations import ledger, projection
from services.edi_gateway.operations.ledger import NewEntry
from shared.contracts.envelope import Envelope
from shared.contracts.remittance import AppliedLine, RemittanceApplied, RemittanceOutcome
from shared.platform.clock import Clock
from shared.platform.database import WriteSession

_PAID_STATE = {
    RemittanceOutcome.MATCHED: "paid",
    RemittanceOutcome.SHORT: "short",
    RemittanceOutcome.OVER: "over",
    RemittanceOutcome.REVERSED: "reversed",
}
"""Line outcome → the charge's answer to "paid?"; other outcomes leave it as it is."""


@dataclass(frozen=True, slots=True)
class AppliedPayments:
    """Hears where remittance placed the lines of a payment.

    Attributes:
        clock: tells when an entry is written.
    """

    clock: Clock

    async def on_remittance_applied(self, session: WriteSession, envelope: Envelope) -> None:
        """Show on the 820 where each line went, and on each 810 that it was paid."""
        body = envelope.fact(RemittanceApplied)
        at = self.clock.now()
        paid = [line for line in body.lines if line.invoice_transaction_id is not None]
        keys = [line.invoice_transaction_id for line in paid if line.invoice_transaction_id]
        places = await projection.place(session, [body.transaction_id, *keys])
        entries: list[NewEntry] = []
        if own := places.get(body.transaction_id):
            entries.extend(_line_entry(own.file_id, body, line) for line in body.lines)
        for line, key in zip(paid, keys, strict=True):
            if key in places:
                entries.append(_paid_entry(places[key].file_id, key, body, line))
        await ledger.record(session, entries, at)
        await projection.move(
            session,
            [
                {"id": key, "paid": state}
                for line, key in zip(paid, keys, strict=True)
                if (state := _paid_state(line)) is not None
            ],
            "paid",
        )
        waiting = body.waiting_lines
        await projection.move(
            session,
            [
                {
                    "id": body.transaction_id,
                    "applied": "applied",
                    "exception_code": "UNAPPLIED" if waiting else None,
                    "exception_text": f"{waiting} lines hold money without a receivable"
                    if waiting
                    else None,
                }
            ],
            "applied",
            "exception_code",
            "exception_text",
        )


def _paid_state(line: AppliedLine) -> str | None:
    """The charge's answer to "paid?"; what people placed by hand is told by what is left open."""
    if line.outcome is not RemittanceOutcome.BY_HAND:
        return _PAID_STATE.get(line.outcome)
    if line.open_balance == 0:
        return "paid"
    return "short" if line.applied else "reversed"


def _line_entry(file_id: UUID, body: RemittanceApplied, line: AppliedLine) -> NewEntry:
    return NewEntry(
        file_id=file_id,
        transaction_id=body.transaction_id,
        kind="RemittanceLinePlaced",
        message=f"Line {line.sequence}, {line.amount} USD: {line.explanation}",
        data={
            "sequence": line.sequence,
            "outcome": line.outcome.value,
            "invoice_number": line.invoice_number,
            "account_number": line.account_number,
            "applied": str(line.applied),
            "unapplied": str(line.unapplied),
            "adjusted": str(line.adjusted),
        },
    )


def _paid_entry(
    file_id: UUID, invoice_transaction_id: UUID, body: RemittanceApplied, line: AppliedLine
) -> NewEntry:
    return NewEntry(
        file_id=file_id,
        transaction_id=invoice_transaction_id,
        kind="PaymentApplied",
        message=f"Payment {body.trace_number}: {line.explanation}",
        data={
            "trace_number": body.trace_number,
            "remittance_transaction_id": str(body.transaction_id),
            "outcome": line.outcome.value,
            "applied": str(line.applied),
            "open_balance": str(line.open_balance) if line.open_balance is not None else None,
        },
    )
