"""The door of the API and the console: checks tokens and sessions, and slows down who guesses.

A token's hash is slow on purpose, so a good token is remembered for a minute under a keyed digest
of itself; the hash is computed in a thread, a few at a time, and never on the event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final, TypeVar
from uuid import UUID

from fastapi import Request
from sqlalchemy import select, update

from services.edi_gateway.operations.access import (
    HASHER,
    TOKEN_COLUMNS,
    TokenRow,
    as_token,
    split_token,
)
from services.edi_gateway.store import api_token
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.telemetry import logger
from shared.platform.web.identity import NotSignedIn, Principal, is_api
from shared.platform.web.sessions import SAFE_METHODS, Sessions

log = logger(__name__)

REMEMBERED_S: Final = 60.0
"""A token that was good is not checked again for this long; a revoked one may live on so long."""

REMEMBERED_MAX: Final = 10_000
HASHES_AT_ONCE: Final = 2
PATIENCE_FIRST_S: Final = 0.25
PATIENCE_MAX_S: Final = 4.0
"""Each failed try at the same token is answered twice as late as the one before, up to this."""

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")

_BAD: Final = "The token is unknown, revoked or expired."


@dataclass(frozen=True, slots=True)
class _Remembered:
    token: TokenRow
    until: float


class TokenDoorkeeper:
    """Tells who is asking, by API token or by console session.

    Args:
        sessions: the console's signed cookies.
    """

    def __init__(self, database: Database, clock: Clock, sessions: Sessions) -> None:
        self.sessions = sessions
        self._database = database
        self._clock = clock
        self._digest_key = secrets.token_bytes(32)
        self._good: OrderedDict[bytes, _Remembered] = OrderedDict()
        self._rows: OrderedDict[UUID, _Remembered] = OrderedDict()
        self._failures: OrderedDict[UUID | None, int] = OrderedDict()
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    def forget(self) -> None:
        """Check every token anew from now on; call after revoking one in this process."""
        self._good.clear()
        self._rows.clear()

    async def identify(self, request: Request) -> Principal | None:
        """Return who is asking.

        A console session alone may only read the API: whatever changes something needs a token in
        the request or a form of the console, which other sites cannot send.

        Raises:
            NotSignedIn: a token was shown and is not good.
        """
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self.admit(shown.strip())
        principal = self.sessions.of_request(request)
        if principal is None:
            return None
        if is_api(request) and request.method not in SAFE_METHODS:
            return None
        token = await self._current(principal.token_id)
        if token is None or not token.is_good(self._clock.now().date()):
            return None
        return replace(_principal(token), session_id=principal.session_id)

    async def admit(self, plain: str) -> Principal:
        """Return the bearer of a token.

        Raises:
            NotSignedIn: it is unknown, revoked, expired or wrong.
        """
        digest = hmac.new(self._digest_key, plain.encode(), hashlib.sha256).digest()
        held = self._good.get(digest)
        if held is None or held.until < time.monotonic():
            held = _Remembered(await self._check(plain), time.monotonic() + REMEMBERED_S)
            _remember(self._good, digest, held)
        if not held.token.is_good(self._clock.now().date()):
            raise NotSignedIn(_BAD)
        return _principal(held.token)

    async def _check(self, plain: str) -> TokenRow:
        parts = split_token(plain)
        token_id = parts[0] if parts else None
        found = None
        if parts:
            async with self._database.read() as session:
                found = (
                    await session.execute(
                        select(api_token.c.secret_hash, *TOKEN_COLUMNS).where(
                            api_token.c.id == parts[0]
                        )
                    )
                ).one_or_none()
        if found is not None and parts:
            async with self._hashing:
                matches = await asyncio.to_thread(HASHER.verify, parts[1], found.secret_hash)
            if matches:
                self._failures.pop(token_id, None)
                return await self._used(found.id)
        await self._be_slow(token_id if found is not None else None)
        raise NotSignedIn(_BAD)

    async def _used(self, token_id: UUID) -> TokenRow:
        async with self._database.unit_of_work() as session:
            row = await session.execute(
                update(api_token)
                .where(api_token.c.id == token_id)
                .values(last_used_at=self._clock.now())
                .returning(*TOKEN_COLUMNS)
            )
            return as_token(row.one())

    async def _current(self, token_id: UUID) -> TokenRow | None:
        """Return the token a session was opened with, as it is now or was a minute ago."""
        held = self._rows.get(token_id)
        if held is not None and held.until >= time.monotonic():
            return held.token
        async with self._database.read() as session:
            row = (
                await session.execute(select(*TOKEN_COLUMNS).where(api_token.c.id == token_id))
            ).one_or_none()
        if row is None:
            return None
        held = _Remembered(as_token(row), time.monotonic() + REMEMBERED_S)
        _remember(self._rows, token_id, held)
        return held.token

    async def _be_slow(self, token_id: UUID | None) -> None:
        failures = self._failures.get(token_id, 0)
        _remember(self._failures, token_id, failures + 1)
        wait_s = min(PATIENCE_FIRST_S * 2 ** min(failures, 10), PATIENCE_MAX_S)
        log.warning("sign-in failed", token_id=str(token_id), failures=failures + 1)
        await asyncio.sleep(wait_s)


def _principal(token: TokenRow) -> Principal:
    return Principal(token_id=token.id, name=token.name, role=token.role, ccas=token.ccas)


def _remember(kept: OrderedDict[KeyT, ValueT], key: KeyT, value: ValueT) -> None:
    """Keep the newest entries only: strangers must not fill the memory."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > REMEMBERED_MAX:
        kept.popitem(last=False)
