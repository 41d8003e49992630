"""A stored transaction beside its meaning: its exact bytes, explained, with what was found in it.

What was found is taken from the record and not judged again: the guide may have changed since, and
the answer that the utility got has not.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from services.edi_gateway.archive import CHUNK_BYTES, Archive
from services.edi_gateway.explaining import ExplainedTransaction, Stretch, explain_transaction
from services.edi_gateway.guides import group_guide_of
from services.edi_gateway.intake import FINDING_FIELDS
from services.edi_gateway.operations.queries import TransactionRow
from services.edi_gateway.reading import partners
from services.edi_gateway.store import finding, functional_group, interchange, transaction
from services.edi_gateway.x12 import Delimiters, Finding, scan
from shared.platform.database import ReadSession

SEGMENTS_MAX: Final = 500
"""Segments explained at once; a longer transaction comes in stretches."""

FINDINGS_MAX: Final = 500

HEAD_BYTES: Final = 4096
"""How much of a file is looked at for its first header."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A transaction as it lies in the archive."""

    data: bytes
    start: int
    delimiters: Delimiters
    findings: tuple[Finding, ...]
    functional_id: str
    version: str


async def annotate(
    session: ReadSession,
    archive: Archive,
    row: TransactionRow,
    *,
    first: int = 1,
    limit: int = SEGMENTS_MAX,
) -> ExplainedTransaction:
    """Explain a stored transaction, or `limit` segments of it from number `first`."""
    stored = await _fetch(session, archive, row)
    return await asyncio.to_thread(_explain, stored, row.utility, Stretch(first, limit))


def _explain(stored: _Stored, utility: str, stretch: Stretch) -> ExplainedTransaction:
    profile = partners().utility(utility)
    guide = group_guide_of(profile, stored.functional_id, stored.version)
    return explain_transaction(
        stored.data,
        stored.delimiters,
        guide,
        stored.findings,
        offset=stored.start,
        stretch=stretch,
    )


async def _fetch(session: ReadSession, archive: Archive, row: TransactionRow) -> _Stored:
    start, end, functional_id, version = (
        await session.execute(
            select(
                transaction.c.start_offset,
                transaction.c.end_offset,
                functional_group.c.functional_id,
                functional_group.c.version,
            )
            .join(functional_group, functional_group.c.id == transaction.c.group_id)
            .where(transaction.c.id == row.id)
        )
    ).one()
    data = await archive.range(session, row.file_id, start, end)
    columns = [finding.c[name] for name in FINDING_FIELDS]
    rows = await session.execute(
        select(*columns)
        .where(finding.c.transaction_id == row.id)
        .order_by(finding.c.id)
        .limit(FINDINGS_MAX)
    )
    findings = (dict(zip(FINDING_FIELDS, fields, strict=True)) for fields in rows)
    return _Stored(
        data,
        start,
        await _delimiters(session, archive, row, start),
        tuple(
            Finding(
                **{
                    **fields,
                    "value": fields["value"] or "",
                    "byte_offset": fields["byte_offset"] or 0,
                }
            )
            for fields in findings
        ),
        functional_id,
        version,
    )


async def _delimiters(
    session: ReadSession, archive: Archive, row: TransactionRow, start: int
) -> Delimiters:
    """Return the separators of the interchange around a transaction, from the nearest header.

    Nearly every file holds one interchange, and its header stands in front. In a file of several
    the header is looked for backwards from the transaction.
    """
    interchanges = await session.scalar(
        select(func.count()).select_from(interchange).where(interchange.c.file_id == row.file_id)
    )
    end = min(start, HEAD_BYTES)
    if interchanges is not None and interchanges > 1:
        step, overlap = CHUNK_BYTES, HEAD_BYTES
        for until in range(start, 0, -step):
            piece = await archive.range(session, row.file_id, max(0, until - step - overlap), until)
            found = scan(piece).interchanges
            if found:
                return found[-1].delimiters
    found = scan(await archive.range(session, row.file_id, 0, end)).interchanges
    return found[-1].delimiters if found else Delimiters()
