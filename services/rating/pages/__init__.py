"""The console's pages about rating: who is on what, why a charge is what it is, what waits.

They ask the same functions as the API, work without JavaScript, and every view is an address.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter

from services.rating.pages import (
    accounts,
    audit_forms,
    batches,
    calendars,
    charges,
    controls,
    reruns,
    reviews,
    saved,
    tariffs,
    three_way,
    utility_bills,
    waiting,
)
from services.rating.pages.rooms import Hands, House
from shared.contracts.parts import Environment
from shared.platform.clock import Clock, SystemClock
from shared.platform.database import Database
from shared.platform.web.shell import Furniture, NavEntry

__all__ = ["FURNITURE", "Hands", "build_pages"]

FURNITURE: Final = Furniture(
    nav=(NavEntry("Rating", "/rating/"),), templates=Path(__file__).parents[1] / "templates"
)
"""What rating brings to the console."""

ROOM_PAGES: Final = (
    *(
        waiting,
        accounts,
        charges,
        batches,
        reviews,
        utility_bills,
        calendars,
        tariffs,
        controls,
        audit_forms,
    ),
    *(reruns, saved, three_way),
)


def build_pages(
    database: Database,
    environment: Environment,
    clock: Clock | None = None,
    hands: Hands | None = None,
) -> APIRouter:
    """Return the routes of rating's pages.

    Args:
        database: where to read.
        environment: test or production; the other one is never shown.
        clock: tells the time; the machine's when left out.
        hands: what forms act with; without it the pages only show.
    """
    house = House(database, environment, clock or SystemClock(), hands)
    router = APIRouter(include_in_schema=False)
    for room in ROOM_PAGES:
        router.include_router(room.build(house))
    return router
