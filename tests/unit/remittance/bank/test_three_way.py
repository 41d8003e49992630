"""Which deposit belongs to which 820, whatever the order in which we hear of them."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.remittance.bank.rules import PARTNERS_FOLDER, BankRules, bank_rules_of
from services.remittance.bank.three_way import (
    Announced,
    Deposit,
    Match,
    Outcome,
    Together,
    three_way,
)

SETTLED = date(2026, 11, 20)
RULES = BankRules()


def paid(number: int, cents: int, *, days: int = 0) -> Announced:
    return Announced(UUID(int=number), f"TRACE{number}", cents, SETTLED + timedelta(days))


def booked(
    number: int,
    cents: int,
    *,
    trace: str = "",
    says: str = "",
    days: int = 0,
    expected: bool = True,
) -> Deposit:
    return Deposit(
        UUID(int=1_000 + number),
        cents,
        SETTLED + timedelta(days),
        frozenset({trace} - {""}),
        frozenset({says} - {""}),
        expected,
    )


def outcomes(payments: list[Announced], deposits: list[Deposit]) -> list[tuple[str, int]]:
    """Outcome and difference of each match."""
    found = three_way(payments, deposits, RULES)
    return sorted((match.outcome.value, match.difference_cents) for match in found)


class TestWhatPeoplePutTogether:
    def test_goes_before_the_rules_which_match_what_is_left(self) -> None:
        payments = [paid(1, 500), paid(2, 700)]
        deposits = [booked(1, 500, trace="TRACE1"), booked(2, 500, trace="TRACE2")]
        decided = Together(
            UUID(int=9),
            frozenset({payments[0].transaction_id}),
            frozenset({deposits[1].movement_id}),
            "the bank mixed them up",
        )

        by_hand, *others = three_way(payments, deposits, RULES, [decided])

        assert (by_hand.outcome, by_hand.act_id) == (Outcome.BY_HAND, decided.act_id)
        assert (by_hand.announced, by_hand.deposits) == ((payments[0],), (deposits[1],))
        assert by_hand.explanation == "the bank mixed them up"
        assert sorted(each.outcome.value for each in others) == [
            "advice_missing",
            "deposit_missing",
        ]


class TestByTrace:
    def test_the_trace_in_the_addenda_decides(self) -> None:
        (match,) = three_way([paid(1, 500)], [booked(1, 500, trace="TRACE1", days=30)], RULES)

        assert match.outcome is Outcome.MATCHED
        assert match.explanation == "the bank names trace TRACE1 and booked 5.00"

    def test_a_reference_will_do_and_leading_zeros_and_case_do_not_matter(self) -> None:
        payment = Announced(UUID(int=1), "000123abc", 500, SETTLED)

        assert outcomes([payment], [booked(1, 500, says="123ABC")]) == [("matched", 0)]

    def test_another_amount_is_told_with_the_difference(self) -> None:
        assert outcomes([paid(1, 500)], [booked(1, 499, trace="TRACE1")]) == [
            ("amount_differs", -1)
        ]

    def test_one_deposit_may_pay_two_820s_and_two_deposits_one(self) -> None:
        together = Deposit(
            UUID(int=9), 800, SETTLED, frozenset({"TRACE1", "TRACE2"}), frozenset(), True
        )

        assert outcomes([paid(1, 500), paid(2, 300)], [together]) == [("matched", 0)]
        halves = [booked(1, 250, trace="TRACE1"), booked(2, 250, trace="TRACE1", days=1)]
        assert outcomes([paid(1, 500)], halves) == [("matched", 0)]

    def test_the_same_money_again_is_a_duplicate(self) -> None:
        again = [booked(1, 500, trace="TRACE1"), booked(2, 500, trace="TRACE1", days=1)]

        assert outcomes([paid(1, 500)], again) == [("duplicate", 500), ("matched", 0)]

    def test_a_returned_deposit_is_no_longer_matched(self) -> None:
        back = [booked(1, 500, trace="TRACE1"), booked(2, -500, trace="TRACE1", days=1)]

        assert outcomes([paid(1, 500)], back) == [("amount_differs", -500)]
        once_more = [*back, booked(3, 500, trace="TRACE1", days=2)]
        assert outcomes([paid(1, 500)], once_more) == [("matched", 0)]

    def test_a_payment_that_takes_money_back_is_a_debit(self) -> None:
        assert outcomes([paid(1, -500)], [booked(1, -500, trace="TRACE1")]) == [("matched", 0)]


class TestByAmount:
    def test_the_amount_within_the_window_will_do(self) -> None:
        for days in (-1, 0, 5):
            assert outcomes([paid(1, 500)], [booked(1, 500, days=days)]) == [("matched", 0)]

    def test_outside_the_window_both_stay_open(self) -> None:
        for days in (-2, 6):
            expected = [("advice_missing", 500), ("deposit_missing", -500)]
            assert outcomes([paid(1, 500)], [booked(1, 500, days=days)]) == expected

    def test_a_deposit_that_names_another_820_is_not_guessed_onto_this_one(self) -> None:
        found = outcomes([paid(1, 500)], [booked(1, 500, trace="TRACE7")])

        assert found == [("advice_missing", 500), ("deposit_missing", -500)]

    def test_equal_amounts_are_matched_in_the_order_of_their_days(self) -> None:
        deposits = [booked(2, 500, days=1), booked(1, 500)]
        found = three_way([paid(1, 500), paid(2, 500, days=1)], deposits, RULES)

        assert {(m.announced[0].trace_number, m.deposits[0].movement_id.int) for m in found} == {
            ("TRACE1", 1_001),
            ("TRACE2", 1_002),
        }

    def test_nobody_guesses_between_two_payments(self) -> None:
        found = three_way([paid(1, 500), paid(2, 500)], [booked(1, 500)], RULES)

        assert Counter(match.outcome for match in found) == {
            Outcome.DEPOSIT_MISSING: 2,
            Outcome.ADVICE_MISSING: 1,
        }
        assert {match.explanation for match in found if match.deposits} == {
            "2 payments of this amount could be it"
        }


class TestLeftOver:
    def test_an_820_waits_for_its_deposit_from_its_settlement_day(self) -> None:
        (match,) = three_way([paid(1, 500)], [], RULES)

        assert (match.outcome, match.since) == (Outcome.DEPOSIT_MISSING, SETTLED)

    def test_a_payment_that_comes_to_nothing_needs_no_deposit(self) -> None:
        assert outcomes([paid(1, 0)], []) == [("matched", 0)]

    def test_a_movement_that_is_not_the_utilitys_is_left_alone(self) -> None:
        assert outcomes([], [booked(1, 700, expected=False)]) == [("other", 700)]


class TestRules:
    def test_every_utility_has_rules_that_can_be_read(self) -> None:
        for folder in PARTNERS_FOLDER.glob("*/"):
            assert bank_rules_of(folder.name).late_after_days == 3

    def test_deposits_are_known_by_the_banks_words(self) -> None:
        rules = bank_rules_of("pge")

        assert rules.expects(500, "Pacific Gas and Electric")
        assert not rules.expects(500, "INTEREST")
        assert BankRules().expects(500, "anything")
        assert not BankRules().expects(-500, "anything")


payments = st.lists(
    st.builds(
        paid, st.integers(1, 6), st.sampled_from([0, 300, 500, -300]), days=st.integers(0, 8)
    ),
    max_size=6,
    unique_by=lambda each: each.transaction_id,
)
movements = st.lists(
    st.builds(
        booked,
        st.integers(1, 9),
        st.sampled_from([300, 500, 800, -300]),
        trace=st.sampled_from(["", "TRACE1", "TRACE2", "TRACE9"]),
        says=st.sampled_from(["", "TRACE3", "TRACE4"]),
        days=st.integers(-3, 9),
        expected=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda each: each.movement_id,
)


class TestAlways:
    @given(payments, movements, st.randoms(use_true_random=False))
    @settings(max_examples=150)
    def test_any_order_ends_in_the_same_matches(
        self, told: list[Announced], seen: list[Deposit], chance: random.Random
    ) -> None:
        expected = Counter(three_way(told, seen, RULES))

        chance.shuffle(told)
        chance.shuffle(seen)

        assert Counter(three_way(told, seen, RULES)) == expected

    @given(payments, movements)
    @settings(max_examples=150)
    def test_everything_stands_in_one_match_and_no_cent_is_lost(
        self, told: list[Announced], seen: list[Deposit]
    ) -> None:
        found = three_way(told, seen, RULES)

        assert Counter(p for match in found for p in match.announced) == Counter(told)
        assert Counter(d for match in found for d in match.deposits) == Counter(seen)
        assert all(match.difference_cents == 0 for match in found if _is_matched(match))
        assert all(match.explanation for match in found)


def _is_matched(match: Match) -> bool:
    return match.outcome is Outcome.MATCHED
