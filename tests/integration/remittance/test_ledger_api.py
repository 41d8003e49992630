from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from fastapi import Request
from httpx import ASGITransport, AsyncClient

from shared.platform.http import create_app
from shared.platform.web.identity import Principal, Role
from tests.integration.remittance.office import Office, sent
from tests.integration.remittance.test_reported_write_offs import key, report

SCOPE = {"cca": "mce", "utility": "pge", "environment": "test"}
AT = "/remittance/v1"
OCTOBER = {"month": "2026-10"}
OCTOBER_FIFTH = date(2026, 10, 5)


class NamedDoor:
    """A doorkeeper that believes what a request says of its sender."""

    async def identify(self, request: Request) -> Principal | None:
        name = request.headers.get("x-name")
        if name is None:
            return None
        ccas = request.headers.get("x-ccas")
        return Principal(
            uuid4(), name, Role(request.headers["x-role"]), tuple(ccas.split()) if ccas else None
        )


@pytest.fixture
async def http(office: Office) -> AsyncIterator[AsyncClient]:
    async def ready() -> dict[str, bool]:
        return {"database": await office.service.database.ready()}

    app = create_app("Money", routers=[office.service.router], ready=ready, doorkeeper=NamedDoor())
    async with AsyncClient(transport=ASGITransport(app), base_url="http://money") as client:
        client.headers.update({"x-name": "jane", "x-role": "finance"})
        yield client


async def post(http: AsyncClient, path: str, body: dict[str, Any], **headers: str) -> Any:  # noqa: ANN401
    return await http.post(f"{AT}/{path}", params=SCOPE, json=body, headers=headers)


async def get(http: AsyncClient, path: str, **asked: str | int | bool) -> Any:  # noqa: ANN401
    answer = await http.get(f"{AT}/{path}", params={**SCOPE, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestTheBooksOverHttp:
    async def test_close_a_month_and_show_it(self, office: Office, http: AsyncClient) -> None:
        await office.tell(sent("I1", "108.50", taxes={"MARINA": "8.50"}, on=OCTOBER_FIFTH))

        closed = await post(http, "books/close", OCTOBER | {"note": "agreed with the bank"})
        again = await post(http, "books/close", OCTOBER)
        early = await post(http, "books/close", {"month": "2026-11"})

        assert (closed.status_code, closed.json()["closed_by"]) == (201, "jane")
        assert (again.status_code, again.json()["code"]) == (409, "month_out_of_order")
        assert (early.status_code, early.json()["code"]) == (409, "month_not_over")
        (month,) = await get(http, "books/months")
        assert (month["month"], month["entries"], month["note"]) == (
            "2026-10",
            3,
            "agreed with the bank",
        )
        balances = await get(http, "books/balances", **OCTOBER)
        assert [(each["account"], each["jurisdiction"], each["closing"]) for each in balances] == [
            ("accounts_receivable", "", "108.50"),
            ("revenue", "", "-100.00"),
            ("taxes_payable", "MARINA", "-8.50"),
        ]
        chart = await get(http, "books/chart")
        assert {each["name"] for each in chart if each["per_jurisdiction"]} == {"taxes_payable"}

    async def test_export_it(self, office: Office, http: AsyncClient) -> None:
        await office.tell(sent("I1", "10.00", on=OCTOBER_FIFTH))

        made = await post(http, "books/batches", OCTOBER)
        again = await post(http, "books/batches", OCTOBER)
        file = await http.get(f"{AT}/books/batches/1.csv", params=SCOPE)
        missing = await http.get(f"{AT}/books/batches/2.csv", params=SCOPE)

        assert (made.status_code, made.json()["total"]) == (201, "10.00")
        assert (again.status_code, again.json()["code"]) == (409, "nothing_to_export")
        assert "gl_mce_test_2026-10_000001.csv" in file.headers["content-disposition"]
        assert len(file.content) == made.json()["size"]
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown_batch")
        assert [each["number"] for each in await get(http, "books/batches")] == [1]

    async def test_answer_a_utilitys_write_off(self, office: Office, http: AsyncClient) -> None:
        await office.tell(sent("I1", "40.00"), report("W", "40.00", "I1"), report("X", "1.00"))
        (agreeing,) = await get(http, "reported-write-offs", comparison="agrees")
        assert (agreeing["write_off_id"], agreeing["open"]) == ("W", "40.00")

        followed = await post(
            http,
            "reported-write-offs/answer",
            {
                "transaction_id": str(key("W").transaction_id),
                "sequence": 1,
                "answer": "followed",
                "reason": "as they say",
            },
        )

        assert followed.status_code == 200, followed.text
        assert (followed.json()["answered_by"], followed.json()["written_off"]) == ("jane", "40.00")
        assert [
            each["write_off_id"] for each in await get(http, "reported-write-offs", worked=False)
        ] == ["X"]


class TestWhoMay:
    @pytest.mark.parametrize("role", ["viewer", "analyst", "operator"])
    async def test_only_people_of_finance_change_the_books(
        self, office: Office, http: AsyncClient, role: str
    ) -> None:
        for path in ("books/close", "books/batches"):
            answer = await post(http, path, OCTOBER, **{"x-role": role})
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        shown = await http.get(f"{AT}/books/months", params=SCOPE, headers={"x-role": role})
        assert shown.status_code == 200

    async def test_another_ccas_books_are_closed_to_them(
        self, office: Office, http: AsyncClient
    ) -> None:
        answer = await post(http, "books/close", OCTOBER, **{"x-ccas": "3ce"})
        assert answer.status_code == 403

    @pytest.mark.parametrize("month", ["2026-13", "2026-1", "0000-01", "nov"])
    async def test_a_month_that_is_none_is_refused(
        self, office: Office, http: AsyncClient, month: str
    ) -> None:
        answer = await post(http, "books/close", {"month": month})
        assert answer.status_code == 422
