from __future__ import annotations

from datetime import date

import pytest

from services.rating.accounts import Agreement, Applied, Register, Rejected, decide
from services.rating.enroll import decide_requests
from shared.contracts.enrollment import EnrollmentPurpose, EnrollmentRequest
from shared.contracts.parts import BillOption
from tests.unit.rating.words import enrolled, request

DROP = EnrollmentPurpose.DROP
CHANGE = EnrollmentPurpose.CHANGE
REINSTATE = EnrollmentPurpose.REINSTATE
MARCH, JUNE, JULY, AUGUST = (date(2026, month, 1) for month in (3, 6, 7, 8))


def after(*requests: EnrollmentRequest) -> Agreement:
    """The agreement after requests that are all accepted."""
    register = Register()
    for decided in decide_requests(requests, register, {}):
        assert decided.decision.accepted, decided.decision
    found = register.find("A1", "SA1")
    assert found is not None
    return found


def codes(asked: EnrollmentRequest, agreement: Agreement | None, known: bool = True) -> list[str]:
    verdict = decide(asked, agreement, account_known=known)
    return [reason.code for reason in verdict.reasons] if isinstance(verdict, Rejected) else []


def drop(on: date, requested_on: date = MARCH, request_id: str = "D1") -> EnrollmentRequest:
    return request(request_id, DROP, effective_on=on, requested_on=requested_on)


class TestARequestIsRefused:
    @pytest.mark.parametrize(
        ("asked", "agreement", "expected"),
        [
            (request("R2"), enrolled(), ["ABN"]),
            (request(rate_code=None), None, ["API"]),
            (request(effective_on=None, rate_code=None), None, ["API", "API"]),
            (request(bill_option=BillOption.DUAL), None, ["FRB"]),
            (request(bill_option=BillOption.DUAL, rate_code=None), None, ["API", "FRB"]),
            (request(effective_on=date(2032, 1, 1)), None, ["DIV"]),
            (request("R2", DROP), None, ["A76"]),
            (request("R2", CHANGE), None, ["A76"]),
            (request("R2", REINSTATE), None, ["A76"]),
            (request("R2", REINSTATE), enrolled(), ["ABN"]),
            (request("R2", DROP, effective_on=date(2021, 12, 15)), enrolled(), ["008"]),
            (request("R2", CHANGE, effective_on=date(2021, 12, 15)), enrolled(), ["008"]),
            (
                request("R2", CHANGE, effective_on=JUNE, requested_on=date(2021, 11, 1)),
                enrolled(),
                ["DIV", "A13"],
            ),
        ],
    )
    def test_with_every_reason(
        self, asked: EnrollmentRequest, agreement: Agreement | None, expected: list[str]
    ) -> None:
        assert codes(asked, agreement) == expected

    def test_with_words_in_upper_case(self) -> None:
        verdict = decide(request("R2", DROP), None, account_known=False)

        assert isinstance(verdict, Rejected)
        assert verdict.reasons[0].text == "ACCOUNT A1 NOT FOUND"


class TestADrop:
    def test_ends_service_on_its_day(self) -> None:
        agreement = after(request(), drop(JUNE))

        assert agreement.active_on(date(2026, 5, 31))
        assert not agreement.active_on(JUNE)

    def test_ends_a_change_agreed_for_later(self) -> None:
        change = request("C1", CHANGE, effective_on=JULY, requested_on=MARCH, rate_code="EV2-A")

        agreement = after(request(), change, drop(JUNE))

        assert not agreement.active_on(JULY)

    def test_lets_the_account_be_enrolled_again(self) -> None:
        again = request("R9", effective_on=JULY, requested_on=JUNE)

        agreement = after(request(), drop(JUNE), again)

        assert not agreement.active_on(date(2026, 6, 30))
        assert agreement.active_on(JULY)


class TestAReinstatement:
    def test_undoes_a_drop_that_is_still_to_come(self) -> None:
        back = request("B1", REINSTATE, effective_on=JUNE, requested_on=MARCH)

        agreement = after(request(), drop(JUNE), back)

        assert agreement.terms_between(date(2026, 5, 1), JULY)

    def test_brings_back_a_change_that_the_drop_had_ended(self) -> None:
        change = request("C1", CHANGE, effective_on=JULY, requested_on=MARCH, rate_code="EV2-A")
        back = request("B1", REINSTATE, effective_on=None, requested_on=MARCH)

        agreement = after(request(), change, drop(JUNE), back)

        assert [t.rate_code for _, t in agreement.terms_between(JUNE, date(2026, 8, 1))] == [
            "E-TOU-C",
            "EV2-A",
        ]

    def test_comes_too_late_when_the_drop_has_happened(self) -> None:
        late = request("B1", REINSTATE, effective_on=JULY, requested_on=date(2026, 6, 2))

        assert codes(late, after(request(), drop(JUNE))) == ["008"]


class TestAChange:
    def test_applies_from_its_day_and_keeps_the_rest(self) -> None:
        change = request(
            "C1", CHANGE, effective_on=JUNE, requested_on=MARCH, rate_code="EV2-A", city=""
        )

        terms = after(request(), change).terms_between(date(2026, 5, 1), JULY)

        assert [(day, t.rate_code, t.city) for day, t in terms] == [
            (date(2026, 5, 1), "E-TOU-C", "SAN RAFAEL"),
            (JUNE, "EV2-A", "SAN RAFAEL"),
        ]

    def test_that_says_nothing_of_it_leaves_who_computes_the_bill(self) -> None:
        silent = request("C1", CHANGE, effective_on=JUNE, requested_on=MARCH, bill_option=None)
        said = request("C2", CHANGE, effective_on=JULY, requested_on=MARCH)
        agreement = after(request(bill_option=BillOption.RATE_READY), silent, said)

        theirs = [agreement.is_billed_by_utility(day) for day in (JUNE, JULY, AUGUST)]

        assert theirs == [True, True, False]

    def test_before_one_already_applied_is_out_of_order(self) -> None:
        later = request("C1", CHANGE, effective_on=JULY, requested_on=MARCH)
        earlier = request("C2", CHANGE, effective_on=JUNE, requested_on=MARCH)

        assert codes(earlier, after(request(), later)) == ["A13"]


class TestARequestIdThatComesAgain:
    def test_with_the_same_content_gets_the_same_answer(self) -> None:
        register = Register()
        first, again = decide_requests([request(), request()], register, {})

        assert again.decision == first.decision
        assert not again.is_first
        assert len(register.accounts["A1"]["SA1"].entries) == 1

    def test_with_other_content_is_a_duplicate(self) -> None:
        _, other = decide_requests([request(), request(account="A2")], Register(), {})

        assert [reason.code for reason in other.decision.reasons] == ["ABN"]

    def test_after_a_refusal_is_refused_alike(self) -> None:
        first, again = decide_requests([request("R2", DROP)] * 2, Register(), {})

        assert not first.decision.accepted
        assert again.decision == first.decision


class TestAnAgreementWithoutEntries:
    def test_is_active_on_no_day(self) -> None:
        assert not Agreement("A1", "SA1").active_on(JUNE)
        assert isinstance(decide(request(), Agreement("A1", "SA1"), account_known=True), Applied)
