"""The workbench over HTTP: the same acts as in the console, and what the description promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
from fastapi import Request

from shared.platform.http import create_app
from shared.platform.web.identity import Principal, Role
from tests.integration.edi_gateway.pages.browser import serving
from tests.integration.rating.test_tariff_api_described import Porter, ask_everything
from tests.integration.remittance.office import SPACE, Office, document_id, payment, pays, sent

SCOPE = "?cca=mce&utility=pge&environment=test"


class Named:
    """Lets in whoever says who they are, as people of finance of one CCA."""

    async def identify(self, request: Request) -> Principal | None:
        name = request.headers.get("x-name", "viewer")
        role = Role.VIEWER if name == "viewer" else Role.FINANCE
        return Principal(UUID(int=1), name, role, ("mce",))


async def ready() -> dict[str, bool]:
    return {}


@pytest.fixture
async def api(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    """The routes, asked without a network."""
    routers = [office.service.router]
    app = create_app("remittance", routers=routers, ready=ready, doorkeeper=Named())
    base = "http://test/remittance/v1/workbench"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base) as client:
        yield client


def act(amount: str, key: str) -> dict[str, Any]:
    put = {
        "transaction_id": str(uuid5(SPACE, "820 T1 0")),
        "sequence": 1,
        "receivable_id": str(document_id("I1")),
        "amount": amount,
    }
    return {"puts": [put], "reason": "wrong number", "once_key": key}


def by(name: str) -> dict[str, str]:
    return {"x-name": name}


class TestAnAct:
    async def test_is_tried_asked_for_approved_and_undone(
        self, office: Office, api: httpx.AsyncClient
    ) -> None:
        await office.tell(sent("I1", "500.00"), *payment("T1", [pays("500.00", "TYPO")]))
        wish = {"puts": act("500.00", "1")["puts"]}
        effect = (await api.post(f"/effect{SCOPE}", json=wish, headers=by("jane"))).json()
        assert effect["two_people"]
        assert effect["charges"] == [{"name": "I1", "before": "500.00", "after": "0.00"}]
        assert await office.value("SELECT count(*) FROM remittance.act") == 0

        first = await api.post(f"/acts{SCOPE}", json=act("500.00", "1"), headers=by("jane"))
        again = await api.post(f"/acts{SCOPE}", json=act("500.00", "1"), headers=by("jane"))
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["state"] == again.json()["state"] == "waiting"

        place = f"/acts/{first.json()['act_id']}"
        words = {"words": "seen"}
        own = await api.post(f"{place}/approval{SCOPE}", json=words, headers=by("jane"))
        assert (own.status_code, own.json()["code"]) == (409, "same_person")
        done = await api.post(f"{place}/approval{SCOPE}", json=words, headers=by("joe"))
        assert (done.json()["state"], done.json()["ended_by"]) == ("done", "joe")

        undo = {"reason": "it was not", "once_key": "2"}
        back = await api.post(f"{place}/reversal{SCOPE}", json=undo, headers=by("joe"))
        assert (back.status_code, back.json()["kind"]) == (201, "reversal")
        waiting = (await api.get(f"/acts{SCOPE}&state=waiting")).json()["rows"]
        assert [row["kind"] for row in waiting] == ["reversal"]

    async def test_is_not_for_viewers_or_other_ccas(
        self, office: Office, api: httpx.AsyncClient
    ) -> None:
        await office.tell(sent("I1", "50.00"), *payment("T1", [pays("50.00", "TYPO")]))
        looked = await api.get(f"/charges{SCOPE}")
        assert [row["invoice_number"] for row in looked.json()["rows"]] == ["I1"]
        tried = await api.post(f"/acts{SCOPE}", json=act("50.00", "1"))
        assert tried.status_code == 403
        other = await api.get("/charges?cca=3ce&utility=pge&environment=test")
        assert other.status_code == 403


class TestTheLists:
    async def test_go_on_behind_a_row_and_are_filtered(
        self, office: Office, api: httpx.AsyncClient
    ) -> None:
        await office.tell(*(sent(f"I{n}", f"{n}0.00") for n in range(1, 6)))
        seen, after = [], ""
        while True:
            page = (await api.get(f"/charges{SCOPE}&limit=2{after}")).json()
            seen += [row["open"] for row in page["rows"]]
            if page["next_after"] is None:
                break
            after = f"&after={page['next_after']}"
        assert sorted(seen) == ["10.00", "20.00", "30.00", "40.00", "50.00"]

        few = (await api.get(f"/charges{SCOPE}&amount_from=20&amount_to=30&age=5")).json()
        assert {row["open"] for row in few["rows"]} == {"20.00", "30.00"}
        assert (await api.get(f"/charges{SCOPE}&age=60")).json()["rows"] == []


@pytest.mark.slow
class TestTheRoutes:
    async def test_answer_as_described(self, office: Office) -> None:
        routers = [office.service.router]
        app = create_app("remittance", routers=routers, ready=ready, doorkeeper=Porter())
        async with serving(app) as base:
            asked = await asyncio.to_thread(ask_everything, base, ("/workbench",))

        assert len(asked) == 18
