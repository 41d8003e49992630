"""Shadow bills over HTTP: what differs, why, how much may, and checking again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from services.rating.api import InScope
from services.rating.messages import Occasion
from services.rating.rerun.asked import Why
from services.rating.scope import Scope
from services.rating.shadow.api_causes import add_causes
from services.rating.shadow.check import ShadowDesk
from services.rating.shadow.compare import Tolerance
from services.rating.shadow.tolerance import load_tolerance, set_tolerance
from services.rating.store import REPORTED_INVOICES, SHADOW
from services.rating.store_accounts import in_scope
from services.rating.store_activation import signing
from shared.contracts.charges import InvoiceCheck
from shared.contracts.measures import Usd, from_cents
from shared.platform.clock import Clock
from shared.platform.database import Database, ReadSession
from shared.platform.refusals import Refusal
from shared.platform.web.identity import Operator
from shared.platform.web.problems import documented

PAGE_SIZE_MAX = 500
FIRST = UUID(int=0)
MICRO_MAX = 10**12


class BillUnknown(Refusal):
    """The utility sent no such bill, or it is another CCA's."""

    code = "SHADOW_BILL_UNKNOWN"
    status = 404
    title = "There is no such bill"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class BillLine(_View):
    """A utility's bill in a list."""

    transaction_id: UUID
    invoice_number: str
    account_number: str
    total: Usd
    state: InvoiceCheck
    received_at: datetime


class BillList(_View):
    """A page of bills, by their transactions."""

    bills: tuple[BillLine, ...]
    next_after: UUID | None = None


class DifferenceView(_View):
    """One place where two bills part."""

    kind: str
    code: str
    label: str
    ours: str | None
    theirs: str | None
    difference: Usd


class CheckView(_View):
    """One time that a bill was checked."""

    state: InvoiceCheck
    usage_transaction_id: UUID | None
    plan_id: str | None
    plan_version: str | None
    ours: Usd | None
    theirs: Usd
    differences: tuple[DifferenceView, ...]
    checked_at: datetime


class BillView(BillLine):
    """A bill with every check of it, the last one first."""

    checks: tuple[CheckView, ...]


class ToleranceAsked(BaseModel):
    """How much may differ; in 1e-6 kWh, 1e-6 dollars, and cents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity_micro: Annotated[int, Field(ge=0, le=MICRO_MAX)]
    price_micro: Annotated[int, Field(ge=0, le=MICRO_MAX)]
    line_cents: Annotated[int, Field(ge=0, le=MICRO_MAX)]
    total_cents: Annotated[int, Field(ge=0, le=MICRO_MAX)]
    reason: Why


class ToleranceView(_View):
    """What is tolerated now."""

    quantity_micro: int
    price_micro: int
    line_cents: int
    total_cents: int


def build_shadow_router(database: Database, clock: Clock, shadow: ShadowDesk) -> APIRouter:
    """The routes below `/rating/v1/shadow-bills`."""
    router = APIRouter(prefix="/shadow-bills", responses=documented(401, 403, 404, 422))
    _add_tolerance(router, database, clock)
    add_causes(router, database, clock)
    _add_bills(router, database, clock, shadow)
    return router


def _add_tolerance(router: APIRouter, database: Database, clock: Clock) -> None:
    @router.get("/tolerance")
    async def tolerance(scope: InScope) -> ToleranceView:
        """How much a utility's bill may differ before a person must look."""
        async with database.read() as session:
            return _tolerated(await load_tolerance(session, scope))

    @router.post("/tolerance", status_code=201)
    async def tolerate(scope: InScope, asked: ToleranceAsked, who: Operator) -> ToleranceView:
        """Say how much may differ from now on; what was said before stays on record."""
        tolerated = Tolerance(**asked.model_dump(exclude={"reason"}))
        async with database.unit_of_work() as session:
            by = signing(who.name)
            await set_tolerance(session, scope, tolerated, by, asked.reason, clock.now())
        return _tolerated(tolerated)


