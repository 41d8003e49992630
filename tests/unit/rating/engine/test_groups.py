from __future__ import annotations

from datetime import date, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.rating.cutting import PricedPart
from services.rating.engine import GroupBilling, MeterRows, account_parts, empty_parts
from services.rating.holds import DeterminantMissing, NetMeteringWithoutRules, RateNotFound
from services.rating.rate_usage import price_parts
from services.rating.tariffs.book import Span
from services.rating.tariffs.files import PLANS_FOLDER, read_folder
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxDecision
from tests.unit.rating.engine.made_up import BOOK, KNOWN, cuts_of

SURCHARGE = 300
PLANS = read_folder(PLANS_FOLDER).plans


class TestOneByOne:
    """A group comes to what each account comes to alone, line by line and to the cent."""

    @settings(max_examples=60, deadline=None)
    @given(
        seed=st.integers(0, 2**32),
        start=st.dates(date(2026, 1, 1), date(2027, 6, 1)),
        days=st.integers(1, 34),
        nem=st.booleans(),
        size=st.sampled_from([40, 4_000, 2_000_000_000]),
    )
    def test_every_line_and_total_is_the_same(
        self, seed: int, start: date, days: int, nem: bool, size: int
    ) -> None:
        chance, end = Random(seed), start + timedelta(days=days)
        cuts = cuts_of(chance, start, end, nem=nem, demand=True)
        group = GroupBilling(empty_parts(cuts), BOOK, KNOWN, SURCHARGE, 900)
        rng = np.random.default_rng(seed)
        shape = (3, group.window.intervals)
        received = rng.integers(0, size, shape, np.int32) if nem else None
        usage = MeterRows(rng.integers(0, size, shape, np.int32), received)
        banks = rng.integers(-5_000, 20_000, 3) if nem else np.zeros(3, np.int64)

        found = group.bill(usage, None, banks)

        spans = [span for span, _, _ in cuts]
        for row in range(3):
            alone = MeterRows(usage.delivered[row : row + 1], _row(received, row))
            parts = account_parts(alone, spans, BOOK, KNOWN, 900)
            priced = [PricedPart(each.part, *cut) for each, cut in zip(parts, cuts, strict=True)]
            lines = [x for each in price_parts(priced, SURCHARGE, int(banks[row])) for x in each]
            assert found.lines_of(row) == {line.line_id: line.signed_cents for line in lines}
            assert int(found.totals[row]) == sum(line.signed_cents for line in lines)

    def test_cities_may_differ_within_a_group(self) -> None:
        cuts = cuts_of(Random(5), date(2026, 6, 6), date(2026, 7, 6), demand=False)
        group = GroupBilling(empty_parts(cuts), BOOK, KNOWN, SURCHARGE, 900)
        usage = MeterRows(np.full((2, group.window.intervals), 500, np.int32))

        found = group.bill(usage, np.array([0, 100_000]))

        one, other = found.lines_of(0), found.lines_of(1)
        (name,) = set(other) - set(one)
        assert name.startswith("user_tax")
        generation = sum(
            cents for line, cents in other.items() if not line.startswith(("user", "energy_s"))
        )
        assert other[name] == round(generation / 10 + 1e-9)

    def test_net_billing_without_exports_still_uses_its_credits(self) -> None:
        cuts = cuts_of(Random(5), date(2026, 6, 6), date(2026, 7, 6), demand=False)
        rules = {"model": "nbt", "export_prices": "T", "code": "NBT001", "source": "test"}
        plan = PlanFile.model_validate(cuts[0][0].plan.model_dump() | {"nem": rules})
        cuts = [(Span(s.start, s.end, plan, s.season), p, tax) for s, p, tax in cuts]
        group = GroupBilling(empty_parts(cuts), BOOK, KNOWN, SURCHARGE, 900)
        usage = MeterRows(np.full((1, group.window.intervals), 500, np.int32))

        lines = group.bill(usage, None, np.array([700])).lines_of(0)

        parts = account_parts(usage, [span for span, _, _ in cuts], BOOK, KNOWN, 900)
        priced = [PricedPart(each.part, *cut) for each, cut in zip(parts, cuts, strict=True)]
        alone = [line for some in price_parts(priced, SURCHARGE, 700) for line in some]
        assert lines == {line.line_id: line.signed_cents for line in alone}
        assert [cents for name, cents in lines.items() if name.startswith("nem_bank")] == [-700]


def _row(rows: NDArray[np.int32] | None, row: int) -> NDArray[np.int32] | None:
    return None if rows is None else rows[row : row + 1]


class TestPlansThatComeWithTheProgram:
    @pytest.mark.parametrize(
        "plan", PLANS, ids=[f"{plan.plan_id} {plan.version}" for plan in PLANS]
    )
    def test_each_is_priced_from_intervals_in_every_season(self, plan: PlanFile) -> None:
        """A plan whose prices of a season are not known is held in that season, not priced."""
        for product in plan.products:
            for season, months in plan.seasons.items():
                start = max(date(2027, months[0], 1), plan.effective_from)
                end = start + timedelta(days=28)
                tax = TaxDecision(city="TOWN", rate_micro=85_000, because="test")
                parts = empty_parts([(Span(start, end, plan, season), product, tax)])
                try:
                    plan.buckets(season)
                except RateNotFound:
                    continue
                group = GroupBilling(parts, BOOK, KNOWN, SURCHARGE, 900)
                usage = MeterRows(np.full((1, group.window.intervals), 250, np.int32))

                assert group.bill(usage).totals[0] > 0


class TestRefused:
    def test_a_calendar_that_changes_season_where_the_plan_does_not(self) -> None:
        cuts = cuts_of(Random(1), date(2026, 6, 6), date(2026, 7, 6), demand=False)
        (span, product, tax), *_ = cuts
        wrong = [(Span(date(2026, 5, 20), span.end, span.plan, "summer"), product, tax)]

        with pytest.raises(RateNotFound, match="summer"):
            GroupBilling(empty_parts(wrong), BOOK, KNOWN, SURCHARGE, 900)

    def test_energy_from_a_customer_without_rules(self) -> None:
        cuts = cuts_of(Random(1), date(2026, 6, 6), date(2026, 7, 6), demand=False)
        group = GroupBilling(empty_parts(cuts), BOOK, KNOWN, SURCHARGE, 900)
        ones = np.ones((1, group.window.intervals), np.int32)

        with pytest.raises(NetMeteringWithoutRules):
            group.bill(MeterRows(ones, ones))

    def test_demand_of_hourly_readings(self) -> None:
        made = (
            cuts_of(Random(seed), date(2026, 6, 6), date(2026, 7, 6), demand=True)
            for seed in range(50)
        )
        cuts = next(
            each for each in made if any(c.kind == "demand" for c in each[0][0].plan.components)
        )
        group = GroupBilling(empty_parts(cuts), BOOK, KNOWN, SURCHARGE, 3600)

        with pytest.raises(DeterminantMissing, match="demand"):
            group.bill(MeterRows(np.ones((1, group.window.intervals), np.int32)))

    def test_seasons_that_plan_and_calendar_name_otherwise(self) -> None:
        (span, product, tax), *_ = cuts_of(
            Random(1), date(2026, 6, 6), date(2026, 7, 6), demand=False
        )
        wrong = [(type(span)(span.start, span.end, span.plan, "spring"), product, tax)]

        with pytest.raises(RateNotFound, match="spring"):
            GroupBilling(empty_parts(wrong), BOOK, KNOWN, SURCHARGE, 900)
