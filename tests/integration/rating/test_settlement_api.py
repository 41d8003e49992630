"""The yearly settlement over HTTP and on the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from typer.testing import CliRunner

from services.cli import app
from shared.platform.http import create_app
from tests.integration.rating.office import Office
from tests.integration.rating.test_activation import Porter
from tests.integration.rating.test_api import SCOPE
from tests.integration.rating.test_settlement import sunny

__all__ = ["sunny"]

MCE = {**SCOPE, "cca": "mce"}
YEAR = {"ended_on": "2026-07-06", "nsc": "0.05"}


@pytest.fixture
async def http(sunny: Office) -> AsyncIterator[AsyncClient]:
    """The service's API with a porter at the door."""

    async def ready() -> dict[str, bool]:
        return {}

    site: FastAPI = create_app(
        "rating", routers=[sunny.service.router], ready=ready, doorkeeper=Porter()
    )
    async with AsyncClient(transport=ASGITransport(app=site), base_url="http://rating") as client:
        yield client


class TestOverHttp:
    async def test_a_year_is_prepared_approved_and_listed(self, http: AsyncClient) -> None:
        async def post(path: str, body: object, name: str) -> tuple[int, dict[str, str]]:
            answer = await http.post(path, params=MCE, json=body, headers={"x-name": name})
            return answer.status_code, answer.json()

        runs = "/rating/v1/settlements"
        status, run = await post(runs, YEAR, "ann")
        assert (status, run["bill_credits"], run["cheques"]) == (201, "21.00", "0.00")
        approval = f"{runs}/{run['run_id']}/approval"
        status, refusal = await post(approval, {}, "ann")
        assert (status, refusal["code"]) == (409, "SECOND_PERSON_NEEDED")
        status, run = await post(approval, {"reason": "checked"}, "bob")
        assert (status, run["approved_by"]) == (201, "bob")
        assert (await post(approval, {}, "carl"))[1]["code"] == "YEAR_SETTLED"

        listed = (await http.get(runs, params=MCE, headers={"x-name": "ann"})).json()
        assert [one["approved_by"] for one in listed] == ["bob"]
        table = await http.get(
            f"{runs}/{run['run_id']}", params={**MCE, "format": "csv"}, headers={"x-name": "ann"}
        )
        head, line = table.text.splitlines()
        assert head.startswith('"account","agreement","bills","settled_through"')
        assert line.startswith('"=""A1""","=""SA1""","1","2026-07-06","300')
        assert line.endswith('"21.00","21.00","bill_credit","60.49","-60.49","21.00"')


class TestOnTheCommandLine:
    async def test_a_year_is_prepared_approved_and_shown(
        self, sunny: Office, migrated_dsn: str
    ) -> None:
        url = migrated_dsn.replace("+asyncpg", "")

        def ccax(*words: str) -> str:
            surroundings = {"CCAX_DATABASE_URL": url, "COLUMNS": "200"}
            return CliRunner().invoke(app, ["settlements", *words], env=surroundings).output

        year = ("--ended", "2026-07-06", "--nsc", "0.05")
        prepared = await asyncio.to_thread(ccax, "prepare", "mce", *year, "--as", "ann")
        approved = await asyncio.to_thread(ccax, "approve", "mce", "1", "--as", "bob")
        shown = await asyncio.to_thread(ccax, "show", "mce", "1")

        assert "run 1, year until 2026-07-06: 1 customers, cheques 0.00, bill credits 21.00" in (
            prepared
        )
        assert "approved by bob" in approved
        assert '"bill_credit","60.49","-60.49","21.00"' in shown