def _add_bills(router: APIRouter, database: Database, clock: Clock, shadow: ShadowDesk) -> None:
    @router.get("")
    async def bills(
        scope: InScope,
        state: InvoiceCheck | None = None,
        after: UUID = FIRST,
        limit: Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX)] = 100,
    ) -> BillList:
        """Bills that the utility computed, by what came of checking them."""
        async with database.read() as session:
            rows = await _bills(session, scope, state, after, limit)
        return BillList(
            bills=tuple(BillLine(**_line(row)) for row in rows),
            next_after=rows[-1].transaction_id if len(rows) == limit else None,
        )

    @router.get("/{transaction_id}")
    async def bill(scope: InScope, transaction_id: UUID) -> BillView:
        """A bill, and every difference that was found."""
        async with database.read() as session:
            return await _show(session, scope, transaction_id)

    @router.post("/{transaction_id}/checks", status_code=201)
    async def check(scope: InScope, transaction_id: UUID, _who: Operator) -> BillView:
        """Check a bill again, e.g. after a tariff was corrected."""
        async with database.unit_of_work() as session:
            occasion = Occasion(scope, clock.now())
            await shadow.check_again(session, occasion, [transaction_id])
        async with database.read() as session:
            return await _show(session, scope, transaction_id)


def _tolerated(tolerance: Tolerance) -> ToleranceView:
    return ToleranceView.model_validate(tolerance, from_attributes=True)


async def _bills(
    session: ReadSession, scope: Scope, state: InvoiceCheck | None, after: UUID, limit: int
) -> list[Any]:
    t = REPORTED_INVOICES.c
    wanted = [t.state == state.value] if state else []
    found = await session.execute(
        select(REPORTED_INVOICES)
        .where(*in_scope(REPORTED_INVOICES, scope), *wanted, t.transaction_id > after)
        .order_by(t.transaction_id)
        .limit(limit)
    )
    return list(found)


def _line(row: Any) -> dict[str, Any]:  # noqa: ANN401  a row of any query
    names = ("transaction_id", "invoice_number", "account_number", "state", "received_at")
    told = {name: getattr(row, name) for name in names}
    return {**told, "total": from_cents(row.total_cents)}


async def _show(session: ReadSession, scope: Scope, transaction_id: UUID) -> BillView:
    t, c = REPORTED_INVOICES.c, SHADOW.checks.c
    found = await session.execute(
        select(REPORTED_INVOICES).where(
            *in_scope(REPORTED_INVOICES, scope), t.transaction_id == transaction_id
        )
    )
    row = found.one_or_none()
    if row is None:
        raise BillUnknown(f"the utility sent no bill {transaction_id}")
    checks = await session.execute(
        select(SHADOW.checks).where(c.transaction_id == transaction_id).order_by(c.check_id.desc())
    )
    d = SHADOW.differences.c
    kept = await session.execute(
        select(SHADOW.differences)
        .where(d.transaction_id == transaction_id)
        .order_by(d.difference_id)
    )
    by_check: dict[int, list[Any]] = {}
    for one in kept:
        by_check.setdefault(one.check_id, []).append(one)
    return BillView(
        **_line(row),
        checks=tuple(_check(check, by_check.get(check.check_id, ())) for check in checks),
    )


def _check(row: Any, differences: Iterable[Any]) -> CheckView:  # noqa: ANN401
    names = ("state", "usage_transaction_id", "plan_id", "plan_version", "checked_at")
    return CheckView(
        **{name: getattr(row, name) for name in names},
        ours=None if row.ours_cents is None else from_cents(row.ours_cents),
        theirs=from_cents(row.theirs_cents),
        differences=tuple(
            DifferenceView(
                **{
                    name: getattr(one, name) for name in ("kind", "code", "label", "ours", "theirs")
                },
                difference=from_cents(one.difference_cents),
            )
            for one in differences
        ),
    )
