"""Real PostgreSQL and real RabbitMQ for the tests of the plumbing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.platform.database import driver_url
from shared.platform.embedded import start_postgres
from tests.machines.rabbitmq import (
    Broker,
    choose_broker,
    drop_virtual_host,
    fresh_virtual_host,
)


@pytest.fixture(scope="session")
def postgres_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = start_postgres(tmp_path_factory.mktemp("postgres") / "data")
    yield server.url
    server.stop()


@pytest.fixture
async def database_dsn(postgres_dsn: str) -> AsyncIterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    engine = create_async_engine(driver_url(postgres_dsn), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_dsn).set(database=name).render_as_string(hide_password=False)
    async with engine.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await engine.dispose()


@pytest.fixture(scope="session")
def rabbitmq_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = choose_broker(tmp_path_factory.mktemp("rabbitmq"))
    broker.start()
    yield broker
    broker.close()


@pytest.fixture
def rabbitmq_url(rabbitmq_broker: Broker) -> Iterator[str]:
    url = fresh_virtual_host(rabbitmq_broker)
    yield url
    drop_virtual_host(rabbitmq_broker, url)
