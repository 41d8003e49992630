"""Whether the invented world is the same every time and loses no watt-hour."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.places import TOTAL, UTILITIES
from simulator.world import (
    Mischief,
    Usage,
    cancelled,
    measure,
    plan_mischief,
    population,
    rebilled,
    spoil,
)

SUMMER = (date(2026, 6, 6), date(2026, 7, 6))
WINTER = (date(2026, 1, 6), date(2026, 2, 6))


def usage_of(utility: str, index: int, period: tuple[date, date] = SUMMER, seed: int = 7) -> Usage:
    people = population(utility, seed, index + 1)
    return measure(people, people.account(index), *period, f"U{index}")


class TestWorld:
    def test_the_same_seed_gives_the_same_accounts(self) -> None:
        assert population("pge", 7, 50).accounts() == population("pge", 7, 50).accounts()

    def test_another_seed_gives_other_accounts(self) -> None:
        assert population("pge", 7, 50).accounts() != population("pge", 8, 50).accounts()

    def test_asking_for_more_accounts_does_not_change_the_first_ones(self) -> None:
        assert population("sce", 7, 500).accounts()[:50] == population("sce", 7, 50).accounts()

    def test_a_slice_holds_the_same_accounts_as_the_whole(self) -> None:
        whole = population("sdge", 7, 60).accounts()

        assert population("sdge", 7, 20, first=40).accounts() == whole[40:]

    @pytest.mark.parametrize("utility", sorted(UTILITIES))
    def test_no_number_is_given_twice(self, utility: str) -> None:
        accounts = population(utility, 7, 5_000).accounts()

        assert len({one.number for one in accounts}) == 5_000
        assert len({one.service_agreement for one in accounts}) == 5_000
        assert len({one.meter for one in accounts}) == 5_000

    def test_every_cca_of_a_utility_has_customers(self) -> None:
        ccas = {one.cca.key for one in population("pge", 7, 200).accounts()}

        assert ccas == {"mce", "3ce", "pce"}

    def test_a_seed_that_is_used_up_is_refused(self) -> None:
        with pytest.raises(ValueError, match="a seed holds"):
            population("pge", 7, 10, first=999_999)


class TestUsage:
    @given(
        utility=st.sampled_from(sorted(UTILITIES)),
        index=st.integers(0, 9_999),
        seed=st.integers(0, 10_000),
        period=st.sampled_from([SUMMER, WINTER]),
    )
    def test_buckets_add_up_to_the_total(
        self, utility: str, index: int, seed: int, period: tuple[date, date]
    ) -> None:
        used = usage_of(utility, index, period, seed)

        assert used.total_wh > 0
        assert all(wh > 0 for _, wh in used.buckets)
        if used.buckets:
            assert sum(wh for _, wh in used.buckets) == used.total_wh
        assert TOTAL not in dict(used.buckets)

    @pytest.mark.parametrize(
        ("period", "codes"),
        [(SUMMER, ("42", "43", "41")), (WINTER, ("43", "41", "45"))],
    )
    def test_buckets_follow_the_season_of_the_rate(
        self, period: tuple[date, date], codes: tuple[str, ...]
    ) -> None:
        assert tuple(code for code, _ in usage_of("sce", 3, period).buckets) == codes

    def test_a_cancel_repeats_the_numbers_and_points_at_the_original(self) -> None:
        used = usage_of("sce", 3)
        cancel = cancelled(used, "C3")

        assert (cancel.purpose, cancel.original) == ("01", "U3")
        assert (cancel.total_wh, cancel.buckets) == (used.total_wh, used.buckets)

    def test_a_corrected_usage_differs_and_still_adds_up(self) -> None:
        used = usage_of("sce", 3)
        again = rebilled(population("sce", 7, 10), used, "B3")

        assert again.total_wh != used.total_wh
        assert sum(wh for _, wh in again.buckets) == again.total_wh


class TestMischief:
    def test_is_the_same_every_time(self) -> None:
        people = population("pge", 7, 400)

        assert plan_mischief(people, 0.05) == plan_mischief(people, 0.05)

    def test_takes_turns_between_all_kinds(self) -> None:
        plan = plan_mischief(population("sce", 7, 200), 0.03)

        assert sorted(plan.values()) == sorted(Mischief)

    def test_does_nothing_at_rate_nought(self) -> None:
        assert plan_mischief(population("pge", 7, 400), 0.0) == {}

    def test_never_asks_for_wrong_buckets_where_there_are_none(self) -> None:
        people = population("pge", 7, 3_000)
        plan = plan_mischief(people, 0.2)

        for index, kind in plan.items():
            if kind is Mischief.BUCKETS_DO_NOT_ADD:
                used = spoil(usage_of("pge", index), kind)
                assert sum(wh for _, wh in used.buckets) != used.total_wh
