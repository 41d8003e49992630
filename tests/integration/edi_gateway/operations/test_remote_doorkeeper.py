"""Sessions and tokens in a process that keeps none: as good as the gateway says, and no better."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest
from fastapi import Request

from services.edi_gateway.operations.access import create_token, revoke_token
from shared.platform.web import remote_doorkeeper
from shared.platform.web.identity import NotSignedIn, Principal, Role
from shared.platform.web.remote_doorkeeper import GatewayUnreachable, RemoteDoorkeeper
from shared.platform.web.sessions import COOKIE
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import serving

NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture
async def base(office: Office) -> AsyncIterator[str]:
    """The gateway's address."""
    async with serving(office.app) as base:
        yield base


@pytest.fixture
async def token(office: Office) -> tuple[str, Principal]:
    """A token of finance, and who it makes of its bearer."""
    async with office.database.unit_of_work() as session:
        made = await create_token(
            session, name="jane", role=Role.FINANCE, ccas=("mce",), at=office.clock.now()
        )
    return made.plain, Principal(made.row.id, "jane", Role.FINANCE, ("mce",))


def keeper(office: Office, url: str) -> RemoteDoorkeeper:
    return RemoteDoorkeeper(office.desk.doorkeeper.sessions, url)


def asked(path: str, method: str = "GET", **headers: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": raw}
    return Request(scope | {"server": ("rating", 80), "scheme": "http"})


def signed_in(office: Office, who: Principal) -> dict[str, str]:
    return {"cookie": f"{COOKIE}={office.desk.doorkeeper.sessions.seal(who)}"}


async def end(office: Office, token_id: UUID) -> None:
    async with office.database.unit_of_work() as session:
        await revoke_token(session, token_id, office.clock.now())
    office.desk.doorkeeper.forget()


class TestSessions:
    async def test_open_pages_and_their_forms_and_read_the_api(
        self, office: Office, base: str, token: tuple[str, Principal]
    ) -> None:
        door, cookie = keeper(office, base), signed_in(office, token[1])

        for path, method in (("/bank/", "GET"), ("/bank/files", "POST"), ("/rating/v1/x", "GET")):
            found = await door.identify(asked(path, method, **cookie))
            assert found is not None
            assert replace(found, session_id=None) == token[1]
            assert found.session_id is not None

    async def test_change_nothing_over_the_api(
        self, office: Office, base: str, token: tuple[str, Principal]
    ) -> None:
        door, cookie = keeper(office, base), signed_in(office, token[1])

        assert await door.identify(asked("/remittance/v1/books/close", "POST", **cookie)) is None

    async def test_end_with_their_token(
        self,
        office: Office,
        base: str,
        token: tuple[str, Principal],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(remote_doorkeeper, "REMEMBER_S", 0.0)
        door, cookie = keeper(office, base), signed_in(office, token[1])
        assert await door.identify(asked("/bank/", **cookie)) is not None

        await end(office, token[1].token_id)

        assert await door.identify(asked("/bank/", **cookie)) is None

    async def test_are_worth_what_the_token_is_now(
        self, office: Office, base: str, token: tuple[str, Principal]
    ) -> None:
        more = replace(token[1], role=Role.ADMIN, ccas=None)

        found = await keeper(office, base).identify(asked("/bank/", **signed_in(office, more)))

        assert found is not None
        assert (found.role, found.ccas) == (Role.FINANCE, ("mce",))

    async def test_still_read_while_the_gateway_is_away_and_change_nothing(
        self, office: Office, token: tuple[str, Principal]
    ) -> None:
        door, cookie = keeper(office, NOBODY_LISTENS), signed_in(office, token[1])

        assert await door.identify(asked("/bank/", **cookie)) is not None
        with pytest.raises(GatewayUnreachable):
            await door.identify(asked("/bank/files", "POST", **cookie))

    async def test_of_strangers_are_nobodys(self, office: Office, base: str) -> None:
        door = keeper(office, base)

        assert await door.identify(asked("/bank/")) is None
        assert await door.identify(asked("/bank/", cookie=f"{COOKIE}=made.up")) is None


class TestTokens:
    async def test_are_asked_of_the_gateway(
        self, office: Office, base: str, token: tuple[str, Principal]
    ) -> None:
        door, shown = keeper(office, base), {"authorization": f"Bearer {token[0]}"}

        assert await door.identify(asked("/rating/v1/x", "POST", **shown)) == token[1]
        with pytest.raises(NotSignedIn):
            await door.identify(asked("/rating/v1/x", authorization=f"Bearer {token[0]}x"))
