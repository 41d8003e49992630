"""A plan's prices by the interval: as the state's MIDAS answers them, and as it takes uploads."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from services.rating.calendars import Calendar, load_calendars
from services.rating.calendars.book import CalendarBook
from services.rating.calendars.calendar_file import CalendarVersion
from services.rating.engine.hours import calendar_of
from services.rating.tariffs.files import PLANS_FOLDER, read_folder
from services.rating.tariffs.midas import (
    VALUES_MAX,
    MidasRate,
    NotForMidas,
    midas_answer,
    midas_rate,
)
from services.rating.tariffs.midas_upload import midas_upload
from services.rating.tariffs.plan import PlanFile

FOLDER = read_folder(PLANS_FOLDER)
CALENDARS = load_calendars()
NOON = datetime(2026, 11, 23, 20, tzinfo=UTC)
SHEET = next(p for p in FOLDER.plans if p.plan_id == "MCE-E-TOU-C")
PRINTED = next(p for p in FOLDER.plans if p.rin)
JULY = (date(2026, 7, 1), date(2026, 7, 2))


def hours_of(plan: PlanFile) -> Calendar:
    """The calendar of a plan."""
    return calendar_of(plan, CALENDARS, NOON.date())


def rate_of(first: date, last: date, minutes: int | None = None) -> MidasRate:
    """3CE's default product on some days."""
    return midas_rate(PRINTED, hours_of(PRINTED), "3CCHOICE", (first, last), minutes)


def named(**changes: object) -> PlanFile:
    """MCE's plan with a RIN, and other words in some places."""
    changed = SHEET.model_dump(mode="json") | {"rin": "USCA-XXMC-0001-PGE"} | changes
    return PlanFile.model_validate(changed)


def half_hours() -> Calendar:
    """3CE's calendar with a second version, from 2 July: its peak begins at half past four."""
    file = CALENDARS.files[PRINTED.calendar or ""]
    (version,) = file.versions[-1:]
    later = version.model_copy(update={"version": "half", "effective_from": date(2026, 7, 2)})
    text = later.model_dump_json().replace("16:00-21:00", "16:30-21:00")
    both = file.model_copy(
        update={"versions": (version, CalendarVersion.model_validate_json(text))}
    )
    return CalendarBook(both.singles, CALENDARS.lists).calendar(file.calendar_id)


