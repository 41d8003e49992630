"""Monthly 867s under plans with demand, fixed and minimum charges, from usage to printed lines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from services.rating.holds import Hold
from services.rating.rate_usage import Rated, rate
from services.rating.tariffs.book import PriceBook, build_book
from services.rating.tariffs.plan import PlanFile
from shared.contracts.usage import MeteredQuantity, MeterUsage, Unit
from tests.unit.rating.words import (
    BUCKETS,
    JUNE,
    MCE,
    TODAY,
    enrolled,
    meter,
    price_book,
    usage,
)

SEPTEMBER = (date(2026, 9, 13), date(2026, 10, 13))  # 18 days of summer, 12 of winter
ENERGY = {"on": "100", "off": "200"}
COMMERCIAL: dict[str, object] = {
    "plan_id": "TEST-B-10",
    "version": "1",
    "title": "A commercial plan made up for tests",
    "cca": "mce",
    "utility": "pge",
    "rate_codes": ["E-TOU-C"],
    "products": ["LIGHT_GREEN"],
    "effective_from": "2026-01-01",
    "known_from": "2026-01-01",
    "source": "fictional",
    "seasons": {"summer": [6, 7, 8, 9], "winter": [1, 2, 3, 4, 5, 10, 11, 12]},
    "components": [
        {
            "kind": "time_of_use",
            "line_id": "generation",
            "code": "ENC001",
            "label": "GENERATION",
            "prices": {
                "summer": {"on_peak": 10_000, "off_peak": 5_000},
                "winter": {"on_peak": 10_000, "off_peak": 5_000},
            },
        },
        {
            "kind": "demand",
            "line_id": "demand",
            "code": "ENC010",
            "label": "DEMAND",
            "prices": {"summer": {"on_peak": 1_200_000}, "winter": {"total": 300_000}},
        },
        {
            "kind": "fixed",
            "line_id": "customer",
            "code": "ENC012",
            "label": "CUSTOMER CHARGE",
            "per": "month",
            "price": 1_500_000,
        },
    ],
}


def book(**changes: object) -> PriceBook:
    """A price book of the made-up plan alone."""
    base = price_book()
    plan = PlanFile.model_validate(COMMERCIAL | changes)
    return build_book([plan], [base.taxes], base.ccas.values())


def with_demand(
    period: tuple[date, date], kilowatts: Mapping[str, str], number: str = "M1"
) -> MeterUsage:
    """A meter that recorded energy and its highest demand (QTY in K1)."""
    read = meter(period, ENERGY, number=number)
    demand = tuple(
        MeteredQuantity(bucket=BUCKETS[name], unit=Unit.KW, quantity=Decimal(kw))
        for name, kw in kilowatts.items()
    )
    return read.model_copy(update={"quantities": (*read.quantities, *demand)})


def rated(*meters: MeterUsage, prices: PriceBook | None = None) -> Rated:
    found = rate(usage("U1", *meters), MCE, enrolled(), prices or book(), TODAY)
    assert isinstance(found, Rated), found
    return found


def held(*meters: MeterUsage) -> str:
    agreement = enrolled()
    agreement = type(agreement)("A1", "SA1", agreement.entries)  # any meter
    found = rate(usage("U1", *meters), MCE, agreement, book(), TODAY)
    assert isinstance(found, Hold), found
    return found.code


class TestACommercialMonth:
    def test_prices_energy_demand_and_the_customer(self) -> None:
        # 100 x .10 = 10.00; 200 x .05 = 10.00; 41.36 x 12.00 = 496.32; 15.00; 300 x .0003 = .09
        bill = rated(with_demand(JUNE, {"on": "41.36", "total": "50"}))

        assert [line.cents for line in bill.lines] == [1_000, 1_000, 49_632, 1_500, 9]

    def test_that_changes_season_shares_demand_by_days(self) -> None:
        # 41.36 x 12.00 x 18/30 = 297.79; 50 x 3.00 x 12/30 = 60.00; 15.00 x 18/30, x 12/30
        bill = rated(with_demand(SEPTEMBER, {"on": "41.36", "total": "50"}))

        demand = [(n.label, n.cents) for n in bill.lines if n.code == "ENC010"]
        assert demand == [
            ("DEMAND ON PEAK SUMMER 18/30 DAYS 09/13-09/30 PRORATED", 29_779),
            ("DEMAND ALL HOURS WINTER 12/30 DAYS 10/01-10/12 PRORATED", 6_000),
        ]
        assert [n.cents for n in bill.lines if n.code == "ENC012"] == [900, 600]

    def test_of_two_readings_has_one_highest_demand(self) -> None:
        first = with_demand((JUNE[0], date(2026, 6, 21)), {"on": "30"})
        second = with_demand((date(2026, 6, 21), JUNE[1]), {"on": "40"})

        bill = rated(first, second)

        # 40 kW x 12.00 x 15/30, twice
        assert [n.cents for n in bill.lines if n.code == "ENC010"] == [24_000, 24_000]

    def test_without_its_demand_is_held(self) -> None:
        assert held(meter(JUNE, ENERGY)) == "DETERMINANT_MISSING"
        assert held(with_demand(JUNE, {"off": "30"})) == "DETERMINANT_MISSING"

    def test_of_two_meters_is_held_since_peaks_cannot_be_added(self) -> None:
        meters = [with_demand(JUNE, {"on": "30"}, number=name) for name in ("M1", "M2")]

        assert held(*meters) == "DETERMINANT_MISSING"

    def test_tells_of_every_line_by_which_rule_plan_and_usage_it_came(self) -> None:
        bill = rated(with_demand(JUNE, {"on": "41.36"}))

        reasons = {reason.line_id: reason for reason in bill.explanation.lines}
        assert set(reasons) == {line.line_id for line in bill.lines}
        demand = reasons["demand.on_peak.20260606"]
        assert (demand.rule, demand.plan, demand.usage_id) == (
            "highest demand times price",
            "TEST-B-10 1",
            "U1",
        )


class TestTheMinimumOfABill:
    MINIMUM: Mapping[str, object] = {
        "kind": "minimum",
        "line_id": "minimum",
        "code": "ENC013",
        "label": "MINIMUM CHARGE",
        "per": "month",
        "price": 3_000_000,
    }

    def prices(self) -> PriceBook:
        components = COMMERCIAL["components"]
        assert isinstance(components, list)
        return book(components=[components[0], self.MINIMUM])

    def test_is_asked_once_though_the_season_changes(self) -> None:
        # 20.00 of energy in two parts, 30.00 at least
        bill = rated(meter(SEPTEMBER, ENERGY), prices=self.prices())

        assert [n.cents for n in bill.lines if n.code == "ENC013"] == [1_000]
        assert sum(n.signed_cents for n in bill.lines if n.code.startswith("ENC")) == 3_000

    def test_is_not_asked_of_a_larger_bill(self) -> None:
        large = {"on": "1000", "off": "200"}

        bill = rated(meter(SEPTEMBER, large), prices=self.prices())

        assert [n for n in bill.lines if n.code == "ENC013"] == []


class TestAProductWithATableOfItsOwn:
    def test_is_priced_by_it_alone(self) -> None:
        tables = [
            {
                "kind": "time_of_use",
                "line_id": name.lower(),
                "code": "ENC001",
                "label": name,
                "only_for": [name],
                "prices": {season: {"total": units} for season in ("summer", "winter")},
            }
            for name, units in (("LEAN", 4_000), ("CLEAN", 5_000))
        ]
        prices = book(products=["LEAN", "CLEAN", "GREEN"], components=tables)
        june = usage("U1", meter(JUNE, ENERGY))

        lean = rate(june, MCE, enrolled(product="LEAN"), prices, TODAY)
        green = rate(june, MCE, enrolled(product="GREEN"), prices, TODAY)

        assert isinstance(lean, Rated)
        assert [(n.label, n.cents) for n in lean.lines[:1]] == [("LEAN ALL HOURS SUMMER", 1_200)]
        assert isinstance(green, Hold)
        assert green.code == "RATE_NOT_FOUND"


class TestThePlansTaxes:
    def test_are_those_it_names(self) -> None:
        bill = rated(with_demand(JUNE, {"on": "1"}), prices=book(taxes=[]))

        assert {line.code for line in bill.lines} == {"ENC001", "ENC010", "ENC012"}
