"""Sending a file to a utility once more: the same bytes, the same control numbers.

A utility that lost a file asks for it again. The stored interchange is delivered as it is, so that
the utility's own duplicate check can tell that it is the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import func, select, update

from services.edi_gateway.operations import ledger
from services.edi_gateway.operations.file_queries import FILE_COLUMNS, FileRow
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.store import file, transaction
from shared.platform.database import ReadSession, WriteSession
from shared.platform.refusals import Refusal

REASON_CHARS_MIN: Final = 3
REASON_CHARS_MAX: Final = 500


class UnknownFile(Refusal):
    """No file has this id."""

    code: ClassVar[str] = "unknown_file"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such file"


class NotResendable(Refusal):
    """The file was not sent by us, or has not been delivered even once."""

    code: ClassVar[str] = "not_resendable"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The file cannot be sent again"


class ReasonMissing(Refusal):
    """Whoever sends something again says why."""

    code: ClassVar[str] = "reason_missing"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "A reason is needed"


async def resend_file(
    session: WriteSession, file_id: UUID, *, reason: str, actor: str, at: datetime
) -> FileRow:
    """Queue a delivered file for delivery once more, and record who wanted it and why.

    Raises:
        UnknownFile: there is no such file.
        NotResendable: it came in, waits for delivery already, or was never delivered.
        ReasonMissing: the reason is too short or too long to be one.
    """
    reason = " ".join(reason.split())
    if not REASON_CHARS_MIN <= len(reason) <= REASON_CHARS_MAX or "\x00" in reason:
        raise ReasonMissing(f"Say why, in {REASON_CHARS_MIN} to {REASON_CHARS_MAX} letters.")
    found = (
        await session.execute(select(*FILE_COLUMNS).where(file.c.id == file_id).with_for_update())
    ).one_or_none()
    if found is None:
        raise UnknownFile(f"No file {file_id}.")
    row = FileRow(*found)
    if row.direction != "outbound":
        raise NotResendable(f"{row.name} came from {row.utility.upper()}; only they can resend it.")
    if row.state == "ready":
        raise NotResendable(f"{row.name} waits for delivery already.")
    if row.delivered_at is None:
        raise NotResendable(f"{row.name} was never delivered.")
    await session.execute(
        update(file).where(file.c.id == file_id).values(state="ready", deliver_after=None)
    )
    await ledger.record(
        session,
        [
            NewEntry(
                file_id=file_id,
                kind="ResendRequested",
                actor=actor,
                message=f"{row.name} is to be delivered again, same bytes and numbers: {reason}",
                data={"reason": reason, "sha256": row.sha256},
            )
        ],
        at,
    )
    changed = await session.execute(select(*FILE_COLUMNS).where(file.c.id == file_id))
    return FileRow(*changed.one())


@dataclass(frozen=True, slots=True)
class Effect:
    """What sending a file again means: how many transactions, and how much money in them."""

    transactions: int
    amount: Decimal | None


async def effect_of(session: ReadSession, file_id: UUID) -> Effect:
    """Count what a file holds, for whoever is about to send it again."""
    row = await session.execute(
        select(func.count(), func.sum(transaction.c.amount)).where(transaction.c.file_id == file_id)
    )
    number, amount = row.one()
    return Effect(number, amount)
