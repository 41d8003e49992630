from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.calendars import (
    IntervalTooLong,
    Segment,
    compile_segments,
    compile_window,
    load_calendars,
)
from services.rating.calendars.window import intervals_in
from tests.unit.rating.calendars.test_calendars import HEAD, YEAR, folder_with
from tests.unit.rating.engine import plain

BOOK = load_calendars()
PACIFIC = ZoneInfo("America/Los_Angeles")


class TestLength:
    @pytest.mark.parametrize(
        ("day", "quarters"),
        [(date(2026, 3, 8), 92), (date(2026, 7, 4), 96), (date(2026, 11, 1), 100)],
    )
    def test_a_day_has_as_many_quarter_hours_as_time_passes(self, day: date, quarters: int) -> None:
        assert intervals_in(day, PACIFIC) == quarters

    def test_a_period_over_the_end_of_summer_time_is_an_hour_longer(self) -> None:
        window = compile_window(
            BOOK.calendar("PGE-E-TOU-C"), date(2026, 10, 20), date(2026, 11, 19)
        )

        assert window.intervals == 30 * 96 + 4


class TestIndex:
    @settings(max_examples=25, deadline=None)
    @given(
        calendar_id=st.sampled_from(sorted(BOOK.files)),
        start=st.dates(date(2025, 1, 1), date(2027, 12, 1)),
        days=st.integers(1, 35),
        cut=st.integers(1, 34),
        step_s=st.sampled_from([300, 900, 1800, 3600]),
    )
    def test_it_is_what_datetime_says_of_each_interval(
        self, calendar_id: str, start: date, days: int, cut: int, step_s: int
    ) -> None:
        end = date.fromordinal(start.toordinal() + days)
        cuts = [date.fromordinal(start.toordinal() + cut)] if cut < days else []

        window = compile_window(BOOK.calendar(calendar_id), start, end, None, step_s, cuts)

        found = [window.cells[number] for number in window.index]
        expected = [
            (
                sum(at.date() >= each for each in cuts),
                plain.season_of(calendar_id, at.date()),
                plain.RULES[calendar_id](at),
            )
            for at in plain.moments(start, end, step_s)
        ]
        assert [(cell.part, cell.season, cell.bucket) for cell in found] == expected

    def test_a_bucket_without_hours_in_a_part_still_has_its_cell(self) -> None:
        weekend = compile_window(BOOK.calendar("PGE-E-TOU-D"), date(2026, 7, 4), date(2026, 7, 6))

        assert {cell.bucket for cell in weekend.cells} == {plain.ON, plain.OFF}
        assert set(weekend.index.tolist()) == {
            number for number, cell in enumerate(weekend.cells) if cell.bucket is plain.OFF
        }

    def test_windows_within_an_hour_are_kept_to_the_minute(self, tmp_path: Path) -> None:
        text = HEAD + YEAR + 'otherwise = "off_peak"\n'
        text += 'windows = [{ bucket = "on_peak", hours = "16:15-20:45" }]'
        calendar = load_calendars(folder_with(tmp_path, text)).calendar("TEST")

        window = compile_window(calendar, date(2026, 7, 1), date(2026, 7, 2))

        peak = [n for n, at in enumerate(window.index) if window.cells[at].bucket is plain.ON]
        assert (peak[0], peak[-1]) == (65, 82)
        with pytest.raises(IntervalTooLong, match="1800 s are too long"):
            compile_window(calendar, date(2026, 7, 1), date(2026, 7, 2), step_s=1800)

    def test_parts_may_have_calendars_of_their_own(self) -> None:
        one, other = BOOK.calendar("PGE-E-TOU-C"), BOOK.calendar("PGE-EV2-A")
        middle = date(2026, 7, 10)

        window = compile_segments(
            (Segment(one, date(2026, 7, 1), middle), Segment(other, middle, date(2026, 7, 31)))
        )

        assert {cell.bucket for cell in window.cells if cell.part == 0} == {plain.ON, plain.OFF}
        assert {cell.bucket for cell in window.cells if cell.part == 1} == {
            plain.ON,
            plain.MID,
            plain.OFF,
        }

    def test_it_is_compiled_once(self) -> None:
        calendar = BOOK.calendar("PGE-E-TOU-C")

        one = compile_window(calendar, date(2026, 7, 1), date(2026, 7, 31))

        assert one is compile_window(calendar, date(2026, 7, 1), date(2026, 7, 31))


class TestSenseless:
    def test_a_gap_no_days_or_an_odd_length_is_refused(self) -> None:
        calendar = BOOK.calendar("PGE-E-TOU-C")
        first, second = date(2026, 7, 1), date(2026, 7, 2)

        with pytest.raises(ValueError, match="at least a day"):
            compile_segments((Segment(calendar, first, first),))
        for step_s in (600, 700):  # demand is measured by the quarter-hour
            with pytest.raises(ValueError, match="no meter has"):
                compile_window(calendar, first, second, step_s=step_s)
        with pytest.raises(ValueError, match="without a gap"):
            compile_segments(
                (
                    Segment(calendar, first, second),
                    Segment(calendar, date(2026, 7, 5), date(2026, 7, 6)),
                )
            )
