"""Enrollment requests as read, and our answers as the utility reads them."""

from __future__ import annotations

from datetime import date

import pytest

from services.edi_gateway.transactions import Outgoing, Reading, write_document
from shared.contracts.enrollment import EnrollmentDecision, EnrollmentPurpose, EnrollmentRequest
from shared.contracts.parts import BillOption, Reason
from tests.unit.edi_gateway.transactions.conftest import TRANSACTION_ID, Read, SendAndReceive

ENROLLMENT = """
ST*814*0001
BGN*13*PGE814-1*20260601
N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877**41
N1*SJ*MARIN CLEAN ENERGY*1*968500001**40
N1*8R*ADA ALDERTON
N3*12 CANNERY ROW LN
N4*SAN RAFAEL*CA*94901
LIN*1*SH*EL*SH*CE
ASI*7*021
REF*12*0000123456
REF*Q5**4123456789
REF*BLT*LDC
REF*PC*DUAL
REF*BF*07
REF*NH*E-TOU-C
DTM*150*20260615
NM1*MQ*3******32*M1
REF*MT*KHMON
"""


def request_of(reading: Reading) -> EnrollmentRequest:
    assert reading.reasons == ()
    (fact,) = reading.facts
    assert isinstance(fact, EnrollmentRequest)
    return fact


def decision(**changes: object) -> EnrollmentDecision:
    values: dict[str, object] = {
        "transaction_id": TRANSACTION_ID,
        "request_id": "PGE814-1",
        "purpose": EnrollmentPurpose.ENROLL,
        "accepted": True,
        "account_number": "0000123456",
        "service_agreement_id": "4123456789",
        "customer_name": "ADA ALDERTON",
        "effective_on": date(2026, 6, 15),
    }
    return EnrollmentDecision.model_validate({**values, **changes})


class TestEnrollmentRequest:
    def test_everything_the_register_keeps_is_read(self, read: Read) -> None:
        assert request_of(read(ENROLLMENT)).model_dump(mode="json", exclude_none=True) == {
            "transaction_id": str(TRANSACTION_ID),
            "request_id": "PGE814-1",
            "requested_on": "2026-06-01",
            "purpose": "enroll",
            "account_number": "0000123456",
            "service_agreement_id": "4123456789",
            "customer_name": "ADA ALDERTON",
            "service_address": {
                "street": "12 CANNERY ROW LN",
                "city": "SAN RAFAEL",
                "state": "CA",
                "postal_code": "94901",
            },
            "rate_code": "E-TOU-C",
            "bill_cycle": "07",
            "bill_option": "bill_ready",
            "effective_on": "2026-06-15",
            "meters": [{"meter_number": "M1", "kind": "KHMON"}],
            "changed": [],
        }

    def test_it_can_be_found_by_request_account_agreement_and_meter(self, read: Read) -> None:
        reading = read(ENROLLMENT)
        assert reading.business_key == "PGE814-1"
        assert reading.cca == "mce"
        assert reading.identifiers == (
            ("request_id", "PGE814-1"),
            ("account", "0000123456"),
            ("service_agreement", "4123456789"),
            ("meter", "M1"),
        )

    def test_leading_zeros_of_an_account_survive(self, read: Read) -> None:
        assert request_of(read(ENROLLMENT)).account_number == "0000123456"

    @pytest.mark.parametrize(
        ("code", "qualifier", "purpose"),
        [
            ("021", "150", EnrollmentPurpose.ENROLL),
            ("024", "151", EnrollmentPurpose.DROP),
            ("024", "150", EnrollmentPurpose.DROP),
            ("025", "150", EnrollmentPurpose.REINSTATE),
            ("021", "007", EnrollmentPurpose.ENROLL),
        ],
    )
    def test_each_purpose_has_its_effective_date(
        self, read: Read, code: str, qualifier: str, purpose: EnrollmentPurpose
    ) -> None:
        text = ENROLLMENT.replace("ASI*7*021", f"ASI*7*{code}")
        request = request_of(read(text.replace("DTM*150", f"DTM*{qualifier}")))
        assert (request.purpose, request.effective_on) == (purpose, date(2026, 6, 15))

    def test_a_change_tells_what_changed_and_may_have_no_date(self, read: Read) -> None:
        text = ENROLLMENT.replace("ASI*7*021", "ASI*7*001\nREF*TD*REFNH\nREF*TD*REFBF")
        request = request_of(read(text.replace("DTM*150*20260615\n", "")))
        assert request.purpose is EnrollmentPurpose.CHANGE
        assert request.changed == ("REFNH", "REFBF")
        assert request.effective_on is None

    @pytest.mark.parametrize(
        ("presents", "calculates", "option"),
        [
            ("LDC", "LDC", BillOption.RATE_READY),
            ("DUAL", "DUAL", BillOption.DUAL),
            ("LDC", "DUAL", BillOption.BILL_READY),
        ],
    )
    def test_the_bill_option_is_who_presents_and_who_calculates(
        self, read: Read, presents: str, calculates: str, option: BillOption
    ) -> None:
        text = ENROLLMENT.replace("BLT*LDC", f"BLT*{presents}").replace(
            "PC*DUAL", f"PC*{calculates}"
        )
        assert request_of(read(text)).bill_option is option


