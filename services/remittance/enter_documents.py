"""Takes in what was sent to the utility, and what the utility said of it.

A sent 810 opens a receivable, a sent cancel reduces one; a 997 or 824 changes what may be expected
to be paid. Money that waited for one of them finds its place in the same unit of work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from services.remittance.book_reader import Touched
from services.remittance.books import post
from services.remittance.document_reader import in_scope, load_books, not_entered
from services.remittance.journal import document_posting
from services.remittance.receivables import (
    DocumentEffect,
    Entered,
    Receivable,
    Scope,
    SentCharge,
    Standing,
    enter,
)
from services.remittance.settle_lines import Cause, Settled, settle_lines
from services.remittance.store import (
    LEDGER,
    receivable,
    receivable_balance,
    sent_document,
    verdict,
)
from services.remittance.verdicts import Verdict, standing_of
from shared.contracts.envelope import Envelope
from shared.platform.database import WriteSession, copy_rows, wait_lock
from shared.platform.telemetry import logger

log = logger(__name__)

NOTHING = Settled((), {}, {})


async def enter_documents(
    session: WriteSession,
    scope: Scope,
    documents: Sequence[SentCharge],
    envelope: Envelope,
    cause: Cause,
) -> Settled:
    """Enter sent 810s: receivables open or shrink, and waiting money moves.

    A document that was entered before has no effect, whichever message tells of it again.
    """
    await wait_lock(session, scope.lock_name)
    new = await not_entered(session, documents)
    if not new:
        return NOTHING
    books = await load_books(session, scope, new)
    entered = enter(new, books)
    for each in entered:
        if each.effect is DocumentEffect.REFUSED or each.note:
            log.warning(
                "document not fully entered", number=each.document.invoice_number, note=each.note
            )
    fresh = {each.transaction_id for each in new}
    await _write_documents(session, scope, entered, fresh, envelope, cause)
    opened = [
        each
        for each in entered
        if each.effect is DocumentEffect.OPENED and each.document.transaction_id in fresh
    ]
    standings = await _standings(session, scope, [each.document.invoice_number for each in opened])
    await _write_receivables(session, scope, opened, standings, cause)
    by_id = {each.receivable_id: each for each in books.receivables.values()}
    postings = [
        document_posting(each, by_id[each.receivable_id].account_number)
        for each in entered
        if each.receivable_id is not None
    ]
    await post(session, scope, [each for each in postings if each is not None], cause.at)
    return await settle_lines(session, scope, _touched(entered, by_id), cause)


def _touched(entered: Sequence[Entered], by_id: dict[Any, Receivable]) -> Touched:
    changed = [by_id[each.receivable_id] for each in entered if each.receivable_id is not None]
    return Touched(
        invoices={each.invoice_number for each in changed},
        usages={each.usage_id for each in changed if each.usage_id is not None},
    )


_DOCUMENT_COLUMNS = tuple(column.name for column in sent_document.columns)


async def _write_documents(
    session: WriteSession,
    scope: Scope,
    entered: Sequence[Entered],
    fresh: Collection[UUID],
    envelope: Envelope,
    cause: Cause,
) -> None:
    """Keep each new document with its effect; a cancel that waited moves on."""
    last = {each.document.transaction_id: each for each in entered}
    rows = (
        _document_row(scope, each, envelope, cause) for key, each in last.items() if key in fresh
    )
    await copy_rows(session, sent_document, _DOCUMENT_COLUMNS, rows)
    freed = [each for key, each in last.items() if key not in fresh]
    if not freed:
        return
    connection = await session.connection()
    await connection.execute(
        update(sent_document)
        .where(sent_document.c.transaction_id == bindparam("key"))
        .values(
            effect=bindparam("does"),
            receivable_id=bindparam("on"),
            effect_cents=bindparam("moves"),
            note=bindparam("told"),
        ),
        [
            {
                "key": each.document.transaction_id,
                "does": each.effect.value,
                "on": each.receivable_id,
                "moves": each.cents,
                "told": each.note,
            }
            for each in freed
        ],
    )


def _document_row(scope: Scope, each: Entered, envelope: Envelope, cause: Cause) -> tuple[Any, ...]:
    values = {
        "transaction_id": each.document.transaction_id,
        "cca": scope.cca,
        "utility": scope.utility,
        "environment": scope.environment.value,
        "invoice_number": each.document.invoice_number,
        "original_invoice_number": each.document.original_invoice_number,
        "purpose": each.document.purpose.value,
        "amount_cents": each.document.amount_cents,
        "account_number": each.document.account_number,
        "service_agreement_id": each.document.service_agreement_id,
        "usage_id": each.document.usage_id,
        "dated_on": each.document.dated_on,
        "period_start": each.document.period_start,
        "period_end": each.document.period_end,
        "effect": each.effect.value,
        "receivable_id": each.receivable_id,
        "effect_cents": each.cents,
        "note": each.note,
        "message_id": envelope.id,
        "correlation_id": envelope.correlation_id,
        "entered_at": cause.at,
    }
    return tuple(values[name] for name in _DOCUMENT_COLUMNS)


async def _write_receivables(
    session: WriteSession,
    scope: Scope,
    opened: Sequence[Entered],
    standings: dict[str, Standing],
    cause: Cause,
) -> None:
    if not opened:
        return
    columns = [column.name for column in receivable.columns]
    await copy_rows(
        session,
        receivable,
        columns,
        (
            (
                each.document.transaction_id,
                scope.cca,
                scope.utility,
                scope.environment.value,
                each.document.invoice_number,
                each.document.account_number,
                each.document.service_agreement_id,
                each.document.usage_id,
                each.document.dated_on,
                each.document.period_start,
                each.document.period_end,
                each.document.amount_cents,
                cause.at,
            )
            for each in opened
        ),
    )
    await copy_rows(
        session,
        receivable_balance,
        [column.name for column in receivable_balance.columns],
        (
            (
                each.document.transaction_id,
                *(0, 0, 0, 0, 0),
                each.cents,
                standings.get(each.document.invoice_number, Standing.SENT).value,
            )
            for each in opened
        ),
    )

    await copy_rows(
        session,
        LEDGER.receivable_tax,
        ("receivable_id", "code", "jurisdiction", "cents"),
        (
            (each.document.transaction_id, tax.code, tax.jurisdiction, tax.cents)
            for each in opened
            for tax in each.document.taxes
        ),
    )


async def _standings(
    session: WriteSession, scope: Scope, numbers: Sequence[str]
) -> dict[str, Standing]:
    """What all verdicts so far give, by invoice number."""
    said: dict[str, list[tuple[int, Standing]]] = defaultdict(list)
    if numbers:
        rows = await session.execute(
            select(verdict.c.invoice_number, verdict.c.sending, verdict.c.standing)
            .where(in_scope(verdict, scope), verdict.c.invoice_number.in_(list(numbers)))
            .distinct()
        )
        for row in rows:
            said[row.invoice_number].append((row.sending, Standing(row.standing)))
    return {number: standing_of(each) for number, each in said.items()}


async def enter_verdicts(
    session: WriteSession, scope: Scope, verdicts: Sequence[Verdict], cause: Cause
) -> Settled:
    """Keep what 997s and 824s said, and mark the receivables; a verdict may come first."""
    if not verdicts:
        return NOTHING
    await wait_lock(session, scope.lock_name)
    await session.execute(
        insert(verdict).on_conflict_do_nothing(),
        [
            {
                "cca": scope.cca,
                "utility": scope.utility,
                "environment": scope.environment.value,
                "source": each.source,
                "transaction_id": each.transaction_id,
                "invoice_number": each.invoice_number,
                "standing": each.standing.value,
                "sending": each.sending,
                "reasons": [{"code": code, "text": words} for code, words in each.reasons],
                "entered_at": cause.at,
            }
            for each in verdicts
        ],
    )
    numbers = sorted({each.invoice_number for each in verdicts})
    standings = await _standings(session, scope, numbers)
    rows = await session.execute(
        select(
            receivable.c.receivable_id, receivable.c.invoice_number, receivable_balance.c.standing
        )
        .join(
            receivable_balance,
            receivable_balance.c.receivable_id == receivable.c.receivable_id,
        )
        .where(in_scope(receivable, scope), receivable.c.invoice_number.in_(numbers))
    )
    changed = [row for row in rows if standings[row.invoice_number].value != row.standing]
    if not changed:
        return NOTHING
    connection = await session.connection()
    await connection.execute(
        update(receivable_balance)
        .where(receivable_balance.c.receivable_id == bindparam("key"))
        .values(standing=bindparam("stands")),
        [
            {"key": row.receivable_id, "stands": standings[row.invoice_number].value}
            for row in changed
        ],
    )
    touched = Touched(invoices={row.invoice_number for row in changed})
    return await settle_lines(session, scope, touched, cause)
