"""Answers what people ask of the money: what is open, what paid what, what waits, and the totals.

Queries only. Everything is asked within one scope (CCA, utility, environment), amounts leave as
decimals, and lists come in pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import Row, text

from services.remittance.ledger.chart import LedgerAccount
from services.remittance.receivables import Scope
from services.remittance.views import (
    AccountBalance,
    LineView,
    ReceivableDetail,
    ReceivableEntryView,
    ReceivableView,
    RemittanceView,
    Totals,
)
from shared.contracts.measures import from_cents
from shared.platform.database import ReadSession
from shared.platform.refusals import Refusal

PAGE_SIZE = 100
PAGE_SIZE_MAX = 500


class UnknownAccount(Refusal):
    """No charge for the account was ever sent and no payment has named it."""

    code: ClassVar[str] = "unknown_account"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "No charge or payment of this account is known"


class UnknownReceivable(Refusal):
    """No 810 with this invoice number was sent."""

    code: ClassVar[str] = "unknown_receivable"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "No charge with this invoice number was sent"


class UnknownRemittance(Refusal):
    """No 820 with this trace number was received."""

    code: ClassVar[str] = "unknown_remittance"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "No payment with this trace number was received"


_RECEIVABLE = """
    SELECT r.receivable_id, r.invoice_number, r.account_number, r.usage_id, r.dated_on,
           r.charged_cents, b.cancelled_cents, b.applied_cents, b.written_off_cents,
           b.open_cents, b.standing
    FROM remittance.receivable r JOIN remittance.receivable_balance b USING (receivable_id)
    WHERE r.cca = :cca AND r.utility = :utility AND r.environment = :environment
"""
_OPEN_OF_ACCOUNT = text(
    f"{_RECEIVABLE} AND r.account_number = :account AND b.open_cents <> 0"
    " ORDER BY r.dated_on, r.invoice_number LIMIT :limit"
)
_BY_INVOICE = text(f"{_RECEIVABLE} AND r.invoice_number = :invoice")
_ACCOUNT = text(
    """
    SELECT
        (SELECT sum(b.open_cents)::bigint FROM remittance.receivable r
           JOIN remittance.receivable_balance b USING (receivable_id)
          WHERE r.cca = :cca AND r.utility = :utility AND r.environment = :environment
            AND r.account_number = :account) AS open_cents,
        (SELECT sum(b.open_cents)::bigint FROM remittance.receivable r
           JOIN remittance.receivable_balance b USING (receivable_id)
          WHERE r.cca = :cca AND r.utility = :utility AND r.environment = :environment
            AND r.account_number = :account AND b.standing = 'rejected') AS rejected_cents,
        (SELECT sum(credit_cents - debit_cents)::bigint FROM remittance.journal_entry
          WHERE cca = :cca AND utility = :utility AND environment = :environment
            AND ledger_account = 'unapplied' AND account_number = :account) AS unapplied_cents
    """
)
_ENTRIES = text(
    """
    SELECT kind, cents, document_id, sequence, effective_on, entered_at
    FROM remittance.receivable_entry WHERE receivable_id = :receivable_id ORDER BY entry_id
    """
)
_LINE = """
    SELECT p.transaction_id, t.trace_number, p.sequence, p.outcome, p.invoice_number, p.usage_id,
           p.account_number, p.receivable_id, p.amount_cents, p.applied_cents, p.unapplied_cents,
           p.adjusted_cents, p.flagged, p.explanation, p.place_number
    FROM remittance.line_place p JOIN remittance.remittance t USING (transaction_id)
