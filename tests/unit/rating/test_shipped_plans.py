"""The plans that come with the program say what the CCAs published, and contradict nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.rating.calendars import load_calendars
from services.rating.components import TimeOfUse
from services.rating.components.energy_surcharge import energy_surcharge
from services.rating.tariffs.check import Severity, check
from services.rating.tariffs.files import PLANS_FOLDER, read_folder
from services.rating.tariffs.plan import PlanFile
from shared.platform.web.scopes import known_ccas
from tests.unit.rating.parts import part

FOLDER = read_folder(PLANS_FOLDER)
PLANS = {(plan.plan_id, plan.effective_from): plan for plan in FOLDER.plans}

PUBLISHED = [
    ("MCE-E-TOU-C", "2026-04-01", ".20782 .10482 .13710 .11042"),
    ("MCE-EV2-A", "2026-04-01", ".18830 .14359 .10245 .13143 .11894 .09546"),
    ("MCE-E-ELEC", "2026-04-01", ".26299 .16388 .11878 .10086 .08089 .06754"),
    ("3CE-E-TOU-C", "2022-03-01", ".138 .090"),
    ("3CE-E-TOU-C", "2025-01-01", ".21021 .13233 .15386 .12883"),
    ("3CE-E-TOU-C", "2026-02-15", ".19573 .09376 .12572 .09930"),
    ("3CE-E-1", "2026-02-15", ".11725"),
    ("PCE-E-TOU-C", "2026-02-01", ".18948 .11478 .13543 .11142"),
    ("PCE-EV2-A", "2026-02-01", ".12291 .08267 .04565 .07173 .06049 .03936"),
    ("PCE-MEDIUM-COMMERCIAL", "2026-02-01", ".18337 .13090 .10315 .13421 .10393 .07122"),
    ("SJCE-E-TOU-D", "2026-03-01", ".11324 .07921"),
    ("SDCP-TOU-DR1-2021V", "2026-05-01", ".29579 .08635 .01000 .22513 .14758 .06144"),
    ("SDCP-TOU-DR1-2022V", "2026-05-01", ".30138 .09194 .01000 .23072 .15317 .06144"),
    ("CEA-TOU-DR1", "2026-06-01", ".55397 .22298 .04914 .19791 .08433 .05138"),
    ("CEA-EV-TOU-5", "2026-06-01", ".51684 .15975 .04961 .24430 .15782 .05187"),
    ("CPA-TOU-D-4-9PM-CLEAN", "2026-07-01", ".22761 .10877 .05002 .15464 .07825 .06048"),
]


def generation(plan: PlanFile) -> list[Decimal]:
    """The prices of a plan's time-of-use table in dollars, in the order of its file."""
    (table,) = [c for c in plan.components if isinstance(c, TimeOfUse)]
    return [
        Decimal(units).scaleb(-plan.price_scale)
        for prices in table.prices.values()
        for units in prices.values()
    ]


class TestAShippedPlan:
    @pytest.mark.parametrize(("plan_id", "day", "prices"), PUBLISHED)
    def test_has_the_published_prices(self, plan_id: str, day: str, prices: str) -> None:
        plan = PLANS[plan_id, date.fromisoformat(day)]

        assert generation(plan) == [Decimal(price) for price in prices.split()]

    def test_that_is_not_published_says_that_it_is_fictional(self) -> None:
        published = {(plan_id, date.fromisoformat(day)) for plan_id, day, _ in PUBLISHED}
        invented = [plan for key, plan in PLANS.items() if key not in published]

        assert {p.confidence for p in invented if p.nem is None} == {"fictional"}
        assert all("fictional" in p.source for p in invented if p.confidence == "fictional")

    def test_says_how_sure_it_is_and_which_hours_it_means(self) -> None:
        assert all(plan.confidence and plan.calendar for plan in FOLDER.plans)


class TestTheShippedFolder:
    def test_contradicts_nothing(self) -> None:
        listed = {one.cca: () for one in known_ccas()}
        found = check(FOLDER, load_calendars(), listed)

        assert [one for one in found if one.severity is Severity.ERROR] == []

    def test_has_plans_for_every_cca_we_trade_for(self) -> None:
        assert {plan.cca for plan in FOLDER.plans} == {one.cca for one in known_ccas()}


class TestPrintedSurcharges:
    """What SJCE and PCE printed for customers who generate is on net energy."""

    @pytest.mark.parametrize(("net_kwh", "cents"), [("457.263", 14), ("1056.6", 32)])
    def test_are_reproduced(self, net_kwh: str, cents: int) -> None:
        net = int(Decimal(net_kwh) * 1_000_000)
        month = part(30, total=net, received={"total": 177_205_000})

        (line,) = energy_surcharge(month, 300, half_even=False, base="net")

        assert line.cents == cents
