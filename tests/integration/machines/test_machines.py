"""The machines under the tests do what outage tests rely on."""

from __future__ import annotations

from pathlib import Path

import aio_pika
import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.machines.rabbitmq import Broker, fresh_virtual_host

PLACE = "kept"


async def put(url: str, body: bytes) -> None:
    connection = await aio_pika.connect(url)
    async with connection, connection.channel(on_return_raises=True) as channel:
        await channel.declare_queue(PLACE, durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, PLACE, mandatory=True)


async def take(url: str) -> bytes:
    connection = await aio_pika.connect(url)
    async with connection, connection.channel() as channel:
        queue = await channel.get_queue(PLACE)
        message = await queue.get(timeout=30)
        await message.ack()
        return message.body


class TestBroker:
    async def test_a_kill_loses_no_confirmed_message(self, rabbitmq_to_break: Broker) -> None:
        url = fresh_virtual_host(rabbitmq_to_break)
        await put(url, b"one cent")

        rabbitmq_to_break.stop_hard()
        rabbitmq_to_break.start()

        assert await take(url) == b"one cent"

    async def test_every_test_can_have_a_virtual_host_of_its_own(
        self, fresh_rabbitmq_url: str, rabbitmq: Broker
    ) -> None:
        await put(fresh_rabbitmq_url, b"mine")
        await put(fresh_virtual_host(rabbitmq), b"theirs")

        assert await take(fresh_rabbitmq_url) == b"mine"


class TestDatabase:
    async def test_every_test_has_an_empty_database_of_its_own(self, database_dsn: str) -> None:
        connection = await asyncpg.connect(database_dsn)
        try:
            schemas = await connection.fetch(
                "SELECT nspname FROM pg_namespace WHERE nspname IN ('edi', 'rating', 'remittance')"
            )
        finally:
            await connection.close()

        assert schemas == []

    async def test_a_migrated_database_has_every_schema(self, migrated_dsn: str) -> None:
        connection = await asyncpg.connect(migrated_dsn)
        try:
            schemas = await connection.fetch(
                "SELECT nspname FROM pg_namespace WHERE nspname IN ('edi', 'rating', 'remittance')"
            )
        finally:
            await connection.close()

        assert len(schemas) == 3


class TestBrowser:
    def test_it_is_a_program_of_this_machine(self, chromium_path: Path) -> None:
        assert chromium_path.is_file()


class TestGroups:
    @pytest.mark.xdist_group("together")
    def test_a_test_that_is_sent_to_a_process_carries_the_name_of_its_group(
        self, request: pytest.FixtureRequest
    ) -> None:
        is_sent = hasattr(request.config, "workerinput")

        assert request.node.nodeid.endswith("@together") == is_sent
