"""Readings are priced by the hours in which they were used, and none is lost."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.rating.accounts import Agreement
from services.rating.holds import Hold
from services.rating.intervals.take import take
from services.rating.rate_usage import Rated, rate
from services.rating.scope import UTILITY_ZONE
from services.rating.tariffs.book import PriceBook, build_book
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import CityTax
from shared.contracts.intervals import IntervalUsage, MeterIntervals
from shared.contracts.usage import Direction
from tests.unit.rating.interval_words import (
    JUNE_FIRST,
    channel,
    interval_usage,
    midnight,
    run,
    whole_days,
)
from tests.unit.rating.words import MCE, TODAY, enrolled, meter, price_book, usage

BOOK = price_book()
QUARTER = timedelta(minutes=15)
PEAK_WH, OTHER_WH = 300, 50


def priced(item: IntervalUsage, agreement: Agreement | None = None) -> Rated | Hold:
    taken = take(item)
    return rate(taken.item, MCE, agreement or enrolled(), BOOK, TODAY, readings=taken.blocks)


def by_bucket(days: tuple[date, date], on_kwh: str, off_kwh: str) -> Rated:
    found = rate(
        usage("U1", meter(days, {"on": on_kwh, "off": off_kwh})), MCE, enrolled(), BOOK, TODAY
    )
    assert isinstance(found, Rated), found
    return found


def hold_code(item: IntervalUsage) -> str:
    found = priced(item)
    assert isinstance(found, Hold), found
    return found.code


def evenings(
    first: date, days: int, *, number: str = "M1", begins: datetime | None = None
) -> MeterIntervals:
    """300 Wh a quarter from four to nine in the evening, 50 Wh otherwise."""
    last = first + timedelta(days=days)
    start = begins or midnight(first)
    count = (midnight(last) - midnight(first)) // QUARTER
    local = [(start + n * QUARTER).astimezone(UTILITY_ZONE) for n in range(count)]
    readings = [PEAK_WH if 16 <= at.hour < 21 else OTHER_WH for at in local]
    return channel(run(start, readings), days=(first, last), number=number)


def kwh(days: int, quarters_off: int) -> tuple[str, str]:
    """What `evenings` uses in the evening, and otherwise."""
    on, off = days * 20 * PEAK_WH, quarters_off * OTHER_WH
    return str(Decimal(on).scaleb(-3)), str(Decimal(off).scaleb(-3))


class TestNetBilling:
    """Exports are paid by the hour; tables of prices that come with the program are fictional."""

    days = (JUNE_FIRST, date(2026, 7, 6))

    def book(self, **others: object) -> PriceBook:
        rules = {"model": "nbt", "code": "NBT001", "source": "test", **others}
        plans = [
            PlanFile.model_validate(plan.model_dump() | {"nem": rules})
            if plan.plan_id == "MCE-E-TOU-C"
            else plan
            for plan in BOOK.plans
        ]
        return build_book(plans, [BOOK.taxes], BOOK.ccas.values())

    def sunny(self, noon_wh: int) -> IntervalUsage:
        """100 Wh a quarter by night, and `noon_wh` to the grid in the hour after noon."""
        start = midnight(self.days[0])
        count = (midnight(self.days[1]) - start) // QUARTER
        local = [(start + n * QUARTER).astimezone(UTILITY_ZONE) for n in range(count)]
        used = [100 if at.hour < 6 else 0 for at in local]
        back = [noon_wh if at.hour == 12 else 0 for at in local]
        return interval_usage(
            "U1",
            channel(run(start, used), days=self.days),
            channel(run(start, back), days=self.days, direction=Direction.RECEIVED),
        )

    def rated(self, item: IntervalUsage, bank_cents: int = 0, **rules: object) -> Rated | Hold:
        taken = take(item)
        book = self.book(**rules)
        return rate(taken.item, MCE, enrolled(), book, TODAY, bank_cents, readings=taken.blocks)

    def test_exports_are_credited_at_the_price_of_their_hour(self) -> None:
        found = self.rated(self.sunny(250), export_prices="FICTIONAL-2023", bonus_micro=100_000)

        assert isinstance(found, Rated), found
        credit = next(line for line in found.lines if line.label == "EXPORT CREDIT")
        hours = {6: 25, 7: 5}
        prices = {6: Decimal("0.02172"), 7: Decimal("0.02182")}
        worth = sum(prices[month] * days for month, days in hours.items()) * Decimal("1.1")
        assert credit.quantity_micro == 30_000_000
        assert credit.signed_cents == -round(worth * 100)
        assert found.total_cents == sum(line.signed_cents for line in found.lines) > 0

    def test_exports_are_paid_a_dated_addition_besides(self) -> None:
        rules: dict[str, Any] = {"export_prices": "FICTIONAL-2023", "bonus_micro": 100_000}
        until: dict[str, Any] = {"adder_micro": 50_000, "adder_through": "2026-06-30"}

        plain, more = (
            self.rated(self.sunny(250), **rules),
            self.rated(self.sunny(250), **rules, **until),
        )

        assert isinstance(plain, Rated)
        assert isinstance(more, Rated)
        # 25 days of June with a kWh each; July has none of it, and no bonus is paid on it
        credits_ = [
            next(line for line in bill.lines if line.label == "EXPORT CREDIT").cents
            for bill in (plain, more)
        ]
        assert credits_[1] - credits_[0] == 125
        (why,) = [one for one in more.explanation.lines if one.line_id.startswith("export_credit")]
        assert why.rule.endswith(", and 0.050000 dollars a kWh through 2026-06-30")

    def test_more_credit_than_charges_waits_for_the_next_bill(self) -> None:
        found = self.rated(self.sunny(25_000), export_prices="FICTIONAL-2023")

        assert isinstance(found, Rated), found
        carried = next(line for line in found.lines if line.line_id.startswith("nem_bank."))
        assert carried.label == "EXPORT CREDIT CARRIED FORWARD"
        assert found.total_cents == sum(
            line.cents for line in found.lines if line.line_id.startswith("energy_surcharge")
        )

    def test_prices_that_are_not_there_hold_the_usage(self) -> None:
        found = self.rated(self.sunny(250), export_prices="NONE")

        assert isinstance(found, Hold)
        assert found.code == "RATE_NOT_FOUND"


class TestAMonthOfReadings:
    def test_is_charged_as_the_same_month_by_bucket(self) -> None:
        found = priced(interval_usage("U1", evenings(JUNE_FIRST, 30)))

        assert isinstance(found, Rated), found
        monthly = by_bucket((JUNE_FIRST, date(2026, 7, 6)), *kwh(30, 30 * 76))
        assert [(line.line_id, line.quantity_micro, line.cents) for line in found.lines] == [
            (line.line_id, line.quantity_micro, line.cents) for line in monthly.lines
        ]

    @pytest.mark.parametrize(
        ("day", "quarters"), [(date(2027, 3, 14), 92), (date(2026, 11, 1), 100)]
    )
    def test_counts_the_hours_of_the_days_when_clocks_change(
        self, day: date, quarters: int
    ) -> None:
        found = priced(interval_usage("U1", evenings(day, 2)))

        assert isinstance(found, Rated), found
        assert found.lines[1].quantity_micro == (quarters + 96 - 40) * OTHER_WH * 1_000

    def test_is_divided_exactly_where_the_season_changes(self) -> None:
        found = priced(interval_usage("U1", evenings(date(2026, 9, 16), 30)))

        assert isinstance(found, Rated), found
        on_peak = [line for line in found.lines if "on_peak" in line.line_id]
        assert [line.quantity_micro for line in on_peak] == [15 * 20 * PEAK_WH * 1_000] * 2
        assert not any("PRORATED" in line.label for line in found.lines)

    def test_is_divided_exactly_where_the_citys_tax_changes(self) -> None:
        tax = CityTax(
            city="SAN RAFAEL",
            rate_micro=50_000,
            effective_from=date(2026, 6, 26),
            source="made up for a test",
        )
        taken = take(interval_usage("U1", evenings(JUNE_FIRST, 30)))

        found = rate(taken.item, MCE, enrolled(), price_book([tax]), TODAY, readings=taken.blocks)

        assert isinstance(found, Rated), found
        on_peak = [line for line in found.lines if "on_peak" in line.line_id]
        assert [line.quantity_micro for line in on_peak] == [
            days * 20 * PEAK_WH * 1_000 for days in (20, 10)
        ]
        taxed = [line.label for line in found.lines if line.code == "UT"]
        assert taxed == ["SAN RAFAEL UTILITY USERS TAX 06/26-07/05"]
        assert not any("PRORATED" in line.label for line in found.lines)

    def test_names_the_versions_of_its_hours(self) -> None:
        found = priced(interval_usage("U1", evenings(JUNE_FIRST, 30)))

        assert isinstance(found, Rated), found
        (words,) = found.explanation.hours
        assert words.startswith("PGE-E-TOU-C 20")
        assert words.endswith(", holidays pge 2000")


class TestAMonthInStandardTime:
    def test_is_priced_by_the_clock_on_the_wall_to_its_last_reading(self) -> None:
        begins = midnight(JUNE_FIRST) + timedelta(hours=1)

        found = priced(interval_usage("U1", evenings(JUNE_FIRST, 30, begins=begins)))

        assert isinstance(found, Rated), found
        monthly = by_bucket((JUNE_FIRST, date(2026, 7, 6)), *kwh(30, 30 * 76))
        assert [line.cents for line in found.lines] == [line.cents for line in monthly.lines]
        assert (found.period_start, found.period_end) == (JUNE_FIRST, date(2026, 7, 6))


class TestSeveralMeters:
    def test_side_by_side_are_added_before_rounding(self) -> None:
        agreement = Agreement("A1", "SA1", enrolled().entries)
        halves = [evenings(JUNE_FIRST, 30, number=number) for number in ("M1", "M2")]

        found = priced(interval_usage("U1", *halves), agreement)

        assert isinstance(found, Rated), found
        assert found.lines[0].quantity_micro == 2 * 600 * PEAK_WH * 1_000

    def test_one_after_the_other_are_parts_of_one_bill(self) -> None:
        agreement = Agreement("A1", "SA1", enrolled().entries)
        old = evenings(JUNE_FIRST, 10)
        new = evenings(date(2026, 6, 16), 20, number="M2")

        found = priced(interval_usage("U1", new, old), agreement)

        assert isinstance(found, Rated), found
        starts = [line.line_id[-8:] for line in found.lines if "on_peak" in line.line_id]
        assert starts == ["20260606", "20260616"]


class TestHeld:
    def test_generation_without_rules(self) -> None:
        sent = channel(
            run(midnight(JUNE_FIRST), [10] * 96),
            days=(JUNE_FIRST, JUNE_FIRST + timedelta(days=1)),
            direction=Direction.RECEIVED,
        )

        found = hold_code(interval_usage("U1", whole_days(JUNE_FIRST, 1), sent))

        assert found == "NEM_WITHOUT_RULES"

    def test_one_meter_twice(self) -> None:
        assert hold_code(interval_usage("U1", *[whole_days(JUNE_FIRST, 1)] * 2)) == "USAGE_OVERLAP"

    def test_readings_that_are_not_all_there(self) -> None:
        late = channel(
            run(midnight(JUNE_FIRST) + 4 * QUARTER, [7] * 92),
            days=(JUNE_FIRST, JUNE_FIRST + timedelta(days=1)),
        )

        assert hold_code(interval_usage("U1", late)) == "INTERVALS_INCOMPLETE"

    def test_meters_that_record_in_different_steps(self) -> None:
        day = (JUNE_FIRST, JUNE_FIRST + timedelta(days=1))
        hourly = channel(run(midnight(JUNE_FIRST), [7] * 24), days=day, number="M2", minutes=60)
        agreement = Agreement("A1", "SA1", enrolled().entries)

        found = priced(interval_usage("U1", whole_days(JUNE_FIRST, 1), hourly), agreement)

        assert isinstance(found, Hold)
        assert found.code == "INTERVALS_MISFIT"
