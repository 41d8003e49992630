"""Usage that comes before its enrolment waits, and is charged by itself when the 814 lands."""

from __future__ import annotations

from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA, BRUNO


class TestUsageBeforeEnrolment:
    async def test_it_is_held_with_its_reason_and_released_by_the_enrolment(
        self, exchange: Exchange
    ) -> None:
        await exchange.send("pge", "867", papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2"))

        held = await exchange.state("inbound", "867", "USE1")
        assert held == {"valid": "accepted", "rated": "held", "exception_code": "NOT_ENROLLED"}
        assert [elements(one, "AK9")[0][0] for one in exchange.documents("pge", "997")] == ["A"]
        assert exchange.documents("pge", "810") == []

        await exchange.send("pge", "814", papers.request(ADA, "REQ1"))

        assert await exchange.state("inbound", "867", "USE1") == {
            "valid": "accepted",
            "rated": "charged",
        }
        assert (await exchange.state("inbound", "867", "USE2"))["rated"] == "held"
        (charge,) = exchange.documents("pge", "810")
        assert elements(charge, "BIG")[0][4] == "USE1"
        assert await exchange.entries("USE1") == ["TransactionRead", "UsageHeld", "ChargeRated"]

    async def test_both_in_one_file_in_the_wrong_order(self, exchange: Exchange) -> None:
        usage = papers.file_of("pge", "867", 1, [papers.usage(ADA, "USE1")])
        enrolment = papers.file_of("pge", "814", 2, [papers.request(ADA, "REQ1")])

        await exchange.put("pge", usage + enrolment, "both.edi")
        await exchange.settle()

        assert (await exchange.state("inbound", "867", "USE1"))["rated"] == "charged"
        assert len(exchange.documents("pge", "810")) == 1
        assert len(exchange.documents("pge", "997")) == 2
