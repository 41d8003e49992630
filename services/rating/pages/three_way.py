"""The page of the three counts: who is on our register, on the utility's list, and was billed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from services.rating.pages.rooms import Asked, Day, House, Word
from services.rating.progress.three_way import gap_rows, three_way
from services.rating.scope import UTILITY_ZONE
from shared.platform.web.identity import Viewer
from shared.platform.web.scopes import chosen

ROOM: Final = "/rating/batches/three-way"


class MonthForm(Asked):
    """Which month."""

    month: Day | None = None
    """Any day of it."""


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
        month = _month(house, asked)
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
        scope, month = house.one(principal, asked.cca), _month(house, asked)
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


def _month(house: House, asked: MonthForm) -> date:
    day = asked.month or house.clock.now().astimezone(UTILITY_ZONE).date()
    return day.replace(day=1)
