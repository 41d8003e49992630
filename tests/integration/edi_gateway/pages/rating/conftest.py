"""A console over half a year of rating, and somebody who is signed in at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Page

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import let_in, serving
from tests.integration.edi_gateway.pages.house import open_house
from tests.integration.rating.furnish import furnish
from tests.machines import postgres
from tests.machines.run import Run


@pytest.fixture(scope="session")
def furnished_template(run: Run, postgres_dsn: str, morning_template: str) -> str:
    """Name of a database in which rating has lived half a year after the gateway's morning."""

    def live_once() -> str:
        dsn = postgres.create_database(postgres_dsn, morning_template)
        postgres.wait_for(furnish(dsn))
        return postgres.name_of(dsn)

    return run.once("furnished", live_once)


@pytest.fixture
def morning_dsn(postgres_dsn: str, furnished_template: str) -> Iterator[str]:
    dsn = postgres.create_database(postgres_dsn, furnished_template)
    yield dsn
    postgres.drop_database(postgres_dsn, dsn)


@pytest_asyncio.fixture(loop_scope="session")
async def app(office: Office, morning_dsn: str) -> AsyncIterator[FastAPI]:
    """The console."""
    async with open_house(office, morning_dsn) as app:
        yield app


@pytest_asyncio.fixture(loop_scope="session")
async def base(app: FastAPI) -> AsyncIterator[str]:
    """Its address."""
    async with serving(app) as base:
        yield base


@pytest_asyncio.fixture(loop_scope="session")
async def page(office: Office, base: str, browser: Browser) -> AsyncIterator[Page]:
    """Somebody who is signed in."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        await let_in(page, base, await office.token(Role.VIEWER))
        yield page
