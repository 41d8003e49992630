"""Calendars, holidays and export prices over HTTP: list, read, compare, import, activate.

They concern every CCA of a utility: who signs must be let into all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, BackgroundTasks, Query
from pydantic import BaseModel, ConfigDict

from services.rating.api_tariffs import Reason
from services.rating.calendars.calendar_file import CalendarFile
from services.rating.calendars.holiday_rules import HolidayList
from services.rating.holds import RateNotFound
from services.rating.store_activation import (
    CALENDAR_KIND,
    EXPORTS_KIND,
    HOLIDAYS_KIND,
    Activation,
    TariffKey,
    TariffVersionUnknown,
    activate,
    activations,
    signing,
)
from services.rating.store_shared import DataFile, list_data, load_calendar_book, load_data
from services.rating.store_tariffs import TariffImport, import_files
from services.rating.tariffs.compare import Difference, compare
from services.rating.tariffs.compare_hours import hours_words
from services.rating.tariffs.export_prices import ExportPrices
from services.rating.tariffs.plan import Name
from services.rating.work import RatingDesk, release_holds
from shared.platform.clock import Clock
from shared.platform.database import Database, ReadSession
from shared.platform.web.identity import NotAllowed, Operator, Principal
from shared.platform.web.problems import documented

PLACES: Final = {
    "calendars": CALENDAR_KIND,
    "holidays": HOLIDAYS_KIND,
    "export-prices": EXPORTS_KIND,
}
"""Where each kind is found below `/rating/v1`."""


class ListedView(BaseModel):
    """One version in a list."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    effective_from: date | None
    known_from: date | None
    source: str | None
    imported_by: str
    imported_at: datetime
    activated_by: str | None
    """Absent while it is a draft."""
    activated_at: datetime | None


class SharedView(BaseModel):
    """One version, and who stands for it."""

    model_config = ConfigDict(frozen=True)

    content: CalendarFile | HolidayList | ExportPrices
    activation: Activation | None
    """Absent while it is a draft."""


class ComparedView(BaseModel):
    """What another version says differently."""

    model_config = ConfigDict(frozen=True)

    differences: tuple[Difference, ...]
    effects: tuple[str, ...]
    """What it comes to over a year: hours that move, days that are holidays or no more."""


def build_shared_router(database: Database, clock: Clock, desk: RatingDesk) -> APIRouter:
    """The routes below `/rating/v1/calendars`, `/holidays` and `/export-prices`.

    Args:
        database: where they are kept.
        clock: tells the time.
        desk: charges what waited for hours or prices once they are activated.
    """
    router = APIRouter(responses=documented(401, 403, 404, 409, 422))
    for place, kind in PLACES.items():
        _add_reading(router, database, place, kind)
        _add_activation(router, database, clock, desk, (place, kind))
    _add_imports(router, database, clock)
    return router


def _add_reading(router: APIRouter, database: Database, place: str, kind: str) -> None:
    @router.get(f"/{place}", operation_id=f"list_{kind}")
    async def versions() -> list[ListedView]:
        """Every version that was imported, drafts too."""
        async with database.read() as session:
            found = await list_data(session, [kind])
        return [
            ListedView.model_validate(
                asdict(one) | {"name": one.key.name, "version": one.key.version}
            )
            for one in found
        ]

    @router.get(f"/{place}/{{name}}/{{version}}", operation_id=f"show_{kind}")
    async def one(name: Name, version: Name) -> SharedView:
        """One version, and who stands for it."""
        key = TariffKey(kind, name, version)
        async with database.read() as session:
            content = await _content(session, key)
            active = await activations(session)
        return SharedView.model_validate({"content": content, "activation": active.get(key)})

    @router.get(f"/{place}/{{name}}/{{version}}/diff", operation_id=f"compare_{kind}")
    async def diff(name: Name, version: Name, other: Annotated[Name, Query()]) -> ComparedView:
        """What another version says differently, in words, and what that comes to."""
        async with database.read() as session:
            before = await _content(session, TariffKey(kind, name, version))
            after = await _content(session, TariffKey(kind, name, other))
            book = await load_calendar_book(session)
        return ComparedView(
            differences=tuple(compare(before, after)),
            effects=tuple(hours_words(before, after, book)),
        )


def _add_activation(
    router: APIRouter, database: Database, clock: Clock, desk: RatingDesk, where: tuple[str, str]
) -> None:
    place, kind = where

    @router.post(
        f"/{place}/{{name}}/{{version}}/activation",
        status_code=201,
        operation_id=f"activate_{kind}",
    )
    async def activate_version(
        name: Name, version: Name, why: Reason, who: Operator, later: BackgroundTasks
    ) -> Activation:
        """Let a draft count; whoever imported it cannot. What waited for it is charged then."""
        key = TariffKey(kind, name, version)
        async with database.unit_of_work() as session:
            done = await activate(session, key, signer(who), clock.now(), why.reason)
        later.add_task(release_holds, desk, database, (RateNotFound.code,), clock.now())
        return done


def _add_imports(router: APIRouter, database: Database, clock: Clock) -> None:
    async def keep(files: Sequence[DataFile], who: Principal) -> TariffImport:
        async with database.unit_of_work() as session:
            return await import_files(session, files, clock.now(), signer(who))

    @router.post("/calendars", status_code=201)
    async def import_calendar(calendar: CalendarFile, who: Operator) -> TariffImport:
        """Import the versions of a calendar, each as a draft of its own."""
        return await keep([calendar], who)

    @router.post("/holidays", status_code=201)
    async def import_holidays(holidays: HolidayList, who: Operator) -> TariffImport:
        """Import one version of a holiday list as a draft."""
        return await keep([holidays], who)

    @router.post("/export-prices", status_code=201)
    async def import_prices(prices: ExportPrices, who: Operator) -> TariffImport:
        """Import one version of a table of export prices as a draft."""
        return await keep([prices], who)


def signer(who: Principal) -> str:
    """The name of somebody who changes what every CCA shares.

    Raises:
        NotAllowed: they are not let into every CCA.
        NameNotUsable: it cannot sign.
    """
    if not who.sees_everything:
        raise NotAllowed(f"{who.name} is not let into every CCA, and this concerns all of them")
    return signing(who.name)


async def _content(session: ReadSession, key: TariffKey) -> DataFile:
    found = await load_data(session, key)
    if found is None:
        raise TariffVersionUnknown(f"{key.words} was not imported")
    return found
