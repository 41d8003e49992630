from __future__ import annotations

from statistics import median_low

from hypothesis import given, settings
from hypothesis import strategies as st

from services.remittance.statements.cash import summarize
from services.remittance.statements.positions import PaidAfter


def paid(*days: int) -> list[PaidAfter]:
    return [PaidAfter(day, 1, 100) for day in days]


class TestDaysToCash:
    def test_are_told_by_median_and_nine_of_ten(self) -> None:
        told = summarize(paid(*range(1, 11)))

        assert (told.median_days, told.ninety_days, told.longest_days) == (5, 9, 10)

    def test_are_nothing_when_nothing_was_paid(self) -> None:
        told = summarize([])

        assert (told.charges, told.median_days, told.ninety_days) == (0, None, None)

    @settings(max_examples=60)
    @given(days=st.lists(st.integers(0, 200), min_size=1, max_size=50))
    def test_stand_in_one_bin_each(self, days: list[int]) -> None:
        told = summarize(paid(*days))

        assert sum(each.charges for each in told.bins) == told.charges == len(days)
        assert sum(each.cents for each in told.bins) == told.cents
        assert told.median_days == median_low(days)

    def test_have_bins_of_five_days_and_one_for_the_late(self) -> None:
        told = summarize(paid(0, 5, 6, 60, 61, 300))

        assert {each.label: each.charges for each in told.bins if each.charges} == {
            "0–5": 2,
            "6–10": 1,
            "56–60": 1,
            "over 60": 2,
        }
