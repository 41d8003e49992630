from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.calendars import Cell, compile_window, load_calendars
from services.rating.engine import MeterRows, ReadingsMisfit, determine
from services.rating.engine.folding import folding_of
from shared.contracts.usage import Bucket
from tests.unit.rating.engine import plain

BOOK = load_calendars()
# A fall-back, a spring-forward, a moved holiday, a season's end, a change of hours.
TELLING = (
    date(2026, 10, 20),
    date(2026, 2, 25),
    date(2026, 6, 20),
    date(2026, 9, 15),
    date(2026, 4, 12),
)


class TestAgainstDatetime:
    @settings(max_examples=25, deadline=None)
    @given(
        calendar_id=st.sampled_from(sorted(BOOK.files)),
        start=st.sampled_from(TELLING) | st.dates(date(2025, 1, 1), date(2027, 12, 1)),
        days=st.integers(1, 34),
        cut=st.integers(0, 33),
        step_s=st.sampled_from([300, 900, 3600]),
        seed=st.integers(0, 2**32),
        decimals=st.integers(3, 6),
        highest=st.sampled_from([3_000, 6_000, 700_000, 2**31]),
    )
    def test_every_meter_and_cell_is_the_sum_of_its_intervals(
        self,
        calendar_id: str,
        start: date,
        days: int,
        cut: int,
        step_s: int,
        seed: int,
        decimals: int,
        highest: int,
    ) -> None:
        end = start + timedelta(days=days)
        cuts = [start + timedelta(days=cut)] if 0 < cut < days else []
        window = compile_window(BOOK.calendar(calendar_id), start, end, None, step_s, cuts)
        rng = np.random.default_rng(seed)
        shape = (2, window.intervals)
        used = rng.integers(0, highest, shape, dtype=np.int32)
        given_back = rng.integers(0, 5_000, shape, dtype=np.int32)
        marks = rng.random(shape) < 0.05
        usage = MeterRows(used, given_back, marks, decimals)

        found = determine(usage, window)

        micro = 10 ** (6 - decimals)
        for row in range(2):
            expected = plain.tally(
                calendar_id,
                (start, end),
                cuts,
                step_s,
                (used[row].tolist(), given_back[row].tolist(), marks[row].tolist()),
            )
            for column, cell in enumerate(found.cells):
                one = expected.pop((cell.part, cell.season, cell.bucket), plain.Tally())
                assert found.energy_micro[row, column] == one.energy * micro
                assert found.received_micro is not None
                assert found.received_micro[row, column] == one.received * micro
                assert found.estimated is not None
                assert found.estimated[row, column] == one.estimated
                if step_s <= 900:
                    assert found.demand_micro is not None
                    assert found.demand_micro[row, column] == one.demand * micro
                else:
                    assert found.demand_micro is None
            assert expected == {}

    @pytest.mark.parametrize(
        ("calendar_id", "start", "days", "kinds", "most", "lengths"),
        [
            ("PGE-B", date(2026, 6, 1), 30, [96], 30, [96]),
            ("SDGE-TOU", date(2026, 6, 1), 30, [96, 96], 22, [96]),
            ("PGE-E-TOU-D", date(2026, 10, 26), 14, [96, 96, 100], 10, [96, 100, 96]),
        ],
    )
    def test_a_period_is_folded_to_a_day_of_each_kind(
        self,
        calendar_id: str,
        start: date,
        days: int,
        kinds: list[int],
        most: int,
        lengths: list[int],
    ) -> None:
        window = compile_window(BOOK.calendar(calendar_id), start, start + timedelta(days))

        folding = folding_of(window)

        assert folding.kinds == len(kinds)
        assert folding.runs.intervals == sum(kinds)
        assert folding.most == most
        assert [each.length for each in folding.stretches] == lengths

    @pytest.mark.parametrize("more", [-1, 0, 1])
    def test_a_sum_at_the_end_of_32_bits_is_exact(self, more: int) -> None:
        window = compile_window(BOOK.calendar("PGE-E-1"), date(2026, 6, 1), date(2026, 7, 1))
        rows = np.zeros((2, 2_880), dtype=np.int32)
        rows[1, ::96] = 2**32 // 30
        rows[1, 0] += 2**32 % 30 + more

        found = determine(MeterRows(rows), window)

        assert found.energy_micro.tolist() == [[0], [(2**32 + more) * 1_000]]
        assert found.demand_micro is not None
        assert found.demand_micro.tolist() == [[0], [int(rows.max()) * 4_000]]

    def test_the_longest_readings_are_exact(self) -> None:
        window = compile_window(BOOK.calendar("PGE-E-1"), date(2026, 6, 1), date(2026, 7, 1))
        rows = np.full((2, 2_880), 2**31 - 1, dtype=np.int32)

        found = determine(MeterRows(rows), window)

        assert found.energy_micro.tolist() == [[2_880 * (2**31 - 1) * 1_000]] * 2
        assert found.demand_micro is not None
        assert found.demand_micro.tolist() == [[(2**31 - 1) * 4_000]] * 2

    def test_one_negative_reading_is_seen_and_added(self) -> None:
        window = compile_window(BOOK.calendar("PGE-E-1"), date(2026, 6, 1), date(2026, 6, 2))
        rows = np.zeros((70, 96), dtype=np.int32)
        rows[65, 7], rows[65, 8], rows[66, 9] = -2, 5, 2**24

        found = determine(MeterRows(rows), window)

        assert found.below_zero
        assert found.energy_micro[64:67, 0].tolist() == [0, 3_000, 2**24 * 1_000]
        assert found.demand_micro is not None
        assert found.demand_micro[64:67, 0].tolist() == [0, 20_000, 2**24 * 4_000]

    @pytest.mark.parametrize("meters", [1, 47, 48, 49, 200])
    def test_it_does_not_matter_how_many_meters_stand_together(self, meters: int) -> None:
        window = compile_window(BOOK.calendar("SDGE-TOU"), date(2026, 6, 1), date(2026, 7, 1))
        rows = np.random.default_rng(7).integers(0, 9_000, (meters, window.intervals), np.int32)

        together = determine(MeterRows(rows), window)

        for row in (0, meters // 2, meters - 1):
            alone = determine(MeterRows(rows[row : row + 1]), window)
            assert (together.energy_micro[row] == alone.energy_micro[0]).all()
            assert together.demand_micro is not None
            assert alone.demand_micro is not None
            assert (together.demand_micro[row] == alone.demand_micro[0]).all()


class TestMeters:
    def test_meters_of_an_account_are_added_interval_by_interval(self) -> None:
        window = compile_window(BOOK.calendar("PGE-E-1"), date(2026, 6, 1), date(2026, 6, 2))
        rows = np.zeros((2, 96), dtype=np.int32)
        rows[0, 10], rows[1, 20] = 500, 700
        marks = np.zeros((2, 96), dtype=np.bool_)
        marks[1, 20] = True

        added = MeterRows(rows, rows, marks).added()
        found = determine(added, window)

        assert found.energy_micro.tolist() == [[1_200_000]]
        assert found.demand_micro is not None
        assert found.demand_micro.tolist() == [[2_800_000]]
        assert found.received_micro is not None
        assert found.net_micro.tolist() == [[0]]
        assert found.estimated is not None
        assert found.estimated.tolist() == [[1]]

    def test_demand_is_left_out_when_nobody_wants_it(self) -> None:
        window = compile_window(BOOK.calendar("PGE-E-1"), date(2026, 6, 1), date(2026, 6, 2))

        found = determine(MeterRows(np.ones((1, 96), np.int32)), window, demand=False)

        assert found.demand_micro is None
        assert found.net_micro is found.energy_micro
        assert found.cells == (Cell(0, "year", Bucket.TOTAL),)


class TestMisfit:
    def test_a_reading_too_few_is_refused(self) -> None:
        window = compile_window(BOOK.calendar("PGE-E-1"), date(2026, 11, 1), date(2026, 11, 2))

        with pytest.raises(ReadingsMisfit, match="96 readings for a period of 100"):
            determine(MeterRows(np.ones((1, 96), np.int32)), window)

    def test_shapes_that_differ_and_odd_decimals_are_refused(self) -> None:
        ones = np.ones((1, 96), np.int32)

        with pytest.raises(ReadingsMisfit, match="differ in shape"):
            MeterRows(ones, np.ones((1, 95), np.int32))
        with pytest.raises(ReadingsMisfit, match="three to six decimals"):
            MeterRows(ones, decimals=2)

    def test_readings_that_cannot_be_added_exactly_are_refused(self) -> None:
        window = compile_window(BOOK.calendar("PGE-E-1"), date(2026, 6, 1), date(2026, 6, 2))

        with pytest.raises(ReadingsMisfit, match="cannot be added exactly"):
            determine(MeterRows(np.full((1, 96), 2**60)), window)
