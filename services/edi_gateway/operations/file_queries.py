"""Looking up whole files: one, a list, and what happened to each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, null, select, tuple_

from services.edi_gateway.bank_numbers import PAYMENT_GROUP
from services.edi_gateway.operations.queries import PAGE_MAX, TIMELINE_MAX, Cursor, TimelineEntry
from services.edi_gateway.store import entry, file, file_chunk, functional_group, interchange
from shared.platform.database import ReadSession, WriteSession


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file as lists show it."""

    id: UUID
    direction: str
    utility: str
    cca: str | None
    environment: str
    name: str
    origin: str
    sha256: str
    size: int
    at: datetime
    state: str
    set_id: str | None
    refusal: str | None
    duplicate_of: UUID | None
    transactions_total: int
    transactions_done: int
    read_at: datetime | None
    delivered_at: datetime | None


FILE_COLUMNS = tuple(file.c[name] for name in FileRow.__slots__)


async def find_file(session: ReadSession, file_id: UUID) -> FileRow | None:
    """Return one file."""
    row = (await session.execute(select(*FILE_COLUMNS).where(file.c.id == file_id))).one_or_none()
    return FileRow(*row) if row else None


async def list_files(
    session: ReadSession,
    *,
    utility: str | None = None,
    direction: str | None = None,
    state: str | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> tuple[tuple[FileRow, ...], Cursor | None]:
    """Return files, newest first, and where the next page begins."""
    limit = max(1, min(limit, PAGE_MAX))
    query = select(*FILE_COLUMNS)
    for column, wanted in (("utility", utility), ("direction", direction), ("state", state)):
        if wanted is not None:
            query = query.where(file.c[column] == wanted)
    if after is not None:
        query = query.where(tuple_(file.c.at, file.c.id) < (after.at, after.id))
    query = query.order_by(file.c.at.desc(), file.c.id.desc()).limit(limit + 1)
    rows = [FileRow(*row) for row in await session.execute(query)]
    more = len(rows) > limit
    rows = rows[:limit]
    return tuple(rows), Cursor(rows[-1].at, rows[-1].id) if more else None


async def file_timeline(session: ReadSession, file_id: UUID) -> tuple[TimelineEntry, ...]:
    """Return what happened to a file itself, oldest first; its transactions have their own."""
    query = (
        select(
            entry.c.at, entry.c.kind, entry.c.actor, entry.c.message, entry.c.data,
            entry.c.file_id, file.c.name.label("file_name"), entry.c.sequence,
            entry.c.transaction_id, null(), entry.c.hash,
        )
        .join(file, file.c.id == entry.c.file_id)
        .where(entry.c.file_id == file_id, entry.c.transaction_id.is_(None))
        .order_by(entry.c.sequence)
        .limit(TIMELINE_MAX)
    )  # fmt: skip
    return tuple(TimelineEntry(*row) for row in await session.execute(query))


async def count_named(
    session: ReadSession | WriteSession, like: str, *, direction: str = "inbound"
) -> int:
    """Count the files whose name matches an SQL LIKE pattern, copies left out."""
    found = await session.scalar(
        select(func.count())
        .select_from(file)
        .where(file.c.direction == direction, file.c.state == "read", file.c.name.like(like))
    )
    return int(found or 0)


async def names_bank_accounts(session: ReadSession, file_id: UUID) -> bool:
    """Whether a file names bank accounts: it holds payments, or lies sealed and was never read."""
    groups = (
        select(functional_group.c.functional_id)
        .join(interchange, functional_group.c.interchange_id == interchange.c.id)
        .where(interchange.c.file_id == file_id)
    )
    sealed = select(file_chunk.c.sequence).where(
        file_chunk.c.file_id == file_id, file_chunk.c.key_id.is_not(None)
    )
    found = await session.scalar(
        select(
            exists(groups.where(functional_group.c.functional_id == PAYMENT_GROUP))
            | (exists(sealed) & ~exists(groups))
        )
    )
    return bool(found)
