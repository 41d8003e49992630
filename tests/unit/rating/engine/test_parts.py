from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.calendars import load_calendars
from services.rating.engine import (
    GroupBilling,
    MeterRows,
    account_parts,
    cut_intervals,
    empty_parts,
    group_parts,
)
from services.rating.holds import NegativeUsage, NetMeteringWithoutRules, RateNotFound
from services.rating.rate_usage import Rated, price_parts, rate
from services.rating.tariffs.book import Span
from shared.contracts.usage import Bucket
from tests.unit.rating.engine import made_up, plain
from tests.unit.rating.words import MCE, THREE_CE, TODAY, enrolled, meter, price_book, usage

BOOK = price_book()
CALENDARS = load_calendars()


def readings(
    days: tuple[date, date], seed: int = 1
) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    count = len(list(plain.moments(*days, 900)))
    return np.random.default_rng(seed).integers(0, 900, (1, count), dtype=np.int32)


def kwh(wh: int) -> str:
    return str(Decimal(wh) / 1000)


class TestTheSameLines:
    def test_intervals_print_what_the_same_month_by_buckets_prints(self) -> None:
        days = (date(2026, 6, 6), date(2026, 7, 6))
        rows = readings(days)
        sums = plain.tally(
            "PGE-E-TOU-C", days, [], 900, (rows[0].tolist(), [0] * rows.size, [False] * rows.size)
        )
        on, off = (sums[0, "summer", each].energy for each in (plain.ON, plain.OFF))
        customer = enrolled()
        monthly = rate(
            usage("U1", meter(days, {"on": kwh(on), "off": kwh(off)})), MCE, customer, BOOK, TODAY
        )

        parts = cut_intervals(
            MeterRows(rows), days, 900, MCE, customer.terms_between(*days), BOOK, CALENDARS, TODAY
        )
        (lines,) = price_parts(parts, BOOK.taxes.surcharge_micro(days[0]))

        assert isinstance(monthly, Rated)
        assert tuple(lines) == monthly.lines

    def test_a_new_price_within_the_period_divides_by_metered_use_not_by_days(self) -> None:
        days = (date(2026, 2, 1), date(2026, 3, 3))
        rows = np.zeros((1, len(list(plain.moments(*days, 900)))), dtype=np.int32)
        rows[0, : 96 * 7] = 100
        terms = enrolled().terms_between(*days)

        parts = cut_intervals(MeterRows(rows), days, 900, THREE_CE, terms, BOOK, CALENDARS, TODAY)

        assert [each.part.start for each in parts] == [date(2026, 2, 1), date(2026, 2, 15)]
        assert [each.part.total_micro for each in parts] == [96 * 7 * 100_000, 0]
        assert not any(each.part.prorated for each in parts)
        assert all(each.part.dated for each in parts)

    def test_a_season_may_end_within_the_period(self) -> None:
        days = (date(2026, 9, 20), date(2026, 10, 20))
        terms = enrolled().terms_between(*days)
        rows = readings(days)

        parts = cut_intervals(MeterRows(rows), days, 900, MCE, terms, BOOK, CALENDARS, TODAY)

        assert [each.part.season for each in parts] == ["summer", "winter"]
        assert sum(each.part.total_micro for each in parts) == int(rows.sum()) * 1_000
        assert {bucket for each in parts for bucket in each.part.energy_micro} == {
            plain.ON,
            plain.OFF,
        }


