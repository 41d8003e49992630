"""What the mailbox counts, and what it throws away."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from shared.platform.clock import FixedClock
from tests.integration.platform.post_room import (
    EDI_TABLES,
    QUICK,
    PostRoom,
    document_sent,
    running,
)
from tests.integration.platform.waiting import until


class TestHousekeeping:
    async def test_backlog_counts_what_is_under_way(
        self, post_room: PostRoom, clock: FixedClock
    ) -> None:
        await post_room.say(document_sent(1), document_sent(2))
        clock.advance(seconds=7)
        before = await post_room.sender.backlog()
        await post_room.sender.relay.publish_window()
        after = await post_room.sender.backlog()

        assert (before.unpublished, before.unacknowledged, before.lag_s) == (2, 0, 7.0)
        assert (after.unpublished, after.unacknowledged, after.lag_s) == (0, 2, 0.0)

    async def test_only_what_is_long_done_is_thrown_away(
        self, post_room: PostRoom, clock: FixedClock
    ) -> None:
        async with running(post_room):
            await post_room.say(*(document_sent(number) for number in range(3)))
            await until(post_room.all_handled)
        await post_room.say(document_sent(4))

        assert await post_room.sender.sweeper.prune() == 0
        clock.at += QUICK.inbox_kept + timedelta(days=1)
        assert await post_room.sender.sweeper.prune() == 3
        assert await post_room.hearer.sweeper.prune() == 3

        async with post_room.edi.read() as session:
            kept = await session.scalar(select(func.count()).select_from(EDI_TABLES.outbox))
        assert kept == 1
