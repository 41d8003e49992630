"""Calendars, holidays and export prices count once a second person stands for them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from fastapi import Request
from httpx import ASGITransport, AsyncClient

from services.rating.calendars.book import CalendarFileRefused, load_calendars
from services.rating.intervals.take import take
from services.rating.rate_usage import Rated, rate
from services.rating.store_activation import (
    CALENDAR_KIND,
    HOLIDAYS_KIND,
    HolidaysNotActive,
    SecondPersonNeeded,
    TariffKey,
)
from services.rating.store_shared import list_data, load_calendar_book
from services.rating.store_tariffs import TariffVersionTaken, import_files, load_book
from services.rating.tariffs.book import PriceBook
from services.rating.tariffs.files import TariffFile
from shared.contracts.parts import Purpose
from shared.platform.http import create_app
from shared.platform.web.identity import Principal, Role
from tests.integration.rating.office import NOON, Office, enrollment, usage_report
from tests.integration.rating.rerun_words import run
from tests.unit.rating.interval_words import (
    JUNE_FIRST,
    interval_report,
    interval_usage,
    whole_days,
)
from tests.unit.rating.words import MCE, TODAY, enrolled, request, usage

SHIPPED = load_calendars()
LATER = date(2026, 12, 1)
JULY = (date(2026, 7, 1), date(2026, 7, 31))
EVENING = TariffKey(CALENDAR_KIND, "PGE-E-TOU-C", "evening")


def evening(known: date = LATER) -> TariffFile:
    """PG&E's hours, learned of in December: since June the peak ends an hour earlier."""
    text = SHIPPED.files["PGE-E-TOU-C"].singles[-1].model_dump_json()
    content = json.loads(text.replace("16:00-21:00", "16:00-20:00"))
    content["versions"][0] |= {
        "version": "evening",
        "effective_from": "2026-06-01",
        "known_from": str(known),
        "source": "made up for a test",
    }
    return type(SHIPPED.files["PGE-E-TOU-C"]).model_validate(content)


def sales_day(on: str = "06-17", **others: object) -> TariffFile:
    """PG&E's holidays with one more; in 2026 that is a Wednesday of June."""
    (pge,) = SHIPPED.holidays["pge"].versions
    days = [*pge.model_dump()["days"], {"name": "Sales Day", "on": on}]
    new = {"version": "sales", "effective_from": "2026-01-01", "known_from": "2026-02-01"}
    return type(pge).model_validate(pge.model_dump() | new | {"days": days} | others)


async def bring(office: Office, *files: TariffFile, by: str = "jane") -> None:
    async with office.service.database.unit_of_work() as session:
        await import_files(session, files, NOON, by)


async def book_of(office: Office) -> PriceBook:
    async with office.service.database.read() as session:
        found = await load_book(session)
    assert found is not None
    return found


def june(book: PriceBook, known_on: date) -> Rated:
    """A household that uses 400 W all June."""
    taken = take(interval_usage("U1", whole_days(JUNE_FIRST, 30)))
    found = rate(taken.item, MCE, enrolled(), book, known_on, readings=taken.blocks)
    assert isinstance(found, Rated), found
    return found


def on_peak_kwh(bill: Rated) -> Decimal:
    (line,) = [one for one in bill.lines if one.line_id.startswith("generation.on_peak")]
    return Decimal(line.quantity_micro or 0).scaleb(-6)


