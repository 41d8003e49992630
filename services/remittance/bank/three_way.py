"""Matches the deposits on a bank account with the 820s that announced them.

A pure function of all facts: whichever of the two came first, and however often statements
overlapped, the same payments and movements end in the same matches. Every payment and every
movement stands in exactly one match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from services.remittance.bank.rules import BankRules
from services.remittance.bank.statement import dollars, folded


class Outcome(StrEnum):
    """What became of an announced payment and of a movement at the bank."""

    MATCHED = "matched"
    DEPOSIT_MISSING = "deposit_missing"
    """Timing difference: an 820 whose money the bank has not booked yet."""
    ADVICE_MISSING = "advice_missing"
    """Timing difference: the utility's money without an 820."""
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE = "duplicate"
    """The money of an 820 came once more."""
    BY_HAND = "by_hand"
    """People decided that these belong together."""
    OTHER = "other"
    """A movement that is not the utility's."""


TIMING: Final = frozenset({Outcome.DEPOSIT_MISSING, Outcome.ADVICE_MISSING})
BOOKED: Final = frozenset({Outcome.MATCHED, Outcome.BY_HAND})
"""What moves money in the books from cash in transit to bank."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A payment as its 820 says it; `cents` is signed like BPR02 and BPR03."""

    transaction_id: UUID
    trace_number: str
    cents: int
    settled_on: date


@dataclass(frozen=True, slots=True)
class Deposit:
    """A movement on the CCA's bank account.

    Attributes:
        traces, references: see `statement.Movement`.
        expected: whether it looks like the utility's, so that an 820 should be there.
    """

    movement_id: UUID
    cents: int
    booked_on: date
    traces: frozenset[str]
    references: frozenset[str]
    expected: bool


@dataclass(frozen=True, slots=True)
class Together:
    """Payments and movements that people put together, whatever the rules would say.

    Attributes:
        act_id: the act that did.
        reason: why, in their words.
    """

    act_id: UUID
    payments: frozenset[UUID]
    movements: frozenset[UUID]
    reason: str


@dataclass(frozen=True, slots=True)
class Match:
    """Payments and movements that belong together, or one that stands alone.

    Attributes:
        explanation: one sentence for the person who closes the month.
        act_id: the act of the people who put them together.
    """

    outcome: Outcome
    announced: tuple[Announced, ...]
    deposits: tuple[Deposit, ...]
    explanation: str
    act_id: UUID | None = None

    @property
    def announced_cents(self) -> int:
        """What the 820s say."""
        return sum(each.cents for each in self.announced)

    @property
    def deposited_cents(self) -> int:
        """What the bank booked."""
        return sum(each.cents for each in self.deposits)

    @property
    def difference_cents(self) -> int:
        """Deposited less announced."""
        return self.deposited_cents - self.announced_cents

    @property
    def since(self) -> date:
        """The day it dates from: the bank's latest, or when the bank should have booked it."""
        days = [each.settled_on for each in self.announced]
        booked = [each.booked_on for each in self.deposits]
        return max(booked or days)


def three_way(
    announced: Iterable[Announced],
    deposits: Iterable[Deposit],
    rules: BankRules,
    by_hand: Sequence[Together] = (),
) -> tuple[Match, ...]:
    """Match as people decided; then by trace number; then, without one, by amount and day.

    Args:
        announced: the posted 820s of one CCA and utility; trace numbers are unique among them.
        deposits: the movements on its account.
        rules: the window of days.
        by_hand: what people put together, each payment and movement once.
    """
    payments = sorted(announced, key=lambda each: (each.settled_on, each.transaction_id))
    movements = sorted(deposits, key=lambda each: (each.booked_on, each.movement_id))
    matches, payments, movements = _as_decided(payments, movements, by_hand)
    groups, payments, movements = _by_trace(payments, movements)
    for group in groups:
        matches += _of_one_trace(*group)
    nothing = [each for each in payments if not each.cents]
    matches += [_nothing_to_deposit(each) for each in nothing]
    open_payments = [each for each in payments if each.cents]
    matched, open_payments, movements = _by_amount(open_payments, movements, rules)
    matches += matched
    unnamed = _by_cents(each for each in movements if each.expected and not each.traces)
    waiting = _by_cents(open_payments)
    matches += [_deposit_missing(each, unnamed[each.cents], rules) for each in open_payments]
    matches += [_unannounced(each, waiting[each.cents], rules) for each in movements]
    return tuple(matches)