class TestParts:
    @settings(max_examples=15, deadline=None)
    @given(seed=st.integers(0, 2**32), days=st.integers(2, 33))
    def test_a_period_is_the_sum_of_its_parts(self, seed: int, days: int) -> None:
        chance = Random(seed)
        start = date(2026, 1, 1) + timedelta(days=chance.randint(0, 500))
        end = start + timedelta(days=days)
        (span, *_), *_ = made_up.cuts_of(chance, start, end, demand=False)
        seasons = {span.plan.season_of(start + timedelta(days=n)) for n in range(days)}
        if len(seasons) > 1:
            return
        whole = [Span(start, end, span.plan, span.season)]
        middle = start + timedelta(days=chance.randint(1, days - 1))
        halves = [Span(start, middle, span.plan, span.season)]
        halves.append(Span(middle, end, span.plan, span.season))
        rows = MeterRows(readings((start, end), seed))

        (alone,) = account_parts(rows, whole, CALENDARS, TODAY, 900)
        one, other = account_parts(rows, halves, CALENDARS, TODAY, 900)

        for bucket, energy in alone.part.energy_micro.items():
            assert energy == one.part.energy_micro[bucket] + other.part.energy_micro[bucket]
            assert alone.demand_micro[bucket] == max(
                one.demand_micro[bucket], other.demand_micro[bucket]
            )
        assert one.part.demand_micro == other.part.demand_micro == alone.part.demand_micro

    def test_estimated_readings_are_counted_where_they_are(self) -> None:
        days = (date(2026, 9, 20), date(2026, 10, 20))
        spans = _mce_spans("E-TOU-C", days)
        rows = readings(days)
        marks = np.zeros(rows.shape, dtype=np.bool_)
        marks[0, 5:8] = True

        parts = account_parts(MeterRows(rows, None, marks), spans, CALENDARS, TODAY, 900)

        assert [part.estimated for part in parts] == [3, 0]

    def test_meters_of_an_account_are_added(self) -> None:
        days = (date(2026, 6, 6), date(2026, 7, 6))
        rows = np.concatenate((readings(days, 1), readings(days, 2)))
        spans = _mce_spans("E-TOU-C", days)

        (together,) = account_parts(MeterRows(rows), spans, CALENDARS, TODAY, 900)
        apart = group_parts(MeterRows(rows), spans, CALENDARS, TODAY, 900)

        assert together.part.total_micro == sum(part.part.total_micro for (part,) in apart)

    def test_a_flat_price_needs_no_calendar(self) -> None:
        days = (date(2026, 6, 6), date(2026, 7, 6))
        rows = readings(days)

        (part,) = account_parts(MeterRows(rows), _mce_spans("E-1", days), CALENDARS, TODAY, 900)

        assert part.part.energy_micro == {Bucket.TOTAL: int(rows.sum()) * 1_000}
        assert part.part.season == "year"

    def test_hourly_readings_have_energy_and_no_demand(self) -> None:
        days = (date(2026, 6, 6), date(2026, 7, 6))
        rows = np.ones((1, 720), dtype=np.int32)

        (part,) = account_parts(
            MeterRows(rows), _mce_spans("E-TOU-C", days), CALENDARS, TODAY, 3600
        )

        assert part.part.total_micro == 720_000
        assert part.part.demand_micro == {}

    def test_the_last_hour_of_a_standard_time_clock_may_lie_in_the_next_season(self) -> None:
        days = (date(2026, 9, 1), date(2026, 10, 2))
        (span, _) = _mce_spans("E-TOU-C", days)
        longer = Span(days[0], days[1], span.plan, "summer")
        rows = np.zeros((1, 31 * 96), dtype=np.int32)
        rows[0, 30 * 96] = 400

        (part,) = account_parts(MeterRows(rows), [longer], CALENDARS, TODAY, 900)

        assert part.part.energy_micro == {Bucket.ON_PEAK: 0, Bucket.OFF_PEAK: 400_000}

    def test_a_plan_that_nothing_says_the_hours_of_is_held(self) -> None:
        days = (date(2026, 6, 6), date(2026, 7, 6))
        (span,) = _mce_spans("E-TOU-C", days)
        changes = {"calendar": None, "rate_codes": ("T-9",), "plan_id": "OTHER"}
        unknown = Span(*days, span.plan.model_copy(update=changes), span.season)

        with pytest.raises(RateNotFound, match="no calendar for the rate codes T-9"):
            account_parts(MeterRows(readings(days)), [unknown], CALENDARS, TODAY, 900)


class TestGeneration:
    days = (date(2026, 6, 6), date(2026, 7, 6))

    def spans(self, **rules: object) -> list[Span]:
        (span,) = _mce_spans("E-TOU-C", self.days)
        base = {"code": "NEM001", "source": "made up for a test"}
        plan = type(span.plan).model_validate(span.plan.model_dump() | {"nem": base | rules})
        return [Span(*self.days, plan, span.season)]

    def test_net_metering_sets_received_against_delivered_over_the_month(self) -> None:
        used, back = readings(self.days, 1), readings(self.days, 2) * 2

        (found,) = account_parts(
            MeterRows(used, back), self.spans(model="nem"), CALENDARS, TODAY, 900
        )

        assert found.part.total_micro == (int(used.sum()) - int(back.sum())) * 1_000
        assert found.part.received_total_micro == int(back.sum()) * 1_000
        assert found.exported_micro == {}

    def test_net_billing_nets_inside_the_interval_only(self) -> None:
        used = np.zeros((1, 2880), dtype=np.int32)
        back = np.zeros((1, 2880), dtype=np.int32)
        used[0, 0], back[0, 0] = 500, 200
        back[0, 1] = 700

        (found,) = account_parts(
            MeterRows(used, back),
            self.spans(model="nbt", export_prices="T"),
            CALENDARS,
            TODAY,
            900,
            pays_exports=True,
        )

        assert found.part.total_micro == 300_000
        assert found.part.received_micro == {}
        assert sum(found.exported_micro.values()) == 700_000

    def test_exports_that_nobody_pays_for_are_held(self) -> None:
        rows = readings(self.days)
        spans = self.spans(model="nbt", export_prices="T")
        parts = empty_parts([(spans[0], "LIGHT_GREEN", made_up.CALM)])
        group = GroupBilling(parts, CALENDARS, TODAY, 300, 900)

        with pytest.raises(NetMeteringWithoutRules, match="paid by the hour"):
            account_parts(MeterRows(rows, rows * 2), spans, CALENDARS, TODAY, 900)
        with pytest.raises(NetMeteringWithoutRules, match="paid by the hour"):
            group.bill(MeterRows(rows, rows * 2))

    def test_without_rules_it_is_held(self) -> None:
        rows = readings(self.days)
        spans = _mce_spans("E-TOU-C", self.days)

        with pytest.raises(NetMeteringWithoutRules):
            account_parts(MeterRows(rows, rows), spans, CALENDARS, TODAY, 900)
        with pytest.raises(NegativeUsage):
            account_parts(MeterRows(-rows), spans, CALENDARS, TODAY, 900)

    def test_rules_that_change_within_the_period_are_held(self) -> None:
        (one,) = self.spans(model="nem")
        (other,) = self.spans(model="nbt", export_prices="T")
        middle = date(2026, 6, 20)
        spans = [
            Span(one.start, middle, one.plan, one.season),
            Span(middle, other.end, other.plan, other.season),
        ]

        with pytest.raises(NetMeteringWithoutRules, match="change within"):
            account_parts(MeterRows(readings(self.days)), spans, CALENDARS, TODAY, 900)


def _mce_spans(code: str, days: tuple[date, date]) -> list[Span]:
    key = BOOK.key("mce", "pge", code, "LIGHT_GREEN", "NOVATO", TODAY)
    return list(BOOK.spans(key, *days, TODAY))
