"""What a utility's 248 says of debts that it wrote off."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from services.edi_gateway.transactions import Reading
from services.edi_gateway.transactions.ts248 import report
from shared.contracts.parts import Purpose, Reason
from shared.contracts.write_offs import WriteOff
from tests.unit.edi_gateway.transactions.conftest import Read

WRITTEN_OFF = """
ST*248*0001
BHT*0001*00*WO1*20260701
NM1*8S*2*PACIFIC GAS AND ELECTRIC*****1*006912877
NM1*SJ*2*MARIN CLEAN ENERGY*****1*968500001
HL*1**AC
NM1*8R*1*ALDERTON*ADA
REF*12*4100000001
REF*Q5**SA4100000001
REF*IV*MCE000000001
REF*6O*USE1
DTP*007*D8*20260630
STC*A13***********UNCOLLECTIBLE
AMT*T4*12.34
HL*2**AC
REF*12*4100000002
DTP*007*D8*20260629
AMT*T4*5
DTP*007*D8*20260630
AMT*T4*-1.00
REF*IV*MCE000000002
"""


def write_offs(reading: Reading) -> list[WriteOff]:
    assert reading.reasons == ()
    return [fact for fact in reading.facts if isinstance(fact, WriteOff)]


class TestWriteOffs:
    def test_each_account_and_amount_is_one(self, read: Read) -> None:
        reading = read(WRITTEN_OFF)

        first, second, third = write_offs(reading)
        assert (reading.business_key, reading.cca, reading.amount) == (
            "WO1",
            "mce",
            Decimal("16.34"),
        )
        assert (first.sequence, first.account_number, first.amount) == (
            1,
            "4100000001",
            Decimal("12.34"),
        )
        assert (first.service_agreement_id, first.customer_name) == ("SA4100000001", "ADA ALDERTON")
        assert (first.invoice_number, first.usage_id) == ("MCE000000001", "USE1")
        assert (first.written_off_on, first.purpose) == (date(2026, 6, 30), Purpose.ORIGINAL)
        assert first.reason == Reason(code="A13", text="UNCOLLECTIBLE")
        assert (second.invoice_number, second.amount) == (None, Decimal("5.00"))
        assert (third.invoice_number, third.amount) == ("MCE000000002", Decimal("-1.00"))

    def test_every_number_in_it_can_be_looked_up(self, read: Read) -> None:
        assert read(WRITTEN_OFF).identifiers == (
            ("write_off_id", "WO1"),
            ("account", "4100000001"),
            ("account", "4100000002"),
            ("invoice_number", "MCE000000001"),
            ("invoice_number", "MCE000000002"),
            ("usage_id", "USE1"),
        )

    def test_a_cancel_is_told_by_its_purpose_and_not_negated(self, read: Read) -> None:
        (first, *_) = write_offs(read(WRITTEN_OFF.replace("BHT*0001*00", "BHT*0001*01")))
        assert (first.purpose, first.amount) == (Purpose.CANCEL, Decimal("12.34"))

    def test_they_travel_in_one_message(self, read: Read) -> None:
        (body,) = report(read(WRITTEN_OFF).facts, UUID(int=7))
        assert [item.sequence for item in body.items] == [1, 2, 3]

    @pytest.mark.parametrize(
        ("old", "new", "code", "words"),
        [
            ("968500001", "968500009", "UND", "968500009"),
            ("006912877", "006908818", "UND", "NM1*8S"),
            ("*00*WO1", "*18*WO1", "A13", "BHT02"),
            ("REF*12*4100000002\n", "", "API", "HL[2]"),
            ("AMT*T4*5\n", "", "API", "AMT02"),
            ("AMT*T4*5\n", "AMT*T4*5\nAMT*BD*90\n", "A13", "2 AMT"),
        ],
    )
    def test_wrong_content_becomes_a_reason(
        self, read: Read, old: str, new: str, code: str, words: str
    ) -> None:
        reading = read(WRITTEN_OFF.replace(old, new))
        assert reading.facts == ()
        assert reading.reasons[0].code == code
        assert words in reading.reasons[0].text
