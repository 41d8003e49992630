"""Reports over HTTP: the same figures as the pages, as JSON; the statement also as PDF.

Read-only, and every question names its scope, and the day as of which it is asked.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from services.remittance.api import InScope
from services.remittance.ledger.views import read_month
from services.remittance.statements.asked import ReportDay, ReportMonth
from services.remittance.statements.desk import ReportDesk
from services.remittance.statements.statement import last_day_of
from services.remittance.statements.views import (
    AgedView,
    DaysToCashView,
    DeductedView,
    MonthlyStatementView,
    ShortView,
)
from shared.platform.web.identity import admit_to_cca
from shared.platform.web.problems import documented

PDF: Final = "application/pdf"

Month = Annotated[ReportMonth, Query()]
Day = Annotated[
    ReportDay | None,
    Query(description="The last day that counts: when left out, the month's last one, or today."),
]
Since = Annotated[ReportDay, Query(description="The first day of money that counts.")]


def build_report_router(desk: ReportDesk) -> APIRouter:
    """The routes below `/remittance/v1/reports`."""
    router = APIRouter(
        prefix="/remittance/v1/reports",
        tags=["reports"],
        dependencies=[Depends(admit_to_cca)],
        responses=documented(401, 403, 422),
    )

    @router.get("/statement")
    async def statement(scope: InScope, month: Month, on: Day = None) -> MonthlyStatementView:
        """A month's statement up to a day, with its proof, money and taxes."""
        asked = read_month(month)
        return MonthlyStatementView.of(await desk.statement(scope, asked, on or last_day_of(asked)))

    @router.get(
        "/statement.pdf",
        response_class=Response,
        responses={200: {"content": {PDF: {}}, "description": "The statement on paper"}},
    )
    async def printed(scope: InScope, month: Month, on: Day = None) -> Response:
        """The statement on paper; of a closed month the frozen one, byte for byte."""
        asked = read_month(month)
        content = await desk.printed(scope, asked, on or last_day_of(asked))
        return Response(content, media_type=PDF)

    @router.get("/aging")
    async def aging(scope: InScope, on: Day = None) -> tuple[AgedView, ...]:
        """What is open by class and days since the bill."""
        return await desk.aging([scope], on or desk.today)

    @router.get("/short-pays")
    async def short_pays(scope: InScope, on: Day = None) -> tuple[ShortView, ...]:
        """What is missing on bills that money came for, by reason."""
        return await desk.short_pays(scope, on or desk.today)

    @router.get("/deductions")
    async def deductions(scope: InScope, since: Since, on: Day = None) -> tuple[DeductedView, ...]:
        """What the utility kept back or added in a span of days, by reason."""
        return await desk.deductions(scope, since, on or desk.today)

    @router.get("/days-to-cash")
    async def days_to_cash(scope: InScope, since: Since, on: Day = None) -> DaysToCashView:
        """How long bills took that were paid in full in a span of days."""
        return await desk.days_to_cash(scope, since, on or desk.today)

    return router
