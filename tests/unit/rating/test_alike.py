from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from services.rating.accounts import Register
from services.rating.alike import Asked, Groups
from services.rating.rate_usage import Rated, rate
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook, build_book
from services.rating.tariffs.files import PLANS_FOLDER, read_folder
from shared.contracts.parts import Environment, Purpose
from shared.contracts.usage import UsageItem
from tests.unit.rating.words import JUNE, MCE, TODAY, both_ways, enrolled, meter, usage

CITIES = ("SAN RAFAEL", "SANTA CRUZ", "RICHMOND", "DAVIS")
SHAPES = (("on", "mid", "off", "super"), ("on", "off"), ("on", "mid", "off"), ("total",))
BEGINNINGS = (date(2026, 6, 6), date(2026, 9, 15), date(2025, 12, 20), date(2022, 11, 12))


@pytest.fixture(scope="module")
def shipped() -> PriceBook:
    files = read_folder(PLANS_FOLDER)
    if files.taxes is None:
        raise LookupError("the taxes that come with the program")
    return build_book(files.plans, [files.taxes], files.ccas)


def june(number: int, chance: Random, shape: Sequence[str], **more: object) -> UsageItem:
    start = more.pop("start", JUNE[0])
    if not isinstance(start, date):
        raise TypeError(start)
    energy = {name: Decimal(chance.randrange(600_000)).scaleb(-3) for name in shape}
    told = {name: str(kwh) for name, kwh in energy.items()}
    if shape != ("total",):
        told["total"] = str(sum(energy.values()))
    read = meter((start, start + timedelta(days=30)), told, rate_code=None)
    return usage(f"U{number}", read, account=f"A{number}")


def together(
    items: Sequence[UsageItem], register: Register, book: PriceBook, scope: Scope = MCE
) -> dict[str, Rated]:
    rated = Groups().rate(items, register, book, Asked(scope, TODAY))
    return {
        item.usage_id: rated[item.transaction_id] for item in items if item.transaction_id in rated
    }


class TestAccountsRatedTogether:
    def test_have_the_lines_rules_and_explanation_they_have_by_themselves(
        self, shipped: PriceBook
    ) -> None:
        chance, compared, split = Random(3), 0, 0
        for plan in {(p.cca, p.utility, p.rate_codes[0]): p for p in shipped.plans}.values():
            scope = Scope(plan.cca, plan.utility, Environment.TEST)
            for start in BEGINNINGS:
                items, register = [], Register()
                for number in range(40):
                    shape = SHAPES[number % len(SHAPES)]
                    items.append(june(number, chance, shape, start=start))
                    terms = {"rate_code": plan.rate_codes[0], "product": plan.products[0]}
                    city = CITIES[number // 4 % 2]
                    register.put(enrolled(account=f"A{number}", city=city, **terms))
                found = together(items, register, shipped, scope)
                for item in items:
                    if item.usage_id not in found:
                        continue
                    alone = rate(
                        item, scope, register.find(item.account_number, "SA1"), shipped, TODAY
                    )
                    assert isinstance(alone, Rated)
                    assert found[item.usage_id] == alone
                    rules = [line.rule for line in alone.lines]
                    assert [line.rule for line in found[item.usage_id].lines] == rules
                    compared += 1
                    split += alone.explanation.prorated
        assert compared > 200
        assert split > 40

    def test_are_the_ordinary_ones(self, shipped: PriceBook) -> None:
        register = Register()
        for number in range(8):
            register.put(enrolled(account=f"A{number}"))
        items = [june(number, Random(number), ("on", "off")) for number in range(8)]

        assert len(together(items, register, shipped)) == 8


class TestWhatIsOutOfTheOrdinary:
    @pytest.mark.parametrize(
        "odd",
        [
            usage("X", meter(JUNE, {"total": "300"}, estimated=True), account="X"),
            usage("X", meter(JUNE, {"on": "1", "off": "2", "total": "4"}), account="X"),
            usage("X", meter(JUNE, {"total": "-1"}), account="X"),
            usage("X", meter(JUNE, {"total": "1"}, number="M9"), account="X"),
            usage("X", meter(JUNE, {"total": "1"}, rate_code="E-1"), account="X"),
            usage("X", both_ways(JUNE, {"total": "1"}, {"total": "1"}), account="X"),
            usage("X", purpose=Purpose.CANCEL, corrects="U", account="X"),
            usage("X", account="NOBODY"),
            usage("X", meter((date(2021, 6, 1), date(2021, 7, 1)), {"total": "1"}), account="X"),
        ],
    )
    def test_is_left_to_be_rated_by_itself(self, odd: UsageItem, shipped: PriceBook) -> None:
        register = Register()
        for account in ("X", *(f"A{number}" for number in range(6))):
            register.put(enrolled(account=account))
        ordinary = [june(number, Random(number), ("on", "off")) for number in range(6)]

        found = together([*ordinary, odd], register, shipped)

        assert len(found) == 6
        assert "X" not in found

    def test_is_a_group_that_no_price_fits(self, shipped: PriceBook) -> None:
        register = Register()
        for number in range(6):
            register.put(enrolled(account=f"A{number}"))
        items = [june(number, Random(number), ("on", "mid", "off")) for number in range(6)]

        assert not together(items, register, shipped)


class TestRememberedGroups:
    def test_are_forgotten_when_prices_change(self, shipped: PriceBook) -> None:
        register, groups = Register(), Groups()
        for number in range(6):
            register.put(enrolled(account=f"A{number}"))
        items = [june(number, Random(number), ("on", "off")) for number in range(6)]
        asked = Asked(MCE, TODAY)
        before = groups.rate(items, register, shipped, asked)

        without = build_book((), [shipped.taxes], shipped.ccas.values())

        assert before == groups.rate(items, register, shipped, asked)
        assert not groups.rate(items, register, without, asked)
