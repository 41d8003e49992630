"""An installation for each test: processes, broker and database of its own, nothing left behind."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.distributed.end_state import Record, Rows
from tests.distributed.installation import (
    GATEWAY,
    SERVICES,
    Installation,
    make_key,
    playing,
    run_command,
    wait_for,
)
from tests.machines import postgres
from tests.machines.rabbitmq import Broker, drop_virtual_host, fresh_virtual_host

REST_MAX_S = 90.0
DAY_MAX_S = 170.0


class Install(Protocol):
    """Makes an installation without any running service."""

    def __call__(self, template: str) -> AbstractContextManager[Installation]:
        """Give it a copy of a database: of an empty one for `ccax migrate`."""


DAY = (
    "--accounts 60 --accounts-per-file 15 --seed 11 --error-rate 0.12 --advice-rate 0.05"
    " --short-rate 0.05 --reversal-rate 0.05 --timeout 160 --patience 75"
)
"""One billing day with every kind of trouble the utility knows, in several files a set."""


@pytest.fixture(scope="session")
def install(postgres_dsn: str, rabbitmq: Broker) -> Install:
    """Makes installations in which nothing has happened and no service runs yet."""

    @contextmanager
    def make(template: str) -> Iterator[Installation]:
        folder = Path(tempfile.mkdtemp(prefix="ccax-day-"))
        database_url = postgres.create_database(postgres_dsn, template)
        amqp_url = fresh_virtual_host(rabbitmq)
        made = Installation(folder, database_url, amqp_url)
        try:
            yield made
        finally:
            sys.stderr.write(made.logs())  # pytest shows it beside a failure only
            made.end()
            drop_virtual_host(rabbitmq, amqp_url)
            postgres.drop_database(postgres_dsn, database_url)
            shutil.rmtree(folder, ignore_errors=True)

    return make


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The private key of PG&E."""
    return make_key(tmp_path_factory.mktemp("utility") / "pge")


def let_in(database_url: str, key: Path) -> None:
    """Let the utility into its mailbox, as a person would."""
    run_command({"CCAX_DATABASE_URL": database_url}, "partners", "add-key", "pge", f"{key}.pub")


@pytest.fixture(scope="session")
def trading_template(postgres_dsn: str, migrated_template: str, key: Path) -> str:
    """Name of a database in which the utility's key is known and nothing has happened yet."""
    dsn = postgres.create_database(postgres_dsn, migrated_template)
    let_in(dsn, key)
    return postgres.name_of(dsn)


@contextmanager
def running(install: Install, template: str) -> Iterator[Installation]:
    """The three services, one copy each, ready for work."""
    with install(template) as made:
        for service in SERVICES:
            made.add(service)
        made.until_ready()
        yield made


@pytest.fixture
def installation(install: Install, trading_template: str) -> Iterator[Installation]:
    """An installation of the test's own."""
    with running(install, trading_template) as made:
        yield made


@pytest.fixture(scope="session")
def undisturbed(install: Install, key: Path) -> dict[str, Rows]:
    """What the day comes to when nothing happens to anybody."""
    with install(postgres.EMPTY) as made:
        made.run_command("migrate")
        for service in SERVICES:
            made.add(service)
        made.until_ready()
        let_in(made.database_url, key)
        with playing(made, key, made.one(GATEWAY).sftp_port, options=DAY) as day:
            report = day.until_over(DAY_MAX_S)
        assert report["balanced"], report["days"][0]["problems"]
        with closing(Record(made.database_url)) as record:
            wait_for(record.is_at_rest, "the undisturbed day to come to rest", REST_MAX_S)
            assert record.faults() == []
            return record.results()
