"""A rate-ready customer: the utility computes the bill, and we only check that it is right."""

from __future__ import annotations

from datetime import date

from services.rating.browsing.story import account_story
from services.rating.review.batches import list_batches
from services.rating.scope import Scope
from services.rating.views import show_account
from shared.contracts.parts import Environment
from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA, BRUNO, CORRECTED
from tests.journeys.test_correct_and_rerun import LINES

MCE = Scope("mce", "pge", Environment.TEST)


async def rate_ready(exchange: Exchange) -> None:
    """Enroll Ada rate-ready (REF*BLT*LDC, REF*PC*LDC) and Bruno as everybody else."""
    asked = papers.request(ADA, "REQ1", billing="LDC")
    await exchange.send("pge", "814", asked, papers.request(BRUNO, "REQ2"))


class TestARateReadyCustomer:
    async def test_gets_no_810_from_us_and_the_utility_s_is_compared(
        self, exchange: Exchange
    ) -> None:
        await rate_ready(exchange)
        await exchange.send("pge", "867", papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2"))
        (ours,) = exchange.documents("pge", "810")
        await exchange.send("pge", "810", papers.utility_bill(ADA, "PGE1", "USE1", LINES, "5976"))

        answers = [elements(each, "ASI")[0][0] for each in exchange.documents("pge", "814")]
        assert answers == ["WQ", "WQ"]
        assert elements(ours, "REF", "12") == [("12", BRUNO.account)]
        assert (await exchange.state("inbound", "867", "USE1"))["rated"] == "not_billed"
        assert await exchange.entries("USE1") == ["TransactionRead", "UsageNotBilled"]
        assert (await exchange.state("inbound", "810", "PGE1"))["applied"] == "applied"
        assert (await exchange.entries("PGE1"))[-1] == "ShadowBillAgrees"

    async def test_is_marked_in_the_account_the_batch_and_the_timeline(
        self, exchange: Exchange
    ) -> None:
        await rate_ready(exchange)
        await exchange.send("pge", "867", papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2"))

        assert exchange.running.rating is not None
        async with exchange.running.rating.database.read() as session:
            (agreement,) = await show_account(session, MCE, ADA.account)
            (batch,) = await list_batches(session, MCE, date(2026, 7, 1))
            story = await account_story(session, MCE, ADA.account)
        assert agreement.history[-1].bill_option == "rate_ready"
        assert (batch.received, batch.charged, batch.not_billed, batch.missing) == (2, 1, 1, 0)
        assert "now billed by the utility (rate-ready)" in story[0].what

    async def test_whose_usage_is_corrected_still_gets_none(self, exchange: Exchange) -> None:
        await rate_ready(exchange)
        await exchange.send("pge", "867", papers.usage(ADA, "USE1"))
        replaced = papers.usage(ADA, "USE2", CORRECTED, purpose="05", original="USE1")
        await exchange.send("pge", "867", replaced)

        assert exchange.documents("pge", "810") == []
        assert (await exchange.state("inbound", "867", "USE1"))["rated"] == "cancelled"
        assert (await exchange.state("inbound", "867", "USE2"))["rated"] == "not_billed"

    async def test_who_becomes_bill_ready_is_billed_from_then_on(self, exchange: Exchange) -> None:
        await rate_ready(exchange)
        change = papers.request(ADA, "REQ3", asks="001", effective="20260706")
        await exchange.send("pge", "814", change)
        july = papers.Used("500.000", papers.MONTH.buckets, start="20260706", end="20260805")
        await exchange.send(
            "pge", "867", papers.usage(ADA, "USE1"), papers.usage(ADA, "USE2", july)
        )

        assert (await exchange.state("inbound", "867", "USE1"))["rated"] == "not_billed"
        assert (await exchange.state("inbound", "867", "USE2"))["rated"] == "charged"
