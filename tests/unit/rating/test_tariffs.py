from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rating.calendars import load_calendars
from services.rating.engine.hours import calendar_of
from services.rating.holds import RateNotFound, TaxUnknown
from services.rating.rate_usage import Rated, rate
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook, build_book
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import CityTax, SurchargeRate
from shared.contracts.parts import Environment
from tests.unit.rating.words import JUNE, MCE, TODAY, enrolled, meter, price_book, usage

BOOK = price_book()
KEY = BOOK.key("mce", "pge", "E-TOU-C", None, "SAN RAFAEL", TODAY)
SHEET = BOOK.select(KEY, date(2026, 6, 1), TODAY)
SDCP = Scope("sdcp", "sdge", Environment.TEST)


def book_with(*plans: PlanFile) -> PriceBook:
    """The usual book with more plans."""
    return build_book([*BOOK.plans, *plans], [BOOK.taxes], BOOK.ccas.values())


def sheet(**changes: object) -> PlanFile:
    """MCE's E-TOU-C sheet with other words in some places."""
    return PlanFile.model_validate(SHEET.model_dump(mode="json") | changes)


class TestAPlanIsChosen:
    def test_by_the_latest_effective_date(self) -> None:
        book = book_with(sheet(version="v2", effective_from="2026-06-15", known_from="2026-06-01"))

        assert book.select(KEY, date(2026, 6, 14), TODAY).version == "2026-04-01"
        assert book.select(KEY, date(2026, 6, 15), TODAY).version == "v2"

    def test_by_what_was_known_on_the_day_of_rating(self) -> None:
        book = book_with(sheet(version="v2", known_from="2026-06-30"))

        assert book.select(KEY, date(2026, 6, 1), date(2026, 6, 29)).version == "2026-04-01"
        assert book.select(KEY, date(2026, 6, 1), date(2026, 6, 30)).version == "v2"

    def test_never_when_two_plans_claim_the_day(self) -> None:
        book = book_with(sheet(plan_id="MCE-OTHER"))

        with pytest.raises(RateNotFound, match="more than one plan"):
            book.select(KEY, date(2026, 6, 1), TODAY)

    def test_never_before_its_first_day(self) -> None:
        with pytest.raises(RateNotFound, match="no plan"):
            BOOK.select(KEY, date(2026, 3, 31), TODAY)

    @pytest.mark.parametrize(
        ("city", "plan_id"),
        [("SAN DIEGO", "SDCP-TOU-DR1-2021V"), ("National  City", "SDCP-TOU-DR1-2022V")],
    )
    def test_by_the_cohort_of_the_city(self, city: str, plan_id: str) -> None:
        key = BOOK.key("sdcp", "sdge", "TOU-DR1", None, city, TODAY)

        assert BOOK.select(key, date(2026, 6, 1), TODAY).plan_id == plan_id

    def test_never_for_a_city_without_a_cohort(self) -> None:
        item = usage("U1", meter(JUNE, {"on": "1"}, rate_code="TOU-DR1"))

        held = rate(item, SDCP, enrolled(rate_code="TOU-DR1", city="FRESNO"), BOOK, TODAY)

        assert getattr(held, "code", None) == "RATE_NOT_FOUND"


days = st.dates(date(2026, 4, 1), date(2027, 3, 31))
versions = st.lists(st.tuples(days, days), min_size=1, max_size=6)


class TestWhateverIsKnownWhen:
    """Two times: since when a price counts, and since when we know it."""

    def book(self, dates: list[tuple[date, date]]) -> PriceBook:
        plans = [
            sheet(version=f"v{n}", effective_from=str(effective), known_from=str(known))
            for n, (effective, known) in enumerate(dates)
        ]
        return build_book(plans, [BOOK.taxes], BOOK.ccas.values())

    @given(dates=versions, day=days, known_on=days)
    def test_the_plan_of_a_day_was_in_effect_and_known(
        self, dates: list[tuple[date, date]], day: date, known_on: date
    ) -> None:
        open_to_us = [pair for pair in dates if pair[0] <= day and pair[1] <= known_on]

        try:
            chosen = self.book(dates).select(KEY, day, known_on)
        except RateNotFound:
            assert not open_to_us
            return

        assert (chosen.effective_from, chosen.known_from) == max(open_to_us)

    @given(dates=versions, later=st.tuples(days, days), day=days, known_on=days)
    def test_what_we_learn_later_changes_nothing_that_we_said_before(
        self,
        dates: list[tuple[date, date]],
        later: tuple[date, date],
        day: date,
        known_on: date,
    ) -> None:
        if later[1] <= known_on:
            return
        before, after = self.book(dates), self.book([*dates, later])

        assert _said(before, day, known_on) == _said(after, day, known_on)

    @given(dates=versions, start=days, length=st.integers(1, 40), known_on=days)
    def test_a_period_is_cut_into_the_plans_of_its_days(
        self, dates: list[tuple[date, date]], start: date, length: int, known_on: date
    ) -> None:
        book, end = self.book(dates), start + timedelta(days=length)
        of_days = [_said(book, start + timedelta(days=n), known_on) for n in range(length)]

        try:
            spans = book.spans(KEY, start, end, known_on)
        except RateNotFound:
            assert None in of_days
            return

        cut = [span.plan.version for span in spans for _ in range((span.end - span.start).days)]
        assert cut == of_days
        assert [span.end for span in spans[:-1]] == [span.start for span in spans[1:]]

    def test_hours_and_prices_have_versions_of_their_own(self) -> None:
        calendars = load_calendars()
        plan = BOOK.select(SDCP_KEY, date(2026, 6, 1), TODAY)
        before, after = date(2026, 4, 30), date(2026, 5, 1)

        hours = calendar_of(plan, calendars, TODAY)

        assert hours.version_on(before).version != hours.version_on(after).version
        assert plan.covers(after)


