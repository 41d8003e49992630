"""Whether the end-of-day checks find each kind of thing that may be wrong, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from simulator.answers import Advice, ChargeLine, EnrollmentAnswer, Invoice, Receipt
from simulator.balance import numbering_gaps, problems_of_the_day
from simulator.correspondence import Correspondence, ReceivedFile, SentFile
from simulator.expectations import Expectations
from simulator.plan import Connection, DayPlan
from simulator.world import measure

PLAN = DayPlan("pge", Connection("localhost", 22, "pge", Path("key")), accounts=1)
ACCOUNT = PLAN.people.account(0)
USED = measure(PLAN.people, ACCOUNT, date(2026, 6, 6), date(2026, 7, 6), "U1")
INVOICE = Invoice(
    number="I1",
    reference="U1",
    purpose="00",
    original="",
    account=ACCOUNT.number,
    service_agreement=ACCOUNT.service_agreement,
    utility_duns=PLAN.identity.duns,
    cca_duns=ACCOUNT.cca.duns,
    start="20260606",
    end="20260706",
    total_cents=1_005,
    tax_cents=5,
    lines=(ChargeLine(1_000, Decimal("0.10000"), Decimal("100.000"), "GENERATION"),),
)
CANCEL = replace(INVOICE, number="K1", purpose="01", original="I1")


def day(*invoices: Invoice) -> tuple[Correspondence, Expectations]:
    """A day on which one usage was sent and receipted, with these charges received."""
    book = Correspondence(PLAN, sent=[SentFile("F1", "867", 1, 2, frozenset({"0002"}))])
    book.receipts["PT", 1].append(Receipt("PT", 1, "P", 2, 1, {"0001": "A", "0002": "R"}))
    book.invoices += invoices
    book.charged.update({one.reference: one for one in invoices if not one.is_cancel})
    book.cancels.update({one.original: one for one in invoices if one.is_cancel})
    return book, Expectations(usage={"U1": USED}, chargeable={"U1"})


class TestCharges:
    def test_a_sound_charge_is_no_problem(self) -> None:
        assert problems_of_the_day(*day(INVOICE)) == []

    @pytest.mark.parametrize(
        ("wrong", "problem"),
        [
            (replace(INVOICE, total_cents=1_006), "its lines add up to 1005"),
            (replace(INVOICE, tax_cents=0, total_cents=1_000, start="20260605"), "is not the us"),
            (replace(INVOICE, account="4999"), "names another account or CCA"),
            (replace(INVOICE, cca_duns="968500009"), "names another account or CCA"),
            (replace(INVOICE, reference="U9"), "which was not sent in this run"),
            (
                replace(
                    INVOICE,
                    lines=(replace(INVOICE.lines[0], rate=Decimal("0.11000")),),
                ),
                "GENERATION is 1000, not",
            ),
        ],
    )
    def test_a_wrong_one_is_named(self, wrong: Invoice, problem: str) -> None:
        (found,) = problems_of_the_day(*day(wrong))

        assert problem in found

    def test_a_charge_for_what_was_made_wrong_is_named(self) -> None:
        book, expected = day(INVOICE)
        expected.chargeable.clear()

        assert problems_of_the_day(book, expected) == ["I1 charges U1, which must not be charged"]

    def test_a_number_used_twice_is_named(self) -> None:
        book, expected = day(INVOICE)
        book.invoices.append(INVOICE)

        assert problems_of_the_day(book, expected) == ["invoice number I1 came 2 times"]

    def test_a_charge_turned_down_by_advice_is_named(self) -> None:
        book, expected = day(INVOICE)
        book.advices.append(Advice("TR", "U1", "867", ("A76",)))

        assert problems_of_the_day(book, expected) == ["U1 was turned down by 824: A76"]


class TestCancels:
    def test_an_expected_one_is_no_problem(self) -> None:
        book, expected = day(INVOICE, CANCEL)
        expected.cancelled.add("U1")

        assert problems_of_the_day(book, expected) == []

    def test_an_unexpected_one_is_named(self) -> None:
        (found,) = problems_of_the_day(*day(INVOICE, CANCEL))

        assert found == "K1 cancels I1, whose usage was not cancelled"

    def test_one_that_takes_back_another_amount_is_named(self) -> None:
        smaller = replace(CANCEL, total_cents=1_000, tax_cents=0)
        book, expected = day(INVOICE, smaller)
        expected.cancelled.add("U1")

        assert problems_of_the_day(book, expected) == ["K1 takes back 1000 of 1005 cents"]

    def test_one_of_an_unknown_charge_is_named(self) -> None:
        (found,) = problems_of_the_day(*day(INVOICE, replace(CANCEL, original="I8")))

        assert "which did not come in this run" in found


class TestReceipts:
    @pytest.mark.parametrize(
        ("receipt", "problem"),
        [
            (Receipt("PT", 1, "A", 2, 1, {"0002": "R"}), "AK9 is A, expected P"),
            (Receipt("PT", 1, "P", 2, 2, {"0002": "R"}), "AK9 counts (2, 2)"),
            (Receipt("PT", 1, "P", 2, 1, {"0001": "R"}), "rejects ['0001']"),
        ],
    )
    def test_a_wrong_verdict_is_named(self, receipt: Receipt, problem: str) -> None:
        book, expected = day(INVOICE)
        book.receipts["PT", 1] = [receipt]

        (found,) = problems_of_the_day(book, expected)
        assert problem in found

    def test_one_for_a_group_that_was_not_sent_is_named(self) -> None:
        book, expected = day(INVOICE)
        book.receipts["GE", 9].append(Receipt("GE", 9, "A", 1, 1))

        (found,) = problems_of_the_day(book, expected)
        assert "GE 9, which was not sent" in found


class TestNumbers:
    def test_gaps_between_the_lowest_and_the_highest_are_named(self) -> None:
        book, _ = day()
        book.received += [
            ReceivedFile("a", (11,), (("IN", 1),), 1),
            ReceivedFile("b", (14,), (("IN", 2),), 1),
        ]

        assert numbering_gaps(book) == ["12", "13"]

    def test_numbers_used_twice_are_named(self) -> None:
        book, expected = day(INVOICE)
        book.received += [ReceivedFile(name, (11,), (("IN", 1),), 1) for name in "ab"]

        assert problems_of_the_day(book, expected) == [
            "ISA13 11 was used 2 times",
            "GS06 1 was used 2 times for IN",
        ]

    def test_an_interchange_rejected_by_ta1_is_named_unless_it_was_sent_twice(self) -> None:
        book, expected = day(INVOICE)
        book.interchange_notes.append(("TA1", "000000042", "260706", "0600", "R", "025"))

        assert problems_of_the_day(book, expected) == [
            "interchange 000000042 was rejected by TA1 with 025"
        ]
        expected.sent_again.add(42)
        assert problems_of_the_day(book, expected) == []


class TestEnrollments:
    @pytest.mark.parametrize(
        ("answers", "problem"),
        [
            ([EnrollmentAnswer("E1", accepted=False, reasons=("A76",), account="")], "A76"),
            ([EnrollmentAnswer("E1", accepted=True, reasons=(), account="4")] * 2, "got 2 814"),
            ([EnrollmentAnswer("R1", accepted=True, reasons=(), account="4")], "accepted"),
            ([EnrollmentAnswer("R1", accepted=False, reasons=("008",), account="")], "008"),
            ([EnrollmentAnswer("X1", accepted=True, reasons=(), account="4")], "not asked"),
        ],
    )
    def test_a_wrong_answer_is_named(self, answers: list[EnrollmentAnswer], problem: str) -> None:
        book, expected = day(INVOICE)
        expected.requests |= {"E1", "R1"}
        expected.refused.add("R1")
        book.enrollment_answers[answers[0].request_id] += answers

        (found,) = problems_of_the_day(book, expected)
        assert problem in found
