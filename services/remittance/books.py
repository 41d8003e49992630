"""Writes postings: entries are added, and the balances they change follow in the same breath.

Set-based throughout: a batch of any size is one question, two COPYs and one UPDATE.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.remittance.journal import EntryKind, Posting
from services.remittance.ledger.months import first_open_month, month_of
from services.remittance.receivables import Scope
from services.remittance.store import journal_entry, receivable_entry
from shared.platform.database import WriteSession, copy_rows

_UPDATE_BALANCES = text(
    """
    UPDATE remittance.receivable_balance AS balance
    SET open_cents = balance.open_cents + change.opened,
        cancelled_cents = balance.cancelled_cents + change.cancelled,
        applied_cents = balance.applied_cents + change.applied,
        account_money_cents = balance.account_money_cents + change.account_money,
        written_off_cents = balance.written_off_cents + change.written_off
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:opened AS bigint[]), CAST(:cancelled AS bigint[]),
        CAST(:applied AS bigint[]), CAST(:account_money AS bigint[]),
        CAST(:written_off AS bigint[])
    ) AS change (receivable_id, opened, cancelled, applied, account_money, written_off)
    WHERE balance.receivable_id = change.receivable_id
    """
)

_JOURNAL_COLUMNS = (
    "posting_id",
    "cca",
    "utility",
    "environment",
    "period",
    "kind",
    "ledger_account",
    "jurisdiction",
    "account_number",
    "debit_cents",
    "credit_cents",
    "document_id",
    "sequence",
    "effective_on",
    "entered_at",
)
_ENTRY_COLUMNS = (
    "receivable_id",
    "kind",
    "cents",
    "account_money",
    "document_id",
    "sequence",
    "posting_id",
    "effective_on",
    "entered_at",
    "period",
)


async def post(
    session: WriteSession, scope: Scope, postings: Sequence[Posting], at: datetime
) -> None:
    """Add postings to the books of a scope and bring the receivables' balances up to date.

    The scope's lock must be held. A fact of a month that is closed is booked in the first open
    one, under its own day.
    """
    if not postings:
        return
    first_open = await first_open_month(session, scope)
    rows = _journal_rows(scope, postings, first_open, at)
    await copy_rows(session, journal_entry, _JOURNAL_COLUMNS, rows)
    changed = _entry_rows(postings, first_open, at)
    await copy_rows(session, receivable_entry, _ENTRY_COLUMNS, changed)
    changes = _changes(postings)
    if changes:
        columns = list(zip(*changes.values(), strict=True))
        await session.execute(
            _UPDATE_BALANCES,
            {
                "ids": list(changes),
                "opened": list(columns[0]),
                "cancelled": list(columns[1]),
                "applied": list(columns[2]),
                "account_money": list(columns[3]),
                "written_off": list(columns[4]),
            },
        )


class _Periods(dict[date, date]):
    """Day → the month it is booked in; a payment has one day, and its lines are thousands."""

    def __init__(self, first_open: date) -> None:
        super().__init__()
        self._first_open = first_open

    def __missing__(self, day: date) -> date:
        period = self[day] = max(month_of(day), self._first_open)
        return period


def _journal_rows(
    scope: Scope, postings: Iterable[Posting], first_open: date, at: datetime
) -> Iterable[tuple[Any, ...]]:
    period_of = _Periods(first_open)
    cca, utility, environment = scope.cca, scope.utility, scope.environment
    for posting in postings:
        period = period_of[posting.effective_on]
        for entry in posting.entries:
            yield (
                posting.posting_id,
                cca,
                utility,
                environment,
                period,
                entry.kind,
                entry.ledger_account,
                entry.jurisdiction,
                entry.account_number,
                entry.debit_cents,
                entry.credit_cents,
                posting.document_id,
                posting.sequence,
                posting.effective_on,
                at,
            )


def _entry_rows(
    postings: Iterable[Posting], first_open: date, at: datetime
) -> Iterable[tuple[Any, ...]]:
    period_of = _Periods(first_open)
    for posting in postings:
        period = period_of[posting.effective_on]
        for entry in posting.receivable_entries:
            yield (
                entry.receivable_id,
                entry.kind,
                entry.cents,
                entry.account_money,
                posting.document_id,
                posting.sequence,
                posting.posting_id,
                posting.effective_on,
                at,
                period,
            )


def _changes(postings: Iterable[Posting]) -> dict[UUID, list[int]]:
    """Receivable → change of open, cancelled, applied, account money and written off."""
    changes: dict[UUID, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for posting in postings:
        for entry in posting.receivable_entries:
            if entry.kind is EntryKind.CHARGED:
                continue  # a balance begins with its charge, see `enter_documents`
            change = changes[entry.receivable_id]
            change[0] += entry.cents
            if entry.kind is EntryKind.CANCELLED:
                change[1] -= entry.cents
            elif entry.kind is EntryKind.APPLIED:
                change[2] -= entry.cents
                change[3] -= entry.cents if entry.account_money else 0
            elif entry.kind is EntryKind.WRITTEN_OFF:
                change[4] -= entry.cents
    return changes
