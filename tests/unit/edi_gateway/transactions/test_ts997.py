"""What a partner's 997 says of the groups we sent."""

from __future__ import annotations

import pytest

from services.edi_gateway.transactions import Acknowledgment, Reading
from shared.contracts.documents import AcknowledgmentVerdict
from tests.unit.edi_gateway.transactions.conftest import Read

ACCEPTED = """
ST*997*0001
AK1*IN*17
AK9*A*2*2*2
"""

PARTLY = """
ST*997*0001
AK1*IN*17
AK2*810*0002
AK3*SAC*12**8
AK4*5*610*6*12X4
AK5*R*5
AK9*P*2*2*1
"""

PARTLY_999 = """
ST*999*0001*005010
AK1*IN*17*004010
AK2*810*0002
IK3*SAC*12**I6
CTX*SITUATIONAL TRIGGER*SAC*12
IK4*5*610*6*12X4
CTX*AMOUNT
IK5*R*I5
AK9*P*2*2*1
"""


def told(reading: Reading) -> Acknowledgment:
    assert reading.reasons == ()
    (fact,) = reading.facts
    assert isinstance(fact, Acknowledgment)
    return fact


class TestAcknowledgment:
    def test_it_has_no_key_and_no_cca(self, read: Read) -> None:
        reading = read(ACCEPTED)
        assert (reading.business_key, reading.cca, reading.account_number) == (None, None, None)

    def test_a_group_without_listed_sets_speaks_for_all(self, read: Read) -> None:
        fact = told(read(ACCEPTED))
        assert (fact.functional_id, fact.group_control_number) == ("IN", "17")
        assert fact.verdict_on("810", "0001").verdict is AcknowledgmentVerdict.ACCEPTED

    def test_one_rejected_set_does_not_reject_the_others(self, read: Read) -> None:
        fact = told(read(PARTLY))
        assert fact.partial
        assert fact.verdict_on("810", "0001").verdict is AcknowledgmentVerdict.ACCEPTED
        assert fact.verdict_on("810", "2").verdict is AcknowledgmentVerdict.REJECTED

    def test_an_unlisted_set_is_not_accepted_when_refusals_are_unaccounted_for(
        self, read: Read
    ) -> None:
        fact = told(read(PARTLY.replace("AK9*P*2*2*1", "AK9*P*3*3*1")))
        assert fact.verdict_on("810", "0001").verdict is AcknowledgmentVerdict.REJECTED

    def test_the_reasons_are_words(self, read: Read) -> None:
        reasons = told(read(PARTLY)).verdict_on("810", "0002").reasons
        assert [(reason.code, reason.text) for reason in reasons] == [
            ("AK5-5", "segments are in error"),
            ("AK3-8", "segment 12, SAC, has element errors"),
            ("AK4-6", "element 5 has a character that is not allowed: 12X4"),
        ]

    @pytest.mark.parametrize(
        ("code", "verdict"),
        [
            ("E", AcknowledgmentVerdict.ACCEPTED_WITH_ERRORS),
            ("R", AcknowledgmentVerdict.REJECTED),
        ],
    )
    def test_the_group_verdict_is_read(
        self, read: Read, code: str, verdict: AcknowledgmentVerdict
    ) -> None:
        assert told(read(ACCEPTED.replace("AK9*A", f"AK9*{code}"))).verdict is verdict


class TestImplementationAcknowledgment:
    def test_it_says_what_a_997_says(self, read: Read) -> None:
        old, new = told(read(PARTLY)), told(read(PARTLY_999))
        for number in ("0001", "0002"):
            assert new.verdict_on("810", number).verdict is old.verdict_on("810", number).verdict
        assert (new.functional_id, new.group_control_number, new.partial) == ("IN", "17", True)

    def test_its_notes_are_words_with_their_context(self, read: Read) -> None:
        reasons = told(read(PARTLY_999)).verdict_on("810", "0002").reasons
        assert [(reason.code, reason.text) for reason in reasons] == [
            ("AK5-I5", "segments are not as the guide asks"),
            ("IK3-I6", "segment 12, SAC, is missing where the guide asks for it"),
            ("CTX", "SITUATIONAL TRIGGER SAC"),
            ("IK4-6", "element 5 has a character that is not allowed: 12X4"),
            ("CTX", "AMOUNT"),
        ]

    def test_a_group_whose_sets_are_not_listed_speaks_for_all(self, read: Read) -> None:
        fact = told(read("ST*999*0001\nAK1*IN*17\nAK9*R*2*2*0*6"))
        assert fact.verdict_on("810", "0002").verdict is AcknowledgmentVerdict.REJECTED