SDCP_KEY = BOOK.key("sdcp", "sdge", "TOU-DR1", None, "SAN DIEGO", TODAY)


def _said(book: PriceBook, day: date, known_on: date) -> str | None:
    try:
        return book.select(KEY, day, known_on).version
    except RateNotFound:
        return None


class TestAPeriodIsCut:
    def test_where_a_credit_expires(self) -> None:
        item = usage(period=(date(2026, 12, 16), date(2027, 1, 16)))

        bill = rate(item, MCE, enrolled(), BOOK, TODAY)

        assert isinstance(bill, Rated)
        expiring = [line.label for line in bill.lines if line.code == "ENC003"]
        assert expiring == ["COST RELIEF CREDIT 12/16-12/31 PRORATED"]

    def test_where_a_price_changes(self) -> None:
        book = book_with(sheet(version="v2", effective_from="2026-06-15", known_from="2026-06-01"))

        bill = rate(usage(), MCE, enrolled(), book, TODAY)

        assert isinstance(bill, Rated)
        assert bill.plan_version == "2026-04-01+v2"
        energy = [n.quantity_micro or 0 for n in bill.lines if n.line_id.startswith("generation")]
        assert sum(energy) == 300_000_000

    def test_where_a_city_tax_changes(self) -> None:
        tax = CityTax(
            city="SAN RAFAEL", rate_micro=50_000, effective_from=date(2026, 6, 21), source="test"
        )

        bill = rate(usage(), MCE, enrolled(), price_book([tax]), TODAY)

        assert isinstance(bill, Rated)
        assert [line.line_id for line in bill.lines if line.code == "UT"] == [
            "user_tax.all.20260621"
        ]


class TestTheParticularsOfACca:
    def test_are_those_known_on_the_day_of_rating(self) -> None:
        later = BOOK.ccas["mce"].model_copy(
            update={
                "version": "new",
                "known_from": date(2026, 12, 1),
                "default_product": "DEEP_GREEN",
            }
        )
        book = build_book(BOOK.plans, [BOOK.taxes], [*BOOK.ccas.values(), later])

        asked = ("mce", "pge", "E-TOU-C", None, "SAN RAFAEL")
        assert book.key(*asked, date(2026, 11, 30)).product == "LIGHT_GREEN"
        assert book.key(*asked, date(2026, 12, 1)).product == "DEEP_GREEN"


class TestTaxes:
    def test_are_those_known_on_the_day_of_rating(self) -> None:
        base = price_book()
        later = base.taxes.model_copy(
            update={
                "version": "corrected",
                "known_from": date(2026, 12, 1),
                "energy_surcharge": (
                    SurchargeRate(rate_micro=100, effective_from=date(2020, 1, 1), source="a test"),
                ),
            }
        )
        book = build_book(base.plans, [base.taxes, later], base.ccas.values())

        assert book.taxes_on(date(2026, 11, 30)).version == base.taxes.version
        assert book.taxes_on(date(2026, 12, 1)) == book.taxes == later
        then, now = (
            rate(usage(), MCE, enrolled(), book, known_on)
            for known_on in (TODAY, date(2026, 12, 1))
        )
        assert isinstance(then, Rated)
        assert isinstance(now, Rated)
        assert [bill.lines[-1].cents for bill in (then, now)] == [9, 3]
        with pytest.raises(TaxUnknown, match="no taxes were known"):
            build_book(base.plans, [later], []).taxes_on(TODAY)


class TestTheEnergySurcharge:
    def test_follows_the_first_day_of_the_billing_period(self) -> None:
        assert BOOK.taxes.surcharge_micro(date(2026, 6, 6)) == 300

    def test_may_not_be_more_than_the_law_allows(self) -> None:
        with pytest.raises(ValueError, match="less than or equal to 300"):
            type(BOOK.taxes.energy_surcharge[0])(
                rate_micro=301, effective_from=date(2026, 1, 1), source="test"
            )
