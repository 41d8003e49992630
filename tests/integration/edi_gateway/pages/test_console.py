"""What every page has: keys for lists, and the time in which moments are shown."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import serving, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def base(office: Office) -> AsyncIterator[str]:
    """Address of the gateway's console."""
    async with serving(office.app) as base:
        yield base


@pytest_asyncio.fixture(loop_scope="session")
async def page(office: Office, base: str, browser: Browser) -> AsyncIterator[Page]:
    """Somebody who is signed in."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        await sign_in(page, base, await office.token(Role.VIEWER))
        yield page


class TestKeys:
    async def test_rows_are_walked_and_opened(self, page: Page) -> None:
        links = page.locator("tbody th a")
        await page.keyboard.press("j")
        await expect(links.first).to_be_focused()
        await page.keyboard.press("j")
        await expect(links.nth(1)).to_be_focused()
        await page.keyboard.press("k")
        where = await links.first.get_attribute("href")
        await page.keyboard.press("o")

        await page.wait_for_url(f"**{where}")

    async def test_what_is_typed_is_text(self, page: Page) -> None:
        await page.keyboard.press("/")
        await page.keyboard.type("jo/?")

        await expect(page.get_by_role("searchbox")).to_have_value("jo/?")
        await expect(page.get_by_role("dialog")).to_be_hidden()

    async def test_they_are_explained_and_can_be_switched_off_for_good(self, page: Page) -> None:
        await page.keyboard.press("?")
        await page.get_by_label("Use these keys").uncheck()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()
        await page.reload()
        await page.keyboard.press("j")

        await expect(page.locator("tbody th a").first).not_to_be_focused()
        await expect(page.get_by_role("button", name="Keys")).to_be_visible()


class TestTime:
    async def test_moments_are_shown_in_the_time_that_was_chosen(
        self, page: Page, base: str
    ) -> None:
        await page.goto(f"{base}/transactions?direction=inbound")
        pacific = await page.locator("tbody td.nowrap").first.inner_text()
        await page.get_by_role("button", name="Use UTC").click()

        await expect(page.get_by_role("columnheader", name="When (UTC)")).to_be_visible()
        assert page.url.endswith("/transactions?direction=inbound")
        assert await page.locator("tbody td.nowrap").first.inner_text() != pacific

    async def test_nobody_is_led_elsewhere_by_it(self, page: Page, base: str) -> None:
        answer = await page.request.post(
            f"{base}/time", form={"time": "UTC", "next": "//elsewhere.example"}, max_redirects=0
        )

        assert answer.headers["location"] == "/"
