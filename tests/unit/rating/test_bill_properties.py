"""What holds for every bill of every plan that comes with the program, whatever the meter says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.rate_usage import Rated, rate
from services.rating.scope import Scope
from services.rating.tariffs.book import build_book
from services.rating.tariffs.files import PLANS_FOLDER, read_folder
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxFile
from shared.contracts.parts import Environment
from shared.contracts.usage import Bucket
from tests.unit.rating.words import BUCKETS, TODAY, enrolled, meter, usage

FOLDER = read_folder(PLANS_FOLDER)
PARTICULARS = {one.cca: one for one in FOLDER.ccas}
NAMES = {bucket: name for name, bucket in BUCKETS.items()}
TAXED_CITY = "SANTA CRUZ"
FIRST, LAST = 1, 28

kwh = st.decimals(0, 5_000, places=3)


@dataclass(frozen=True)
class Case:
    """A plan, and a month in a season that it prices."""

    plan: PlanFile
    start: date

    @property
    def end(self) -> date:
        return self.start.replace(day=LAST)

    @property
    def buckets(self) -> list[Bucket]:
        return sorted(self.plan.buckets(self.plan.season_of(self.start)))

    def rated(self, *parts: tuple[tuple[date, date], Mapping[Bucket, Decimal]]) -> Rated:
        """A bill for one or several periods of one 867."""
        plan, cca = self.plan, PARTICULARS[self.plan.cca]
        city = next((c for c, cohort in cca.cohorts.items() if cohort == plan.cohort), TAXED_CITY)
        taxes = FOLDER.taxes
        assert isinstance(taxes, TaxFile)
        code = plan.rate_codes[0]
        read = [
            meter(
                period,
                {NAMES[bucket]: str(quantity) for bucket, quantity in energy.items()},
                rate_code=code,
            )
            for period, energy in parts
        ]
        agreement = enrolled(rate_code=code, product=plan.products[0], city=city)
        scope = Scope(plan.cca, plan.utility, Environment.TEST)
        book = build_book([plan], [taxes], [cca])
        found = rate(usage("U1", *read), scope, agreement, book, TODAY)
        assert isinstance(found, Rated), found
        return found


def _cases() -> list[Case]:
    """The first month of each season that a plan has prices for."""
    found = []
    for plan in FOLDER.plans:
        for season, months in plan.seasons.items():
            if not all(season in c.seasons_named() for c in plan.components if c.prices_energy):
                continue
            year = plan.effective_from.year + (months[0] < plan.effective_from.month)
            start = date(year, months[0], FIRST)
            if start >= plan.effective_from and plan.covers(start.replace(day=LAST)):
                found.append(Case(plan, start))
    return found


CASES = _cases()


@st.composite
def metered(draw: st.DrawFn) -> tuple[Case, dict[Bucket, Decimal]]:
    """A case and what was used in it."""
    case = draw(st.sampled_from(CASES))
    return case, {bucket: draw(kwh) for bucket in case.buckets}


class TestEveryBill:
    def test_is_asked_of_every_plan_we_have(self) -> None:
        assert {case.plan.cca for case in CASES} == set(PARTICULARS)

    @settings(max_examples=60)
    @given(asked=metered())
    def test_is_the_sum_of_its_rounded_lines_and_the_same_when_rated_again(
        self, asked: tuple[Case, dict[Bucket, Decimal]]
    ) -> None:
        case, energy = asked

        bill = case.rated(((case.start, case.end), energy))

        assert bill.total_cents == sum(line.signed_cents for line in bill.lines)
        assert bill == case.rated(((case.start, case.end), energy))
        used = [ln.quantity_micro or 0 for ln in bill.lines if ln.line_id.startswith("generation.")]
        assert Decimal(sum(used)).scaleb(-6) == sum(energy.values())

    @settings(max_examples=60)
    @given(asked=metered(), again=st.lists(kwh, min_size=5, max_size=5), day=st.integers(2, 27))
    def test_of_sub_periods_that_the_867_gives_is_the_bills_of_its_parts_to_the_cent(
        self, asked: tuple[Case, dict[Bucket, Decimal]], again: list[Decimal], day: int
    ) -> None:
        case, first = asked
        cut = case.start.replace(day=day)
        second = dict(zip(case.buckets, again, strict=False))
        parts = [((case.start, cut), first), ((cut, case.end), second)]

        whole = case.rated(*parts)

        apart = [case.rated(part) for part in parts]
        assert whole.total_cents == sum(bill.total_cents for bill in apart)
        assert [(ln.line_id, ln.cents) for ln in whole.lines] == [
            (ln.line_id, ln.cents) for bill in apart for ln in bill.lines
        ]
