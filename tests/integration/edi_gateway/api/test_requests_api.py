"""Asking the API to ask a utility for something."""

from __future__ import annotations

import httpx
import pytest

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.api.test_transactions_api import signed

WISH = {
    "cca": "mce",
    "client_key": "crm-1",
    "kind": "drop",
    "account_number": "4100000001",
    "effective_on": "2026-12-06",
    "reason_code": "B38",
    "reason_text": "DROPPED BY CUSTOMER REQUEST",
}


class TestAsking:
    async def test_it_is_queued_and_sent_and_tells_who_asked(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.OPERATOR)

        asked = await client.post("/v1/service-requests", json=WISH, headers=headers)

        assert (asked.status_code, asked.json()["state"]) == (202, "to_be_sent")
        await office.work()
        link = asked.json()["links"]["self"]
        shown = (await client.get(link, headers=headers)).json()
        assert (shown["state"], shown["utility"], shown["kind"]) == ("waiting", "pge", "drop")
        told = await client.get(f"{shown['links']['transaction']}/timeline", headers=headers)
        words = " ".join(entry["message"] for entry in told.json()["entries"])
        assert f"asked by {shown['asked_by']}" in words

    async def test_the_same_wish_again_is_the_same_request(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.OPERATOR)
        first = await client.post("/v1/service-requests", json=WISH, headers=headers)
        again = await client.post("/v1/service-requests", json=WISH, headers=headers)
        assert (again.status_code, again.json()) == (202, first.json())

    async def test_another_wish_under_the_same_key_is_refused(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.OPERATOR)
        await client.post("/v1/service-requests", json=WISH, headers=headers)
        other = WISH | {"account_number": "4100000002"}
        answer = await client.post("/v1/service-requests", json=other, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "client_key_used")

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"effective_on": None}, "request_incomplete"),
            ({"kind": "change", "changed": []}, "request_incomplete"),
            ({"cca": "nobody"}, "request_incomplete"),
            ({"account_number": "41*1"}, None),
        ],
    )
    async def test_a_wish_that_no_814_can_carry_is_refused(
        self,
        office: Office,
        client: httpx.AsyncClient,
        changed: dict[str, object],
        code: str | None,
    ) -> None:
        headers = await signed(office, Role.OPERATOR)
        answer = await client.post("/v1/service-requests", json=WISH | changed, headers=headers)
        assert answer.status_code == 422
        assert code is None or answer.json()["code"] == code


class TestWhoMayAsk:
    async def test_a_viewer_may_not(self, office: Office, client: httpx.AsyncClient) -> None:
        headers = await signed(office, Role.VIEWER)
        answer = await client.post("/v1/service-requests", json=WISH, headers=headers)
        assert answer.status_code == 403

    async def test_a_token_of_another_cca_neither_asks_nor_sees(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        ours = await signed(office, Role.OPERATOR)
        asked = (await client.post("/v1/service-requests", json=WISH, headers=ours)).json()
        theirs = {"Authorization": f"Bearer {await office.token(Role.OPERATOR, ('3ce',))}"}

        refused = await client.post("/v1/service-requests", json=WISH, headers=theirs)
        hidden = await client.get(asked["links"]["self"], headers=theirs)

        assert (refused.status_code, hidden.status_code) == (403, 404)
