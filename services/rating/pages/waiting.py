"""Rating's first page: one box for any number, and the usage that waits, with the reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import Field

from services.rating.browsing.marks import ROWS_MAX
from services.rating.pages.rooms import SEE_OTHER, Asked, House, Word
from services.rating.views import HoldsView, show_holds
from shared.platform.database import ReadSession
from shared.platform.web import csv_file
from shared.platform.web.csv_file import Identifier
from shared.platform.web.identity import Viewer
from shared.platform.web.scopes import KnownCca, chosen

HOLDS_SHOWN: Final = 50
CSV_HEAD: Final = (
    *("cca", "utility", "account_number", "usage_id", "code", "why", "since", "transaction_id"),
)


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
            holds = await _holds(session, house, ccas, asked)
        csv = f"/rating/waiting.csv?{asked.address(after=None)}"
        values = {"asked": asked, "holds": holds, "csv": csv}
        return house.page(request, principal, "waiting.html", values)

    @router.get("/rating/waiting.csv")
    async def waiting_csv(
        principal: Viewer, asked: Annotated[WaitingForm, Query()]
    ) -> StreamingResponse:
        """All usage that waits, oldest first, streamed."""
        rows = _csv(house, chosen(principal, asked.cca), asked.code)
        return csv_file.download("waiting.csv", rows)

    return router


async def _csv(house: House, ccas: tuple[KnownCca, ...], code: str | None) -> AsyncIterator[str]:
    yield csv_file.lines([CSV_HEAD])
    for one in ccas:
        after: int | None = 0
        while after is not None:
            async with house.database.read() as session:
                page = await show_holds(session, house.scope(one), code, after, ROWS_MAX)
            yield csv_file.lines(
                [
                    *(one.cca, one.utility, Identifier(hold.account_number)),
                    *(Identifier(hold.usage_id), hold.code, hold.message, hold.opened_at),
                    hold.transaction_id,
                ]
                for hold in page.holds
            )
            after = page.next_after


async def _holds(
    session: ReadSession, house: House, ccas: tuple[KnownCca, ...], asked: WaitingForm
) -> list[tuple[KnownCca, HoldsView]]:
    found = [
        (one, await show_holds(session, house.scope(one), asked.code, asked.after, HOLDS_SHOWN))
        for one in ccas
    ]
    return [(one, holds) for one, holds in found if holds.counts]
