"""Exchanges for the journeys: each test gets one of its own, on real machines.

Worker processes are lent by the run, because starting them takes longer than a journey; they hold
no state. A database in which everybody is enrolled is made once and copied.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from services.edi_gateway import service as gateway_service
from services.edi_gateway.reading import preload
from shared.contracts.parts import Environment
from shared.platform.workers import WorkerPool
from tests.journeys import papers
from tests.journeys.exchange import Exchange, open_exchange
from tests.machines import postgres
from tests.machines.run import Run

FIRST_NUMBER_AFTER_ENROLMENT = 100


class LentPool(WorkerPool):
    """Workers that outlive the service which uses them."""

    async def close(self) -> None:
        """Leave them to whoever lent them."""


@pytest.fixture(scope="session")
def lent_workers() -> Iterator[LentPool]:
    pool = LentPool(1, preload=(preload,))
    pool.start()
    yield pool
    postgres.wait_for(WorkerPool.close(pool))


@contextmanager
def lent(workers: LentPool) -> Iterator[None]:
    """Every gateway that starts meanwhile reads with these workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway_service, "WorkerPool", lambda *_, **__: workers)
        yield


@pytest.fixture(autouse=True)
def _workers_are_lent(lent_workers: LentPool) -> Iterator[None]:
    with lent(lent_workers):
        yield


@pytest.fixture(autouse=True)
def _logging_stays_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
async def exchange(migrated_dsn: str, tmp_path: Path) -> AsyncIterator[Exchange]:
    """The exchange on its first day; every promise is proved once the journey is over."""
    async with open_exchange(migrated_dsn, tmp_path) as exchange:
        yield exchange
        assert await exchange.wrongs() == []


@pytest.fixture
async def production(migrated_dsn: str, tmp_path: Path) -> AsyncIterator[Exchange]:
    """The exchange on its first day in production."""
    async with open_exchange(
        migrated_dsn, tmp_path, environment=Environment.PRODUCTION
    ) as exchange:
        yield exchange
        assert await exchange.wrongs() == []


@pytest.fixture(scope="session")
def enrolled_template(
    run: Run,
    postgres_dsn: str,
    migrated_template: str,
    lent_workers: LentPool,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Name of a database in which everybody of `papers` is enrolled."""

    def enrol_everybody() -> str:
        dsn = postgres.create_database(postgres_dsn, migrated_template)
        with lent(lent_workers):
            postgres.wait_for(_enrol_everybody(dsn, tmp_path_factory.mktemp("enrolment")))
        return postgres.name_of(dsn)

    return run.once("enrolled", enrol_everybody)


async def _enrol_everybody(dsn: str, folder: Path) -> None:
    async with open_exchange(dsn, folder) as exchange:
        for utility in ("pge", "sce", "sdge"):
            people = [who for who in papers.EVERYBODY if who.utility == utility]
            bodies = [papers.request(who, f"ENROL-{who.account}") for who in people]
            await exchange.send(utility, "814", *bodies)
            await exchange.send(utility, "997", *papers.accepted(exchange.groups(utility)))


@pytest.fixture
def enrolled_dsn(postgres_dsn: str, enrolled_template: str) -> Iterator[str]:
    dsn = postgres.create_database(postgres_dsn, enrolled_template)
    yield dsn
    postgres.drop_database(postgres_dsn, dsn)


@pytest.fixture
async def enrolled(enrolled_dsn: str, tmp_path: Path) -> AsyncIterator[Exchange]:
    """The exchange on a later day: everybody of `papers` is enrolled."""
    async with open_exchange(
        enrolled_dsn, tmp_path, first_number=FIRST_NUMBER_AFTER_ENROLMENT
    ) as exchange:
        yield exchange
        assert await exchange.wrongs() == []