def _as_decided(
    payments: list[Announced], movements: list[Deposit], by_hand: Sequence[Together]
) -> tuple[list[Match], list[Announced], list[Deposit]]:
    """Put together what people did; return the matches and what is left to the rules."""
    matches = [
        Match(
            Outcome.BY_HAND,
            tuple(each for each in payments if each.transaction_id in one.payments),
            tuple(each for each in movements if each.movement_id in one.movements),
            one.reason,
            one.act_id,
        )
        for one in by_hand
    ]
    decided = {key for one in by_hand for key in one.payments | one.movements}
    return (
        matches,
        [each for each in payments if each.transaction_id not in decided],
        [each for each in movements if each.movement_id not in decided],
    )


ItemT = TypeVar("ItemT", Announced, Deposit)
Group = tuple[list[Announced], list[Deposit]]


def _by_trace(
    payments: list[Announced], movements: list[Deposit]
) -> tuple[list[Group], list[Announced], list[Deposit]]:
    """Put together what names the same trace numbers; return the groups and what is left."""
    by_trace = {folded(each.trace_number): each for each in payments}

    def named(movement: Deposit) -> list[Announced]:
        # What X12 says is the trace outweighs any other number in the bank's words.
        spoken = movement.traces or movement.references
        return [by_trace[trace] for trace in sorted(spoken) if trace in by_trace]

    groups = [group for group in _components(movements, named) if group[0]]
    taken = {each.transaction_id for group in groups for each in group[0]}
    moved = {each.movement_id for group in groups for each in group[1]}
    return (
        groups,
        [each for each in payments if each.transaction_id not in taken],
        [each for each in movements if each.movement_id not in moved],
    )


def _of_one_trace(payments: list[Announced], movements: list[Deposit]) -> list[Match]:
    """Compare the amounts of payments and movements that name each other."""
    traces = ", ".join(each.trace_number for each in payments)
    told, booked = sum(each.cents for each in payments), sum(each.cents for each in movements)
    if told == booked:
        count = f" in {len(movements)} movements" if len(movements) > 1 else ""
        words = f"the bank names trace {traces} and booked {dollars(booked)}{count}"
        return [_match(Outcome.MATCHED, payments, movements, words)]
    exact = next((each for each in movements if each.cents == told), None)
    again = [each for each in movements if each is not exact]
    if exact is not None and all(each.cents * told > 0 for each in again):
        words = f"the bank names trace {traces} and booked {dollars(told)}"
        once_more = f"trace {traces} was already paid on {exact.booked_on}"
        return [
            _match(Outcome.MATCHED, payments, [exact], words),
            *(_match(Outcome.DUPLICATE, [], [each], once_more) for each in again),
        ]
    words = (
        f"the 820 with trace {traces} announces {dollars(told)}, the bank booked "
        f"{dollars(booked)}: a difference of {dollars(booked - told)}"
    )
    return [_match(Outcome.AMOUNT_DIFFERS, payments, movements, words)]


def _by_amount(
    payments: list[Announced], movements: list[Deposit], rules: BankRules
) -> tuple[list[Match], list[Announced], list[Deposit]]:
    """Match equal amounts within the window, where it is clear which belongs to which.

    Several of one amount are matched in the order of their days when there are as many payments
    as movements; otherwise nobody can tell, and all of them stay open.
    """
    by_cents = _by_cents(payments)

    def near(movement: Deposit) -> list[Announced]:
        if movement.traces or not movement.expected:
            return []
        same = by_cents[movement.cents]
        return [each for each in same if _in_window(each, movement, rules)]

    matches: list[Match] = []
    for group in _components(movements, near):
        pairs = list(zip(*group, strict=False))
        clear = len(group[0]) == len(group[1])
        if clear and all(_in_window(payment, movement, rules) for payment, movement in pairs):
            matches += [_same_amount(payment, movement) for payment, movement in pairs]
    taken = {each.transaction_id for match in matches for each in match.announced}
    moved = {each.movement_id for match in matches for each in match.deposits}
    return (
        matches,
        [each for each in payments if each.transaction_id not in taken],
        [each for each in movements if each.movement_id not in moved],
    )


