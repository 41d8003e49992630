"""Tariffs over HTTP: read a version, compare two, try one on a test bill, import, activate.

Importing and activating are signed with the token's name, and must be two people's.
"""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.rating.api_lists import Day
from services.rating.calendars import Calendar
from services.rating.engine.hours import calendar_of
from services.rating.holds import RateNotFound
from services.rating.scope import UTILITY_ZONE
from services.rating.store_activation import (
    Activation,
    TariffKey,
    TariffVersionUnknown,
    activate,
    activations,
    signing,
)
from services.rating.store_shared import load_calendar_book
from services.rating.store_tariffs import (
    TariffImport,
    import_files,
    load_newest_taxes,
    load_plan,
)
from services.rating.tariffs.compare import Difference, compare
from services.rating.tariffs.midas import midas_rate
from services.rating.tariffs.midas_upload import midas_upload
from services.rating.tariffs.plan import Name, PlanFile
from services.rating.tariffs.preview import TestBill, TestUsage, preview
from services.rating.work import RatingDesk, release_holds
from shared.contracts.parts import CcaCode
from shared.platform.clock import Clock
from shared.platform.database import Database, ReadSession
from shared.platform.web.identity import NotAllowed, Operator
from shared.platform.web.problems import documented


class XmlFile(Response):
    """A file that is handed on to a machine of somebody else's."""

    media_type = "text/xml"


class Reason(BaseModel):
    """Why a version is activated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class PlanView(BaseModel):
    """One version of a plan, and who stands for it."""

    model_config = ConfigDict(frozen=True)

    plan: PlanFile
    activation: Activation | None
    """Absent while it is a draft."""


def build_tariff_router(database: Database, clock: Clock, desk: RatingDesk) -> APIRouter:
    """The routes below `/rating/v1/tariffs`.

    Args:
        database: where tariffs are kept.
        clock: tells the time.
        desk: charges what waited for a price once one is activated.
    """
    router = APIRouter(prefix="/tariffs", responses=documented(401, 403, 404, 409, 422))
    _add_reading(router, database)
    _add_midas(router, database, clock)
    _add_signing(router, database, clock, desk)
    return router


def _add_reading(router: APIRouter, database: Database) -> None:
    @router.get("/{plan_id}/{version}")
    async def plan(cca: CcaCode, plan_id: Name, version: Name) -> PlanView:
        """One version of a plan, and who stands for it."""
        async with database.read() as session:
            found = await _plan(session, cca, plan_id, version)
            active = await activations(session)
        return PlanView(plan=found, activation=active.get(TariffKey.plan(cca, plan_id, version)))

    @router.get("/{plan_id}/{version}/diff")
    async def diff(
        cca: CcaCode, plan_id: Name, version: Name, other: Annotated[Name, Query()]
    ) -> list[Difference]:
        """What another version says differently, in words."""
        async with database.read() as session:
            before = await _plan(session, cca, plan_id, version)
            after = await _plan(session, cca, plan_id, other)
        return compare(before, after)

    @router.post("/{plan_id}/{version}/preview")
    async def test_bill(cca: CcaCode, plan_id: Name, version: Name, used: TestUsage) -> TestBill:
        """A bill for made-up usage, with this version alone; nothing is kept."""
        async with database.read() as session:
            found = await _plan(session, cca, plan_id, version)
            taxes = await load_newest_taxes(session)
        return preview(found, used, taxes)


def _add_midas(router: APIRouter, database: Database, clock: Clock) -> None:
    @router.get("/{plan_id}/{version}/midas", response_class=XmlFile)
    async def midas(
        cca: CcaCode,
        plan_id: Name,
        version: Name,
        product: Name,
        first_day: Day,
        last_day: Day,
        minutes: Annotated[int | None, Query(ge=1, le=60)] = None,
    ) -> XmlFile:
        """What the CCA uploads to the state's MIDAS: a product's price of each interval, as XML.

        By the hours that are active, both days included. Demand, fixed and minimum charges are
        left out.
        """
        known_on = clock.now().astimezone(UTILITY_ZONE).date()
        async with database.read() as session:
            found = await _plan(session, cca, plan_id, version)
            calendar = calendar_of(found, await load_calendar_book(session), known_on)
        days = (first_day, last_day + timedelta(days=1))
        text = await asyncio.to_thread(_midas, found, calendar, product, days, minutes)
        name = f"midas-{plan_id}-{version}-{product}.xml"
        return XmlFile(text, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _midas(
    plan: PlanFile,
    calendar: Calendar,
    product: str,
    days: tuple[date, date],
    minutes: int | None,
) -> str:
    return midas_upload(midas_rate(plan, calendar, product, days, minutes))


def _add_signing(router: APIRouter, database: Database, clock: Clock, desk: RatingDesk) -> None:
    @router.post("", status_code=201)
    async def import_plan(cca: CcaCode, plan: PlanFile, who: Operator) -> TariffImport:
        """Import one plan version as a draft."""
        if plan.cca != cca:
            raise NotAllowed(f"the plan is {plan.cca}'s, the request {cca}'s")
        async with database.unit_of_work() as session:
            return await import_files(session, [plan], clock.now(), signing(who.name))

    @router.post("/{plan_id}/{version}/activation", status_code=201)
    async def activate_plan(
        cca: CcaCode,
        plan_id: Name,
        version: Name,
        why: Reason,
        who: Operator,
        later: BackgroundTasks,
    ) -> Activation:
        """Let a draft count; whoever imported it cannot. What waited for it is charged then."""
        key = TariffKey.plan(cca, plan_id, version)
        async with database.unit_of_work() as session:
            done = await activate(session, key, signing(who.name), clock.now(), why.reason)
        later.add_task(release_holds, desk, database, (RateNotFound.code,), clock.now())
        return done


async def _plan(session: ReadSession, cca: str, plan_id: str, version: str) -> PlanFile:
    found = await load_plan(session, cca, plan_id, version)
    if found is None:
        raise TariffVersionUnknown(f"{cca}/{plan_id} {version} was not imported")
    return found
