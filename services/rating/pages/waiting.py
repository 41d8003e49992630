"""Rating's first page: one box for any number, and the usage that waits, with the reason."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from services.rating.pages.rooms import Asked, House, Word
from services.rating.views import HoldsView, show_holds
from shared.platform.database import ReadSession
from shared.platform.web.identity import Viewer
from shared.platform.web.scopes import KnownCca, chosen

HOLDS_SHOWN: Final = 50
SEE_OTHER: Final = 303


class WaitingForm(Asked):
    """What the page is asked."""

    account: Word | None = None
    """Leads to the account's page; the address is kept for links that were sent."""
    invoice: Word | None = None
    code: Word | None = None
    after: int = Field(default=0, ge=0, le=2**62)


def build(house: House) -> APIRouter:
    """The page at `/rating/`."""
    router = APIRouter()

    @router.get("/rating/")
    async def waiting(
        request: Request, principal: Viewer, asked: Annotated[WaitingForm, Query()]
    ) -> Response:
        """Show what waits; lead whoever names an account or an invoice to its page."""
        ccas = chosen(principal, asked.cca)
        named = asked.invoice or asked.account
        if named:
            return RedirectResponse(f"/rating/accounts?{urlencode({'q': named})}", SEE_OTHER)
        async with house.database.read() as session:
            values = {"asked": asked, "holds": await _holds(session, house, ccas, asked)}
        return house.page(request, principal, "waiting.html", values)

    return router


async def _holds(
    session: ReadSession, house: House, ccas: tuple[KnownCca, ...], asked: WaitingForm
) -> list[tuple[KnownCca, HoldsView]]:
    found = [
        (one, await show_holds(session, house.scope(one), asked.code, asked.after, HOLDS_SHOWN))
        for one in ccas
    ]
    return [(one, holds) for one, holds in found if holds.counts]
