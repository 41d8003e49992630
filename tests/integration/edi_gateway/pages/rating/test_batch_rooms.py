"""A month's bills on their way out, in a browser: batches, reviews, controls."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import let_in
from tests.integration.edi_gateway.pages.rating.desk import operator, table
from tests.integration.edi_gateway.pages.test_accessibility import HEIGHT

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestBatches:
    async def test_a_month_is_counted_by_stage(self, page: Page, base: str) -> None:
        await page.goto(f"{base}/rating/batches?month=2026-07-10&cca=mce")

        batch = page.get_by_role("row", name="mce at PGE")
        cells = await batch.get_by_role("cell").all_inner_texts()
        assert cells[:7] == ["4", "3", "1", "0", "1", "0", "2"]
        rows = await table(page, f"{base}/rating/batches.csv?month=2026-07-10&cca=mce")
        assert [row["under_review"] for row in rows] == ["1"]

    async def test_nothing_asked_shows_the_newest_month_with_bills_whole(
        self, page: Page, base: str
    ) -> None:
        await page.set_viewport_size(ViewportSize(width=1366, height=HEIGHT))
        await page.goto(f"{base}/rating/batches")

        await expect(page.get_by_role("heading", level=1)).to_have_text("Batches of September 2026")
        table = page.get_by_role("region", name="Batches by stage")
        await expect(table).to_contain_text("no owner")
        assert await table.evaluate("it => it.scrollWidth <= it.clientWidth")

    async def test_a_batch_has_an_owner_and_says_who_gave_it(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        async with operator(office, base, browser) as page:
            await page.goto(f"{base}/rating/batches?month=2026-07-10&cca=mce")
            await page.get_by_role("link", name="mce at PGE").click()
            await page.get_by_label("Owner").fill("ann")
            await page.get_by_label("Why").fill("her cycle")
            await page.get_by_role("button", name="Assign the batch").click()
            foreign = await page.request.post(page.url, form={"owner": "eve", "reason": "mine"})
            assert foreign.status == 403
            await expect(page.locator(".timeline")).to_contain_text("Assigned to ann: her cycle")

    async def test_nothing_to_release_is_said_in_numbers(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        async with operator(office, base, browser) as page:
            await page.goto(f"{base}/rating/batches/release?cca=mce&month=2026-07-10")

            await expect(page.get_by_text("0 charges, $0.00")).to_be_visible()


class TestReviews:
    async def test_one_person_asks_and_another_releases(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        async with operator(office, base, browser) as first:
            await first.goto(f"{base}/rating/reviews")
            await first.get_by_role("link", name="W1", exact=True).click()
            await self._decide(first, "Ask for its release")
            await expect(first.locator(".timeline")).to_contain_text("ask: looked at the meter")
            await self._decide(first, "Release")
            await expect(first.get_by_role("alert")).to_contain_text("asked for the release")
            place = first.url
            no_number = await first.request.get(f"{base}/rating/reviews/{'9' * 30}?cca=mce")
            assert no_number.status == 422
        async with operator(office, base, browser) as second:
            await second.goto(place)
            await self._decide(second, "Release")
            await expect(second.get_by_text("Closed by")).to_be_visible()
            await second.goto(f"{base}/rating/charges?account=A4")
            await expect(second.locator("tbody tr")).to_have_count(1)

    async def _decide(self, page: Page, what: str) -> None:
        options = await page.get_by_label("What").locator("option").all_inner_texts()
        label = next(one for one in options if one.startswith(what))
        await page.get_by_label("What").select_option(label=label)
        await page.get_by_label("Why", exact=True).fill("looked at the meter")
        await page.get_by_role("button", name="Do it").click()

    async def test_a_charge_is_assigned_and_its_alarm_put_off(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        async with operator(office, base, browser) as page:
            await page.goto(f"{base}/rating/reviews/1?cca=mce")
            await expect(page.get_by_text("nobody has asked yet")).to_be_visible()
            await page.get_by_label("Owner").fill("large accounts")
            await page.get_by_label("Why this person").fill("knows the site")
            await page.get_by_role("button", name="Assign").click()
            await expect(page.locator(".timeline")).to_contain_text("assign: knows the site")
            await expect(page.get_by_text("nobody has asked yet")).to_be_visible()
            await page.get_by_label("Until (Pacific)").fill("2026-01-01T08:00")
            await page.get_by_label("Why it waits").fill("they ring back")
            await page.get_by_role("button", name="Let it wait").click()

            await expect(page.get_by_role("alert")).to_contain_text("within its bill window")


class TestControls:
    async def test_an_administrator_sets_an_audit_and_all_see_who_did(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        place = f"{base}/rating/controls/HIGH_VALUE?cca=mce&customer_class=residential"
        async with await browser.new_context() as context:
            page = await context.new_page()
            await let_in(page, base, await office.token(Role.ADMIN))
            await page.goto(place)
            await expect(page.get_by_text("leaves by two people")).to_be_visible()
            await page.get_by_label("Limit, dollars", exact=True).fill("fifteen")
            await page.get_by_label("Owner").fill("billing")
            await page.get_by_label("Why").fill("no household pays this")
            await page.get_by_role("button", name="Set it").click()
            await expect(page.get_by_role("alert")).to_contain_text("in dollars")
            await page.get_by_label("Limit, dollars", exact=True).fill("15,000.50")
            await page.get_by_label("Why").fill("no household pays this")
            await page.get_by_role("button", name="Set it").click()
            await expect(page.locator(".timeline")).to_contain_text("limit $15,000.50")
        async with operator(office, base, browser) as page:
            await page.goto(place)
            await expect(page.locator(".timeline")).to_contain_text("by admin")
            await expect(page.get_by_role("button", name="Set it")).to_have_count(0)
            refused = await page.request.post(place, form={"enabled": "off", "reason": "quiet"})
            assert refused.status == 403

    async def test_no_administrator_switches_the_value_hold_off_alone(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        place = f"{base}/rating/controls/HIGH_VALUE?cca=mce&customer_class=commercial"
        async with await browser.new_context() as context:
            page = await context.new_page()
            await let_in(page, base, await office.token(Role.ADMIN))
            await page.goto(place)
            await page.get_by_label("The audit is").select_option("off")
            await page.get_by_label("Why").fill("a stadium opens")
            await page.get_by_role("button", name="Set it").click()
            await expect(page.get_by_text("It does not count yet")).to_be_visible()
            await expect(page.get_by_role("button", name="Approve it")).to_have_count(0)
            await expect(page.get_by_text("Now: a finding holds the charge")).to_be_visible()
        async with await browser.new_context() as context:
            page = await context.new_page()
            await let_in(page, base, await office.token(Role.ADMIN))
            await page.goto(f"{base}/rating/controls?cca=mce")
            await page.get_by_role("link", name="HIGH VALUE, commercial").click()
            await page.get_by_label("Why it may count").fill("until the opening is billed")
            await page.get_by_role("button", name="Approve it").click()
            await expect(page.get_by_text("Now: off")).to_be_visible()
            await expect(page.locator(".timeline")).to_contain_text("approved by admin")

    async def test_the_value_hold_says_when_it_last_fired(self, page: Page, base: str) -> None:
        await page.goto(f"{base}/rating/controls")

        row = page.get_by_role("row", name="mce residential")
        await expect(row).to_contain_text("2026-11-23 12:00")
        row = page.get_by_role("row", name="mce commercial")
        await expect(row.get_by_role("cell").nth(3)).to_have_text("—")
        await page.get_by_role("link", name="HIGH VALUE", exact=True).first.click()
        await expect(page.get_by_role("region", name="Findings")).to_contain_text("A4")
