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
from services.remittance.bank.three_way import (
    BOOKED,
    Announced,
    Deposit,
    Match,
    Outcome,
    Together,
    three_way,
)
from services.remittance.books import post
from services.remittance.journal import Posting, deposit_posting, difference_posting
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
_BY_HAND = text(
    """
    SELECT h.act_id, h.payments, h.movements, a.reason
    FROM remittance.bank_hand_match h JOIN remittance.act a USING (act_id)
    WHERE a.cca = :cca AND a.utility = :utility AND a.environment = :environment
      AND NOT EXISTS (SELECT FROM remittance.bank_hand_match b WHERE b.takes_back = h.act_id)
      AND h.takes_back IS NULL
    ORDER BY h.act_id
    """
)
_CURRENT = text(
    """
    SELECT match_id, outcome, payments, movements, announced_cents, deposited_cents, explanation,
           act_id
    FROM remittance.bank_match
    WHERE cca = :cca AND utility = :utility AND environment = :environment
      AND ended_at IS NULL
    """
)
_BOOKED_BEFORE = text(
    "SELECT DISTINCT document_id FROM remittance.journal_entry"
    " WHERE document_id = ANY(CAST(:ids AS uuid[]))"
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


@dataclass(frozen=True, slots=True)
class _Standing:
    """What makes two matches the same, and what stands in the books for one."""

    outcome: Outcome
    payments: frozenset[UUID]
    movements: frozenset[UUID]
    announced_cents: int
    deposited_cents: int
    explanation: str
    act_id: UUID | None

    @classmethod
    def of(cls, match: Match) -> _Standing:
        return cls(
            match.outcome,
            frozenset(each.transaction_id for each in match.announced),
            frozenset(each.movement_id for each in match.deposits),
            match.announced_cents,
            match.deposited_cents,
            match.explanation,
            match.act_id,
        )

    @property
    def let_go_cents(self) -> int:
        """What was announced and people let go; negative for what came too much."""
        if self.outcome is not Outcome.BY_HAND:
            return 0
        return self.announced_cents - self.deposited_cents


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
    deposits = await _deposits(session, scope, rules)
    decided = await _by_hand(session, scope)
    matches = three_way(await _payments(session, scope), deposits, rules, decided)
    current = await _current(session, scope)
    wanted = {_Standing.of(match): match for match in matches}
    over = [each for each in current if each not in wanted]
    new = {each: match for each, match in wanted.items() if each not in current}
    await _end(session, [current[each] for each in over], at)
    await _begin(session, scope, [(uuid4(), match) for match in new.values()], at)
    postings = await _moved(session, deposits, (_booked(over), _booked(new)), day_of_books(at))
    postings += _let_go(over, new, day_of_books(at))
    await post(session, scope, postings, at)
    return len(new)


def _booked(matches: Iterable[_Standing]) -> set[UUID]:
    """Return the movements that stand in the books while these matches count."""
    return {key for each in matches if each.outcome in BOOKED for key in each.movements}


async def _moved(
    session: WriteSession,
    deposits: Iterable[Deposit],
    booked: tuple[set[UUID], set[UUID]],
    today: date,
) -> list[Posting]:
    """Book movements that are matched now on the bank's day, and take back those that are no more.

    One that only stands in another match than before is in the books already. What is taken back,
    or comes again after that, is of the day on which it is known.
    """
    was, shall = booked
    before = set(await session.scalars(_BOOKED_BEFORE, {"ids": list(shall - was)}))
    postings = []
    for each in deposits:
        if each.movement_id in shall - was:
            day = today if each.movement_id in before else each.booked_on
            postings.append(deposit_posting(each.movement_id, each.cents, day))
        elif each.movement_id in was - shall:
            postings.append(deposit_posting(each.movement_id, -each.cents, today))
    return postings


def _let_go(over: Iterable[_Standing], new: Iterable[_Standing], today: date) -> list[Posting]:
    """Book what people let go of matches that differ, and take back what they undid."""
    changes = [(each.act_id, -each.let_go_cents) for each in over]
    changes += [(each.act_id, each.let_go_cents) for each in new]
    return [
        difference_posting(act_id, cents, today) for act_id, cents in changes if act_id and cents
    ]


async def _payments(session: WriteSession, scope: Scope) -> list[Announced]:
    found = await session.execute(_PAYMENTS, scope.values)
    return [Announced(*row) for row in found]


async def _deposits(session: WriteSession, scope: Scope, rules: BankRules) -> list[Deposit]:
    """Read the movements, each with what all statements say of it."""
    told: dict[UUID, tuple[int, date, set[str], set[str], list[str]]] = {}
    for row in await session.execute(_MOVEMENTS, scope.values):
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


async def _by_hand(session: WriteSession, scope: Scope) -> list[Together]:
    found = await session.execute(_BY_HAND, scope.values)
    return [
        Together(row.act_id, frozenset(row.payments), frozenset(row.movements), row.reason)
        for row in found
    ]


async def _current(session: WriteSession, scope: Scope) -> dict[_Standing, UUID]:
    found = await session.execute(_CURRENT, scope.values)
    return {
        _Standing(
            Outcome(row.outcome),
            frozenset(row.payments),
            frozenset(row.movements),
            row.announced_cents,
            row.deposited_cents,
            row.explanation,
            row.act_id,
        ): row.match_id
        for row in found
    }


async def _end(session: WriteSession, over: Sequence[UUID], at: datetime) -> None:
    if not over:
        return
    await session.execute(delete(BANK.place).where(BANK.place.c.match_id.in_(over)))
    await session.execute(
        update(BANK.match).where(BANK.match.c.match_id.in_(over)).values(ended_at=at)
    )


async def _begin(
    session: WriteSession, scope: Scope, new: Sequence[tuple[UUID, Match]], at: datetime
) -> None:
    if not new:
        return
    rows = [
        {
            "match_id": match_id,
            **scope.values,
            "outcome": match.outcome.value,
            "payments": [each.transaction_id for each in match.announced],
            "movements": [each.movement_id for each in match.deposits],
            "announced_cents": match.announced_cents,
            "deposited_cents": match.deposited_cents,
            "since": match.since,
            "explanation": match.explanation,
            "act_id": match.act_id,
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
