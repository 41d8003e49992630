"""Pages about what utilities' own bills differ in: by cause, one by one, and what people do.

A rate-ready bill is rated again from its usage. What differs in the same way has one cause, which
somebody looks after and in the end explains: a price of theirs, a price of ours, a rounding.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import Field, ValidationError

from services.rating.browsing.marks import PAGE_ROWS, ROWS_MAX, Sight
from services.rating.pages.rooms import SEE_OTHER, Asked, House, Word
from services.rating.shadow.causes import (
    CauseRow,
    DifferenceFilter,
    DifferenceRow,
    show_cause_acts,
    show_causes,
    show_differences,
)
from services.rating.shadow.compare import DifferenceKind
from services.rating.shadow.differences import (
    CauseUnknown,
    DifferenceState,
    NewCauseAct,
    act_on_cause,
)
from services.rating.store_activation import signing
from shared.platform.refusals import Refusal
from shared.platform.web import csv_file
from shared.platform.web.csv_file import Identifier
from shared.platform.web.identity import Operator, Principal, Viewer

ROOM: Final = "/rating/utility-bills"
CAUSES_HEAD: Final = (
    *("cca", "utility", "kind", "code", "label", "state", "owner", "bills", "differences"),
    *("amount_usd", "oldest", "explained_by", "explanation"),
)
DIFFERENCES_HEAD: Final = (
    *("cca", "utility", "invoice_number", "account_number", "kind", "code", "label", "ours"),
    *("theirs", "amount_usd", "state", "owner", "since", "transaction_id"),
)


class CauseForm(Asked):
    """Which cause."""

    kind: DifferenceKind
    code: Word = ""


class BillsForm(Asked):
    """Which differences."""

    kind: DifferenceKind | None = None
    code: Word | None = None
    account: Word | None = None
    owner: Word | None = None
    state: DifferenceState | None = None
    before: Annotated[int | None, Field(ge=1, le=2**62)] = None

    def wanted(self) -> DifferenceFilter:
        """The filter."""
        return DifferenceFilter(self.kind, self.code, self.account, self.owner, self.state)


def build(house: House) -> APIRouter:
    """The pages below `/rating/utility-bills`."""
    router = APIRouter()
    _add_lists(router, house)
    _add_cause(router, house)
    return router


def _add_lists(router: APIRouter, house: House) -> None:
    @router.get(ROOM)
    async def bills(
        request: Request, principal: Viewer, asked: Annotated[BillsForm, Query()]
    ) -> Response:
        """Causes with owner, state and money, and a page of the differences themselves."""
        sight = house.sight(principal, asked.cca)
        async with house.database.read() as session:
            causes = await show_causes(session, sight, asked.wanted())
            page = await show_differences(session, sight, asked.wanted(), asked.before, PAGE_ROWS)
        filters = asked.address(before=None)
        older = asked.address(before=page.next_before) if page.next_before else None
        values = {
            "asked": asked,
            "causes": causes,
            "page": page,
            "filtered": bool(filters),
            "older": f"{ROOM}?{older}#differences" if older else None,
            "newest": f"{ROOM}?{filters}#differences" if asked.before else None,
            "csv": f"{ROOM}.csv?{filters}",
            "causes_csv": f"{ROOM}/causes.csv?{filters}",
            **_words(),
        }
        return house.page(request, principal, "utility_bills.html", values)

    @router.get(f"{ROOM}.csv")
    async def differences_csv(
        principal: Viewer, asked: Annotated[BillsForm, Query()]
    ) -> StreamingResponse:
        """All differences that the filters leave, streamed."""
        sight = house.sight(principal, asked.cca)
        rows = _differences_csv(house, sight, asked.wanted())
        return csv_file.download("utility-bill-differences.csv", rows)

    @router.get(f"{ROOM}/causes.csv")
    async def causes_csv(
        principal: Viewer, asked: Annotated[BillsForm, Query()]
    ) -> StreamingResponse:
        """All causes as a file."""
        async with house.database.read() as session:
            sight = house.sight(principal, asked.cca)
            causes = await show_causes(session, sight, asked.wanted())
        return csv_file.download("utility-bill-causes.csv", _causes_csv(causes))


def _add_cause(router: APIRouter, house: House) -> None:
    @router.get(f"{ROOM}/cause")
    async def cause(
        request: Request, principal: Viewer, asked: Annotated[CauseForm, Query()]
    ) -> Response:
        """One cause of one CCA: its money, its owner, and what was done about it."""
        return await _show_cause(house, request, principal, asked, None)

    @router.post(f"{ROOM}/cause")
    async def act(
        request: Request, principal: Operator, asked: Annotated[CauseForm, Query()]
    ) -> Response:
        """Assign, explain, open again or note something about a cause."""
        scope, by = house.one(principal, asked.cca), signing(principal.name)
        said = await house.said(request, principal)
        try:
            new = NewCauseAct.model_validate({**said, "kind": asked.kind, "code": asked.code})
            async with house.database.unit_of_work() as session:
                await act_on_cause(session, scope, new, by, house.clock.now())
        except ValidationError:
            wrong = "Say what and why, in a few words, and whom if it is assigned."
            return await _show_cause(house, request, principal, asked, wrong)
        except Refusal as refusal:
            return await _show_cause(house, request, principal, asked, refusal.detail)
        return RedirectResponse(f"{ROOM}/cause?{asked.address()}", SEE_OTHER)


async def _show_cause(
    house: House, request: Request, principal: Principal, asked: CauseForm, wrong: str | None
) -> Response:
    scope = house.one(principal, asked.cca)
    sight = Sight((scope.cca,), scope.environment)
    wanted = DifferenceFilter(kind=asked.kind, code=asked.code)
    settled = DifferenceFilter(asked.kind, asked.code, state=DifferenceState.SETTLED)
    async with house.database.read() as session:
        rows = await show_causes(session, sight, wanted)
        rows += await show_causes(session, sight, settled)
        acts = await show_cause_acts(session, sight, asked.kind, asked.code)
    if not rows:
        raise CauseUnknown(f"no bill of {scope.cca} differs in {asked.kind} {asked.code}")
    values = {
        "asked": asked,
        "scope": scope,
        "rows": rows,
        "acts": acts,
        "wrong": wrong,
        "me": principal.name,
        **_words(),
    }
    return house.page(request, principal, "utility_bill_cause.html", values)


def _words() -> dict[str, Any]:
    return {
        "kinds": {
            DifferenceKind.MISSING: "not on their bill",
            DifferenceKind.EXTRA: "not on ours",
            DifferenceKind.QUANTITY: "another quantity",
            DifferenceKind.PRICE: "another price",
            DifferenceKind.AMOUNT: "another amount",
            DifferenceKind.TOTAL: "another total",
        },
        "states": [state.value for state in DifferenceState],
    }


async def _differences_csv(
    house: House, sight: Sight, wanted: DifferenceFilter
) -> AsyncIterator[str]:
    yield csv_file.lines([DIFFERENCES_HEAD])
    before: int | None = None
    while True:
        async with house.database.read() as session:
            page = await show_differences(session, sight, wanted, before, ROWS_MAX)
        yield csv_file.lines(_cells(row) for row in page.differences)
        if page.next_before is None:
            return
        before = page.next_before


def _cells(row: DifferenceRow) -> list[csv_file.Value]:
    return [
        *(row.cca, row.utility, Identifier(row.invoice_number), Identifier(row.account_number)),
        *(row.kind.value, row.code, row.label, row.ours, row.theirs, row.amount),
        *(row.state.value, row.owner, row.since, row.transaction_id),
    ]


async def _causes_csv(causes: list[CauseRow]) -> AsyncIterator[str]:
    yield csv_file.lines([CAUSES_HEAD])
    yield csv_file.lines(
        [
            *(row.cca, row.utility, row.kind.value, row.code, row.label, row.state.value),
            *(row.owner, row.bills, row.differences, row.amount, row.oldest),
            *(row.explained_by, row.explanation),
        ]
        for row in causes
    )
