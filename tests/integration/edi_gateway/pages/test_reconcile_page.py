"""The workbench in a real browser: match, split, write off with a second person, undo."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

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

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLOCK = FixedClock(datetime(2026, 11, 23, 21, tzinfo=UTC))
FACTS: tuple[Body, ...] = (
    sent("MCE0000000101", "50.30", account="0000123451", on=date(2026, 9, 5)),
    sent("MCE0000000102", "30.00", account="0000123452", on=date(2026, 10, 5)),
    sent("MCE0000000103", "40.00", account="=HYPERLINK(1)", on=date(2026, 10, 6)),
    sent("MCE0000000104", "1240.00", account="0000123454", on=date(2026, 10, 7)),
    *payment(
        "TRACE1",
        [pays("50.00", "MCE101"), pays("70.00", account_number="0009"), pays("9.00", "MCE9")],
    ),
)


@pytest_asyncio.fixture(loop_scope="session")
async def house(office: Office, morning_dsn: str) -> AsyncIterator[FastAPI]:
    """A console over open charges and money that waits."""
    database = Database(morning_dsn, "remittance")
    service = build(PlatformSettings(), database, MemoryBus(), CLOCK)
    for fact in FACTS:
        await service.consumer.handle(envelope(fact))
    await database.close()
    async with open_house(office, morning_dsn) as app:
        yield app


@pytest_asyncio.fixture(loop_scope="session")
async def base(house: FastAPI) -> AsyncIterator[str]:
    """Its address."""
    async with serving(house) as base:
        yield base


@pytest_asyncio.fixture(loop_scope="session")
async def page(base: str, browser: Browser, office: Office) -> AsyncIterator[Page]:
    """Somebody of finance at the console."""
    async with await browser.new_context() as context:
        yield await somebody(context, base, office)


async def somebody(
    context: BrowserContext, base: str, office: Office, role: Role = Role.FINANCE
) -> Page:
    page = await context.new_page()
    await let_in(page, base, await office.token(role))
    await page.goto(f"{base}/reconcile/?cca=mce")
    return page


async def tick(page: Page, *names: str) -> None:
    for name in names:
        await page.get_by_role("row", name=name).get_by_role("checkbox").check()


class TestMatching:
    async def test_shows_the_difference_and_puts_money_on_a_charge(self, page: Page) -> None:
        await tick(page, "MCE0000000101", "MCE101")
        await expect(page.locator("[data-sum=difference]")).to_have_text("−$0.30")
        await page.get_by_role("button", name="Match what is chosen").click()

        await page.get_by_label("Write off of MCE0000000101").fill("0.30")
        await page.get_by_role("button", name="Match", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("Say why")
        await page.get_by_label("Why").fill("wrong number on the 820")
        await page.get_by_role("button", name="Look at what it comes to").click()
        await expect(page.get_by_role("status")).to_contain_text("You may decide it alone")
        await page.get_by_role("button", name="Match", exact=True).click()

        await expect(page.get_by_role("status")).to_contain_text("Done, and in the books")
        await page.get_by_label("Why").fill("it was right after all")
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Reversal")
        await page.goto(page.url.split("/acts/")[0] + "/?cca=mce&text=MCE0000000101")
        await expect(page.get_by_role("row", name="MCE0000000101")).to_contain_text("$50.30")

    async def test_splits_a_line_whose_difference_is_nothing(self, page: Page) -> None:
        await tick(page, "MCE0000000102", "MCE0000000103", "0009")
        await expect(page.locator("[data-sum=state]")).to_have_text("no difference")
        await page.get_by_role("button", name="Match what is chosen").click()
        await page.get_by_role("button", name="Match", exact=True).click()

        await expect(page.get_by_role("heading", level=1)).to_contain_text("Split")
        await page.get_by_role("link", name="TRACE1 line 2").first.click()
        await expect(page.get_by_role("region", name="Where it stands")).to_contain_text("$40.00")
        await expect(page.get_by_role("main")).to_contain_text("by hand")

    async def test_needs_no_script(self, base: str, browser: Browser, office: Office) -> None:
        async with await browser.new_context(java_script_enabled=False) as context:
            page = await somebody(context, base, office)
            await tick(page, "MCE0000000102", "MCE9")
            await page.get_by_role("button", name="Work out the difference").click()
            await expect(page.locator("[data-sum=difference]")).to_have_text("−$21.00")
            assert "charge=" in page.url
            assert "line=" in page.url


class TestAWriteOffAboveTheLimit:
    async def test_waits_until_somebody_else_approves_it(
        self, page: Page, base: str, browser: Browser, office: Office
    ) -> None:
        await tick(page, "MCE0000000104")
        await page.get_by_role("button", name="Match what is chosen").click()
        await page.get_by_label("Write off of").fill("1,240.00")
        await page.get_by_label("Why").fill("bankrupt")
        await page.get_by_role("button", name="Match", exact=True).click()
        await expect(page.get_by_role("status")).to_contain_text("waits for somebody else")
        assert await page.get_by_role("button", name="Approve").count() == 0
        asked = page.url

        async with await browser.new_context() as context:
            other = await somebody(context, base, office)
            await other.goto(f"{base}/reconcile/?cca=mce")
            await other.get_by_role("link", name="1 waits for a second person").click()
            await other.get_by_role("link", name="write off").click()
            await other.get_by_label("Why").fill("seen the court's letter")
            await other.get_by_role("button", name="Approve: $1,240.00").click()
            await expect(other.get_by_role("status")).to_contain_text("Done")

        await page.goto(asked)
        await expect(page.get_by_role("main")).to_contain_text("Approved by")


class TestManyAtOnce:
    async def test_are_looked_at_before_somebody_starts_them(self, page: Page) -> None:
        await page.get_by_role("link", name="Many at once").click()
        await page.get_by_label("What", exact=True).select_option("small_balances")
        await page.get_by_label("To $").fill("35")
        await page.get_by_label("Why").fill("not worth a letter")
        await page.get_by_role("button", name="Look at what it comes to").click()
        await expect(page.get_by_role("status")).to_contain_text("nothing was done")
        await page.get_by_role("button", name="Start: 1 act, $30.00").click()
        await expect(page.get_by_role("progressbar")).to_be_visible()
        assert await wrongs(page) == []


class TestThePages:
    @pytest.mark.parametrize("width", WIDTHS)
    async def test_fit_the_screen_and_keep_nobody_out(
        self, base: str, browser: Browser, office: Office, width: int
    ) -> None:
        viewport = ViewportSize(width=width, height=768)
        async with await browser.new_context(viewport=viewport) as context:
            page = await somebody(context, base, office)
            choice = await page.locator("input[type=checkbox][name=charge]").first.input_value()
            line = await page.locator("input[type=checkbox][name=line]").first.input_value()
            key = line.replace(".", "/")
            chosen = f"cca=mce&charge={choice}&line={line}"
            for path in (
                f"/reconcile/?{chosen}&show=all",
                f"/reconcile/match?{chosen}",
                f"/reconcile/lines/{key}?cca=mce",
                "/reconcile/acts?cca=mce",
                "/reconcile/bulk?cca=mce",
            ):
                answer = await page.goto(f"{base}{path}")
                assert answer is not None
                assert answer.status == 200, path
                await page.evaluate(
                    "document.querySelectorAll('details').forEach(d => d.open = true)"
                )
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
                assert await wrongs(page) == [], path

    async def test_let_a_viewer_look_and_not_touch(
        self, base: str, browser: Browser, office: Office
    ) -> None:
        async with await browser.new_context() as context:
            page = await somebody(context, base, office, Role.VIEWER)
            await tick(page, "MCE0000000102", "MCE9")
            await page.get_by_role("button", name="Match what is chosen").click()
            await expect(page.get_by_role("main")).to_contain_text("People of finance can match")
            assert await page.get_by_role("button", name="Match", exact=True).count() == 0


class TestFiles:
    async def test_hold_identifiers_as_text_and_no_formula(self, page: Page, base: str) -> None:
        answer = await page.request.get(f"{base}/reconcile/charges.csv?cca=mce&text=MCE00000001")
        rows = list(csv.DictReader(io.StringIO(await answer.text())))
        assert [row["account_number"] for row in rows] == [
            '="0000123451"',
            '="0000123452"',
            "'=HYPERLINK(1)",
            '="0000123454"',
        ]
        assert rows[3]["open_usd"] == "1240.00"

        book = await page.request.get(f"{base}/reconcile/charges.xlsx?cca=mce&text=MCE00000001")
        with zipfile.ZipFile(io.BytesIO(await book.body())) as parts:
            sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "<t>0000123451</t>" in sheet
        assert "<t>=HYPERLINK(1)</t>" in sheet
        assert "<v>1240" in sheet