class TestACalendar:
    async def test_that_came_with_the_program_is_active(self, office: Office) -> None:
        async with office.service.database.read() as session:
            listed = await list_data(session, [CALENDAR_KIND, HOLIDAYS_KIND])
            book = await load_calendar_book(session)

        assert set(book.files) == set(SHIPPED.files)
        assert {one.activated_by for one in listed} == {"seed"}
        sdge = [one for one in listed if one.key.name == "SDGE-TOU"]
        assert [str(one.effective_from) for one in sdge] == sorted(
            str(one.versions[0].effective_from) for one in SHIPPED.files["SDGE-TOU"].singles
        )

    async def test_of_a_person_is_a_draft_until_another_activates_it(self, office: Office) -> None:
        await bring(office, evening())
        before = on_peak_kwh(june(await book_of(office), LATER))

        with pytest.raises(SecondPersonNeeded):
            await office.service.activate_tariff(EVENING, "jane")
        await office.service.activate_tariff(EVENING, "joe", "read the advice letter")

        after = on_peak_kwh(june(await book_of(office), LATER))
        assert (before, after) == (Decimal(60), Decimal(48))  # 0.4 kW x 5 and 4 hours x 30 days

    async def test_is_used_as_it_was_known(self, office: Office) -> None:
        await bring(office, evening())
        await office.service.activate_tariff(EVENING, "joe")
        book = await book_of(office)

        then, now = june(book, TODAY), june(book, LATER)

        assert TODAY < LATER
        assert (on_peak_kwh(then), on_peak_kwh(now)) == (Decimal(60), Decimal(48))
        assert now.explanation.hours == ("PGE-E-TOU-C evening, holidays pge 2000",)
        assert then.explanation.hours != now.explanation.hours

    async def test_is_never_changed_once_imported(self, office: Office) -> None:
        await bring(office, evening())
        other = evening().model_copy(update={"title": "Something else"})

        with pytest.raises(TariffVersionTaken, match="calendar PGE-E-TOU-C evening"):
            await bring(office, other)

    async def test_may_be_described_better_by_a_newer_program(self, office: Office) -> None:
        shipped = SHIPPED.files["SDGE-TOU"].singles[0]
        (version,) = shipped.versions
        told = shipped.model_copy(
            update={"versions": (version.model_copy(update={"source": "Schedule TOU-DR1"}),)}
        )
        later = shipped.model_copy(
            update={"versions": (version.model_copy(update={"clock": "standard"}),)}
        )

        await bring(office, told, by="program")

        with pytest.raises(TariffVersionTaken):
            await bring(office, told)
        with pytest.raises(TariffVersionTaken):
            await bring(office, later, by="program")

    async def test_keeps_its_utility_through_all_versions(self, office: Office) -> None:
        with pytest.raises(CalendarFileRefused, match="keeps utility, zone and holiday list"):
            await bring(office, evening().model_copy(update={"holidays": "sdge"}))

    async def test_waits_for_its_holidays(self, office: Office) -> None:
        moved = evening().model_copy(update={"calendar_id": "OTHER", "holidays": "other"})
        with pytest.raises(CalendarFileRefused, match="no holiday list other"):
            await bring(office, moved)
        await bring(office, moved, sales_day(list_id="other"))
        key = TariffKey(CALENDAR_KIND, "OTHER", "evening")

        with pytest.raises(HolidaysNotActive):
            await office.service.activate_tariff(key, "joe")
        await office.service.activate_tariff(TariffKey(HOLIDAYS_KIND, "other", "sales"), "joe")
        await office.service.activate_tariff(key, "joe")


class TestBillsOfWrongHours:
    async def test_are_rated_again_by_those_known_now_and_taken_back_as_they_were(
        self, office: Office
    ) -> None:
        await office.tell(enrollment(request()))
        await office.tell(interval_report(interval_usage("U1", whole_days(JUNE_FIRST, 30))))
        await bring(office, evening(known=NOON.date()))
        await office.service.activate_tariff(EVENING, "joe")

        job = await run(office)

        first, cancel, rebill = office.charges
        assert job.progress.outcomes == {"rebilled": 1}
        assert (cancel.lines, cancel.purpose) == (first.lines, Purpose.CANCEL)
        assert [bill.lines[0].quantity for bill in (first, rebill)] == [60, 48]
        assert rebill.total < first.total


