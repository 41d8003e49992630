"""Whatever we write, our own reader understands as it was meant; and the forms numbers come in."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.edi_gateway.partners import PartnerBook
from services.edi_gateway.profile import TradingPartner, normalise_duns
from services.edi_gateway.transactions import (
    Outgoing,
    Rejection,
    RequestAnswer,
    RequestKind,
    ServiceRequest,
    read_document,
    write_document,
)
from services.edi_gateway.transactions.elements import (
    read_date,
    read_dtm,
    read_end,
    read_n2_usd,
    read_range,
    read_usd,
    write_date,
)
from services.edi_gateway.x12 import Segment, Transaction, n2
from shared.contracts.charges import ReportedInvoice
from shared.contracts.documents import Advice, AdviceAction
from shared.contracts.enrollment import EnrollmentDecision, EnrollmentPurpose, EnrollmentRequest
from shared.contracts.parts import Purpose, Reason
from tests.unit.edi_gateway.transactions.conftest import TRANSACTION_ID, SendAndReceive
from tests.unit.edi_gateway.transactions.test_ts810 import CREDIT, ENERGY, TAX, charge

FactT = TypeVar("FactT")

NUMBERS = st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,18}[A-Z0-9]", fullmatch=True)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
CENTS = st.decimals(Decimal(0), Decimal(99_999_999), places=2, allow_nan=False)
SIGNED = st.decimals(Decimal(-99_999_999), Decimal(99_999_999), places=2, allow_nan=False)
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789.,-/", max_size=40).map(
    lambda text: " ".join(text.split())
)
REASONS = st.lists(
    st.builds(Reason, code=st.sampled_from(("A76", "008", "API", "A13", "SUM")), text=WORDS),
    min_size=1,
    max_size=4,
).map(tuple)
UTILITIES = st.sampled_from(("pge", "sce", "sdge"))
EXAMPLES = settings(max_examples=25, deadline=None)


def desk(book: PartnerBook, utility: str) -> Outgoing:
    partner = book.partner(utility)
    return Outgoing(partner=partner, cca=partner.ccas[0], document_number="D1", on=date(2026, 7, 6))


class TestEverySetThatWeWriteAndRead:
    @EXAMPLES
    @given(
        utility=UTILITIES,
        amounts=st.tuples(CENTS, CENTS, CENTS),
        purpose=st.sampled_from(Purpose),
        start=DAYS,
        days=st.integers(1, 62),
    )
    def test_810(
        self,
        book: PartnerBook,
        send_and_receive: SendAndReceive,
        utility: str,
        amounts: tuple[Decimal, Decimal, Decimal],
        purpose: Purpose,
        start: date,
        days: int,
    ) -> None:
        lines = tuple(
            line.model_copy(update={"amount": amount})
            for line, amount in zip((ENERGY, CREDIT, TAX), amounts, strict=True)
        )
        meant = charge(
            *lines,
            purpose=purpose,
            original_invoice_number=None if purpose is Purpose.ORIGINAL else "MCE000000000",
            period_start=start,
            period_end=start + timedelta(days=days),
        )
        outgoing = desk(book, utility)
        invoice = one_fact(
            send_and_receive("810", write_document("810", meant, outgoing), outgoing),
            outgoing.partner,
            ReportedInvoice,
        )
        same = (
            "invoice_number", "original_invoice_number", "purpose", "invoiced_on",
            "account_number", "service_agreement_id", "usage_id", "period_start", "period_end",
            "total",
        )  # fmt: skip
        assert {n: getattr(invoice, n) for n in same} == {n: getattr(meant, n) for n in same}
        assert [(line.kind, line.code, line.amount) for line in invoice.lines] == [
            (line.kind, line.code, line.amount) for line in meant.lines
        ]

    @EXAMPLES
    @given(
        utility=UTILITIES,
        purpose=st.sampled_from(EnrollmentPurpose),
        reasons=REASONS,
        accepted=st.booleans(),
        account=NUMBERS,
        request_id=NUMBERS,
        day=DAYS,
    )
    def test_814_response(
        self,
        book: PartnerBook,
        send_and_receive: SendAndReceive,
        utility: str,
        purpose: EnrollmentPurpose,
        reasons: tuple[Reason, ...],
        *,
        accepted: bool,
        account: str,
        request_id: str,
        day: date,
    ) -> None:
        meant = EnrollmentDecision(
            transaction_id=TRANSACTION_ID,
            request_id=request_id,
            purpose=purpose,
            accepted=accepted,
            reasons=() if accepted else reasons,
            account_number=account,
            effective_on=day,
        )
        outgoing = desk(book, utility)
        answer = one_fact(
            send_and_receive("814", write_document("814", meant, outgoing), outgoing),
            outgoing.partner,
            RequestAnswer,
        )
        assert (answer.response_id, answer.request_id) == ("D1", request_id)
        assert (answer.accepted, answer.reasons) == (accepted, meant.reasons)
        assert answer.account.account_number == account
        assert answer.account.purpose is purpose
        assert answer.account.effective_on == (day if accepted else None)

    @EXAMPLES
    @given(
        utility=UTILITIES,
        kind=st.sampled_from([kind for kind in RequestKind if not kind.is_history]),
        account=NUMBERS,
        day=DAYS,
        product=st.none() | NUMBERS,
    )
    def test_814_request(
        self,
        book: PartnerBook,
        send_and_receive: SendAndReceive,
        utility: str,
        kind: RequestKind,
        account: str,
        day: date,
        product: str | None,
    ) -> None:
        meant = ServiceRequest(
            request_id="Q1",
            client_key="K1",
            kind=kind,
            account_number=account,
            effective_on=day,
            changed=("REFRB",) if kind is RequestKind.CHANGE else (),
            product=product,
            asked_by="crm",
        )
        outgoing = desk(book, utility)
        request = one_fact(
            send_and_receive("814", write_document("814", meant, outgoing), outgoing),
            outgoing.partner,
            EnrollmentRequest,
        )
        assert (request.request_id, request.purpose.value) == ("Q1", kind.value)
        assert (request.account_number, request.product) == (account, product)
        assert (request.effective_on, request.changed) == (day, meant.changed)

    @EXAMPLES
    @given(
        utility=UTILITIES,
        set_id=st.sampled_from(("867", "820")),
        number=NUMBERS,
        account=st.none() | NUMBERS,
        action=st.sampled_from(AdviceAction),
        reasons=REASONS,
    )
    def test_824(
        self,
        book: PartnerBook,
        send_and_receive: SendAndReceive,
        utility: str,
        set_id: str,
        number: str,
        account: str | None,
        action: AdviceAction,
        reasons: tuple[Reason, ...],
    ) -> None:
        meant = Rejection(
            transaction_id=TRANSACTION_ID,
            set_id=set_id,
            document_number=number,
            account_number=account,
            action=action,
            reasons=reasons,
        )
        outgoing = desk(book, utility)
        advice = one_fact(
            send_and_receive("824", write_document("824", meant, outgoing), outgoing),
            outgoing.partner,
            Advice,
        )
        assert (advice.set_id, advice.document_number) == (set_id, number)
        assert (advice.account_number, advice.action) == (account, action)
        assert advice.reasons == reasons


class TestNumbersAndDates:
    @given(SIGNED)
    def test_an_implied_decimal_comes_back_as_it_was(self, amount: Decimal) -> None:
        assert read_n2_usd(n2(amount)) == amount

    @given(SIGNED)
    def test_an_explicit_point_comes_back_as_it_was(self, amount: Decimal) -> None:
        assert read_usd(f"{amount:f}") == amount

    @given(DAYS)
    def test_a_day_comes_back_as_it_was(self, day: date) -> None:
        assert read_date(write_date(day)) == day

    @given(DAYS)
    def test_every_form_of_a_dtm_names_the_same_day(self, day: date) -> None:
        text = write_date(day)
        forms = [
            Segment(("DTM", "150", text)),
            Segment(("DTM", "150", "", "", "", "D8", text)),
            Segment(("DTM", "150", "", "", "", "DT", f"{text}0000")),
            Segment(("DTM", "150", "", "", "", "RD8", f"{text}-{text}")),
        ]
        assert {read_dtm(form) for form in forms} == {day}

    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("260606", date(2026, 6, 6)),
            ("491231", date(2049, 12, 31)),
            ("500101", date(1950, 1, 1)),
            ("260631", None),
        ],
    )
    def test_a_day_of_six_digits_is_of_this_century_before_50(
        self, text: str, day: date | None
    ) -> None:
        assert read_dtm(Segment(("DTM", "150", "", "", "", "D6", text))) == day

    def test_six_digits_are_no_day_where_eight_are_due(self) -> None:
        assert read_dtm(Segment(("DTM", "150", "260606"))) is None
        assert read_dtm(Segment(("DTM", "150", "", "", "", "D8", "260606"))) is None

    def test_the_last_minute_of_a_day_is_the_next_midnight(self) -> None:
        stamp = Segment(("DTM", "151", "", "", "", "DT", "202607052359"))
        assert read_end(stamp) == date(2026, 7, 6)
        assert read_dtm(stamp) == date(2026, 7, 5)

    def test_a_range_has_two_days(self) -> None:
        both = Segment(("DTM", "150", "", "", "", "RD8", "20260606-20260706"))
        assert read_range(both) == (date(2026, 6, 6), date(2026, 7, 6))
        assert read_range(Segment(("DTM", "150", "20260606"))) is None

    @given(st.integers(0, 10**9 - 1), st.integers(0, 9999))
    def test_a_duns_is_the_same_in_every_form(self, number: int, suffix: int) -> None:
        nine = f"{number:09d}"
        assert normalise_duns(nine) == normalise_duns(str(number)) == nine
        assert normalise_duns(f"{nine}{suffix:04d}") == nine
        assert normalise_duns(f" {nine} ") == nine
        assert normalise_duns(f"{nine}{suffix:04d}", plus_four=False) is None


def one_fact(transaction: Transaction, partner: TradingPartner, kind: type[FactT]) -> FactT:
    reading = read_document(transaction, partner, transaction_id=UUID(int=1))
    assert reading.reasons == ()
    (fact,) = reading.facts
    assert isinstance(fact, kind)
    return fact
