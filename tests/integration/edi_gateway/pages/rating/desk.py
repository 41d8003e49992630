"""Who sits at rating's rooms, and what they take along."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO

from playwright.async_api import Browser, Page

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import let_in

PLAN = "/rating/tariffs/mce/MCE-E-TOU-C/2026-04-01"


@asynccontextmanager
async def operator(office: Office, base: str, browser: Browser) -> AsyncIterator[Page]:
    """Somebody who may act, another one each time."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        await let_in(page, base, await office.token(Role.OPERATOR))
        yield page


async def table(page: Page, path: str) -> list[dict[str, str]]:
    """A file that a link of the page leads to."""
    answer = await page.request.get(path)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(StringIO(await answer.text())))
