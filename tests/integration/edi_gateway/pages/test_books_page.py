"""The page of the books in a real browser: a month is exported and closed, a 248 is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Page, ViewportSize, expect

from services.remittance.service import build
from shared.contracts.envelope import Body
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import let_in, serving
from tests.integration.edi_gateway.pages.house import open_house
from tests.integration.edi_gateway.pages.test_accessibility import WIDTHS, wrongs
from tests.integration.remittance.office import envelope, payment, pays, sent
from tests.integration.remittance.test_reported_write_offs import report

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLOCK = FixedClock(datetime(2026, 11, 23, 21, tzinfo=UTC))
FACTS: tuple[Body, ...] = (
    sent("I1", "108.50", taxes={"MARINA": "8.50"}, on=date(2026, 10, 5)),
    *payment("T1", [pays("60.00", "I1"), pays("7.00", "X1")]),
    report("W1", "48.50", "I1"),
    report("W2", "12.00", account="A9"),
)


@pytest_asyncio.fixture(loop_scope="session")
async def house(office: Office, morning_dsn: str) -> AsyncIterator[FastAPI]:
    """A console over books with a month that is over."""
    database = Database(morning_dsn, "remittance")
    service = build(PlatformSettings(), database, MemoryBus(), CLOCK)
    for fact in FACTS:
        await service.consumer.handle(envelope(fact))
    await database.close()
    async with open_house(office, morning_dsn) as app:
        yield app


@pytest_asyncio.fixture(loop_scope="session", params=WIDTHS)
async def page(
    request: pytest.FixtureRequest, browser: Browser, house: FastAPI, office: Office
) -> AsyncIterator[tuple[Page, str]]:
    """Somebody of finance at the console, on a desk's screen or a telephone's."""
    viewport = ViewportSize(width=request.param, height=768)
    async with serving(house) as base, await browser.new_context(viewport=viewport) as context:
        page = await context.new_page()
        await let_in(page, base, await office.token(Role.FINANCE))
        yield page, base


class TestBooksPage:
    async def test_a_month_is_exported_and_closed_for_good(self, page: tuple[Page, str]) -> None:
        shown, base = page
        await shown.goto(f"{base}/books/?cca=mce&month=2026-10")
        await expect(shown.get_by_role("row", name="Taxes payable")).to_contain_text("Marina")
        assert await shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await wrongs(shown) == []

        await shown.get_by_role("button", name="Export 2026-10").click()
        await expect(shown.get_by_role("status")).to_contain_text("batch is made")
        async with shown.expect_download() as saved:
            await shown.get_by_role("link", name="CSV of batch 1").click()
        assert (await saved.value).suggested_filename == "gl_mce_test_2026-10_000001.csv"
        assert '"108.50"' in (await (await saved.value).path()).read_text()

        await shown.get_by_label("Note, kept with 2026-10").fill("agreed with the bank")
        await shown.get_by_role("button", name="Close 2026-10 for good").click()
        await expect(shown.get_by_role("status")).to_contain_text("2026-10 is closed")
        await expect(shown.get_by_role("row", name="agreed with the bank")).to_contain_text(
            "closed"
        )
        assert await shown.get_by_role("button", name="for good").count() == 0

        await shown.get_by_role("button", name="Export 2026-10").click()
        await expect(shown.get_by_role("alert")).to_contain_text("Every entry of 2026-10")

    async def test_a_utilitys_write_off_is_followed_or_dismissed(
        self, page: tuple[Page, str]
    ) -> None:
        shown, base = page
        await shown.goto(f"{base}/books/?cca=mce")
        agrees = shown.get_by_role("row", name="48.50 of invoice I1 is open")
        await agrees.get_by_label("Why, account A1").fill("moved away")
        await agrees.get_by_role("button", name="Follow").click()
        await expect(shown.get_by_role("status")).to_contain_text("follow")
        unknown = shown.get_by_role("row", name="no charge for account A9")
        assert await unknown.get_by_role("button", name="Follow").count() == 0
        await unknown.get_by_label("Why, account A9").fill("not ours")
        await unknown.get_by_role("button", name="Dismiss").click()
        await expect(shown.get_by_text("Nothing is to be answered.")).to_be_visible()

        await shown.goto(f"{base}/books/?cca=mce&show=any")

        await expect(shown.get_by_role("row", name="moved away")).to_contain_text("followed")
        await expect(shown.get_by_role("row", name="Write-offs")).to_contain_text("$48.50")
        assert await wrongs(shown) == []

    async def test_a_form_about_a_cca_that_nobody_knows_is_refused(
        self, page: tuple[Page, str]
    ) -> None:
        shown, base = page
        await shown.goto(f"{base}/books/?cca=mce&month=2026-10")
        token = await shown.locator("input[name=form_token]").first.input_value()

        for cca in ("nobody", "x" * 40, ""):
            said: dict[str, str | float | bool] = {"form_token": token, "cca": cca}
            said["month"] = "2026-10"
            answer = await shown.request.post(f"{base}/books/close", form=said)
            assert answer.status == 403


class TestWhoMay:
    async def test_others_find_no_forms(
        self, browser: Browser, house: FastAPI, office: Office
    ) -> None:
        async with serving(house) as base, await browser.new_context() as context:
            page = await context.new_page()
            await let_in(page, base, await office.token(Role.OPERATOR))
            await page.goto(f"{base}/books/?cca=mce&month=2026-10")
            await expect(page.get_by_role("row", name="Accounts receivable")).to_be_visible()
            assert await page.locator("form[method=post][action^='/books']").count() == 0
