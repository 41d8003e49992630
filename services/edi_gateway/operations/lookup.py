"""The search box: any identifier, whatever kind it is, finds what bears it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from services.edi_gateway.operations.file_queries import FILE_COLUMNS, FileRow
from services.edi_gateway.operations.queries import (
    PAGE_MAX,
    ROW_COLUMNS,
    Scope,
    TransactionRow,
    as_row,
)
from services.edi_gateway.store import file, functional_group, identifier, interchange, transaction
from shared.platform.database import ReadSession

CONTROL_NUMBER_DIGITS = 9
"""ISA13 has nine digits; GS06 and ST02 have at most as many."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of the search box: a transaction or a whole file, and what matched."""

    kind: str
    value: str
    transaction: TransactionRow | None = None
    file: FileRow | None = None


async def look_up(
    session: ReadSession, scope: Scope, text: str, *, limit: int = 50
) -> tuple[Hit, ...]:
    """Find everything that bears an identifier, whatever kind it is.

    Business identifiers (account, meter, usage id, invoice number, trace number, request id),
    control numbers (ISA13, GS06, ST02; leading zeros do not matter) and file names.
    """
    wanted = text.strip()
    if not wanted:
        return ()
    limit = max(1, min(limit, PAGE_MAX))
    hits = [
        *await _by_identifier(session, scope, wanted, limit),
        *await _by_control_number(session, scope, wanted, limit),
        *await _files_named(session, scope, wanted, limit),
    ]
    return tuple(hits[:limit])


async def _by_identifier(session: ReadSession, scope: Scope, wanted: str, limit: int) -> list[Hit]:
    rows = await session.execute(
        select(identifier.c.kind.label("matched"), *ROW_COLUMNS)
        .join(transaction, transaction.c.id == identifier.c.transaction_id)
        .join(file, file.c.id == transaction.c.file_id)
        .where(identifier.c.value.in_({wanted, wanted.upper()}), scope.allows())
        .order_by(transaction.c.at.desc(), transaction.c.id)
        .limit(limit)
    )
    hits: dict[UUID, Hit] = {}
    for row in rows:
        hits.setdefault(row.id, Hit(row[0], wanted, transaction=as_row(row[1:])))
    return list(hits.values())


async def _by_control_number(
    session: ReadSession, scope: Scope, wanted: str, limit: int
) -> list[Hit]:
    if not wanted.isdigit() or len(wanted) > CONTROL_NUMBER_DIGITS:
        return []
    bare = wanted.lstrip("0") or "0"
    spelled = {wanted, bare, bare.zfill(4), bare.zfill(9)}
    hits = [
        Hit("ST02", wanted, transaction=as_row(row))
        for row in await session.execute(
            select(*ROW_COLUMNS)
            .join(file, file.c.id == transaction.c.file_id)
            .where(transaction.c.control_number.in_(spelled), scope.allows())
            .order_by(transaction.c.at.desc())
            .limit(limit)
        )
    ]
    if scope.ccas is not None:
        return hits  # whole files belong to no single CCA
    for kind, table in (("GS06", functional_group), ("ISA13", interchange)):
        rows = await session.execute(
            select(*FILE_COLUMNS)
            .where(
                file.c.id.in_(select(table.c.file_id).where(table.c.control_number.in_(spelled)))
            )
            .order_by(file.c.at.desc())
            .limit(limit)
        )
        hits.extend(Hit(kind, wanted, file=FileRow(*row)) for row in rows)
    return hits


async def _files_named(session: ReadSession, scope: Scope, wanted: str, limit: int) -> list[Hit]:
    if scope.ccas is not None:
        return []
    rows = await session.execute(
        select(*FILE_COLUMNS)
        .where(func.lower(file.c.name) == wanted.lower())
        .order_by(file.c.at.desc())
        .limit(limit)
    )
    return [Hit("file_name", wanted, file=FileRow(*row)) for row in rows]
