"""Answers what people ask of the bank: how it stands, what was matched, what waits and how long.

Queries only, each within one scope; ages are counted to a day that the caller names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from services.remittance.bank.accounts import list_accounts
from services.remittance.bank.rules import BankRules, bank_rules_of
from services.remittance.bank.three_way import BOOKED, TIMING, Outcome
from services.remittance.bank.views import (
    AccountView,
    BankOverview,
    DepositLeg,
    MatchPage,
    MatchView,
    OutcomeSum,
    PaymentLeg,
    StatementView,
    masked,
)
from services.remittance.receivables import Scope
from shared.contracts.measures import from_cents
from shared.platform.database import ReadSession

PAGE_SIZE: Final = 25
PAGE_SIZE_MAX: Final = 200
EXPORT_SIZE: Final = 200

OPEN: Final = "open"
"""Whatever somebody has to look at: all outcomes but what is booked and other."""
ANY: Final = "any"
OPEN_OUTCOMES: Final = tuple(each for each in Outcome if each not in {*BOOKED, Outcome.OTHER})

_SUMS = text(
    """
    SELECT outcome, count(*) AS number, sum(announced_cents)::bigint AS announced,
           sum(deposited_cents)::bigint AS deposited, min(since) AS oldest,
           count(*) FILTER (WHERE since < CAST(:late_before AS date)) AS aged
    FROM remittance.bank_match
    WHERE cca = :cca AND utility = :utility AND environment = :environment
      AND ended_at IS NULL
    GROUP BY outcome
    """
)
_BOOKS = text(
    """
    SELECT ledger_account, sum(debit_cents - credit_cents)::bigint AS cents
    FROM remittance.journal_entry
    WHERE cca = :cca AND utility = :utility AND environment = :environment
      AND ledger_account IN ('cash_in_transit', 'bank')
    GROUP BY ledger_account
    """
)
_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM remittance.bank_statement s
              JOIN remittance.bank_account a USING (account_id)
             WHERE cca = :cca AND utility = :utility AND environment = :environment
               AND s.state = 'held') AS held,
           (SELECT count(*) FROM remittance.remittance r
             WHERE cca = :cca AND utility = :utility AND environment = :environment
               AND r.state = 'posted' AND NOT EXISTS (
                 SELECT FROM remittance.bank_place p WHERE p.subject_id = r.transaction_id)
           ) AS not_looked_for
    """
)
_MATCH = """
    SELECT match_id, outcome, payments, movements, announced_cents, deposited_cents, since,
           explanation, act_id
    FROM remittance.bank_match
    WHERE cca = :cca AND utility = :utility AND environment = :environment AND ended_at IS NULL
"""
_MATCHES = text(
    f"""{_MATCH} AND outcome = ANY(:outcomes)
      AND (since, match_id) > (CAST(:since AS date), CAST(:match_id AS uuid))
    ORDER BY since, match_id LIMIT :limit
    """
)
_CHOSEN = text(f"{_MATCH} AND match_id = ANY(CAST(:ids AS uuid[])) ORDER BY since, match_id")
_PAYMENTS = text(
    """
    SELECT r.transaction_id, r.trace_number, r.total_cents, r.settled_on,
           coalesce(sum(p.applied_cents), 0)::bigint AS applied,
           coalesce(sum(p.unapplied_cents), 0)::bigint AS unapplied,
           coalesce(sum(p.adjusted_cents), 0)::bigint AS adjusted
    FROM remittance.remittance r LEFT JOIN remittance.line_place p USING (transaction_id)
    WHERE r.transaction_id = ANY(:ids) GROUP BY r.transaction_id
    """
)
_DEPOSITS = text(
    """
    SELECT m.movement_id, m.booked_on, m.cents, a.last_four,
           max(s.bank_reference) AS bank_reference,
           string_agg(DISTINCT nullif(s.words, ''), ' · ') AS words,
           array_agg(DISTINCT f.format ORDER BY f.format) AS formats
    FROM remittance.bank_movement m
    JOIN remittance.bank_account a USING (account_id)
    JOIN remittance.bank_sighting s USING (movement_id)
    JOIN remittance.bank_statement t USING (statement_id)
    JOIN remittance.bank_file f USING (file_id)
    WHERE m.movement_id = ANY(:ids) GROUP BY m.movement_id, a.last_four
    """
)
_STATEMENTS = text(
    """
    SELECT s.*, f.name, f.sha256, f.format, f.imported_by, f.imported_at,
           s.opening_cents - earlier.closing_cents AS gap_cents
    FROM remittance.bank_statement s
    JOIN remittance.bank_file f USING (file_id)
    JOIN remittance.bank_account a USING (account_id)
    LEFT JOIN LATERAL (
        SELECT e.closing_cents FROM remittance.bank_statement e
        WHERE e.account_id = s.account_id AND e.as_of < s.as_of AND e.state = 'accepted'
          AND e.closing_cents IS NOT NULL
        ORDER BY e.as_of DESC, e.decided_at DESC LIMIT 1
    ) AS earlier ON true
    WHERE cca = :cca AND utility = :utility AND environment = :environment
    ORDER BY s.as_of DESC, f.imported_at DESC, s.position LIMIT :limit
    """
)
_UNKNOWN = text(
    """
    SELECT s.*, f.name, f.sha256, f.format, f.imported_by, f.imported_at,
           CAST(NULL AS bigint) AS gap_cents
    FROM remittance.bank_statement s JOIN remittance.bank_file f USING (file_id)
    WHERE s.account_id IS NULL
    ORDER BY f.imported_at DESC, s.position LIMIT :limit
    """
)
_LATEST = text(
    """
    SELECT DISTINCT ON (account_id) account_id, closing_cents, as_of
    FROM remittance.bank_statement
    WHERE account_id = ANY(:ids) AND state = 'accepted' AND closing_cents IS NOT NULL
    ORDER BY account_id, as_of DESC, decided_at DESC
    """
)


