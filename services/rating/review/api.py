"""Review over HTTP: what waits, why, who may let it go, and how the audits are set.

Everything is signed with the token's name. Deciding about a charge is an operator's; how audits are
set is an administrator's.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.rating.api import InScope
from services.rating.messages import Occasion
from services.rating.review.approvals import SettingKey, approve_setting, settings_that_wait
from services.rating.review.batches import (
    Batch,
    BatchReleased,
    assign_batch,
    list_batches,
    release_batch,
)
from services.rating.review.classes import CustomerClass
from services.rating.review.decide import NewAct, ReviewUnknown, act_on, release
from services.rating.review.proof import ProofResult, prove_now
from services.rating.review.settings import (
    NewSetting,
    Reason,
    SettingVersion,
    Words,
    setting_history,
    write_setting,
)
from services.rating.review.views import (
    AuditView,
    ControlView,
    DeadlineView,
    FindingView,
    ReviewsView,
    WholeReviewView,
    show_audits,
    show_controls,
    show_deadlines,
    show_findings,
    show_review,
    show_reviews,
)
from services.rating.store_activation import signing
from services.rating.work import RatingDesk
from shared.contracts.parts import CcaCode
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.web.identity import Admin, Operator
from shared.platform.web.problems import documented

PAGE_SIZE = 100
PAGE_SIZE_MAX = 500
NO_CYCLE_NAME = "-"
"""How an address calls the batch of agreements without a bill cycle."""

Code = Annotated[str, Path(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")]
ReviewId = Annotated[int, Path(ge=1, le=2**62)]
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
Cycle = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
Month = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
"""Any day of a month."""
Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX)]
Position = Annotated[int, Query(ge=0, le=2**62)]


class Why(BaseModel):
    """Why something is done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason


class NewApproval(Why):
    """For which class of customers a setting is approved, and why."""

    customer_class: CustomerClass = CustomerClass.ALL


class NewOwner(Why):
    """Who is to look after a batch, and why."""

    owner: Annotated[Words, Field(min_length=1)]


class Released(BaseModel):
    """What a release came to: invoices that left, and charges that could not leave after all."""

    model_config = ConfigDict(frozen=True)

    invoices: tuple[str, ...]
    held: int


def build_review_router(database: Database, clock: Clock, desk: RatingDesk) -> APIRouter:
    """The routes below `/rating/v1/review`.

    Args:
        database: where reviews are kept.
        clock: tells the time.
        desk: charges what is released.
    """
    router = APIRouter(prefix="/review", responses=documented(401, 403, 404, 409, 422))
    _add_audits(router, database, clock)
    _add_controls(router, database, clock, desk)
    _add_charges(router, database)
    _add_decisions(router, database, clock, desk)
    _add_batches(router, database, clock, desk)
    _add_clock(router, database, clock)
    return router


def _add_audits(router: APIRouter, database: Database, clock: Clock) -> None:
    @router.get("/audits")
    async def audits(cca: CcaCode) -> list[AuditView]:
        """Every audit of a CCA: on or off, hold or warn, limits, owner, last fired."""
        async with database.read() as session:
            return await show_audits(session, cca)

    @router.get("/audits/{code}/versions")
    async def versions(cca: CcaCode, code: Code) -> list[SettingVersion]:
        """Every version of an audit's setting: who wrote it, when and why."""
        async with database.read() as session:
            return await setting_history(session, cca, code)

    @router.post("/audits/{code}/versions", status_code=201)
    async def set_audit(cca: CcaCode, code: Code, new: NewSetting, who: Admin) -> SettingVersion:
        """Set an audit anew, or under `BATCH_RELEASE` how batches leave.

        What loosens a hold comes back with `two_people`: it counts once another administrator
        approves it.
        """
        async with database.unit_of_work() as session:
            return await write_setting(session, cca, code, new, signing(who.name), clock.now())

    @router.get("/audits/waiting")
    async def waiting(cca: CcaCode) -> list[SettingVersion]:
        """Settings that loosen a hold and wait for another administrator."""
        async with database.read() as session:
            return await settings_that_wait(session, cca)

    @router.post("/audits/{code}/versions/{version}/approval", status_code=201)
    async def approve(
        cca: CcaCode, code: Code, version: Version, new: NewApproval, who: Admin
    ) -> SettingVersion:
        """Let a setting count that another administrator asked for."""
        key = SettingKey(cca, code, new.customer_class, version)
        by, at = signing(who.name), clock.now()
        async with database.unit_of_work() as session:
            return await approve_setting(session, key, by, new.reason, at)


