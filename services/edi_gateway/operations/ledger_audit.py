"""Proves the tracking ledger: every file's hash chain is derived again from its entries."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from services.edi_gateway.operations.ledger import verify_chain
from services.edi_gateway.store import file
from shared.platform.database import ReadSession

_PAGE = 500


async def verify_all(session: ReadSession) -> list[str]:
    """Return one sentence for each chain that does not hold; empty when all do."""
    broken: list[str] = []
    last = UUID(int=0)
    while True:
        ids = (
            await session.scalars(
                select(file.c.id).where(file.c.id > last).order_by(file.c.id).limit(_PAGE)
            )
        ).all()
        verdicts = [await verify_chain(session, file_id) for file_id in ids]
        broken += [wrong for wrong in verdicts if wrong]
        if len(ids) < _PAGE:
            return broken
        last = ids[-1]
