"""Every kind of line an 820 may carry, each on real tables and with the books proved after it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from benchmarks.reconcile import reconcile
from services.remittance import apply_remittance, settle_lines
from services.remittance.rules import MatchingRules, Model
from shared.contracts.parts import Reason
from shared.contracts.remittance import RemittanceLineKind
from tests.integration.remittance.office import Office, payment, pays, sent

FEE, ADJUSTMENT = RemittanceLineKind.FEE, RemittanceLineKind.ADJUSTMENT


def trade_by(rules: MatchingRules, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the utility of the test be one with these rules."""
    for module in (apply_remittance, settle_lines):
        monkeypatch.setattr(module, "rules_of", lambda _utility: rules)


class TestOnePaymentOfManyAccounts:
    async def test_full_short_over_and_taken_back_lines_stand_side_by_side(
        self, office: Office
    ) -> None:
        for place in range(1, 6):
            await office.tell(sent(f"I{place}", "100.00", account=f"A{place}"))
        await office.tell(*payment("T0", [pays("100.00", "I4")]))
        lines = [
            pays("100.00", "I1"),
            pays("60.00", "I2"),
            pays("130.00", "I3"),
            pays("-100.00", "I4"),
            pays("100.00", account_number="A5"),
            pays("-7.50", kind=FEE, reason=Reason(code="CS")),
        ]
        await office.tell(*payment("T1", lines))
        expected = ["matched", "short", "over", "reversed", "matched", "adjusted"]
        assert await office.outcomes("T1") == expected
        assert [await office.open_of(f"I{place}") for place in range(1, 6)] == [0, 40, 0, 100, 0]
        assert await office.unapplied() == 30
        await office.prove()

    async def test_lines_of_one_account_may_net_to_zero(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        lines = [pays("100.00", "I1"), pays("-100.00", "I1"), pays("0.00", "I1")]
        await office.tell(*payment("T1", lines))
        assert await office.open_of("I1") == 100
        assert await office.balance_of("cash_in_transit") == 0
        await office.prove()


class TestNegativeRemittance:
    async def test_more_taken_back_than_paid_is_money_the_cca_owes(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"), sent("I2", "50.00", account="A2"))
        await office.tell(*payment("T1", [pays("100.00", "I1")]))
        await office.tell(*payment("T2", [pays("-100.00", "I1"), pays("50.00", "I2")]))
        assert await office.outcomes("T2") == ["reversed", "matched"]
        assert await office.open_of("I1") == 100
        assert await office.balance_of("cash_in_transit") == 50
        await office.prove()


class TestMoneyForNoCharge:
    async def test_a_fee_tied_to_no_customer_is_booked_to_no_account(self, office: Office) -> None:
        await office.tell(*payment("T1", [pays("-12.00", kind=FEE, reason=Reason(code="CS"))]))
        assert await office.outcomes("T1") == ["adjusted"]
        assert await office.balance_of("fees") == 12
        assert await office.balance_of("adjustments") == 0
        assert "reason CS" in office.applied()[0].lines[0].explanation
        await office.prove()

    async def test_an_unknown_account_is_kept_unapplied_under_its_number(
        self, office: Office
    ) -> None:
        await office.tell(*payment("T1", [pays("10.00", account_number="NOBODY")]))
        assert await office.outcomes("T1") == ["unknown"]
        assert await office.unapplied() == 10
        await office.prove()


class TestArrearsForgiveness:
    async def test_a_program_s_money_pays_the_oldest_charge_even_if_called_an_adjustment(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "80.00"))
        forgiven = pays("80.00", account_number="A1", kind=ADJUSTMENT, reason=Reason(code="CAPP"))
        await office.tell(*payment("T1", [forgiven]))
        assert await office.outcomes("T1") == ["matched"]
        assert await office.open_of("I1") == 0
        assert "arrears forgiveness" in office.applied()[0].lines[0].explanation
        await office.prove()


class TestAdjustmentBesideAPayment:
    async def test_money_that_rmr08_moves_pays_nothing(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        line = pays("97.00", "I1", adjusting=Decimal("-3.00"), reason=Reason(code="72"))
        await office.tell(*payment("T1", [line]))
        assert await office.outcomes("T1") == ["matched"]
        assert await office.open_of("I1") == 0
        assert await office.balance_of("adjustments") == 3
        assert await office.balance_of("cash_in_transit") == 97
        await office.prove()

    async def test_it_waits_with_its_line_and_the_payment_moves_alone(self, office: Office) -> None:
        await office.tell(*payment("T1", [pays("97.00", "I1", adjusting=Decimal("-3.00"))]))
        assert await office.unapplied() == 100
        await office.tell(sent("I1", "100.00"))
        assert await office.open_of("I1") == 0
        assert await office.unapplied() == 0
        await office.prove()


class TestPurchaseOfReceivables:
    async def test_the_discount_is_journaled_and_given_back_with_a_reversal(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rules = MatchingRules(model=Model.PURCHASE, discount=Decimal("0.0125"))
        trade_by(rules, monkeypatch)
        await office.tell(sent("I1", "100.00"))
        await office.tell(*payment("T1", [pays("98.75", "I1")]))
        assert await office.outcomes("T1") == ["matched"]
        assert await office.open_of("I1") == 0
        assert await office.balance_of("discount") == Decimal("1.25")
        await office.prove()
        await office.tell(*payment("T2", [pays("-98.75", "I1")]))
        assert await office.open_of("I1") == 100
        assert await office.balance_of("discount") == 0
        await office.prove()

    async def test_a_purchase_announced_before_its_charge_takes_the_discount_later(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trade_by(MatchingRules(model=Model.PURCHASE, discount=Decimal("0.01")), monkeypatch)
        await office.tell(*payment("T1", [pays("99.00", "I1")]))
        await office.tell(sent("I1", "100.00"))
        assert await office.open_of("I1") == 0
        assert await office.balance_of("discount") == 1
        await office.prove()


class TestTolerance:
    async def test_a_cent_is_let_go_and_booked_as_an_adjustment(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trade_by(MatchingRules(tolerance_cents=2), monkeypatch)
        await office.tell(sent("I1", "100.00"), sent("I2", "50.00", account="A2"))
        await office.tell(*payment("T1", [pays("99.99", "I1"), pays("50.02", "I2")]))
        assert await office.outcomes("T1") == ["matched", "matched"]
        assert await office.open_of("I1") == 0
        assert await office.unapplied() == 0
        assert await office.balance_of("adjustments") == Decimal("-0.01")
        await office.prove()


class TestUsageBeforeInvoice:
    async def test_a_line_leaves_its_invoice_when_its_usage_is_charged(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys = ("usage", "invoice", "account")
        trade_by(MatchingRules.model_validate({"keys": keys}), monkeypatch)
        await office.tell(sent("I1", "40.00", usage="U1"))
        await office.tell(*payment("T1", [pays("40.00", "I1", usage_id="U2")]))
        assert await office.open_of("I1") == 0
        await office.tell(sent("I2", "40.00", usage="U2"))
        assert await office.open_of("I1") == 40
        assert await office.open_of("I2") == 0
        await office.prove()


class TestGeneratedPayments:
    async def test_every_mix_of_cases_reconciles_to_the_cent(self, office: Office) -> None:
        result = await reconcile(office.service, 10_000, lines_a_round=2_500)
        assert result.difference == 0, result.differences
        assert result.audit_differences == 0
        assert result.lines >= 10_000
