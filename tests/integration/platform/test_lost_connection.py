"""A broker may cancel a consumer and cut its connection in one breath; the consumer comes back."""

from __future__ import annotations

import asyncio

import pytest

from shared.platform import rabbitmq as wire
from shared.platform.bus import BusFault, Message, QueueSpec
from shared.platform.rabbitmq import RabbitBus
from tests.integration.platform.waiting import until
from tests.machines.rabbitmq import Broker, delete_queues

QUEUE = QueueSpec("rating.inbox", ("UsageReported",))
CANCELLED_S = 0.3
"""The broker tells a consumer of the end of its queue in less time."""


class TestALostConnection:
    async def test_comes_back_though_consumers_were_being_restored_on_it(
        self, rabbitmq: Broker, fresh_rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wire, "RECONNECT_S", 0.05)
        monkeypatch.setattr(wire, "RESTORE_TIMEOUT_S", 0.5)
        bus = RabbitBus(fresh_rabbitmq_url)
        heard: asyncio.Queue[str] = asyncio.Queue()
        await bus.start()
        await bus.declare([QUEUE])
        await bus.subscribe(QUEUE.name, lambda delivery: heard.put(delivery.message_id))
        consuming = bus._connected.consuming  # noqa: SLF001  the moment is aio-pika's own
        assert consuming.transport is not None
        await asyncio.sleep(2 * wire.RECONNECT_S)  # aio-pika rests after it connected

        consuming.connected.clear()  # so it is once the broker has begun to cut it
        await asyncio.to_thread(delete_queues, rabbitmq, fresh_rabbitmq_url)
        await asyncio.sleep(CANCELLED_S)
        await consuming.transport.connection.close()

        async def is_heard() -> bool:
            try:
                await bus.publish([Message("1", "UsageReported", b"")])
            except BusFault:  # there is no queue yet
                return False
            return not heard.empty()

        await until(is_heard, 20)
        await bus.close()
