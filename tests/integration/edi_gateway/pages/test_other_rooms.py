"""The rooms that rating and remittance furnish in the same console."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from starlette.requests import Request

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.house import (
    open_house,
    rating_room,
    remittance_room,
    shell_of,
)

PATHS = ("/rating/", "/remittance/?account=1&trace=2")


@pytest_asyncio.fixture(loop_scope="session")
async def house(office: Office, morning_dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at a console with every service's rooms in it."""
    async with open_house(office, morning_dsn) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


def request_for(path: str) -> Request:
    return Request({"type": "http", "method": "GET", "path": path, "headers": [], "app": FastAPI()})


@pytest.mark.asyncio(loop_scope="session")
class TestDoor:
    async def test_a_stranger_is_led_to_the_door(self, house: httpx.AsyncClient) -> None:
        for path in PATHS:
            answer = await house.get(path, headers={"Accept": "text/html"})
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in?next=%2Fr")

    async def test_rooms_say_what_to_do_when_nothing_is_known(
        self, office: Office, house: httpx.AsyncClient
    ) -> None:
        headers = {"Authorization": f"Bearer {await office.token(Role.VIEWER)}"}
        rated, paid = [(await house.get(path, headers=headers)).text for path in PATHS]

        assert "Nothing waits" in rated
        assert "No payment has this trace number" in paid
        assert 'aria-current="page">Remittance' in paid

    async def test_a_token_of_one_cca_is_shown_that_one_only(
        self, office: Office, house: httpx.AsyncClient
    ) -> None:
        token = await office.token(Role.ADMIN, ("mce",))
        headers = {"Authorization": f"Bearer {token}"}

        shown = await house.get("/remittance/", headers=headers)
        closed = await house.get("/remittance/?cca=3ce", headers=headers)

        assert "Marin Clean Energy" in shown.text
        assert "Central Coast" not in shown.text
        assert closed.status_code == 403


@pytest.mark.asyncio(loop_scope="session")
class TestApis:
    @pytest.mark.parametrize("path", ["/rating/v1/holds", "/remittance/v1/totals"])
    async def test_a_token_of_one_cca_asks_about_that_one_only(
        self, office: Office, house: httpx.AsyncClient, path: str
    ) -> None:
        token = await office.token(Role.ADMIN, ("mce",))
        headers = {"Authorization": f"Bearer {token}"}
        about = {"utility": "pge", "environment": "test"}

        own = await house.get(path, headers=headers, params={"cca": "mce", **about})
        other = await house.get(path, headers=headers, params={"cca": "3ce", **about})
        both = await house.get(
            f"{path}?cca=mce&cca=3ce&utility=pge&environment=test", headers=headers
        )
        stranger = await house.get(path, params={"cca": "mce", **about})

        statuses = [one.status_code for one in (own, other, both, stranger)]
        assert statuses == [200, 403, 403, 401]

    async def test_what_names_no_cca_is_for_those_who_see_all(
        self, office: Office, house: httpx.AsyncClient
    ) -> None:
        narrow = {"Authorization": f"Bearer {await office.token(Role.ADMIN, ('mce',))}"}
        wide = {"Authorization": f"Bearer {await office.token(Role.VIEWER)}"}

        assert (await house.get("/remittance/v1/audit", headers=narrow)).status_code == 403
        assert (await house.get("/remittance/v1/audit", headers=wide)).status_code == 200


class TestRating:
    def test_what_waits_is_shown_with_its_reason(self, office: Office) -> None:
        page = rating_room(shell_of(office), request_for("/rating/"))

        text = bytes(page.body).decode()
        assert "RATE NOT FOUND" in text
        assert "after=7" in text


class TestRemittance:
    def test_money_is_shown_with_what_is_open_and_why(self, office: Office) -> None:
        page = remittance_room(shell_of(office), request_for("/remittance/"))

        text = bytes(page.body).decode()
        for shown in ("$1,721.79", "9.20 stays open.", "does not tie", "look at it", "repeated"):
            assert shown in text
