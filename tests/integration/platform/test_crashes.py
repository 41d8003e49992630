"""Processes and brokers are killed; every committed message still has its effect, once."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.platform.bus import BusUnavailable, Message
from shared.platform.clock import FixedClock, SystemClock
from shared.platform.database import Database
from shared.platform.mailbox import inbox_queue
from shared.platform.memory_bus import MemoryBus
from shared.platform.rabbitmq import RabbitBus
from tests.integration.platform.post_room import (
    BILLING_DAY,
    PostRoom,
    document_sent,
    open_post_room,
    running,
)
from tests.integration.platform.waiting import until
from tests.machines.rabbitmq import Broker, BrokerFault, ServerProcess

SETTLE_S = 3.0
"""A quorum queue must have written its own birth before the broker may be killed."""


class BusThatDies(MemoryBus):
    """Takes a window of messages over, and the process ends before it can note that."""

    def __init__(self) -> None:
        super().__init__()
        self.deaths = 1

    async def publish(self, messages: Sequence[Message]) -> None:
        await super().publish(messages)
        if self.deaths:
            self.deaths -= 1
            raise KeyboardInterrupt


@pytest.fixture
async def post_room(database_dsn: str) -> AsyncIterator[PostRoom]:
    async with open_post_room(database_dsn, MemoryBus(), FixedClock(BILLING_DAY)) as opened:
        yield opened


class TestKilledProcess:
    async def test_between_commit_and_publish_the_next_run_publishes(
        self, post_room: PostRoom
    ) -> None:
        await post_room.say(document_sent(1))

        post_room.sender = post_room.new_sender(post_room.bus)  # the next run

        async with running(post_room):
            await until(post_room.all_handled)
        assert await post_room.effects() == [1]

    async def test_between_publish_and_its_note_the_message_is_sent_twice_with_one_effect(
        self, database_dsn: str
    ) -> None:
        bus = BusThatDies()
        async with open_post_room(database_dsn, bus, FixedClock(BILLING_DAY)) as post_room:
            await post_room.say(document_sent(1))
            with pytest.raises(KeyboardInterrupt):
                await post_room.sender.relay.publish_window()
            assert (await post_room.sender.backlog()).unpublished == 1

            async with running(post_room):
                await until(post_room.all_handled)
                await until(lambda: _is_empty(post_room))
            assert await post_room.effects() == [1]

    async def test_between_effect_and_acknowledgment_the_second_delivery_has_no_effect(
        self, post_room: PostRoom
    ) -> None:
        envelope = document_sent(1)
        await post_room.say(envelope)
        await post_room.consumer().handle(envelope)

        async with running(post_room):
            await until(post_room.all_handled)

        assert await post_room.effects() == [1]

    async def test_with_its_wire_in_memory_everything_unacknowledged_is_due_at_once(
        self, post_room: PostRoom
    ) -> None:
        await post_room.say(*(document_sent(number) for number in range(5)))
        await post_room.sender.relay.publish_window()

        next_bus = MemoryBus()
        await next_bus.start()
        next_run = PostRoom(next_bus, post_room.edi, post_room.remittance, post_room.clock)
        await next_run.sender.declare()

        async with running(next_run):
            await until(next_run.all_handled)
        assert await next_run.effects() == list(range(5))

    async def test_at_any_moment_nothing_committed_is_lost_or_doubled(
        self, database_dsn: str, fresh_rabbitmq_url: str
    ) -> None:
        bus = RabbitBus(fresh_rabbitmq_url)
        async with open_post_room(database_dsn, bus, SystemClock()) as post_room:
            said: set[int] = set()
            for life in range(3):
                said |= await _live_and_die(database_dsn, fresh_rabbitmq_url, life * 100_000)
            assert len(said) > 30

            async with running(post_room):
                await until(post_room.all_handled, 60)

            effects = await post_room.effects()
        assert len(effects) == len(set(effects))
        # The last word of each life may have been committed without being told.
        assert said <= set(effects)
        assert len(effects) <= len(said) + 3


class TestKilledBroker:
    async def test_it_comes_back_and_every_message_has_its_effect_once(
        self, database_dsn: str, rabbitmq_to_break: Broker
    ) -> None:
        bus = RabbitBus(rabbitmq_to_break.url, prefix="killed.")
        async with open_post_room(database_dsn, bus, SystemClock()) as post_room:
            await asyncio.sleep(SETTLE_S)
            async with running(post_room):
                await post_room.say(*(document_sent(number) for number in range(300)))
                await until(lambda: _has_begun(post_room))
                rabbitmq_to_break.stop_hard()
                await until(lambda: _is_away(bus))
                await post_room.say(*(document_sent(number) for number in range(300, 400)))
                with pytest.raises(BusUnavailable):
                    await bus.publish([Message("1", "DocumentSent", b"")])
                await asyncio.to_thread(rabbitmq_to_break.start)

                await until(post_room.all_handled, 90)
                assert await bus.ready()

            assert await post_room.effects() == list(range(400))

    async def test_it_comes_back_with_nothing_and_the_outbox_fills_it_again(
        self, database_dsn: str, rabbitmq_to_break: Broker
    ) -> None:
        clock = FixedClock(BILLING_DAY)
        bus = RabbitBus(rabbitmq_to_break.url, prefix="wiped.")
        async with open_post_room(database_dsn, bus, clock) as post_room:
            await post_room.say(*(document_sent(number) for number in range(50)))
            await post_room.sender.relay.publish_window()

            await asyncio.to_thread(wipe, rabbitmq_to_break)

            async with asyncio.timeout(30):
                while not await bus.ready():
                    await asyncio.sleep(0.1)
            clock.advance(seconds=31)
            async with running(post_room):
                await until(post_room.all_handled, 60)
            assert await post_room.effects() == list(range(50))


def wipe(broker: Broker) -> None:
    """Throw away everything the broker ever wrote, and start it."""
    if not isinstance(broker, ServerProcess):
        raise BrokerFault("Only a broker that was started from an installed RabbitMQ can be wiped")
    broker.stop_hard()
    shutil.rmtree(broker.folder / "data")
    broker.start()


class TestDatabaseOutage:
    async def test_connections_cut_while_messages_flow_lose_and_double_nothing(
        self, post_room: PostRoom, database_dsn: str
    ) -> None:
        owner = Database(database_dsn, "edi", role="")
        async with running(post_room):
            await post_room.say(*(document_sent(number) for number in range(300)))
            for _ in range(5):
                await asyncio.sleep(0.1)
                await _cut_connections(owner)

            await until(lambda: _all_handled_at_last(post_room), 60)
            await until(lambda: _effects_are(post_room, 300), 60)
        await owner.close()
        assert await post_room.effects() == list(range(300))


async def _live_and_die(dsn: str, broker: str, first: int) -> set[int]:
    """Let a gateway process talk for a moment, then kill it; tells what it surely said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.platform.talking_service",
        dsn,
        broker,
        str(first),
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    said = [int(await process.stdout.readline()) for _ in range(20)]
    await asyncio.sleep(0.1)
    process.kill()
    rest = await process.stdout.read()
    await process.wait()
    complete = rest.rpartition(b"\n")[0]
    return {*said, *map(int, complete.split())}


async def _cut_connections(owner: Database) -> None:
    async with owner.unit_of_work() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


async def _all_handled_at_last(post_room: PostRoom) -> bool:
    if isinstance(post_room.clock, FixedClock):
        post_room.clock.advance(seconds=5)  # so that what was lost is asked for again
    try:
        return await post_room.all_handled()
    except DBAPIError:
        return False


async def _effects_are(post_room: PostRoom, expected: int) -> bool:
    return len(await post_room.effects()) == expected


async def _is_away(bus: RabbitBus) -> bool:
    return not await bus.ready()


async def _has_begun(post_room: PostRoom) -> bool:
    return bool(await post_room.effects())


async def _is_empty(post_room: PostRoom) -> bool:
    return await post_room.bus.depth(inbox_queue("remittance")) == 0
