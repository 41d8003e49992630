"""What a utility's 824 says of our documents, and ours of theirs."""

from __future__ import annotations

import pytest

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions import (
    Outgoing,
    Reading,
    Rejection,
    read_document,
    write_document,
)
from shared.contracts.documents import Advice, AdviceAction, AdviceVerdict
from shared.contracts.parts import Reason
from tests.unit.edi_gateway.transactions.conftest import TRANSACTION_ID, Read, SendAndReceive

REJECTION = """
ST*824*0001
BGN*11*PGE824-1*20260603
N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877
N1*SJ*MARIN CLEAN ENERGY*1*968500001
OTI*TR*TN*MCE000000001*******810
REF*12*4000000001
TED*848*A76
NTE*ADD*ACCOUNT NOT FOUND
NTE*ADD*IN BILLING SYSTEM
"""


def advices(reading: Reading) -> list[Advice]:
    assert reading.reasons == ()
    return [fact for fact in reading.facts if isinstance(fact, Advice)]


class TestAdvice:
    def test_a_rejection_names_the_document_and_the_reason(self, read: Read) -> None:
        reading = read(REJECTION)

        (advice,) = advices(reading)
        assert advice.verdict is AdviceVerdict.REJECTED
        assert (advice.set_id, advice.document_number) == ("810", "MCE000000001")
        assert advice.account_number == "4000000001"
        assert advice.reasons == (Reason(code="A76", text="ACCOUNT NOT FOUND IN BILLING SYSTEM"),)
        assert reading.identifiers == (
            ("advice_id", "PGE824-1"),
            ("document_number", "MCE000000001"),
            ("account", "4000000001"),
        )

    @pytest.mark.parametrize(
        ("code", "verdict"),
        [
            ("TA", AdviceVerdict.ACCEPTED),
            ("IR", AdviceVerdict.REJECTED),
            ("TP", AdviceVerdict.PARTIAL),
        ],
    )
    def test_each_code_is_a_verdict(self, read: Read, code: str, verdict: AdviceVerdict) -> None:
        (advice,) = advices(read(REJECTION.replace("OTI*TR", f"OTI*{code}")))
        assert advice.verdict is verdict

    def test_several_reasons_are_all_kept(self, read: Read) -> None:
        (advice,) = advices(read(REJECTION + "TED*848*API\nTED*848"))
        assert [reason.code for reason in advice.reasons] == ["A76", "API", "848"]

    def test_several_documents_are_all_advised_on(self, read: Read) -> None:
        second = "OTI*TA*TN*MCE000000002*******810"
        facts = advices(read(REJECTION + second))
        assert [each.document_number for each in facts] == ["MCE000000001", "MCE000000002"]

    def test_it_says_what_is_expected_of_us(self, read: Read) -> None:
        head = "BGN*11*PGE824-1*20260603"
        (again,) = advices(read(REJECTION.replace(head, head + "*****82")))
        (told,) = advices(read(REJECTION.replace(head, head + "*****EV")))
        (silent,) = advices(read(REJECTION))
        assert again.action is AdviceAction.CORRECT_AND_RESEND
        assert told.action is AdviceAction.NOTIFY
        assert silent.action is None

    def test_one_document_may_be_expected_again_and_another_not(self, read: Read) -> None:
        second = "OTI*TR*TN*MCE000000002*******810*****82\nREF*6O*USE2"
        text = REJECTION.replace("*20260603", "*20260603*****EV") + second
        first, other = advices(read(text))
        assert (first.action, first.usage_id) == (AdviceAction.NOTIFY, None)
        assert (other.action, other.usage_id) == (AdviceAction.CORRECT_AND_RESEND, "USE2")

    @pytest.mark.parametrize(
        ("old", "new", "code", "words"),
        [
            ("*******810", "", "API", "OTI10"),
            ("968500001", "968500009", "UND", "968500009"),
            ("OTI*TR", "OTI*TE", "A13", "OTI01"),
        ],
    )
    def test_wrong_content_becomes_a_reason(
        self, read: Read, old: str, new: str, code: str, words: str
    ) -> None:
        reading = read(REJECTION.replace(old, new))
        assert reading.facts == ()
        assert reading.reasons[0].code == code
        assert words in reading.reasons[0].text


class TestRejection:
    """Our 824 has the layout of theirs, so our reader must understand it."""

    REASONS = (Reason(code="SUM", text="BUCKETS DO NOT ADD"), Reason(code="API"))

    @pytest.mark.parametrize("action", AdviceAction)
    def test_it_is_read_as_it_was_meant(
        self,
        outgoing: Outgoing,
        send_and_receive: SendAndReceive,
        pge: TradingPartner,
        action: AdviceAction,
    ) -> None:
        rejection = Rejection(
            transaction_id=TRANSACTION_ID,
            set_id="867",
            document_number="USE1",
            account_number="4000000001",
            action=action,
            reasons=self.REASONS,
        )
        paper = send_and_receive("824", write_document("824", rejection, outgoing), outgoing)

        (advice,) = advices(read_document(paper, pge, transaction_id=TRANSACTION_ID))
        assert (advice.set_id, advice.document_number) == ("867", "USE1")
        assert (advice.verdict, advice.action) == (AdviceVerdict.REJECTED, action)
        assert (advice.account_number, advice.reasons) == ("4000000001", self.REASONS)

    def test_one_on_a_payment_names_no_account(
        self, outgoing: Outgoing, send_and_receive: SendAndReceive
    ) -> None:
        rejection = Rejection(
            transaction_id=TRANSACTION_ID,
            set_id="820",
            document_number="T1",
            action=AdviceAction.NOTIFY,
            reasons=self.REASONS,
        )
        paper = send_and_receive("824", write_document("824", rejection, outgoing), outgoing)
        assert not paper.loop("OTI").first("REF")