def _add_controls(router: APIRouter, database: Database, clock: Clock, desk: RatingDesk) -> None:
    @router.get("/controls")
    async def controls(cca: CcaCode) -> list[ControlView]:
        """The value hold: on or off, last trip, last test."""
        async with database.read() as session:
            return await show_controls(session, cca, clock.now())

    @router.post("/controls/tests", status_code=201)
    async def test_now(cca: CcaCode, who: Operator) -> list[ProofResult]:
        """Test the value hold now, beside the daily test."""
        async with database.unit_of_work() as session:
            return await prove_now(session, desk.books, cca, clock.now(), signing(who.name))


def _add_charges(router: APIRouter, database: Database) -> None:
    @router.get("/charges")
    async def charges(
        scope: InScope,
        state: Annotated[str | None, Query(pattern="^[a-z]{1,20}$")] = None,
        after: Position = 0,
        limit: Limit = PAGE_SIZE,
    ) -> ReviewsView:
        """Charges that wait for a person; with `state`, those that ended so."""
        async with database.read() as session:
            return await show_reviews(session, scope, state, after, limit)

    @router.get("/charges/{review_id}")
    async def charge(scope: InScope, review_id: ReviewId) -> WholeReviewView:
        """One of them, with its lines as they would leave and everything done to it."""
        async with database.read() as session:
            found = await show_review(session, scope, review_id)
        if found is None:
            raise ReviewUnknown(f"no charge is under review as {review_id}")
        return found

    @router.get("/findings")
    async def findings(
        scope: InScope,
        code: Annotated[str | None, Query(pattern="^[A-Z][A-Z0-9_]{0,39}$")] = None,
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
        limit: Limit = PAGE_SIZE,
    ) -> list[FindingView]:
        """What audits found, held or not, latest first."""
        async with database.read() as session:
            return await show_findings(session, scope, code, before, limit)


def _add_decisions(router: APIRouter, database: Database, clock: Clock, desk: RatingDesk) -> None:
    @router.post("/charges/{review_id}/acts", status_code=204)
    async def act(scope: InScope, review_id: ReviewId, new: NewAct, who: Operator) -> None:
        """Note something, assign it, ask for its release, return it, or let it wait longer."""
        async with database.unit_of_work() as session:
            await act_on(session, scope, review_id, new, signing(who.name), clock.now())

    @router.post("/charges/{review_id}/release")
    async def let_go(scope: InScope, review_id: ReviewId, why: Why, who: Operator) -> Released:
        """Let the charge leave as it was computed; whoever acted on it last cannot."""
        by, occasion = signing(who.name), Occasion(scope, clock.now())
        async with database.unit_of_work() as session:
            done = await release(session, desk, occasion, [review_id], by, why.reason)
        return Released(
            invoices=tuple(charge.invoice_number for charge in done.charges), held=done.held
        )


def _add_batches(router: APIRouter, database: Database, clock: Clock, desk: RatingDesk) -> None:
    @router.get("/batches")
    async def batches(scope: InScope, month: Month) -> list[Batch]:
        """The batches of the month of a day, counted by how far their bills came."""
        async with database.read() as session:
            return await list_batches(session, scope, month)

    @router.post("/batches/{bill_cycle}/{month}/owner", status_code=204)
    async def assign(
        scope: InScope, bill_cycle: Cycle, month: Month, new: NewOwner, who: Operator
    ) -> None:
        """Say who looks after a batch; `-` is the batch without a bill cycle."""
        signed = (signing(who.name), new.reason, clock.now())
        async with database.unit_of_work() as session:
            await assign_batch(session, scope, (_cycle(bill_cycle), month), new.owner, signed)

    @router.post("/batches/{bill_cycle}/{month}/release")
    async def let_batch_go(
        scope: InScope, bill_cycle: Cycle, month: Month, why: Why, who: Operator
    ) -> BatchReleased:
        """Let everything of a batch leave that no audit holds."""
        by, occasion = signing(who.name), Occasion(scope, clock.now())
        batch = (_cycle(bill_cycle), month)
        return await release_batch(database, desk, occasion, batch, by, why.reason)


def _add_clock(router: APIRouter, database: Database, clock: Clock) -> None:
    @router.get("/deadlines")
    async def deadlines(scope: InScope, limit: Limit = PAGE_SIZE) -> list[DeadlineView]:
        """Usage that waits, and how long its bill window is still open; the nearest first."""
        async with database.read() as session:
            return await show_deadlines(session, scope, clock.now(), limit)


def _cycle(name: str) -> str:
    return "" if name == NO_CYCLE_NAME else name
