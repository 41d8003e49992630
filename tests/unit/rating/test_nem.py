from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.rating.components.nem import BANK_LINE, CashOut, NetMetering, bank_lines, settle_year
from services.rating.holds import Hold
from services.rating.rate_usage import Rated, rate
from services.rating.tariffs.book import PriceBook, build_book
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import CityTax
from shared.contracts.charges import LineKind
from tests.unit.rating.parts import part
from tests.unit.rating.words import JUNE, MCE, TODAY, both_ways, enrolled, price_book, usage

TAX = CityTax(city="SAN RAFAEL", rate_micro=100_000, effective_from=date(2022, 1, 2), source="test")
RULES = NetMetering(model="nem", code="ENC020", source="test")
MCE_CASH_OUT = CashOut(
    month=4, adder_micro=20_000, cap_cents=500_000, threshold_cents=20_000, source="MCE NEM page"
)


def book_with_nem(**rules: object) -> PriceBook:
    """The usual book, with MCE's E-TOU-C open to customers who generate, and a user tax of 10 %."""
    base = price_book([TAX])
    plans = [
        PlanFile.model_validate(plan.model_dump(mode="json") | {"nem": RULES.model_dump() | rules})
        if plan.plan_id == "MCE-E-TOU-C"
        else plan
        for plan in base.plans
    ]
    return build_book(plans, [base.taxes], base.ccas.values())


BOOK = book_with_nem()


def rated(
    delivered: dict[str, str],
    received: dict[str, str],
    bank_cents: int = 0,
    book: PriceBook = BOOK,
) -> Rated:
    found = rate(
        usage("U1", both_ways(JUNE, delivered, received)), MCE, enrolled(), book, TODAY, bank_cents
    )
    assert isinstance(found, Rated), found
    return found


def moved(bill: Rated) -> int:
    """Cents that the bill puts into the customer's bank; negative takes out."""
    return sum(n.signed_cents for n in bill.lines if n.line_id.startswith(BANK_LINE))


class TestAMonthOfNetMetering:
    def test_prices_the_difference_of_each_bucket(self) -> None:
        # on 100-40=60 x .20782 = 12.47; off 200-250=-50 x .10482 = -5.24; relief 10 x -.0062 = -.06
        # surcharge 10 x .0003 = 0.00; user tax 10 % of 7.17 = .72
        bill = rated({"on": "100", "off": "200"}, {"on": "40", "off": "250"})

        assert [(n.code, n.kind, n.cents) for n in bill.lines] == [
            ("ENC001", LineKind.CHARGE, 1_247),
            ("ENC001", LineKind.CREDIT, 524),
            ("ENC003", LineKind.CREDIT, 6),
            ("UT", LineKind.TAX, 72),
        ]

    def test_below_zero_asks_for_nothing_and_carries_the_rest(self) -> None:
        # -100 x .20782 = -20.78; relief of -100 kWh x -.0062 = +.62
        bill = rated({"on": "0", "off": "0"}, {"on": "100", "off": "0"})

        assert bill.total_cents == 0
        assert moved(bill) == 2_016
        assert bill.lines[-1].label == "NEM CREDIT CARRIED FORWARD"

    def test_is_paid_with_credits_of_earlier_ones_before_taxes(self) -> None:
        # 100 x .20782 + 200 x .10482 - 300 x .0062 = 20.78 + 20.96 - 1.86 = 39.88
        bill = rated({"on": "100", "off": "200"}, {}, bank_cents=3_000)

        assert moved(bill) == -3_000
        assert [n.cents for n in bill.lines if n.code == "UT"] == [99]  # 10 % of 9.88

    def test_uses_no_more_credit_than_it_needs(self) -> None:
        bill = rated({"on": "100", "off": "200"}, {}, bank_cents=10_000)

        assert moved(bill) == -3_988
        assert bill.total_cents == 9  # the energy surcharge of 300 kWh

    def test_asks_back_credits_that_were_used_and_then_cancelled(self) -> None:
        bill = rated({"on": "100", "off": "200"}, {}, bank_cents=-500)

        assert moved(bill) == 500
        assert any(n.label == "NEM CREDIT CORRECTED" for n in bill.lines)

    def test_is_sent_as_it_is_where_the_utility_keeps_the_balance(self) -> None:
        book = book_with_nem(carry_over="none")

        assert rated({"on": "0", "off": "0"}, {"on": "100", "off": "0"}, book=book).total_cents < 0

    @pytest.mark.parametrize(("base", "cents"), [("net", 14), ("delivered", 19)])
    def test_pays_the_surcharge_on_the_base_of_the_plan(self, base: str, cents: int) -> None:
        # SJCE printed .14: net 457.263 x .0003 = .137; all 634.468 would have been .19
        book = book_with_nem(surcharge_base=base)

        bill = rated({"on": "134.468", "off": "500"}, {"on": "77.205", "off": "100"}, book=book)

        assert [n.cents for n in bill.lines if n.code == "ET"] == [cents]

    def test_where_only_totals_are_known_is_held(self) -> None:
        found = rate(
            usage("U1", both_ways(JUNE, {"total": "100"}, {"total": "40"})),
            MCE,
            enrolled(),
            BOOK,
            TODAY,
        )

        assert isinstance(found, Hold)
        assert found.code == "DETERMINANT_MISSING"

    def test_of_net_billing_waits_for_intervals(self) -> None:
        plan = next(p for p in BOOK.plans if p.plan_id == "MCE-E-TOU-C")
        nbt = {"model": "nbt", "export_prices": "mce-acc-2024", "code": "ENC021", "source": "test"}
        book = build_book(
            [PlanFile.model_validate(plan.model_dump(mode="json") | {"nem": nbt})],
            [BOOK.taxes],
            BOOK.ccas.values(),
        )

        found = rate(
            usage("U1", both_ways(JUNE, {"on": "1", "off": "1"}, {"on": "1", "off": "1"})),
            MCE,
            enrolled(),
            book,
            TODAY,
        )

        assert isinstance(found, Hold)
        assert "by the interval" in found.message


