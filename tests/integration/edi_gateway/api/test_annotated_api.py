"""Asking the API what a transaction says."""

from __future__ import annotations

from typing import Any

import httpx

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import MORNING_FILE, WRONG_FILE, Office, interchange
from tests.integration.edi_gateway.api.office import usage_body as usage


async def signed(office: Office, role: Role = Role.ANALYST, *ccas: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {await office.token(role, ccas or None)}"}


async def row_of(client: httpx.AsyncClient, headers: dict[str, str], asked: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/transactions?{asked}", headers=headers)
    row: dict[str, Any] = answer.json()["transactions"][0]
    return row


class TestWhoMayAsk:
    async def test_a_viewer_may_not(self, office: Office, client: httpx.AsyncClient) -> None:
        headers = await signed(office, Role.VIEWER)
        row = await row_of(client, headers, "set_id=867")

        answer = await client.get(row["links"]["annotated"], headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")

    async def test_another_ccas_transaction_is_not_told_from_none(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        row = await row_of(client, await signed(office), "cca=3ce")

        answer = await client.get(
            row["links"]["annotated"], headers=await signed(office, Role.ADMIN, "mce")
        )

        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_transaction")


class TestWhatItSays:
    async def test_every_segment_comes_with_its_bytes_and_its_words(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office)
        found = (await client.get("/v1/search?q=U26112200003", headers=headers)).json()["hits"]
        row = next(h["transaction"] for h in found if h["transaction"]["set_id"] == "867")

        said = (await client.get(row["links"]["annotated"], headers=headers)).json()

        segments = said["segments"]
        assert said["segment_count"] == len(segments) == 19
        for segment in segments:
            sent = MORNING_FILE[segment["start"] : segment["end"]].decode()
            assert segment["raw"] == sent.strip()
            assert segment["known"]
        quantity = next(segment for segment in segments if segment["id"] == "QTY")
        assert quantity["loop"] == "PTD[1]/QTY[1]"
        assert [(e["place"], e["meaning"]) for e in quantity["elements"]] == [
            ("QTY01", "delivered to the customer, actual"),
            ("QTY02", ""),
            ("QTY03-01", "kWh"),
        ]

    async def test_a_finding_stands_at_the_element_it_is_about(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office)
        row = await row_of(client, headers, "valid=rejected&set_id=867")

        said = (await client.get(row["links"]["annotated"], headers=headers)).json()

        remarks = [
            (element["place"], remark["code_in_words"], WRONG_FILE[segment["start"] :][:20])
            for segment in said["segments"]
            for element in segment["elements"]
            for remark in element["findings"]
        ]
        assert said["elsewhere"] == []
        assert ("DTM02", "AK4-03 5, element too long", b"DTM*649*2026-11-25~\n") in remarks

    async def test_what_we_sent_is_explained_too(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office)
        row = await row_of(client, headers, "set_id=810&direction=outbound")

        said = (await client.get(row["links"]["annotated"], headers=headers)).json()

        total = next(segment for segment in said["segments"] if segment["id"] == "TDS")
        assert total["elements"][0]["meaning"] == f"${row['amount']}"


class TestStretches:
    async def test_a_long_transaction_comes_in_stretches_that_join(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office)
        address = (await row_of(client, headers, "set_id=867"))["links"]["annotated"]
        seen: list[int] = []
        first: int | None = 1
        while first is not None:
            answer = await client.get(f"{address}?first={first}&limit=8", headers=headers)
            said = answer.json()
            seen += [segment["position"] for segment in said["segments"]]
            first = said["next"]
        beyond = (await client.get(f"{address}?first=99", headers=headers)).json()

        assert seen == list(range(1, 20))
        assert (beyond["segments"], beyond["next"]) == ([], None)


class TestSeveralInterchanges:
    async def test_each_transaction_is_cut_by_its_own_separators(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        other = interchange([usage(32)], 79).replace(b"*", b"|").replace(b">", b":")
        other = other.replace(b"KH|", b"KH:|").replace(b"KH~", b"KH:~")
        await office.put("two.edi", interchange([usage(31)], 78) + other)
        await office.work()
        headers = await signed(office)
        found = (await client.get("/v1/search?q=U26112200032", headers=headers)).json()["hits"]

        said = await client.get(found[0]["transaction"]["links"]["annotated"], headers=headers)

        quantity = next(one for one in said.json()["segments"] if one["id"] == "QTY")
        assert quantity["raw"] == "QTY|QD|524|KH:~"
        assert quantity["elements"][2]["meaning"] == "kWh"
