"""Keeps what utilities say they wrote off, until it is compared with our balances.

Nothing moves in the books yet: a write-off is somebody else's word about money that we still show
as open (see docs/roadmap.md). Each row is kept once, however often its message comes.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from services.remittance.store import reported_write_off
from shared.contracts.envelope import Envelope
from shared.contracts.measures import to_cents
from shared.contracts.write_offs import WriteOffsReported
from shared.platform.database import WriteSession

REPORTED = "reported"


async def keep_write_offs(
    session: WriteSession, envelope: Envelope, body: WriteOffsReported, at: datetime
) -> None:
    """Store the write-offs of one message, in state `reported`."""
    await session.execute(
        insert(reported_write_off).on_conflict_do_nothing(),
        [
            {
                "transaction_id": item.transaction_id,
                "sequence": item.sequence,
                "cca": envelope.cca,
                "utility": envelope.utility,
                "environment": envelope.environment.value,
                "write_off_id": item.write_off_id,
                "purpose": item.purpose.value,
                "account_number": item.account_number,
                "service_agreement_id": item.service_agreement_id,
                "invoice_number": item.invoice_number,
                "usage_id": item.usage_id,
                "amount_cents": to_cents(item.amount),
                "written_off_on": item.written_off_on,
                "reason_code": item.reason.code if item.reason else None,
                "reason_text": item.reason.text if item.reason else None,
                "state": REPORTED,
                "message_id": envelope.id,
                "correlation_id": envelope.correlation_id,
                "reported_at": at,
            }
            for item in body.items
        ],
    )
