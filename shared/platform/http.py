"""One web application, put together: the API and pages of one service or of all of them.

Whatever is the same for every service is here: who is asking, how problems are told, health and
readiness, figures, the API's description. What a service can do comes in its routers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from shared.platform.refusals import Refusal
from shared.platform.telemetry import REGISTRY
from shared.platform.web.edge import Edge
from shared.platform.web.identity import Doorkeeper, NotSignedIn, is_api, principal_of
from shared.platform.web.problems import (
    MEDIA_TYPE,
    Problem,
    WrongField,
    problem_of_status,
    problem_response,
)
from shared.platform.web.reference import reference_page
from shared.platform.web.shell import STATIC_FOLDER, Shell
from shared.platform.web.times import build_time_switch

BODY_BYTES_MAX: Final = 1024 * 1024
"""Size of a request's body; operations that take files name their own limit."""

SIGN_IN_PATH: Final = "/sign-in"
VERSION: Final = "0.1.0"

Ready = Callable[[], Awaitable[Mapping[str, bool]]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Health(BaseModel):
    """The process is alive."""

    status: str


class Readiness(BaseModel):
    """Whether each thing we depend on is there."""

    status: str
    checks: dict[str, bool]


def create_app(
    title: str,
    *,
    routers: Sequence[APIRouter],
    ready: Ready,
    doorkeeper: Doorkeeper | None = None,
    shell: Shell | None = None,
    lifespan: Lifespan | None = None,
    description: str = "",
) -> FastAPI:
    """Put a web application together.

    Args:
        title: name of the API in its description.
        routers: what the services can do; embedded, those of all services.
        ready: tells for each dependency (database, broker, migrations) whether it is there.
        doorkeeper: tells who is asking; without one everybody is a stranger.
        shell: renders pages; without one there is only the API.
        lifespan: what to start before the first request and stop after the last.
        description: what the API is for, at the head of its description.
    """
    app = FastAPI(
        title=title,
        version=VERSION,
        description=description,
        docs_url=None,  # the stock pages load scripts from elsewhere; ours is /docs below
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.doorkeeper = doorkeeper
    app.state.shell = shell
    app.add_middleware(Edge, body_bytes_max=BODY_BYTES_MAX)
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_wrong_request)
    app.add_exception_handler(HTTPException, _on_http)
    _add_machine_room(app, ready)
    for router in (build_time_switch(), *routers):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC_FOLDER), name="static")
    app.openapi = lambda: _describe(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _add_machine_room(app: FastAPI, ready: Ready) -> None:
    """Add what machines ask: alive? ready? figures? and the API's description for people."""

    async def health() -> Health:
        """Tell that the process is alive; it says nothing about what it depends on."""
        return Health(status="alive")

    async def readiness(request: Request) -> JSONResponse:
        """Tell whether everything this process depends on is there."""
        checks = dict(await ready())
        missing = sorted(name for name, is_there in checks.items() if not is_there)
        if not missing:
            return JSONResponse({"status": "ready", "checks": checks})
        problem = problem_of_status(
            HTTPStatus.SERVICE_UNAVAILABLE, f"Missing: {', '.join(missing)}", _reference(request)
        )
        return problem_response(problem.model_copy(update={"missing": missing}))

    async def metrics() -> PlainTextResponse:
        """Show the figures in Prometheus' format."""
        return PlainTextResponse(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    async def docs() -> HTMLResponse:
        """Show the API's description as one plain page that needs nothing from elsewhere."""
        return reference_page(app.openapi())

    unready: dict[int | str, dict[str, Any]] = {503: {"description": "Something is missing"}}
    app.add_api_route("/health", health, tags=["operations"])
    app.add_api_route(
        "/ready", readiness, tags=["operations"], response_model=Readiness, responses=unready
    )
    app.add_api_route("/metrics", metrics, include_in_schema=False)
    app.add_api_route("/docs", docs, include_in_schema=False)


def _reference(request: Request) -> str | None:
    return getattr(request.state, "request_id", None)


def _wants_page(request: Request) -> bool:
    """Whether a person with a browser is asking, and not a program at the API."""
    if request.app.state.shell is None or is_api(request):
        return False
    return "text/html" in request.headers.get("accept", "")


async def _say(
    request: Request, problem: Problem, headers: Mapping[str, str] | None = None
) -> Response:
    if not _wants_page(request):
        return problem_response(problem, dict(headers or {}))
    principal = getattr(request.state, "principal", None)
    if principal is None:
        try:
            principal = await principal_of(request)
        except Refusal:
            principal = None
    shell: Shell = request.app.state.shell
    return shell.problem(request, problem, principal)


async def _on_refusal(request: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise refusal
    if isinstance(refusal, NotSignedIn) and _wants_page(request) and request.method == "GET":
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{SIGN_IN_PATH}?next={quote(wanted, safe='')}", status_code=303)
    problem = Problem(
        title=refusal.title,
        status=refusal.status,
        detail=refusal.detail,
        code=refusal.code,
        reference=_reference(request),
    )
    headers = {}
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="ccax"'
    return await _say(request, problem, headers)


async def _on_wrong_request(request: Request, wrong: Exception) -> Response:
    if not isinstance(wrong, RequestValidationError):
        raise wrong
    errors = [
        WrongField(place=".".join(str(step) for step in item["loc"]), message=item["msg"])
        for item in wrong.errors()
    ]
    detail = "; ".join(f"{one.place}: {one.message}" for one in errors)
    problem = problem_of_status(HTTPStatus.UNPROCESSABLE_ENTITY, detail, _reference(request))
    return await _say(request, problem.model_copy(update={"errors": errors}))


async def _on_http(request: Request, raised: Exception) -> Response:
    if not isinstance(raised, HTTPException):
        raise raised
    problem = problem_of_status(raised.status_code, str(raised.detail), _reference(request))
    return await _say(request, problem, raised.headers)


def _describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, in which every problem has the one shape."""
    if app.openapi_schema is None:
        described = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for operations in described["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if status >= "400":
                        answer["content"] = content
        app.openapi_schema = described
    return app.openapi_schema
