"""The bank's page in a real browser: an account, a statement, what it brings, and who may do it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Browser, Page, ViewportSize, expect

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import let_in, serving
from tests.integration.edi_gateway.pages.house import open_house
from tests.integration.edi_gateway.pages.test_accessibility import WIDTHS, wrongs
from tests.unit.remittance.bank.bank_files import ACCOUNT, bai2

pytestmark = pytest.mark.asyncio(loop_scope="session")

ABOUT = "cca=mce&utility=pge&environment=test"
STATEMENT = bai2(["16,142,200000,Z,BK1,,PACIFIC GAS TRN*1*T9*1006912877"])
API = "/remittance/v1/bank"


@pytest_asyncio.fixture(loop_scope="session")
async def house(
    office: Office, morning_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FastAPI]:
    """A console whose key file lies in a folder of its own."""
    monkeypatch.setenv("CCAX_DATA_DIR", str(tmp_path))
    async with open_house(office, morning_dsn) as app:
        yield app


@pytest_asyncio.fixture(loop_scope="session")
async def client(house: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A program that asks the API."""
    transport = httpx.ASGITransport(house)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


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


async def headers(office: Office, role: Role, *ccas: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {await office.token(role, ccas or None)}"}


class TestBankPage:
    async def test_a_statement_is_sent_in_and_shows_what_it_brought(
        self, page: tuple[Page, str], tmp_path: Path
    ) -> None:
        shown, base = page
        path = tmp_path / "river-bank.bai"
        path.write_text(STATEMENT)
        await shown.goto(f"{base}/bank/")
        await shown.get_by_text("Register a bank account").click()
        await shown.get_by_label("Account number").fill(ACCOUNT)
        await shown.get_by_label("What you call it").fill("operating")
        await shown.get_by_role("button", name="Register").click()
        await expect(shown.get_by_role("status")).to_contain_text("registered")

        for said in ("taken in", "nothing has changed"):
            await shown.goto(f"{base}/bank/")
            await shown.get_by_text("Send a statement in").click()
            await shown.get_by_label("BAI2, CAMT.053 or NACHA file").set_input_files(path)
            await shown.get_by_role("button", name="Send in").click()
            await expect(shown.get_by_role("status")).to_contain_text(said)

        await expect(shown.get_by_role("row", name="no 820 has trace T9")).to_contain_text(
            "$2,000.00"
        )
        assert ACCOUNT not in await shown.content()
        assert "••••2468" in await shown.content()
        assert await shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await shown.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert await wrongs(shown) == []
        async with shown.expect_download() as saved:
            await shown.get_by_role("link", name="What is listed as CSV").click()
        table = (await (await saved.value).path()).read_text()
        assert '"mce","pge"' in table
        assert '"advice_missing"' in table

    async def test_what_is_chosen_is_matched_by_hand_once_somebody_else_approves(
        self, page: tuple[Page, str], client: httpx.AsyncClient, office: Office
    ) -> None:
        shown, base = page
        signed = await headers(office, Role.FINANCE)
        account = {"number": ACCOUNT, "name": "operating"}
        await client.post(f"{API}/accounts?{ABOUT}", headers=signed, json=account)
        files = {"file": ("a.bai", STATEMENT)}
        await client.post(f"{API}/statements?{ABOUT}", headers=signed, files=files)

        await shown.goto(f"{base}/bank/?cca=mce")
        listed = shown.get_by_role("region", name="Matches of Marin Clean Energy")
        assert await listed.evaluate("it => it.scrollWidth <= it.clientWidth")
        await shown.get_by_label("Choose the deposit of 2026-11-19").check()
        await shown.get_by_role("button", name="Match what is chosen by hand").click()
        await expect(shown.get_by_role("region", name="What belongs together")).to_contain_text(
            "••••2468"
        )
        await expect(shown.get_by_text("Above $100.00 somebody else")).to_be_visible()
        assert await wrongs(shown) == []
        assert await shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
        foreign = await shown.request.post(shown.url, form={"reason": "mine", "signed": "{}"})
        assert foreign.status == 403
        await shown.get_by_label("Why they belong together").fill("they said it is theirs")
        await shown.get_by_role("button", name="Match", exact=True).click()
        await expect(shown.get_by_role("status")).to_contain_text("waits for somebody else")
        assert await wrongs(shown) == []

        address = shown.url.split("/acts/")[1].split("?")[0]
        place = f"/remittance/v1/workbench/acts/{address}/approval?{ABOUT}"
        done = await client.post(place, headers=signed, json={"words": "so they did"})
        assert done.json()["bank"]["difference"] == "2000.00"
        await shown.goto(f"{base}/bank/?cca=mce&show=by_hand")
        await expect(shown.get_by_text("they said it is theirs")).to_be_visible()
        await expect(shown.get_by_text("ties", exact=True)).to_be_visible()
        assert await wrongs(shown) == []

    async def test_what_is_no_bank_file_is_told_beside_the_form(
        self, page: tuple[Page, str], tmp_path: Path
    ) -> None:
        shown, base = page
        path = tmp_path / "bill.pdf"
        path.write_bytes(b"%PDF-1.7")
        await shown.goto(f"{base}/bank/")
        await shown.get_by_text("Send a statement in").click()
        await shown.get_by_label("BAI2, CAMT.053 or NACHA file").set_input_files(path)
        await shown.get_by_role("button", name="Send in").click()

        await expect(shown.get_by_role("alert")).to_contain_text("neither like BAI2")


class TestWhoMay:
    @pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.OPERATOR])
    async def test_others_look_and_change_nothing(
        self, office: Office, client: httpx.AsyncClient, role: Role
    ) -> None:
        signed = await headers(office, role)
        account = {"number": ACCOUNT, "name": "operating"}

        seen = await client.get(f"{API}/overview?{ABOUT}", headers=signed)
        made = await client.post(f"{API}/accounts?{ABOUT}", headers=signed, json=account)
        sent = await client.post(
            f"{API}/statements?{ABOUT}", headers=signed, files={"file": ("a", STATEMENT)}
        )

        assert [seen.status_code, made.status_code, sent.status_code] == [200, 403, 403]
        page = (await client.get("/bank/", headers=signed)).text
        assert "Send a statement in" not in page

    async def test_finance_acts_over_the_api(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        signed = await headers(office, Role.FINANCE, "mce")
        account = {"number": ACCOUNT, "name": "operating"}

        made = await client.post(f"{API}/accounts?{ABOUT}", headers=signed, json=account)
        sent = await client.post(
            f"{API}/statements?{ABOUT}", headers=signed, files={"file": ("a.bai", STATEMENT)}
        )
        wrong = await client.post(
            f"{API}/statements?{ABOUT}", headers=signed, files={"file": ("a.pdf", b"%PDF")}
        )

        assert (made.status_code, made.json()["number"]) == (201, "••••2468")
        assert sent.status_code == 201
        (statement,) = sent.json()["statements"]
        assert (statement["account"], statement["held_code"]) == ("••••2468", None)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "unreadable_bank_file")
        listed = await client.get(f"{API}/matches?{ABOUT}", headers=signed)
        assert [each["outcome"] for each in listed.json()["matches"]] == ["advice_missing"]
        table = await client.get(f"{API}/matches.csv?{ABOUT}&outcome=any", headers=signed)
        assert table.text.startswith('"cca"')
        for answer in (made, sent, listed, table):
            assert ACCOUNT not in answer.text

    async def test_a_ccas_people_touch_no_other(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        signed = await headers(office, Role.FINANCE, "pce")

        sent = await client.post(
            f"{API}/statements?{ABOUT.replace('mce', 'pce')}",
            headers=signed,
            files={"file": ("a.bai", STATEMENT)},
        )
        other = await client.get(f"{API}/overview?{ABOUT}", headers=signed)

        assert (sent.status_code, sent.json()["code"]) == (409, "other_bank_account")
        assert other.status_code == 403

    async def test_a_mark_that_leads_nowhere_is_refused(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        signed = await headers(office, Role.VIEWER)

        for mark in ("2026-99-99.x", "x", "2026-11-19.nothing"):
            answer = await client.get(f"{API}/matches?{ABOUT}&after={mark}", headers=signed)
            assert answer.status_code == 422
