"""What the gateway does when another service says something: keep it, and send what must be sent.

Every handler runs inside the unit of work that the mailbox opened, so the ledger entry, the new
states, the document to send and the receipt of the message are kept together or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.edi_gateway.advising import Adviser, Unusable
from services.edi_gateway.applied_payments import AppliedPayments
from services.edi_gateway.bill_checks import BillChecks
from services.edi_gateway.operations import ledger, projection
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.outbound import OutboundDesk, PendingDocument
from shared.contracts.charges import Charge, ChargesRated
from shared.contracts.enrollment import EnrollmentDecided, EnrollmentDecision
from shared.contracts.envelope import Envelope
from shared.contracts.parts import Purpose, Reason
from shared.contracts.remittance import RemittanceHeld
from shared.contracts.usage import UsageCancelled, UsageHeld, UsageNotBilled
from shared.platform.clock import Clock
from shared.platform.database import WriteSession
from shared.platform.mailbox import Handler


class GatewayConsumers:
    """The gateway's handlers of messages.

    Args:
        outbound: takes documents that wait to be sent.
        adviser: tells the utility what it must put right.
        clock: tells when an entry is written.
    """

    def __init__(self, outbound: OutboundDesk, adviser: Adviser, clock: Clock) -> None:
        self._outbound = outbound
        self._adviser = adviser
        self._clock = clock

    def handlers(self) -> Mapping[str, Handler]:
        """Message type → handler, for the mailbox."""
        return {
            "ChargesRated": self.on_charges_rated,
            "UsageHeld": self.on_usage_held,
            "UsageCancelled": self.on_usage_cancelled,
            "UsageNotBilled": self.on_usage_not_billed,
            "EnrollmentDecided": self.on_enrollment_decided,
            "RemittanceApplied": AppliedPayments(self._clock).on_remittance_applied,
            "RemittanceHeld": self.on_remittance_held,
            "InvoicesChecked": BillChecks(self._clock).on_invoices_checked,
        }

    async def _record(
        self, session: WriteSession, kind: str, told: Mapping[UUID, tuple[str, dict[str, Any]]]
    ) -> dict[UUID, projection.Placed]:
        """Write one entry on each transaction that is ours to know; return where those are."""
        places = await projection.place(session, told)
        await ledger.record(
            session,
            (
                NewEntry(
                    file_id=places[key].file_id,
                    transaction_id=key,
                    kind=kind,
                    message=message,
                    data=data,
                )
                for key, (message, data) in told.items()
                if key in places
            ),
            self._clock.now(),
        )
        return places

    async def on_charges_rated(self, session: WriteSession, envelope: Envelope) -> None:
        """Queue one 810 for each charge and say on the 867 what it costs."""
        body = envelope.fact(ChargesRated)
        await self._outbound.enqueue(
            session,
            [
                PendingDocument.of_charge(charge, envelope, self._clock.now())
                for charge in body.items
            ],
        )
        originals = [charge for charge in body.items if charge.purpose is not Purpose.CANCEL]
        cancels = [charge for charge in body.items if charge.purpose is Purpose.CANCEL]
        places = await self._record(
            session, "ChargeRated", {c.transaction_id: _charge_told(c) for c in originals}
        )
        places |= await self._record(
            session, "CancelRated", {c.transaction_id: _charge_told(c) for c in cancels}
        )
        await projection.identify(
            session,
            [
                ("invoice_number", c.invoice_number, c.transaction_id)
                for c in body.items
                if c.transaction_id in places
            ],
        )
        await projection.move(
            session,
            [
                {
                    "id": c.transaction_id,
                    "rated": state,
                    "amount": c.total,
                    "exception_code": None,
                    "exception_text": None,
                }
                for state, charges in (("cancels", cancels), ("charged", originals))
                for c in charges
                if c.transaction_id in places and places[c.transaction_id].rates_forward(state)
            ],
            "rated",
            "amount",
            "exception_code",
            "exception_text",
        )

    async def on_usage_held(self, session: WriteSession, envelope: Envelope) -> None:
        """Show the hold and its reason on the 867, and tell the utility when it must act."""
        body = envelope.fact(UsageHeld)
        places = await self._record(
            session,
            "UsageHeld",
            {
                item.transaction_id: (
                    f"Held: {item.message} ({item.code})",
                    {"code": item.code, "usage_id": item.usage_id},
                )
                for item in body.items
            },
        )
        await projection.move(
            session,
            [
                {
                    "id": item.transaction_id,
                    "rated": "held",
                    "exception_code": item.code,
                    "exception_text": item.message,
                }
                for item in body.items
                if item.transaction_id in places
                and places[item.transaction_id].rates_forward("held")
            ],
            "rated",
            "exception_code",
            "exception_text",
        )
        await self._adviser.advise(
            session,
            envelope.utility,
            "867",
            (
                Unusable(item.transaction_id, (Reason(code=item.code, text=item.message),))
                for item in body.items
                if item.transaction_id in places
                and places[item.transaction_id].rates_forward("held")
            ),
            envelope.id,
        )

    async def on_usage_cancelled(self, session: WriteSession, envelope: Envelope) -> None:
        """Close the usage and its cancel as a pair."""
        body = envelope.fact(UsageCancelled)
        told: dict[UUID, tuple[str, dict[str, Any]]] = {}
        for item in body.items:
            told[item.transaction_id] = (
                f"Cancelled by the utility with {item.cancel_usage_id}",
                {"cancel_usage_id": item.cancel_usage_id},
            )
            told[item.cancel_transaction_id] = (
                f"Cancels usage {item.usage_id}",
                {"usage_id": item.usage_id},
            )
        places = await self._record(session, "UsageCancelled", told)
        states = {item.transaction_id: "cancelled" for item in body.items}
        states |= {item.cancel_transaction_id: "cancels" for item in body.items}
        await projection.move(
            session,
            [
                {"id": key, "rated": state, "exception_code": None, "exception_text": None}
                for key, state in states.items()
                if key in places and places[key].rates_forward(state)
            ],
            "rated",
            "exception_code",
            "exception_text",
        )

    async def on_usage_not_billed(self, session: WriteSession, envelope: Envelope) -> None:
        """Say on the 867 that the utility bills it, so that nobody waits for an 810 of ours."""
        body = envelope.fact(UsageNotBilled)
        told = {
            item.transaction_id: (f"Not billed by us: {item.message}", {"usage_id": item.usage_id})
            for item in body.items
        }
        places = await self._record(session, "UsageNotBilled", told)
        await projection.move(
            session,
            [
                {"id": key, "rated": "not_billed", "exception_code": None, "exception_text": None}
                for key in told
                if key in places and places[key].rates_forward("not_billed")
            ],
            "rated",
            "exception_code",
            "exception_text",
        )

    async def on_enrollment_decided(self, session: WriteSession, envelope: Envelope) -> None:
        """Queue one 814 response for each decision and show the decision on the request.

        What a utility told us in answer to a request of ours is decided too, but not answered.
        """
        body = envelope.fact(EnrollmentDecided)
        at = self._clock.now()
        places = await projection.place(session, [item.transaction_id for item in body.items])
        answers = {key for key, placed in places.items() if placed.answers_id is not None}
        await self._outbound.enqueue(
            session,
            [
                PendingDocument.of_decision(item, envelope, at)
                for item in body.items
                if item.transaction_id not in answers
            ],
        )
        await self._record(
            session,
            "EnrollmentDecided",
            {item.transaction_id: _decision_told(item) for item in body.items},
        )
        await projection.move(
            session,
            [
                {
                    "id": item.transaction_id,
                    "applied": "applied" if item.accepted else "refused",
                    "exception_code": item.reasons[0].code if item.reasons else None,
                    "exception_text": "; ".join(r.text for r in item.reasons) or None,
                }
                for item in body.items
            ],
            "applied",
            "exception_code",
            "exception_text",
        )

    async def on_remittance_held(self, session: WriteSession, envelope: Envelope) -> None:
        """Show on the 820 that the whole payment waits and why, and tell the utility."""
        body = envelope.fact(RemittanceHeld)
        await self._record(
            session,
            "RemittanceHeld",
            {
                body.transaction_id: (
                    f"Held: {body.message} ({body.code})",
                    {
                        "code": body.code,
                        "total": str(body.total),
                        "lines_total": str(body.lines_total),
                    },
                )
            },
        )
        await projection.move(
            session,
            [
                {
                    "id": body.transaction_id,
                    "applied": "exception",
                    "exception_code": body.code,
                    "exception_text": body.message,
                }
            ],
            "applied",
            "exception_code",
            "exception_text",
        )
        reason = Reason(code=body.code, text=body.message)
        unusable = Unusable(body.transaction_id, (reason,))
        await self._adviser.advise(session, envelope.utility, "820", [unusable], envelope.id)


def _charge_told(charge: Charge) -> tuple[str, dict[str, Any]]:
    verb = "Cancel of" if charge.purpose is Purpose.CANCEL else "Rated:"
    named = charge.original_invoice_number or charge.invoice_number
    return (
        f"{verb} invoice {named}, {charge.total} USD on plan {charge.plan_id}",
        {
            "invoice_number": charge.invoice_number,
            "original_invoice_number": charge.original_invoice_number,
            "total": str(charge.total),
            "plan": f"{charge.plan_id} {charge.plan_version}",
            "lines": [f"{line.label}: {line.signed_amount}" for line in charge.lines],
        },
    )


def _decision_told(item: EnrollmentDecision) -> tuple[str, dict[str, Any]]:
    if item.accepted:
        return (
            f"Accepted: {item.purpose} of account {item.account_number}",
            {"request_id": item.request_id},
        )
    reasons = "; ".join(f"{reason.code} {reason.text}".strip() for reason in item.reasons)
    return (
        f"Refused: {item.purpose} of account {item.account_number}: {reasons}",
        {"request_id": item.request_id, "codes": [reason.code for reason in item.reasons]},
    )