class TestWrongRequest:
    @pytest.mark.parametrize(
        ("old", "new", "code", "words"),
        [
            ("REF*12*0000123456\n", "", "API", "REF*12"),
            ("DTM*150*20260615\n", "", "API", "DTM*150"),
            ("968500001", "968599999", "UND", "968599999"),
            ("BLT*LDC", "BLT*ESP", "FRB", "ESP"),
            ("REF*BLT*LDC\n", "", "API", "BLT"),
            ("BGN*13", "BGN*11", "API", "BGN06"),
            ("ASI*7*", "ASI*F*", "A13", "ASI01"),
            ("SH*CE", "SH*HU", "A13", "HU"),
        ],
    )
    def test_it_becomes_a_reason_and_no_fact(
        self, read: Read, old: str, new: str, code: str, words: str
    ) -> None:
        reading = read(ENROLLMENT.replace(old, new))
        assert reading.facts == ()
        assert reading.reasons[0].code == code
        assert words in reading.reasons[0].text

    def test_it_still_can_be_found(self, read: Read) -> None:
        reading = read(ENROLLMENT.replace("968500001", "968599999"))
        assert reading.cca is None
        assert reading.business_key == "PGE814-1"
        assert ("account", "0000123456") in reading.identifiers


class TestResponse:
    def test_an_acceptance_mirrors_the_request(
        self, outgoing: Outgoing, send_and_receive: SendAndReceive
    ) -> None:
        segments = write_document("814", decision(), outgoing)

        assert segments == (
            ("BGN", "11", "R0000001", "20260602", "", "", "PGE814-1"),
            ("N1", "8S", "PACIFIC GAS AND ELECTRIC", "1", "006912877", "", "40"),
            ("N1", "SJ", "MARIN CLEAN ENERGY", "1", "968500001", "", "41"),
            ("N1", "8R", "ADA ALDERTON"),
            ("LIN", "1", "SH", "EL", "SH", "CE"),
            ("ASI", "WQ", "021"),
            ("REF", "12", "0000123456"),
            ("REF", "Q5", "", "4123456789"),
            ("DTM", "150", "20260615"),
        )
        assert send_and_receive("814", segments, outgoing).set_id == "814"

    def test_a_rejection_gives_every_reason_in_upper_case(
        self, outgoing: Outgoing, send_and_receive: SendAndReceive
    ) -> None:
        reasons = (Reason(code="A76", text="Account not found"), Reason(code="DIV", text="x" * 90))
        segments = write_document("814", decision(accepted=False, reasons=reasons), outgoing)

        assert ("ASI", "U", "021") in segments
        assert [s for s in segments if s[:2] == ("REF", "7G")] == [
            ("REF", "7G", "A76", "ACCOUNT NOT FOUND"),
            ("REF", "7G", "DIV", "X" * 80),
        ]
        assert not [s for s in segments if s[0] == "DTM"]
        assert send_and_receive("814", segments, outgoing).set_id == "814"

    def test_a_drop_ends_the_service(
        self, outgoing: Outgoing, send_and_receive: SendAndReceive
    ) -> None:
        segments = write_document("814", decision(purpose=EnrollmentPurpose.DROP), outgoing)
        assert ("ASI", "WQ", "024") in segments
        assert segments[-1] == ("DTM", "151", "20260615")
        assert send_and_receive("814", segments, outgoing).set_id == "814"

    def test_a_refusal_without_a_reason_says_so(self, outgoing: Outgoing) -> None:
        segments = write_document("814", decision(accepted=False), outgoing)
        assert ("REF", "7G", "A13", "REFUSED") in segments
