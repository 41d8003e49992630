from __future__ import annotations

import itertools
from datetime import date
from uuid import uuid5

import pytest

from services.rating.progress.place import RECOUNT
from services.rating.review.batches import Batch, list_batches
from shared.contracts.documents import (
    AcknowledgedDocument,
    AcknowledgmentVerdict,
    Advice,
    AdviceReported,
    AdviceVerdict,
    DocumentAcknowledged,
    DocumentResent,
    DocumentSent,
    ResentDocument,
    SentDocument,
)
from shared.contracts.envelope import Body
from shared.contracts.parts import Purpose, Reason
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.unit.rating.words import MCE, SPACE, request, transaction, usage


def sent(*invoices: str) -> DocumentSent:
    items = tuple(
        SentDocument(
            transaction_id=transaction(f"810 {invoice}"),
            document_number=invoice,
            account_number="A1",
            dated_on=date(2026, 11, 23),
        )
        for invoice in invoices
    )
    return DocumentSent(file_id=uuid5(SPACE, "810 file"), set_id="810", items=items)


def resent(invoice: str, sending: int = 2) -> DocumentResent:
    item = ResentDocument(
        transaction_id=transaction(f"810 {invoice}"),
        document_number=invoice,
        account_number="A1",
        sending=sending,
    )
    return DocumentResent(file_id=uuid5(SPACE, "810 file"), set_id="810", items=(item,))


def acknowledged(
    invoice: str, verdict: AcknowledgmentVerdict, sending: int = 1
) -> DocumentAcknowledged:
    item = AcknowledgedDocument(
        transaction_id=transaction(f"810 {invoice}"),
        document_number=invoice,
        account_number="A1",
        verdict=verdict,
        sending=sending,
    )
    return DocumentAcknowledged(set_id="810", items=(item,))


def advised(invoice: str, verdict: AdviceVerdict, sending: int = 1) -> AdviceReported:
    reasons = (Reason(code="A76", text="ACCOUNT NOT FOUND"),)
    item = Advice(
        transaction_id=transaction(f"824 {invoice}"),
        set_id="810",
        document_number=invoice,
        verdict=verdict,
        reasons=reasons if verdict is AdviceVerdict.REJECTED else (),
        sending=sending,
    )
    return AdviceReported(file_id=uuid5(SPACE, "824 file"), items=(item,))


async def wrong_counts(office: Office) -> list[object]:
    return await office.column(RECOUNT)


async def batch(office: Office) -> Batch:
    async with office.service.database.read() as session:
        (found,) = await list_batches(session, MCE, date(2026, 7, 1))
    return found


@pytest.fixture
async def charged(office: Office) -> Office:
    """Six customers whose bills were handed to the gateway."""
    people = [f"A{n}" for n in range(1, 7)]
    await office.tell(
        enrollment(*(request(f"R{a}", account=a, meter=f"M{a}", agreement=f"S{a}") for a in people))
    )
    items = []
    for a in people:
        one = usage(f"U{a}", account=a, agreement=f"S{a}")
        metered = one.meters[0].model_copy(update={"meter_number": f"M{a}"})
        items.append(one.model_copy(update={"meters": (metered,)}))
    await office.tell(usage_report(*items))
    return office


STANDING = (
    "SELECT DISTINCT concat_ws(' ', stage, nullif(reason, ''), is_open, sending,"
    " sent_at IS NOT NULL, answered_at IS NOT NULL, nullif(answer, '')) FROM rating.bills"
)


