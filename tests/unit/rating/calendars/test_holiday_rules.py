from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest

from services.rating.calendars import load_calendars
from services.rating.calendars.holiday_rules import (
    Holiday,
    HolidayList,
    day_of,
)

LISTS = load_calendars().holidays
EIGHT = (
    "New Year's Day",
    "Washington's Birthday",
    "Memorial Day",
    "Independence Day",
    "Labor Day",
    "Veterans Day",
    "Thanksgiving Day",
    "Christmas Day",
)


def is_one_of_eight(names: str) -> bool:
    """A day may have several names; Juneteenth's ends like that of the Fourth of July."""
    return any(name.removesuffix(" (observed)") in EIGHT for name in names.split("; "))


class TestRules:
    def test_a_fixed_day_is_month_and_day(self) -> None:
        assert day_of("07-04", 2026) == date(2026, 7, 4)

    def test_a_floating_day_is_counted_from_the_first(self) -> None:
        assert day_of("third monday of february", 2026) == date(2026, 2, 16)
        assert day_of("fourth thursday of november", 2026) == date(2026, 11, 26)

    def test_last_is_counted_from_the_end_also_in_december(self) -> None:
        assert day_of("last monday of may", 2026) == date(2026, 5, 25)
        assert day_of("last thursday of december", 2026) == date(2026, 12, 31)

    def test_anything_else_is_refused(self) -> None:
        with pytest.raises(ValueError, match="easter"):
            day_of("easter", 2026)

    @pytest.mark.parametrize(
        ("rule", "words"), [("fifth monday of may", "neither"), ("02-29", "day is out of range")]
    )
    def test_a_day_that_some_year_has_not_is_refused(self, rule: str, words: str) -> None:
        with pytest.raises(ValueError, match=words):
            HolidayList(
                list_id="odd",
                version="1",
                effective_from=date(2020, 1, 1),
                known_from=date(2020, 1, 1),
                source="none",
                saturday_to_friday=False,
                sunday_to_monday=False,
                days=(Holiday(name="Odd", on=rule),),
            )


class TestObservance:
    def test_july_fourth_of_2026_is_observed_on_friday_at_pge_only(self) -> None:
        friday = date(2026, 7, 3)

        assert LISTS["pge"].is_holiday(friday)
        assert not LISTS["sdge"].is_holiday(friday)
        assert not LISTS["sce"].is_holiday(friday)

    def test_a_sunday_holiday_is_observed_on_monday_everywhere(self) -> None:
        monday = date(2027, 7, 5)

        assert all(each.is_holiday(monday) for each in LISTS.values())

    def test_a_new_year_on_saturday_is_observed_in_the_old_year_at_pge(self) -> None:
        assert LISTS["pge"].is_holiday(date(2027, 12, 31))
        assert not LISTS["sdge"].is_holiday(date(2027, 12, 31))

    def test_days_that_other_lists_have_are_ordinary(self) -> None:
        juneteenth, king = date(2026, 6, 19), date(2026, 1, 19)

        assert not any(
            each.is_holiday(day) for each in LISTS.values() for day in (juneteenth, king)
        )


class TestAgainstAnotherSource:
    """The `holidays` package knows the federal days by itself, with the observance of PG&E."""

    @pytest.mark.parametrize("year", range(2019, 2041))
    def test_pge_observes_as_the_federal_government_does(self, year: int) -> None:
        found = holidays.country_holidays("US", years=(year, year + 1), observed=True)
        weekdays = {
            day
            for day, names in found.items()
            if is_one_of_eight(names) and day.weekday() < 5 and day.year == year
        }

        ours = {day for day in LISTS["pge"].observed_in(year) if day.weekday() < 5}

        assert ours == weekdays

    @pytest.mark.parametrize("year", range(2019, 2041))
    def test_sdge_and_sce_move_sundays_and_leave_saturdays(self, year: int) -> None:
        found = holidays.country_holidays("US", years=year, observed=False)
        days = {day for day, names in found.items() if is_one_of_eight(names)}
        moved = {day + timedelta(days=1) if day.weekday() == 6 else day for day in days}

        assert LISTS["sdge"].observed_in(year) == moved
        assert LISTS["sce"].observed_in(year) == moved
