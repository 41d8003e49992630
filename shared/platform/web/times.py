"""Shows moments in the time that somebody chose: Pacific, like bills, or UTC, like logs.

The choice is a cookie of the browser and holds for every page of every service. What is asked for
by the day (filters, service periods, bill windows) is a Pacific day whatever is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from shared.platform.web.addresses import own_page
from shared.platform.web.sessions import check_same_site

ZONE: Final = ZoneInfo("America/Los_Angeles")
"""All three utilities and all CCAs keep Pacific time."""

TIME_COOKIE: Final = "ccax_time"
TIME_KEPT_S: Final = 365 * 86_400
SEE_OTHER: Final = 303


class ShownTime(StrEnum):
    """In which time pages show moments."""

    PACIFIC = "Pacific"
    UTC = "UTC"

    @property
    def other(self) -> ShownTime:
        """What one can switch to."""
        return ShownTime.UTC if self is ShownTime.PACIFIC else ShownTime.PACIFIC


_SHOWN: ContextVar[ShownTime] = ContextVar("shown_time", default=ShownTime.PACIFIC)


def shown_time() -> ShownTime:
    """The time of the page that is being rendered, for the heads of columns."""
    return _SHOWN.get()


def chosen_time(request: Request) -> ShownTime:
    """What the browser has chosen; Pacific when it has not, or says something strange."""
    said = request.cookies.get(TIME_COOKIE)
    return ShownTime.UTC if said == ShownTime.UTC.value else ShownTime.PACIFIC


@contextmanager
def showing(time: ShownTime) -> Iterator[None]:
    """Render in one time."""
    before = _SHOWN.set(time)
    try:
        yield
    finally:
        _SHOWN.reset(before)


def moment(at: datetime | None) -> Markup:
    """Show an instant in the chosen time, with the other one beside it."""
    if at is None:
        return Markup("—")
    pacific, utc = at.astimezone(ZONE), at.astimezone(UTC)
    first, second = (pacific, utc) if shown_time() is ShownTime.PACIFIC else (utc, pacific)
    clock = "%H:%M:%S %Z" if first.date() == second.date() else "%b %-d, %H:%M:%S %Z"
    return Markup('<time datetime="{iso}">{first} <span class="utc">{second}</span></time>').format(
        iso=utc.isoformat(timespec="seconds"),
        first=first.strftime("%b %-d, %Y %H:%M:%S %Z"),
        second=second.strftime(clock),
    )


def day(at: datetime | None) -> str:
    """Show the day and minute of an instant in the chosen time, for tables."""
    if at is None:
        return "—"
    zone = ZONE if shown_time() is ShownTime.PACIFIC else UTC
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def build_time_switch() -> APIRouter:
    """The route that the switch in the frame of every page posts to."""
    router = APIRouter(include_in_schema=False)

    @router.post("/time")
    async def choose(request: Request) -> Response:
        """Show moments in another time from now on, and lead back."""
        check_same_site(request)
        async with request.form(max_files=0, max_fields=2) as form:
            wanted, back = str(form.get("time", "")), str(form.get("next", ""))
        time = ShownTime.UTC if wanted == ShownTime.UTC.value else ShownTime.PACIFIC
        response = RedirectResponse(own_page(back, "/"), SEE_OTHER)
        response.set_cookie(
            TIME_COOKIE,
            time.value,
            max_age=TIME_KEPT_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path="/",
        )
        return response

    return router
