"""An installation for each test: processes, broker and database of its own, nothing left behind."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.distributed.end_state import Record, Rows
from tests.distributed.installation import GATEWAY, SERVICES, Installation, playing, wait_for
from tests.machines import postgres
from tests.machines.rabbitmq import Broker, drop_virtual_host, fresh_virtual_host

REST_MAX_S = 90.0
DAY_MAX_S = 170.0


class Install(Protocol):
    """Makes an installation without any running service."""

    def __call__(self, *, with_tables: bool = True) -> AbstractContextManager[Installation]:
        """Give it a database with tables, or an empty one for `ccax migrate`."""


DAY = (
    "--accounts 60 --accounts-per-file 15 --seed 11 --error-rate 0.12 --advice-rate 0.05"
    " --short-rate 0.05 --reversal-rate 0.05 --timeout 160 --patience 75"
)
"""One billing day with every kind of trouble the utility knows, in several files a set."""


@pytest.fixture(scope="session")
def install(postgres_dsn: str, migrated_template: str, rabbitmq: Broker) -> Install:
    """Makes installations in which nothing has happened and no service runs yet."""

    @contextmanager
    def make(*, with_tables: bool = True) -> Iterator[Installation]:
        folder = Path(tempfile.mkdtemp(prefix="ccax-day-"))
        database_url = postgres.create_database(
            postgres_dsn, migrated_template if with_tables else postgres.EMPTY
        )
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


@pytest.fixture
def installation(install: Install) -> Iterator[Installation]:
    """The three services, one copy each, ready for work."""
    with install() as made:
        for service in SERVICES:
            made.add(service)
        made.until_ready()
        yield made


@pytest.fixture(scope="session")
def undisturbed(install: Install) -> dict[str, Rows]:
    """What the day comes to when nothing happens to anybody."""
    with install(with_tables=False) as made:
        made.run_command("migrate")
        for service in SERVICES:
            made.add(service)
        made.until_ready()
        record = Record(made.database_url)
        key = made.give_key("pge")
        with playing(made, key, made.one(GATEWAY).sftp_port, options=DAY) as day:
            report = day.until_over(DAY_MAX_S)
        assert report["balanced"], report["days"][0]["problems"]
        wait_for(record.is_at_rest, "the undisturbed day to come to rest", REST_MAX_S)
        assert record.faults() == []
        return record.results()
