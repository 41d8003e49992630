"""Answers over HTTP what the service knows: accounts, charges with their reasons, and holds.

Every question names the CCA, the utility and the environment it is about; nothing is shown across.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query

from services.rating.scope import Scope
from services.rating.store_tariffs import ListedPlan, list_plans
from services.rating.views import (
    PAGE_SIZE_MAX,
    AgreementView,
    ChargeView,
    HoldsView,
    show_account,
    show_charge,
    show_holds,
)
from shared.contracts.parts import CcaCode, Environment, UtilityCode
from shared.platform.database import Database

PAGE_SIZE = 100

Authorize = Callable[..., Awaitable[Any] | Any]
"""A FastAPI dependency that lets a request through or raises."""


def _scope(cca: CcaCode, utility: UtilityCode, environment: Environment) -> Scope:
    return Scope(cca, utility, environment)


InScope = Annotated[Scope, Depends(_scope)]


def build_router(database: Database, authorize: Authorize | None = None) -> APIRouter:
    """The routes of the service.

    Args:
        database: where to read.
        authorize: asked before every route, when given.
    """
    guards = [Depends(authorize)] if authorize else []
    router = APIRouter(prefix="/rating/v1", tags=["rating"], dependencies=guards)

    @router.get("/accounts/{account_number}")
    async def account(account_number: str, scope: InScope) -> list[AgreementView]:
        """Service agreements of an account, with their history."""
        async with database.read() as session:
            found = await show_account(session, scope, account_number)
        if not found:
            raise HTTPException(404, "The account is not known")
        return found

    @router.get("/charges/{invoice_number}")
    async def charge(invoice_number: str, scope: InScope) -> ChargeView:
        """A charge with its lines and the explanation of its price."""
        async with database.read() as session:
            found = await show_charge(session, scope, invoice_number)
        if found is None:
            raise HTTPException(404, "The invoice is not known")
        return found

    @router.get("/holds")
    async def holds(
        scope: InScope,
        code: str | None = None,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE,
    ) -> HoldsView:
        """Usage that waits: counts by code, and a page of it."""
        async with database.read() as session:
            return await show_holds(session, scope, code, after, limit)

    @router.get("/plans")
    async def plans() -> list[ListedPlan]:
        """Every imported plan version."""
        async with database.read() as session:
            return await list_plans(session)

    return router
