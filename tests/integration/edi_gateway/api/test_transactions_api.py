"""Asking the API about transactions."""

from __future__ import annotations

import asyncio
import csv
import io

import httpx
from sqlalchemy import update

from services.edi_gateway.store import transaction
from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import ACCOUNTS, MORNING_FILE, Office


async def signed(office: Office, role: Role = Role.VIEWER, *ccas: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {await office.token(role, ccas or None)}"}


class TestDoor:
    async def test_a_stranger_is_told_how_to_sign(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/transactions")

        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        assert answer.headers["www-authenticate"].startswith("Bearer")

    async def test_a_wrong_secret_is_answered_late(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        token = await office.token(Role.VIEWER)
        loop_time = asyncio.get_running_loop().time
        started = loop_time()

        answer = await client.get(
            "/v1/transactions", headers={"Authorization": f"Bearer {token[:-3]}xxx"}
        )

        assert answer.status_code == 401
        assert loop_time() - started >= 0.25

    async def test_a_viewer_reads_no_raw_data(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        listed = await client.get("/v1/transactions", headers=await signed(office))
        raw = listed.json()["transactions"][0]["links"]["raw"]

        answer = await client.get(raw, headers=await signed(office))

        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


class TestList:
    async def test_pages_hold_every_transaction_once(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office)
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await client.get(
                "/v1/transactions",
                headers=headers,
                params={"limit": "5", "set_id": "867", **cursor},
            )
            page = answer.json()
            seen += [row["id"] for row in page["transactions"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}

        assert len(seen) == len(set(seen)) == ACCOUNTS + 2

    async def test_a_filter_narrows_and_an_unknown_one_is_refused(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office)
        held = await client.get("/v1/transactions?rated=held", headers=headers)
        unknown = await client.get("/v1/transactions?set=867", headers=headers)

        assert [row["exception"]["code"] for row in held.json()["transactions"]] == [
            "RATE_NOT_FOUND"
        ] * 2
        assert unknown.status_code == 422

    async def test_a_made_up_cursor_is_refused(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office)
        for made_up in ("AAAA", "x" * 150, "MjAyNi0xMS0yMg"):
            answer = await client.get(f"/v1/transactions?cursor={made_up}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")

    async def test_amounts_are_text(self, office: Office, client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/transactions?rated=charged", headers=await signed(office))

        assert {type(row["amount"]) for row in answer.json()["transactions"]} == {str}


class TestScope:
    async def test_a_token_of_one_cca_sees_that_one_only(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.ADMIN, "mce")
        rows = (await client.get("/v1/transactions", headers=headers)).json()["transactions"]
        everything = (await client.get("/v1/transactions", headers=await signed(office))).json()[
            "transactions"
        ]
        other = next(row for row in everything if row["cca"] == "3ce")

        assert {row["cca"] for row in rows} == {"mce"}
        for link in ("self", "timeline", "raw"):
            answer = await client.get(other["links"][link], headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_transaction")
        found = await client.get(
            "/v1/search", params={"q": other["account_number"]}, headers=headers
        )
        assert found.json()["hits"] == []

    async def test_a_token_of_one_cca_sees_no_whole_file(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.ADMIN, "mce")
        rows = (await client.get("/v1/transactions", headers=headers)).json()["transactions"]

        for path in ("/v1/files", rows[0]["links"]["file"], rows[0]["links"]["file"] + "/raw"):
            assert (await client.get(path, headers=headers)).status_code == 403


class TestOne:
    async def test_usage_shows_its_charge_and_their_timeline(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office)
        found = (await client.get("/v1/search?q=U26112200002", headers=headers)).json()["hits"]
        usage = next(h["transaction"] for h in found if h["transaction"]["set_id"] == "867")

        shown = (await client.get(usage["links"]["self"], headers=headers)).json()
        told = (await client.get(usage["links"]["timeline"], headers=headers)).json()["entries"]

        assert [row["set_id"] for row in shown["related"]] == ["810"]
        assert shown["transaction"]["states"]["rated"] == "charged"
        assert [entry["at"] for entry in told] == sorted(entry["at"] for entry in told)
        kinds = [entry["kind"] for entry in told]
        assert kinds[0] == "FileReceived"
        assert "ChargeRated" in kinds
        assert "FileDelivered" in kinds

    async def test_raw_is_exactly_what_came(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.ANALYST)
        found = (await client.get("/v1/search?q=U26112200003", headers=headers)).json()["hits"]
        usage = next(h["transaction"] for h in found if h["transaction"]["set_id"] == "867")

        raw = await client.get(usage["links"]["raw"] + "?download=true", headers=headers)

        start = MORNING_FILE.index(b"ST*867*0003")
        end = MORNING_FILE.index(b"SE*", start)
        end = MORNING_FILE.index(b"~", end) + 1
        assert raw.content.rstrip(b"\n") == MORNING_FILE[start:end]
        assert raw.headers["content-disposition"].startswith("attachment")

    async def test_findings_name_place_and_value(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office)
        rejected = await client.get("/v1/transactions?valid=rejected", headers=headers)
        row = rejected.json()["transactions"][0]

        findings = (await client.get(row["links"]["self"], headers=headers)).json()["findings"]

        assert any("2026-11-25" in (found["value"] or "") for found in findings)


class TestExport:
    async def test_every_row_is_exported_and_none_is_a_formula(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        async with office.database.unit_of_work() as session:
            await session.execute(
                update(transaction)
                .where(transaction.c.business_key == "U26112200002")
                .values(exception_text="=HYPERLINK(1)")
            )

        answer = await client.get(
            "/v1/transactions.csv?set_id=867&spreadsheet=true", headers=await signed(office)
        )

        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(rows) == ACCOUNTS + 2
        assert {row["account_number"][:2] for row in rows} == {'="', ""}  # a rejected one has none
        assert "'=HYPERLINK(1)" in [row["exception_text"] for row in rows]


class TestSummary:
    async def test_counts_agree_with_the_list(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        counts = (await client.get("/v1/summary", headers=await signed(office))).json()["counts"]

        rated = {
            c["answer"]: c["transactions"]
            for c in counts
            if c["question"] == "rated" and c["set_id"] == "867"
        }
        assert rated["held"] == 2
        assert rated["charged"] == ACCOUNTS - 2
