"""Keeping a finished interchange: file, bytes, envelopes, transactions, ledger: all or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from services.edi_gateway import archive
from services.edi_gateway.operations import ledger, projection
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.rendering import Rendered, RenderedTransaction
from services.edi_gateway.store import file, functional_group, interchange, transaction
from shared.contracts.parts import Environment, Purpose
from shared.platform.database import WriteSession, copy_rows


@dataclass(frozen=True, slots=True)
class OutboundScope:
    """Whom an interchange is for; `cca` is None for acknowledgments, which belong to no CCA."""

    utility: str
    environment: Environment
    set_id: str
    cca: str | None


async def keep_interchange(
    session: WriteSession, rendered: Rendered, *, scope: OutboundScope, at: datetime
) -> UUID:
    """Store a finished interchange with everything the ledger needs; its bytes are final now.

    Returns:
        The id of the new outbound file.
    """
    file_id = uuid4()
    number = f"{rendered.interchange_number:09d}"
    digest = hashlib.sha256(rendered.data).hexdigest()
    await _keep_file(session, rendered, scope, file_id, number, digest, at)
    group_id = await _keep_envelopes(session, rendered, scope, file_id, number, digest, at)
    await _keep_transactions(session, rendered, file_id, group_id, scope, at)
    stored = NewEntry(
        file_id=file_id,
        kind="InterchangeStored",
        message=(
            f"{scope.set_id} interchange {number} for {scope.utility.upper()} stored with "
            f"{len(rendered.transactions)} transactions, {len(rendered.data)} bytes"
        ),
        data={"sha256": digest, "group": str(rendered.group_number)},
    )
    prepared = (
        NewEntry(
            file_id=file_id,
            transaction_id=each.transaction_id,
            kind="DocumentPrepared",
            message=each.told,
            data={"control_number": each.control_number},
        )
        for each in rendered.transactions
    )
    await ledger.record(session, (stored, *prepared), at)
    await _close_cancelled(session, rendered, scope, at)
    return file_id


async def _keep_file(
    session: WriteSession,
    rendered: Rendered,
    scope: OutboundScope,
    file_id: UUID,
    number: str,
    digest: str,
    at: datetime,
) -> None:
    await session.execute(
        insert(file).values(
            id=file_id,
            direction="outbound",
            utility=scope.utility,
            cca=scope.cca,
            environment=scope.environment.value,
            name=f"{scope.utility.upper()}_{scope.set_id}_{number}.edi",
            origin="own",
            sha256=digest,
            size=len(rendered.data),
            at=at,
            state="ready",
            set_id=scope.set_id,
            transactions_total=len(rendered.transactions),
            transactions_done=len(rendered.transactions),
        )
    )
    await archive.store_bytes(session, file_id, archive.chunks_of(rendered.data))


async def _keep_envelopes(
    session: WriteSession,
    rendered: Rendered,
    scope: OutboundScope,
    file_id: UUID,
    number: str,
    digest: str,
    at: datetime,
) -> UUID:
    interchange_id, group_id = uuid4(), uuid4()
    placed = {
        "file_id": file_id,
        "position": 1,
        "direction": "outbound",
        "utility": scope.utility,
        "environment": scope.environment.value,
    }
    await session.execute(
        insert(interchange).values(
            id=interchange_id,
            sender=rendered.sender,
            receiver=rendered.receiver,
            control_number=number,
            version="00401",
            sha256=digest,
            state="accepted",
            **placed,
        )
    )
    if rendered.group_number:  # a TA1 travels without any group
        await session.execute(
            insert(functional_group).values(
                id=group_id,
                interchange_id=interchange_id,
                functional_id=rendered.functional_id,
                control_number=str(rendered.group_number),
                version="004010",
                state="sent",
                sets_included=len(rendered.transactions),
                at=at,
                **placed,
            )
        )
    return group_id


async def _keep_transactions(
    session: WriteSession,
    rendered: Rendered,
    file_id: UUID,
    group_id: UUID,
    scope: OutboundScope,
    at: datetime,
) -> None:
    acknowledged = "-" if rendered.functional_id == "FA" else "waiting"
    await copy_rows(
        session,
        transaction,
        (
            "id", "file_id", "group_id", "position", "direction", "utility", "cca", "environment",
            "set_id", "control_number", "business_key", "account_number", "amount", "start_offset",
            "end_offset", "segments", "content_sha256", "at", "valid", "delivered", "acknowledged",
            "applied", "paid", "answers_id",
        ),
        (
            (
                each.transaction_id, file_id, group_id, position, "outbound", scope.utility,
                scope.cca,
                scope.environment.value, each.set_id, each.control_number, each.business_key,
                each.account_number, each.amount, each.start, each.end, each.segments,
                each.content_sha256, at, "accepted", "waiting", acknowledged,
                _first_applied(each), _first_paid(each), each.answers_id,
            )
            for position, each in enumerate(rendered.transactions, start=1)
        ),
    )  # fmt: skip
    await projection.identify(
        session,
        [
            (kind, value, each.transaction_id)
            for each in rendered.transactions
            for kind, value in each.identifiers
        ],
    )


def _first_paid(each: RenderedTransaction) -> str:
    """What a new document answers to "paid?": only an 810 that asks for money waits for it."""
    asks = each.document is not None and each.document.purpose is not Purpose.CANCEL
    return "waiting" if each.set_id == "810" and asks else "-"


def _first_applied(each: RenderedTransaction) -> str:
    """What a new document answers to "applied?": only a request of ours waits for an answer."""
    return "waiting" if each.set_id == "814" and each.answers_id is None else "-"


async def _close_cancelled(
    session: WriteSession, rendered: Rendered, scope: OutboundScope, at: datetime
) -> None:
    """Say on each cancelled 810 that its cancel was sent; nobody waits for its money any more."""
    cancels = {
        each.document.original_document_number: each
        for each in rendered.transactions
        if each.document is not None and each.document.purpose is Purpose.CANCEL
    }
    if not cancels:
        return
    originals = (
        await session.execute(
            select(transaction.c.id, transaction.c.file_id, transaction.c.business_key).where(
                transaction.c.direction == "outbound",
                transaction.c.utility == scope.utility,
                transaction.c.environment == scope.environment.value,
                transaction.c.set_id == scope.set_id,
                transaction.c.business_key.in_(cancels),
            )
        )
    ).all()
    entries = [
        NewEntry(
            file_id=row.file_id,
            transaction_id=row.id,
            kind="CancelSent",
            message=f"Cancelled by {cancels[row.business_key].business_key}",
            data={"cancel": str(cancels[row.business_key].transaction_id)},
        )
        for row in originals
    ]
    await ledger.record(session, entries, at)
    await session.execute(
        update(transaction)
        .where(transaction.c.id.in_([row.id for row in originals]), transaction.c.paid == "waiting")
        .values(paid="cancelled")
    )
