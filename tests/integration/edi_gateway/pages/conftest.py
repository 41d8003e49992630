"""One browser for all page tests of a process; everything they use lives on its event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.integration.edi_gateway.api.office import Office, open_office
from tests.integration.edi_gateway.pages.browser import browsing

# Playwright gives a page five seconds; a machine on which all cores run tests may need longer.
expect.set_options(timeout=20_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    """A running browser; each test opens a context of its own in it."""
    async with browsing(chromium_path) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def office(morning_dsn: str, tmp_path: Path) -> AsyncIterator[Office]:
    """The gateway after its morning."""
    async with open_office(morning_dsn, tmp_path) as office:
        yield office
