"""Sending a file to a utility once more: the same bytes, the same control numbers.

A utility that lost a file asks for it again. The stored interchange is delivered as it is, so that
the utility's own duplicate check can tell that it is the same one. What it had rejected of the file
waits for its answer anew, and the other services hear so; what it had accepted stays accepted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import Row, case, func, or_, select, update

from services.edi_gateway.operations import ledger
from services.edi_gateway.operations.file_queries import FILE_COLUMNS, FileRow
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.store import file, functional_group, outbound_document, transaction
from shared.contracts.documents import DocumentResent, ResentDocument
from shared.contracts.envelope import Envelope
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Environment, ServiceName
from shared.platform.database import ReadSession, WriteSession
from shared.platform.refusals import Refusal

REASON_CHARS_MIN: Final = 3
REASON_CHARS_MAX: Final = 500

REJECTIONS: Final = ("REJECTED_997", "REJECTED_TA1", "REJECTED_824", "INVOICE_REJECTED")
"""Exceptions of documents that the utility has rejected."""

_IS_REJECTED: Final = or_(
    transaction.c.acknowledged == "rejected",
    transaction.c.paid == "rejected",
    transaction.c.exception_code.in_(REJECTIONS),
)

Put = Callable[[WriteSession, Iterable[Envelope]], Awaitable[object]]
"""Says messages as part of a unit of work; `Mailbox.put`."""


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
    session: WriteSession, put: Put, file_id: UUID, *, reason: str, actor: str, at: datetime
) -> FileRow:
    """Queue a delivered file for delivery once more, and record who wanted it and why.

    Args:
        session: where to write.
        put: says `DocumentResent` of what the utility had rejected; `Mailbox.put`.
        file_id: the file.
        reason: why, for the ledger.
        actor: who wants it.
        at: when.

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
    rejected = await _ask_anew(session, file_id, actor, at)
    await put(session, _resent(file_id, rejected, at))
    changed = await session.execute(select(*FILE_COLUMNS).where(file.c.id == file_id))
    return FileRow(*changed.one())


async def _ask_anew(
    session: WriteSession, file_id: UUID, actor: str, at: datetime
) -> Sequence[Row[Any]]:
    """Let every document of a file that the utility rejected wait for its answer again."""
    t, g = transaction.c, functional_group.c
    found = await session.execute(
        update(transaction)
        .where(
            t.file_id == file_id,
            _IS_REJECTED,
        )
        .values(
            sending=t.sending + 1,
            acknowledged="waiting",
            paid=case((t.paid == "rejected", "waiting"), else_=t.paid),
            exception_code=None,
            exception_text=None,
        )
        .returning(
            *(t.id, t.group_id, t.set_id, t.cca, t.utility, t.environment, t.sending),
            *(t.business_key, t.account_number),
            select(outbound_document.c.correlation_id)
            .where(outbound_document.c.transaction_id == t.id)
            .scalar_subquery()
            .label("correlation_id"),
        )
    )
    rows = found.all()
    await session.execute(
        update(functional_group)
        .where(g.id.in_({row.group_id for row in rows}))
        .values(state="sent", acknowledged_by=None, acknowledged_at=None)
    )
    await ledger.record(
        session,
        [
            NewEntry(
                file_id=file_id,
                transaction_id=row.id,
                kind="AskedAnew",
                actor=actor,
                message="The utility had rejected it; it goes out again and waits for their answer",
                data={"sending": row.sending},
            )
            for row in rows
        ],
        at,
    )
    return rows


def _resent(file_id: UUID, rows: Iterable[Row[Any]], at: datetime) -> Iterator[Envelope]:
    by_cause: dict[tuple[str, UUID], list[Row[Any]]] = {}
    for row in rows:
        if row.cca and row.business_key and row.account_number and row.correlation_id:
            by_cause.setdefault((row.cca, row.correlation_id), []).append(row)
    for (cca, correlation_id), told in by_cause.items():
        for start in range(0, len(told), MESSAGE_ITEMS_MAX):
            part = told[start : start + MESSAGE_ITEMS_MAX]
            yield Envelope.about(
                DocumentResent(
                    file_id=file_id,
                    set_id=part[0].set_id,
                    items=tuple(
                        ResentDocument(
                            transaction_id=row.id,
                            document_number=row.business_key,
                            account_number=row.account_number,
                            sending=row.sending,
                        )
                        for row in part
                    ),
                ),
                at=at,
                source=ServiceName.EDI_GATEWAY,
                correlation_id=correlation_id,
                cca=cca,
                utility=part[0].utility,
                environment=Environment(part[0].environment),
            )


@dataclass(frozen=True, slots=True)
class Effect:
    """What sending a file again means.

    Attributes:
        transactions: how many go out once more.
        amount: how much money is in them.
        rejected: how many of them the utility had rejected, and is to answer anew.
    """

    transactions: int
    amount: Decimal | None
    rejected: int


async def effect_of(session: ReadSession, file_id: UUID) -> Effect:
    """Count what a file holds, for whoever is about to send it again."""
    row = await session.execute(
        select(
            func.count(),
            func.sum(transaction.c.amount),
            func.count().filter(_IS_REJECTED),
        ).where(transaction.c.file_id == file_id)
    )
    number, amount, rejected = row.one()
    return Effect(number, amount, rejected)