class TestAHoliday:
    async def test_that_is_added_counts_from_its_day_on(self, office: Office) -> None:
        await bring(office, sales_day())
        await office.service.activate_tariff(TariffKey(HOLIDAYS_KIND, "pge", "sales"), "joe")

        days = (await book_of(office)).calendars
        assert days.holiday_list("pge", TODAY).is_holiday(date(2026, 6, 17))
        assert not days.holiday_list("pge", TODAY).is_holiday(date(2025, 6, 17))
        assert not days.holiday_list("pge", date(2026, 1, 15)).is_holiday(date(2026, 6, 17))

    async def test_moves_the_bill_windows_of_usage_that_comes_once_it_counts(
        self, office: Office
    ) -> None:
        await bring(office, sales_day(on="11-27"))
        await office.tell(enrollment(request()))
        await office.tell(usage_report(usage()))
        await office.service.activate_tariff(TariffKey(HOLIDAYS_KIND, "pge", "sales"), "joe")
        await office.tell(usage_report(usage("U2", period=JULY)))

        due = await office.column(
            "SELECT (due_at AT TIME ZONE 'America/Los_Angeles')::date::text FROM rating.bills "
            "ORDER BY month"
        )

        # Three business days after Monday the 23rd, Thanksgiving left out; then Friday too.
        assert due == ["2026-11-27", "2026-11-30"]


class Porter:
    """Knows people by a header, and lets Jill into one CCA alone."""

    async def identify(self, request: Request) -> Principal | None:
        name = request.headers.get("x-name", "")
        ccas = ("mce",) if name == "jill" else None
        return Principal(UUID(int=1), name, Role.OPERATOR, ccas) if name else None


@pytest.fixture
async def http(office: Office) -> AsyncIterator[AsyncClient]:
    async def ready() -> dict[str, bool]:
        return {}

    app = create_app("rating", routers=[office.service.router], ready=ready, doorkeeper=Porter())
    transport = ASGITransport(app=app)
    async with AsyncClient(transport=transport, base_url="http://rating/rating/v1") as client:
        yield client


class TestTheApi:
    async def test_imports_compares_and_activates(self, http: AsyncClient) -> None:
        jane, joe = {"x-name": "jane"}, {"x-name": "joe"}
        body = evening().model_dump(mode="json")
        shipped = SHIPPED.files["PGE-E-TOU-C"].versions[-1].version
        place = "/calendars/PGE-E-TOU-C"

        imported = await http.post("/calendars", json=body, headers=jane)
        compared = await http.get(f"{place}/{shipped}/diff?other=evening", headers=jane)
        alone = await http.post(f"{place}/evening/activation", json={}, headers=jane)
        both = await http.post(f"{place}/evening/activation", json={}, headers=joe)
        listed = await http.get("/calendars", headers=joe)
        shown = await http.get(f"{place}/evening", headers=joe)

        assert (imported.status_code, alone.status_code, both.status_code) == (201, 409, 201)
        assert "2027: 365.00 hours move from on_peak to off_peak" in compared.json()["effects"]
        words = [one["words"] for one in compared.json()["differences"]]
        assert "seasons.summer.16:00-20:00 on all days: new, on_peak" in words
        (mine,) = [one for one in listed.json() if one["version"] == "evening"]
        assert (mine["imported_by"], mine["activated_by"]) == ("jane", "joe")
        assert shown.json()["content"]["calendar_id"] == "PGE-E-TOU-C"

    async def test_is_for_people_who_are_let_into_every_cca(self, http: AsyncClient) -> None:
        body = evening().model_dump(mode="json")

        answer = await http.post("/calendars?cca=mce", json=body, headers={"x-name": "jill"})

        assert answer.status_code == 403

    async def test_has_export_prices_too(self, http: AsyncClient) -> None:
        jane, joe = {"x-name": "jane"}, {"x-name": "joe"}
        place = "/export-prices/FICTIONAL-2023"
        prices = (await http.get(f"{place}/2023", headers=jane)).json()["content"]
        prices |= {"version": "corrected", "known_from": "2026-07-01"}

        imported = await http.post("/export-prices", json=prices, headers=jane)
        active = await http.post(f"{place}/corrected/activation", json={}, headers=joe)

        assert (imported.status_code, active.status_code) == (201, 201)
