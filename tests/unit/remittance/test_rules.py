"""What a utility's rules change about matching, one business case each."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.remittance.ledger.chart import LedgerAccount
from services.remittance.rules import (
    DEFAULT_RULES,
    Key,
    MatchingRules,
    Model,
    ReasonRule,
    Treatment,
    rules_of,
)
from shared.contracts.remittance import RemittanceLineKind
from tests.unit.remittance.books_in_memory import MemoryBooks, charge, line

OWED = charge("I1", 10_000, "A1", "U1")
PURCHASE = MatchingRules(model=Model.PURCHASE, discount=Decimal("0.0125"))
TOLERANT = MatchingRules(tolerance_cents=5)


class TestPurchaseOfReceivables:
    def test_the_discounted_price_pays_the_charge_in_full(self) -> None:
        books = MemoryBooks(rules=PURCHASE).tell(OWED, line("P", 9_875, "I1"))
        assert (books.outcome("P"), books.open_cents("I1")) == ("matched", 0)
        assert books.total(LedgerAccount.DISCOUNT) == 125
        assert books.told("P") == "Pays invoice I1 less a discount of 1.25."

    def test_a_part_of_the_price_leaves_the_rest_open_without_discount(self) -> None:
        books = MemoryBooks(rules=PURCHASE).tell(OWED, line("P", 5_000, "I1"))
        assert (books.outcome("P"), books.open_cents("I1")) == ("short", 5_000)
        assert books.total(LedgerAccount.DISCOUNT) == 0

    def test_a_second_line_completes_the_price_and_takes_the_discount(self) -> None:
        books = MemoryBooks(rules=PURCHASE).tell(
            OWED, line("P", 5_000, "I1"), line("Q", 4_875, "I1")
        )
        assert (books.outcome("Q"), books.open_cents("I1")) == ("matched", 0)
        assert books.total(LedgerAccount.DISCOUNT) == 125

    def test_a_reversal_gives_the_discount_back(self) -> None:
        books = MemoryBooks(rules=PURCHASE).tell(
            OWED, line("P", 9_875, "I1"), line("Q", -9_875, "I1")
        )
        assert books.open_cents("I1") == 10_000
        assert books.total(LedgerAccount.DISCOUNT) == 0

    def test_more_than_the_price_is_unapplied(self) -> None:
        books = MemoryBooks(rules=PURCHASE).tell(OWED, line("P", 10_000, "I1"))
        assert (books.outcome("P"), books.open_cents("I1")) == ("over", 0)
        assert -books.total(LedgerAccount.UNAPPLIED) == 125

    def test_a_purchased_credit_is_taken_at_the_same_discount(self) -> None:
        books = MemoryBooks(rules=PURCHASE).tell(charge("I1", -10_000), line("P", -9_875, "I1"))
        assert books.open_cents("I1") == 0
        assert books.total(LedgerAccount.DISCOUNT) == -125

    def test_a_discount_that_a_line_takes_is_granted_where_the_rules_grant_it(self) -> None:
        taken = line("P", 9_800, "I1", offered=200)
        assert MemoryBooks().tell(OWED, taken).open_cents("I1") == 200
        granted = MemoryBooks(rules=MatchingRules(line_discounts=True)).tell(OWED, taken)
        assert (granted.open_cents("I1"), granted.total(LedgerAccount.DISCOUNT)) == (0, 200)


class TestTolerance:
    def test_a_few_cents_missing_are_let_go(self) -> None:
        books = MemoryBooks(rules=TOLERANT).tell(OWED, line("P", 9_996, "I1"))
        assert (books.outcome("P"), books.open_cents("I1")) == ("matched", 0)
        assert books.total(LedgerAccount.ADJUSTMENTS) == 4
        assert books.told("P") == "Pays invoice I1 in full; 0.04 is let go."

    def test_a_few_cents_too_much_are_let_go(self) -> None:
        books = MemoryBooks(rules=TOLERANT).tell(OWED, line("P", 10_003, "I1"))
        assert (books.outcome("P"), books.total(LedgerAccount.UNAPPLIED)) == ("matched", 0)
        assert books.total(LedgerAccount.ADJUSTMENTS) == -3

    def test_one_cent_more_than_the_tolerance_stays_open(self) -> None:
        books = MemoryBooks(rules=TOLERANT).tell(OWED, line("P", 9_994, "I1"))
        assert (books.outcome("P"), books.open_cents("I1")) == ("short", 6)


class TestOrderOfKeys:
    def test_usage_may_come_before_the_invoice_number(self) -> None:
        rules = MatchingRules(keys=(Key.USAGE, Key.INVOICE, Key.ACCOUNT))
        other = charge("I2", 10_000, "A1", "U2")
        both = line("P", 10_000, "I1", "U2")
        assert MemoryBooks(rules=rules).tell(OWED, other, both).open_cents("I2") == 0
        assert MemoryBooks().tell(OWED, other, both).open_cents("I1") == 0

    def test_without_accounts_money_that_names_only_one_waits(self) -> None:
        rules = MatchingRules(keys=(Key.INVOICE, Key.USAGE))
        books = MemoryBooks(rules=rules).tell(OWED, line("P", 10_000, account="A1"))
        assert (books.outcome("P"), books.open_cents("I1")) == ("unknown", 10_000)


class TestAdjustingPart:
    def test_an_adjustment_that_moves_money_pays_nothing(self) -> None:
        books = MemoryBooks().tell(OWED, line("P", 9_950, "I1", adjusting=-50, reason="72"))
        assert (books.outcome("P"), books.open_cents("I1")) == ("matched", 0)
        assert books.total(LedgerAccount.ADJUSTMENTS) == 50
        assert "reason 72" in books.told("P")


class TestReasons:
    rules = MatchingRules(
        reasons={"CAPP": ReasonRule(name="arrears forgiveness", treatment=Treatment.PAYS)}
    )

    def test_arrears_forgiveness_pays_the_oldest_charge_of_the_account(self) -> None:
        kind = self.rules.kind(RemittanceLineKind.ADJUSTMENT, "CAPP")
        books = MemoryBooks(rules=self.rules).tell(
            OWED, line("P", 10_000, account="A1", kind=kind, reason="CAPP")
        )
        assert books.open_cents("I1") == 0
        assert books.told("P") == "Pays I1 of account A1, oldest first; arrears forgiveness."

    def test_a_reason_not_listed_leaves_the_line_what_it_is(self) -> None:
        kind = self.rules.kind(RemittanceLineKind.ADJUSTMENT, "72")
        assert kind is RemittanceLineKind.ADJUSTMENT


class TestRulesFile:
    @pytest.mark.parametrize("utility", ["pge", "sce", "sdge"])
    def test_every_utility_has_one(self, utility: str) -> None:
        assert rules_of(utility).reasons["CAPP"].treatment is Treatment.PAYS

    def test_a_utility_without_one_is_matched_by_the_defaults(self, tmp_path: Path) -> None:
        assert rules_of("new", tmp_path) is DEFAULT_RULES

    @pytest.mark.parametrize(
        "words",
        [
            'keys = ["account", "invoice", "usage"]',
            'keys = ["invoice"]',
            'discount = "0.01"',
            "tolerance_cents = -1",
            "surprise = 1",
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, tmp_path: Path, words: str) -> None:
        (tmp_path / "odd").mkdir()
        (tmp_path / "odd" / "remittance.toml").write_text(words)
        with pytest.raises(ValidationError):
            rules_of("odd", tmp_path)
