"""Pages about accounts: a box for any number, the list, and one account with all about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from services.rating.browsing.accounts import Found, list_accounts, look_up, scopes_of
from services.rating.browsing.charges import ChargeFilter, list_charges
from services.rating.browsing.energy import UsageRow, newest_reading_day, usage_history
from services.rating.browsing.marks import ROWS_MAX, MarkWord, Sight
from services.rating.browsing.story import account_story
from services.rating.intervals.showing import Asked as AskedReadings
from services.rating.intervals.showing import DayReadings, show_days
from services.rating.pages.rooms import Asked, Day, House, Word
from services.rating.pages.usage_charts import days_chart, hours_chart, months_chart
from services.rating.scope import Scope
from services.rating.views import show_account
from shared.platform.database import ReadSession
from shared.platform.web import csv_file
from shared.platform.web.csv_file import Identifier
from shared.platform.web.identity import Viewer

SEE_OTHER: Final = 303
CHARGES_SHOWN: Final = 24
CHANNELS_SHOWN: Final = 8
CSV_HEAD: Final = (
    *("account_number", "usage_id", "purpose", "corrects", "service_agreement_id", "meters"),
    *("period_start", "period_end", "delivered_kwh", "received_kwh", "demand_kw", "estimated"),
    *("state", "held_for", "received_at"),
)
LIST_HEAD: Final = (
    *("account_number", "cca", "utility", "service_agreement_id", "customer_name", "city"),
    *("rate_code", "product", "status", "effective_on"),
)


class AccountsForm(Asked):
    """What the list is asked."""

    q: Word | None = None
    after: MarkWord | None = None


class AccountForm(Asked):
    """Which account, and which part of its readings."""

    number: Word
    month: Day | None = None
    """Any day of the month whose days are shown."""
    day: Day | None = None
    """The day whose readings are shown."""


def build(house: House) -> APIRouter:
    """The pages below `/rating/accounts`."""
    router = APIRouter()

    @router.get("/rating/accounts")
    async def accounts(
        request: Request, principal: Viewer, asked: Annotated[AccountsForm, Query()]
    ) -> Response:
        """The box, and a page of accounts or what was found."""
        sight = house.sight(principal, asked.cca)
        values: dict[str, Any] = {"asked": asked, "found": None, "page": None}
        async with house.database.read() as session:
            if asked.q:
                found = await look_up(session, sight, asked.q)
                if len(found) == 1:
                    return RedirectResponse(place_of(found[0]), SEE_OTHER)
                values["found"] = [(one, place_of(one)) for one in found]
            else:
                page = await list_accounts(session, sight, asked.after)
                older = f"/rating/accounts?{asked.address(after=page.next)}" if page.next else None
                newest = f"/rating/accounts?{asked.filters()}" if asked.after else None
                values |= {"page": page, "older": older, "newest": newest}
        values["csv"] = f"/rating/accounts.csv?{asked.filters()}"
        return house.page(request, principal, "accounts.html", values)

    @router.get("/rating/accounts.csv")
    async def accounts_csv(
        principal: Viewer, asked: Annotated[AccountsForm, Query()]
    ) -> StreamingResponse:
        """Every account, streamed."""
        sight = house.sight(principal, asked.cca)
        return csv_file.download("accounts.csv", _accounts_csv(house, sight))

    @router.get("/rating/accounts/one")
    async def account(
        request: Request, principal: Viewer, asked: Annotated[AccountForm, Query()]
    ) -> Response:
        """One account: register, usage, charges, and what happened."""
        sight = house.sight(principal, asked.cca)
        async with house.database.read() as session:
            scopes = await scopes_of(session, sight, asked.number)
            if not scopes:
                raise HTTPException(
                    404,
                    f"No account {asked.number} is known here. If its 814 or 867 came only now,"
                    " look it up under Transactions.",
                )
            values = await _account(session, scopes[0], asked)
        return house.page(request, principal, "account.html", {**values, "others": scopes[1:]})

    @router.get("/rating/accounts/one/usage.csv")
    async def usage_csv(
        principal: Viewer, asked: Annotated[AccountForm, Query()]
    ) -> StreamingResponse:
        """The account's 867s, one a line."""
        sight = house.sight(principal, asked.cca)
        return csv_file.download("usage.csv", _usage_csv(house, sight, asked.number))

    return router


