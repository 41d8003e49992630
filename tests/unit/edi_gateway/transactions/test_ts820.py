"""Payments: signs, fees, adjustments, and long ones in parts."""

from __future__ import annotations

import pickle
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from services.edi_gateway.profile import AdjustmentRule, FeeRule, PaymentRules, TradingPartner
from services.edi_gateway.transactions import Payment, Reading, facts_of, to_messages
from services.edi_gateway.transactions.reading import REASONS_MAX
from shared.contracts.envelope import WrittenBody
from shared.contracts.remittance import RemittanceLineKind, RemittanceReported
from tests.unit.edi_gateway.transactions.conftest import Read

FILE_ID = UUID(int=7)
HEAD = """
ST*820*0001
BPR*C*{total}*C*ACH*CTX*01*999999992*DA*1000200030***01*999999992*DA*4000500060*20260620
TRN*1*PGE820-1
N1*PR*PACIFIC GAS AND ELECTRIC*1*006912877
N1*PE*MARIN CLEAN ENERGY*1*968500001
ENT*1
"""
PAID = """
RMR*IV*MCE000000001*PO*17.65*17.65
REF*12*4000000001
REF*6O*PGE867-1
DTM*809*20260619
"""


def head(total: str = "17.65") -> str:
    return HEAD.format(total=total)


def payment_of(reading: Reading) -> Payment:
    assert reading.reasons == ()
    (fact,) = reading.facts
    assert isinstance(fact, Payment)
    return fact


def summing(partner: TradingPartner, **rules: str) -> TradingPartner:
    """Return the partner with other sums in its 820."""
    profile = partner.profile.model_copy(update={"payments": PaymentRules.model_validate(rules)})
    return partner.model_copy(update={"profile": profile})


class TestPayment:
    def test_the_payment_and_its_line_are_read(self, read: Read) -> None:
        reading = read(head() + PAID)
        payment = payment_of(reading)

        assert (reading.business_key, reading.cca, reading.amount) == (
            "PGE820-1",
            "mce",
            Decimal("17.65"),
        )
        assert (payment.trace_number, payment.payee) == ("PGE820-1", "mce")
        assert (payment.total, payment.settled_on) == (Decimal("17.65"), date(2026, 6, 20))
        (line,) = payment.lines
        assert line.kind is RemittanceLineKind.PAYMENT
        assert (line.amount, line.invoiced) == (Decimal("17.65"), Decimal("17.65"))
        assert line.invoice_number == "MCE000000001"
        assert (line.account_number, line.usage_id) == ("4000000001", "PGE867-1")
        assert line.posted_on == date(2026, 6, 19)

    def test_a_line_may_name_the_account_only(self, read: Read) -> None:
        (line,) = payment_of(read(head() + "RMR*12*0000123456*PO*17.65")).lines
        assert (line.account_number, line.invoice_number) == ("0000123456", None)

    def test_a_payment_taken_back_is_negative_and_may_net_to_zero(self, read: Read) -> None:
        back = PAID.replace("*PO*17.65*", "*PO*-17.65*")
        payment = payment_of(read(head("0") + PAID + back))
        assert [line.amount for line in payment.lines] == [Decimal("17.65"), Decimal("-17.65")]
        assert payment.total == payment.lines_total == Decimal("0.00")

    def test_a_debit_is_a_negative_total(self, read: Read) -> None:
        text = head("40.00").replace("*40.00*C*", "*40.00*D*")
        payment = payment_of(read(text + "RMR*IV*MCE000000001*PO*-40"))
        assert payment.total == payment.lines_total == Decimal("-40.00")

    def test_a_fee_belongs_to_no_account(self, read: Read) -> None:
        text = head("12.65").replace("ENT*1\n", "ENT*1\nADX*-5.00*CS\n")
        fee, paid = payment_of(read(text + PAID)).lines
        assert (fee.kind, fee.amount, fee.account_number) == (
            RemittanceLineKind.FEE,
            Decimal("-5.00"),
            None,
        )
        assert fee.reason is not None
        assert fee.reason.code == "CS"
        assert (fee.sequence, paid.sequence) == (1, 2)

    def test_a_fee_after_the_lines_is_a_line_of_its_own(self, read: Read) -> None:
        payment = payment_of(read(head("12.65") + PAID + "ADX*-5*CS"))
        assert payment.lines[1].kind is RemittanceLineKind.FEE
        assert payment.lines_total == payment.total

    def test_an_adjustment_keeps_its_reason_and_amount(self, read: Read) -> None:
        (line,) = payment_of(read(head("-3.00") + "RMR*IV*MCE1*AJ*-3.00***72*-3.00")).lines
        assert line.kind is RemittanceLineKind.ADJUSTMENT
        assert line.adjustment_amount == Decimal("-3.00")
        assert line.reason is not None
        assert line.reason.code == "72"

    def test_a_master_account_line_is_a_fee(self, read: Read) -> None:
        (line,) = payment_of(read(head("-9.5") + "RMR*14*FEES*AJ*-9.50")).lines
        assert (line.kind, line.account_number) == (RemittanceLineKind.FEE, None)

    def test_a_discount_taken_is_kept_beside_the_amount(self, read: Read) -> None:
        (line,) = payment_of(read(head("98.00") + "RMR*IV*MCE1*PO*98.00*100.00*2.00")).lines
        assert (line.amount, line.discount) == (Decimal("98.00"), Decimal("2.00"))

    def test_an_adjustment_beside_a_payment_is_told_and_is_no_money(self, read: Read) -> None:
        (line,) = payment_of(read(head("90.00") + "RMR*IV*MCE1*PO*90.00*100.00**72*-10.00")).lines
        assert (line.amount, line.adjusting) == (Decimal("90.00"), Decimal(0))

    def test_an_adjustment_is_money_where_the_profile_says_so(
        self, read: Read, pge: TradingPartner
    ) -> None:
        partner = summing(pge, adjustments=AdjustmentRule.ADDED)
        text = head("90.00") + "RMR*IV*MCE1*PO*100.00*100.00**72*-10.00"
        (line,) = payment_of(read(text, partner)).lines
        assert (line.amount, line.adjusting) == (Decimal("90.00"), Decimal("-10.00"))

    def test_a_fee_is_taken_off_where_the_profile_says_so(
        self, read: Read, pge: TradingPartner
    ) -> None:
        partner = summing(pge, fees=FeeRule.SUBTRACTED)
        payment = payment_of(read(head("12.65") + PAID + "ADX*5.00*CS", partner))
        assert payment.lines_total == payment.total

    def test_sums_that_disagree_are_left_to_the_remittance_service(self, read: Read) -> None:
        payment = payment_of(read(head("99.00") + PAID))
        assert (payment.total, payment.lines_total) == (Decimal("99.00"), Decimal("17.65"))


