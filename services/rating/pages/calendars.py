"""Pages about what plans share: which hours and holidays count, who let them, and rate codes.

Two utilities observe one holiday on different days, and a wrong day moves an afternoon's energy
from one price to another; so the days of a year stand side by side.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import Field, ValidationError

from services.rating.api_shared import PLACES, signer
from services.rating.browsing.rate_codes import RateCodeRow, list_rate_codes
from services.rating.calendars import Calendar, CalendarBook
from services.rating.calendars.calendar_file import CalendarVersion
from services.rating.calendars.holiday_rules import HolidayList, Holidays, day_of
from services.rating.holds import RateNotFound
from services.rating.pages.rooms import (
    REASON,
    REASON_WANTED,
    SEE_OTHER,
    YEARS,
    Asked,
    House,
)
from services.rating.scope import UTILITY_ZONE
from services.rating.store_activation import (
    TariffKey,
    TariffVersionUnknown,
    activate,
)
from services.rating.store_shared import list_data, load_calendar_book, load_data
from services.rating.store_tariffs import PriceBooks
from services.rating.tariffs.compare import compare
from services.rating.tariffs.compare_hours import hours_words
from services.rating.work import release_holds
from shared.platform.refusals import Refusal
from shared.platform.web import csv_file
from shared.platform.web.csv_file import Identifier
from shared.platform.web.identity import Operator, Principal, Viewer

CALENDARS: Final = "/rating/tariffs/calendars"
RATE_CODES: Final = "/rating/tariffs/rate-codes"
CODES_HEAD: Final = (
    *("cca", "utility", "rate_code", "mapped_to", "agreements", "without_plan", "plan_id"),
    *("version", "agreements_on_it", "why_none"),
)
HOLIDAYS_HEAD: Final = ("year", "holiday", "list", "on", "observed")


class YearForm(Asked):
    """Which year."""

    year: Annotated[int | None, Field(ge=YEARS[0], le=YEARS[1])] = None


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """One holiday of a year, by every list.

    Attributes:
        name: as the lists name it.
        days: list → the day it falls on and the day it is observed; absent where a list lacks it.
        differs: not every list observes it on the same day.
    """

    name: str
    days: Mapping[str, tuple[date, date]]
    differs: bool


def build(house: House) -> APIRouter:
    """The pages below `/rating/tariffs/calendars` and `/rating/tariffs/rate-codes`."""
    router = APIRouter()
    _add_calendars(router, house)
    _add_version(router, house)
    _add_rate_codes(router, house)
    return router


def _add_calendars(router: APIRouter, house: House) -> None:
    @router.get(CALENDARS)
    async def calendars(
        request: Request, principal: Viewer, asked: Annotated[YearForm, Query()]
    ) -> Response:
        """Holidays of a year as each utility observes them, hours, and every version."""
        year = _year(house, asked)
        async with house.database.read() as session:
            book = await load_calendar_book(session)
            versions = await list_data(session, list(PLACES.values()))
        values = {
            "asked": asked,
            "year": year,
            "lists": sorted(book.holidays),
            "holidays": holidays_of(book, year),
            "calendars": _hours(book, year),
            "versions": versions,
            "csv": f"{CALENDARS}/holidays.csv?year={year}",
        }
        return house.page(request, principal, "calendars.html", values)

    @router.get(f"{CALENDARS}/holidays.csv")
    async def holidays_csv(
        principal: Viewer, asked: Annotated[YearForm, Query()]
    ) -> StreamingResponse:
        """The holidays of a year as a file."""
        del principal
        year = _year(house, asked)
        async with house.database.read() as session:
            rows = holidays_of(await load_calendar_book(session), year)
        return csv_file.download(f"holidays-{year}.csv", _holidays_csv(year, rows))


def _add_version(router: APIRouter, house: House) -> None:
    place = f"{CALENDARS}/{{kind}}/{{name}}/{{version}}"

    @router.get(place)
    async def one(
        request: Request, principal: Viewer, kind: str, name: str, version: str
    ) -> Response:
        """One version: what it changes, who brought it, and who let it count."""
        return await _show(house, request, principal, TariffKey(kind, name, version), None)

    @router.post(place)
    async def activate_version(
        request: Request,
        principal: Operator,
        kind: str,
        name: str,
        version: str,
        later: BackgroundTasks,
    ) -> Response:
        """Let a draft count; whoever imported it cannot. What waited for it is charged then."""
        key, at, desk = TariffKey(kind, name, version), house.clock.now(), house.acting().desk
        said = await house.said(request, principal)
        try:
            reason = REASON.validate_python(said.get("reason", ""))
            async with house.database.unit_of_work() as session:
                await activate(session, key, signer(principal), at, reason)
        except (Refusal, ValidationError) as refusal:
            wrong = refusal.detail if isinstance(refusal, Refusal) else REASON_WANTED
            return await _show(house, request, principal, key, wrong)
        later.add_task(release_holds, desk, house.database, (RateNotFound.code,), at)
        return RedirectResponse(request.url.path, SEE_OTHER, background=later)


def _add_rate_codes(router: APIRouter, house: House) -> None:
    books = PriceBooks()

    async def listed(principal: Principal, asked: Asked) -> list[RateCodeRow]:
        async with house.database.read() as session:
            book = await books.current(session)
            return await list_rate_codes(
                session, house.sight(principal, asked.cca), book, _today(house)
            )

    @router.get(RATE_CODES)
    async def rate_codes(
        request: Request, principal: Viewer, asked: Annotated[Asked, Query()]
    ) -> Response:
        """How many agreements are on each rate code, and by which plan each is billed."""
        values = {
            "asked": asked,
            "codes": await listed(principal, asked),
            "today": _today(house),
            "csv": f"{RATE_CODES}.csv?{asked.address()}",
        }
        return house.page(request, principal, "rate_codes.html", values)

    @router.get(f"{RATE_CODES}.csv")
    async def rate_codes_csv(
        principal: Viewer, asked: Annotated[Asked, Query()]
    ) -> StreamingResponse:
        """The same as a file, a line for each plan of each code."""
        return csv_file.download("rate-codes.csv", _codes_csv(await listed(principal, asked)))


async def _show(
    house: House, request: Request, principal: Principal, key: TariffKey, wrong: str | None
) -> Response:
    async with house.database.read() as session:
        content = await load_data(session, key) if key.kind in PLACES.values() else None
        if content is None:
            raise TariffVersionUnknown(f"{key.words} was not imported")
        versions = [one for one in await list_data(session, [key.kind]) if one.key.name == key.name]
        mine = next(one for one in versions if one.key == key)
        before = [one for one in versions if one.activated_by and one.key != key]
        other = await load_data(session, before[-1].key) if before else None
        book = await load_calendar_book(session)
    values: dict[str, Any] = {
        "one": mine,
        "versions": versions,
        "other": before[-1] if before else None,
        "differences": compare(other, content) if other else [],
        "effects": _effects(other, content, book) if other else [],
        "wrong": wrong,
        "rule": who_activates(mine.imported_by, principal.name),
    }
    return house.page(request, principal, "calendar_version.html", values)


def who_activates(imported_by: str, me: str) -> str:
    """Say who may let a draft count."""
    if imported_by == me:
        return "You imported it, so another person must activate it."
    return f"{imported_by} imported it; you may activate it. Nobody activates what they imported."


def _effects(before: Any, after: Any, book: CalendarBook) -> list[str]:  # noqa: ANN401  any file
    try:
        return list(hours_words(before, after, book))
    except RateNotFound as refusal:
        return [refusal.detail]


def holidays_of(book: CalendarBook, year: int) -> list[HolidayRow]:
    """The holidays of a year in order of their days, and where each list observes them."""
    days: dict[str, dict[str, tuple[date, date]]] = {}
    for list_id, known in sorted(book.holidays.items()):
        for version in _in_effect(known, year):
            for holiday in version.days:
                on = day_of(holiday.on, year)
                days.setdefault(holiday.name, {})[list_id] = (on, version.observed(on))
    rows = [
        HolidayRow(name, by_list, len({pair[1] for pair in by_list.values()}) > 1)
        for name, by_list in days.items()
    ]
    return sorted(rows, key=lambda row: min(on for on, _ in row.days.values()))


def _in_effect(known: Holidays, year: int) -> list[HolidayList]:
    """The version at the end of a year; none where the list does not reach back to it."""
    try:
        return [known.version_on(date(year, 12, 31))]
    except RateNotFound:
        return []


def _hours(book: CalendarBook, year: int) -> list[tuple[Calendar, CalendarVersion | None]]:
    """Every calendar with its version at the end of a year; `None` before its first."""
    found: list[tuple[Calendar, CalendarVersion | None]] = []
    for name in sorted(book.files):
        calendar = book.calendar(name)
        try:
            found.append((calendar, calendar.version_on(date(year, 12, 31))))
        except RateNotFound:
            found.append((calendar, None))
    return found


def _today(house: House) -> date:
    return house.clock.now().astimezone(UTILITY_ZONE).date()


def _year(house: House, asked: YearForm) -> int:
    return asked.year or _today(house).year


async def _holidays_csv(year: int, rows: list[HolidayRow]) -> AsyncIterator[str]:
    yield csv_file.lines([HOLIDAYS_HEAD])
    yield csv_file.lines(
        (year, row.name, list_id, on, observed)
        for row in rows
        for list_id, (on, observed) in row.days.items()
    )


async def _codes_csv(codes: list[RateCodeRow]) -> AsyncIterator[str]:
    yield csv_file.lines([CODES_HEAD])
    yield csv_file.lines(
        [
            *(row.cca, row.utility, Identifier(row.rate_code), row.mapped_to, row.agreements),
            *(row.unmapped, plan.plan_id, plan.version, plan.agreements, plan.why),
        ]
        for row in codes
        for plan in row.plans
    )
