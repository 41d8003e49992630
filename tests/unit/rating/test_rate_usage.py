from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rating.accounts import Agreement
from services.rating.holds import Hold
from services.rating.rate_usage import Rated, rate
from services.rating.scope import Scope
from services.rating.usage import prorate
from shared.contracts.charges import LineKind
from shared.contracts.parts import Environment
from shared.contracts.usage import Direction, UsageItem
from tests.unit.rating.words import JUNE, MCE, TODAY, enrolled, meter, price_book, usage

BOOK = price_book()
SDCP = Scope("sdcp", "sdge", Environment.TEST)
CPA = Scope("cpa", "sce", Environment.TEST)
SEPTEMBER = (date(2026, 9, 16), date(2026, 10, 16))
OCTOBER = (date(2026, 10, 17), date(2026, 11, 16))


def rated(item: UsageItem, agreement: Agreement | None = None, scope: Scope = MCE) -> Rated:
    found = rate(item, scope, agreement or enrolled(), BOOK, TODAY)
    assert isinstance(found, Rated), found
    return found


def hold_code(item: UsageItem, agreement: Agreement | None, scope: Scope = MCE) -> str:
    found = rate(item, scope, agreement, BOOK, TODAY)
    assert isinstance(found, Hold), found
    return found.code


class TestAnOrdinaryMonth:
    def test_is_priced_by_bucket_with_credit_and_surcharge(self) -> None:
        lines = rated(usage()).lines

        assert [(line.line_id, line.kind, line.cents) for line in lines] == [
            ("generation.on_peak.20260606", LineKind.CHARGE, 2078),
            ("generation.off_peak.20260606", LineKind.CHARGE, 2096),
            ("cost_relief.all.20260606", LineKind.CREDIT, 186),
            ("energy_surcharge.all.20260606", LineKind.TAX, 9),
        ]

    def test_carries_the_estimate_mark(self) -> None:
        item = usage("U1", meter(JUNE, {"on": "1", "off": "2"}, estimated=True))

        assert rated(item).estimated

    def test_adds_two_meters_of_one_period_before_rounding(self) -> None:
        agreement = Agreement("A1", "SA1", enrolled().entries)
        halves = [meter(JUNE, {"on": "50", "off": "100"}, number=n) for n in ("M1", "M2")]

        assert rated(usage("U1", *halves), agreement).total_cents == rated(usage()).total_cents

    def test_explains_a_city_without_tax_on_record(self) -> None:
        bill = rated(usage(), enrolled(city="BOLINAS"))

        assert bill.explanation.user_tax == "BOLINAS: no user tax on record"


class TestProducts:
    def test_an_adder_is_a_line_of_its_own(self) -> None:
        lines = rated(usage(), enrolled(product="DEEP_GREEN")).lines

        assert [(line.label, line.cents) for line in lines if line.code == "ENC002"] == [
            ("DEEP GREEN", 375)
        ]

    def test_a_product_that_is_not_sold_here_finds_no_rate(self) -> None:
        assert hold_code(usage(), enrolled(product="POWERON")) == "RATE_NOT_FOUND"


class TestAPeriodWithASeasonBoundary:
    def test_is_split_there_and_says_so(self) -> None:
        bill = rated(usage(period=SEPTEMBER))

        assert bill.explanation.prorated
        assert [line.label for line in bill.lines if line.code == "ENC001"] == [
            "GENERATION ON PEAK SUMMER 09/16-09/30 PRORATED",
            "GENERATION OFF PEAK SUMMER 09/16-09/30 PRORATED",
            "GENERATION ON PEAK WINTER 10/01-10/15 PRORATED",
            "GENERATION OFF PEAK WINTER 10/01-10/15 PRORATED",
        ]

    def test_loses_no_energy(self) -> None:
        item = usage(period=SEPTEMBER, energy={"on": "100.001", "off": "200.123456"})

        lines = [line for line in rated(item).lines if line.code == "ENC001"]

        assert sum(line.quantity_micro or 0 for line in lines) == 300_124_456

    def test_where_buckets_mean_other_hours_is_held(self) -> None:
        agreement = enrolled(rate_code="TOU-D-4-9PM", city="CAMARILLO")
        energy = {"on": "10", "mid": "10", "off": "80"}
        item = usage("U1", meter(SEPTEMBER, energy, rate_code="TOU-D-4-9PM"))

        assert hold_code(item, agreement, CPA) == "DETERMINANT_MISSING"

    def test_of_another_utility_lies_elsewhere(self) -> None:
        agreement = enrolled(rate_code="TOU-DR1", city="SAN DIEGO")
        energy = {"on": "10", "off": "80", "super": "10"}
        item = usage("U1", meter(OCTOBER, energy, rate_code="TOU-DR1"))

        parts = rated(item, agreement, SDCP).explanation.parts

        assert parts == (
            "2026-10-17 to 2026-11-01: summer, POWERON, energy divided by days",
            "2026-11-01 to 2026-11-16: winter, POWERON, energy divided by days",
        )


