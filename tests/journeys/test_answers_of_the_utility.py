"""What the utility says of our documents: 997 and 824, for what we sent and what we never sent."""

from __future__ import annotations

from decimal import Decimal

from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA, BRUNO, MONTH_USD, Paid

TOTAL = Decimal(MONTH_USD)


class TestAdvice:
    async def test_a_rejected_charge_is_an_exception_and_still_open(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        invoice = await enrolled.invoice_of("USE1")

        await enrolled.send("pge", "824", papers.advice(ADA, "ADV1", invoice))

        state = await enrolled.state("outbound", "810", invoice)
        assert (state["paid"], state["exception_code"]) == ("rejected", "INVOICE_REJECTED")
        assert await enrolled.state("inbound", "824", "ADV1") == {
            "valid": "accepted",
            "applied": "applied",
        }
        assert "AdviceReceived" in await enrolled.entries(invoice)
        standing = await enrolled.value("SELECT standing FROM remittance.receivable_balance")
        assert standing == "rejected"
        assert await enrolled.open_usd(invoice) == TOTAL
        assert [elements(one, "AK1")[0][0] for one in enrolled.documents("pge", "997")][-1] == "AG"

    async def test_money_for_a_rejected_charge_is_applied_all_the_same(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        invoice = await enrolled.invoice_of("USE1")
        await enrolled.send("pge", "824", papers.advice(ADA, "ADV1", invoice))

        line = Paid(MONTH_USD, ADA.account, invoice)
        await enrolled.send("pge", "820", papers.payment("pge", "mce", "T1", MONTH_USD, [line]))

        assert await enrolled.open_usd(invoice) == 0

    async def test_advice_on_a_charge_we_never_sent_is_an_exception(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "824", papers.advice(ADA, "ADV1", "NO-SUCH-INVOICE"))

        state = await enrolled.state("inbound", "824", "ADV1")
        assert (state["applied"], state["exception_code"]) == ("exception", "UNKNOWN_DOCUMENT")


class TestReceipts:
    async def test_a_997_that_rejects_one_charge_says_so_on_that_charge_alone(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2"))
        (sent,) = [each for each in enrolled.mailbox("pge") if "810" in each.name]
        (group,) = sent.interchange.groups
        first, second = (elements(each, "BIG")[0][1] for each in sent.transactions)

        await enrolled.send(
            "pge",
            "997",
            (
                ("AK1", "IN", str(group.control)),
                ("AK2", "810", "0001"),
                ("AK5", "A"),
                ("AK2", "810", "0002"),
                ("AK3", "TDS", "9"),
                ("AK4", "1", "610", "6"),
                ("AK5", "R", "5"),
                ("AK9", "P", "2", "2", "1"),
            ),
        )

        assert (await enrolled.state("outbound", "810", first))["acknowledged"] == "accepted"
        refused = await enrolled.state("outbound", "810", second)
        assert refused["acknowledged"] == "rejected"
        assert refused["exception_code"] == "REJECTED_997"
        assert "RejectedByPartner" in await enrolled.entries(second)

    async def test_the_second_answer_to_a_group_changes_nothing(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        (group,) = enrolled.groups("pge")
        invoice = await enrolled.invoice_of("USE1")
        await enrolled.send("pge", "997", *papers.accepted([group]))

        late = (("AK1", "IN", str(group.control)), ("AK9", "R", "1", "1", "0"))
        await enrolled.send("pge", "997", late)

        assert (await enrolled.state("outbound", "810", invoice))["acknowledged"] == "accepted"

    async def test_a_997_for_a_group_we_never_sent_is_an_exception(
        self, enrolled: Exchange
    ) -> None:
        never = (("AK1", "IN", "4711"), ("AK9", "A", "1", "1", "1"))
        await enrolled.send("pge", "997", never)

        (row,) = await enrolled.rows(
            "SELECT exception_code FROM edi.transaction"
            " WHERE set_id = '997' AND direction = 'inbound' AND exception_code IS NOT NULL"
        )
        assert row["exception_code"] == "UNKNOWN_GROUP"

    async def test_a_997_is_never_answered_by_a_997(self, enrolled: Exchange) -> None:
        before = len(enrolled.mailbox("pge"))
        never = (("AK1", "IN", "4711"), ("AK9", "A", "1", "1", "1"))
        await enrolled.send("pge", "997", never)

        assert len(enrolled.mailbox("pge")) == before
