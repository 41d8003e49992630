"""The console's pages for many acts at once: ask, look at counts and money, start, watch."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field, ValidationError

from services.remittance.receivables import Standing
from services.remittance.workbench import bulk_questions
from services.remittance.workbench.bulk import BulkAsked, BulkDesk, BulkWhat
from services.remittance.workbench.bulk_questions import ITEMS_SHOWN
from services.remittance.workbench.rooms import SEE_OTHER, BadForm, Room, key_of, room_of, said_in
from services.remittance.workbench.sought import Sought, address
from services.remittance.workbench.views import REASON_CHARS_MAX
from shared.platform.refusals import Refusal
from shared.platform.web.identity import Finance, Viewer

FILTERS: Final = ("text", "state", "amount_from", "amount_to", "age")
MEANINGS: Final = {
    BulkWhat.EXACT_MATCHES: "Match money with the one charge of its account that has this amount",
    BulkWhat.SMALL_BALANCES: "Write off small balances",
}


class BulkForm(Sought):
    """Whose jobs, and what a new one begins with."""

    cca: Annotated[str, Field(max_length=20)] = ""
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


def build_bulk_pages(desk: BulkDesk) -> APIRouter:
    """The routes below `/reconcile/bulk`."""
    router = APIRouter(include_in_schema=False)
    workbench = desk.workbench

    @router.get("/reconcile/bulk")
    async def jobs(
        request: Request, principal: Viewer, asked: Annotated[BulkForm, Query()]
    ) -> Response:
        """The form for a new job, and the jobs so far."""
        return await _jobs(desk, room_of(workbench, request, principal, asked.cca), asked, {})

    @router.post("/reconcile/bulk")
    async def ask(
        request: Request, principal: Finance, asked: Annotated[BulkForm, Query()]
    ) -> Response:
        """Plan a job; the same form sent twice is one job."""
        room = room_of(workbench, request, principal, asked.cca)
        said = await said_in(request, principal)
        try:
            job_id = await desk.ask(room.scope, _asked(said, principal.name))
        except (BadForm, Refusal) as wrong:
            words = wrong.detail if isinstance(wrong, Refusal) else str(wrong)
            return await _jobs(desk, room, asked, said, words)
        return RedirectResponse(_place(room, job_id), SEE_OTHER)

    @router.get("/reconcile/bulk/{job_id}")
    async def job(
        request: Request, principal: Viewer, job_id: UUID, asked: Annotated[BulkForm, Query()]
    ) -> Response:
        """One job: what it comes to, how far it is, what came of it."""
        room = room_of(workbench, request, principal, asked.cca)
        return await _job(desk, room, job_id, asked)

    @router.post("/reconcile/bulk/{job_id}")
    async def decide(
        request: Request, principal: Finance, job_id: UUID, asked: Annotated[BulkForm, Query()]
    ) -> Response:
        """Start or cancel it."""
        room = room_of(workbench, request, principal, asked.cca)
        said = await said_in(request, principal)
        step = desk.cancel if said.get("step") == "cancel" else desk.start
        try:
            await step(room.scope, job_id, principal.name)
        except Refusal as refusal:
            return await _job(desk, room, job_id, asked, refusal.detail)
        return RedirectResponse(_place(room, job_id), SEE_OTHER)

    return router


def _asked(said: dict[str, str], by: str) -> BulkAsked:
    """Read a form.

    Raises:
        BadForm: something is missing, or cannot be meant.
    """
    reason = said.get("reason", "")[:REASON_CHARS_MAX]
    if not reason:
        raise BadForm("Say why: the reason is kept with every act.")
    try:
        sought = Sought.model_validate({name: said.get(name, "") for name in FILTERS})
        what = BulkWhat(said.get("what", ""))
    except ValidationError as wrong:
        names = ", ".join(str(one["loc"][0]).replace("_", " ") for one in wrong.errors())
        raise BadForm(f"This cannot be meant: {names}.") from wrong
    except ValueError as wrong:
        raise BadForm("Say what is to be done.") from wrong
    return BulkAsked(what, sought, reason, by, key_of(said))


async def _jobs(
    desk: BulkDesk, room: Room, asked: BulkForm, said: dict[str, str], wrong: str | None = None
) -> Response:
    async with desk.workbench.database.read() as session:
        found = await bulk_questions.jobs(session, room.scope)
    values = {
        "asked": asked,
        "said": said,
        "wrong": wrong,
        "jobs": found,
        "meanings": MEANINGS,
        "states": [one.value for one in Standing],
        "key": said.get("key") or uuid4().hex,
        "place": address("/reconcile/bulk", {"cca": room.cca.cca}),
    }
    return room.page("reconcile_bulk.html", values, 422 if wrong else 200)


async def _job(
    desk: BulkDesk, room: Room, job_id: UUID, asked: BulkForm, wrong: str | None = None
) -> Response:
    async with desk.workbench.database.read() as session:
        job = await bulk_questions.job_view(session, room.scope, job_id)
        items = await bulk_questions.job_items(session, job_id, asked.after)
    place, more = _place(room, job_id), None
    if len(items) == ITEMS_SHOWN:
        here = {"cca": room.cca.cca, "after": items[-1].position}
        more = address(f"/reconcile/bulk/{job_id}", here)
    values = {
        "asked": asked,
        "job": job,
        "items": items,
        "wrong": wrong,
        "meanings": MEANINGS,
        "place": place,
        "more": more,
        "first": place if asked.after else None,
    }
    return room.page("reconcile_job.html", values, 422 if wrong else 200)


def _place(room: Room, job_id: UUID) -> str:
    return address(f"/reconcile/bulk/{job_id}", {"cca": room.cca.cca})
