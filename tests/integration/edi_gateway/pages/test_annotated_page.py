"""Raw and parsed side by side, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office, interchange, usage_body
from tests.integration.edi_gateway.pages.browser import let_in, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(slots=True)
class Desk:
    """Somebody at the console."""

    page: Page
    base: str


@pytest_asyncio.fixture(
    loop_scope="session", params=[True, False], ids=["with JavaScript", "without JavaScript"]
)
async def desk(
    request: pytest.FixtureRequest, office: Office, browser: Browser
) -> AsyncIterator[Desk]:
    context = await browser.new_context(java_script_enabled=request.param)
    async with serving(office.app) as base, context:
        yield Desk(await context.new_page(), base)


async def open_rejected(desk: Desk, office: Office, also: str = "") -> None:
    """Go from the rejected 867's own page to its explanation, as a person would."""
    await let_in(desk.page, desk.base, await office.token(Role.ANALYST))
    await desk.page.goto(f"{desk.base}/transactions?valid=rejected{also}")
    await desk.page.locator("tbody th a").first.click()
    await desk.page.get_by_role("link", name="Explain every segment").click()


class TestLinks:
    async def test_each_side_leads_to_the_other(self, office: Office, desk: Desk) -> None:
        page = desk.page
        await page.set_viewport_size({"width": 1366, "height": 768})
        await open_rejected(desk, office)
        raw, parsed = page.locator("#raw-17"), page.locator("#seg-17")
        await raw.get_by_role("link").click()
        await expect(page).to_have_url(f"{page.url.partition('#')[0]}#seg-17")
        await expect(parsed).to_be_in_viewport()
        await expect(parsed).to_contain_text("delivered to the customer, actual")
        await parsed.get_by_role("link").click()

        await expect(page).to_have_url(f"{page.url.partition('#')[0]}#raw-17")
        await expect(raw).to_be_in_viewport()

    async def test_a_finding_leads_to_its_place_and_stands_there(
        self, office: Office, desk: Desk
    ) -> None:
        page = desk.page
        await open_rejected(desk, office)
        await page.locator(".findings a").first.click()

        card = page.locator("#seg-3")
        await expect(card).to_be_in_viewport()
        await expect(card).to_contain_text("2026-11-25")
        await expect(card.locator(".remark").first).to_contain_text("Error:")
        await expect(page.locator("#raw-3")).to_contain_text("has findings")


class TestStretches:
    async def test_a_long_transaction_is_turned_like_pages(
        self, office: Office, desk: Desk
    ) -> None:
        readings = "\n".join(["QTY*QD*1*KH\nMEA*AA*PRQ*1*KH***42"] * 300)
        wrong = f"{usage_body(33)}\n{readings}\nQTY*QD*1x*KH"
        file_id = await office.put("long.edi", interchange([wrong], 80))
        await office.work()
        page = desk.page
        await open_rejected(desk, office, f"&file_id={file_id}")
        await expect(page.get_by_text("Segments 1 to 500 of 620").first).to_be_visible()
        await page.locator(".findings a").first.click()

        await expect(page.locator("#seg-619")).to_be_in_viewport()
        await expect(page.locator("#raw-619")).to_have_text("QTY*QD*1x*KH~ has findings")
        await page.get_by_role("link", name="Earlier segments").first.click()
        await expect(page.locator("#seg-1")).to_be_visible()


class TestDoor:
    async def test_a_viewer_is_told_which_role_it_needs(self, office: Office, desk: Desk) -> None:
        page = desk.page
        await let_in(page, desk.base, await office.token(Role.VIEWER))
        await page.goto(f"{desk.base}/transactions?valid=rejected")
        await page.locator("tbody th a").first.click()
        answer = await page.goto(f"{page.url}/annotated")

        assert answer is not None
        assert answer.status == 403
        await expect(page.locator("main")).to_contain_text("analyst")


class TestWidth:
    @pytest.mark.parametrize("width", [1366, 390])
    async def test_the_page_does_not_scroll_sideways(
        self, office: Office, desk: Desk, width: int
    ) -> None:
        page = desk.page
        await page.set_viewport_size({"width": width, "height": 768})
        await open_rejected(desk, office)
        box = await page.locator("main").bounding_box()
        raw = await page.locator(".as-sent").bounding_box()
        parsed = await page.locator(".as-read").bounding_box()

        assert box is not None
        assert raw is not None
        assert parsed is not None
        assert box["x"] + box["width"] <= width
        assert parsed["x"] + parsed["width"] <= width
        side_by_side = raw["x"] + raw["width"] <= parsed["x"]
        assert side_by_side is (width > 704)