"""
_LINES_OF_PAYMENT = text(
    f"{_LINE} WHERE p.transaction_id = :transaction_id AND p.sequence > :after"
    " ORDER BY p.sequence LIMIT :limit"
)
_UNAPPLIED = text(
    f"{_LINE} WHERE p.cca = :cca AND p.utility = :utility AND p.environment = :environment"
    " AND p.unapplied_cents <> 0 AND p.place_number > :after"
    " ORDER BY p.place_number LIMIT :limit"
)
_PAYMENTS = text(
    """
    SELECT transaction_id, trace_number, state, held_code, held_message, total_cents, settled_on,
           line_count, placed_through
    FROM remittance.remittance
    WHERE cca = :cca AND utility = :utility AND environment = :environment
      AND trace_number = :trace
    ORDER BY received_at, transaction_id
    """
)
_OUTCOMES = text(
    """
    SELECT outcome, count(*) AS lines, sum(applied_cents)::bigint AS applied,
           sum(unapplied_cents)::bigint AS unapplied, sum(adjusted_cents)::bigint AS adjusted
    FROM remittance.line_place WHERE transaction_id = :transaction_id
    GROUP BY outcome ORDER BY outcome
    """
)
_TOTALS = text(
    """
    SELECT owed.billed, owed.opened, owed.rejected, owed.written_off, owed.applied AS applied_to,
           paid.*
    FROM (
        SELECT coalesce(sum(r.charged_cents - b.cancelled_cents), 0)::bigint AS billed,
               coalesce(sum(b.open_cents), 0)::bigint AS opened,
               coalesce(sum(b.applied_cents), 0)::bigint AS applied,
               coalesce(sum(b.written_off_cents), 0)::bigint AS written_off,
               coalesce(sum(b.open_cents) FILTER (WHERE b.standing = 'rejected'), 0)::bigint
                   AS rejected
        FROM remittance.receivable r JOIN remittance.receivable_balance b USING (receivable_id)
        WHERE cca = :cca AND utility = :utility AND environment = :environment
    ) owed, (
        SELECT coalesce(sum(amount_cents), 0)::bigint AS received,
               coalesce(sum(applied_cents), 0)::bigint AS applied,
               coalesce(sum(unapplied_cents), 0)::bigint AS unapplied,
               coalesce(sum(adjusted_cents), 0)::bigint AS adjusted
        FROM remittance.line_place
        WHERE cca = :cca AND utility = :utility AND environment = :environment
    ) paid
    """
)
_JOURNAL = text(
    """
    SELECT ledger_account, sum(debit_cents)::bigint AS debits, sum(credit_cents)::bigint AS credits
    FROM remittance.journal_entry
    WHERE cca = :cca AND utility = :utility AND environment = :environment
    GROUP BY ledger_account ORDER BY ledger_account
    """
)


def _receivable(row: Row[Any]) -> dict[str, Any]:
    return {
        "receivable_id": row.receivable_id,
        "invoice_number": row.invoice_number,
        "account_number": row.account_number,
        "usage_id": row.usage_id,
        "dated_on": row.dated_on,
        "charged": from_cents(row.charged_cents),
        "cancelled": from_cents(row.cancelled_cents),
        "applied": from_cents(row.applied_cents),
        "written_off": from_cents(row.written_off_cents),
        "open": from_cents(row.open_cents),
        "standing": row.standing,
    }


def _line(row: Row[Any]) -> LineView:
    return LineView(
        transaction_id=row.transaction_id,
        trace_number=row.trace_number,
        sequence=row.sequence,
        outcome=row.outcome,
        invoice_number=row.invoice_number,
        usage_id=row.usage_id,
        account_number=row.account_number,
        receivable_id=row.receivable_id,
        amount=from_cents(row.amount_cents),
        applied=from_cents(row.applied_cents),
        unapplied=from_cents(row.unapplied_cents),
        adjusted=from_cents(row.adjusted_cents),
        flagged=row.flagged,
        explanation=row.explanation,
        place_number=row.place_number,
    )


async def account_balance(session: ReadSession, scope: Scope, account: str) -> AccountBalance:
    """What an account owes, with its oldest open charges.

    Raises:
        UnknownAccount: neither charged nor paid, ever.
    """
    values = scope.values | {"account": account}
    sums = (await session.execute(_ACCOUNT, values)).one()
    if sums.open_cents is None and sums.unapplied_cents is None:
        raise UnknownAccount(f"Account {account} has no charge and no payment")
    rows = await session.execute(_OPEN_OF_ACCOUNT, values | {"limit": PAGE_SIZE_MAX})
    opened, unapplied = sums.open_cents or 0, sums.unapplied_cents or 0
    return AccountBalance(
        account_number=account,
        open=from_cents(opened),
        rejected=from_cents(sums.rejected_cents or 0),
        unapplied=from_cents(unapplied),
        balance=from_cents(opened - unapplied),
        receivables=tuple(ReceivableView(**_receivable(row)) for row in rows),
    )


async def receivable_detail(session: ReadSession, scope: Scope, invoice: str) -> ReceivableDetail:
    """One charge with every entry that changed what is open on it.

    Raises:
        UnknownReceivable: no such 810 was sent.
    """
    row = (await session.execute(_BY_INVOICE, scope.values | {"invoice": invoice})).first()
    if row is None:
        raise UnknownReceivable(f"No charge with invoice number {invoice} was sent")
    entries = await session.execute(_ENTRIES, {"receivable_id": row.receivable_id})
    return ReceivableDetail(
        **_receivable(row),
        entries=tuple(
            ReceivableEntryView(
                kind=entry.kind,
                amount=from_cents(entry.cents),
                document_id=entry.document_id,
                sequence=entry.sequence,
                effective_on=entry.effective_on,
                entered_at=entry.entered_at,
            )
            for entry in entries
        ),
    )


async def remittances_by_trace(
    session: ReadSession, scope: Scope, trace: str, *, after: int = 0, limit: int = PAGE_SIZE
) -> tuple[RemittanceView, ...]:
    """Every 820 received under a trace number (held repeats too), each with a page of its lines.

    Args:
        session: the moment that is shown.
        scope: whose money.
        trace: TRN02.
        after: show lines behind this sequence.
        limit: lines of each 820.

    Raises:
        UnknownRemittance: no such 820 was received.
    """
    payments = (await session.execute(_PAYMENTS, scope.values | {"trace": trace})).all()
    if not payments:
        raise UnknownRemittance(f"No payment with trace number {trace} was received")
    return tuple([await _remittance(session, row, after, limit) for row in payments])


async def _remittance(
    session: ReadSession, row: Row[Any], after: int, limit: int
) -> RemittanceView:
    key = {"transaction_id": row.transaction_id}
    outcomes: Sequence[Row[Any]] = (await session.execute(_OUTCOMES, key)).all()
    lines = await session.execute(_LINES_OF_PAYMENT, key | {"after": after, "limit": limit})
    return RemittanceView(
        transaction_id=row.transaction_id,
        trace_number=row.trace_number,
        state=row.state,
        held_code=row.held_code,
        held_message=row.held_message,
        total=from_cents(row.total_cents),
        settled_on=row.settled_on,
        line_count=row.line_count,
        placed_lines=row.placed_through,
        applied=from_cents(sum(each.applied for each in outcomes)),
        unapplied=from_cents(sum(each.unapplied for each in outcomes)),
        adjusted=from_cents(sum(each.adjusted for each in outcomes)),
        outcomes={each.outcome: each.lines for each in outcomes},
        lines=tuple(_line(each) for each in lines),
    )


async def unapplied_lines(
    session: ReadSession, scope: Scope, *, after: int = 0, limit: int = PAGE_SIZE
) -> tuple[LineView, ...]:
    """A page of lines with money that waits, in the order of entry."""
    values = scope.values | {"after": after, "limit": limit}
    return tuple(_line(row) for row in await session.execute(_UNAPPLIED, values))


async def totals(session: ReadSession, scope: Scope) -> Totals:
    """The scope's money, and whether receivables, lines and journal tell one story."""
    sums = (await session.execute(_TOTALS, scope.values)).one()
    rows = (await session.execute(_JOURNAL, scope.values)).all()
    journal = {row.ledger_account: row.debits - row.credits for row in rows}
    debits, credits_ = sum(row.debits for row in rows), sum(row.credits for row in rows)
    expected = {
        (LedgerAccount.RECEIVABLE,): sums.opened,
        (LedgerAccount.REVENUE, LedgerAccount.TAXES_PAYABLE): -sums.billed,
        (LedgerAccount.WRITE_OFFS,): sums.written_off,
        (
            LedgerAccount.CASH_IN_TRANSIT,
            LedgerAccount.BANK,
            LedgerAccount.BANK_DIFFERENCES,
        ): sums.received,
        (LedgerAccount.UNAPPLIED,): -sums.unapplied,
        (LedgerAccount.ADJUSTMENTS, LedgerAccount.DISCOUNT, LedgerAccount.FEES): -sums.adjusted,
    }
    ties = all(
        sum(journal.get(name.value, 0) for name in names) == cents
        for names, cents in expected.items()
    )
    return Totals(
        billed=from_cents(sums.billed),
        received=from_cents(sums.received),
        applied=from_cents(sums.applied),
        unapplied=from_cents(sums.unapplied),
        adjusted=from_cents(sums.adjusted),
        written_off=from_cents(sums.written_off),
        open=from_cents(sums.opened),
        rejected=from_cents(sums.rejected),
        journal={name: from_cents(cents) for name, cents in journal.items()},
        debits=from_cents(debits),
        credits=from_cents(credits_),
        ties=ties and debits == credits_ and sums.applied == sums.applied_to,
    )
