"""The pages of a re-run: pick what, see the dry run in counts and money, confirm, watch, take away.

No engineer is needed: an operator who finds a wrong rate corrects the tariff, asks here for what it
touched, and starts the job when the numbers are those expected.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import Field, ValidationError

from services.rating.browsing.marks import ROWS_MAX
from services.rating.pages.rooms import REASON, REASON_WANTED, SEE_OTHER, Asked, House, Word
from services.rating.rerun.asked import CodeMapping, RerunAsked, mapping_job
from services.rating.rerun.jobs import RerunSettings
from services.rating.rerun.store_jobs import find_job, list_jobs
from services.rating.rerun.views import items_csv, line_of, show_items, show_job, show_unmapped
from services.rating.scope import Scope
from services.rating.store_activation import signing
from shared.platform.refusals import Refusal, wrong_words
from shared.platform.web import csv_file
from shared.platform.web.identity import Analyst, Operator, Principal, Viewer
from shared.platform.web.scopes import chosen

JOBS_SHOWN: Final = 50
ITEMS_SHOWN: Final = 100
FILTERS: Final = (
    *("plan_id", "plan_version", "rate_code", "bill_cycle", "period_from", "period_to"),
    *("hold_code", "what"),
)

JOBS_HEAD: Final = (
    *("cca", "utility", "job", "state", "why", "asked_by", "asked_at", "bills", "done"),
    "at_stake_usd",
)


class RerunsForm(Asked):
    """Whose jobs, and what a new one begins with."""

    before: int = Field(default=0, ge=0, le=2**62)
    plan_id: Word | None = None
    plan_version: Word | None = None
    rate_code: Word | None = None
    bill_cycle: Word | None = None
    accounts: Word | None = None
    hold_code: Word | None = None


class JobForm(Asked):
    """Whose job, and where its list of bills goes on."""

    after: int = Field(default=0, ge=0, le=2**31 - 1)


def build(house: House) -> APIRouter:
    """The pages below `/rating/rerun`."""
    router = APIRouter()
    _add_list(router, house)
    _add_job(router, house)
    return router


def _add_list(router: APIRouter, house: House) -> None:
    @router.get("/rating/rerun")
    async def reruns(
        request: Request, principal: Viewer, asked: Annotated[RerunsForm, Query()]
    ) -> Response:
        """The form for a new job, rate codes that no plan knows, and the jobs so far."""
        return await _list(house, request, principal, asked, None)

    @router.get("/rating/rerun/jobs.csv")
    async def jobs_csv(principal: Viewer, asked: Annotated[Asked, Query()]) -> StreamingResponse:
        """Every job, newest first within a CCA, streamed."""
        scopes = [house.scope(one) for one in chosen(principal, asked.cca)]
        return csv_file.download("re-runs.csv", _jobs_csv(house, scopes))

    @router.post("/rating/rerun")
    async def ask(request: Request, principal: Operator) -> Response:
        """Ask for a dry run; the same form sent twice is one job."""
        said = await house.said(request, principal)
        scope = house.one(principal, said.get("cca"))
        try:
            wanted = _asked(said)
            reruns = house.acting().reruns
            job = await reruns.ask(scope, wanted, said.get("key", ""), signing(principal.name))
        except ValidationError as wrong:
            words = wrong_words(wrong).replace("filter.", "").replace("_", " ")
            return await _list(house, request, principal, RerunsForm(cca=scope.cca), words)
        except Refusal as refusal:
            form_again = RerunsForm(cca=scope.cca)
            return await _list(house, request, principal, form_again, refusal.detail)
        return RedirectResponse(_place(scope, job.job_id), SEE_OTHER)


def _add_job(router: APIRouter, house: House) -> None:
    @router.get("/rating/rerun/{job_id}")
    async def job(
        request: Request, principal: Viewer, job_id: UUID, asked: Annotated[JobForm, Query()]
    ) -> Response:
        """One job: dry run, confirmation, progress, result."""
        return await _job(house, request, principal, job_id, asked, None)

    @router.post("/rating/rerun/{job_id}")
    async def decide(
        request: Request, principal: Operator, job_id: UUID, asked: Annotated[JobForm, Query()]
    ) -> Response:
        """Start or cancel it; twice is once."""
        scope, reruns = house.one(principal, asked.cca), house.acting().reruns
        said = await house.said(request, principal)
        try:
            reason = REASON.validate_python(said.get("reason", ""))
        except ValidationError:
            return await _job(house, request, principal, job_id, asked, REASON_WANTED)
        act = reruns.cancel if said.get("step") == "cancel" else reruns.start
        try:
            await act(scope, job_id, signing(principal.name), reason)
        except Refusal as refusal:
            return await _job(house, request, principal, job_id, asked, refusal.detail)
        return RedirectResponse(_place(scope, job_id), SEE_OTHER)

    @router.get("/rating/rerun/{job_id}/items.csv")
    async def items(
        principal: Analyst, job_id: UUID, asked: Annotated[JobForm, Query()]
    ) -> StreamingResponse:
        """Every bill of a job as a file."""
        scope = house.one(principal, asked.cca)
        async with house.database.read() as session:
            await find_job(session, scope, job_id)
        return csv_file.download(f"rerun-{job_id}.csv", items_csv(house.database, job_id))


async def _list(
    house: House,
    request: Request,
    principal: Principal,
    asked: RerunsForm,
    wrong: str | None,
) -> Response:
    jobs: list[tuple[Scope, Any]] = []
    unmapped: list[tuple[Scope, Any]] = []
    async with house.database.read() as session:
        book = await house.hands.desk.books.current(session) if house.hands else None
        for one in chosen(principal, asked.cca):
            scope = house.scope(one)
            found = await list_jobs(session, scope, asked.before, JOBS_SHOWN)
            jobs += [(scope, line_of(job)) for job in found]
            if book is not None:
                unmapped += [(scope, row) for row in await show_unmapped(session, scope, book)]
    jobs.sort(key=lambda pair: pair[1].seq, reverse=True)
    last = jobs[JOBS_SHOWN - 1][1].seq if len(jobs) >= JOBS_SHOWN else None
    values = {
        "asked": asked,
        "jobs": jobs[:JOBS_SHOWN],
        "older": f"/rating/rerun?{asked.address(before=last)}" if last else None,
        "newest": f"/rating/rerun?{asked.address(before=None)}" if asked.before else None,
        "unmapped": unmapped,
        "csv": f"/rating/rerun/jobs.csv?{urlencode({'cca': asked.cca}) if asked.cca else ''}",
        "wrong": wrong,
        "key": uuid4().hex,
    }
    return house.page(request, principal, "reruns.html", values)


async def _jobs_csv(house: House, scopes: list[Scope]) -> AsyncIterator[str]:
    yield csv_file.lines([JOBS_HEAD])
    for scope in scopes:
        before = 0
        while True:
            async with house.database.read() as session:
                jobs = [line_of(job) for job in await list_jobs(session, scope, before, ROWS_MAX)]
            yield csv_file.lines(
                [
                    *(scope.cca, scope.utility, job.job_id, job.state.value, job.reason),
                    *(job.asked_by, job.asked_at, job.total, job.position, job.at_stake),
                ]
                for job in jobs
            )
            if len(jobs) < ROWS_MAX:
                break
            before = jobs[-1].seq


async def _job(
    house: House,
    request: Request,
    principal: Principal,
    job_id: UUID,
    asked: JobForm,
    wrong: str | None,
) -> Response:
    scope = house.one(principal, asked.cca)
    settings = house.hands.reruns.settings if house.hands else RerunSettings()
    async with house.database.read() as session:
        job = await show_job(session, scope, job_id, settings.second_person_cents)
        items = await show_items(session, job_id, asked.after, ITEMS_SHOWN)
    more = items[-1].position if len(items) == ITEMS_SHOWN else None
    place = _place(scope, job_id)
    values = {
        "asked": asked,
        "scope": scope,
        "job": job,
        "items": items,
        "more": f"{place}&after={more}" if more else None,
        "first": place if asked.after else None,
        "place": place,
        "csv": f"/rating/rerun/{job_id}/items.csv?{urlencode({'cca': scope.cca})}",
        "wrong": wrong,
    }
    return house.page(request, principal, "rerun.html", values)


def _asked(said: dict[str, str]) -> RerunAsked:
    """What a form asks: a filter, or a rate code to be mapped.

    Raises:
        ValidationError: it asks for nothing, or for what cannot be.
    """
    reason = said.get("reason", "")
    if "plan_code" in said:
        mapping = CodeMapping.model_validate(
            {
                name: said[name]
                for name in ("rate_code", "plan_code", "effective_from")
                if name in said
            }
        )
        return mapping_job(mapping, reason)
    wanted: dict[str, object] = {name: said[name] for name in FILTERS if name in said}
    if "accounts" in said:
        wanted["accounts"] = said["accounts"].replace(",", " ").split()
    return RerunAsked.model_validate({"filter": wanted, "reason": reason})


def _place(scope: Scope, job_id: UUID) -> str:
    return f"/rating/rerun/{job_id}?{urlencode({'cca': scope.cca})}"