class TestUsageThatCannotBeCharged:
    @pytest.mark.parametrize(
        ("energy", "code"),
        [
            ({"on": "100", "off": "200", "total": "300.001"}, "TOTAL_MISMATCH"),
            ({"on": "-1", "off": "200"}, "NEG_USAGE_NOT_NEM"),
            ({"total": "300"}, "DETERMINANT_MISSING"),
            ({"on": "100"}, "DETERMINANT_MISSING"),
            ({"on": "100", "off": "100", "mid": "1"}, "DETERMINANT_UNPRICED"),
            ({}, "UNIT_UNSUPPORTED"),
        ],
    )
    def test_for_its_quantities_is_held(self, energy: Mapping[str, str], code: str) -> None:
        assert hold_code(usage("U1", meter(JUNE, energy)), enrolled()) == code

    def test_for_energy_from_the_roof_is_held(self) -> None:
        received = meter(JUNE, {"on": "1", "off": "1"}, direction=Direction.RECEIVED)

        assert hold_code(usage("U1", received), enrolled()) == "NEM_WITHOUT_RULES"

    @pytest.mark.parametrize(
        ("agreement", "code"),
        [
            (None, "NOT_ENROLLED"),
            (enrolled(effective_on=date(2026, 6, 7), requested_on=TODAY), "NOT_ENROLLED"),
            (enrolled(rate_code="E-1"), "RATE_CHANGED_UNCONFIRMED"),
            (enrolled(meter="M2"), "METER_MISMATCH"),
            (enrolled(city=""), "TAX_UNKNOWN"),
        ],
    )
    def test_for_its_customer_is_held(self, agreement: Agreement | None, code: str) -> None:
        assert hold_code(usage(), agreement) == code

    def test_for_a_rate_code_nobody_knows_is_held(self) -> None:
        item = usage("U1", meter(JUNE, {"on": "1", "off": "1"}, rate_code="E-NEW"))

        assert hold_code(item, enrolled()) == "RATE_NOT_FOUND"

    def test_before_its_plan_begins_is_held(self) -> None:
        item = usage(period=(date(2026, 3, 15), date(2026, 4, 15)))

        assert hold_code(item, enrolled()) == "RATE_NOT_FOUND"

    def test_for_periods_that_overlap_in_one_867_is_held(self) -> None:
        later = (date(2026, 7, 5), date(2026, 8, 5))
        item = usage(
            "U1", meter(JUNE, {"on": "1", "off": "1"}), meter(later, {"on": "1", "off": "1"})
        )

        assert hold_code(item, enrolled()) == "USAGE_OVERLAP"


kwh = st.decimals(min_value=0, max_value=100_000, places=3)


class TestWhateverTheMeterSays:
    @given(on_peak=kwh, off_peak=kwh, start=st.dates(date(2026, 4, 1), date(2026, 10, 1)))
    def test_the_lines_are_the_total_and_rating_twice_is_rating_once(
        self, on_peak: Decimal, off_peak: Decimal, start: date
    ) -> None:
        period = (start, date.fromordinal(start.toordinal() + 31))
        item = usage(period=period, energy={"on": str(on_peak), "off": str(off_peak)})

        first, second = rated(item), rated(item)

        assert first == second
        assert first.total_cents == sum(line.signed_cents for line in first.lines)
        energy = [ln.quantity_micro or 0 for ln in first.lines if ln.line_id.startswith("gen")]
        assert sum(energy) == int((on_peak + off_peak) * 1_000_000)

    @given(
        quantity=st.integers(0, 10**13),
        days=st.lists(st.integers(1, 31), min_size=1, max_size=5),
    )
    def test_dividing_by_days_conserves(self, quantity: int, days: list[int]) -> None:
        parts = prorate(quantity, days)

        assert sum(parts) == quantity
        assert len(parts) == len(days)
        assert min(parts) >= 0
