"""The page of the three counts: who is on our register, on the utility's list, and was billed."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from services.rating.pages.months import MonthForm, month_shown
from services.rating.pages.rooms import House, Word
from services.rating.progress.three_way import gap_rows, three_way
from shared.platform.web.identity import Viewer
from shared.platform.web.scopes import chosen

ROOM: Final = "/rating/batches/three-way"


class GapsForm(MonthForm):
    """Which agreements of one CCA."""

    reason: Word | None = None
    after: Word = ""


def build(house: House) -> APIRouter:
    """The pages below `/rating/batches/three-way`."""
    router = APIRouter()

    @router.get(ROOM)
    async def counts(
        request: Request, principal: Viewer, asked: Annotated[MonthForm, Query()]
    ) -> Response:
        """The three counts of each bill cycle, and why they differ."""
        month = await month_shown(house, principal, asked)
        found = []
        async with house.database.read() as session:
            for one in chosen(principal, asked.cca):
                scope = house.scope(one)
                rows = await three_way(session, scope, month)
                if rows:
                    found.append((scope, rows))
        values = {
            "asked": asked,
            "month": month,
            "found": found,
            "before": f"{ROOM}?{asked.address(month=month - timedelta(days=1))}",
            "after": f"{ROOM}?{asked.address(month=month + timedelta(days=31))}",
        }
        return house.page(request, principal, "three_way.html", values)

    @router.get(f"{ROOM}/agreements")
    async def agreements(
        request: Request, principal: Viewer, asked: Annotated[GapsForm, Query()]
    ) -> Response:
        """The agreements of one CCA behind the gaps, one by one."""
        scope = house.one(principal, asked.cca)
        month = await month_shown(house, principal, asked)
        async with house.database.read() as session:
            page = await gap_rows(session, scope, month, asked.reason, asked.after)
        more = asked.address(month=month, after=page.next_after) if page.next_after else None
        values = {
            "asked": asked,
            "month": month,
            "scope": scope,
            "page": page,
            "older": f"{ROOM}/agreements?{more}" if more else None,
        }
        return house.page(request, principal, "three_way_gaps.html", values)

    return router
