"""Knows people in a process that keeps no tokens: by asking the gateway.

Distributed, each service is a process of its own and only the gateway may read the token table. The
others show the gateway the token, or the console session, that they were shown, and remember the
answer for a minute. While the gateway is away a session still reads.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
import urllib.error
import urllib.request
from collections import OrderedDict
from dataclasses import replace
from http import HTTPStatus
from typing import ClassVar, Final
from uuid import UUID

from fastapi import Request

from shared.platform.refusals import Refusal
from shared.platform.web.identity import NotSignedIn, Principal, Role, is_api
from shared.platform.web.sessions import COOKIE, SAFE_METHODS, Sessions

REMEMBER_S: Final = 60.0
REMEMBERED_MAX: Final = 1_000
ASK_TIMEOUT_S: Final = 5.0


class GatewayUnreachable(Refusal):
    """The gateway, which keeps the tokens, does not answer."""

    code: ClassVar[str] = "gateway_unreachable"
    status: ClassVar[int] = 503
    title: ClassVar[str] = "Tokens cannot be checked right now; try again in a moment"


class RemoteDoorkeeper:
    """Tells who is asking by the gateway's word on a token or session.

    Args:
        sessions: the console's signed cookies; all processes share one key.
        gateway_url: the gateway's address inside the installation; empty: sessions only, unchecked.
    """

    def __init__(self, sessions: Sessions, gateway_url: str) -> None:
        self._sessions = sessions
        if gateway_url and not gateway_url.startswith(("http://", "https://")):
            raise ValueError(f"the gateway's address must be http(s), not {gateway_url}")
        self._url = gateway_url.rstrip("/")
        self._known: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()

    async def identify(self, request: Request) -> Principal | None:
        """Return who is asking, or None for a stranger.

        As at the gateway, a console session alone may only read the API.

        Raises:
            NotSignedIn: the gateway does not know the token.
            GatewayUnreachable: the gateway does not answer.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._url:
            return await self._told("Authorization", f"Bearer {token}")
        session = self._sessions.of_request(request)
        reads = request.method in SAFE_METHODS
        if session is None or (is_api(request) and not reads):
            return None
        if not self._url:
            return session
        try:
            told = await self._told("Cookie", f"{COOKIE}={request.cookies[COOKIE]}")
        except NotSignedIn:
            return None  # its token was revoked or has expired
        except GatewayUnreachable:
            if not reads:
                raise
            return session
        return replace(told, session_id=session.session_id)

    async def _told(self, header: str, shown: str) -> Principal:
        """Return whom the gateway knows by a header."""
        digest = hashlib.sha256(f"{header} {shown}".encode()).digest()
        known = self._known.get(digest)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        principal = await asyncio.to_thread(self._ask, header, shown)
        self._known[digest] = (time.monotonic() + REMEMBER_S, principal)
        while len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return principal

    def _ask(self, header: str, shown: str) -> Principal:
        asked = urllib.request.Request(  # noqa: S310  the scheme was checked at the start
            f"{self._url}/v1/me", headers={header: shown}
        )
        try:
            with urllib.request.urlopen(asked, timeout=ASK_TIMEOUT_S) as answer:  # noqa: S310
                told = json.load(answer)
        except urllib.error.HTTPError as refused:
            if refused.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise NotSignedIn("The token is unknown, revoked or expired.") from refused
            raise GatewayUnreachable(f"The gateway answered {refused.code}") from refused
        except OSError as fault:
            raise GatewayUnreachable(str(fault)) from fault
        return Principal(
            token_id=UUID(told["token_id"]),
            name=told["name"],
            role=Role(told["role"]),
            ccas=None if told["ccas"] is None else tuple(told["ccas"]),
        )
