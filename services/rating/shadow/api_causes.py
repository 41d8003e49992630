"""Differences of shadow bills over HTTP: by cause, one by one, and what people do about a cause."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.rating.api import InScope
from services.rating.browsing.marks import PAGE_ROWS, ROWS_MAX, Sight
from services.rating.scope import Scope
from services.rating.shadow.causes import (
    CauseActView,
    CauseRow,
    DifferenceFilter,
    DifferencePage,
    show_cause_acts,
    show_causes,
    show_differences,
)
from services.rating.shadow.compare import DifferenceKind
from services.rating.shadow.differences import Code, DifferenceState, NewCauseAct, act_on_cause
from services.rating.store_activation import signing
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.web.identity import Operator

Word = Annotated[str | None, Query(max_length=80, pattern=r"^[^\x00]+$")]
Position = Annotated[int | None, Query(ge=1, le=2**62)]
Limit = Annotated[int, Query(ge=1, le=ROWS_MAX)]


def add_causes(router: APIRouter, database: Database, clock: Clock) -> None:
    """Add the routes about causes and differences to those of shadow bills."""

    @router.get("/causes")
    async def causes(
        scope: InScope, owner: Word = None, state: DifferenceState | None = None
    ) -> list[CauseRow]:
        """What bills differ in, by cause, state and owner; the most money first."""
        async with database.read() as session:
            wanted = DifferenceFilter(owner=owner, state=state)
            return await show_causes(session, _sight(scope), wanted)

    @router.get("/differences")
    async def differences(
        scope: InScope,
        kind: DifferenceKind | None = None,
        code: Annotated[Code | None, Query()] = None,
        account_number: Word = None,
        owner: Word = None,
        state: DifferenceState | None = None,
        before: Position = None,
        limit: Limit = PAGE_ROWS,
    ) -> DifferencePage:
        """Differences one by one, newest first; `next_before` is the `before` of the next page."""
        wanted = DifferenceFilter(kind, code, account_number, owner, state)
        async with database.read() as session:
            return await show_differences(session, _sight(scope), wanted, before, limit)

    @router.get("/causes/acts")
    async def acts(scope: InScope, kind: DifferenceKind, code: Code = "") -> list[CauseActView]:
        """Everything done about a cause, latest first."""
        async with database.read() as session:
            return await show_cause_acts(session, _sight(scope), kind, code)

    @router.post("/causes/acts", status_code=204)
    async def act(scope: InScope, new: NewCauseAct, who: Operator) -> None:
        """Assign, explain, open again or note something about all differences of a cause."""
        async with database.unit_of_work() as session:
            await act_on_cause(session, scope, new, signing(who.name), clock.now())


def _sight(scope: Scope) -> Sight:
    return Sight((scope.cca,), scope.environment)
