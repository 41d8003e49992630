"""Re-rating over HTTP: ask for a dry run, look at it, start it, watch it, take the result along.

Whatever changes something is for operators, signed with the token's name, and kept with the job.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from services.rating.api import InScope
from services.rating.rerun.asked import CodeMapping, RerunAsked, SubmitKey, Why, mapping_job
from services.rating.rerun.jobs import RerunDesk
from services.rating.rerun.store_jobs import find_job, list_jobs
from services.rating.rerun.views import (
    ItemView,
    MappingView,
    RerunLine,
    RerunView,
    UnmappedView,
    items_csv,
    line_of,
    show_items,
    show_job,
    show_mappings,
    show_unmapped,
)
from services.rating.scope import Scope
from services.rating.store_activation import signing
from shared.platform.web.csv_file import download
from shared.platform.web.identity import Analyst, Operator
from shared.platform.web.problems import documented

PAGE_SIZE_MAX = 500
SEQ_MAX = 2**62
POSITION_MAX = 2**31 - 1

Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX)]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class NewRerun(_Said):
    """A job asked for over HTTP."""

    key: SubmitKey
    """Made by the caller; the same key again is the same job."""
    asked: RerunAsked


class NewMapping(_Said):
    """A rate code to be mapped, over HTTP."""

    key: SubmitKey
    """Made by the caller; the same key again is the same job."""
    mapping: CodeMapping
    reason: Why


class Decision(_Said):
    """Why a job is started or cancelled."""

    reason: Why


class RerunList(BaseModel):
    """A page of jobs, newest first."""

    model_config = ConfigDict(frozen=True)

    jobs: tuple[RerunLine, ...]
    next_before: int | None = None


class ItemList(BaseModel):
    """A page of a job's bills."""

    model_config = ConfigDict(frozen=True)

    items: tuple[ItemView, ...]
    next_after: int | None = None


def build_rerun_router(reruns: RerunDesk) -> APIRouter:
    """The routes below `/rating/v1/reruns` and `/rating/v1/rate-codes`."""
    router = APIRouter(responses=documented(401, 403, 404, 409, 422))
    _add_jobs(router, reruns)
    _add_results(router, reruns)
    _add_codes(router, reruns)
    return router


async def _show(reruns: RerunDesk, scope: Scope, job_id: UUID) -> RerunView:
    async with reruns.database.read() as session:
        return await show_job(session, scope, job_id, reruns.settings.second_person_cents)


def _add_jobs(router: APIRouter, reruns: RerunDesk) -> None:
    @router.post("/reruns", status_code=202)
    async def ask(scope: InScope, new: NewRerun, who: Operator) -> RerunView:
        """Ask for a dry run; nothing is billed. The same key again shows the same job."""
        job = await reruns.ask(scope, new.asked, new.key, signing(who.name))
        return await _show(reruns, scope, job.job_id)

    @router.get("/reruns")
    async def jobs(
        scope: InScope,
        before: Annotated[int, Query(ge=0, le=SEQ_MAX)] = 0,
        limit: Limit = 50,
    ) -> RerunList:
        """Jobs, newest first."""
        async with reruns.database.read() as session:
            found = await list_jobs(session, scope, before, limit)
        return RerunList(
            jobs=tuple(line_of(job) for job in found),
            next_before=found[-1].seq if len(found) == limit else None,
        )

    @router.get("/reruns/{job_id}")
    async def job(scope: InScope, job_id: UUID) -> RerunView:
        """A job: what was asked, counts and money, progress, and who did what."""
        return await _show(reruns, scope, job_id)

    @router.post("/reruns/{job_id}/start", status_code=202)
    async def start(scope: InScope, job_id: UUID, why: Decision, who: Operator) -> RerunView:
        """Do what the dry run told. Above a limit of money, somebody else than who asked."""
        await reruns.start(scope, job_id, signing(who.name), why.reason)
        return await _show(reruns, scope, job_id)

    @router.post("/reruns/{job_id}/cancel")
    async def cancel(scope: InScope, job_id: UUID, why: Decision, who: Operator) -> RerunView:
        """End a job; what its finished batches did stays done."""
        await reruns.cancel(scope, job_id, signing(who.name), why.reason)
        return await _show(reruns, scope, job_id)


def _add_results(router: APIRouter, reruns: RerunDesk) -> None:
    @router.get("/reruns/{job_id}/items")
    async def items(
        scope: InScope,
        job_id: UUID,
        outcome: Annotated[str | None, Query(pattern=r"^[a-z_]{1,20}$")] = None,
        after: Annotated[int, Query(ge=0, le=POSITION_MAX)] = 0,
        limit: Limit = 100,
    ) -> ItemList:
        """Every bill of a job: what it was, what it would be, and what came of it."""
        async with reruns.database.read() as session:
            await find_job(session, scope, job_id)
            found = await show_items(session, job_id, after, limit, outcome)
        return ItemList(
            items=tuple(found), next_after=found[-1].position if len(found) == limit else None
        )

    @router.get("/reruns/{job_id}/items.csv", response_class=StreamingResponse)
    async def csv(scope: InScope, job_id: UUID, _who: Analyst) -> StreamingResponse:
        """The same as a file for a spreadsheet."""
        async with reruns.database.read() as session:
            await find_job(session, scope, job_id)
        return download(f"rerun-{job_id}.csv", items_csv(reruns.database, job_id))


def _add_codes(router: APIRouter, reruns: RerunDesk) -> None:
    @router.get("/rate-codes/unmapped")
    async def unmapped(scope: InScope) -> list[UnmappedView]:
        """Rate codes that no plan knows, with the usage and the accounts that wait for them."""
        async with reruns.database.read() as session:
            book = await reruns.desk.books.current(session)
            return await show_unmapped(session, scope, book)

    @router.get("/rate-codes/mappings")
    async def mappings(scope: InScope) -> list[MappingView]:
        """Every rate code that was mapped, who did it and why; of those for a day the first."""
        async with reruns.database.read() as session:
            return await show_mappings(session, scope)

    @router.post("/rate-codes/mappings", status_code=202)
    async def map_code(scope: InScope, new: NewMapping, who: Operator) -> RerunView:
        """Ask what mapping a code would charge; starting the job maps it and releases the usage."""
        asked = mapping_job(new.mapping, new.reason)
        job = await reruns.ask(scope, asked, new.key, signing(who.name))
        return await _show(reruns, scope, job.job_id)
