"""Tokens and partners' keys, kept in the database."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select

from services.edi_gateway.operations import access, doorkeeper
from services.edi_gateway.operations.access import (
    KeyAlreadyThere,
    TokenNameTaken,
    TokenNotAllowed,
    UnknownKey,
    UnknownToken,
)
from services.edi_gateway.store import api_token
from shared.platform.web.identity import NotSignedIn, Role
from tests.integration.edi_gateway.api.office import Office

AT = datetime(2026, 11, 22, 15, tzinfo=UTC)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl pge@mft"


async def make(office: Office, name: str = "desk", **wanted: object) -> access.NewToken:
    async with office.database.unit_of_work() as session:
        return await access.create_token(
            session,
            name=name,
            role=Role.VIEWER,
            at=AT,
            **wanted,  # type: ignore[arg-type]  # the test names only what it changes
        )


class TestTokens:
    async def test_the_plain_token_is_kept_nowhere(self, office: Office) -> None:
        made = await make(office)
        async with office.database.read() as session:
            kept = (await session.execute(select(api_token))).one()

        secret = made.plain.split("_", 2)[2]
        assert all(secret not in str(value) for value in kept)
        assert kept.secret_hash.startswith("$argon2id$")

    async def test_a_good_token_names_its_bearer(self, office: Office) -> None:
        made = await make(office, ccas=("mce",))

        principal = await office.desk.doorkeeper.admit(made.plain)

        assert (principal.name, principal.role, principal.ccas) == ("desk", Role.VIEWER, ("mce",))
        async with office.database.read() as session:
            (row,) = await access.list_tokens(session)
        assert row.last_used_at == office.clock.now()

    async def test_a_remembered_token_costs_no_second_hash(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await make(office)
        first = await office.desk.doorkeeper.admit(made.plain)
        monkeypatch.setattr(doorkeeper, "HASHER", None)  # nobody can hash from here on

        assert await office.desk.doorkeeper.admit(made.plain) == first
        with pytest.raises(AttributeError):
            await office.desk.doorkeeper.admit((await make(office, "other")).plain)

    async def test_a_revoked_token_opens_nothing_once_forgotten(self, office: Office) -> None:
        made = await make(office)
        await office.desk.doorkeeper.admit(made.plain)
        async with office.database.unit_of_work() as session:
            await access.revoke_token(session, "desk", AT)
        office.desk.doorkeeper.forget()

        with pytest.raises(NotSignedIn):
            await office.desk.doorkeeper.admit(made.plain)

    async def test_an_expired_token_opens_nothing(self, office: Office) -> None:
        made = await make(office, expires_on=date(2026, 11, 23))
        office.clock.at = AT + timedelta(days=1)
        await office.desk.doorkeeper.admit(made.plain)
        office.clock.advance(days=1)

        with pytest.raises(NotSignedIn):
            await office.desk.doorkeeper.admit(made.plain)

    async def test_each_failed_try_waits_longer(self, office: Office) -> None:
        made = await make(office)
        waits = []
        for _ in range(3):
            started = time.perf_counter()
            with pytest.raises(NotSignedIn):
                await office.desk.doorkeeper.admit(made.plain + "x")
            waits.append(time.perf_counter() - started)

        assert waits[0] >= doorkeeper.PATIENCE_FIRST_S
        assert waits[2] >= 4 * doorkeeper.PATIENCE_FIRST_S
        started = time.perf_counter()
        await office.desk.doorkeeper.admit(made.plain)
        assert time.perf_counter() - started < waits[2], "the right token does not wait"

    async def test_checking_never_holds_the_event_loop(self, office: Office) -> None:
        tokens = [(await make(office, f"desk {n}")).plain for n in range(6)]
        longest = 0.0

        async def watch() -> None:
            nonlocal longest
            while True:
                started = time.perf_counter()
                await asyncio.sleep(0.002)
                longest = max(longest, time.perf_counter() - started)

        watching = asyncio.create_task(watch())
        await asyncio.gather(*(office.desk.doorkeeper.admit(token) for token in tokens))
        watching.cancel()

        assert longest < 0.25

    @pytest.mark.parametrize(
        "wanted", [{"ccas": ()}, {"expires_on": date(2026, 11, 21)}, {"name": " "}]
    )
    async def test_a_token_that_makes_no_sense_is_not_made(
        self, office: Office, wanted: dict[str, object]
    ) -> None:
        with pytest.raises(TokenNotAllowed):
            await make(office, **{"name": "desk", **wanted})  # type: ignore[arg-type]

    async def test_a_name_is_never_used_twice(self, office: Office) -> None:
        await make(office)

        with pytest.raises(TokenNameTaken):
            await make(office)

    async def test_an_unknown_token_cannot_be_revoked(self, office: Office) -> None:
        with pytest.raises(UnknownToken):
            async with office.database.unit_of_work() as session:
                await access.revoke_token(session, "nobody", AT)


class TestSessions:
    async def test_a_session_ends_with_its_token(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        made = await make(office)
        signed_in = await client.post("/sign-in", data={"token": made.plain})
        before = await client.get("/transactions")
        async with office.database.unit_of_work() as session:
            await access.revoke_token(session, made.row.id, AT)
        office.desk.doorkeeper.forget()

        after = await client.get("/transactions", headers={"Accept": "text/html"})

        assert signed_in.status_code == 303
        assert before.status_code == 200
        assert (after.status_code, after.headers["location"]) == (
            303,
            "/sign-in?next=%2Ftransactions",
        )

    async def test_a_session_lasts_twelve_hours(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        made = await make(office)
        await client.post("/sign-in", data={"token": made.plain})
        office.clock.advance(hours=11)
        assert (await client.get("/v1/transactions")).status_code == 200
        office.clock.advance(hours=2)

        assert (await client.get("/v1/transactions")).status_code == 401

    async def test_another_site_cannot_sign_anybody_in(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        made = await make(office)

        answer = await client.post(
            "/sign-in", data={"token": made.plain}, headers={"Sec-Fetch-Site": "cross-site"}
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_form")


class TestPartnerKeys:
    async def test_a_key_opens_one_mailbox_until_it_is_revoked(self, office: Office) -> None:
        async with office.database.unit_of_work() as session:
            added = await access.add_partner_key(session, "pge", KEY, AT)
        async with office.database.read() as session:
            assert await access.authorized_keys(session, "pge") == [KEY.rpartition(" ")[0]]
            assert await access.authorized_keys(session, "sce") == []
        async with office.database.unit_of_work() as session:
            await access.revoke_partner_key(session, "pge", added.fingerprint, AT)
            assert await access.authorized_keys(session, "pge") == []
            with pytest.raises(UnknownKey):
                await access.revoke_partner_key(session, "pge", added.fingerprint, AT)

    async def test_a_revoked_key_may_be_added_anew_and_a_held_one_not(self, office: Office) -> None:
        async with office.database.unit_of_work() as session:
            added = await access.add_partner_key(session, "pge", KEY, AT)
            with pytest.raises(KeyAlreadyThere):
                await access.add_partner_key(session, "pge", KEY, AT)
            await access.revoke_partner_key(session, "pge", added.fingerprint, AT)
            again = await access.add_partner_key(session, "pge", KEY, AT + timedelta(days=1))

        assert again.id == added.id
        async with office.database.read() as session:
            (listed,) = await access.list_partner_keys(session, "pge")
        assert listed.revoked_at is None
        assert listed.comment == "pge@mft"