async def overview(session: ReadSession, scope: Scope, on: date) -> BankOverview:
    """Tell how the bank stands to what the utility announced.

    Args:
        session: to read with.
        scope: whose money.
        on: the day up to which ages are counted.
    """
    rules, values = bank_rules_of(scope.utility), scope.values
    late_before = date.fromordinal(on.toordinal() - rules.late_after_days)
    found = {
        Outcome(row.outcome): row
        for row in await session.execute(_SUMS, {**values, "late_before": late_before})
    }
    sums = tuple(_sum(outcome, found[outcome]) for outcome in Outcome if outcome in found)
    ours = [each for each in sums if each.outcome is not Outcome.OTHER]
    books = {row.ledger_account: row.cents for row in await session.execute(_BOOKS, values)}
    counts = (await session.execute(_COUNTS, values)).one()
    booked = sum(row.deposited for outcome, row in found.items() if outcome in BOOKED)
    let_go = sum((e.difference for e in ours if e.outcome is Outcome.BY_HAND), from_cents(0))
    announced = sum((each.announced for each in ours), from_cents(0))
    deposited = sum((each.deposited for each in ours), from_cents(0))
    return BankOverview(
        announced=announced,
        deposited=deposited,
        difference=deposited - announced - let_go,
        let_go=let_go,
        outcomes=sums,
        in_transit=from_cents(books.get("cash_in_transit", 0)),
        bank=from_cents(books.get("bank", 0)),
        ties=books.get("bank", 0) == booked,
        held_statements=counts.held,
        not_looked_for=counts.not_looked_for,
    )


def _sum(outcome: Outcome, row: Row[Any]) -> OutcomeSum:
    return OutcomeSum(
        outcome=outcome,
        count=row.number,
        announced=from_cents(row.announced),
        deposited=from_cents(row.deposited),
        difference=from_cents(row.deposited - row.announced),
        oldest=row.oldest,
        late=row.aged if outcome in TIMING else 0,
    )


