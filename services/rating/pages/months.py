"""Which month a page about batches shows: the one that is asked for, else the newest with bills."""

from __future__ import annotations

from datetime import date

from services.rating.pages.rooms import Asked, Day, House
from services.rating.progress.counts import newest_month
from services.rating.scope import UTILITY_ZONE
from shared.platform.web.identity import Principal
from shared.platform.web.scopes import chosen


class MonthForm(Asked):
    """Which month."""

    month: Day | None = None
    """Any day of it."""


async def month_shown(house: House, principal: Principal, asked: MonthForm) -> date:
    """Return the first day of the month; today's while nobody has a bill."""
    if asked.month is not None:
        return asked.month.replace(day=1)
    scopes = [house.scope(one) for one in chosen(principal, asked.cca)]
    async with house.database.read() as session:
        newest = await newest_month(session, scopes)
    return newest or house.clock.now().astimezone(UTILITY_ZONE).date().replace(day=1)
