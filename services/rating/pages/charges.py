"""Pages about charges: the list, the file of it, and one charge line by line with its reasons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.rating.browsing.charges import (
    ChargeFilter,
    ChargeRow,
    list_charges,
    tell_charge,
)
from services.rating.browsing.marks import ROWS_MAX, Mark, MarkWord, Sight
from services.rating.pages.rooms import Asked, Day, House, Word, day_after, midnight
from services.rating.pages.usage_charts import charges_chart
from shared.contracts.parts import Purpose
from shared.platform.web import csv_file
from shared.platform.web.csv_file import Identifier
from shared.platform.web.identity import Viewer

CSV_HEAD: Final = (
    *("cca", "utility", "invoice_number", "purpose", "original_invoice_number"),
    *("account_number", "service_agreement_id", "customer_name", "period_start", "period_end"),
    *("estimated", "plan_id", "plan_version", "total_usd", "effect_usd", "usage_id", "rated_at"),
)


class ChargesForm(Asked):
    """The filters of the list of charges."""

    account: Word | None = None
    plan: Word | None = None
    version: Word | None = None
    purpose: Purpose | None = None
    first_day: Day | None = None
    last_day: Day | None = None
    after: MarkWord | None = None

    def wanted(self) -> ChargeFilter:
        """The filter; days are Pacific days on which charges were made, both included."""
        return ChargeFilter(
            account_number=self.account,
            plan_id=self.plan,
            plan_version=self.version,
            purpose=self.purpose,
            since=midnight(self.first_day) if self.first_day else None,
            until=day_after(self.last_day) if self.last_day else None,
        )


class ChargeForm(Asked):
    """Where one charge is looked for."""


def build(house: House) -> APIRouter:
    """The pages below `/rating/charges`."""
    router = APIRouter()

    @router.get("/rating/charges")
    async def charges(
        request: Request, principal: Viewer, asked: Annotated[ChargesForm, Query()]
    ) -> Response:
        """A page of charges, newest first."""
        sight = house.sight(principal, asked.cca)
        async with house.database.read() as session:
            page = await list_charges(session, sight, asked.wanted(), Mark.read(asked.after))
        older = f"/rating/charges?{asked.address(after=page.next)}" if page.next else None
        values = {
            "asked": asked,
            "page": page,
            "filtered": bool(asked.filters()),
            "older": older,
            "newest": f"/rating/charges?{asked.filters()}" if asked.after else None,
            "csv": f"/rating/charges.csv?{asked.filters()}",
        }
        return house.page(request, principal, "charges.html", values)

    @router.get("/rating/charges.csv")
    async def charges_csv(
        principal: Viewer, asked: Annotated[ChargesForm, Query()]
    ) -> StreamingResponse:
        """All charges that the filters leave, streamed."""
        sight = house.sight(principal, asked.cca)
        return csv_file.download("charges.csv", _csv(house, sight, asked.wanted()))

    @router.get("/rating/charges/{invoice_number}")
    async def charge(
        request: Request,
        principal: Viewer,
        invoice_number: str,
        asked: Annotated[ChargeForm, Query()],
    ) -> Response:
        """One charge: why this amount, line by line."""
        sight = house.sight(principal, asked.cca)
        async with house.database.read() as session:
            story = await tell_charge(session, sight, invoice_number)
        if story is None:
            raise HTTPException(
                404, f"No charge open to you has the invoice number {invoice_number}."
            )
        chart = charges_chart(story.neighbours) if len(story.neighbours) > 1 else None
        return house.page(request, principal, "charge.html", {"story": story, "chart": chart})

    return router


async def _csv(house: House, sight: Sight, wanted: ChargeFilter) -> AsyncIterator[str]:
    yield csv_file.lines([CSV_HEAD])
    after: Mark | None = None
    while True:
        async with house.database.read() as session:
            page = await list_charges(session, sight, wanted, after, ROWS_MAX)
        if page.charges:
            yield csv_file.lines(_cells(row) for row in page.charges)
        if page.next is None:
            return
        after = page.charges[-1].mark


def _cells(row: ChargeRow) -> list[csv_file.Value]:
    return [
        row.cca,
        row.utility,
        Identifier(row.invoice_number),
        row.purpose.value,
        Identifier(row.original_invoice_number) if row.original_invoice_number else None,
        Identifier(row.account_number),
        Identifier(row.service_agreement_id) if row.service_agreement_id else None,
        row.customer_name,
        row.period_start,
        row.period_end,
        row.estimated,
        row.plan_id,
        row.plan_version,
        row.total,
        row.effect,
        Identifier(row.usage_id),
        row.rated_at,
    ]
