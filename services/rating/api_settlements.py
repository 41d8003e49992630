"""The yearly settlement over HTTP: prepare, look at, approve by somebody else, list the cheques.

Preparing and approving are signed with the token's name, and must be two people's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from services.rating.api import InScope
from services.rating.api_tariffs import Reason
from services.rating.components.nem import PaidHow
from services.rating.settlement.runs import (
    NothingToSettle,
    Run,
    RunEnd,
    RunHead,
    approve,
    list_runs,
    load_run,
    prepare,
)
from services.rating.store_activation import signing
from services.rating.store_tariffs import load_book
from services.rating.tariffs.book import PriceBook
from shared.contracts.measures import Usd, UsdPrice, from_cents, from_micro, to_micro
from shared.platform.clock import Clock
from shared.platform.database import Database, ReadSession, WriteSession
from shared.platform.web.csv_file import Identifier, lines
from shared.platform.web.identity import Operator
from shared.platform.web.problems import documented

END_HEAD: Final = (
    *("account", "agreement", "bills", "settled_through", "surplus_kwh", "rate", "earned"),
    *("paid", "how", "balance_before", "ended", "next_balance"),
)


RunId = Annotated[int, PathParameter(ge=1, lt=2**63)]


class YearAsked(BaseModel):
    """Which year is to be settled, and at which rate."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    ended_on: Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1))]
    """The last closing read of the year."""
    nsc: Annotated[Decimal, Field(ge=0, le=10, max_digits=8, decimal_places=6)]
    """Net surplus compensation of the month, dollars per kWh."""


class EndView(BaseModel):
    """What one service agreement's year ends in."""

    model_config = ConfigDict(frozen=True)

    account_number: str
    service_agreement_id: str
    bills: int
    settled_through: date
    surplus_kwh: Decimal
    rate: UsdPrice
    earned: Usd
    paid: Usd
    how: str
    balance_before: Usd
    ended: Usd
    next_balance: Usd
    source: str


class RunView(BaseModel):
    """A settlement run, and what it comes to."""

    model_config = ConfigDict(frozen=True)

    run_id: int
    ended_on: date
    nsc: UsdPrice
    prepared_by: str
    prepared_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    cheques: Usd
    bill_credits: Usd
    ends: tuple[EndView, ...]


def build_settlement_router(database: Database, clock: Clock) -> APIRouter:
    """The routes below `/rating/v1/settlements`.

    Args:
        database: where runs are kept.
        clock: tells the time.
    """
    router = APIRouter(prefix="/settlements", responses=documented(401, 403, 404, 409, 422))

    @router.get("")
    async def runs(scope: InScope) -> list[RunHead]:
        """Every run of a CCA, latest first."""
        async with database.read() as session:
            return await list_runs(session, scope)

    @router.post("", status_code=201)
    async def prepare_run(scope: InScope, asked: YearAsked, who: Operator) -> RunView:
        """Work out a year and record it; nothing is booked. The same again gives the same run."""
        async with database.unit_of_work() as session:
            book = await current_book(session)
            year = (asked.ended_on, to_micro(asked.nsc))
            run = await prepare(session, scope, book, year, signing(who.name), clock.now())
        return run_view(run)

    @router.get("/{run_id}", response_model=RunView)
    async def one_run(
        scope: InScope,
        run_id: RunId,
        form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
        how: PaidHow | None = None,
    ) -> RunView | Response:
        """A run; as a table with `format=csv`, of cheques alone with `how=cheque`."""
        async with database.read() as session:
            run = await load_run(session, scope, run_id)
        if form == "csv":
            return Response(
                ends_csv(end for end in run.ends if how in {None, end.how}),
                media_type="text/csv",
                headers={"Content-Disposition": f'attachment; filename="settlement-{run_id}.csv"'},
            )
        return run_view(run)

    @router.post("/{run_id}/approval", status_code=201)
    async def approve_run(scope: InScope, run_id: RunId, why: Reason, who: Operator) -> RunView:
        """Book a run; whoever prepared it cannot. Bills from now on apply the credits."""
        async with database.unit_of_work() as session:
            book = await current_book(session)
            signed = (signing(who.name), why.reason)
            run = await approve(session, scope, book, run_id, signed, clock.now())
        return run_view(run)

    return router


async def current_book(session: ReadSession | WriteSession) -> PriceBook:
    """The tariffs in force.

    Raises:
        NothingToSettle: none were imported.
    """
    book = await load_book(session)
    if book is None:
        raise NothingToSettle("no tariffs were imported")
    return book


def run_view(run: Run) -> RunView:
    """A run as it is shown."""
    head = run.head
    paid = {how: sum(e.paid_cents for e in run.ends if e.how == how) for how in _PAYING}
    return RunView(
        run_id=head.run_id,
        ended_on=head.ended_on,
        nsc=from_micro(head.nsc_micro),
        prepared_by=head.prepared_by,
        prepared_at=head.prepared_at,
        approved_by=head.approved_by,
        approved_at=head.approved_at,
        cheques=from_cents(paid["cheque"]),
        bill_credits=from_cents(paid["bill_credit"]),
        ends=tuple(_end_view(end) for end in run.ends),
    )


_PAYING: Final = ("cheque", "bill_credit")


def ends_csv(ends: Iterable[RunEnd]) -> str:
    """A run as a table."""
    shown = [_end_view(end) for end in ends]
    rows = [
        (
            *(Identifier(one.account_number), Identifier(one.service_agreement_id), one.bills),
            *(one.settled_through, one.surplus_kwh, one.rate, one.earned, one.paid, one.how),
            *(one.balance_before, one.ended, one.next_balance),
        )
        for one in shown
    ]
    return lines([END_HEAD, *rows])


def _end_view(end: RunEnd) -> EndView:
    return EndView(
        account_number=end.account_number,
        service_agreement_id=end.service_agreement_id,
        bills=end.bills,
        settled_through=end.settled_through,
        surplus_kwh=from_micro(end.surplus_micro),
        rate=from_micro(end.rate_micro),
        earned=from_cents(end.earned_cents),
        paid=from_cents(end.paid_cents),
        how=end.how,
        balance_before=from_cents(end.balance_cents),
        ended=from_cents(end.ended_cents),
        next_balance=from_cents(end.next_balance_cents),
        source=str(end.policy.get("source", "")),
    )
