"""Asking the API about whole files, putting one in, and sending one again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from services.edi_gateway import api_files, archive
from services.edi_gateway.api_files import upload_name
from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import MORNING_FILE, Office, interchange, usage_body
from tests.integration.edi_gateway.api.test_transactions_api import signed

FRESH = interchange([usage_body(31)], 77)


async def outbound_810(client: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, object]:
    listed = await client.get("/v1/files?direction=outbound", headers=headers)
    found: dict[str, object] = next(f for f in listed.json()["files"] if "_810_" in f["name"])
    return found


class TestReading:
    async def test_a_file_shows_its_proof_and_history(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office)
        listed = (await client.get("/v1/files?state=read", headers=headers)).json()["files"]

        shown = (await client.get(listed[0]["links"]["self"], headers=headers)).json()
        told = (await client.get(listed[0]["links"]["timeline"], headers=headers)).json()["entries"]

        assert shown["chain"] == {"verified": True, "problem": None}
        assert [entry["sequence"] for entry in told] == sorted(e["sequence"] for e in told)

    async def test_bytes_are_exactly_what_came(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.ANALYST)
        found = (await client.get("/v1/search?q=pge_867_20261122.edi", headers=headers)).json()
        link = found["hits"][0]["file"]["links"]["raw"]

        answer = await client.get(link, headers=headers)

        assert answer.content == MORNING_FILE
        assert int(answer.headers["content-length"]) == len(MORNING_FILE)

    async def test_a_large_file_comes_whole(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        data = bytes(range(256)) * (archive.CHUNK_BYTES // 128)
        file_id = await office.put("large.bin", data)

        answer = await client.get(
            f"/v1/files/{file_id}/raw", headers=await signed(office, Role.ANALYST)
        )

        assert answer.content == data


class TestUpload:
    async def test_an_uploaded_file_is_archived_under_the_bearers_name(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.OPERATOR)

        answer = await client.post(
            "/v1/files?utility=pge", headers=headers, files={"file": ("day.edi", FRESH)}
        )
        links = answer.json()["links"]
        shown = (await client.get(links["self"], headers=headers)).json()["file"]
        told = (await client.get(links["timeline"], headers=headers)).json()["entries"]

        assert answer.status_code == 202
        assert (shown["name"], shown["origin"], shown["state"]) == ("day.edi", "api", "received")
        assert told[0]["actor"].startswith("operator ")
        assert (await client.get(links["raw"], headers=headers)).content == FRESH

    async def test_the_same_bytes_again_have_no_effect(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.OPERATOR)

        answer = await client.post(
            "/v1/files?utility=pge", headers=headers, files={"file": ("other.edi", MORNING_FILE)}
        )

        assert answer.json()["duplicate_of"] is not None

    async def test_an_uploaded_file_is_read_like_any_other(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.OPERATOR)
        await client.post(
            "/v1/files?utility=pge", headers=headers, files={"file": ("day.edi", FRESH)}
        )
        await office.work()

        found = (await client.get("/v1/search?q=U26112200031", headers=headers)).json()["hits"]

        assert [hit["transaction"]["states"]["valid"] for hit in found] == ["accepted"]

    async def test_who_may_not_upload_is_stopped_before_the_body(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        for headers, status in (
            ({}, 401),
            (await signed(office, Role.ANALYST), 403),
            (await signed(office, Role.ADMIN, "mce"), 403),
        ):
            answer = await client.post(
                "/v1/files?utility=pge", headers=headers, files={"file": ("day.edi", FRESH)}
            )
            assert answer.status_code == status

    @pytest.mark.parametrize(
        ("utility", "name", "data", "code"),
        [
            ("acme", "day.edi", b"ISA", "unknown_utility"),
            ("pge", "day.edi", b"", "upload_not_usable"),
            ("pge", "..", b"ISA", "upload_not_usable"),
        ],
    )
    async def test_what_is_no_upload_is_refused(
        self,
        office: Office,
        client: httpx.AsyncClient,
        utility: str,
        name: str,
        data: bytes,
        code: str,
    ) -> None:
        answer = await client.post(
            f"/v1/files?utility={utility}",
            headers=await signed(office, Role.OPERATOR),
            files={"file": (name, data)},
        )

        assert (answer.status_code, answer.json()["code"]) == (422, code)

    async def test_a_file_over_the_limit_is_stopped_on_the_way(
        self, office: Office, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(api_files, "UPLOAD_BYTES_MAX", 1_000_000)
        headers = await signed(office, Role.OPERATOR)
        form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'

        async def pieces() -> AsyncIterator[bytes]:
            yield form
            for _ in range(40):
                yield b"A" * 65_536

        whole = await client.post(
            "/v1/files?utility=pge", headers=headers, files={"file": ("a", b"A" * 2_000_000)}
        )
        streamed = await client.post(
            "/v1/files?utility=pge",
            headers={**headers, "Content-Type": "multipart/form-data; boundary=x"},
            content=pieces(),
        )

        assert (whole.status_code, whole.json()["code"]) == (413, "too_large")
        assert (streamed.status_code, streamed.json()["code"]) == (413, "too_large")

    def test_a_name_cannot_lead_out_of_its_folder(self) -> None:
        assert upload_name("..\\..\\etc/passwd") == "passwd"


class TestResend:
    async def test_the_same_bytes_are_delivered_again(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.OPERATOR)
        sent = await outbound_810(client, headers)
        path = f"/v1/files/{sent['id']}"
        before = (await client.get(f"{path}/raw", headers=headers)).content

        answer = await client.post(
            f"{path}/resend", headers=headers, json={"reason": "their disk was full"}
        )
        await office.work()

        shown = (await client.get(path, headers=headers)).json()["file"]
        told = (await client.get(f"{path}/timeline", headers=headers)).json()["entries"]
        asked = next(entry for entry in told if entry["kind"] == "ResendRequested")
        lies = office.gateway.folders.outbound("pge") / str(sent["name"])
        assert answer.status_code == 202
        assert answer.json()["state"] == "ready"
        assert (shown["state"], shown["sha256"]) == ("delivered", sent["sha256"])
        assert told[-1]["kind"] == "FileDelivered"
        assert "their disk was full" in asked["message"]
        assert asked["actor"].startswith("operator ")
        assert lies.read_bytes() == before

    async def test_asking_twice_is_refused_while_it_waits(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.OPERATOR)
        sent = await outbound_810(client, headers)
        path = f"/v1/files/{sent['id']}/resend"
        await client.post(path, headers=headers, json={"reason": "lost it"})

        again = await client.post(path, headers=headers, json={"reason": "lost it"})

        assert (again.status_code, again.json()["code"]) == (409, "not_resendable")

    async def test_what_came_in_cannot_be_sent(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        headers = await signed(office, Role.OPERATOR)
        file_id = await office.put("in.edi", FRESH)

        answer = await client.post(
            f"/v1/files/{file_id}/resend", headers=headers, json={"reason": "why not"}
        )
        unknown = await client.post(
            f"/v1/files/{UUID(int=5)}/resend", headers=headers, json={"reason": "why not"}
        )

        assert (answer.status_code, answer.json()["code"]) == (409, "not_resendable")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_file")
