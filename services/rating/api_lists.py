"""Lists over HTTP: accounts, charges, what an account used and what happened to it.

They answer what the pages show, by the same functions, for one CCA at a time.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from services.rating.api import InScope
from services.rating.browsing.accounts import AccountPage, list_accounts
from services.rating.browsing.charges import ChargeFilter, ChargePage, list_charges
from services.rating.browsing.energy import UsageRow, usage_history
from services.rating.browsing.marks import PAGE_ROWS, ROWS_MAX, Mark, MarkWord, Sight
from services.rating.browsing.rate_codes import RateCodeRow, list_rate_codes
from services.rating.browsing.story import Event, account_story
from services.rating.scope import Scope
from services.rating.store_tariffs import PriceBooks
from shared.contracts.parts import Purpose
from shared.platform.database import Database
from shared.platform.web.problems import documented

Word = Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00]+$")]
Day = Annotated[date, Query(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
Limit = Annotated[int, Query(ge=1, le=ROWS_MAX)]


def build_list_router(database: Database) -> APIRouter:
    """The routes below `/rating/v1` that list.

    Args:
        database: where to read.
    """
    router = APIRouter(responses=documented(401, 403, 422))
    _add_accounts(router, database)
    _add_charges(router, database)
    _add_rate_codes(router, database)
    return router


def _add_accounts(router: APIRouter, database: Database) -> None:

    @router.get("/accounts")
    async def accounts(
        scope: InScope, after: MarkWord | None = None, limit: Limit = PAGE_ROWS
    ) -> AccountPage:
        """Accounts by number; `next` is the `after` of the next page."""
        async with database.read() as session:
            return await list_accounts(session, _sight(scope), after, limit)

    @router.get("/accounts/{account_number}/usage")
    async def usage(
        account_number: Word, scope: InScope, limit: Limit = PAGE_ROWS
    ) -> list[UsageRow]:
        """The newest 867s of an account with their energy, and where each stands; oldest first."""
        async with database.read() as session:
            return await usage_history(session, scope, account_number, limit)

    @router.get("/accounts/{account_number}/timeline")
    async def timeline(account_number: Word, scope: InScope) -> list[Event]:
        """What happened to an account, newest first: requests, usage, holds, charges."""
        async with database.read() as session:
            return await account_story(session, scope, account_number)


def _add_charges(router: APIRouter, database: Database) -> None:
    @router.get("/charges")
    async def charges(
        scope: InScope,
        account_number: Word | None = None,
        plan_id: Word | None = None,
        plan_version: Word | None = None,
        purpose: Purpose | None = None,
        after: MarkWord | None = None,
        limit: Limit = PAGE_ROWS,
    ) -> ChargePage:
        """Charges, newest first; `next` is the `after` of the next page."""
        wanted = ChargeFilter(account_number, plan_id, plan_version, purpose)
        async with database.read() as session:
            return await list_charges(session, _sight(scope), wanted, Mark.read(after), limit)


def _add_rate_codes(router: APIRouter, database: Database) -> None:
    books = PriceBooks()

    @router.get("/rate-codes/agreements")
    async def rate_codes(scope: InScope, on: Day) -> list[RateCodeRow]:
        """Agreements that are served by rate code, and the plan that would bill each on a day."""
        async with database.read() as session:
            book = await books.current(session)
            return await list_rate_codes(session, _sight(scope), book, on)


def _sight(scope: Scope) -> Sight:
    return Sight((scope.cca,), scope.environment)
