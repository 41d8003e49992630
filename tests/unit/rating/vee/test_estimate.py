"""Gaps are filled in the order of the rules, by numbers that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.vee.estimate import (
    LIKE_DAYS,
    LINEAR,
    OPEN,
    PROFILE,
    VALID,
    Channel,
    Day,
    Estimate,
    estimate,
    load_profiles,
)

MONDAY = date(2026, 6, 8)
SHAPE = (
    load_profiles().weights("residential", weekend=False),
    load_profiles().weights("residential", weekend=True),
)


def day(on: date, values: list[int], gaps: Mapping[int, int] | None = None) -> Day:
    """An hourly day; `gaps` are the first missing hour and how many."""
    codes = np.zeros(len(values), dtype=np.uint8)
    for first, size in (gaps or {}).items():
        codes[first : first + size] = OPEN
    return Day(
        on, on.weekday() > 4, np.arange(len(values)), np.array(values, dtype=np.int64), codes
    )


def filled(
    one: Day,
    *others: Day,
    total: int | None = None,
    per_day: int | None = None,
) -> Estimate:
    return estimate(
        Channel(
            minutes=60,
            days=(one,),
            wanted=np.ones(len(one.values), dtype=np.bool_),
            others={other.day: other for other in others},
            total=total,
            per_day=per_day,
            weights=SHAPE,
        )
    )


class TestAShortGap:
    def test_is_a_line_between_its_neighbours(self) -> None:
        load = [100] * 10 + [0, 0] + [400] * 12

        found = filled(day(MONDAY, load, {10: 2}))

        assert found.values[9:13].tolist() == [100, 200, 300, 400]
        assert found.codes[9:13].tolist() == [VALID, LINEAR, LINEAR, VALID]

    def test_at_the_edge_is_flat(self) -> None:
        found = filled(day(MONDAY, [0, 0] + [70] * 22, {0: 2}))

        assert found.values[:3].tolist() == [70, 70, 70]

    def test_rounds_half_up(self) -> None:
        found = filled(day(MONDAY, [100] * 5 + [0] + [101] * 18, {5: 1}))

        assert found.values[5] == 101


class TestALongGap:
    def test_is_the_mean_of_the_nearest_like_days(self) -> None:
        weekdays = [
            day(MONDAY + timedelta(days=ahead), [load] * 24)
            for ahead, load in ((1, 10), (2, 20), (3, 30), (4, 40), (7, 50), (8, 999))
        ]
        saturday = day(MONDAY + timedelta(days=5), [7_000] * 24)

        found = filled(day(MONDAY, [5] * 24, {6: 3}), saturday, *weekdays)

        assert found.values[6:9].tolist() == [30, 30, 30]  # (10+20+30+40+50) / 5
        assert found.count(LIKE_DAYS) == 3

    def test_needs_three_like_days_with_a_valid_reading_at_that_hour(self) -> None:
        others = [day(MONDAY + timedelta(days=n), [10 * n] * 24) for n in (1, 2)]
        torn = day(MONDAY + timedelta(days=3), [30] * 24, {7: 1})

        found = filled(day(MONDAY, [5] * 24, {6: 3}), *others, torn)

        assert found.codes[5:10].tolist() == [VALID, LIKE_DAYS, OPEN, LIKE_DAYS, VALID]
        assert found.values[6] == 20

    def test_does_not_look_further_than_ninety_days(self) -> None:
        others = [day(MONDAY - timedelta(days=91 + 7 * n), [10] * 24) for n in range(4)]

        assert filled(day(MONDAY, [5] * 24, {6: 3}), *others).count(OPEN) == 3

    def test_without_history_follows_the_shape_of_the_class(self) -> None:
        found = filled(day(MONDAY, [0] * 24, {0: 24}), per_day=24_000)

        assert found.count(PROFILE) == 24
        # 340 is the sum of the weights: hour 19 has 25 of them
        assert sum(SHAPE[0]) == 340
        assert found.values[19] == 1_765
        assert abs(int(found.values.sum()) - 24_000) <= 12

    def test_without_anything_stays_open(self) -> None:
        assert filled(day(MONDAY, [0] * 24, {0: 24})).count(OPEN) == 24


class TestTheRegister:
    def test_gets_what_the_gap_lacks(self) -> None:
        load = [100] * 10 + [0, 0] + [100] * 12

        found = filled(day(MONDAY, load, {10: 2}), total=2_301)

        assert found.values[10:12].tolist() == [51, 50]
        assert int(found.values.sum()) == found.scaled_to == 2_301

    def test_that_says_less_than_was_recorded_scales_nothing(self) -> None:
        found = filled(day(MONDAY, [100] * 10 + [0, 0] + [100] * 12, {10: 2}), total=2_000)

        assert found.values[10:12].tolist() == [100, 100]
        assert found.scaled_to is None

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.integers(0, 5_000), min_size=24, max_size=24),
        st.integers(0, 20),
        st.integers(1, 4),
        st.integers(0, 50_000),
    )
    def test_is_always_met_exactly_and_recorded_readings_never_change(
        self, load: list[int], first: int, size: int, more: int
    ) -> None:
        size = min(size, 24 - first)
        recorded = sum(load[:first]) + sum(load[first + size :])

        found = filled(day(MONDAY, load, {first: size}), total=recorded + more, per_day=9_000)

        assert int(found.values.sum()) == recorded + more
        kept = found.codes == VALID
        assert found.values[kept].tolist() == [v for v, k in zip(load, kept, strict=True) if k]
