"""Brings the matches of a CCA up to what is known now, and books what a match changes.

The matches are worked out anew from all payments and movements; what is the same stays, what is
different ends, and the journal follows: only a match moves money from cash in transit to bank.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, text, update

from services.remittance.bank.rules import BankRules, bank_rules_of
from services.remittance.bank.three_way import Announced, Deposit, Match, Outcome, three_way
from services.remittance.books import post
from services.remittance.journal import Posting, deposit_posting
from services.remittance.ledger.months import day_of_books
from services.remittance.receivables import Scope
from services.remittance.store import BANK
from shared.contracts.parts import Environment
from shared.platform.database import ReadSession, WriteSession, wait_lock

_PAYMENTS = text(
    """
    SELECT transaction_id, trace_number, total_cents, settled_on FROM remittance.remittance
    WHERE cca = :cca AND utility = :utility AND environment = :environment AND state = 'posted'
    """
)
_MOVEMENTS = text(
    """
    SELECT movement_id, cents, booked_on, traces, numbers, words
    FROM remittance.bank_movement JOIN remittance.bank_sighting USING (movement_id)
    WHERE cca = :cca AND utility = :utility AND environment = :environment
    """
)
_CURRENT = text(
    """
    SELECT match_id, outcome, payments, movements, announced_cents, deposited_cents, explanation
    FROM remittance.bank_match
    WHERE cca = :cca AND utility = :utility AND environment = :environment
      AND ended_at IS NULL
    """
)
_UNSETTLED = text(
    """
    SELECT DISTINCT cca, utility, environment FROM remittance.remittance r
    JOIN remittance.bank_account USING (cca, utility, environment)
    WHERE r.state = 'posted'
      AND NOT EXISTS (
          SELECT FROM remittance.bank_place p WHERE p.subject_id = r.transaction_id
      )
    """
)

Identity = tuple[str, frozenset[UUID], frozenset[UUID], int, int, str]


@dataclass(frozen=True, slots=True)
class _Current:
    match_id: UUID
    identity: Identity

    @property
    def booked_cents(self) -> int:
        """What stands in the books for it."""
        outcome, _, _, _, deposited, _ = self.identity
        return deposited if outcome == Outcome.MATCHED else 0


async def unsettled_scopes(session: ReadSession) -> tuple[Scope, ...]:
    """Return the scopes with a bank account that have payments nobody has looked for yet."""
    found = await session.execute(_UNSETTLED)
    return tuple(Scope(row.cca, row.utility, Environment(row.environment)) for row in found)


async def settle(session: WriteSession, scope: Scope, at: datetime) -> int:
    """Match everything of a scope again, in the caller's unit of work.

    Args:
        session: the caller's unit of work; the scope's lock is taken.
        scope: whose payments and movements.
        at: now.

    Returns:
        How many matches are new.
    """
    await wait_lock(session, scope.lock_name)
    rules = bank_rules_of(scope.utility)
    matches = three_way(
        await _payments(session, scope), await _deposits(session, scope, rules), rules
    )
    current = {each.identity: each for each in await _current(session, scope)}
    wanted = {_identity(match): match for match in matches}
    over = [each for identity, each in current.items() if identity not in wanted]
    new = [(uuid4(), match) for identity, match in wanted.items() if identity not in current]
    await _end(session, over, at)
    await _begin(session, scope, new, at)
    await post(session, scope, [*_undone(over, day_of_books(at)), *_done(new)], at)
    return len(new)


def _identity(match: Match) -> Identity:
    """Return what makes two matches the same."""
    return (
        match.outcome.value,
        frozenset(each.transaction_id for each in match.announced),
        frozenset(each.movement_id for each in match.deposits),
        match.announced_cents,
        match.deposited_cents,
        match.explanation,
    )


def _undone(over: Iterable[_Current], on: date) -> list[Posting]:
    return [
        deposit_posting(each.match_id, -each.booked_cents, on) for each in over if each.booked_cents
    ]


def _done(new: Iterable[tuple[UUID, Match]]) -> list[Posting]:
    return [
        deposit_posting(match_id, match.deposited_cents, match.since)
        for match_id, match in new
        if match.outcome is Outcome.MATCHED and match.deposited_cents
    ]


async def _payments(session: WriteSession, scope: Scope) -> list[Announced]:
    found = await session.execute(_PAYMENTS, scope_values(scope))
    return [Announced(*row) for row in found]


async def _deposits(session: WriteSession, scope: Scope, rules: BankRules) -> list[Deposit]:
    """Read the movements, each with what all statements say of it."""
    told: dict[UUID, tuple[int, date, set[str], set[str], list[str]]] = {}
    for row in await session.execute(_MOVEMENTS, scope_values(scope)):
        known = told.setdefault(row.movement_id, (row.cents, row.booked_on, set(), set(), []))
        known[2].update(row.traces)
        known[3].update(row.numbers)
        known[4].append(row.words)
    return [
        Deposit(
            movement_id=movement_id,
            cents=cents,
            booked_on=booked_on,
            traces=frozenset(traces),
            references=frozenset(numbers),
            expected=rules.expects(cents, " ".join(words)),
        )
        for movement_id, (cents, booked_on, traces, numbers, words) in told.items()
    ]


async def _current(session: WriteSession, scope: Scope) -> list[_Current]:
    found = await session.execute(_CURRENT, scope_values(scope))
    return [
        _Current(
            row.match_id,
            (
                row.outcome,
                frozenset(row.payments),
                frozenset(row.movements),
                row.announced_cents,
                row.deposited_cents,
                row.explanation,
            ),
        )
        for row in found
    ]


async def _end(session: WriteSession, over: Sequence[_Current], at: datetime) -> None:
    if not over:
        return
    ids = [each.match_id for each in over]
    await session.execute(delete(BANK.place).where(BANK.place.c.match_id.in_(ids)))
    await session.execute(
        update(BANK.match).where(BANK.match.c.match_id.in_(ids)).values(ended_at=at)
    )


async def _begin(
    session: WriteSession, scope: Scope, new: Sequence[tuple[UUID, Match]], at: datetime
) -> None:
    if not new:
        return
    rows = [
        {
            "match_id": match_id,
            **scope_values(scope),
            "outcome": match.outcome.value,
            "payments": [each.transaction_id for each in match.announced],
            "movements": [each.movement_id for each in match.deposits],
            "announced_cents": match.announced_cents,
            "deposited_cents": match.deposited_cents,
            "since": match.since,
            "explanation": match.explanation,
            "decided_at": at,
        }
        for match_id, match in new
    ]
    await session.execute(insert(BANK.match), rows)
    places = [
        {"subject_id": subject, "match_id": match_id}
        for match_id, match in new
        for subject in (
            *(each.transaction_id for each in match.announced),
            *(each.movement_id for each in match.deposits),
        )
    ]
    await session.execute(insert(BANK.place), places)


def scope_values(scope: Scope) -> dict[str, str]:
    """A scope as the values of its three columns."""
    return {"cca": scope.cca, "utility": scope.utility, "environment": scope.environment.value}
