"""Whether somebody with a screen reader, a keyboard or weak eyes can use every page.

axe-core looks at each page as the browser shows it, on a desk and on a telephone. What it calls
serious or critical keeps people from their work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import let_in, serving
from tests.integration.edi_gateway.pages.house import open_house

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE: Final = Path(__file__).parents[4] / "node_modules" / "axe-core" / "axe.min.js"
WRONG: Final = ("serious", "critical")
WIDTHS: Final = (1366, 390)
HEIGHT: Final = 768

NOWHERE: Final = "/nowhere"
PAGES: Final = (
    "/transactions",
    "/transactions?valid=rejected",
    "/transactions?q=U26112200002",
    "/transactions?q=unheard-of",
    "/files",
    "/files?direction=outbound",
    "/docs",
    "/rating/",
    "/rating/accounts",
    "/rating/accounts?q=unheard-of",
    "/rating/charges",
    "/rating/tariffs",
    "/remittance/",
    "/remittance/?account=1&trace=2",
    "/bank/",
    "/books/",
    "/furnished/rating",
    "/furnished/remittance",
    NOWHERE,
)
"""Pages with an address of their own; the others are reached from these."""


@pytest_asyncio.fixture(loop_scope="session")
async def base(office: Office, morning_dsn: str) -> AsyncIterator[str]:
    """Address of a console with every service's rooms in it."""
    async with open_house(office, morning_dsn) as app, serving(app) as base:
        yield base


@pytest_asyncio.fixture(loop_scope="session", params=WIDTHS)
async def page(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[Page]:
    """A page as wide as a desk's screen, or a telephone's."""
    viewport = ViewportSize(width=request.param, height=HEIGHT)
    async with await browser.new_context(viewport=viewport) as context:
        yield await context.new_page()


async def wrongs(page: Page) -> list[str]:
    """What axe finds on the page as it stands, in a line each."""
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{page.url}: {one['id']}: {one['help']}: {node['html']}"
        for one in found["violations"]
        if one["impact"] in WRONG
        for node in one["nodes"]
    ]


class TestTheCheck:
    async def test_it_finds_what_is_wrong(self, page: Page) -> None:
        await page.set_content("<html lang='en'><title>Wrong</title><button></button></html>")

        assert [one.split(": ")[1] for one in await wrongs(page)] == ["button-name"]


class TestEveryPage:
    async def test_the_door_keeps_nobody_out_by_its_looks(self, base: str, page: Page) -> None:
        await page.goto(f"{base}/sign-in")

        assert await wrongs(page) == []

    async def test_a_page_with_an_address_has_no_serious_fault(
        self, office: Office, base: str, page: Page
    ) -> None:
        await let_in(page, base, await office.token(Role.OPERATOR))
        found = []
        for path in PAGES:
            answer = await page.goto(f"{base}{path}")
            assert answer is not None
            assert answer.status == (404 if path == NOWHERE else 200), path
            found += await wrongs(page)

        assert found == []

    async def test_neither_has_the_page_of_a_transaction_nor_its_explanation(
        self, office: Office, base: str, page: Page
    ) -> None:
        await let_in(page, base, await office.token(Role.ANALYST))
        await page.goto(f"{base}/transactions?valid=rejected")
        await page.locator("tbody th a").first.click()
        found = await wrongs(page)
        await page.get_by_role("link", name="Explain every segment").click()
        await page.wait_for_url("**/annotated*")
        found += await wrongs(page)

        assert found == []

    async def test_neither_has_the_page_of_a_file_with_its_forms_open(
        self, office: Office, base: str, page: Page
    ) -> None:
        await let_in(page, base, await office.token(Role.OPERATOR))
        found = []
        for path in ("/files?direction=inbound", "/files?direction=outbound"):
            await page.goto(f"{base}{path}")
            await page.locator("tbody th a").first.click()
            await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            found += await wrongs(page)

        assert found == []
