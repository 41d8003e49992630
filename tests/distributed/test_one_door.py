"""Whether a person meets one system, though three processes answer."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.distributed.conftest import Install, running
from tests.distributed.installation import GATEWAY, RATING, REMITTANCE, Installation

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("distributed")]

API = {
    GATEWAY: "/v1/files",
    RATING: "/rating/v1/plans",
    REMITTANCE: "/remittance/v1/audit",
}
PAGES = {GATEWAY: "/files", RATING: "/rating/", REMITTANCE: "/remittance/"}


def asked_of(installation: Installation, service: str) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{installation.one(service).http_port}")


@pytest.fixture(scope="module")
def installation(install: Install, migrated_template: str) -> Iterator[Installation]:
    """One for all tests here, which only look."""
    with running(install, migrated_template) as made:
        yield made


@pytest.fixture(scope="module")
def token(installation: Installation) -> str:
    """Opens every service to a clerk."""
    return installation.run_command("token", "create", "clerk").strip()


class TestOneDoor:
    def test_a_token_of_the_gateway_opens_every_service_and_a_stranger_opens_none(
        self, installation: Installation, token: str
    ) -> None:
        shown = {"Authorization": f"Bearer {token}"}
        forged = {"Authorization": f"Bearer {token[:-1]}{'a' if token[-1] != 'a' else 'b'}"}
        for service, path in API.items():
            with asked_of(installation, service) as client:
                assert client.get(path, headers=shown).status_code == 200, service
                assert client.get(path).status_code == 401, service
                assert client.get(path, headers=forged).status_code == 401, service

    def test_who_signs_in_at_the_gateway_is_known_to_every_service(
        self, installation: Installation, token: str
    ) -> None:
        with asked_of(installation, GATEWAY) as client:
            signed = client.post("/sign-in", data={"token": token, "next": "/"})
            cookies = dict(signed.cookies)
        assert cookies
        for service, path in PAGES.items():
            with asked_of(installation, service) as client:
                client.cookies.update(cookies)
                assert client.get(path, headers={"Accept": "text/html"}).status_code == 200, service
