"""An analyst at rating's rooms: from a number somebody read out to the reason for a cent."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import StringIO

import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Page, ViewportSize, expect

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import serving, sign_in
from tests.integration.edi_gateway.pages.house import open_house
from tests.integration.edi_gateway.pages.test_accessibility import HEIGHT, WIDTHS, wrongs
from tests.integration.rating.furnish import DRAFT, furnish
from tests.machines import postgres
from tests.machines.run import Run

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOMS = [
    *("Waiting", "Accounts", "Charges", "Batches", "Reviews", "Utility bills", "Tariffs"),
    *("Controls", "Re-run", "Saved"),
]
PLAN = "/rating/tariffs/mce/MCE-E-TOU-C/2026-04-01"
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


@pytest.fixture(scope="session")
def furnished_template(run: Run, postgres_dsn: str, morning_template: str) -> str:
    """Name of a database in which rating has lived half a year after the gateway's morning."""

    def live_once() -> str:
        dsn = postgres.create_database(postgres_dsn, morning_template)
        postgres.wait_for(furnish(dsn))
        return postgres.name_of(dsn)

    return run.once("furnished", live_once)


@pytest.fixture
def morning_dsn(postgres_dsn: str, furnished_template: str) -> Iterator[str]:
    dsn = postgres.create_database(postgres_dsn, furnished_template)
    yield dsn
    postgres.drop_database(postgres_dsn, dsn)


@pytest_asyncio.fixture(loop_scope="session")
async def app(office: Office, morning_dsn: str) -> AsyncIterator[FastAPI]:
    """The console."""
    async with open_house(office, morning_dsn) as app:
        yield app


@pytest_asyncio.fixture(loop_scope="session")
async def base(app: FastAPI) -> AsyncIterator[str]:
    """Its address."""
    async with serving(app) as base:
        yield base


@asynccontextmanager
async def operator(office: Office, base: str, browser: Browser) -> AsyncIterator[Page]:
    """Somebody who may act, another one each time."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        await sign_in(page, base, await office.token(Role.OPERATOR))
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def page(office: Office, base: str, browser: Browser) -> AsyncIterator[Page]:
    """Somebody who is signed in."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        await sign_in(page, base, await office.token(Role.VIEWER))
        yield page


async def table(page: Page, path: str) -> list[dict[str, str]]:
    """A file that a link of the page leads to."""
    answer = await page.request.get(path)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(StringIO(await answer.text())))


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
            await sign_in(page, base, await office.token(Role.OPERATOR))
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

    async def test_a_version_that_was_never_imported_is_not_found(
        self, page: Page, base: str
    ) -> None:
        answer = await page.goto(f"{base}/rating/tariffs/mce/NO/1")

        assert answer is not None
        assert answer.status == 404


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
            await sign_in(page, base, await office.token(Role.ADMIN))
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
            await sign_in(page, base, await office.token(Role.ADMIN))
            await page.goto(place)
            await page.get_by_label("The audit is").select_option("off")
            await page.get_by_label("Why").fill("a stadium opens")
            await page.get_by_role("button", name="Set it").click()
            await expect(page.get_by_text("It does not count yet")).to_be_visible()
            await expect(page.get_by_role("button", name="Approve it")).to_have_count(0)
            await expect(page.get_by_text("Now: a finding holds the charge")).to_be_visible()
        async with await browser.new_context() as context:
            page = await context.new_page()
            await sign_in(page, base, await office.token(Role.ADMIN))
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