class TestARejected810ThatIsSentAgain:
    async def test_stands_as_it_was_answered_last_in_whatever_order_that_is_heard(
        self, charged: Office
    ) -> None:
        for order, charge in zip(
            itertools.islice(itertools.permutations(range(4)), 0, None, 4),
            charged.charges,
            strict=True,
        ):
            number = charge.invoice_number
            said: list[Body] = [
                sent(number),
                advised(number, AdviceVerdict.REJECTED),
                resent(number),
                acknowledged(number, AcknowledgmentVerdict.ACCEPTED, sending=2),
            ]
            for place in (*order, *order):
                await charged.tell(said[place])

        assert await charged.column(STANDING) == ["accepted f 2 t t"]
        found = await batch(charged)
        assert (found.accepted, found.rejected, found.sent) == (6, 0, 6)
        assert await wrong_counts(charged) == []

    async def test_waits_for_the_utility_until_it_answers_anew(self, charged: Office) -> None:
        for charge in charged.charges:
            await charged.tell(sent(charge.invoice_number))
            await charged.tell(advised(charge.invoice_number, AdviceVerdict.REJECTED))
            await charged.tell(resent(charge.invoice_number))
            await charged.tell(advised(charge.invoice_number, AdviceVerdict.REJECTED))

        assert await charged.column(STANDING) == ["sent t 2 t f"]
        assert (await batch(charged)).rejected == 0

        again = charged.charges[0].invoice_number
        await charged.tell(advised(again, AdviceVerdict.REJECTED, sending=2))

        assert (await batch(charged)).rejected == 1
        assert await wrong_counts(charged) == []

    async def test_says_nothing_of_a_charge_that_was_taken_back(self, charged: Office) -> None:
        first = charged.charges[0]
        await charged.tell(sent(first.invoice_number))
        one = usage("UA1", account="A1", agreement="SA1")
        metered = one.meters[0].model_copy(update={"meter_number": "MA1"})
        cancel = usage(
            "C1", account="A1", agreement="SA1", purpose=Purpose.CANCEL, corrects="UA1"
        ).model_copy(update={"meters": (metered,)})
        await charged.tell(usage_report(cancel))
        await charged.tell(resent(first.invoice_number))

        gone = await charged.column("SELECT sending FROM rating.bills WHERE stage = 'gone'")
        assert gone == [1]
        assert await wrong_counts(charged) == []


class TestWhatBecomesOfA810:
    async def test_is_the_same_in_whatever_order_it_is_heard(self, charged: Office) -> None:
        for order, charge in zip(itertools.permutations(range(3)), charged.charges, strict=True):
            number = charge.invoice_number
            said: list[Body] = [
                sent(number),
                acknowledged(number, AcknowledgmentVerdict.ACCEPTED),
                advised(number, AdviceVerdict.REJECTED),
            ]
            for place in (*order, *order):
                await charged.tell(said[place])

        rows = await charged.column(
            "SELECT DISTINCT concat_ws(' ', stage, reason, is_open, sent_at IS NOT NULL, answer)"
            " FROM rating.bills"
        )
        assert rows == ["rejected A76 t t A76 ACCOUNT NOT FOUND"]
        assert (await batch(charged)).rejected == 6
        assert await wrong_counts(charged) == []

    async def test_of_a_charge_that_was_taken_back_has_no_effect(self, charged: Office) -> None:
        first = charged.charges[0]
        await charged.tell(sent(first.invoice_number))
        before = await batch(charged)
        one = usage("UA1", account="A1", agreement="SA1")
        metered = one.meters[0].model_copy(update={"meter_number": "MA1"})
        cancel = usage(
            "C1", account="A1", agreement="SA1", purpose=Purpose.CANCEL, corrects="UA1"
        ).model_copy(update={"meters": (metered,)})
        await charged.tell(usage_report(cancel))
        await charged.tell(acknowledged(first.invoice_number, AcknowledgmentVerdict.REJECTED))
        after = await batch(charged)
        cancelling = charged.charges[-1]
        await charged.tell(sent(cancelling.invoice_number))

        assert (before.sent, before.missing) == (1, 0)
        assert (after.sent, after.rejected, after.received, after.missing) == (0, 0, 5, 1)
        assert cancelling.purpose is Purpose.CANCEL
        assert await charged.rows("bills", purpose="cancel", stage="sent") == 1
        assert await wrong_counts(charged) == []

    async def test_another_set_and_an_unknown_number_are_passed_over(self, charged: Office) -> None:
        await charged.tell(
            sent(charged.charges[0].invoice_number).model_copy(update={"set_id": "814"})
        )
        await charged.tell(sent("MCE9999999999"))

        assert await charged.rows("bills", stage="charged") == 6
