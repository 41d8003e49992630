"""A batch is not done when its charges are computed: the utility must have taken its 810s."""

from __future__ import annotations

from datetime import date

from services.rating.review.batches import Batch, list_batches
from services.rating.review.views import DeadlineView, show_deadlines
from services.rating.scope import Scope
from shared.contracts.parts import Environment
from tests.journeys import papers
from tests.journeys.exchange import Exchange
from tests.journeys.papers import ADA, BRUNO

MCE = Scope("mce", "pge", Environment.TEST)


async def july(exchange: Exchange) -> Batch:
    """The one batch of the month."""
    assert exchange.running.rating is not None
    async with exchange.running.rating.database.read() as session:
        (batch,) = await list_batches(session, MCE, date(2026, 7, 1))
    return batch


async def windows(exchange: Exchange) -> list[DeadlineView]:
    """Bills whose window still runs."""
    rating = exchange.running.rating
    assert rating is not None
    async with rating.database.read() as session:
        return await show_deadlines(session, MCE, rating.clock.now(), 10)


def stages(batch: Batch) -> tuple[int, int, int, int]:
    return batch.charged, batch.sent, batch.accepted, batch.rejected


class TestABatch:
    async def test_counts_what_left_and_what_the_utility_made_of_it(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2"))
        left = await july(enrolled)
        running = [(one.usage_id, one.stage) for one in await windows(enrolled)]
        await enrolled.send("pge", "997", *papers.accepted(enrolled.groups("pge")))
        accepted = await july(enrolled)
        still_running = await windows(enrolled)
        invoice = await enrolled.invoice_of("USE1")
        await enrolled.send("pge", "824", papers.advice(ADA, "ADV1", invoice))
        rejected = await july(enrolled)
        (again,) = await windows(enrolled)

        assert (left.bill_cycle, left.expected, left.received, left.missing) == ("07", 2, 2, 0)
        assert stages(left) == (2, 2, 0, 0)
        assert sorted(running) == [("USE1", "sent"), ("USE2", "sent")]
        assert stages(accepted) == (2, 2, 2, 0)
        assert still_running == []
        assert stages(rejected) == (2, 2, 1, 1)
        assert (again.usage_id, again.stage, again.reason) == ("USE1", "rejected", "A76")

    async def test_that_was_corrected_counts_what_is_in_force(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        await enrolled.send("pge", "997", *papers.accepted(enrolled.groups("pge")))
        before = await july(enrolled)
        replaced = papers.usage(ADA, "USE2", papers.CORRECTED, purpose="05", original="USE1")
        await enrolled.send("pge", "867", replaced)
        after = await july(enrolled)

        assert (before.received, stages(before)) == (1, (1, 1, 1, 0))
        assert (after.received, stages(after)) == (1, (1, 1, 0, 0))
        assert (after.expected, after.missing) == (2, 1)
