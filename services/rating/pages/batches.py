"""Pages about batches: how far each bill cycle came, which bill windows close, and the release."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import ValidationError

from services.rating.browsing.batches import awaiting_money, batch_acts
from services.rating.browsing.marks import ROWS_MAX
from services.rating.messages import Occasion
from services.rating.pages.months import MonthForm, month_shown
from services.rating.pages.rooms import (
    REASON,
    REASON_WANTED,
    SEE_OTHER,
    Asked,
    Day,
    House,
    Word,
)
from services.rating.review.api import NewOwner
from services.rating.review.batches import Batch, assign_batch, list_batches, release_batch
from services.rating.review.views import show_deadlines
from services.rating.scope import Scope
from services.rating.store_activation import signing
from shared.platform.web import csv_file
from shared.platform.web.identity import Operator, Principal, Viewer
from shared.platform.web.scopes import KnownCca, chosen

DEADLINES_SHOWN: Final = 20
NO_CYCLE: Final = "-"
"""How an address calls the batch of agreements without a bill cycle."""
STAGES: Final = (
    *("expected", "received", "missing", "held", "under_review", "awaiting_release", "charged"),
    *("sent", "accepted", "rejected", "not_billed"),
)

WINDOWS_HEAD: Final = (
    *("cca", "utility", "account_number", "usage_id", "waits_for", "code", "sent_at", "due_at"),
    *("basis", "standing", "transaction_id"),
)


class BatchesForm(MonthForm):
    """Which month, and what a release just came to."""

    released: int | None = None
    held: int | None = None


class BatchForm(Asked):
    """Which batch."""

    cycle: Word = NO_CYCLE
    month: Day


@dataclass(frozen=True, slots=True)
class ScopedBatch:
    """A batch and whose it is."""

    scope: Scope
    batch: Batch

    @property
    def cycle(self) -> str:
        """The cycle as an address names it."""
        return self.batch.bill_cycle or NO_CYCLE


def build(house: House) -> APIRouter:
    """The pages below `/rating/batches`."""
    router = APIRouter()
    _add_lists(router, house)
    _add_one(router, house)
    _add_release(router, house)
    return router


def _add_lists(router: APIRouter, house: House) -> None:
    @router.get("/rating/batches")
    async def batches(
        request: Request, principal: Viewer, asked: Annotated[BatchesForm, Query()]
    ) -> Response:
        """Every batch of a month by stage, and the bill windows that close next."""
        month = await month_shown(house, principal, asked)
        found = await _batches(house, principal, asked, month)
        deadlines = []
        async with house.database.read() as session:
            for one in chosen(principal, asked.cca):
                scope, at = house.scope(one), house.clock.now()
                rows = await show_deadlines(session, scope, at, DEADLINES_SHOWN)
                deadlines += [(scope, row) for row in rows]
        deadlines.sort(key=lambda pair: pair[1].due_at)
        values = {
            "asked": asked,
            "month": month,
            "before": f"/rating/batches?{asked.address(month=month - timedelta(days=1))}",
            "after": f"/rating/batches?{asked.address(month=month + timedelta(days=31))}",
            "batches": found,
            "deadlines": deadlines[:DEADLINES_SHOWN],
            "csv": f"/rating/batches.csv?{asked.address(month=month)}",
            "windows_csv": f"/rating/windows.csv?{asked.address(month=None)}",
        }
        return house.page(request, principal, "batches.html", values)

    @router.get("/rating/batches.csv")
    async def batches_csv(
        principal: Viewer, asked: Annotated[BatchesForm, Query()]
    ) -> StreamingResponse:
        """The same as a file."""
        month = await month_shown(house, principal, asked)
        found = await _batches(house, principal, asked, month)
        return csv_file.download("batches.csv", _csv(found))

    @router.get("/rating/windows.csv")
    async def windows_csv(principal: Viewer, asked: Annotated[Asked, Query()]) -> StreamingResponse:
        """The bill windows that close next, at most 500 of each CCA."""
        rows = _windows_csv(house, chosen(principal, asked.cca))
        return csv_file.download("bill-windows.csv", rows)


async def _windows_csv(house: House, ccas: tuple[KnownCca, ...]) -> AsyncIterator[str]:
    yield csv_file.lines([WINDOWS_HEAD])
    for one in ccas:
        async with house.database.read() as session:
            at = house.clock.now()
            rows = await show_deadlines(session, house.scope(one), at, ROWS_MAX)
        yield csv_file.lines(
            [
                *(one.cca, one.utility, csv_file.Identifier(row.account_number)),
                *(csv_file.Identifier(row.usage_id), row.stage.value, row.reason, row.sent_at),
                *(row.due_at, row.basis.value, row.standing.value, row.transaction_id),
            ]
            for row in rows
        )


def _add_one(router: APIRouter, house: House) -> None:
    @router.get("/rating/batches/one")
    async def batch(
        request: Request, principal: Viewer, asked: Annotated[BatchForm, Query()]
    ) -> Response:
        """One batch: how far it came, whose it is, and what was done about it."""
        return await _show_one(house, request, principal, asked, None)

    @router.post("/rating/batches/one")
    async def assign(
        request: Request, principal: Operator, asked: Annotated[BatchForm, Query()]
    ) -> Response:
        """Say who looks after a batch."""
        scope, by = house.one(principal, asked.cca), signing(principal.name)
        said = await house.said(request, principal)
        try:
            new = NewOwner(owner=said.get("owner", ""), reason=said.get("reason", ""))
        except ValidationError:
            wrong = "Say who, and why, in a few words."
            return await _show_one(house, request, principal, asked, wrong)
        async with house.database.unit_of_work() as session:
            signed = (by, new.reason, house.clock.now())
            batch = (_cycle(asked.cycle), asked.month)
            await assign_batch(session, scope, batch, new.owner, signed)
        return RedirectResponse(f"/rating/batches/one?{asked.address()}", SEE_OTHER)


async def _show_one(
    house: House, request: Request, principal: Principal, asked: BatchForm, wrong: str | None
) -> Response:
    scope, cycle = house.one(principal, asked.cca), _cycle(asked.cycle)
    async with house.database.read() as session:
        batches = await list_batches(session, scope, asked.month)
        acts = await batch_acts(session, scope, cycle, asked.month)
        money = await awaiting_money(session, scope, cycle, asked.month)
    found = next((ScopedBatch(scope, one) for one in batches if one.bill_cycle == cycle), None)
    if found is None:
        raise HTTPException(404, f"No agreement of {scope.cca} has the bill cycle {asked.cycle}.")
    values = {
        "asked": asked,
        "scope": scope,
        "one": found,
        "acts": acts,
        "money": money,
        "wrong": wrong,
        "me": principal.name,
    }
    return house.page(request, principal, "batch.html", values)


def _add_release(router: APIRouter, house: House) -> None:
    @router.get("/rating/batches/release")
    async def confirm(
        request: Request, principal: Operator, asked: Annotated[BatchForm, Query()]
    ) -> Response:
        """What a release would do, in counts and money, before anybody does it."""
        return await _confirm(house, request, principal, asked, None)

    @router.post("/rating/batches/release")
    async def let_go(
        request: Request, principal: Operator, asked: Annotated[BatchForm, Query()]
    ) -> Response:
        """Let a batch leave; once more finds nothing left to release."""
        scope, hands = house.one(principal, asked.cca), house.acting()
        said = await house.said(request, principal)
        try:
            reason = REASON.validate_python(said.get("reason", ""))
        except ValidationError:
            return await _confirm(house, request, principal, asked, REASON_WANTED)
        done = await release_batch(
            house.database,
            hands.desk,
            Occasion(scope, house.clock.now()),
            (_cycle(asked.cycle), asked.month),
            signing(principal.name),
            reason,
        )
        told = asked.address(cycle=None, released=done.released, held=done.held)
        return RedirectResponse(f"/rating/batches?{told}", SEE_OTHER)


async def _confirm(
    house: House, request: Request, principal: Principal, asked: BatchForm, wrong: str | None
) -> Response:
    scope = house.one(principal, asked.cca)
    async with house.database.read() as session:
        money = await awaiting_money(session, scope, _cycle(asked.cycle), asked.month)
    values = {"asked": asked, "scope": scope, "money": money, "wrong": wrong}
    return house.page(request, principal, "batch_release.html", values)


async def _batches(
    house: House, principal: Principal, asked: BatchesForm, month: date
) -> list[ScopedBatch]:
    found = []
    async with house.database.read() as session:
        for one in chosen(principal, asked.cca):
            scope = house.scope(one)
            rows = await list_batches(session, scope, month)
            found += [ScopedBatch(scope, row) for row in rows if row.expected or row.received]
    return found


def _cycle(word: str) -> str:
    return "" if word == NO_CYCLE else word


async def _csv(found: Sequence[ScopedBatch]) -> AsyncIterator[str]:
    yield csv_file.lines([("cca", "utility", "bill_cycle", "month", *STAGES, "due_at", "owner")])
    yield csv_file.lines(
        [
            *(one.scope.cca, one.scope.utility, csv_file.Identifier(one.cycle), one.batch.month),
            *(getattr(one.batch, stage) for stage in STAGES),
            *(one.batch.due_at, one.batch.owner),
        ]
        for one in found
    )
