"""The real machines the tests run against: PostgreSQL, RabbitMQ, a browser.

A machine is started when the first test asks for it and stopped at the end of the run; when the
tests run in several processes, these share it. Where one cannot be had, the test fails and says
what to install: nothing is skipped.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from shared.platform import embedded, migrate
from tests.machines import fastapi_memory, postgres
from tests.machines.ports import free_ports
from tests.machines.rabbitmq import (
    Broker,
    NamedBroker,
    drop_virtual_host,
    fresh_virtual_host,
    start_broker,
)
from tests.machines.run import Run, Started
from tools import provision

RUN_FOLDER = pytest.StashKey[Path]()
TOLD_TO_WORKERS = "run_folder"
BROKEN_BROKER = pytest.mark.xdist_group("broken broker")


class Worker(Protocol):
    """One of the processes that xdist starts, as the dividing process sees it."""

    config: pytest.Config
    workerinput: dict[str, object]


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of this run, or learn it from the process that divides the tests."""
    told: dict[str, str] = getattr(config, "workerinput", {})
    folder = told.get(TOLD_TO_WORKERS) or tempfile.mkdtemp(prefix="ccax-")
    config.stash[RUN_FOLDER] = Path(folder)
    if told:
        # The line editor of the dividing process leaves the size of its terminal behind for its
        # children. A table that a test reads must not be folded by it.
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Worker) -> None:
    """Tell a worker which run it belongs to."""
    node.workerinput[TOLD_TO_WORKERS] = str(node.config.stash[RUN_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder of this run."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[RUN_FOLDER], ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Let one process have all tests of a group, and all that kill a broker be a group.

    Within this hook xdist puts the name of a test's group behind the name of the test. Up to 3.8 it
    does so where pytest looked before 9.2; without what follows, every test is a group of its own.
    """
    for item in items:
        if "rabbitmq_to_break" in getattr(item, "fixturenames", ()):
            item.add_marker(BROKEN_BROKER)
    yield
    for item in items:
        grouped = vars(item).pop("_nodeid", None)
        if grouped is not None:
            item._id = type(item.id).parse(grouped)  # noqa: SLF001  pytest offers no other way


def pytest_collection_finish() -> None:
    """Take what is there for the whole run out of the garbage collector's rounds."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _fastapi_remembers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        fastapi_memory.remember(patch)
        yield


@pytest.fixture
def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on."""
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    """What the processes of this run share."""
    return Run(request.config.stash[RUN_FOLDER])


@pytest.fixture(scope="session")
def short_folder(run: Run) -> Path:
    """A folder of this process with a short path: PostgreSQL and RabbitMQ put sockets in it."""
    return Path(tempfile.mkdtemp(prefix="p", dir=run.folder))


@pytest.fixture(scope="session")
def postgres_dsn(run: Run, short_folder: Path) -> Iterator[str]:
    """Address of a PostgreSQL server that belongs to this run, as its superuser."""

    def start() -> Started[str]:
        with ExitStack() as opened:
            folder = opened.enter_context(postgres.folder_for_data(short_folder)) / "postgres"
            server = embedded.start_postgres(folder)
            opened.callback(server.stop)
            opened.enter_context(postgres.guarded(server.pid, folder))
            postgres.make_fast(server.url)
            return Started(server.url, opened.pop_all().close)

    with run.sharing("postgres", start) as dsn:
        yield dsn


@pytest.fixture
def database_dsn(postgres_dsn: str) -> Iterator[str]:
    """Address of a database of the test's own, with nothing in it."""
    dsn = postgres.create_database(postgres_dsn)
    yield dsn
    postgres.drop_database(postgres_dsn, dsn)


@pytest.fixture(scope="session")
def migrated_template(run: Run, postgres_dsn: str) -> str:
    """Name of a database with every service's tables and no rows, to be copied."""

    def migrate_one() -> str:
        dsn = postgres.create_database(postgres_dsn)
        postgres.wait_for(migrate.migrate_all(dsn))
        return postgres.name_of(dsn)

    return run.once("migrated", migrate_one)


@pytest.fixture
def migrated_dsn(postgres_dsn: str, migrated_template: str) -> Iterator[str]:
    """Address of a database of the test's own, with every service's tables and no rows."""
    dsn = postgres.create_database(postgres_dsn, migrated_template)
    yield dsn
    postgres.drop_database(postgres_dsn, dsn)


@pytest.fixture(scope="session")
def rabbitmq(run: Run, short_folder: Path) -> Iterator[Broker]:
    """The broker of this run; see `rabbitmq_to_break` for one that may be killed."""

    def start() -> Started[NamedBroker]:
        broker = start_broker(short_folder / "rabbitmq")
        return Started(NamedBroker(broker.url, broker.management_url), broker.close)

    with run.sharing("rabbitmq", start) as broker:
        yield broker


@pytest.fixture
def fresh_rabbitmq_url(rabbitmq: Broker) -> Iterator[str]:
    """Address of a virtual host of the test's own, with nothing in it."""
    url = fresh_virtual_host(rabbitmq)
    yield url
    drop_virtual_host(rabbitmq, url)


@pytest.fixture(scope="session")
def rabbitmq_of_our_own(short_folder: Path) -> Iterator[Broker]:
    """A broker that no other process uses."""
    broker = start_broker(short_folder / "broken")
    yield broker
    broker.close()


@pytest.fixture
def rabbitmq_to_break(rabbitmq_of_our_own: Broker) -> Iterator[Broker]:
    """A broker to be killed with `stop_hard()`; it runs again after the test."""
    yield rabbitmq_of_our_own
    rabbitmq_of_our_own.start()


@pytest.fixture
def url_on_rabbitmq_to_break(rabbitmq_to_break: Broker) -> Iterator[str]:
    """Address of an empty virtual host on the broker that may be killed."""
    url = fresh_virtual_host(rabbitmq_to_break)
    yield url
    rabbitmq_to_break.start()
    drop_virtual_host(rabbitmq_to_break, url)


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser for page tests."""
    program = provision.chromium_program()
    if program is None:
        pytest.fail("There is no Chromium here: run `make provision`, which says what to do.")
    return program
