"""What we ask of a utility by 814, and what it answers."""

from __future__ import annotations

from datetime import date

import pytest

from services.edi_gateway.transactions import (
    Outgoing,
    Reading,
    RequestAnswer,
    RequestKind,
    ServiceRequest,
    write_document,
)
from services.edi_gateway.x12 import Transaction
from shared.contracts.parts import Reason
from tests.unit.edi_gateway.transactions.conftest import Read, SendAndReceive

ANSWER = """
ST*814*0001
BGN*11*RSP1*20260603***Q1
N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877**41
N1*SJ*MARIN CLEAN ENERGY*1*968500001**40
N1*8R*ADA ALDERTON
N3*1 OTTER POINT RD
N4*SAN RAFAEL*CA*94901
LIN*1*SH*EL*SH*CE
ASI*WQ*021
REF*1P*HUU*NO HISTORY
REF*12*4100000001
REF*Q5**SA1
REF*NH*E-TOU-C
DTM*150*20260606
NM1*MQ*3******32*M1
REF*MT*KHMON
"""


def asked(kind: RequestKind, **changed: object) -> ServiceRequest:
    wish = ServiceRequest(
        request_id="Q1",
        client_key="K1",
        kind=kind,
        account_number="4100000001",
        service_agreement_id="SA1",
        customer_name="ADA ALDERTON",
        effective_on=date(2026, 8, 6),
        asked_by="crm",
    )
    return wish.model_copy(update=changed)


def answered(reading: Reading) -> RequestAnswer:
    assert reading.reasons == ()
    (fact,) = reading.facts
    assert isinstance(fact, RequestAnswer)
    return fact


class TestRequest:
    @pytest.mark.parametrize(
        ("kind", "service", "action", "date_qualifier"),
        [
            (RequestKind.ENROLL, "CE", ("7", "021"), "150"),
            (RequestKind.DROP, "CE", ("F", "024"), "151"),
            (RequestKind.CHANGE, "CE", ("7", "001"), "150"),
            (RequestKind.REINSTATE, "CE", ("7", "025"), "150"),
            (RequestKind.USAGE_HISTORY, "HU", ("7", "029"), "150"),
            (RequestKind.INTERVAL_HISTORY, "HI", ("7", "029"), "150"),
        ],
    )
    def test_each_kind_is_written_as_the_guides_say(
        self,
        outgoing: Outgoing,
        send_and_receive: SendAndReceive,
        kind: RequestKind,
        service: str,
        action: tuple[str, str],
        date_qualifier: str,
    ) -> None:
        segments = write_document("814", asked(kind, changed=("REFRB",)), outgoing)
        paper: Transaction = send_and_receive("814", segments, outgoing)

        line = paper.loop("LIN")
        assert (paper.value("BGN", 1), paper.value("BGN", 2)) == ("13", "Q1")
        assert line.header.element(5) == service
        assert line.first("ASI").elements == action
        assert line.value("REF", 2, "TD") == "REFRB"
        assert line.value("REF", 2, "12") == "4100000001"
        assert line.value("REF", 3, "Q5") == "SA1"
        assert line.value("DTM", 2, date_qualifier) == "20260806"
        assert paper.loop("N1", "SJ").header.element(6) == "41"

    def test_a_drop_says_why(self, outgoing: Outgoing, send_and_receive: SendAndReceive) -> None:
        why = Reason(code="B38", text="Dropped by customer request")
        segments = write_document("814", asked(RequestKind.DROP, reason=why), outgoing)
        line = send_and_receive("814", segments, outgoing).loop("LIN")
        assert line.first("REF", "1P").elements == ("1P", "B38", "DROPPED BY CUSTOMER REQUEST")


class TestAnswer:
    def test_a_yes_brings_the_utilitys_own_data(self, read: Read) -> None:
        reading = read(ANSWER)
        told = answered(reading)
        assert (reading.business_key, reading.cca) == ("RSP1", "mce")
        assert (told.request_id, told.accepted, told.reasons) == ("Q1", True, ())
        assert told.statuses == (Reason(code="HUU", text="NO HISTORY"),)
        assert told.account.service_address.city == "SAN RAFAEL"
        assert (told.account.rate_code, told.account.effective_on) == (
            "E-TOU-C",
            date(2026, 6, 6),
        )
        assert [meter.meter_number for meter in told.account.meters] == ["M1"]

    def test_a_no_gives_every_reason(self, read: Read) -> None:
        refusal = ANSWER.replace("ASI*WQ", "ASI*U").replace(
            "REF*1P*HUU*NO HISTORY", "REF*7G*A76*NOT FOUND\nREF*7G*008"
        )
        told = answered(read(refusal))
        assert not told.accepted
        assert told.reasons == (Reason(code="A76", text="NOT FOUND"), Reason(code="008"))

    def test_it_can_be_looked_up_by_its_number_and_by_ours(self, read: Read) -> None:
        assert read(ANSWER).identifiers == (
            ("response_id", "RSP1"),
            ("request_id", "Q1"),
            ("account", "4100000001"),
            ("service_agreement", "SA1"),
        )

    def test_an_answer_about_history_need_not_speak_of_generation(self, read: Read) -> None:
        assert answered(read(ANSWER.replace("*SH*CE", "*SH*HU"))).accepted

    @pytest.mark.parametrize(
        ("old", "new", "code", "words"),
        [
            ("***Q1", "", "API", "BGN06"),
            ("ASI*WQ", "ASI*A4", "A13", "put the request off"),
            ("ASI*WQ", "ASI*7", "A13", "neither accepts nor rejects"),
            ("968500001", "968500009", "UND", "968500009"),
        ],
    )
    def test_wrong_content_becomes_a_reason(
        self, read: Read, old: str, new: str, code: str, words: str
    ) -> None:
        reading = read(ANSWER.replace(old, new))
        assert (reading.facts, reading.refusal) == ((), None)
        assert reading.reasons[0].code == code
        assert words in reading.reasons[0].text
