"""Reads what sent 810s can touch: the receivables they name, and cancels that wait for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, exists, select

from services.remittance.receivables import (
    Books,
    DocumentEffect,
    Receivable,
    Scope,
    SentCharge,
    Standing,
    Tax,
)
from services.remittance.store import LEDGER, receivable, receivable_balance, sent_document
from shared.contracts.parts import Purpose
from shared.platform.database import WriteSession

_CANCELLED = exists().where(
    sent_document.c.receivable_id == receivable.c.receivable_id,
    sent_document.c.effect == DocumentEffect.CANCELLED.value,
)


def in_scope(table: Table, scope: Scope) -> ColumnElement[bool]:
    """The rows of one scope."""
    return and_(
        table.c.cca == scope.cca,
        table.c.utility == scope.utility,
        table.c.environment == scope.environment.value,
    )


async def not_entered(session: WriteSession, documents: Sequence[SentCharge]) -> list[SentCharge]:
    """Leave out what is known, and the second of two in the same message."""
    unique = {each.transaction_id: each for each in documents}
    found = await session.scalars(
        select(sent_document.c.transaction_id).where(
            sent_document.c.transaction_id.in_(list(unique))
        )
    )
    known = set(found)
    return [each for each in unique.values() if each.transaction_id not in known]


async def load_books(session: WriteSession, scope: Scope, documents: Sequence[SentCharge]) -> Books:
    """Read the receivables and waiting cancels that new documents name."""
    numbers = {each.invoice_number for each in documents}
    originals = {each.original_invoice_number for each in documents if each.original_invoice_number}
    receivables = await _receivables(session, scope, numbers | originals)
    return Books(receivables, await _waiting(session, scope, numbers))


async def _receivables(
    session: WriteSession, scope: Scope, numbers: set[str]
) -> dict[str, Receivable]:
    rows = await session.execute(
        select(
            receivable,
            receivable_balance.c.cancelled_cents,
            receivable_balance.c.standing,
            _CANCELLED.label("is_void"),
        )
        .join(
            receivable_balance,
            receivable_balance.c.receivable_id == receivable.c.receivable_id,
        )
        .where(in_scope(receivable, scope), receivable.c.invoice_number.in_(list(numbers)))
    )
    found = rows.all()
    taxes = await _taxes(session, [row.receivable_id for row in found])
    return {
        row.invoice_number: Receivable(
            receivable_id=row.receivable_id,
            invoice_number=row.invoice_number,
            account_number=row.account_number,
            dated_on=row.dated_on,
            charged_cents=row.charged_cents,
            cancelled_cents=row.cancelled_cents,
            usage_id=row.usage_id,
            standing=Standing(row.standing),
            taxes=tuple(taxes[row.receivable_id]),
            is_void=row.is_void,
        )
        for row in found
    }


async def _waiting(
    session: WriteSession, scope: Scope, numbers: set[str]
) -> dict[str, list[SentCharge]]:
    """Read the cancels that wait for these originals."""
    waiting: dict[str, list[SentCharge]] = defaultdict(list)
    rows = await session.execute(
        select(sent_document)
        .where(
            in_scope(sent_document, scope),
            sent_document.c.effect == DocumentEffect.WAITING.value,
            sent_document.c.original_invoice_number.in_(list(numbers)),
        )
        .order_by(sent_document.c.entered_at, sent_document.c.transaction_id)
    )
    for row in rows:
        waiting[row.original_invoice_number].append(
            SentCharge(
                transaction_id=row.transaction_id,
                invoice_number=row.invoice_number,
                original_invoice_number=row.original_invoice_number,
                purpose=Purpose(row.purpose),
                amount_cents=row.amount_cents,
                usage_id=row.usage_id,
                account_number=row.account_number,
                service_agreement_id=row.service_agreement_id,
                dated_on=row.dated_on,
                period_start=row.period_start,
                period_end=row.period_end,
            )
        )
    return dict(waiting)


async def _taxes(session: WriteSession, ids: Sequence[UUID]) -> dict[UUID, list[Tax]]:
    found: dict[UUID, list[Tax]] = defaultdict(list)
    table = LEDGER.receivable_tax
    if ids:
        for row in await session.execute(select(table).where(table.c.receivable_id.in_(ids))):
            found[row.receivable_id].append(Tax(row.code, row.jurisdiction, row.cents))
    return found
