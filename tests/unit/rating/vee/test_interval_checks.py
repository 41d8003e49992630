"""Each check marks exactly the intervals that break its rule, and no others."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from services.rating.intervals.block import MISSING, IntervalBlock, day_lengths
from services.rating.vee.interval_checks import (
    beyond_service,
    dead,
    flat,
    gaps,
    much_estimated,
    negative,
    shortfall,
    spikes,
)
from services.rating.vee.matrix import Matrix, in_long_runs, stretches
from services.rating.vee.rules import RULES
from shared.contracts.usage import Direction

JUNE = date(2026, 6, 6)
RESIDENTIAL = "residential"


def block(
    watt_hours: list[int],
    first: date = JUNE,
    last: date = JUNE,
    direction: Direction = Direction.DELIVERED,
) -> IntervalBlock:
    readings = np.array(watt_hours, dtype=np.int32)
    assert len(readings) == sum(day_lengths(first, last, 15))
    marks = np.zeros(len(readings), dtype=np.uint8)
    return IntervalBlock("M1", "", direction, 15, 3, first, last, readings, marks)


def wave(size: int = 96) -> list[int]:
    """A load in which no reading is like the next."""
    return [200 + 7 * (n % 11) for n in range(size)]


def marked(mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> list[int]:
    return np.flatnonzero(mask[0]).tolist()


class TestSpikes:
    def test_the_highest_reading_far_above_the_third_highest_is_marked(self) -> None:
        load = wave()
        load[40] = 271 * 3  # the third highest is 270: 201 % above, and over 2 kW
        assert marked(spikes(Matrix.of([block(load)]), RULES["VEE_SPIKE"].limits, RESIDENTIAL)) == [
            40
        ]

    @pytest.mark.parametrize("watt_hours", [270, 755])
    def test_one_below_the_limit_is_not(self, watt_hours: int) -> None:
        load = wave()
        load[40] = watt_hours  # 755 is 179.6 % above 270
        found = spikes(Matrix.of([block(load)]), RULES["VEE_SPIKE"].limits, RESIDENTIAL)
        assert marked(found) == []

    def test_three_high_readings_are_a_load_and_no_spike(self) -> None:
        load = wave()
        load[40:43] = [2_000, 2_000, 2_000]
        found = spikes(Matrix.of([block(load)]), RULES["VEE_SPIKE"].limits, RESIDENTIAL)
        assert marked(found) == []

    def test_each_day_is_looked_at_by_itself_also_when_clocks_change(self) -> None:
        first, last = date(2026, 10, 31), date(2026, 11, 2)  # 96, 100 and 96 quarter-hours
        load = wave(292)
        load[96 + 99] = 5_000
        load[196 + 5] = 5_000
        found = spikes(
            Matrix.of([block(load, first, last)]), RULES["VEE_SPIKE"].limits, RESIDENTIAL
        )
        assert marked(found) == [195, 201]

    def test_a_small_load_is_left_alone(self) -> None:
        load = [1] * 96
        load[3] = 499  # 1,996 W
        found = spikes(Matrix.of([block(load)]), RULES["VEE_SPIKE"].limits, RESIDENTIAL)
        assert marked(found) == []


class TestZeros:
    def test_a_day_of_zeros_is_marked(self) -> None:
        two_days = [0] * 96 + wave()
        found = dead(
            Matrix.of([block(two_days, JUNE, date(2026, 6, 7))]),
            RULES["VEE_ZERO"].limits,
            RESIDENTIAL,
        )
        assert marked(found) == list(range(96))

    def test_less_than_a_day_is_not(self) -> None:
        found = dead(Matrix.of([block([1] + [0] * 95)]), RULES["VEE_ZERO"].limits, RESIDENTIAL)
        assert marked(found) == []

    def test_nothing_to_the_grid_is_no_fault(self) -> None:
        exports = block([0] * 96, direction=Direction.RECEIVED)
        found = dead(Matrix.of([exports]), RULES["VEE_ZERO"].limits, RESIDENTIAL)
        assert marked(found) == []


class TestFlatLines:
    def test_twelve_identical_readings_are_marked(self) -> None:
        load = wave()
        load[20:32] = [333] * 12
        found = flat(Matrix.of([block(load)]), RULES["VEE_FLAT"].limits, RESIDENTIAL)
        assert marked(found) == list(range(20, 32))

    def test_eleven_are_not(self) -> None:
        load = wave()
        load[20:31] = [333] * 11
        found = flat(Matrix.of([block(load)]), RULES["VEE_FLAT"].limits, RESIDENTIAL)
        assert marked(found) == []


class TestOtherMarks:
    def test_a_delivered_reading_below_zero(self) -> None:
        load = wave()
        load[7] = -1
        exports = block(load, direction=Direction.RECEIVED)
        found = negative(Matrix.of([block(load), exports]), {}, RESIDENTIAL)
        assert np.argwhere(found).tolist() == [[0, 7]]

    def test_more_power_than_a_house_can_have(self) -> None:
        load = wave()
        load[7], load[8] = 25_000, 25_001  # 100 kW, and a little more
        found = beyond_service(
            Matrix.of([block(load)]), RULES["VEE_PHYSICAL_LIMIT"].limits, RESIDENTIAL
        )
        assert marked(found) == [8]

    def test_estimates_when_they_are_over_a_fifth(self) -> None:
        one, other = block(wave()), block(wave())
        one.quality[:19] = 1
        other.quality[:20] = 1
        found = much_estimated(Matrix.of([one, other]), RULES["VEE_ESTIMATED"].limits, RESIDENTIAL)
        assert [int(row.sum()) for row in found] == [0, 20]

    def test_a_gap_inside_but_not_the_hours_before_the_first_reading(self) -> None:
        one = block(wave())
        one.quality[:4] = MISSING
        one.quality[50:52] = MISSING
        matrix = Matrix.of([one])
        assert marked(gaps(matrix)) == [50, 51]
        assert shortfall(matrix, np.array([96])).tolist() == [6]


class TestRuns:
    def test_are_found_row_by_row(self) -> None:
        flags = np.array([[1, 1, 0, 1], [1, 1, 1, 0]], dtype=np.bool_)
        assert in_long_runs(flags, 2).astype(int).tolist() == [[1, 1, 0, 0], [1, 1, 1, 0]]
        assert stretches(flags[0]) == [(0, 2), (3, 1)]

    def test_are_the_same_as_counted_by_hand_on_random_rows(self) -> None:
        chance = np.random.default_rng(7)
        flags = chance.random((40, 60)) < 0.7
        found = in_long_runs(flags, 4)
        for row, marks in zip(flags, found, strict=True):
            expected = np.zeros(60, dtype=np.bool_)
            for first, size in stretches(row):
                if size >= 4:
                    expected[first : first + size] = True
            assert np.array_equal(marks, expected)
