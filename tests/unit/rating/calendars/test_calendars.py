from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.rating.calendars import CalendarFileRefused, load_calendars
from services.rating.calendars.book import CALENDARS_FOLDER, CalendarBook
from services.rating.calendars.calendar_file import CalendarFile, WindowRule
from services.rating.holds import RateNotFound
from shared.contracts.usage import Bucket
from tests.unit.rating.engine import plain

BOOK = load_calendars()

HEAD = """
calendar_id = "TEST"
title = "Test"
utility = "pge"
rate_codes = ["T-1"]
holidays = "pge"
[[versions]]
version = "1"
effective_from = 2020-01-01
known_from = 2020-01-01
source = "made up for a test"
"""
YEAR = "[versions.seasons.year]\nmonths = [1,2,3,4,5,6,7,8,9,10,11,12]\n"


def folder_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "holidays.toml").write_bytes((CALENDARS_FOLDER / "holidays.toml").read_bytes())
    (tmp_path / "test.toml").write_text(text, encoding="utf-8")
    return tmp_path


def grid(rows: list[list[int]]) -> str:
    return str(rows)


class TestFilesThatComeWithTheProgram:
    @pytest.mark.parametrize("calendar_id", sorted(BOOK.files))
    def test_every_hour_of_two_years_is_as_the_rate_sheet_says(self, calendar_id: str) -> None:
        calendar = BOOK.calendar(calendar_id)
        rule = plain.RULES[calendar_id]
        day = date(2025, 7, 1)
        while day < date(2027, 7, 10):
            codes = calendar.minutes_of(day)
            for hour in range(24):
                at = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001  a wall clock
                bucket = tuple(Bucket)[codes[hour * 60]]
                assert bucket is rule(at), at
            assert calendar.season_of(day) == plain.season_of(calendar_id, day)
            day += timedelta(days=1)

    def test_every_file_has_a_second_opinion(self) -> None:
        assert set(plain.RULES) == set(BOOK.files)

    def test_no_rate_code_has_two_calendars(self) -> None:
        for file in BOOK.files.values():
            for code in file.rate_codes:
                found = BOOK.of_rate_codes(file.utility, [code])
                assert found.calendar_id == file.calendar_id


class TestVersions:
    def test_sdge_weekday_middays_became_super_off_peak_on_the_first_of_may_2026(self) -> None:
        calendar = BOOK.calendar("SDGE-TOU")

        before = calendar.bucket_at(datetime(2026, 4, 30, 18, tzinfo=UTC))
        winter_before = calendar.bucket_at(datetime(2026, 2, 10, 19, tzinfo=UTC))
        after = calendar.bucket_at(datetime(2026, 5, 1, 18, tzinfo=UTC))
        winter_after = calendar.bucket_at(datetime(2027, 2, 10, 19, tzinfo=UTC))

        assert (before, winter_before) == (Bucket.SUPER_OFF_PEAK, Bucket.OFF_PEAK)
        assert (after, winter_after) == (Bucket.SUPER_OFF_PEAK, Bucket.SUPER_OFF_PEAK)

    def test_what_was_not_known_yet_does_not_count(self) -> None:
        calendar = BOOK.calendar("SDGE-TOU", known_on=date(2026, 4, 1))

        assert calendar.bucket_at(datetime(2026, 6, 10, 18, tzinfo=UTC)) is Bucket.OFF_PEAK

    def test_a_calendar_is_made_once_for_the_same_knowledge(self) -> None:
        one = BOOK.calendar("SDGE-TOU", known_on=date(2026, 6, 1))

        assert one is BOOK.calendar("SDGE-TOU", known_on=date(2026, 9, 1))
        assert one is not BOOK.calendar("SDGE-TOU", known_on=date(2026, 4, 1))

    def test_days_before_the_first_version_are_refused(self) -> None:
        with pytest.raises(RateNotFound, match="says nothing about 2010"):
            BOOK.calendar("SDGE-TOU").season_of(date(2010, 1, 1))

    def test_an_unknown_calendar_is_refused(self) -> None:
        with pytest.raises(RateNotFound, match="no calendar NONE"):
            BOOK.calendar("NONE")
        with pytest.raises(RateNotFound, match="no calendar for the rate codes"):
            BOOK.of_rate_codes("pge", ["NONE"])

    def test_a_rate_code_is_found_as_it_was_known(self) -> None:
        (before, after) = BOOK.files["SDGE-TOU"].singles
        later = after.model_copy(update={"rate_codes": (*after.rate_codes, "TOU-NEW")})
        book = CalendarBook((before, later), BOOK.lists)

        found = book.of_rate_codes("sdge", ["TOU-NEW"], later.versions[0].known_from)

        assert found.calendar_id == "SDGE-TOU"
        with pytest.raises(RateNotFound, match="no calendar for the rate codes TOU-NEW"):
            book.of_rate_codes("sdge", ["TOU-NEW"], date(2026, 1, 1))


