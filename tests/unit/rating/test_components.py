"""Each kind of price by hand, to the cent; the sums are written out beside the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.rating.charging import LABEL_LENGTH_MAX, Amount, Line, amount_line
from services.rating.components import Adder, Demand, Fixed, Minimum, PerUnit, Tiered, TimeOfUse
from services.rating.components.tiered import spread
from services.rating.components.user_tax import city_of, user_tax
from services.rating.holds import DeterminantMissing, DeterminantUnpriced, RateNotFound
from services.rating.tariffs.taxes import CITY_LENGTH_MAX
from shared.contracts.charges import ChargeUnit, LineKind
from tests.unit.rating.parts import FIVE, MICRO, cents, part

NAMED = {"line_id": "x", "code": "ENC009", "label": "X"}


def fixed(**fields: object) -> Fixed:
    return Fixed.model_validate(NAMED | {"kind": "fixed"} | fields)


def adder(**fields: object) -> Adder:
    return Adder.model_validate(NAMED | {"kind": "adder"} | fields)


def minimum(**fields: object) -> Minimum:
    return Minimum.model_validate(NAMED | {"kind": "minimum"} | fields)


def demand(prices: Mapping[str, Mapping[str, int]], **fields: object) -> Demand:
    return Demand.model_validate(NAMED | {"kind": "demand", "prices": prices} | fields)


def tiered(**fields: object) -> Tiered:
    usual: dict[str, object] = {
        "kind": "tiered",
        "limits": {"summer": [{"daily_wh": 10_000}]},
        "prices": {"summer": {"total": [20_000, 30_000]}},
    }
    return Tiered.model_validate(NAMED | usual | fields)


class TestAFixedPrice:
    def test_by_the_month_is_charged_for_the_whole_bill(self) -> None:
        # $237.85 a month
        (line,) = fixed(price=23_785_000, per="month").lines(part(30), FIVE, [])

        assert (line.cents, line.unit, line.quantity_micro) == (23_785, ChargeUnit.MONTH, MICRO)

    def test_by_the_month_is_shared_by_days(self) -> None:
        # 237.85 x 18/30 = 142.71; x 12/30 = 95.14
        component = fixed(price=23_785_000, per="month")
        lines = [
            *component.lines(part(18, of=30), FIVE, []),
            *component.lines(part(12, first=18, of=30), FIVE, []),
        ]

        assert [line.cents for line in lines] == [14_271, 9_514]
        assert [line.label for line in lines] == ["X 18/30 DAYS", "X 12/30 DAYS"]

    def test_in_full_is_charged_with_the_first_part_alone(self) -> None:
        component = fixed(price=1_000_000, per="month", proration="full")

        assert cents(component.lines(part(18, of=30), FIVE, [])) == 1_000
        assert component.lines(part(12, first=18, of=30), FIVE, []) == []

    def test_by_the_day_counts_the_days(self) -> None:
        # 0.79343 x 31 = 24.59633
        (line,) = fixed(price=79_343, per="day").lines(part(31), FIVE, [])

        assert (line.cents, line.unit, line.quantity_micro) == (2_460, ChargeUnit.DAY, 31 * MICRO)

    def test_below_zero_is_a_credit(self) -> None:
        # MCE Storage: ten dollars a month
        (line,) = fixed(price=-1_000_000, per="month").lines(part(30), FIVE, [])

        assert (line.kind, line.cents, line.price_micro) == (
            LineKind.CREDIT,
            1_000,
            10 * MICRO,
        )


PEAK_DEMAND: Mapping[str, Mapping[str, int]] = {"summer": {"on_peak": 1_206_000}, "winter": {}}


class TestADemandPrice:
    def test_is_laid_on_the_highest_kilowatts(self) -> None:
        # 41.36 kW x $12.06 = 498.8016
        (line,) = demand(PEAK_DEMAND).lines(part(30, kw={"on": 41_360_000}), FIVE, [])

        assert (line.cents, line.unit, line.quantity_micro) == (
            49_880,
            ChargeUnit.KW,
            41_360_000,
        )
        assert line.label == "X ON PEAK SUMMER"

    def test_at_any_hour_is_the_total_or_the_highest_bucket(self) -> None:
        flat = demand({"summer": {"total": 458_000}})

        # 20 kW x 4.58 = 91.60; 31 kW x 4.58 = 141.98
        stated = flat.lines(part(30, kw={"total": 20 * MICRO, "on": 19 * MICRO}), FIVE, [])
        highest = flat.lines(part(30, kw={"on": 12 * MICRO, "off": 31 * MICRO}), FIVE, [])

        assert (cents(stated), cents(highest)) == (9_160, 14_198)

    def test_is_shared_by_days_where_prices_change(self) -> None:
        # 41.36 x 12.06 x 18/30 = 299.28096
        lines = demand(PEAK_DEMAND).lines(part(18, of=30, kw={"on": 41_360_000}), FIVE, [])

        assert [(line.cents, line.label) for line in lines] == [
            (29_928, "X ON PEAK SUMMER 18/30 DAYS")
        ]
        assert lines[0].rule == "highest demand times price, 18 of 30 days"

    def test_in_full_is_charged_once_at_the_first_price(self) -> None:
        component = demand(PEAK_DEMAND, proration="full")
        kw = {"on": 41_360_000}

        assert cents(component.lines(part(18, of=30, kw=kw), FIVE, [])) == 49_880
        assert component.lines(part(12, first=18, of=30, kw=kw), FIVE, []) == []

    def test_of_an_empty_season_is_nothing(self) -> None:
        assert demand(PEAK_DEMAND).lines(part(30, season="winter"), FIVE, []) == []

    def test_without_a_measurement_is_never_zero(self) -> None:
        with pytest.raises(DeterminantMissing, match="on_peak demand"):
            demand(PEAK_DEMAND).lines(part(30, kw={"off": MICRO}), FIVE, [])

    def test_of_a_season_without_a_table_finds_no_rate(self) -> None:
        with pytest.raises(RateNotFound):
            demand(PEAK_DEMAND).lines(part(30, season="spring"), FIVE, [])


class TestTiers:
    def test_fill_one_after_the_other(self) -> None:
        # allowance 10 kWh x 30 days = 300; 300 x .20 = 60.00, 150 x .30 = 45.00
        lines = tiered().lines(part(30, total=450 * MICRO), FIVE, [])

        assert [(line.label, line.quantity_micro, line.cents) for line in lines] == [
            ("X ALL HOURS SUMMER TIER 1", 300 * MICRO, 6_000),
            ("X ALL HOURS SUMMER TIER 2", 150 * MICRO, 4_500),
        ]

    def test_count_the_days_of_the_part(self) -> None:
        # 12 days x 10 kWh = 120 at .20 = 24.00, the other 60 at .30 = 18.00
        lines = tiered().lines(part(12, of=30, total=180 * MICRO), FIVE, [])

        assert [line.cents for line in lines] == [2_400, 1_800]

    def test_share_an_allowance_of_the_period_by_days(self) -> None:
        # 500 kWh x 12/30 = 200
        component = tiered(limits={"summer": [{"period_wh": 500_000}]})

        lines = component.lines(part(12, of=30, total=250 * MICRO), FIVE, [])

        assert [line.quantity_micro for line in lines] == [200 * MICRO, 50 * MICRO]

    def test_not_reached_print_nothing(self) -> None:
        assert len(tiered().lines(part(30, total=300 * MICRO), FIVE, [])) == 1

    def test_are_spread_over_buckets_by_their_share(self) -> None:
        # total 400 of which 300 in tier 1: on-peak 100 has 75 and 25, off-peak 300 has 225 and 75
        component = tiered(
            prices={"summer": {"on_peak": [40_000, 50_000], "off_peak": [20_000, 30_000]}}
        )

        lines = component.lines(part(30, on=100 * MICRO, off=300 * MICRO), FIVE, [])

        assert [(line.quantity_micro or 0) // MICRO for line in lines] == [75, 25, 225, 75]
        assert [line.cents for line in lines] == [3_000, 1_250, 4_500, 2_250]

    def test_of_net_generation_are_the_first(self) -> None:
        (line,) = tiered().lines(part(30, total=-100 * MICRO), FIVE, [])

        assert (line.kind, line.cents) == (LineKind.CREDIT, 2_000)

    def test_hold_energy_without_a_price(self) -> None:
        component = tiered(prices={"summer": {"on_peak": [1, 2]}})

        with pytest.raises(DeterminantUnpriced):
            component.lines(part(30, on=MICRO, off=MICRO), FIVE, [])

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"limits": {"winter": [{"daily_wh": 1}]}}, "different seasons"),
            ({"limits": {"summer": [{"daily_wh": 2}, {"daily_wh": 1}]}}, "must rise"),
            ({"limits": {"summer": [{"daily_wh": 1}, {"period_wh": 2}]}}, "of one kind"),
            ({"limits": {"summer": [{"daily_wh": 1}, {"daily_wh": 2}]}}, "needs 3 prices"),
            ({"limits": {"summer": [{}]}}, "one of them"),
        ],
    )
    def test_that_do_not_fit_are_refused(self, fields: dict[str, object], wrong: str) -> None:
        with pytest.raises(ValidationError, match=wrong):
            tiered(**fields)

    @given(
        energy=st.lists(st.integers(0, 10**12), min_size=1, max_size=4),
        ends=st.lists(st.integers(1, 10**12), min_size=1, max_size=4, unique=True),
    )
    def test_lose_nothing(self, energy: list[int], ends: list[int]) -> None:
        total = sum(energy)

        shares = [spread(each, total, sorted(ends)) for each in energy]

        assert [sum(share) for share in shares] == energy
        assert min(min(share) for share in shares) >= 0


class TestAMinimum:
    def test_asks_for_what_is_missing(self) -> None:
        # $10.00 a month, 7.00 billed
        before = PerUnit.model_validate(NAMED | {"kind": "per_unit", "price": 7_000}).lines(
            part(30, total=100 * MICRO), FIVE, []
        )

        (line,) = minimum(price=1_000_000, per="month").lines(part(30), FIVE, before)

        assert line.cents == 300

    def test_counts_what_earlier_parts_came_to(self) -> None:
        component = minimum(price=10_000, per="day")  # .10 x 30 days = 3.00

        assert component.lines(part(18, of=30), FIVE, []) == []
        assert cents(component.lines(part(12, first=18, of=30, earlier=250), FIVE, [])) == 50
        assert component.lines(part(12, first=18, of=30, earlier=300), FIVE, []) == []


class TestAnAdder:
    def before(self, amount: int) -> list[Line]:
        return fixed(price=amount * 1_000, per="month").lines(part(30), FIVE, [])

    def test_per_kilowatt_hour(self) -> None:
        # 300 x .0125 = 3.75
        (line,) = adder(per="kwh", price=1_250).lines(part(30, total=300 * MICRO), FIVE, [])

        assert (line.cents, line.kind) == (375, LineKind.CHARGE)

    def test_of_a_percentage_counts_the_lines_before_it(self) -> None:
        # 10 % of 33.33 = 3.333
        (line,) = adder(per="percent", rate_micro=100_000).lines(part(30), FIVE, self.before(3_333))

        assert line.cents == 333

    def test_may_be_kept_from_paying_out(self) -> None:
        component = adder(per="month", price=-1_000_000, never_below_zero=True)

        assert cents(component.lines(part(30), FIVE, self.before(400))) == -400
        assert cents(component.lines(part(30), FIVE, self.before(4_000))) == -1_000

    def test_has_the_number_of_its_kind(self) -> None:
        for wrong in ({"per": "percent", "price": 1}, {"per": "kwh"}, {"per": "day"}):
            with pytest.raises(ValidationError, match="rate_micro"):
                adder(**wrong)

    def test_begins_and_ends_on_its_days(self) -> None:
        component = adder(per="kwh", price=1, starts="2026-06-02", through="2026-06-03")
        days = [part(1, first=n, of=30).start for n in range(4)]

        assert [component.applies("ANY", day) for day in days] == [False, True, True, False]


class TestWhereTheCustomerGenerates:
    def test_net_energy_below_zero_is_a_credit_printed_without_sign(self) -> None:
        component = TimeOfUse.model_validate(
            NAMED | {"kind": "time_of_use", "prices": {"summer": {"on_peak": 20_000}}}
        )

        (line,) = component.lines(part(30, on=-50 * MICRO, received={"on": 80 * MICRO}), FIVE, [])

        assert (line.kind, line.quantity_micro, line.price_micro, line.cents) == (
            LineKind.CREDIT,
            50 * MICRO,
            200_000,
            1_000,
        )

    @pytest.mark.parametrize(
        ("basis", "expected"), [("net", 30), ("delivered", 80), ("received", 50)]
    )
    def test_a_price_says_which_energy_it_means(self, basis: str, expected: int) -> None:
        component = PerUnit.model_validate(
            NAMED | {"kind": "per_unit", "price": 1_000, "basis": basis}
        )

        (line,) = component.lines(
            part(30, total=30 * MICRO, received={"total": 50 * MICRO}), FIVE, []
        )

        assert line.cents == expected


energy = st.integers(0, 5_000_000_000)


class TestTheCityOfAUserTax:
    def test_is_read_from_the_longest_label_there_is(self) -> None:
        city = "A" * CITY_LENGTH_MAX
        dated = replace(part(15, of=30, total=MICRO), dated=True, prorated=True)
        generation = amount_line("x", ("ENC001", "GENERATION"), dated, Amount(10_000, ""))

        (line,) = user_tax(dated, city, 85_000, [generation], half_even=False)

        assert len(line.label) <= LABEL_LENGTH_MAX
        assert (city_of(line), city_of(generation)) == (city, "")


class TestAPeriodAndItsParts:
    """Prices by the kWh, day and kW give the same for a period and for its parts, but for the
    rounding of each printed line: at most half a cent each.
    """

    @given(on=energy, off=energy, kw=st.integers(0, 500 * MICRO), days=st.integers(1, 29))
    def test_differ_by_rounding_alone(self, on: int, off: int, kw: int, days: int) -> None:
        components = [
            TimeOfUse.model_validate(
                NAMED
                | {
                    "kind": "time_of_use",
                    "prices": {"summer": {"on_peak": 20_782, "off_peak": 10_482}},
                }
            ),
            demand({"summer": {"on_peak": 1_206_000}}),
            fixed(price=79_343, per="day"),
            fixed(price=23_785_000, per="month"),
        ]
        share = (on * days // 30, off * days // 30)
        whole = part(30, on=on, off=off, kw={"on": kw})
        parts = [
            part(days, of=30, on=share[0], off=share[1], kw={"on": kw}),
            part(
                30 - days,
                first=days,
                of=30,
                on=on - share[0],
                off=off - share[1],
                kw={"on": kw},
            ),
        ]

        for component in components:
            together = cents(component.lines(whole, FIVE, []))
            apart = [line for each in parts for line in component.lines(each, FIVE, [])]
            lines = len(component.lines(whole, FIVE, [])) + len(apart)
            assert abs(together - cents(apart)) * 2 <= lines

    @given(days=st.integers(1, 29))
    def test_of_what_is_charged_in_full_are_equal(self, days: int) -> None:
        component = fixed(price=23_785_000, per="month", proration="full")
        parts = [part(days, of=30), part(30 - days, first=days, of=30)]

        apart = [line for each in parts for line in component.lines(each, FIVE, [])]

        assert cents(apart) == cents(component.lines(part(30), FIVE, []))
