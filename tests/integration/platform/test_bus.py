"""One promise, two wires: every test here holds for RabbitMQ and for the bus in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared.platform.bus import (
    Bus,
    Delivery,
    Message,
    Poison,
    QueueSpec,
    Unroutable,
)
from shared.platform.memory_bus import MemoryBus
from shared.platform.rabbitmq import RabbitBus
from tests.integration.platform.waiting import until

USAGE = QueueSpec("rating.inbox", ("UsageReported", "receipt.*"), delivery_limit=3)
LEDGER = QueueSpec("edi_gateway.inbox", ("#",))


def message(text: str, routing_key: str = "UsageReported") -> Message:
    return Message(str(uuid4()), routing_key, text.encode(), {"source": "test"})


class Listener:
    """Notes what it hears; fails as often as it is told to."""

    def __init__(self, faults: int = 0) -> None:
        self.heard: list[Delivery] = []
        self.faults = faults
        self.gate = asyncio.Event()
        self.gate.set()
        self.working = 0
        self.most_working = 0

    async def __call__(self, delivery: Delivery) -> None:
        self.heard.append(delivery)
        self.working += 1
        self.most_working = max(self.most_working, self.working)
        try:
            await self.gate.wait()
            if self.faults:
                self.faults -= 1
                raise RuntimeError("not this time")
        finally:
            self.working -= 1

    @property
    def texts(self) -> list[str]:
        return [delivery.body.decode() for delivery in self.heard]


@pytest.fixture(params=["memory", "rabbitmq"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    made: Bus
    if request.param == "memory":
        made = MemoryBus()
    else:
        made = RabbitBus(request.getfixturevalue("fresh_rabbitmq_url"))
    await made.start()
    await made.declare([USAGE])
    yield made
    await made.close()


class TestPublishing:
    async def test_what_no_queue_wants_is_an_error_that_names_it(self, bus: Bus) -> None:
        lost = message("lost", "NobodyHearsThis")

        with pytest.raises(Unroutable) as refused:
            await bus.publish([message("a"), lost, message("b")])

        assert refused.value.message_ids == {lost.message_id}
        await until(lambda: _depth_is(bus, USAGE.name, 2))

    async def test_a_thousand_messages_arrive_in_order(self, bus: Bus) -> None:
        sent = [message(str(number)) for number in range(1000)]

        await bus.publish(sent)

        listener = Listener()
        await bus.subscribe(USAGE.name, listener)
        await until(lambda: len(listener.heard) == 1000, 30)
        assert listener.texts == [str(number) for number in range(1000)]

    async def test_unroutable_among_a_thousand_loses_none_of_the_others(self, bus: Bus) -> None:
        sent = [message(str(number)) for number in range(250)]
        lost = [message("lost", "NobodyHearsThis") for _ in range(2)]

        with pytest.raises(Unroutable) as refused:
            await bus.publish([lost[0], *sent, lost[1]])

        assert refused.value.message_ids == {one.message_id for one in lost}
        await until(lambda: _depth_is(bus, USAGE.name, 250))

    async def test_every_queue_bound_to_it_gets_a_copy(self, bus: Bus) -> None:
        await bus.declare([LEDGER])

        await bus.publish([message("a"), message("b", "receipt.rating"), message("c", "Other")])

        await until(lambda: _depth_is(bus, USAGE.name, 2))
        await until(lambda: _depth_is(bus, LEDGER.name, 3))

    async def test_declaring_again_changes_nothing(self, bus: Bus) -> None:
        await bus.publish([message("a")])

        await bus.declare([USAGE])

        await until(lambda: _depth_is(bus, USAGE.name, 1))

    async def test_it_says_that_it_is_ready(self, bus: Bus) -> None:
        assert await bus.ready()

        await bus.close()

        assert not await bus.ready()


class TestConsuming:
    async def test_a_delivery_carries_what_was_published(self, bus: Bus) -> None:
        sent = message("hello")
        listener = Listener()
        await bus.subscribe(USAGE.name, listener)

        await bus.publish([sent])

        await until(lambda: len(listener.heard) == 1)
        delivery = listener.heard[0]
        assert delivery.message_id == sent.message_id
        assert delivery.routing_key == "UsageReported"
        assert delivery.headers["source"] == "test"
        assert delivery.attempt == 1

    async def test_a_failed_delivery_comes_again_and_counts_its_attempts(self, bus: Bus) -> None:
        listener = Listener(faults=2)
        await bus.subscribe(USAGE.name, listener)

        await bus.publish([message("again")])

        await until(lambda: len(listener.heard) == 3)
        assert [delivery.attempt for delivery in listener.heard] == [1, 2, 3]
        assert await bus.depth(USAGE.dead_letter_queue) == 0

    async def test_a_message_that_always_fails_is_put_aside_after_the_limit(self, bus: Bus) -> None:
        listener = Listener(faults=100)
        await bus.subscribe(USAGE.name, listener)

        await bus.publish([message("bad")])

        await until(lambda: _depth_is(bus, USAGE.dead_letter_queue, 1))
        assert len(listener.heard) == USAGE.delivery_limit
        assert await bus.depth(USAGE.name) == 0

    async def test_poison_is_put_aside_at_once_and_its_neighbours_flow(self, bus: Bus) -> None:
        async def refuse_bad(delivery: Delivery) -> None:
            await listener(delivery)
            if delivery.body == b"bad":
                raise Poison("not a message")

        listener = Listener()
        await bus.subscribe(USAGE.name, refuse_bad)

        await bus.publish([message("good"), message("bad"), message("better")])

        await until(lambda: _depth_is(bus, USAGE.dead_letter_queue, 1))
        await until(lambda: listener.texts == ["good", "bad", "better"])

    async def test_one_worker_handles_one_delivery_at_a_time(self, bus: Bus) -> None:
        listener = Listener()
        await bus.subscribe(USAGE.name, listener, prefetch=10, concurrency=1)

        await bus.publish([message(str(number)) for number in range(20)])

        await until(lambda: len(listener.heard) == 20)
        assert listener.most_working == 1

    async def test_no_more_deliveries_are_in_work_than_asked_for(self, bus: Bus) -> None:
        listener = Listener()
        listener.gate.clear()
        await bus.subscribe(USAGE.name, listener, prefetch=4, concurrency=4)

        await bus.publish([message(str(number)) for number in range(20)])
        await until(lambda: listener.working == 4)
        await asyncio.sleep(0.2)
        assert listener.working == 4
        listener.gate.set()

        await until(lambda: len(listener.heard) == 20)
        assert listener.most_working == 4

    async def test_two_consumers_share_the_work(self, bus: Bus) -> None:
        first, second = Listener(), Listener()
        first.gate.clear()
        await bus.subscribe(USAGE.name, first, prefetch=1)
        await bus.subscribe(USAGE.name, second, prefetch=1)

        await bus.publish([message(str(number)) for number in range(10)])

        await until(lambda: len(first.heard) == 1 and len(second.heard) == 9)
        first.gate.set()
        assert sorted(first.texts + second.texts, key=int) == [str(n) for n in range(10)]

    async def test_stopping_finishes_what_is_in_hand_and_gives_back_the_rest(
        self, bus: Bus
    ) -> None:
        listener = Listener()
        listener.gate.clear()
        subscription = await bus.subscribe(USAGE.name, listener, prefetch=5)
        await bus.publish([message(str(number)) for number in range(5)])
        await until(lambda: listener.working == 1)

        stopping = asyncio.create_task(subscription.stop())
        await asyncio.sleep(0.1)
        assert not stopping.done()
        listener.gate.set()
        await stopping

        assert listener.texts == ["0"]
        await until(lambda: _depth_is(bus, USAGE.name, 4))

    async def test_purging_empties_a_queue(self, bus: Bus) -> None:
        await bus.publish([message("a"), message("b")])
        await until(lambda: _depth_is(bus, USAGE.name, 2))

        assert await bus.purge(USAGE.name) == 2

        assert await bus.depth(USAGE.name) == 0


async def _depth_is(bus: Bus, queue: str, expected: int) -> bool:
    return await bus.depth(queue) == expected
