"""Interval usage becomes totals and blocks of whole days, and nothing is filled in."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.rating.intervals.block import ACTUAL, ESTIMATED, MISSING
from services.rating.intervals.take import take
from services.rating.usage import content_hash
from shared.contracts.intervals import MeterIntervals
from shared.contracts.usage import Direction
from tests.unit.rating.interval_words import (
    JUNE_FIRST,
    channel,
    interval_usage,
    midnight,
    run,
    whole_days,
)

QUARTER = timedelta(minutes=15)
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)
ONE_DAY = (JUNE_FIRST, JUNE_FIRST + timedelta(days=1))


class TestWholeDays:
    @pytest.mark.parametrize(("day", "size"), [(JUNE_FIRST, 96), (SPRING, 92), (AUTUMN, 100)])
    def test_a_day_has_as_many_readings_as_its_clock(self, day: date, size: int) -> None:
        (block,) = take(interval_usage("U1", whole_days(day, 3))).blocks

        assert block.lengths == (size, 96, 96)
        assert len(block.readings) == size + 192
        assert (block.first_day, block.last_day) == (day, day + timedelta(days=2))
        assert block.start == midnight(day)
        assert block.count(ACTUAL) == size + 192

    def test_totals_are_exact_in_any_unit(self) -> None:
        fine = channel(run(midnight(JUNE_FIRST), [1, 2_345_678] * 48), days=ONE_DAY, decimals=6)

        taken = take(interval_usage("U1", fine))

        assert taken.blocks[0].total_micro == 48 * 2_345_679
        assert taken.item.meters[0].quantities[0].quantity == Decimal("112.592592")

    def test_readings_that_begin_within_a_day_leave_its_first_hours_missing(self) -> None:
        late = channel(run(midnight(JUNE_FIRST) + 4 * QUARTER, [7] * 92), days=ONE_DAY)

        taken = take(interval_usage("U1", late))

        (block,) = taken.blocks
        assert block.quality.tolist() == [MISSING] * 4 + [ACTUAL] * 92
        assert taken.item.intervals is not None
        assert taken.item.intervals.missing == 4


class TestAGap:
    def test_is_counted_and_marked(self) -> None:
        start = midnight(JUNE_FIRST)
        torn = channel(run(start, [5] * 10), run(start + 12 * QUARTER, [5] * 84), days=ONE_DAY)

        taken = take(interval_usage("U1", torn))

        assert taken.item.intervals is not None
        assert (taken.item.intervals.readings, taken.item.intervals.missing) == (94, 2)
        assert taken.blocks[0].quality.tolist()[9:13] == [ACTUAL, MISSING, MISSING, ACTUAL]
        assert taken.blocks[0].total_micro == 94 * 5_000


class TestEstimates:
    def test_are_marked_where_they_stand_and_told_of_the_whole(self) -> None:
        taken = take(interval_usage("U1", whole_days(JUNE_FIRST, 1, estimated=[(4, 8)])))

        assert taken.blocks[0].quality.tolist()[3:13] == [ACTUAL] + [ESTIMATED] * 8 + [ACTUAL]
        assert taken.item.meters[0].quantities[0].estimated


class TestTwoChannels:
    @staticmethod
    def _generation() -> MeterIntervals:
        readings = run(midnight(JUNE_FIRST), [30] * 96)
        return channel(readings, days=ONE_DAY, direction=Direction.RECEIVED)

    def test_of_one_meter_are_one_meter_with_both_directions(self) -> None:
        item = take(interval_usage("U1", whole_days(JUNE_FIRST, 1), self._generation())).item

        (meter,) = item.meters
        assert [(q.direction, q.quantity) for q in meter.quantities] == [
            (Direction.DELIVERED, Decimal("9.6")),
            (Direction.RECEIVED, Decimal("2.88")),
        ]

    def test_of_one_direction_stay_two_so_that_rating_sees_it(self) -> None:
        item = take(interval_usage("U1", *[whole_days(JUNE_FIRST, 1)] * 2)).item

        assert [meter.meter_number for meter in item.meters] == ["M1", "M1"]


class TestACopy:
    def test_is_known_by_its_readings(self) -> None:
        first, same = (take(interval_usage("U1")).item for _ in range(2))
        other = take(interval_usage("U1", whole_days(JUNE_FIRST, 30, 101))).item
        moved = take(interval_usage("U1", whole_days(JUNE_FIRST, 30, estimated=[(0, 1)]))).item

        assert content_hash(first) == content_hash(same)
        assert len({content_hash(item) for item in (first, other, moved)}) == 3


class TestAMessageThatBreaksItsContract:
    def test_is_a_fault(self) -> None:
        off = channel(run(midnight(JUNE_FIRST) + QUARTER / 3, [1] * 96), days=ONE_DAY)

        with pytest.raises(ValueError, match="do not begin on the step"):
            take(interval_usage("U1", off))
