"""What a service says: written down with the work it tells about, then published from there.

All statements on the outbox table are here; relay, sweeper and receipts only decide when.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Float,
    Interval,
    Text,
    all_,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    not_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.contracts.envelope import Envelope, Written
from shared.contracts.parts import MESSAGE_BYTES_MAX
from shared.platform.database import ReadSession, WriteSession
from shared.platform.mailbox.limits import PUT_BATCH, MailboxLimits
from shared.platform.mailbox.tables import MailboxTables
from shared.platform.mailbox.topology import Receipt, Routes

DOUBLINGS_MAX = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the outbox that is due, without its body."""

    seq: int
    message_id: UUID
    type: str
    correlation_id: UUID
    size: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What lies in the mailbox of one service.

    Attributes:
        unpublished: said, but not yet on the wire.
        unacknowledged: on the wire, and some consumer has not answered.
        dead: given up by a consumer, to be replayed there.
        dead_letters: given up by this service.
        lag_s: age of the oldest unpublished message.
    """

    unpublished: int
    unacknowledged: int
    dead: int
    dead_letters: int
    lag_s: float


class Outbox:
    """The outbox table of one service."""

    def __init__(self, tables: MailboxTables, routes: Routes, limits: MailboxLimits) -> None:
        self._table = tables.outbox
        self._dead_letters = tables.dead_letters
        self._routes = routes
        self._limits = limits

    async def put(
        self, session: WriteSession, envelopes: Iterable[Envelope | Written], at: datetime
    ) -> int:
        """Write messages down in order; tells how many."""
        rows = [self._row(envelope, at) for envelope in envelopes]
        for start in range(0, len(rows), PUT_BATCH):
            await session.execute(insert(self._table), rows[start : start + PUT_BATCH])
        return len(rows)

    def _row(self, envelope: Envelope | Written, at: datetime) -> dict[str, Any]:
        if envelope.type not in self._routes:
            raise LookupError(f"{envelope.type} is in no route: say who hears it")
        body = envelope.to_json()
        if len(body) > MESSAGE_BYTES_MAX:
            raise ValueError(f"{envelope.type} of {len(body)} bytes: split it into batches")
        awaiting = [str(service) for service in self._routes[envelope.type]]
        return {
            "message_id": envelope.id,
            "type": envelope.type,
            "correlation_id": envelope.correlation_id,
            "body": body,
            "size": len(body),
            "awaiting": awaiting,
            "put_at": at,
            "due_at": at,
            "handled_at": None if awaiting else at,  # nobody hears it: kept as a record only
        }

    async def due(self, session: WriteSession, at: datetime) -> list[Waiting]:
        """The next messages to publish, locked for this unit of work; other relays skip them."""
        t = self._table.c
        found = await session.execute(
            select(t.seq, t.message_id, t.type, t.correlation_id, t.size)
            .where(t.published_at.is_(None), t.handled_at.is_(None), t.due_at <= at)
            .order_by(t.seq)
            .limit(self._limits.window)
            .with_for_update(skip_locked=True)
        )
        return [Waiting(*row) for row in found]

    async def bodies(self, session: WriteSession, seqs: Sequence[int]) -> dict[int, bytes]:
        """The stored bytes of some messages."""
        t = self._table.c
        found = await session.execute(select(t.seq, t.body).where(t.seq.in_(seqs)))
        return {row.seq: row.body for row in found}

    async def mark_published(
        self, session: WriteSession, seqs: Sequence[int], at: datetime
    ) -> None:
        """The broker has confirmed them; they are due again if no receipt comes."""
        await self._attempted(session, seqs, at, {"published_at": at})

    async def mark_unroutable(
        self, session: WriteSession, seqs: Sequence[int], at: datetime
    ) -> None:
        """No queue took them; try again later, less and less often."""
        await self._attempted(session, seqs, at, {})

    async def _attempted(
        self, session: WriteSession, seqs: Sequence[int], at: datetime, values: dict[str, datetime]
    ) -> None:
        if not seqs:
            return
        t = self._table.c
        doubled = func.power(2.0, func.least(t.attempts, DOUBLINGS_MAX), type_=Float)
        wait_s = func.least(
            literal(self._limits.resend_max_s), doubled * self._limits.resend_after_s, type_=Float
        )
        due_at = literal(at, t.due_at.type) + wait_s * cast(
            literal(timedelta(seconds=1), Interval), Interval
        )
        await session.execute(
            update(self._table)
            .where(t.seq.in_(seqs))
            .values(attempts=t.attempts + 1, due_at=due_at, **values)
        )

    async def resend_overdue(self, session: WriteSession, at: datetime) -> int:
        """Make published messages whose receipt is overdue unpublished again; tells how many."""
        t = self._table.c
        overdue = (
            select(t.seq)
            .where(self._unacknowledged(), t.due_at <= at)
            .order_by(t.seq)
            .limit(self._limits.sweep_batch)
            .with_for_update(skip_locked=True)
        )
        done = await session.execute(
            update(self._table)
            .where(t.seq.in_(overdue.scalar_subquery()))
            .values(published_at=None)
            .returning(t.seq)
        )
        return len(done.all())

    async def resend_all(self, session: WriteSession, at: datetime) -> int:
        """Make every unacknowledged message due at once: the wire has forgotten them."""
        t = self._table.c
        done = await session.execute(
            update(self._table)
            .where(self._unacknowledged())
            .values(published_at=None, due_at=at)
            .returning(t.seq)
        )
        return len(done.all())

    def _unacknowledged(self) -> ColumnElement[bool]:
        """Published, and a consumer that has not given up still owes a receipt."""
        t = self._table.c
        return and_(
            t.published_at.is_not(None),
            t.handled_at.is_(None),
            not_(t.awaiting.contained_by(t.dead)),
        )

    async def note_receipt(self, session: WriteSession, receipt: Receipt, at: datetime) -> None:
        """Write down what a consumer did with messages; unknown ids change nothing."""
        t = self._table.c
        consumer = literal(receipt.consumer, Text)
        left = func.array_remove(t.awaiting, consumer, type_=ARRAY(Text))
        if receipt.handled:
            await session.execute(
                update(self._table)
                .where(t.seq.in_(self._locked(receipt.handled)), t.handled_at.is_(None))
                .values(
                    awaiting=left,
                    handled_at=case((func.cardinality(left) == 0, literal(at)), else_=None),
                )
            )
        if receipt.dead:
            await session.execute(
                update(self._table)
                .where(
                    t.seq.in_(self._locked(receipt.dead)),
                    t.handled_at.is_(None),
                    consumer != all_(t.dead),
                )
                .values(dead=func.array_append(t.dead, consumer, type_=ARRAY(Text)))
            )

    def _locked(self, message_ids: Sequence[str]) -> Any:  # noqa: ANN401
        """The rows in one order, so that two receipts never wait for each other in a ring."""
        t = self._table.c
        ids = [UUID(message_id) for message_id in message_ids]
        rows = select(t.seq).where(t.message_id.in_(ids)).order_by(t.seq).with_for_update()
        return rows.scalar_subquery()

    async def backlog(self, session: ReadSession, at: datetime) -> Backlog:
        """Count what is under way."""
        t = self._table.c
        counted = (
            await session.execute(
                select(
                    func.count().filter(t.published_at.is_(None)),
                    func.count().filter(self._unacknowledged()),
                    func.count().filter(func.cardinality(t.dead) > 0),
                    func.min(t.put_at).filter(t.published_at.is_(None)),
                ).where(t.handled_at.is_(None))
            )
        ).one()
        open_letters = await session.scalar(
            select(func.count())
            .select_from(self._dead_letters)
            .where(self._dead_letters.c.resolved_at.is_(None))
        )
        oldest = counted[3]
        return Backlog(
            unpublished=counted[0],
            unacknowledged=counted[1],
            dead=counted[2],
            dead_letters=open_letters or 0,
            lag_s=max(0.0, (at - oldest).total_seconds()) if oldest else 0.0,
        )