async def matches(
    session: ReadSession,
    scope: Scope,
    on: date,
    *,
    which: str = OPEN,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> MatchPage:
    """List matches, oldest first.

    Args:
        session: to read with.
        scope: whose money.
        on: the day up to which ages are counted.
        which: an outcome, `open` for whatever somebody has to look at, or `any`.
        after: the page before's `next_after`.
        limit: how many.
    """
    since, match_id = read_mark(after) if after else (date.min, UUID(int=0))
    found = await session.execute(
        _MATCHES,
        {
            **scope.values,
            "outcomes": [each.value for each in _outcomes(which)],
            "since": since,
            "match_id": match_id,
            "limit": limit,
        },
    )
    rows = found.all()
    return MatchPage(
        matches=await _shown(session, scope, on, rows),
        next_after=f"{rows[-1].since}.{rows[-1].match_id}" if len(rows) == limit else None,
    )


async def chosen_matches(
    session: ReadSession, scope: Scope, on: date, ids: Sequence[UUID]
) -> tuple[MatchView, ...]:
    """Show some matches that count now, oldest first; those that count no more are left out."""
    found = await session.execute(_CHOSEN, scope.values | {"ids": list(ids)})
    return await _shown(session, scope, on, found.all())


async def _shown(
    session: ReadSession, scope: Scope, on: date, rows: Sequence[Row[Any]]
) -> tuple[MatchView, ...]:
    payments = await payment_legs(session, [each for row in rows for each in row.payments])
    deposits = await deposit_legs(session, [each for row in rows for each in row.movements])
    rules = bank_rules_of(scope.utility)
    return tuple(_match(row, payments, deposits, rules, on) for row in rows)


async def every_match(
    session: ReadSession, scope: Scope, on: date, which: str
) -> AsyncIterator[MatchView]:
    """Yield all matches that a list would show, for an export."""
    after: str | None = None
    while True:
        page = await matches(session, scope, on, which=which, after=after, limit=EXPORT_SIZE)
        for each in page.matches:
            yield each
        after = page.next_after
        if after is None:
            return


def _outcomes(which: str) -> tuple[Outcome, ...]:
    if which == OPEN:
        return OPEN_OUTCOMES
    return tuple(Outcome) if which == ANY else (Outcome(which),)


def read_mark(after: str) -> tuple[date, UUID]:
    """Read where a page ended.

    Raises:
        ValueError: it is not what `MatchPage.next_after` said.
    """
    since, _, match_id = after.partition(".")
    return date.fromisoformat(since), UUID(match_id)


def _match(
    row: Row[Any],
    payments: dict[UUID, PaymentLeg],
    deposits: dict[UUID, DepositLeg],
    rules: BankRules,
    on: date,
) -> MatchView:
    outcome, age = Outcome(row.outcome), max(0, (on - row.since).days)
    return MatchView(
        match_id=row.match_id,
        outcome=outcome,
        since=row.since,
        age_days=age,
        late=outcome in TIMING and age > rules.late_after_days,
        announced=from_cents(row.announced_cents),
        deposited=from_cents(row.deposited_cents),
        difference=from_cents(row.deposited_cents - row.announced_cents),
        explanation=row.explanation,
        act_id=row.act_id,
        payments=tuple(payments[each] for each in row.payments),
        deposits=tuple(deposits[each] for each in row.movements),
    )


async def payment_legs(session: ReadSession, ids: Sequence[UUID]) -> dict[UUID, PaymentLeg]:
    """Show 820s, and what of each found its charges."""
    found = await session.execute(_PAYMENTS, {"ids": list(ids)})
    return {
        row.transaction_id: PaymentLeg(
            transaction_id=row.transaction_id,
            trace_number=row.trace_number,
            announced=from_cents(row.total_cents),
            settled_on=row.settled_on,
            applied=from_cents(row.applied),
            unapplied=from_cents(row.unapplied),
            adjusted=from_cents(row.adjusted),
        )
        for row in found
    }


async def deposit_legs(session: ReadSession, ids: Sequence[UUID]) -> dict[UUID, DepositLeg]:
    """Show movements at the bank."""
    found = await session.execute(_DEPOSITS, {"ids": list(ids)})
    return {
        row.movement_id: DepositLeg(
            movement_id=row.movement_id,
            account=masked(row.last_four),
            booked_on=row.booked_on,
            amount=from_cents(row.cents),
            bank_reference=row.bank_reference,
            words=row.words or "",
            formats=tuple(row.formats),
        )
        for row in found
    }


async def statements(
    session: ReadSession, scope: Scope, limit: int = PAGE_SIZE
) -> tuple[StatementView, ...]:
    """List the statements of a scope's accounts, latest first."""
    return _statements(await session.execute(_STATEMENTS, {**scope.values, "limit": limit}))


async def statements_of_nobody(
    session: ReadSession, limit: int = PAGE_SIZE
) -> tuple[StatementView, ...]:
    """List the statements of accounts that nobody has registered, for people who see every CCA."""
    return _statements(await session.execute(_UNKNOWN, {"limit": limit}))


def _statements(rows: Iterable[Row[Any]]) -> tuple[StatementView, ...]:
    return tuple(
        StatementView(
            statement_id=row.statement_id,
            file_name=row.name,
            sha256=row.sha256,
            format=row.format,
            account=masked(row.last_four),
            reference=row.reference,
            as_of=row.as_of,
            opening=None if row.opening_cents is None else from_cents(row.opening_cents),
            closing=None if row.closing_cents is None else from_cents(row.closing_cents),
            moved=from_cents(row.moved_cents),
            gap=from_cents(row.gap_cents) if row.gap_cents else None,
            movements=row.movements,
            new_movements=row.new_movements,
            state=row.state,
            held_code=row.held_code,
            held_message=row.held_message,
            difference=from_cents(row.difference_cents),
            imported_by=row.imported_by,
            imported_at=row.imported_at,
        )
        for row in rows
    )


async def bank_accounts(session: ReadSession, scope: Scope) -> tuple[AccountView, ...]:
    """List the registered accounts of a scope with their latest balances."""
    accounts = await list_accounts(session, scope)
    found = await session.execute(_LATEST, {"ids": [each.account_id for each in accounts]})
    latest = {row.account_id: row for row in found}
    return tuple(
        AccountView(
            account_id=each.account_id,
            name=each.name,
            number=masked(each.last_four),
            registered_by=each.registered_by,
            registered_at=each.registered_at,
            balance=from_cents(row.closing_cents) if (row := latest.get(each.account_id)) else None,
            balance_on=row.as_of if row else None,
        )
        for each in accounts
    )
