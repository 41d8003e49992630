"""Bulk jobs over HTTP: plan, look, start, follow, cancel."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.remittance.api import InScope
from services.remittance.receivables import Scope
from services.remittance.workbench import bulk_questions
from services.remittance.workbench.api import Filter
from services.remittance.workbench.bulk import BulkAsked, BulkDesk, BulkWhat
from services.remittance.workbench.bulk_questions import ITEMS_SHOWN, ItemView, JobView
from services.remittance.workbench.views import OnceKey, Question, Words
from shared.platform.web.identity import Finance, admit_to_cca
from shared.platform.web.problems import documented


class NewJob(Question):
    """A job asked for; its filter stands in the query."""

    what: BulkWhat
    reason: Words
    once_key: OnceKey


def build_bulk_router(desk: BulkDesk) -> APIRouter:
    """The routes below `/remittance/v1/workbench/jobs`."""
    router = APIRouter(
        prefix="/remittance/v1/workbench/jobs",
        tags=["workbench"],
        dependencies=[Depends(admit_to_cca)],
        responses=documented(401, 403, 422),
    )
    database = desk.workbench.database

    async def shown(scope: Scope, job_id: UUID) -> JobView:
        async with database.read() as session:
            return await bulk_questions.job_view(session, scope, job_id)

    @router.get("")
    async def jobs(scope: InScope) -> tuple[JobView, ...]:
        """The latest jobs."""
        async with database.read() as session:
            return await bulk_questions.jobs(session, scope)

    @router.post("", status_code=201)
    async def ask(scope: InScope, sought: Filter, new: NewJob, who: Finance) -> JobView:
        """Plan a job for all that the filter finds; nothing is done yet."""
        asked = BulkAsked(new.what, sought, new.reason, who.name, new.once_key)
        return await shown(scope, await desk.ask(scope, asked))

    @router.get("/{job_id}", responses=documented(404))
    async def job(scope: InScope, job_id: UUID) -> JobView:
        """One job: what it comes to, and how far it is."""
        return await shown(scope, job_id)

    @router.get("/{job_id}/items", responses=documented(404))
    async def items(
        scope: InScope,
        job_id: UUID,
        after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = ITEMS_SHOWN,
    ) -> tuple[ItemView, ...]:
        """A page of the acts of a job, and what came of each."""
        async with database.read() as session:
            await bulk_questions.job_view(session, scope, job_id)
            return await bulk_questions.job_items(session, job_id, after, limit)

    @router.post("/{job_id}/start", responses=documented(404, 409))
    async def start(scope: InScope, job_id: UUID, who: Finance) -> JobView:
        """Let it run; above the limit of one person by somebody other than whoever asked."""
        await desk.start(scope, job_id, who.name)
        return await shown(scope, job_id)

    @router.post("/{job_id}/cancel", responses=documented(404, 409))
    async def cancel(scope: InScope, job_id: UUID, who: Finance) -> JobView:
        """Stop it; what is done stays done."""
        await desk.cancel(scope, job_id, who.name)
        return await shown(scope, job_id)

    return router
