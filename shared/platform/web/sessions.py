"""The console's sign-in: a cookie that nobody can forge, and forms that nobody else can send.

The cookie says who signed in and until when, signed with the installation's key, so every process
that has the key can read it and no table of sessions is needed. A form carries a second value made
from the same key and the session, which another site cannot know.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from fastapi import Request, Response
from starlette.datastructures import FormData

from shared.platform.clock import Clock
from shared.platform.refusals import Refusal
from shared.platform.web.identity import Principal, Role

COOKIE = "ccax_session"
SESSION_LIFE = timedelta(hours=12)
KEY_BYTES = 32
KEY_FILE = "session.key"
COOKIE_CHARS_MAX = 4096
SAFE_METHODS = frozenset({"GET", "HEAD"})


class ForeignForm(Refusal):
    """A form was sent that this console did not hand out to this session."""

    code: ClassVar[str] = "foreign_form"
    status: ClassVar[int] = 403
    title: ClassVar[str] = "The form is not from this session"


def load_session_key(data_dir: Path) -> bytes:
    """Return the installation's signing key, made on first use and readable by its owner only.

    Raises:
        ValueError: the key file is damaged.
    """
    path = data_dir / KEY_FILE
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = data_dir / f"{KEY_FILE}.{secrets.token_hex(8)}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
        with suppress(FileExistsError):  # another process was first: its key is the key
            path.hardlink_to(fresh)
        fresh.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} does not hold a key of {KEY_BYTES} bytes")
    return key


class Sessions:
    """Opens, reads and closes console sessions.

    Args:
        key: the installation's signing key; see `load_session_key`.
    """

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def _sign(self, purpose: str, content: str) -> str:
        return hmac.new(self._key, f"{purpose}\0{content}".encode(), hashlib.sha256).hexdigest()

    def seal(self, principal: Principal) -> str:
        """Return the cookie value for somebody who has just shown a token."""
        ends = self._clock.now() + SESSION_LIFE
        content = json.dumps(
            {
                "token": principal.token_id.hex,
                "name": principal.name,
                "role": principal.role.value,
                "ccas": principal.ccas,
                "ends": int(ends.timestamp()),
                "session": secrets.token_hex(16),
            }
        )
        body = base64.urlsafe_b64encode(content.encode()).decode()
        return f"{body}.{self._sign('session', body)}"

    def open(self, cookie: str) -> Principal | None:
        """Return who signed in, or None when the cookie is forged, damaged or too old."""
        body, _, signature = cookie.partition(".")
        if len(cookie) > COOKIE_CHARS_MAX or not cookie.isascii():
            return None
        if not hmac.compare_digest(signature, self._sign("session", body)):
            return None
        try:
            said = json.loads(base64.urlsafe_b64decode(body))
        except (ValueError, binascii.Error):
            return None
        if datetime.fromtimestamp(said["ends"], tz=UTC) <= self._clock.now():
            return None
        return Principal(
            token_id=UUID(hex=said["token"]),
            name=said["name"],
            role=Role(said["role"]),
            ccas=None if said["ccas"] is None else tuple(said["ccas"]),
            session_id=said["session"],
        )

    def of_request(self, request: Request) -> Principal | None:
        """Return who signed in with the browser that sent this request."""
        cookie = request.cookies.get(COOKIE)
        return self.open(cookie) if cookie else None

    def start(self, request: Request, response: Response, principal: Principal) -> None:
        """Give the browser a session."""
        response.set_cookie(
            COOKIE,
            self.seal(replace(principal, session_id=None)),
            max_age=int(SESSION_LIFE.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path="/",
        )

    @staticmethod
    def end(response: Response) -> None:
        """Take the session away again."""
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")

    def form_token(self, principal: Principal | None) -> str:
        """Return what every form of this session must carry."""
        return self._sign(
            "form", principal.session_id if principal and principal.session_id else ""
        )

    def check_form(self, principal: Principal, form: FormData) -> None:
        """Make sure that a form came from this session's own pages.

        Raises:
            ForeignForm: it did not.
        """
        shown = form.get("form_token")
        expected = self.form_token(principal)
        if (
            principal.session_id is None
            or not isinstance(shown, str)
            or not hmac.compare_digest(shown.encode(), expected.encode())
        ):
            raise ForeignForm("Load the page again and send the form from there.")


def check_same_site(request: Request) -> None:
    """Refuse a form that another site made the browser send (the browser says so itself).

    Raises:
        ForeignForm: the request comes from another site's page.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignForm("The form was sent from another site.")
