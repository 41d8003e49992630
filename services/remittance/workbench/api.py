"""The workbench over HTTP: the same lists and acts as the console's pages.

Whatever moves money is for people of finance, signed with the token's name; what is above the
limit of one person answers `waiting` and is approved by somebody else.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, Field, ValidationError

from services.remittance.api import InScope
from services.remittance.placements import LineKey
from services.remittance.receivables import Scope, Standing
from services.remittance.workbench import act_questions, questions
from services.remittance.workbench.desk import ActState, Asked, Wanted, Workbench
from services.remittance.workbench.effects import effect_of
from services.remittance.workbench.exports import What, export
from services.remittance.workbench.plans import Plan
from services.remittance.workbench.questions import PAGE_SIZE, PAGE_SIZE_MAX
from services.remittance.workbench.sought import Age, Dollars, Sought, Word, read_charge_mark
from services.remittance.workbench.views import (
    ActPage,
    ActView,
    ActWish,
    Answer,
    ChargePage,
    Effect,
    LineDetail,
    MoneyPage,
    NewAct,
    NewReversal,
)
from shared.contracts.remittance import RemittanceOutcome
from shared.platform.web.identity import Finance, admit_to_cca
from shared.platform.web.problems import documented

NUMBER_MAX = 2**63 - 1


def _is_mark(after: str) -> str:
    read_charge_mark(after)
    return after


Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX)]
Mark = Annotated[str, Field(max_length=60), AfterValidator(_is_mark)]
Number = Annotated[int, Query(ge=0, le=NUMBER_MAX)]


def _sought(
    text: Word = "",
    state: Standing | None = None,
    outcome: RemittanceOutcome | None = None,
    show: Literal["waiting", "all"] = "waiting",
    amount_from: Dollars | None = None,
    amount_to: Dollars | None = None,
    age: Age | None = None,
) -> Sought:
    return Sought(
        text=text,
        state=state,
        outcome=outcome,
        show=show,
        amount_from=amount_from,
        amount_to=amount_to,
        age=age,
    )


Filter = Annotated[Sought, Depends(_sought)]


def build_workbench_router(desk: Workbench) -> APIRouter:
    """The routes below `/remittance/v1/workbench`."""
    router = APIRouter(
        prefix="/remittance/v1/workbench",
        tags=["workbench"],
        dependencies=[Depends(admit_to_cca)],
        responses=documented(401, 403, 422),
    )
    _add_lists(router, desk)
    _add_acts(router, desk)
    _add_answers(router, desk)
    return router


def _add_lists(router: APIRouter, desk: Workbench) -> None:
    @router.get("/charges")
    async def charges(
        scope: InScope, sought: Filter, after: Mark | None = None, limit: Limit = PAGE_SIZE
    ) -> ChargePage:
        """Charges with something open, oldest first."""
        today = desk.clock.now().date()
        async with desk.database.read() as session:
            return await questions.charges(
                session, scope, sought, today, after=after or "", limit=limit
            )

    @router.get("/money")
    async def money(
        scope: InScope, sought: Filter, after: Number = 0, limit: Limit = PAGE_SIZE
    ) -> MoneyPage:
        """Lines of payments with money that waits (or all of them), in the order of entry."""
        today = desk.clock.now().date()
        async with desk.database.read() as session:
            return await questions.money(session, scope, sought, today, after=after, limit=limit)

    @router.get("/{what}.{form}", response_class=Response)
    async def file(
        scope: InScope, what: What, form: Literal["csv", "xlsx"], sought: Filter
    ) -> Response:
        """All that a list's filter finds, as a table."""
        return await export(desk, scope, sought, what, form)

    @router.get("/lines/{transaction_id}/{sequence}", responses=documented(404))
    async def line(
        scope: InScope,
        transaction_id: UUID,
        sequence: Annotated[int, Path(ge=1, le=2**31 - 1)],
    ) -> LineDetail:
        """One line: on which charges it stands, and every place that it had."""
        today = desk.clock.now().date()
        async with desk.database.read() as session:
            key = LineKey(transaction_id, sequence)
            return await questions.line_detail(session, scope, today, key)


def _add_acts(router: APIRouter, desk: Workbench) -> None:
    @router.get("/acts")
    async def acts(
        scope: InScope,
        state: ActState | None = None,
        before: Number = 0,
        limit: Limit = PAGE_SIZE,
    ) -> ActPage:
        """What people asked for, latest first; `state=waiting` is what waits for approval."""
        async with desk.database.read() as session:
            return await act_questions.acts(session, scope, state, before=before, limit=limit)

    @router.get("/acts/{act_id}", responses=documented(404))
    async def act(scope: InScope, act_id: UUID) -> ActView:
        """One act with all that it does."""
        return await _shown(desk, scope, act_id)

    @router.post("/effect", responses=documented(404, 409))
    async def effect(scope: InScope, wish: ActWish, _who: Finance) -> Effect:
        """What an act would come to; nothing is done."""
        return await effect_of(desk, scope, _plan(wish))

    @router.post("/acts", status_code=201, responses=documented(404, 409))
    async def ask(scope: InScope, new: NewAct, who: Finance, response: Response) -> ActView:
        """Do it, or let it wait for a second person; the same `once_key` again is the same act."""
        wanted = Wanted(_plan(new), new.reason, who.name, new.once_key)
        return await _asked(desk, scope, await desk.ask(scope, wanted), response)

    @router.post("/acts/{act_id}/reversal", status_code=201, responses=documented(404, 409))
    async def take_back(
        scope: InScope, act_id: UUID, new: NewReversal, who: Finance, response: Response
    ) -> ActView:
        """Undo an act by one of the opposite effect."""
        asked = await desk.take_back(scope, act_id, new.reason, who.name, new.once_key)
        return await _asked(desk, scope, asked, response)


def _add_answers(router: APIRouter, desk: Workbench) -> None:
    @router.post("/acts/{act_id}/approval", responses=documented(404, 409))
    async def approve(scope: InScope, act_id: UUID, said: Answer, who: Finance) -> ActView:
        """Approve what somebody else asked for; it is done at once."""
        await desk.approve(scope, act_id, who.name, said.words)
        return await _shown(desk, scope, act_id)

    @router.post("/acts/{act_id}/refusal", responses=documented(404, 409))
    async def decline(scope: InScope, act_id: UUID, said: Answer, who: Finance) -> ActView:
        """Say no to what waits."""
        await desk.decline(scope, act_id, who.name, said.words)
        return await _shown(desk, scope, act_id)

    @router.post("/acts/{act_id}/withdrawal", responses=documented(404, 409))
    async def withdraw(scope: InScope, act_id: UUID, said: Answer, who: Finance) -> ActView:
        """Take one's own request away."""
        await desk.withdraw(scope, act_id, who.name, said.words)
        return await _shown(desk, scope, act_id)


async def _asked(desk: Workbench, scope: Scope, asked: Asked, response: Response) -> ActView:
    if asked.again:
        response.status_code = 200
    return await _shown(desk, scope, asked.act_id)


async def _shown(desk: Workbench, scope: Scope, act_id: UUID) -> ActView:
    async with desk.database.read() as session:
        return await act_questions.act_view(session, scope, act_id)


def _plan(wish: ActWish) -> Plan:
    try:
        return wish.plan()
    except ValidationError as wrong:
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in wrong.errors()]
        ) from wrong
