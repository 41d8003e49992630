"""The journal's entries behind a figure of a statement: what each was, whose, and from what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import text

from services.remittance.journal import EntryKind
from services.remittance.ledger.chart import LedgerAccount
from services.remittance.receivables import Scope
from shared.platform.database import ReadSession


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; cents are debits less credits.

    Attributes:
        invoice_number: of the 810 it comes from, if it comes from one.
        trace_number, sequence: of the 820's line it comes from, if it comes from one.
    """

    entry_id: int
    kind: str
    jurisdiction: str
    account_number: str
    effective_on: date
    cents: int
    invoice_number: str | None
    trace_number: str | None
    sequence: int | None


@dataclass(frozen=True, slots=True)
class EntriesOf:
    """Which entries are listed: of one account in a month up to a day; None does not matter."""

    account: LedgerAccount
    month: date
    on: date
    kind: EntryKind | None = None
    jurisdiction: str | None = None
    after: int = 0


_ENTRIES: Final = text(
    """
    SELECT e.entry_id, e.kind, e.jurisdiction, e.account_number, e.effective_on,
           e.debit_cents - e.credit_cents AS cents, d.invoice_number, t.trace_number, e.sequence
    FROM remittance.journal_entry e
    LEFT JOIN remittance.sent_document d ON d.transaction_id = e.document_id
    LEFT JOIN remittance.remittance t ON t.transaction_id = e.document_id
    WHERE e.cca = :cca AND e.utility = :utility AND e.environment = :environment
      AND e.ledger_account = :account AND e.period = :month AND e.effective_on <= :on
      AND (CAST(:kind AS text) IS NULL OR e.kind = :kind)
      AND (CAST(:jurisdiction AS text) IS NULL OR e.jurisdiction = :jurisdiction)
      AND e.entry_id > :after
    ORDER BY e.entry_id LIMIT :limit
    """
)


async def list_entries(
    session: ReadSession, scope: Scope, wanted: EntriesOf, limit: int
) -> Sequence[Entry]:
    """Return a page of entries, in the order they were made."""
    values = {
        "account": wanted.account.value,
        "month": wanted.month,
        "on": wanted.on,
        "kind": wanted.kind.value if wanted.kind else None,
        "jurisdiction": wanted.jurisdiction,
        "after": wanted.after,
        "limit": limit,
    }
    found = await session.execute(_ENTRIES, scope.values | values)
    return [Entry(**row) for row in found.mappings()]
