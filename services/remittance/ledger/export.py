"""Gives accounting the journal: numbered batches of a month's entries, as CSV in its own codes.

A batch holds what was booked in a month and is in no batch before it, so every entry leaves once.
Its bytes are kept: asked for again, whatever has changed since, the same file is given. A month
that is closed and exported has nothing left to export.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import Row, func, insert, select

from services.remittance.document_reader import in_scope
from services.remittance.ledger.mapping import TheirAccount, read_mapping
from services.remittance.receivables import Scope
from services.remittance.store import LEDGER, journal_entry
from shared.contracts.measures import from_cents
from shared.platform.database import Database, ReadSession, WriteSession, wait_lock
from shared.platform.refusals import Refusal
from shared.platform.web.csv_file import lines

ENTRIES_PER_PART: Final = 10_000
HEADER: Final = (
    *("batch", "entry", "posting", "period", "effective", "entered", "cca", "utility"),
    *("account", "title", "our_account", "jurisdiction", "kind", "document", "line"),
    *("debit", "credit"),
)


class NothingToExport(Refusal):
    """Every entry of the month was given out before."""

    code: ClassVar[str] = "nothing_to_export"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This month has no entries that were not exported"


class UnknownBatch(Refusal):
    """No export batch has this number."""

    code: ClassVar[str] = "unknown_batch"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no export batch of this number"


class BatchDamaged(Exception):
    """The bytes of a batch are not those it was made of: somebody changed the database."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One export batch of a scope; `number` counts from 1 without gaps."""

    number: int
    month: date
    entries: int
    debit_cents: int
    credit_cents: int
    size: int
    sha256: bytes
    made_by: str
    made_at: datetime


_SHOWN: Final = tuple(LEDGER.gl_batch.c[name] for name in Batch.__dataclass_fields__)


def file_name(scope: Scope, batch: Batch) -> str:
    """Return what the file of a batch is called."""
    return f"gl_{scope.cca}_{scope.environment.value}_{batch.month:%Y-%m}_{batch.number:06d}.csv"


async def make_batch(
    session: WriteSession, scope: Scope, month: date, mapping: str, by: str, at: datetime
) -> Batch:
    """Make the next batch of a month.

    Args:
        session: the unit of work.
        scope: whose books.
        month: its first day; open or closed.
        mapping: the text of the mapping file; kept with the batch.
        by: who asks for it.
        at: when.

    Raises:
        UnreadableMapping, UnmappedAccounts: the mapping is wrong or lacks accounts.
        NothingToExport: every entry of the month is in a batch.
    """
    codes = read_mapping(mapping)
    await wait_lock(session, scope.lock_name)
    after = await _exported_through(session, scope, month)
    mine = (
        in_scope(journal_entry, scope),
        journal_entry.c.period == month,
        journal_entry.c.entry_id > after,
    )
    used = await _used(session, mine)
    if not used:
        raise NothingToExport(f"Every entry of {month:%Y-%m} is in a batch.")
    accounts = codes.cover(scope.cca, [(row.ledger_account, row.jurisdiction) for row in used])
    number = await _last_number(session, scope) + 1
    parts: list[bytes] = []
    digest, size = hashlib.sha256(), 0
    async for part in _render(session, number, mine, accounts):
        digest.update(part)
        size += len(part)
        parts.append(zlib.compress(part))
    made = Batch(
        number=number,
        month=month,
        entries=sum(row.entries for row in used),
        debit_cents=int(sum(row.debits for row in used)),
        credit_cents=int(sum(row.credits for row in used)),
        size=size,
        sha256=digest.digest(),
        made_by=by,
        made_at=at,
    )
    through = max(row.through for row in used)
    await _keep(session, scope, made, (after, through), mapping, parts)
    return made


async def _used(session: WriteSession, mine: Sequence[Any]) -> Sequence[Row[Any]]:
    """Return the accounts that the entries stand on, each with its sums and its last entry."""
    found = await session.execute(
        select(
            journal_entry.c.ledger_account,
            journal_entry.c.jurisdiction,
            func.max(journal_entry.c.entry_id).label("through"),
            func.count().label("entries"),
            func.sum(journal_entry.c.debit_cents).label("debits"),
            func.sum(journal_entry.c.credit_cents).label("credits"),
        )
        .where(*mine)
        .group_by(journal_entry.c.ledger_account, journal_entry.c.jurisdiction)
    )
    return found.all()


