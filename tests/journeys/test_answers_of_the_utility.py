"""What the utility says of our documents: 997 and 824, for what we sent and what we never sent."""

from __future__ import annotations

from decimal import Decimal

from services.edi_gateway.operations.resend import Effect, effect_of, resend_file
from shared.platform.clock import SystemClock
from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA, BRUNO, MONTH_USD, Paid

TOTAL = Decimal(MONTH_USD)

STANDS = (
    "SELECT concat_ws(' ', b.stage, r.standing) FROM rating.bills b"
    " JOIN rating.charges c ON c.charge_id = b.charge_id"
    " JOIN remittance.receivable i USING (invoice_number)"
    " JOIN remittance.receivable_balance r USING (receivable_id) WHERE c.invoice_number = $1"
)
"""How a charge stands in its batch, and in the books."""


async def resend_charges(exchange: Exchange) -> None:
    """Somebody sends the one file of 810s again."""
    file_id = await exchange.value("SELECT id FROM edi.file WHERE name LIKE '%810%'")
    put, at = exchange.gateway.mailbox.put, SystemClock().now()
    async with exchange.gateway.database.unit_of_work() as session:
        await resend_file(session, put, file_id, reason="mended", actor="jane", at=at)
    await exchange.settle()


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

    async def test_one_824_may_be_about_several_charges_known_and_unknown(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        invoice = await enrolled.invoice_of("USE1")
        never = ("OTI", "TR", "TN", "NO-SUCH-INVOICE", "", "", "", "", "", "", "810")
        known = papers.advice(ADA, "ADV1", invoice)
        head = ("BGN", "11", "ADV1", papers.TODAY, "", "", "", "", "82")

        await enrolled.send("pge", "824", (head, *known[1:3], never, *known[3:]))

        told = await enrolled.state("inbound", "824", "ADV1")
        assert (told["applied"], told["exception_code"]) == ("exception", "UNKNOWN_DOCUMENT")
        state = await enrolled.state("outbound", "810", invoice)
        assert (state["paid"], state["exception_code"]) == ("rejected", "INVOICE_REJECTED")
        words = await enrolled.value(
            "SELECT exception_text FROM edi.transaction WHERE business_key = $1", invoice
        )
        assert "expected again, corrected" in words


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

    async def test_a_999_has_the_effect_of_a_997(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        (group,) = enrolled.groups("pge")
        invoice = await enrolled.invoice_of("USE1")

        await enrolled.send(
            "pge",
            "999",
            (
                ("AK1", "IN", str(group.control), "004010"),
                ("AK2", "810", "0001"),
                ("IK3", "TDS", "9", "", "I6"),
                ("CTX", "TOTAL"),
                ("IK5", "R", "I5"),
                ("AK9", "R", "1", "1", "0"),
            ),
        )

        state = await enrolled.state("outbound", "810", invoice)
        assert (state["acknowledged"], state["exception_code"]) == ("rejected", "REJECTED_997")
        assert len(enrolled.groups("pge")) == 1

    async def test_a_ta1_that_refuses_an_interchange_says_so_on_everything_in_it(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2"))
        (sent,) = [each for each in enrolled.mailbox("pge") if "810" in each.name]
        number = f"{sent.interchange.control:09d}"

        await enrolled.put("pge", receipt(number, "R", "018"), "refused.edi")
        await enrolled.settle()

        for usage_id in ("USE1", "USE2"):
            invoice = await enrolled.invoice_of(usage_id)
            state = await enrolled.state("outbound", "810", invoice)
            assert (state["acknowledged"], state["exception_code"]) == ("rejected", "REJECTED_TA1")
        assert "RefusedByPartner" in await enrolled.file_entries(sent.name)
        assert "InterchangeReceipt" in await enrolled.file_entries("refused.edi")

    async def test_a_ta1_that_accepts_leaves_the_997_to_answer(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        (sent,) = [each for each in enrolled.mailbox("pge") if "810" in each.name]

        number = f"{sent.interchange.control:09d}"
        await enrolled.put("pge", receipt(number, "A", "000"), "received.edi")
        await enrolled.settle()

        invoice = await enrolled.invoice_of("USE1")
        assert (await enrolled.state("outbound", "810", invoice))["acknowledged"] == "waiting"


class TestWriteOffs:
    async def test_a_248_is_receipted_and_its_rows_are_kept(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        invoice = await enrolled.invoice_of("USE1")

        await enrolled.send("pge", "248", papers.written_off(ADA, "WO1", "12.34", invoice))

        (row,) = await enrolled.rows(
            "SELECT write_off_id, account_number, invoice_number, amount_cents"
            " FROM remittance.reported_write_off"
        )
        assert row == {
            "write_off_id": "WO1",
            "account_number": ADA.account,
            "invoice_number": invoice,
            "amount_cents": 1234,
        }
        assert elements(enrolled.documents("pge", "997")[-1], "AK1")[0][0] == "SU"
        assert await enrolled.open_usd(invoice) == TOTAL

    async def test_the_same_248_under_a_new_number_is_kept_once(self, enrolled: Exchange) -> None:
        paper = papers.written_off(ADA, "WO1", "12.34", "MCE0001")
        await enrolled.send("pge", "248", paper)
        await enrolled.send("pge", "248", paper)

        assert await enrolled.value("SELECT count(*) FROM remittance.reported_write_off") == 1


def receipt(control_number: str, verdict: str, note: str) -> bytes:
    """A file with nothing but the TA1 for one interchange of ours."""
    head = papers.file_of("pge", "997", 900, [])
    begin = head[: head.index(b"~") + 1].decode()
    return (
        f"{begin}\nTA1*{control_number}*260706*0600*{verdict}*{note}~\nIEA*0*000000900~\n".encode()
    )


class TestARejectedChargeThatIsSentAgain:
    async def test_waits_for_the_utilitys_answer_and_stands_as_that_says(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        (group,) = enrolled.groups("pge")
        invoice = await enrolled.invoice_of("USE1")
        await enrolled.send("pge", "824", papers.advice(ADA, "ADV1", invoice))
        assert await enrolled.value(STANDS, invoice) == "rejected rejected"
        file_id = await enrolled.value("SELECT id FROM edi.file WHERE name LIKE '%810%'")
        async with enrolled.gateway.database.read() as session:
            assert await effect_of(session, file_id) == Effect(1, TOTAL, rejected=1)

        await resend_charges(enrolled)

        waiting = await enrolled.state("outbound", "810", invoice)
        assert (waiting["acknowledged"], waiting["paid"]) == ("waiting", "waiting")
        assert "exception_code" not in waiting
        assert await enrolled.value(STANDS, invoice) == "sent sent"

        await enrolled.send("pge", "997", *papers.accepted([group]))

        assert (await enrolled.state("outbound", "810", invoice))["acknowledged"] == "accepted"
        assert await enrolled.value(STANDS, invoice) == "accepted accepted"
        assert await enrolled.open_usd(invoice) == TOTAL
        assert "AskedAnew" in await enrolled.entries(invoice)

    async def test_may_be_rejected_anew(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        invoice = await enrolled.invoice_of("USE1")
        await enrolled.send("pge", "824", papers.advice(ADA, "ADV1", invoice))
        await resend_charges(enrolled)

        await enrolled.send("pge", "824", papers.advice(ADA, "ADV2", invoice))

        assert (await enrolled.state("outbound", "810", invoice))["paid"] == "rejected"
        assert await enrolled.value(STANDS, invoice) == "rejected rejected"

    async def test_leaves_what_was_accepted_beside_it_accepted(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2"))
        (sent,) = [each for each in enrolled.mailbox("pge") if "810" in each.name]
        (group,) = sent.interchange.groups
        good, bad = (elements(each, "BIG")[0][1] for each in sent.transactions)
        answer = (
            *(("AK1", "IN", str(group.control)), ("AK2", "810", "0001"), ("AK5", "A")),
            *(("AK2", "810", "0002"), ("AK5", "R", "5"), ("AK9", "P", "2", "2", "1")),
        )
        await enrolled.send("pge", "997", answer)

        await resend_charges(enrolled)

        assert (await enrolled.state("outbound", "810", good))["acknowledged"] == "accepted"
        assert await enrolled.value(STANDS, good) == "accepted accepted"
        assert await enrolled.value(STANDS, bad) == "sent sent"

        twice = (
            *(("AK1", "IN", str(group.control)), ("AK2", "810", "0001"), ("AK5", "R", "5")),
            *(("AK2", "810", "0002"), ("AK5", "A"), ("AK9", "P", "2", "2", "1")),
        )
        await enrolled.send("pge", "997", twice)

        assert await enrolled.value(STANDS, good) == "accepted accepted"
        assert await enrolled.value(STANDS, bad) == "accepted accepted"
        assert (await enrolled.state("outbound", "810", bad))["acknowledged"] == "accepted"
