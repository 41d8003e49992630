"""Interval accounts that are alike are rated together, as they would be by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest

from services.rating.accounts import Register
from services.rating.alike import Asked, Groups
from services.rating.intervals.take import Taken, take
from services.rating.rate_usage import Rated, rate
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook, build_book
from services.rating.tariffs.files import PLANS_FOLDER, read_folder
from services.rating.tariffs.plan import PlanFile
from shared.contracts.intervals import IntervalUsage, MeterIntervals
from shared.contracts.parts import Environment, Purpose
from shared.contracts.usage import Direction
from tests.unit.rating.interval_words import (
    JUNE_FIRST,
    channel,
    interval_usage,
    midnight,
    run,
    whole_days,
)
from tests.unit.rating.words import MCE, TODAY, enrolled, price_book

# A summer month, a change of season, clocks going back, a month stamped in standard time.
BEGINNINGS = ((date(2026, 6, 6), 0), (date(2026, 9, 15), 0), (date(2025, 10, 20), 0))
IN_STANDARD_TIME = (date(2026, 6, 6), 1)
CITIES = ("SAN RAFAEL", "SANTA CRUZ", "RICHMOND", "DAVIS")
ACCOUNTS = 8


@pytest.fixture(scope="module")
def shipped() -> PriceBook:
    files = read_folder(PLANS_FOLDER)
    if files.taxes is None:
        raise LookupError("the taxes that come with the program")
    return build_book(files.plans, [files.taxes], files.ccas)


def month(
    first: date, chance: np.random.Generator, hours_late: int = 0, minutes: int = 15
) -> MeterIntervals:
    """Thirty days of readings, beginning so many hours late and ending as late."""
    days = (first, first + timedelta(days=30))
    late = timedelta(hours=hours_late)
    size = int((midnight(days[1]) - midnight(first)).total_seconds()) // (minutes * 60)
    readings = chance.integers(0, chance.integers(1, 4_000), size).tolist()
    return channel(
        run(midnight(first) + late, readings), days=days, minutes=minutes, rate_code=None
    )


def together(
    taken: Sequence[Taken], register: Register, book: PriceBook, scope: Scope = MCE
) -> dict[str, Rated]:
    readings = {one.item.transaction_id: one.blocks for one in taken}
    items = [one.item for one in taken]
    rated = Groups().rate(items, register, book, Asked(scope, TODAY), readings)
    return {
        item.usage_id: rated[item.transaction_id] for item in items if item.transaction_id in rated
    }


def alone(one: Taken, register: Register, book: PriceBook, scope: Scope = MCE) -> Rated:
    agreement = register.find(one.item.account_number, "SA1")
    rated = rate(one.item, scope, agreement, book, TODAY, readings=one.blocks)
    assert isinstance(rated, Rated), rated
    return rated


def compare(taken: Sequence[Taken], register: Register, book: PriceBook, scope: Scope = MCE) -> int:
    """Hold both equal to the last word; how many were rated together."""
    found = together(taken, register, book, scope)
    for one in taken:
        if one.item.usage_id not in found:
            continue
        expected = alone(one, register, book, scope)
        assert found[one.item.usage_id] == expected
        rules = [line.rule for line in expected.lines]
        assert [line.rule for line in found[one.item.usage_id].lines] == rules
    return len(found)


def with_demand(plan: PlanFile, proration: str) -> PlanFile:
    """The same plan with prices of demand and a monthly price."""
    told = plan.model_dump()
    tables = {
        "tou_demand": {"summer": {"on_peak": 500_000}, "winter": {"on_peak": 100_000}},
        "demand": {season: {"total": 200_000} for season in ("summer", "winter")},
    }
    words = {"code": "ENC001", "label": "LINE", "proration": proration}
    told["components"] = [
        *told["components"],
        *({"line_id": n, "kind": "demand", "prices": p, **words} for n, p in tables.items()),
        {"line_id": "fixed", "kind": "fixed", "per": "month", "price": 400_000, **words},
    ]
    return PlanFile.model_validate(told)


class TestIntervalAccountsRatedTogether:
    def test_have_the_lines_rules_and_explanation_they_have_by_themselves(
        self, shipped: PriceBook
    ) -> None:
        chance, compared = np.random.default_rng(3), 0
        for plan in {(p.cca, p.utility, p.rate_codes[0]): p for p in shipped.plans}.values():
            scope = Scope(plan.cca, plan.utility, Environment.TEST)
            for start, hours_late in (*BEGINNINGS, IN_STANDARD_TIME):
                taken, register = [], Register()
                for number in range(ACCOUNTS):
                    read = month(start, chance, hours_late, (15, 60)[number % 2])
                    taken.append(take(interval_usage(f"U{number}", read, account=f"A{number}")))
                    terms = {"rate_code": plan.rate_codes[0], "product": plan.products[0]}
                    city = CITIES[compared % len(CITIES)]
                    register.put(enrolled(account=f"A{number}", city=city, **terms))
                compared += compare(taken, register, shipped, scope)
        assert compared > 200

    @pytest.mark.parametrize("proration", ["days", "full"])
    @pytest.mark.parametrize("start", [date(2026, 6, 6), date(2026, 9, 15)])
    def test_are_charged_their_demand(self, start: date, proration: str) -> None:
        book = price_book()
        plans = [with_demand(p, proration) if "E-TOU-C" in p.rate_codes else p for p in book.plans]
        dear = build_book(plans, [book.taxes], book.ccas.values())
        chance, register, taken = np.random.default_rng(5), Register(), []
        for number in range(ACCOUNTS):
            register.put(enrolled(account=f"A{number}"))
            read = month(start, chance)
            taken.append(take(interval_usage(f"U{number}", read, account=f"A{number}")))

        assert compare(taken, register, dear) == ACCOUNTS
        assert any(
            line.line_id.startswith("demand.") for line in alone(taken[0], register, dear).lines
        )


class TestWhatIsOutOfTheOrdinary:
    @pytest.mark.parametrize(
        "odd",
        [
            interval_usage("X", whole_days(JUNE_FIRST, 30, estimated=[(7, 2)]), account="X"),
            interval_usage(
                "X",
                *(whole_days(JUNE_FIRST, 30), month(JUNE_FIRST, np.random.default_rng(1))),
                account="X",
            ),
            interval_usage(
                "X",
                channel(
                    run(midnight(JUNE_FIRST), [-1] * 2_880),
                    days=(JUNE_FIRST, date(2026, 7, 6)),
                ),
                account="X",
            ),
            interval_usage(
                "X",
                channel(
                    run(midnight(JUNE_FIRST), [1] * 2_880),
                    days=(JUNE_FIRST, date(2026, 7, 6)),
                    direction=Direction.RECEIVED,
                ),
                account="X",
            ),
            interval_usage(
                "X",
                channel(
                    *(
                        run(midnight(JUNE_FIRST), [1] * 100),
                        run(midnight(date(2026, 6, 9)), [1] * 27 * 96),
                    ),
                    days=(JUNE_FIRST, date(2026, 7, 6)),
                ),
                account="X",
            ),
            interval_usage("X", account="X", purpose=Purpose.CANCEL, original="U"),
        ],
    )
    def test_is_left_to_be_rated_by_itself(self, odd: IntervalUsage) -> None:
        register = Register()
        for account in ("X", *(f"A{number}" for number in range(6))):
            register.put(enrolled(account=account))
        ordinary = [
            take(interval_usage(f"U{n}", whole_days(JUNE_FIRST, 30, 100 + n), account=f"A{n}"))
            for n in range(6)
        ]

        found = together([*ordinary, take(odd)], register, price_book())

        assert len(found) == 6
        assert "X" not in found
