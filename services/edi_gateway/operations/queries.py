"""Looking things up: lists with filters, one transaction with its timeline, any identifier.

Reads only, always page by page, always within the CCAs that the asker may see. The API and the
console call the same functions, so there is one way to be allowed and one way to be answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, tuple_

from services.edi_gateway.archive import Archive
from services.edi_gateway.store import (
    entry,
    file,
    finding,
    functional_group,
    identifier,
    outbound_document,
    transaction,
)
from shared.platform.database import ReadSession

PAGE_MAX = 200
"""No list answers with more rows than this; the cursor leads on."""

TIMELINE_MAX = 500
RELATED_MAX = 100
_RELATING_KINDS = ("usage_id", "invoice_number", "request_id")
"""Identifiers that tie an 867 to its 810 and to the 820 lines that pay it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the asker may see: `ccas` is None for every CCA."""

    ccas: tuple[str, ...] | None = None

    def allows(self) -> ColumnElement[bool]:
        """Return the condition that every query on transactions carries."""
        if self.ccas is None:
            return transaction.c.id.is_not(None)
        return transaction.c.cca.in_(self.ccas) if self.ccas else false()


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins: after this moment and id, newest first."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """What a list of transactions is narrowed to; None means "any"."""

    utility: str | None = None
    cca: str | None = None
    set_id: str | None = None
    direction: str | None = None
    valid: str | None = None
    delivered: str | None = None
    acknowledged: str | None = None
    applied: str | None = None
    rated: str | None = None
    paid: str | None = None
    exception_code: str | None = None
    exceptions_only: bool = False
    account_number: str | None = None
    file_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    _EQUAL = (
        "utility", "cca", "set_id", "direction", "valid", "delivered", "acknowledged", "applied",
        "rated", "paid", "exception_code", "account_number", "file_id",
    )  # fmt: skip

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the SQL conditions."""
        found = [
            transaction.c[name] == getattr(self, name)
            for name in self._EQUAL
            if getattr(self, name) is not None
        ]
        if self.exceptions_only:
            found.append(transaction.c.exception_code.is_not(None))
        if self.since is not None:
            found.append(transaction.c.at >= self.since)
        if self.until is not None:
            found.append(transaction.c.at < self.until)
        return found


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """One transaction as lists show it; the six states are separate answers."""

    id: UUID
    file_id: UUID
    file_name: str
    position: int
    direction: str
    utility: str
    cca: str | None
    environment: str
    set_id: str
    control_number: str
    business_key: str | None
    account_number: str | None
    amount: Decimal | None
    at: datetime
    valid: str
    delivered: str
    acknowledged: str
    applied: str
    rated: str
    paid: str
    exception_code: str | None
    exception_text: str | None
    duplicate_of: UUID | None
    answers_id: UUID | None


ROW_COLUMNS = (
    transaction.c.id, transaction.c.file_id, file.c.name.label("file_name"), transaction.c.position,
    transaction.c.direction, transaction.c.utility, transaction.c.cca, transaction.c.environment,
    transaction.c.set_id, transaction.c.control_number, transaction.c.business_key,
    transaction.c.account_number, transaction.c.amount, transaction.c.at, transaction.c.valid,
    transaction.c.delivered, transaction.c.acknowledged, transaction.c.applied,
    transaction.c.rated, transaction.c.paid, transaction.c.exception_code,
    transaction.c.exception_text, transaction.c.duplicate_of, transaction.c.answers_id,
)  # fmt: skip


def _rows() -> Select[Any]:
    return select(*ROW_COLUMNS).join(file, file.c.id == transaction.c.file_id)


def as_row(row: Sequence[Any]) -> TransactionRow:
    """Return a row of `ROW_COLUMNS`, which stand in the order of the fields."""
    return TransactionRow(*row)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of transactions and where the next one begins."""

    rows: tuple[TransactionRow, ...]
    next: Cursor | None


async def list_transactions(
    session: ReadSession,
    scope: Scope,
    wanted: TransactionFilter,
    *,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page:
    """Return transactions, newest first."""
    limit = max(1, min(limit, PAGE_MAX))
    query = _rows().where(scope.allows(), *wanted.conditions())
    if after is not None:
        query = query.where(tuple_(transaction.c.at, transaction.c.id) < (after.at, after.id))
    query = query.order_by(transaction.c.at.desc(), transaction.c.id.desc()).limit(limit + 1)
    rows = [as_row(row) for row in await session.execute(query)]
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(tuple(rows), Cursor(rows[-1].at, rows[-1].id) if more else None)


async def find_transaction(
    session: ReadSession, scope: Scope, transaction_id: UUID
) -> TransactionRow | None:
    """Return one transaction, or None when there is none that the asker may see."""
    row = (
        await session.execute(_rows().where(transaction.c.id == transaction_id, scope.allows()))
    ).one_or_none()
    return as_row(row) if row else None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened, with the transaction and file it happened to."""

    at: datetime
    kind: str
    actor: str
    message: str
    data: dict[str, Any]
    file_id: UUID
    file_name: str
    sequence: int
    transaction_id: UUID | None
    set_id: str | None
    hash: str


