"""An analyst at rating's rooms: from a number somebody read out to the reason for a cent."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import let_in
from tests.integration.edi_gateway.pages.rating.desk import PLAN, operator, table
from tests.integration.edi_gateway.pages.test_accessibility import HEIGHT, WIDTHS, wrongs
from tests.integration.rating.furnish import DRAFT

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOMS = [
    *("Waiting", "Accounts", "Charges", "Batches", "Reviews", "Utility bills", "Tariffs"),
    *("Controls", "Re-run", "Saved"),
]
PAGES = (
    "/rating/",
    "/rating/accounts",
    "/rating/accounts/one?number=A1",
    "/rating/accounts/one?number=A2&day=2026-06-16",
    "/rating/charges",
    "/rating/charges/MCE0000000005",
    "/rating/tariffs?cca=mce",
    PLAN,
    f"{PLAN}/diff?other={DRAFT}",
    "/rating/tariffs/3ce/3CE-E-TOU-C/2026-02-15",
    "/rating/batches?month=2026-07-10&cca=mce",
    "/rating/reviews",
    "/rating/reviews/1?cca=mce",
    "/rating/batches/one?month=2026-07-10&cca=mce",
    "/rating/batches/three-way?month=2026-07-10&cca=mce",
    "/rating/batches/three-way/agreements?month=2026-07-10&cca=mce",
    "/rating/utility-bills",
    "/rating/utility-bills/cause?cca=mce&kind=total",
    "/rating/tariffs/calendars?year=2026",
    "/rating/tariffs/calendars/holidays/pge/2000",
    "/rating/tariffs/rate-codes",
    "/rating/controls",
    "/rating/controls/HIGH_VALUE?cca=mce",
    "/rating/controls/BATCH_RELEASE?cca=mce",
    "/rating/rerun",
    "/rating/saved?view=/rating/charges%3Fcca%3Dmce",
)


class TestRooms:
    async def test_they_stand_in_one_order_and_say_where_one_is(
        self, page: Page, base: str
    ) -> None:
        for path in PAGES:
            await page.goto(f"{base}{path}")
            rooms = page.get_by_role("navigation", name="Rating").get_by_role("link")
            assert await rooms.all_inner_texts() == ROOMS
            here = page.locator("nav[aria-label=Rating] a[aria-current=page]")
            assert await here.inner_text() in ROOMS

    @pytest.mark.parametrize("width", WIDTHS)
    async def test_they_fit_the_screen_and_keep_nobody_out(
        self, office: Office, base: str, browser: Browser, width: int
    ) -> None:
        viewport = ViewportSize(width=width, height=HEIGHT)
        async with await browser.new_context(viewport=viewport) as context:
            page = await context.new_page()
            await let_in(page, base, await office.token(Role.OPERATOR))
            found = []
            for path in PAGES:
                answer = await page.goto(f"{base}{path}")
                assert answer is not None
                assert answer.status == 200, path
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
                await page.evaluate(
                    "document.querySelectorAll('details').forEach(d => d.open = true)"
                )
                found += await wrongs(page)

        assert found == []

    async def test_another_ccas_customers_are_not_shown(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        token = await office.token(Role.ADMIN, ("3ce",))
        headers = {"Authorization": f"Bearer {token}"}
        async with await browser.new_context(extra_http_headers=headers) as context:
            for path in ("/rating/accounts/one?number=A1", "/rating/charges/MCE0000000005"):
                assert (await context.request.get(f"{base}{path}")).status == 404
            for path in (PLAN, "/rating/charges?cca=mce", f"{PLAN}/prices.csv"):
                assert (await context.request.get(f"{base}{path}")).status == 403
            listed = await (await context.request.get(f"{base}/rating/charges.csv")).text()

        assert "A1" not in listed


class TestAccounts:
    @pytest.mark.parametrize("number", ["A1", "SA1", "M1", "U4"])
    async def test_any_number_leads_to_the_account(
        self, page: Page, base: str, number: str
    ) -> None:
        await page.goto(f"{base}/rating/")
        await page.get_by_label("Any number").fill(number)
        await page.get_by_role("button", name="Look up").click()

        await expect(page.get_by_role("heading", level=1)).to_contain_text("Account A1")

    async def test_an_account_shows_months_charges_and_its_story(
        self, page: Page, base: str
    ) -> None:
        await page.goto(f"{base}/rating/accounts/one?number=A1")

        await expect(page.get_by_role("img", name="Usage by billing period")).to_be_visible()
        await page.get_by_text("The numbers as a table").click()
        await expect(page.get_by_role("cell", name="300.75 (estimated)")).to_be_visible()
        await expect(page.locator(".timeline")).to_contain_text("RATE NOT FOUND")
        await page.locator("#charges ~ .table a", has_text="MCE0000000005").first.click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("taken back")

    async def test_a_day_is_reached_from_its_month(self, page: Page, base: str) -> None:
        await page.goto(f"{base}/rating/accounts/one?number=A2")
        await page.get_by_role("link", name="Month before").click()
        await expect(page.get_by_text("Usage by day, June 2026, in kWh")).to_be_visible()
        await page.locator("#days summary").click()
        await page.locator("#days table").get_by_role("link", name="16", exact=True).click()

        chart = page.get_by_role("img", name="Meter M2, delivered, 2026-06-16")
        await expect(chart).to_be_visible()
        assert await chart.locator("rect.marked").count() == 96

    async def test_usage_is_exported_with_ids_as_text(self, page: Page, base: str) -> None:
        rows = await table(page, f"{base}/rating/accounts/one/usage.csv?number=A1")

        assert {row["account_number"] for row in rows} == {'="A1"'}
        assert [row["delivered_kwh"] for row in rows if row["usage_id"] == '="U5R"'] == ["200.75"]


class TestCharges:
    async def test_a_filter_is_an_address_and_its_file_says_the_same(
        self, page: Page, base: str
    ) -> None:
        await page.goto(f"{base}/rating/charges")
        await page.get_by_text("Filter", exact=True).click()
        await page.get_by_label("Account").fill("A1")
        await page.get_by_label("Kind").select_option("cancel")
        await page.get_by_role("button", name="Show", exact=True).click()
        await expect(page.locator("tbody tr")).to_have_count(1)
        link = await page.get_by_role("link", name="All of these as CSV").get_attribute("href")

        rows = await table(page, f"{base}{link}")

        assert [(row["effect_usd"], row["purpose"]) for row in rows] == [("-34.69", "cancel")]

    async def test_a_charge_says_why_line_by_line_and_what_corrected_it(
        self, page: Page, base: str
    ) -> None:
        await page.goto(f"{base}/rating/charges/MCE0000000002")

        lines = page.get_by_role("region", name="Lines of MCE0000000002")
        await expect(lines).to_contain_text("energy times price")
        await expect(lines).to_contain_text("MCE-E-TOU-C 2026-04-01")
        chain = page.get_by_role("region", name="Charges over the same days")
        await expect(chain.locator("tbody tr")).to_have_count(3)
        await expect(page.get_by_text("their effect adds up to $24.33")).to_be_visible()


class TestFiles:
    @pytest.mark.parametrize(
        ("path", "column", "value"),
        [
            ("waiting.csv", "code", "RATE_NOT_FOUND"),
            ("windows.csv", "waits_for", "under_review"),
            ("reviews.csv", "state", "waiting"),
            ("findings.csv?cca=mce", "code", "HIGH_VALUE"),
            ("tariffs/rate-codes.csv", "rate_code", '="E-TOU-C"'),
            ("tariffs/calendars/holidays.csv?year=2026", "observed", "2026-07-03"),
        ],
    )
    async def test_every_list_leaves_as_one(
        self, page: Page, base: str, path: str, column: str, value: str
    ) -> None:
        rows = await table(page, f"{base}/rating/{path}")

        assert value in {row[column] for row in rows}


class TestSavedViews:
    async def test_a_filter_is_kept_by_name_and_is_ones_own(
        self, office: Office, base: str, browser: Browser, page: Page
    ) -> None:
        async with operator(office, base, browser) as mine:
            await mine.goto(f"{base}/rating/charges?cca=mce&purpose=cancel")
            await mine.get_by_role("link", name="Keep this view").click()
            await mine.get_by_label("Name").fill("taken back")
            await mine.get_by_role("button", name="Keep this view").click()
            await mine.get_by_role("link", name="taken back").click()
            await expect(mine.locator("tbody tr")).to_have_count(1)
        await page.goto(f"{base}/rating/saved")

        await expect(page.get_by_text("None yet")).to_be_visible()

    async def test_nothing_of_another_site_is_kept(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        async with operator(office, base, browser) as page:
            await page.goto(f"{base}/rating/saved?view=//elsewhere.example/")
            await page.get_by_label("Name").fill("far away")
            await page.get_by_role("button", name="Keep this view").click()

            await expect(page.get_by_role("alert")).to_contain_text("a page of this console")
