"""The real machines the tests run against: PostgreSQL, RabbitMQ, a browser.

A machine is started when the first test asks for it and stopped at the end of the run. Where one
cannot be had, the test fails and says what to install: nothing is skipped.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.platform import embedded, migrate
from tests.machines import postgres
from tests.machines.ports import free_ports
from tests.machines.rabbitmq import (
    Broker,
    choose_broker,
    drop_virtual_host,
    fresh_virtual_host,
)
from tools import provision


@pytest.fixture
def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on."""
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short path: PostgreSQL and RabbitMQ put sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="ccax-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_dsn(short_folder: Path) -> Iterator[str]:
    """Address of a PostgreSQL server that belongs to this run, as its superuser."""
    server = embedded.start_postgres(short_folder / "postgres")
    postgres.make_fast(server.url)
    yield server.url
    server.stop()


@pytest.fixture
def database_dsn(postgres_dsn: str) -> Iterator[str]:
    """Address of a database of the test's own, with nothing in it."""
    dsn = postgres.create_database(postgres_dsn)
    yield dsn
    postgres.drop_database(postgres_dsn, dsn)


@pytest.fixture(scope="session")
def migrated_template(postgres_dsn: str) -> str:
    """Name of a database with every service's tables and no rows, to be copied."""
    dsn = postgres.create_database(postgres_dsn)
    postgres.wait_for(migrate.migrate_all(dsn))
    return postgres.name_of(dsn)


@pytest.fixture
def migrated_dsn(postgres_dsn: str, migrated_template: str) -> Iterator[str]:
    """Address of a database of the test's own, with every service's tables and no rows."""
    dsn = postgres.create_database(postgres_dsn, migrated_template)
    yield dsn
    postgres.drop_database(postgres_dsn, dsn)


@pytest.fixture(scope="session")
def rabbitmq(short_folder: Path) -> Iterator[Broker]:
    """The broker of this run; see `rabbitmq_to_break` for killing it."""
    folder = short_folder / "rabbitmq"
    folder.mkdir()
    broker = choose_broker(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.close()


@pytest.fixture(scope="session")
def rabbitmq_url(rabbitmq: Broker) -> str:
    """Address of the broker's default virtual host, which all tests of this run share."""
    return rabbitmq.url


@pytest.fixture
def fresh_rabbitmq_url(rabbitmq: Broker) -> Iterator[str]:
    """Address of a virtual host of the test's own, with nothing in it."""
    url = fresh_virtual_host(rabbitmq)
    yield url
    drop_virtual_host(rabbitmq, url)


@pytest.fixture
def rabbitmq_to_break(rabbitmq: Broker) -> Iterator[Broker]:
    """The broker, to be killed with `stop_hard()`; it runs again after the test."""
    yield rabbitmq
    rabbitmq.start()


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser for page tests."""
    program = provision.chromium_program()
    if program is None:
        pytest.fail("There is no Chromium here: run `make provision`, which says what to do.")
    return program