class TestAMidasRate:
    @pytest.mark.parametrize(
        ("day", "hours"), [("2026-11-01", 25), ("2026-03-08", 23), ("2026-07-01", 24)]
    )
    def test_has_the_hours_of_the_day(self, day: str, hours: int) -> None:
        first = date.fromisoformat(day)

        assert len(rate_of(first, first + timedelta(days=1)).prices) == hours

    def test_has_one_length_of_interval_through_every_version_of_the_hours(self) -> None:
        days = (date(2026, 7, 1), date(2026, 7, 3))

        prices = midas_rate(PRINTED, half_hours(), "3CCHOICE", days).prices

        begins = [f"{price.first:%H:%M}" for price in prices if price.name == "summer on peak"]
        assert (begins[0], begins[20]) == ("23:00", "23:30")
        assert len(prices) == 2 * 24 * 4

    def test_is_cut_as_its_number_was_first_uploaded(self) -> None:
        assert len(rate_of(*JULY, minutes=15).prices) == 24 * 4
        assert len(rate_of(*JULY, minutes=5).prices) == 24 * 12

    def test_counts_adders_of_the_product(self) -> None:
        plan = named()

        rate = midas_rate(plan, hours_of(plan), "DEEP_GREEN", JULY)

        assert rate.prices[0].dollars == Decimal(".10482") + Decimal(".0125") - Decimal(".0062")

    @pytest.mark.parametrize(
        ("plan", "product", "days", "minutes"),
        [
            (SHEET, "LIGHT_GREEN", 1, None),
            (PRINTED, "3CPRIME", 1, None),
            (PRINTED, "3CCHOICE", 0, None),
            (PRINTED, "3CCHOICE", 367, None),
            (PRINTED, "3CCHOICE", 1, 30),
            (PRINTED, "3CCHOICE", VALUES_MAX // (24 * 12) + 1, 5),
        ],
    )
    def test_that_cannot_be_made_is_refused(
        self, plan: PlanFile, product: str, days: int, minutes: int | None
    ) -> None:
        span = (date(2026, 7, 1), date(2026, 7, 1) + timedelta(days=days))

        with pytest.raises(NotForMidas):
            midas_rate(plan, hours_of(plan), product, span, minutes)

    def test_is_refused_where_an_interval_would_lie_in_two_buckets(self) -> None:
        days = (date(2026, 7, 2), date(2026, 7, 3))

        with pytest.raises(NotForMidas, match=r"60 minutes: .* are 15, 5"):
            midas_rate(PRINTED, half_hours(), "3CCHOICE", days, 60)


class TestAnAnswer:
    def rows(self, first: date, last: date) -> list[dict[str, str]]:
        text = midas_answer(rate_of(first, last), NOON)
        found: list[dict[str, str]] = json.loads(text, parse_float=str)["ValueInformation"]
        return found

    def test_begins_at_local_midnight_in_utc(self) -> None:
        assert self.rows(*JULY)[0] == {
            "ValueName": "summer off peak",
            "DateStart": "2026-07-01",
            "DateEnd": "2026-07-01",
            "DayStart": "Wednesday",
            "DayEnd": "Wednesday",
            "TimeStart": "07:00:00",
            "TimeEnd": "07:59:59",
            "Value": "0.093760",
            "Unit": "$/kWh",
        }

    def test_has_the_fields_and_words_of_version_two(self) -> None:
        made = json.loads(midas_answer(rate_of(date(2026, 7, 3), date(2026, 7, 5)), NOON))
        rows = made.pop("ValueInformation")

        assert set(made) == {
            *("RateID", "SystemTime_UTC", "RateName", "RateType", "Sector", "EndUse", "API_Url"),
            *("RatePlan_Url", "AltRateName1", "AltRateName2", "SignupCloseDate"),
        }
        assert all(value is None or isinstance(value, str) for value in made.values())
        assert re.fullmatch(r"USCA-\w{4}-\w{4}-\w{1,10}", made["RateID"])
        assert datetime.fromisoformat(made["SystemTime_UTC"]) == NOON
        for row in rows:
            begin, end = (
                datetime.fromisoformat(f"{row[f'Date{side}']}T{row[f'Time{side}']}Z")
                for side in ("Start", "End")
            )
            assert (end - begin).total_seconds() == 3_599
            assert isinstance(row["Value"], float)
            assert row["Unit"] == "$/kWh"
            assert {row["DayStart"], row["DayEnd"]} <= {"Holiday", "Saturday"}
            assert len(row) == 9

    def test_names_holidays(self) -> None:
        days = {row["DayStart"] for row in self.rows(date(2026, 12, 25), date(2026, 12, 26))}

        assert days == {"Holiday"}


class TestAnUpload:
    """Against the structure of the commission's `MIDAS-upload-XML-schema.xsd`."""

    REQUIRED = frozenset({"RateID", "RateName", "RateType", "ValueInformation"})
    ALLOWED = REQUIRED | {
        *("AltRateName1", "AltRateName2", "SignupCloseDate", "RatePlan_Url", "Sector"),
        *("API_Url", "EndUse"),
    }
    VALUE = frozenset(
        {
            *("DateStart", "DateEnd", "DayStart", "DayEnd", "TimeStart", "TimeEnd"),
            *("Value", "ValueName", "Unit"),
        }
    )

    def information(self, rate: MidasRate) -> Element:
        root: Element = fromstring(midas_upload(rate).encode("ascii"))
        assert root.tag == "DemandData"
        (only,) = root
        assert only.tag == "RateInformation"
        return only

    def words(self, element: Element) -> dict[str, str]:
        found = {child.tag: child.text or "" for child in element}
        assert len(found) == len(element)
        assert not any(child.attrib for child in element)
        return found

    def test_has_each_element_of_the_schema_at_most_once_and_no_other(self) -> None:
        head = self.information(rate_of(*JULY))
        values = head.find("ValueInformation")

        assert values is not None
        assert set(self.words(head)) >= self.REQUIRED
        assert set(self.words(head)) <= self.ALLOWED
        assert self.words(head)["RateType"] == "TOU"
        assert {child.tag for child in values} == {"ValueData"}
        assert len(values) == 24
        for each in values:
            said = self.words(each)
            assert set(said) == self.VALUE
            assert all(said.values())
            assert {said["DayStart"], said["DayEnd"]} <= set("12345678")
            assert said["Unit"] == "$/kWh"

    def test_says_what_the_answer_says(self) -> None:
        rate = rate_of(date(2026, 12, 24), date(2026, 12, 28))
        days = {"Thursday": "4", "Holiday": "8", "Saturday": "6", "Sunday": "7"}
        values = self.information(rate).find("ValueInformation")
        answered = json.loads(midas_answer(rate, NOON), parse_float=str)["ValueInformation"]

        assert values is not None
        assert [self.words(each) for each in values] == [
            row | {side: days[row[side]] for side in ("DayStart", "DayEnd")} for row in answered
        ]

    def test_keeps_every_letter_of_a_title(self) -> None:
        title = "Peak & <off-peak> – “Señor”"
        plan = named(title=title)
        rate = midas_rate(plan, hours_of(plan), "LIGHT_GREEN", JULY)

        assert self.words(self.information(rate))["AltRateName1"] == title

    def test_leaves_out_what_is_not_known(self) -> None:
        plan = named(source_url=None)
        rate = midas_rate(plan, hours_of(plan), "LIGHT_GREEN", JULY)

        assert set(self.words(self.information(rate))) == self.REQUIRED | {"AltRateName1"}
