"""The tracking ledger: what happened to every file and transaction, in order, for ever.

Entries are only added. Each carries the SHA-256 of the entry before it in the same file's chain,
so that a changed or missing entry shows. One chain per file, not one for all, keeps writers of
different files out of each other's way.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from services.edi_gateway.store import entry, file
from shared.platform.database import ReadSession, WriteSession, copy_rows

ENTRY_COLUMNS = (
    "file_id",
    "sequence",
    "at",
    "transaction_id",
    "kind",
    "actor",
    "message",
    "data",
    "previous_hash",
    "hash",
)
_VERIFY_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One thing that happened, in words, before it has its place in the chain.

    `kind` is a stable name in the past tense (`FileReceived`); `data` holds what a program may
    want to read: strings, integers and lists of them, never floats.
    """

    file_id: UUID
    kind: str
    message: str
    transaction_id: UUID | None = None
    actor: str = "system"
    data: Mapping[str, Any] = field(default_factory=dict)


def entry_hash(  # noqa: PLR0913  the fields of an entry are what is hashed
    previous_hash: str,
    *,
    file_id: UUID,
    sequence: int,
    at: datetime,
    transaction_id: UUID | None,
    kind: str,
    actor: str,
    message: str,
    data: str,
) -> str:
    """Return the hash of an entry: of its every field and of the hash before it."""
    content = "\x1f".join(
        (
            previous_hash,
            str(file_id),
            str(sequence),
            at.isoformat(timespec="microseconds"),
            str(transaction_id or ""),
            kind,
            actor,
            message,
            data,
        )
    )
    return hashlib.sha256(content.encode()).hexdigest()


def _canonical(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)


async def record(session: WriteSession, entries: Iterable[NewEntry], at: datetime) -> int:
    """Append entries to the chains of their files, in the caller's unit of work.

    The files' rows are locked in one order for all callers, so that writers wait instead of
    deadlocking, and one statement a table is sent whatever the number of entries.

    Returns:
        How many entries were appended.

    Raises:
        LookupError: an entry names a file that does not exist.
    """
    by_file: dict[UUID, list[NewEntry]] = defaultdict(list)
    for new in entries:
        by_file[new.file_id].append(new)
    if not by_file:
        return 0
    heads = {
        row.id: (row.chain_length, row.chain_hash)
        for row in await session.execute(
            select(file.c.id, file.c.chain_length, file.c.chain_hash)
            .where(file.c.id.in_(by_file))
            .order_by(file.c.id)
            .with_for_update()
        )
    }
    if missing := by_file.keys() - heads.keys():
        msg = f"the ledger has no file {sorted(map(str, missing))}"
        raise LookupError(msg)
    rows: list[tuple[Any, ...]] = []
    new_heads = []
    for file_id, added in by_file.items():
        length, last = heads[file_id]
        for sequence, new in enumerate(added, start=length + 1):
            rows.append(_chained(new, sequence, last, at))
            last = rows[-1][-1]
        new_heads.append({"key": file_id, "length": length + len(added), "hash": last})
    await copy_rows(session, entry, ENTRY_COLUMNS, rows)
    await (await session.connection()).execute(
        update(file)
        .where(file.c.id == bindparam("key"))
        .values(chain_length=bindparam("length"), chain_hash=bindparam("hash")),
        new_heads,
    )
    return len(rows)


def _chained(new: NewEntry, sequence: int, last: str, at: datetime) -> tuple[Any, ...]:
    """Return the row of an entry, its hash as the last value."""
    data = _canonical(new.data)
    digest = entry_hash(
        last,
        file_id=new.file_id,
        sequence=sequence,
        at=at,
        transaction_id=new.transaction_id,
        kind=new.kind,
        actor=new.actor,
        message=new.message,
        data=data,
    )
    head = (new.file_id, sequence, at, new.transaction_id)
    return (*head, new.kind, new.actor, new.message, data, last, digest)


async def verify_chain(session: ReadSession, file_id: UUID) -> str | None:
    """Re-derive a file's chain from its entries.

    Returns:
        None when every hash holds, else one sentence naming the first entry that does not.
    """
    head = (
        await session.execute(
            select(file.c.chain_length, file.c.chain_hash).where(file.c.id == file_id)
        )
    ).one_or_none()
    if head is None:
        return f"no file {file_id}"
    last, expected = "", 1
    while True:
        page = (
            await session.execute(
                select(entry)
                .where(entry.c.file_id == file_id, entry.c.sequence >= expected)
                .order_by(entry.c.sequence)
                .limit(_VERIFY_PAGE)
            )
        ).all()
        for row in page:
            digest = entry_hash(
                last,
                file_id=row.file_id,
                sequence=row.sequence,
                at=row.at,
                transaction_id=row.transaction_id,
                kind=row.kind,
                actor=row.actor,
                message=row.message,
                data=_canonical(row.data),
            )
            if row.sequence != expected or row.previous_hash != last or row.hash != digest:
                return f"entry {expected} of file {file_id} is missing or was changed"
            last, expected = digest, expected + 1
        if len(page) < _VERIFY_PAGE:
            break
    if (expected - 1, last) != (head.chain_length, head.chain_hash):
        return f"file {file_id} has {expected - 1} entries, its chain says {head.chain_length}"
    return None
