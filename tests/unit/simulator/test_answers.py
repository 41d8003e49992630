"""Whether receipts, charges and advice are read as the wire says them."""

from __future__ import annotations

import pytest

from simulator.answers import (
    UnreadableAnswerError,
    read_advice,
    read_enrollment_answer,
    read_invoice,
    read_receipt,
)
from simulator.x12 import Transaction


def transaction(set_id: str, text: str) -> Transaction:
    lines = [line.strip() for line in text.strip().splitlines()]
    return Transaction(set_id, "0001", tuple(tuple(line.split("*")) for line in lines))


INVOICE = """
    BIG*20260707*I1***U1**ME*00
    REF*12*4001
    REF*Q5**8001
    N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877**40
    N1*SJ*MARIN CLEAN ENERGY*1*968500001**41
    IT1*1*****SV*ELECTRIC*C3*ACCOUNT
    TXI*UT*1.05*****A
    DTM*150*20260606
    DTM*151*20260706
    SAC*C**EU*ENC001*923***0.13800*KH*66.850***1**GENERATION ON PEAK
    SAC*A**EU*ADJ001*100********2**CREDIT
    TDS*928
"""


class TestReceipt:
    def test_tells_the_verdict_on_the_group_and_on_each_set(self) -> None:
        receipt = read_receipt(
            transaction(
                "997",
                """
                AK1*PT*186070002
                AK2*867*0001
                AK5*A
                AK2*867*0002
                AK3*QTY*14
                AK4*2**6*12X4
                AK5*R*5
                AK9*P*2*2*1
                """,
            )
        )

        assert (receipt.functional_id, receipt.control) == ("PT", 186070002)
        assert (receipt.verdict, receipt.included, receipt.accepted) == ("P", 2, 1)
        assert receipt.sets == {"0001": "A", "0002": "R"}

    def test_without_a_summary_cannot_be_read(self) -> None:
        with pytest.raises(UnreadableAnswerError, match="no AK9"):
            read_receipt(transaction("997", "AK1*PT*1"))


class TestInvoice:
    def test_amounts_are_whole_cents_with_credits_negative(self) -> None:
        invoice = read_invoice(transaction("810", INVOICE))

        assert invoice.total_cents == 928
        assert invoice.tax_cents == 105
        assert [line.signed_cents for line in invoice.lines] == [923, -100]
        assert invoice.lines[0].text == "GENERATION ON PEAK"

    def test_names_the_usage_the_account_and_both_parties(self) -> None:
        invoice = read_invoice(transaction("810", INVOICE))

        assert (invoice.number, invoice.reference, invoice.account) == ("I1", "U1", "4001")
        assert invoice.service_agreement == "8001"
        assert (invoice.utility_duns, invoice.cca_duns) == ("006912877", "968500001")
        assert (invoice.start, invoice.end) == ("20260606", "20260706")
        assert not invoice.is_cancel

    @pytest.mark.parametrize(
        ("was", "becomes"),
        [("TDS*928", "TDS*9.28"), ("TXI*UT*1.05", "TXI*UT*1.055"), ("SAC*C", "SAC*X")],
    )
    def test_with_an_impossible_value_cannot_be_read(self, was: str, becomes: str) -> None:
        with pytest.raises(UnreadableAnswerError):
            read_invoice(transaction("810", INVOICE.replace(was, becomes)))


class TestOtherAnswers:
    def test_a_refused_enrolment_gives_its_reasons(self) -> None:
        answer = read_enrollment_answer(
            transaction("814", "BGN*11*R1*20260706***E1\nASI*U*021\nREF*7G*ABN*ALREADY ENROLLED")
        )

        assert (answer.request_id, answer.accepted, answer.reasons) == ("E1", False, ("ABN",))

    def test_advice_names_the_document_and_its_set(self) -> None:
        advice = read_advice(transaction("824", "OTI*TR*TN*U1*******867\nTED*848*A76"))

        assert (advice.verdict, advice.about, advice.set_id) == ("TR", "U1", "867")
        assert advice.reasons == ("A76",)