kwh = st.integers(0, 2_000_000).map(lambda wh: f"{wh // 1000}.{wh % 1000:03d}")
months = st.lists(st.tuples(kwh, kwh, kwh, kwh), min_size=1, max_size=5)


class TestAnyYearOfNetMetering:
    @given(months=months)
    def test_bills_and_balance_are_together_what_generation_came_to(
        self, months: list[tuple[str, str, str, str]]
    ) -> None:
        bank = generation = billed = 0
        for on, off, on_back, off_back in months:
            bill = rated({"on": on, "off": off}, {"on": on_back, "off": off_back}, bank)
            untaxed = [n for n in bill.lines if n.kind is not LineKind.TAX]
            billed += sum(n.signed_cents for n in untaxed)
            bank += moved(bill)
            generation += sum(
                n.signed_cents for n in untaxed if not n.line_id.startswith(BANK_LINE)
            )
            assert bill.total_cents >= 0
            assert bank >= 0

        assert billed == generation + bank

    @given(bill=st.integers(-10_000, 10_000), bank=st.integers(-10_000, 10_000))
    def test_a_bill_never_uses_what_is_not_there(self, bill: int, bank: int) -> None:
        lines = bank_lines(part(30), RULES, bill, bank)

        after = bank + sum(line.signed_cents for line in lines)
        assert after >= min(bank, 0) or bill < 0
        assert bill + sum(line.signed_cents for line in lines) >= 0


class TestTheYearlySettlement:
    def test_pays_surplus_with_the_adder_of_the_cca(self) -> None:
        # 1,000 kWh x (.05 + .02) = 70.00, below 200.00: a credit on the bill
        done = settle_year(MCE_CASH_OUT, 1_000_000_000, 12_345, 50_000)

        assert (done.paid_cents, done.how, done.balance_cents) == (7_000, "bill_credit", 7_000)

    def test_sends_a_cheque_above_the_threshold_and_up_to_the_cap(self) -> None:
        # 100,000 kWh x .07 = 7,000.00, capped at 5,000.00
        done = settle_year(MCE_CASH_OUT, 100_000_000_000, 12_345, 50_000)

        assert (done.earned_cents, done.paid_cents) == (700_000, 500_000)
        assert (done.how, done.balance_cents) == ("cheque", 0)

    def test_pays_nothing_for_dollars_without_a_surplus_of_energy(self) -> None:
        done = settle_year(MCE_CASH_OUT, 0, 12_345, 50_000)

        assert (done.how, done.paid_cents, done.balance_cents) == ("none", 0, 12_345)

    def test_lets_small_amounts_roll_over_where_the_cca_says_so(self) -> None:
        policy = CashOut(month=4, threshold_cents=10_000, small="roll_over", source="RCEA")

        done = settle_year(policy, 1_000_000_000, 5_000, 50_000)

        assert (done.how, done.paid_cents, done.balance_cents) == ("roll_over", 0, 5_000)

    def test_needs_a_rate_where_the_cca_fixed_one(self) -> None:
        with pytest.raises(ValidationError, match="rate_micro"):
            CashOut(month=4, rate_source="fixed", source="test")
