"""A gateway to ask: one morning is lived once a run, and every test gets a copy of its database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.edi_gateway.api.office import Office, live_a_morning, open_office
from tests.machines import postgres
from tests.machines.run import Run


@pytest.fixture(scope="session")
def morning_template(
    run: Run,
    postgres_dsn: str,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Name of a database in which a morning was lived."""

    async def live(dsn: str) -> None:
        async with open_office(dsn, tmp_path_factory.mktemp("morning")) as office:
            await live_a_morning(office)

    def live_once() -> str:
        dsn = postgres.create_database(postgres_dsn, migrated_template)
        postgres.wait_for(live(dsn))
        return postgres.name_of(dsn)

    return run.once("morning", live_once)


@pytest.fixture
def morning_dsn(postgres_dsn: str, morning_template: str) -> Iterator[str]:
    dsn = postgres.create_database(postgres_dsn, morning_template)
    yield dsn
    postgres.drop_database(postgres_dsn, dsn)


@pytest.fixture
async def office(morning_dsn: str, tmp_path: Path) -> AsyncIterator[Office]:
    """The gateway after its morning."""
    async with open_office(morning_dsn, tmp_path) as office:
        yield office


@pytest.fixture
async def client(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at the API who has shown nothing yet."""
    transport = httpx.ASGITransport(office.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