class TestWrongPayment:
    @pytest.mark.parametrize(
        ("old", "new", "code", "words"),
        [
            ("968500001", "968500004", "UND", "968500004"),
            ("006912877", "006908818", "UND", "006908818"),
            ("*PO*17.65*17.65", "*PO**17.65", "API", "RMR04"),
            ("*PO*17.65*", "*PO*17.654*", "A13", "whole cents"),
            ("*20260620", "", "API", "BPR16"),
        ],
    )
    def test_it_becomes_a_reason_and_no_fact(
        self, read: Read, old: str, new: str, code: str, words: str
    ) -> None:
        reading = read((head() + PAID).replace(old, new))
        assert reading.facts == ()
        assert reading.reasons[0].code == code
        assert words in reading.reasons[0].text

    def test_a_broken_payment_of_many_lines_tells_of_some(self, read: Read) -> None:
        lines = "\n".join(f"RMR*IV*MCE{n}*PO*0.001" for n in range(2000))
        reading = read(head("2.00") + lines)
        assert reading.facts == ()
        assert len(reading.reasons) == REASONS_MAX


class TestParts:
    def test_a_long_payment_comes_in_parts_of_at_most_five_hundred_lines(self, read: Read) -> None:
        lines = "\n".join(f"RMR*IV*MCE{n}*PO*0.01" for n in range(1, 1202))
        reading = read(head("12.01") + lines)
        written = to_messages(payment_of(reading), FILE_ID, UUID(int=8))
        messages = [RemittanceReported.model_validate_json(body.json) for body in written]

        assert [len(message.lines) for message in messages] == [500, 500, 201]
        assert [(m.part, m.parts, m.line_count) for m in messages] == [
            (1, 3, 1201),
            (2, 3, 1201),
            (3, 3, 1201),
        ]
        assert [line.sequence for m in messages for line in m.lines] == list(range(1, 1202))
        assert {(m.file_id, m.transaction_id) for m in messages} == {(FILE_ID, UUID(int=8))}

    def test_its_lines_cross_to_another_process_as_they_are_sent(self, read: Read) -> None:
        lines = "".join(PAID.replace("000000001", f"{n:09d}") for n in range(1000))
        assert len(pickle.dumps(read(head("17650.00") + lines))) < 250 * 1000

    def test_a_payment_without_lines_is_one_message(self, read: Read) -> None:
        payment = payment_of(read(head("0")))
        (body,) = to_messages(payment, FILE_ID, UUID(int=8))
        message = RemittanceReported.model_validate_json(body.json)
        assert (message.lines, message.line_count, message.part, message.parts) == ((), 0, 1, 1)

    def test_a_payment_is_reported_with_its_own_transaction(self, read: Read) -> None:
        (body,) = facts_of([read(head() + PAID)], FILE_ID)
        assert isinstance(body, WrittenBody)
        message = RemittanceReported.model_validate_json(body.json)
        assert message.trace_number == "PGE820-1"