async def related(
    session: ReadSession, scope: Scope, transaction_id: UUID
) -> tuple[TransactionRow, ...]:
    """Return the transactions of the same story: usage, its charges, corrections and answers."""
    mine = (
        select(identifier.c.kind, identifier.c.value)
        .where(
            identifier.c.transaction_id == transaction_id, identifier.c.kind.in_(_RELATING_KINDS)
        )
        .subquery()
    )
    sharing = select(identifier.c.transaction_id).join(
        mine, and_(identifier.c.kind == mine.c.kind, identifier.c.value == mine.c.value)
    )
    own = select(transaction.c.answers_id).where(transaction.c.id == transaction_id)
    query = (
        _rows()
        .where(
            scope.allows(),
            or_(
                transaction.c.id.in_(sharing),
                transaction.c.id == transaction_id,
                transaction.c.answers_id == transaction_id,
                transaction.c.id.in_(own),
            ),
        )
        .order_by(transaction.c.at, transaction.c.position)
        .limit(RELATED_MAX)
    )
    return tuple(as_row(row) for row in await session.execute(query))


async def timeline(
    session: ReadSession, transactions: Sequence[TransactionRow]
) -> tuple[TimelineEntry, ...]:
    """Return what happened to these transactions and their files, oldest first."""
    ids = [row.id for row in transactions]
    files = {row.file_id for row in transactions}
    query = (
        select(
            entry.c.at, entry.c.kind, entry.c.actor, entry.c.message, entry.c.data,
            entry.c.file_id, file.c.name.label("file_name"), entry.c.sequence,
            entry.c.transaction_id, transaction.c.set_id, entry.c.hash,
        )
        .join(file, file.c.id == entry.c.file_id)
        .outerjoin(transaction, transaction.c.id == entry.c.transaction_id)
        .where(
            or_(
                entry.c.transaction_id.in_(ids),
                and_(entry.c.file_id.in_(files), entry.c.transaction_id.is_(None)),
            )
        )
        .order_by(entry.c.at, entry.c.file_id, entry.c.sequence)
        .limit(TIMELINE_MAX)
    )  # fmt: skip
    return tuple(TimelineEntry(*row) for row in await session.execute(query))


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding as stored."""

    severity: str
    level: str
    code: str
    place: str
    value: str | None
    message: str
    byte_offset: int | None


async def findings_of(
    session: ReadSession, *, file_id: UUID | None = None, transaction_id: UUID | None = None
) -> tuple[FindingRow, ...]:
    """Return the findings of a transaction, or those of a file's envelopes."""
    query = select(
        finding.c.severity, finding.c.level, finding.c.code, finding.c.place,
        finding.c.value, finding.c.message, finding.c.byte_offset,
    ).order_by(finding.c.id).limit(TIMELINE_MAX)  # fmt: skip
    if transaction_id is not None:
        query = query.where(finding.c.transaction_id == transaction_id)
    else:
        query = query.where(finding.c.file_id == file_id, finding.c.transaction_id.is_(None))
    return tuple(FindingRow(*row) for row in await session.execute(query))


async def raw_x12(session: ReadSession, archive: Archive, row: TransactionRow) -> bytes:
    """Return the exact bytes of a transaction, ST to SE."""
    start, end = (
        await session.execute(
            select(transaction.c.start_offset, transaction.c.end_offset).where(
                transaction.c.id == row.id
            )
        )
    ).one()
    return await archive.range(session, row.file_id, start, end)


async def counts(session: ReadSession, scope: Scope) -> dict[tuple[str, str, str], int]:
    """Count transactions by set, question and answer, for the day's summary."""
    found: dict[tuple[str, str, str], int] = {}
    for question in ("valid", "acknowledged", "applied", "rated", "paid"):
        column = transaction.c[question]
        rows = await session.execute(
            select(transaction.c.direction, transaction.c.set_id, column, func.count())
            .where(scope.allows())
            .group_by(transaction.c.direction, transaction.c.set_id, column)
        )
        for direction, set_id, answer, number in rows:
            found[f"{direction} {set_id}", question, answer] = number
    return found


async def unanswered_groups(session: ReadSession) -> int:
    """Count functional groups, ours and theirs, whose 997 is missing."""
    found = await session.scalar(
        select(func.count())
        .select_from(functional_group)
        .where(
            functional_group.c.acknowledged_at.is_(None),
            functional_group.c.functional_id != "FA",
            functional_group.c.state.not_in(("copy", "conflict")),
        )
    )
    return int(found or 0)


async def under_way(session: ReadSession) -> int:
    """Count what is not finished: files to read, documents to send, files to deliver."""
    files = await session.scalar(
        select(func.count()).select_from(file).where(file.c.state.in_(("received", "ready")))
    )
    documents = await session.scalar(
        select(func.count())
        .select_from(outbound_document)
        .where(outbound_document.c.file_id.is_(None))
    )
    return int(files or 0) + int(documents or 0)