def place_of(found: Found) -> str:
    """The page of what somebody looked for."""
    if found.invoice_number:
        return f"/rating/charges/{found.invoice_number}?{urlencode({'cca': found.cca})}"
    return f"/rating/accounts/one?{urlencode({'number': found.account_number, 'cca': found.cca})}"


async def _account(session: ReadSession, scope: Scope, asked: AccountForm) -> dict[str, Any]:
    number = asked.number
    history = await usage_history(session, scope, number)
    sight = Sight((scope.cca,), scope.environment)
    wanted = ChargeFilter(account_number=number)
    charges = await list_charges(session, sight, wanted, limit=CHARGES_SHOWN)
    return {
        "asked": asked,
        "scope": scope,
        "agreements": await show_account(session, scope, number),
        "history": history,
        "months": months_chart(history) if any(row.counts for row in history) else None,
        "charges": charges,
        "events": await account_story(session, scope, number),
        **await _readings(session, scope, asked),
    }


async def _readings(session: ReadSession, scope: Scope, asked: AccountForm) -> dict[str, Any]:
    """The charts of a month and of a day, with the addresses of their neighbours."""
    newest = await newest_reading_day(session, scope, asked.number)
    if newest is None:
        return {"month": None}
    shown = asked.day or asked.month or newest
    month = shown.replace(day=1)
    after = (month + timedelta(days=31)).replace(day=1)
    days = await _days(session, scope, asked.number, month, after - timedelta(days=1))

    def link(**place: date | None) -> str:
        query = asked.address(**{"month": None, "day": None, **place})
        return f"/rating/accounts/one?{query}#readings"

    today = [one for one in days if one.day == asked.day] if asked.day else []
    return {
        "month": month,
        "month_chart": days_chart(days, month, lambda day: link(day=day)),
        "month_before": link(month=(month - timedelta(days=1)).replace(day=1)),
        "month_after": link(month=after),
        "day_charts": [hours_chart(one, n) for n, one in enumerate(today[:CHANNELS_SHOWN])],
        "day_before": link(day=shown - timedelta(days=1)),
        "day_after": link(day=shown + timedelta(days=1)),
        "month_end": after - timedelta(days=1),
    }


async def _days(
    session: ReadSession, scope: Scope, number: str, first: date, last: date
) -> list[DayReadings]:
    asked = AskedReadings(number, first, last)
    return [day async for day in show_days(session, scope, asked)]


async def _accounts_csv(house: House, sight: Sight) -> AsyncIterator[str]:
    yield csv_file.lines([LIST_HEAD])
    after: str | None = None
    while True:
        async with house.database.read() as session:
            page = await list_accounts(session, sight, after, ROWS_MAX)
        yield csv_file.lines(
            [
                *(Identifier(row.account_number), row.cca, row.utility),
                *(Identifier(row.service_agreement_id), row.customer_name, row.city),
                *(row.rate_code, row.product, row.status, row.effective_on),
            ]
            for row in page.accounts
        )
        if page.next is None:
            return
        after = page.next


async def _usage_csv(house: House, sight: Sight, number: str) -> AsyncIterator[str]:
    yield csv_file.lines([CSV_HEAD])
    async with house.database.read() as session:
        for scope in await scopes_of(session, sight, number):
            rows = await usage_history(session, scope, number, ROWS_MAX)
            yield csv_file.lines(_usage_cells(number, row) for row in rows)


def _usage_cells(number: str, row: UsageRow) -> list[csv_file.Value]:
    energy = row.energy
    return [
        Identifier(number),
        Identifier(row.usage_id),
        row.purpose,
        Identifier(row.original_usage_id) if row.original_usage_id else None,
        Identifier(row.service_agreement_id) if row.service_agreement_id else None,
        Identifier(" ".join(energy.meters)),
        *(row.period_start, row.period_end),
        *(energy.delivered_kwh, energy.received_kwh, energy.demand_kw, energy.estimated),
        *(row.state, row.hold_code, row.received_at),
    ]
