"""The frame around every page: navigation, who is signed in, and which system this is.

Each service brings its own templates and its place in the navigation; the frame is the same for
all. Pages are rendered here, on the server, and need no JavaScript.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment as Jinja
from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape

from shared.contracts.parts import Environment
from shared.platform.web.charts import figure, plain
from shared.platform.web.identity import Principal
from shared.platform.web.problems import Problem
from shared.platform.web.sessions import Sessions
from shared.platform.web.times import chosen_time, day, moment, showing, shown_time

FOLDER: Final = Path(__file__).parent
STATIC_FOLDER: Final = FOLDER / "static"
OWN_TEMPLATES: Final = FOLDER / "templates"
HASH_LETTERS: Final = 12


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One word of the navigation."""

    title: str
    path: str


@dataclass(frozen=True, slots=True)
class Furniture:
    """What one service brings to the console: its words in the navigation and its templates."""

    nav: tuple[NavEntry, ...]
    templates: Path


class Shell:
    """Renders pages.

    Args:
        environment: test or production, shown on every page.
        sessions: gives forms their token.
        furniture: what the services bring, in the order of the navigation.
    """

    def __init__(
        self,
        environment: Environment,
        sessions: Sessions,
        furniture: Sequence[Furniture] = (),
    ) -> None:
        self.environment = environment
        self.sessions = sessions
        self._nav = tuple(entry for one in furniture for entry in one.nav)
        folders = [OWN_TEMPLATES, *(one.templates for one in furniture)]
        self._jinja = Jinja(
            loader=FileSystemLoader(folders),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.filters.update(moment=moment, day=day, money=money, words=words, quantity=plain)
        self._jinja.globals.update(
            asset=asset, has_asset=has_asset, figure=figure, shown_time=shown_time
        )

    def page(
        self,
        request: Request,
        template: str,
        values: Mapping[str, Any] | None = None,
        *,
        principal: Principal | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        """Return a page in the frame."""
        frame = {
            "environment": self.environment.value,
            "nav": self._nav if principal else (),
            "path": request.url.path,
            "here": _address(request),
            "principal": principal,
            "form_token": self.sessions.form_token(principal),
        }
        with showing(chosen_time(request)):
            html = self._jinja.get_template(template).render({**(values or {}), **frame})
        return HTMLResponse(html, status_code=status)

    def problem(
        self, request: Request, problem: Problem, principal: Principal | None
    ) -> HTMLResponse:
        """Return a page that says what went wrong and what to do."""
        return self.page(
            request,
            "shell/problem.html",
            {"problem": problem},
            principal=principal,
            status=problem.status,
        )


def _address(request: Request) -> str:
    """Where somebody is, as an address to come back to or to keep."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def shell_of(request: Request) -> Shell:
    """Return the frame that this application's pages are in."""
    shell: Shell = request.app.state.shell
    return shell


@cache
def asset(name: str) -> str:
    """Return the address of a static file, with its hash, so that browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC_FOLDER / name).read_bytes()).hexdigest()[:HASH_LETTERS]
    return f"/static/{name}?v={digest}"


@cache
def has_asset(name: str) -> bool:
    """Whether a static file is there; pages do without those that are not."""
    return (STATIC_FOLDER / name).is_file()


def money(amount: Decimal | None) -> str:
    """Show an amount in dollars."""
    if amount is None:
        return "—"
    sign = "−" if amount < 0 else ""
    return f"{sign}${abs(amount):,.2f}"


def words(code: str | None) -> str:
    """Show a state or code as words; '-' (the question does not arise) becomes a dash."""
    if code in {None, "", "-"}:
        return "—"
    return str(code).replace("_", " ")
