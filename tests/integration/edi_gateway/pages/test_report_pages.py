"""The report pages in a real browser: every figure leads to its rows, every table is a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Final

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Page, ViewportSize, expect

from services.remittance.ledger.closing import close_month
from services.remittance.service import build
from shared.contracts.envelope import Body
from shared.contracts.parts import Reason
from shared.contracts.remittance import RemittanceLineKind
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import let_in, serving
from tests.integration.edi_gateway.pages.house import open_house
from tests.integration.edi_gateway.pages.test_accessibility import WIDTHS, wrongs
from tests.integration.remittance.office import MCE, envelope, payment, pays, sent

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLOCK = FixedClock(datetime(2026, 11, 23, 21, tzinfo=UTC))
FACTS: tuple[Body, ...] = (
    sent("I1", "108.50", taxes={"MARINA": "8.50"}, on=date(2026, 7, 5)),
    sent("I2", "240.00", account="A2", taxes={"SAN RAFAEL": "18.00", "": "0.30"}),
    sent("I3", "77.10", account="A3", on=date(2026, 10, 20)),
    sent("I4", "33.00", account="A4", on=date(2026, 10, 22)),
    *payment(
        "T1",
        [
            pays("60.00", "I1", reason=Reason(code="72")),
            pays("240.00", "I2"),
            pays("70.10", "I3"),
            pays("-1.25", kind=RemittanceLineKind.FEE, reason=Reason(code="CS")),
            pays("9.00", "NEVER"),
        ],
    ),
)
PAGES: Final = {
    "/reports/?cca=mce&month=2026-11": "Statement of November 2026",
    "/reports/?cca=mce&month=2026-08&on=2026-08-14": "Statement of August 2026",
    "/reports/aging?on=2026-11-22": "Aging",
    "/reports/taxes?cca=mce": "Taxes of November 2026",
    "/reports/short-pays?cca=mce": "Short pays",
    "/reports/days-to-cash": "Days from bill to cash",
    "/reports/entries?cca=mce&month=2026-11": "Accounts receivable of November 2026",
    "/reports/charges?cca=mce&standing=short": "Short-paid charges",
}


@pytest_asyncio.fixture(loop_scope="session")
async def house(office: Office, morning_dsn: str) -> AsyncIterator[FastAPI]:
    """A console over books of which some months are closed."""
    database = Database(morning_dsn, "remittance")
    service = build(PlatformSettings(), database, MemoryBus(), CLOCK)
    for fact in FACTS:
        await service.consumer.handle(envelope(fact))
    for month in (7, 8):
        async with database.unit_of_work() as session:
            await close_month(session, MCE, date(2026, month, 1), "jane", CLOCK.now())
    await database.close()
    async with open_house(office, morning_dsn) as app:
        yield app


@pytest_asyncio.fixture(loop_scope="session", params=WIDTHS)
async def page(
    request: pytest.FixtureRequest, browser: Browser, house: FastAPI, office: Office
) -> AsyncIterator[tuple[Page, str]]:
    """Somebody who only looks, at a desk's screen or a telephone's."""
    viewport = ViewportSize(width=request.param, height=768)
    async with serving(house) as base, await browser.new_context(viewport=viewport) as context:
        page = await context.new_page()
        await let_in(page, base, await office.token(Role.VIEWER))
        yield page, base


class TestReportPages:
    async def test_can_be_read_by_everybody_and_never_scroll_sideways(
        self, page: tuple[Page, str]
    ) -> None:
        shown, base = page
        for address, heading in PAGES.items():
            await shown.goto(f"{base}{address}")
            await expect(shown.get_by_role("heading", level=1)).to_contain_text(heading)
            assert await shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert await wrongs(shown) == []

    async def test_a_statement_ties_and_its_figures_lead_to_their_entries(
        self, page: tuple[Page, str]
    ) -> None:
        shown, base = page
        await shown.goto(f"{base}/reports/?cca=mce&month=2026-11")

        await expect(shown.get_by_text("ties", exact=True).first).to_be_visible()
        await expect(shown.get_by_role("row", name="Opening").first).to_contain_text("$218.60")
        await expect(shown.get_by_role("row", name="Billed")).to_contain_text("$240.00")
        await expect(shown.get_by_role("row", name="Paid")).to_contain_text("−$370.10")
        await expect(shown.get_by_role("row", name="Closing").first).to_contain_text("$88.50")
        await shown.get_by_role("link", name="Paid").click()
        await expect(shown.get_by_role("row", name="Payment T1")).to_have_count(3)
        await shown.get_by_role("link", name="Payment T1, line 1").click()
        await expect(shown.get_by_role("heading", name="Payment T1")).to_be_visible()

    async def test_a_closed_month_is_printed_as_it_was_frozen(self, page: tuple[Page, str]) -> None:
        shown, base = page
        await shown.goto(f"{base}/reports/?cca=mce&month=2026-08")
        await expect(shown.get_by_text("Statement 2, frozen")).to_be_visible()

        async with shown.expect_download() as saved:
            await shown.get_by_role("link", name="PDF").click()
        printed = await saved.value
        assert printed.suggested_filename == "statement_mce_test_2026-08.pdf"
        assert (await printed.path()).read_bytes().startswith(b"%PDF-")
        async with shown.expect_download() as saved:
            await shown.get_by_role("link", name="CSV").click()
        told = (await (await saved.value).path()).read_text()
        assert '"mce","pge","2026-08","2026-08-31","2","owed","Closing","108.50",""' in told

    async def test_an_age_leads_to_its_bills(self, page: tuple[Page, str]) -> None:
        shown, base = page
        await shown.goto(f"{base}/reports/aging?cca=mce&on=2026-11-22")
        await shown.get_by_role("link", name="$48.50").first.click()

        await expect(shown.get_by_role("row", name="I1")).to_contain_text("140")
        async with shown.expect_download() as saved:
            await shown.get_by_role("link", name="All as CSV").click()
        told = (await (await saved.value).path()).read_text()
        assert '"=""I1"""' in told
        assert '"48.50"' in told

    async def test_a_reason_leads_to_the_bills_that_were_paid_short(
        self, page: tuple[Page, str]
    ) -> None:
        shown, base = page
        await shown.goto(f"{base}/reports/short-pays?cca=mce")
        await expect(shown.get_by_role("row", name="CS")).to_contain_text("−$1.25")
        await shown.get_by_role("link", name="no reason given").click()

        await expect(shown.get_by_role("row", name="I3")).to_contain_text("$7.00")
