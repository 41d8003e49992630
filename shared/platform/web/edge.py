"""The outermost skin of the web application: what is true of every request and answer.

Each request has an id that is in the answer, in the log and in every message it causes. Answers
carry headers that keep browsers from running or framing anything that is not ours. A fault becomes
an answer with the id and nothing else: the traceback is for the log.
"""

from __future__ import annotations

import re
import time
import uuid

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.platform.telemetry import REGISTRY, log_context, logger
from shared.platform.web.problems import problem_of_status, problem_response

log = logger(__name__)

REQUEST_ID = "X-Request-Id"
_SOUND_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET = frozenset({"/health", "/ready", "/metrics"})
_FAULT = 500
_TOO_LARGE = 413
_UNREADABLE = 422

BODY_LIMIT = "body_limit"
"""Name in `request.state` of the size limit; an operation that takes files raises it first."""

REQUESTS = Counter(
    "ccax_http_requests_total",
    "Requests answered, by route and status",
    ["method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "ccax_http_request_seconds",
    "Time from the first byte of a request to the last byte of its answer",
    ["route"],
    registry=REGISTRY,
)

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
STATIC = "/static/"
KEPT_FOR_EVER = "public, max-age=31536000, immutable"


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, body_bytes_max: int) -> None:
        self._app = app
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get(REQUEST_ID))
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        state[BODY_LIMIT] = self._body_bytes_max
        answer = _Answer(scope, send, request_id)
        started = time.perf_counter()
        with log_context(request_id=request_id):
            try:
                if _has_nul(scope):
                    said = "An address holds no NUL: nothing we keep has one."
                    problem = problem_of_status(_UNREADABLE, said, request_id)
                    await problem_response(problem)(scope, receive, answer.send)
                    return
                await self._app(scope, _limited(scope, receive), answer.send)
            except Exception:
                log.exception("fault", method=scope["method"], path=scope["path"])
                if answer.status:
                    raise  # half an answer is out: the connection must break, not look finished
                problem = problem_of_status(
                    _FAULT,
                    "Something broke on our side. Tell support the reference; nothing else is"
                    " needed to find it.",
                    request_id,
                )
                await problem_response(problem)(scope, receive, answer.send)
            finally:
                _note(scope, answer.status, time.perf_counter() - started)


def _has_nul(scope: Scope) -> bool:
    """Whether an address has the one character that PostgreSQL's text cannot hold."""
    return "\x00" in scope["path"] or b"%00" in scope["query_string"]


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Stop a body that is larger than the operation wants, before it fills memory or disk."""
    try:
        declared = int(Headers(scope=scope).get("content-length", "0"))
    except ValueError:
        declared = 0
    taken = 0

    async def take() -> Message:
        nonlocal taken
        limit = scope["state"][BODY_LIMIT]
        message: Message = {"type": ""}
        if declared <= limit:
            message = await receive()
            taken += len(message.get("body", b""))
        if max(declared, taken) > limit:
            raise HTTPException(_TOO_LARGE, f"At most {limit} bytes are taken here.")
        return message

    return take


class _Answer:
    """Adds what every answer carries, and remembers its status."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self.status = 0
        self._scope = scope
        self._send = send
        self._request_id = request_id

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = self._request_id
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            if self._scope["path"].startswith(STATIC):
                hashed = self._scope["query_string"].startswith(b"v=")
                headers["Cache-Control"] = KEPT_FOR_EVER if hashed else "no-cache"
            elif "Cache-Control" not in headers:
                headers["Cache-Control"] = "no-store"  # customers' data stays out of caches
        await self._send(message)


def _request_id(shown: str | None) -> str:
    if shown and _SOUND_ID.fullmatch(shown):
        return shown
    return uuid.uuid4().hex


def _note(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "(none)")
    REQUESTS.labels(scope["method"], route, str(status)).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)
    if scope["path"] in _QUIET or scope["path"].startswith(STATIC):
        return
    log.info(
        "request",
        method=scope["method"],
        path=scope["path"],  # never the query: searches hold account numbers
        status=status,
        ms=round(seconds * 1000),
    )
