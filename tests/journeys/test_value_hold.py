"""A bill of thirty thousand dollars does not leave until a second person has looked at it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.rating.messages import Occasion
from services.rating.review.decide import Act, AnotherPersonNeeded, NewAct, act_on, release
from services.rating.scope import Scope
from services.rating.service import RatingService
from shared.contracts.parts import Environment
from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA, BRUNO, MONTH, MONTH_USD, OFF_PEAK, ON_PEAK, Used

MCE = Scope("mce", "pge", Environment.TEST)
FACTORY = Used("251200.000", {ON_PEAK: "50000.000", OFF_PEAK: "201200.000"})
FACTORY_USD = Decimal("29998.70")
"""10,391.00 + 21,089.78 - 1,557.44 + 75.36."""
WHY = "the customer runs a cold store"


def rating_of(exchange: Exchange) -> RatingService:
    assert exchange.running.rating is not None
    return exchange.running.rating


async def ask(exchange: Exchange, review_id: int, by: str) -> None:
    rating = rating_of(exchange)
    async with rating.database.unit_of_work() as session:
        asked = NewAct(act=Act.ASK, reason=WHY)
        await act_on(session, MCE, review_id, asked, by, rating.clock.now())


async def let_go(exchange: Exchange, review_id: int, by: str) -> None:
    rating = rating_of(exchange)
    occasion = Occasion(MCE, rating.clock.now())
    async with rating.database.unit_of_work() as session:
        await release(session, rating.desk, occasion, [review_id], by, WHY)
    await exchange.settle()


class TestABillOfThirtyThousandDollars:
    async def test_waits_for_a_second_person_and_leaves_as_it_was_computed(
        self, exchange: Exchange
    ) -> None:
        requests = [papers.request(ADA, "REQ1"), papers.request(BRUNO, "REQ2")]
        await exchange.send("pge", "814", *requests)
        await exchange.send(
            "pge",
            "867",
            papers.usage(ADA, "USE1", FACTORY),
            papers.usage(BRUNO, "USE2", MONTH),
        )
        first = exchange.documents("pge", "810")
        (review,) = await exchange.rows("SELECT review_id, total_cents FROM rating.reviews")
        waiting = await exchange.state("inbound", "867", "USE1")

        await ask(exchange, review["review_id"], "jane")
        with pytest.raises(AnotherPersonNeeded):
            await let_go(exchange, review["review_id"], "jane")
        await let_go(exchange, review["review_id"], "joe")

        assert [elements(each, "TDS") for each in first] == [[(MONTH_USD.replace(".", ""),)]]
        assert (waiting["rated"], waiting["exception_code"]) == ("held", "HIGH_VALUE")
        assert Decimal(review["total_cents"]).scaleb(-2) == FACTORY_USD
        (sent,) = exchange.documents("pge", "810")[len(first) :]
        assert elements(sent, "TDS") == [("2999870",)]
        assert elements(sent, "BIG")[0][1] == await exchange.invoice_of("USE1")
        assert (await exchange.state("inbound", "867", "USE1"))["rated"] == "charged"