def _in_window(payment: Announced, movement: Deposit, rules: BankRules) -> bool:
    first = payment.settled_on - timedelta(days=rules.days_before)
    return first <= movement.booked_on <= payment.settled_on + timedelta(days=rules.days_after)


def _same_amount(payment: Announced, movement: Deposit) -> Match:
    words = (
        f"the bank names no trace; {dollars(movement.cents)} booked on {movement.booked_on} is the "
        f"amount of trace {payment.trace_number}, settled on {payment.settled_on}"
    )
    return _match(Outcome.MATCHED, [payment], [movement], words)


def _nothing_to_deposit(payment: Announced) -> Match:
    words = f"the lines of trace {payment.trace_number} come to nothing: no deposit is expected"
    return _match(Outcome.MATCHED, [payment], [], words)


def _deposit_missing(payment: Announced, same: Sequence[Deposit], rules: BankRules) -> Match:
    """Tell of a payment without deposit; `same` are open movements of its amount."""
    words = f"the bank has booked nothing for trace {payment.trace_number} yet"
    alike = [each for each in same if _in_window(payment, each, rules)]
    if alike:
        words += f"; {_counted(len(alike), 'movement')} of this amount could be it"
    return _match(Outcome.DEPOSIT_MISSING, [payment], [], words)


def _unannounced(movement: Deposit, same: Sequence[Announced], rules: BankRules) -> Match:
    """Tell of a movement without payment; `same` are open payments of its amount."""
    if not movement.expected and not movement.traces:
        words = "nothing says that this is the utility's"
        return _match(Outcome.OTHER, [], [movement], words)
    if movement.traces:
        words = f"no 820 has trace {', '.join(sorted(movement.traces))}"
    else:
        words = "no 820 has this amount near this day, and the bank names no trace of one"
        alike = [each for each in same if _in_window(each, movement, rules)]
        if alike:
            words = f"{_counted(len(alike), 'payment')} of this amount could be it"
    return _match(Outcome.ADVICE_MISSING, [], [movement], words)


def _by_cents(items: Iterable[ItemT]) -> defaultdict[int, list[ItemT]]:
    found: defaultdict[int, list[ItemT]] = defaultdict(list)
    for item in items:
        found[item.cents].append(item)
    return found


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _match(
    outcome: Outcome, payments: Sequence[Announced], movements: Sequence[Deposit], words: str
) -> Match:
    return Match(outcome, tuple(payments), tuple(movements), words)


def _components(
    movements: list[Deposit], found: Callable[[Deposit], list[Announced]]
) -> Iterator[Group]:
    """Put movements that share a payment into one group, with all their payments.

    Args:
        movements: in their order, which the groups keep.
        found: the payments that a movement may belong to.
    """
    group_of: dict[UUID, int] = {}
    groups: dict[int, tuple[dict[UUID, Announced], list[Deposit]]] = {}
    for number, movement in enumerate(movements):
        mine: tuple[dict[UUID, Announced], list[Deposit]] = ({}, [movement])
        for payment in found(movement):
            mine[0][payment.transaction_id] = payment
        for key in {group_of[each] for each in mine[0] if each in group_of}:
            joined = groups.pop(key)
            mine[0].update(joined[0])
            mine[1].extend(joined[1])
        groups[number] = mine
        group_of.update(dict.fromkeys(mine[0], number))
    for payments, together in groups.values():
        if payments:
            yield (
                sorted(payments.values(), key=lambda each: (each.settled_on, each.transaction_id)),
                sorted(together, key=lambda each: (each.booked_on, each.movement_id)),
            )
