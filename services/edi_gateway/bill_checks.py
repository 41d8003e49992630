"""Answers "applied?" of a utility's own 810, once rating has compared it with our shadow bill.

A bill that agrees is applied; one that differs is an exception that a person looks into; one whose
usage has not come goes on waiting, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.edi_gateway.operations import ledger, projection
from services.edi_gateway.operations.ledger import NewEntry
from shared.contracts.charges import CheckedInvoice, InvoiceCheck, InvoicesChecked
from shared.contracts.envelope import Envelope
from shared.platform.clock import Clock
from shared.platform.database import WriteSession

SHADOW_BILL_DIFFERS: Final = "SHADOW_BILL_DIFFERS"

_APPLIED: Final = {
    InvoiceCheck.AGREES: "applied",
    InvoiceCheck.DIFFERS: "exception",
    InvoiceCheck.WAITING_FOR_USAGE: "waiting",
}
_KINDS: Final = {
    InvoiceCheck.AGREES: "ShadowBillAgrees",
    InvoiceCheck.DIFFERS: "ShadowBillDiffers",
    InvoiceCheck.WAITING_FOR_USAGE: "ShadowBillWaits",
}


@dataclass(frozen=True, slots=True)
class BillChecks:
    """Hears what came of checking bills.

    Attributes:
        clock: tells when an entry is written.
    """

    clock: Clock

    async def on_invoices_checked(self, session: WriteSession, envelope: Envelope) -> None:
        """Write what was found on each 810, and answer whether it is applied."""
        checked = envelope.fact(InvoicesChecked).items
        places = await projection.place(session, [item.transaction_id for item in checked])
        ours = [item for item in checked if item.transaction_id in places]
        entries = [
            NewEntry(
                file_id=places[item.transaction_id].file_id,
                transaction_id=item.transaction_id,
                kind=_KINDS[item.state],
                message=item.message,
                data=_data(item),
            )
            for item in ours
        ]
        await ledger.record(session, entries, self.clock.now())
        await projection.move(
            session,
            [_change(item) for item in ours],
            *("applied", "exception_code", "exception_text"),
        )


def _change(item: CheckedInvoice) -> dict[str, object]:
    differs = item.state is InvoiceCheck.DIFFERS
    return {
        "id": item.transaction_id,
        "applied": _APPLIED[item.state],
        "exception_code": SHADOW_BILL_DIFFERS if differs else None,
        "exception_text": item.message if differs else None,
    }


def _data(item: CheckedInvoice) -> dict[str, object]:
    return {
        "invoice_number": item.invoice_number,
        "differences": item.differences,
        "total": str(item.total),
        "ours": None if item.ours is None else str(item.ours),
    }
