from __future__ import annotations

from datetime import date

import pytest

from services.remittance.ledger.chart import LedgerAccount
from services.remittance.placements import ConservationError, Line, Placement
from services.remittance.receivables import SentCharge
from shared.contracts.remittance import RemittanceLineKind, RemittanceOutcome
from tests.unit.remittance.books_in_memory import MemoryBooks, charge, line

OWED = charge("I1", 10_000, usage="U1")
OLDER = date(2026, 10, 1)


class TestOutcomeOfTheLastLine:
    @pytest.mark.parametrize(
        ("facts", "outcome", "opened", "unapplied"),
        [
            ([OWED, line("P", 10_000, "I1")], "matched", 0, 0),
            ([OWED, line("P", 9_999, "I1")], "short", 1, 0),
            ([OWED, line("Q", 9_999, "I1"), line("P", 1, "I1")], "matched", 0, 0),
            ([OWED, line("P", 10_001, "I1")], "over", 0, 1),
            ([OWED, line("Q", 10_000, "I1"), line("P", 10_000, "I1")], "duplicate", 0, 10_000),
            ([OWED, line("Q", 10_000, "I1"), line("P", 7, "I1")], "over", 0, 7),
            ([OWED, line("P", 10_000, "I2")], "unknown", 10_000, 10_000),
            ([OWED, line("P", 10_000, usage="U1")], "matched", 0, 0),
            ([OWED, line("P", 10_000, "X9", usage="U1")], "matched", 0, 0),
            ([OWED, line("P", 10_000, usage="U2", account="A1")], "unknown", 10_000, 10_000),
            ([OWED, line("P", 10_000, account="A1")], "matched", 0, 0),
            ([OWED, line("P", 12_000, account="A1")], "over", 0, 2_000),
            ([OWED, line("P", 10_000, account="A2")], "unknown", 10_000, 10_000),
            ([OWED, line("P", 10_000)], "unknown", 10_000, 10_000),
            ([OWED, line("Q", 10_000, "I1"), line("P", -10_000, "I1")], "reversed", 10_000, 0),
            ([OWED, line("Q", 5_000, "I1"), line("P", -8_000, "I1")], "reversed", 10_000, -3_000),
            ([OWED, line("P", -10_000, "I1")], "unknown", 10_000, -10_000),
            ([OWED, line("Q", 6_000, account="A1"), line("P", -6_000, account="A1")],
             "reversed", 10_000, 0),
            ([OWED, line("P", 0, "I1")], "short", 10_000, 0),
            ([OWED, line("P", -250, kind=RemittanceLineKind.FEE)], "adjusted", 10_000, 0),
            ([OWED, line("P", -250, "I1", kind=RemittanceLineKind.ADJUSTMENT)],
             "adjusted", 10_000, 0),
        ],
    )  # fmt: skip
    def test_is(
        self, facts: list[SentCharge | Line], outcome: str, opened: int, unapplied: int
    ) -> None:
        books = MemoryBooks().tell(*facts)
        assert books.outcome("P") == outcome
        assert books.open_cents("I1") == opened
        assert -books.total(LedgerAccount.UNAPPLIED) == unapplied


class TestCreditInvoice:
    def test_is_taken_by_a_negative_line(self) -> None:
        books = MemoryBooks().tell(charge("I1", -3_000), line("P", -3_000, "I1"))
        assert (books.outcome("P"), books.open_cents("I1")) == ("matched", 0)

    def test_is_taken_too_far_only_on_account(self) -> None:
        books = MemoryBooks().tell(charge("I1", -3_000), line("P", -3_500, "I1"))
        assert (books.outcome("P"), books.open_cents("I1")) == ("over", 0)
        assert books.total(LedgerAccount.UNAPPLIED) == 500


class TestCancel:
    def test_releases_money_as_credit_on_the_account(self) -> None:
        books = MemoryBooks().tell(OWED, line("P", 10_000, "I1"))
        books.tell(charge("C1", 10_000, cancels="I1"))
        assert books.open_cents("I1") == 0
        assert books.ledger()[LedgerAccount.UNAPPLIED, "A1"] == -10_000

    def test_of_a_part_lets_the_payment_stand_for_the_rest(self) -> None:
        books = MemoryBooks().tell(OWED, line("P", 6_000, "I1"))
        books.tell(charge("C1", 4_000, cancels="I1"))
        assert (books.outcome("P"), books.open_cents("I1")) == ("matched", 0)

    def test_moves_money_named_by_usage_to_the_rebill(self) -> None:
        books = MemoryBooks().tell(OWED, line("P", 10_000, usage="U1"))
        books.tell(charge("C1", 10_000, cancels="I1"), charge("I2", 11_000, usage="U1"))
        assert books.opened() == {"I1": 0, "I2": 1_000}

    def test_releases_account_money_to_the_next_charge(self) -> None:
        books = MemoryBooks().tell(OWED, charge("I2", 9_000), line("P", 10_000, account="A1"))
        books.tell(charge("C1", 10_000, cancels="I1"))
        assert books.opened() == {"I1": 0, "I2": 0}
        assert books.ledger()[LedgerAccount.UNAPPLIED, "A1"] == -1_000


class TestAccountMoney:
    def test_pays_by_date_and_not_by_order_of_arrival(self) -> None:
        books = MemoryBooks().tell(OWED, charge("I0", 4_000, on=OLDER))
        books.tell(line("P", 5_000, account="A1"))
        assert books.opened() == {"I0": 0, "I1": 9_000}

    def test_takes_back_the_newest_first(self) -> None:
        books = MemoryBooks().tell(OWED, charge("I0", 4_000, on=OLDER))
        books.tell(line("Q", 14_000, account="A1"), line("P", -5_000, account="A1"))
        assert books.opened() == {"I0": 0, "I1": 5_000}

    def test_leaves_other_accounts_alone(self) -> None:
        books = MemoryBooks().tell(OWED, charge("I2", 4_000, account="A2"))
        books.tell(line("P", 14_000, account="A2"))
        assert books.opened() == {"I1": 10_000, "I2": 0}


class TestExplanation:
    def test_is_one_sentence_for_every_placement(self) -> None:
        books = MemoryBooks().tell(OWED, line("P", 9_999, "I1"), line("Q", 5, account="A7"))
        told = [placement.explanation for placement in books.placements.values()]
        assert told == [
            "Pays 99.99 of invoice I1; 0.01 stays open.",
            "No charge of account A7 was sent yet; the money waits.",
        ]


class TestConservation:
    def test_placement_that_loses_a_cent_cannot_be_made(self) -> None:
        with pytest.raises(ConservationError):
            Placement(line("P", 100), RemittanceOutcome.UNKNOWN, "", {}, unapplied_cents=99)
