"""The console in a real browser, with JavaScript and without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from shared.contracts.parts import Environment
from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office, interchange, open_office, usage_body
from tests.integration.edi_gateway.pages.browser import let_in, serving, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(slots=True)
class Visit:
    """Somebody at the console."""

    page: Page
    base: str
    complaints: list[str]


@pytest_asyncio.fixture(
    loop_scope="session", params=[True, False], ids=["with JavaScript", "without JavaScript"]
)
async def visit(
    request: pytest.FixtureRequest, office: Office, browser: Browser
) -> AsyncIterator[Visit]:
    context = await browser.new_context(java_script_enabled=request.param)
    async with serving(office.app) as base, context:
        page = await context.new_page()
        visit = Visit(page, base, [])
        page.on(
            "console",
            lambda said: visit.complaints.append(said.text) if said.type == "error" else None,
        )
        yield visit
        assert not [one for one in visit.complaints if "Content Security" in one]


class TestDoor:
    async def test_a_stranger_signs_in_and_lands_where_they_wanted(
        self, office: Office, visit: Visit
    ) -> None:
        page = visit.page
        await page.goto(f"{visit.base}/files?direction=outbound")
        await page.get_by_label("API token").fill("ccax_nonsense")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("unknown, revoked or expired")
        await page.get_by_label("API token").fill(await office.token(Role.VIEWER))
        await page.get_by_role("button", name="Sign in").click()

        await expect(page).to_have_url(f"{visit.base}/files?direction=outbound")
        cookie = (await page.context.cookies())[0]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"

    async def test_signing_out_closes_the_door(self, office: Office, visit: Visit) -> None:
        await sign_in(visit.page, visit.base, await office.token(Role.VIEWER))
        await visit.page.get_by_role("button", name="Sign out").click()
        await visit.page.wait_for_url(f"{visit.base}/sign-in")
        await visit.page.goto(f"{visit.base}/transactions")

        await expect(visit.page.get_by_role("heading", name="Sign in")).to_be_visible()


class TestTransactions:
    async def test_an_exact_identifier_leads_straight_to_its_timeline(
        self, office: Office, visit: Visit
    ) -> None:
        page = visit.page
        await sign_in(page, visit.base, await office.token(Role.VIEWER))
        await page.get_by_label("Any identifier").fill("U26112200021")
        await page.get_by_role("button", name="Look up").click()

        await expect(page.get_by_role("heading", level=1)).to_contain_text("U26112200021")
        steps = page.locator(".timeline > li")
        await expect(steps.first).to_contain_text("received from PGE")
        await expect(page.get_by_text("needs the role analyst")).to_be_visible()

    async def test_several_hits_are_listed_and_none_says_what_to_do(
        self, office: Office, visit: Visit
    ) -> None:
        page = visit.page
        await let_in(page, visit.base, await office.token(Role.VIEWER))
        await page.goto(f"{visit.base}/transactions?q=U26112200002")
        await expect(page.get_by_role("status")).to_contain_text("2 found")
        await page.goto(f"{visit.base}/transactions?q=unheard-of")

        await expect(page.get_by_text("It must be whole")).to_be_visible()

    async def test_a_filter_is_in_the_address_and_survives_a_reload(
        self, office: Office, visit: Visit
    ) -> None:
        page = visit.page
        await sign_in(page, visit.base, await office.token(Role.VIEWER))
        await page.get_by_text("Filter", exact=True).click()
        await page.get_by_label("Rated?").select_option("held")
        await page.get_by_label("From day").fill("2026-11-22")
        await page.get_by_role("button", name="Show", exact=True).click()
        await expect(page.get_by_text("Filter (on)")).to_be_visible()
        await page.reload()

        assert "rated=held" in page.url
        await expect(page.locator("tbody tr")).to_have_count(2)
        await expect(page.get_by_label("Rated?")).to_have_value("held")

    async def test_raw_segments_stand_one_a_line_for_an_analyst(
        self, office: Office, visit: Visit
    ) -> None:
        page = visit.page
        await let_in(page, visit.base, await office.token(Role.ANALYST))
        await page.goto(f"{visit.base}/transactions?q=U26112200021")
        await page.get_by_role("link", name="Show the raw segments").click()

        await expect(page.locator("#seg-1")).to_have_text("ST*867*0001~")
        await expect(page.locator(".segments > li").last).to_contain_text("SE*")


class TestFiles:
    async def test_an_uploaded_file_is_shown_at_once(
        self, office: Office, visit: Visit, tmp_path: Path
    ) -> None:
        path = tmp_path / "fresh.edi"
        path.write_bytes(interchange([usage_body(31)], 77))
        page = visit.page
        await let_in(page, visit.base, await office.token(Role.OPERATOR))
        await page.goto(f"{visit.base}/files")
        await page.get_by_text("Upload a file").click()
        await page.get_by_label("X12 file").set_input_files(path)
        await page.get_by_role("button", name="Upload").click()

        await expect(page.get_by_role("heading", name="fresh.edi")).to_be_visible()
        await expect(page.get_by_role("status")).to_contain_text("archived")

    async def test_sending_again_asks_for_a_reason_and_says_what_it_means(
        self, office: Office, visit: Visit
    ) -> None:
        page = visit.page
        await let_in(page, visit.base, await office.token(Role.OPERATOR))
        await page.goto(f"{visit.base}/files?direction=outbound&state=delivered")
        await page.get_by_role("link", name="_810_").first.click()
        await expect(page.get_by_text("5 transactions, $")).to_be_visible()
        await page.get_by_label("Why").fill("their disk was full")
        await page.get_by_role("button", name="again").click()

        await expect(page.get_by_role("status")).to_contain_text("once more")
        await expect(page.locator(".timeline")).to_contain_text("their disk was full")


class TestProgress:
    async def test_reading_is_seen_without_a_reload(self, office: Office, browser: Browser) -> None:
        file_id = await office.put("fresh.edi", interchange([usage_body(31)], 77))
        async with serving(office.app) as base, await browser.new_context() as context:
            page = await context.new_page()
            await let_in(page, base, await office.token(Role.VIEWER))
            await page.goto(f"{base}/files/{file_id}")
            await expect(page.get_by_role("heading", name="Being read")).to_be_visible()
            await office.work()

            await expect(page.locator("#progress")).to_contain_text("1 transaction.")


class TestForms:
    async def test_a_form_of_another_session_is_refused(self, office: Office, visit: Visit) -> None:
        page = visit.page
        await let_in(page, visit.base, await office.token(Role.OPERATOR))

        answer = await page.request.post(
            f"{visit.base}/sign-out", form={"form_token": "made-up"}, max_redirects=0
        )

        assert answer.status == 403

    async def test_a_session_alone_changes_nothing_through_the_api(
        self, office: Office, visit: Visit
    ) -> None:
        await let_in(visit.page, visit.base, await office.token(Role.ADMIN))

        answer = await visit.page.request.post(
            f"{visit.base}/v1/files/{office.desk.utilities}/resend", data={"reason": "because"}
        )

        assert answer.status == 401


class TestPlaces:
    async def test_nobody_is_led_to_another_site_after_signing_in(
        self, office: Office, visit: Visit
    ) -> None:
        page = visit.page
        for elsewhere in ("//example.org/", "https://example.org/", "/\\example.org"):
            await page.goto(f"{visit.base}/sign-in?next={elsewhere}")
            await expect(page.locator("input[name=next]")).to_have_value("/transactions")

    async def test_a_missing_page_says_what_to_do(self, office: Office, visit: Visit) -> None:
        await let_in(visit.page, visit.base, await office.token(Role.VIEWER))
        answer = await visit.page.goto(f"{visit.base}/nowhere")

        assert answer is not None
        assert answer.status == 404
        await expect(visit.page.get_by_text("look the identifier up")).to_be_visible()

    @pytest.mark.parametrize("width", [1366, 390])
    async def test_no_page_scrolls_sideways(self, office: Office, visit: Visit, width: int) -> None:
        page = visit.page
        await page.set_viewport_size({"width": width, "height": 844})
        await let_in(page, visit.base, await office.token(Role.OPERATOR))
        for path in ("/transactions", "/transactions?q=U26112200002", "/files", "/docs"):
            await page.goto(f"{visit.base}{path}")
            box = await page.locator("main").bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width


class TestEnvironment:
    @pytest.mark.parametrize(
        ("environment", "words"),
        [(Environment.TEST, "nothing here is billed"), (Environment.PRODUCTION, "real money")],
    )
    async def test_every_page_says_which_system_it_is(
        self,
        migrated_dsn: str,
        tmp_path: Path,
        browser: Browser,
        environment: Environment,
        words: str,
    ) -> None:
        async with (
            open_office(migrated_dsn, tmp_path, environment) as office,
            serving(office.app) as base,
            await browser.new_context() as context,
        ):
            page = await context.new_page()
            await page.goto(f"{base}/sign-in")

            await expect(page.locator(".environment")).to_contain_text(environment.value.upper())
            await expect(page.locator(".environment")).to_contain_text(words)
            await sign_in(page, base, await office.token(Role.VIEWER))
            await expect(page.get_by_text("There are no transactions yet")).to_be_visible()