class TestClocks:
    def test_a_moment_without_a_zone_is_local(self) -> None:
        calendar = BOOK.calendar("PGE-E-TOU-C")

        assert calendar.bucket_at(datetime(2026, 7, 1, 16)) is Bucket.ON_PEAK  # noqa: DTZ001

    def test_ev_b_is_an_hour_late_between_the_old_and_the_new_days_of_the_change(self) -> None:
        calendar = BOOK.calendar("PGE-EV-B")
        before, within = date(2026, 3, 6), date(2026, 3, 13)

        assert Bucket(tuple(Bucket)[calendar.minutes_of(before)[14 * 60]]) is Bucket.ON_PEAK
        assert Bucket(tuple(Bucket)[calendar.minutes_of(within)[14 * 60]]) is Bucket.MID_PEAK

    def test_a_book_in_standard_time_is_an_hour_late_in_summer(self, tmp_path: Path) -> None:
        text = HEAD + 'clock = "standard"\n' + YEAR
        text += 'otherwise = "off_peak"\n'
        text += 'windows = [{ bucket = "on_peak", hours = "16:00-21:00" }]'
        calendar = load_calendars(folder_with(tmp_path, text)).calendar("TEST")

        assert calendar.bucket_at(datetime(2026, 7, 1, 16, 30)) is Bucket.OFF_PEAK  # noqa: DTZ001
        assert calendar.bucket_at(datetime(2026, 7, 1, 21, 30)) is Bucket.ON_PEAK  # noqa: DTZ001
        assert calendar.bucket_at(datetime(2026, 1, 7, 16, 30)) is Bucket.ON_PEAK  # noqa: DTZ001


class TestTable:
    def test_the_table_form_says_the_same_as_windows(self, tmp_path: Path) -> None:
        source = BOOK.calendar("SCE-TOU-4-9PM")
        table = source.table_on(date(2026, 7, 1))
        text = HEAD + "[versions.table]\n"
        text += f"buckets = {[str(bucket) for bucket in table.buckets]}\n"
        text += f"weekday = {[list(row) for row in table.weekday]}\n"
        text += f"weekend = {[list(row) for row in table.weekend]}\n" + YEAR
        made = load_calendars(folder_with(tmp_path, text)).calendar("TEST")

        for day in (date(2026, 7, 1), date(2026, 7, 5), date(2026, 1, 6)):
            assert (made.minutes_of(day) == source.minutes_of(day)).all()
        assert made.table_on(date(2026, 7, 1)) == table

    def test_windows_within_an_hour_have_no_table(self, tmp_path: Path) -> None:
        text = HEAD + YEAR + 'otherwise = "off_peak"\n'
        text += 'windows = [{ bucket = "on_peak", hours = "16:30-21:00" }]'
        made = load_calendars(folder_with(tmp_path, text)).calendar("TEST")

        with pytest.raises(ValueError, match="not full hours"):
            made.table_on(date(2026, 7, 1))


class TestRefusedFiles:
    @pytest.mark.parametrize(
        ("rest", "words"),
        [
            ("[versions.seasons.year]\nmonths = [1,2]\notherwise = 'total'", "each of the twelve"),
            (YEAR, "`otherwise` is missing"),
            (
                YEAR + "otherwise = 'off_peak'\nwindows = ["
                "{ bucket = 'on_peak', hours = '16:00-21:00' },"
                "{ bucket = 'mid_peak', hours = '20:00-22:00', days = 'weekday' }]",
                "overlap",
            ),
            (
                YEAR + "otherwise = 'off_peak'\nwindows = ["
                "{ bucket = 'on_peak', hours = '21:00-16:00' }]",
                "ends after it begins",
            ),
            (
                YEAR + "otherwise = 'off_peak'\nwindows = ["
                "{ bucket = 'on_peak', hours = '25:00-26:00' }]",
                "is not like 16:00-21:00",
            ),
        ],
    )
    def test_the_reason_is_said(self, tmp_path: Path, rest: str, words: str) -> None:
        with pytest.raises(CalendarFileRefused, match=words):
            load_calendars(folder_with(tmp_path, HEAD + rest))

    def test_an_unknown_holiday_list(self, tmp_path: Path) -> None:
        text = (HEAD + YEAR + "otherwise = 'total'").replace('holidays = "pge"', 'holidays = "x"')

        with pytest.raises(CalendarFileRefused, match="no holiday list x"):
            load_calendars(folder_with(tmp_path, text))

    @pytest.mark.parametrize("zone", ["Nowhere/Land", "America", ""])
    def test_a_zone_that_does_not_exist(self, tmp_path: Path, zone: str) -> None:
        text = (HEAD + YEAR + "otherwise = 'total'").replace(
            'holidays = "pge"', f'holidays = "pge"\nzone = "{zone}"'
        )

        with pytest.raises(CalendarFileRefused, match="no time zone"):
            load_calendars(folder_with(tmp_path, text))

    def test_not_toml(self, tmp_path: Path) -> None:
        with pytest.raises(CalendarFileRefused, match="cannot be read"):
            load_calendars(folder_with(tmp_path, "calendar_id ="))

    def test_windows_on_other_days_or_months_do_not_overlap(self) -> None:
        one = WindowRule.model_validate(
            {"bucket": "on_peak", "hours": "16:00-21:00", "days": "weekday"}
        )
        other = WindowRule.model_validate(
            {"bucket": "mid_peak", "hours": "16:00-21:00", "days": "weekend"}
        )

        assert not one.meets(other)

    def test_two_versions_of_one_name(self) -> None:
        file = BOOK.files["PGE-E-1"]
        twice = file.model_dump() | {"versions": [file.versions[0].model_dump()] * 2}

        with pytest.raises(ValueError, match="two versions"):
            CalendarFile.model_validate(twice)