async def _exported_through(session: WriteSession, scope: Scope, month: date) -> int:
    table = LEDGER.gl_batch
    found = await session.scalar(
        select(func.max(table.c.through_entry_id)).where(
            in_scope(table, scope), table.c.month == month
        )
    )
    return int(found or 0)


async def _last_number(session: WriteSession, scope: Scope) -> int:
    table = LEDGER.gl_batch
    found = await session.scalar(select(func.max(table.c.number)).where(in_scope(table, scope)))
    return int(found or 0)


async def _render(
    session: WriteSession,
    number: int,
    mine: Sequence[Any],
    accounts: dict[tuple[str, str], TheirAccount],
) -> AsyncIterator[bytes]:
    """Write the file a part at a time, in the order in which entries were made."""
    yield lines([HEADER]).encode()
    last = 0
    while True:
        rows = (
            await session.execute(
                select(journal_entry)
                .where(*mine, journal_entry.c.entry_id > last)
                .order_by(journal_entry.c.entry_id)
                .limit(ENTRIES_PER_PART)
            )
        ).all()
        if not rows:
            return
        last = rows[-1].entry_id
        yield lines(_line(number, row, accounts) for row in rows).encode()


def _line(
    number: int, row: Row[Any], accounts: dict[tuple[str, str], TheirAccount]
) -> tuple[Any, ...]:
    """One entry. A customer's account number is nothing the general ledger has to know."""
    theirs = accounts[row.ledger_account, row.jurisdiction]
    return (
        *(number, row.entry_id, row.posting_id, f"{row.period:%Y-%m}", row.effective_on),
        *(row.entered_at, row.cca, row.utility, theirs.code, theirs.title, row.ledger_account),
        *(row.jurisdiction, row.kind, row.document_id, row.sequence),
        *(from_cents(row.debit_cents), from_cents(row.credit_cents)),
    )


async def _keep(
    session: WriteSession,
    scope: Scope,
    made: Batch,
    bounds: tuple[int, int],
    mapping: str,
    parts: Sequence[bytes],
) -> None:
    key: dict[str, Any] = scope.values | {"number": made.number}
    after, through = bounds
    await session.execute(
        insert(LEDGER.gl_batch).values(
            **key,
            month=made.month,
            after_entry_id=after,
            through_entry_id=through,
            entries=made.entries,
            debit_cents=made.debit_cents,
            credit_cents=made.credit_cents,
            sha256=made.sha256,
            size=made.size,
            mapping=mapping,
            made_by=made.made_by,
            made_at=made.made_at,
        )
    )
    await session.execute(
        insert(LEDGER.gl_batch_part),
        [key | {"part": part, "content": content} for part, content in enumerate(parts)],
    )


async def list_batches(session: ReadSession, scope: Scope) -> tuple[Batch, ...]:
    """Return the batches of a scope, newest first."""
    table = LEDGER.gl_batch
    rows = await session.execute(
        select(*_SHOWN).where(in_scope(table, scope)).order_by(table.c.number.desc())
    )
    return tuple(Batch(*row) for row in rows)


async def find_batch(session: ReadSession, scope: Scope, number: int) -> Batch:
    """Return one batch.

    Raises:
        UnknownBatch: there is none of this number.
    """
    table = LEDGER.gl_batch
    found = await session.execute(
        select(*_SHOWN).where(in_scope(table, scope), table.c.number == number)
    )
    row = found.one_or_none()
    if row is None:
        raise UnknownBatch(f"There is no batch {number}.")
    return Batch(*row)


async def batch_file(database: Database, scope: Scope, batch: Batch) -> AsyncIterator[str]:
    """Give the file of a batch, byte for byte as it was made.

    Raises:
        BatchDamaged: at its end, when the bytes are not those.
    """
    table, seen = LEDGER.gl_batch_part, hashlib.sha256()
    async with database.read() as session:
        parts = await session.stream_scalars(
            select(table.c.content)
            .where(in_scope(table, scope), table.c.number == batch.number)
            .order_by(table.c.part)
        )
        async for content in parts:
            part = zlib.decompress(content)
            seen.update(part)
            yield part.decode()
    if seen.digest() != batch.sha256:
        raise BatchDamaged(f"batch {batch.number} of {scope.cca} is not what it was")
