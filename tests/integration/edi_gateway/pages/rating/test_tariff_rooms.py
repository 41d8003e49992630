"""Tariffs, rate codes and what utilities billed, in a browser."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.rating.desk import PLAN, operator, table
from tests.integration.rating.furnish import DRAFT

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestTariffs:
    async def test_a_test_bill_is_calculated_and_can_be_sent_as_a_link(
        self, page: Page, base: str
    ) -> None:
        await page.goto(f"{base}{PLAN}")
        await page.get_by_label("On peak, kWh").fill("100")
        await page.get_by_label("Off peak, kWh").fill("200")
        await page.get_by_role("button", name="Bill it").click()

        assert "kwh_on_peak=100" in page.url
        bill = page.get_by_role("region", name="Test bill")
        await expect(bill).to_contain_text("100 kWh")
        await expect(bill.get_by_text("Total")).to_be_visible()

    async def test_two_versions_differ_in_words_and_in_money(self, page: Page, base: str) -> None:
        await page.goto(f"{base}{PLAN}")
        await page.get_by_role("link", name=f"what {DRAFT} changes").click()
        await page.get_by_label("From day").fill("2026-07-01")
        await page.get_by_label("To read date").fill("2026-08-01")
        await page.get_by_role("button", name="Bill it").click()

        await expect(page.get_by_text("$0.20782 → $0.21782 (+4.81 %)")).to_be_visible()
        await expect(page.get_by_text("$2.50 more")).to_be_visible()

    async def test_a_draft_counts_once_somebody_else_has_activated_it(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        async with operator(office, base, browser) as page:
            await page.goto(f"{base}/rating/tariffs?state=draft&plan=MCE-E-TOU-C")
            await page.get_by_role("link", name=f"MCE-E-TOU-C {DRAFT}").click()
            await expect(page.get_by_text("bills nobody until")).to_be_visible()
            token = await page.locator("input[name=form_token]").first.input_value()
            mute = await page.request.post(page.url, form={"form_token": token, "reason": "\0" * 3})
            assert "Say why, in a few words." in await mute.text()
            await page.get_by_label("Why").fill("agrees with the board's sheet")
            await page.get_by_role("button", name="Activate").click()

            await expect(page.get_by_text("agrees with the board's sheet")).to_be_visible()
            await expect(page.get_by_text("bills nobody until")).to_have_count(0)

    async def test_usage_that_cannot_be_billed_is_refused_in_words(
        self, page: Page, base: str
    ) -> None:
        await page.goto(f"{base}{PLAN}?start=2026-07-01&end=2026-06-01")

        await expect(page.get_by_text("a test bill ends after it starts")).to_be_visible()

    async def test_what_midas_takes_leaves_as_a_file(self, page: Page, base: str) -> None:
        await page.goto(f"{base}/rating/tariffs/3ce/3CE-E-TOU-C/2026-02-15")
        await page.get_by_label("First day uploaded").fill("2026-07-01")
        await page.get_by_label("Last day uploaded").fill("2026-07-01")
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Download for MIDAS").click()

        file = await download.value
        text = (await file.path()).read_text()
        assert file.suggested_filename == "midas-3CE-E-TOU-C-2026-02-15-3CCHOICE.xml"
        assert text.count("<ValueData>") == 24

    async def test_a_version_that_was_never_imported_is_not_found(
        self, page: Page, base: str
    ) -> None:
        answer = await page.goto(f"{base}/rating/tariffs/mce/NO/1")

        assert answer is not None
        assert answer.status == 404


class TestRerun:
    async def test_a_rate_code_is_mapped_and_what_waited_is_charged(
        self, office: Office, app: FastAPI, base: str, browser: Browser
    ) -> None:
        async with operator(office, base, browser) as page:
            await page.goto(f"{base}/rating/rerun?cca=mce")
            row = page.get_by_role("row", name="NOBODYS")
            await row.get_by_label("A plan’s rate code").fill("E-TOU-C")
            await row.get_by_label("Why").fill("the utility renamed it")
            await row.get_by_role("button", name="Dry run").click()
            await expect(page.get_by_role("heading", name="Stands: planning")).to_be_visible()
            await self._work(app)
            await page.get_by_role("link", name="Look again").click()
            await page.get_by_label("Why").fill("as expected")
            await page.get_by_role("button", name="Start: 0 cancelled and billed anew, 1").click()
            await self._work(app)
            await page.goto(page.url)
            await expect(page.get_by_role("heading", name="Stands: done")).to_be_visible()
            await expect(page.locator("#progress")).to_contain_text("1 charged")
            link = await page.get_by_role("link", name="All of these as CSV").get_attribute("href")

        assert link is not None

    async def test_a_job_about_nothing_is_refused_in_words(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        async with operator(office, base, browser) as page:
            await page.goto(f"{base}/rating/rerun")
            await page.locator("#f-reason").fill("just so")
            await page.get_by_role("button", name="Dry run").first.click()

            await expect(page.get_by_role("alert")).to_contain_text("name a plan")

    async def _work(self, app: FastAPI) -> None:
        while await app.state.reruns.work():
            pass


class TestUtilityBills:
    async def test_a_cause_is_assigned_and_explained_and_leaves_as_a_file(
        self, office: Office, base: str, browser: Browser
    ) -> None:
        async with operator(office, base, browser) as page:
            await page.goto(f"{base}/rating/utility-bills?kind=missing")
            await page.get_by_role("region", name="Causes").get_by_role("link").click()
            await page.get_by_label("Owner").fill("rates desk")
            await page.get_by_label("Why").fill("they waive it")
            await page.get_by_role("button", name="Assign").click()
            await page.get_by_label("Explanation or reason").fill("waived in July")
            await page.get_by_role("button", name="Do it").click()
            await expect(page.locator(".timeline")).to_contain_text("Explained: waived in July")
            await expect(page.get_by_role("row", name="explained")).to_contain_text("rates desk")

            rows = await table(page, f"{base}/rating/utility-bills.csv?state=explained")

        told = [(row["kind"], row["owner"], row["invoice_number"]) for row in rows]
        assert told == [("missing", "rates desk", '="I1"')]
