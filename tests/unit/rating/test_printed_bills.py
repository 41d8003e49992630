"""Bills that 3CE really printed, reproduced to the cent.

The first comes from 3CE's public sample bill, with its kWh. For the Santa Cruz statements only
amounts are public: their kWh are worked back from amounts and rate card, and every amount is held.
"""

from __future__ import annotations

from datetime import date

import pytest

from services.rating.rate_usage import Rated, rate
from services.rating.tariffs.taxes import CityTax
from shared.contracts.usage import UsageItem
from tests.unit.rating.words import THREE_CE, TODAY, enrolled, meter, price_book, usage

NOVEMBER = (date(2022, 11, 8), date(2022, 12, 1))
DECEMBER = (date(2022, 12, 1), date(2022, 12, 8))
SPRING = (date(2026, 3, 2), date(2026, 4, 1))
SAMPLE_CITY = CityTax(
    city="SAMPLE CITY",
    rate_micro=10_000,
    effective_from=date(2022, 1, 1),
    source="the 1 % of the sample bill, whose city is not named",
)


def rated(item: UsageItem, city: str) -> Rated:
    """The item rated for a 3CE customer of a city."""
    found = rate(item, THREE_CE, enrolled(city=city), price_book([SAMPLE_CITY]), TODAY)
    assert isinstance(found, Rated), found
    return found


class TestTheSampleBillOfNovember2022:
    item = usage(
        "U1",
        meter(NOVEMBER, {"on": "66.850", "off": "180.769"}),
        meter(DECEMBER, {"on": "26.115", "off": "53.385"}),
    )

    def test_every_line_is_as_printed(self) -> None:
        cents = [(line.code, line.cents) for line in rated(self.item, "SAMPLE CITY").lines]

        assert cents == [
            *(("ENC001", 923), ("ENC001", 1627), ("ET", 7), ("UT", 26)),
            *(("ENC001", 360), ("ENC001", 480), ("ET", 2), ("UT", 8)),
        ]

    def test_the_total_is_as_printed(self) -> None:
        assert rated(self.item, "SAMPLE CITY").total_cents == 3433

    def test_each_line_names_its_days(self) -> None:
        labels = [line.label for line in rated(self.item, "SAMPLE CITY").lines]

        assert labels[0] == "GENERATION ON PEAK WINTER 11/08-11/30"
        assert labels[4] == "GENERATION ON PEAK WINTER 12/01-12/07"


class TestTheSantaCruzStatementsOf2026:
    @pytest.mark.parametrize(
        ("on_peak", "off_peak", "printed", "total"),
        [
            ("116.290", "342.095", [1462, 3397, 14, 413], 5286),
            ("102.609", "204.532", [1290, 2031, 9, 282], 3612),
            ("101.257", "294.763", [1273, 2927, 12, 357], 4569),
        ],
    )
    def test_amounts_are_as_printed(
        self, on_peak: str, off_peak: str, printed: list[int], total: int
    ) -> None:
        item = usage("U1", meter(SPRING, {"on": on_peak, "off": off_peak}))

        bill = rated(item, "SANTA CRUZ")

        assert [line.cents for line in bill.lines] == printed
        assert bill.total_cents == total
