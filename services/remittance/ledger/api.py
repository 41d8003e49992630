"""The ledger over HTTP: the chart, months and balances, export batches, and utilities' write-offs.

Whatever changes something is for people of finance, signed with the token's name.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from services.remittance.api import InScope, Key, Limit
from services.remittance.ledger.approvals import Decision
from services.remittance.ledger.closing import list_months, trial_balance
from services.remittance.ledger.desk import LedgerDesk
from services.remittance.ledger.export import batch_file, file_name, find_batch, list_batches
from services.remittance.ledger.reported_write_offs import Answer, Comparison, list_reported
from services.remittance.ledger.views import (
    BalanceView,
    BatchView,
    ChartView,
    MonthName,
    MonthView,
    ReportedView,
    read_month,
    show_chart,
)
from services.remittance.ledger.write_offs import Reported
from shared.platform.web.csv_file import download
from shared.platform.web.identity import Finance, admit_to_cca
from shared.platform.web.problems import documented

SEQUENCE_MAX = 2**31 - 1

AskedMonth = Annotated[MonthName, Query()]
Sequence = Annotated[int, Field(ge=1, le=SEQUENCE_MAX)]
Words = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class MonthToClose(_Said):
    """A month to be closed, for good."""

    month: MonthName
    note: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] = ""
    """Kept with the month."""


class MonthToExport(_Said):
    """A month whose entries accounting is to be given."""

    month: MonthName


class AnswerToWriteOff(_Said):
    """What is made of a utility's write-off."""

    transaction_id: UUID
    sequence: Sequence
    answer: Answer
    reason: Words


def build_ledger_router(desk: LedgerDesk) -> APIRouter:
    """The routes below `/remittance/v1/books` and `/remittance/v1/reported-write-offs`."""
    router = APIRouter(
        prefix="/remittance/v1",
        tags=["books"],
        dependencies=[Depends(admit_to_cca)],
        responses=documented(401, 403, 404, 409, 422),
    )
    _add_months(router, desk)
    _add_batches(router, desk)
    _add_reported(router, desk)
    return router


def _add_months(router: APIRouter, desk: LedgerDesk) -> None:
    @router.get("/books/chart")
    async def show_accounts(_scope: InScope) -> tuple[ChartView, ...]:
        """The chart of accounts."""
        return show_chart()

    @router.get("/books/months")
    async def months(scope: InScope) -> tuple[MonthView, ...]:
        """Months with entries, and closed ones, newest first."""
        async with desk.database.read() as session:
            return tuple(MonthView.of(each) for each in await list_months(session, scope))

    @router.get("/books/balances")
    async def balances(scope: InScope, month: AskedMonth) -> tuple[BalanceView, ...]:
        """Every account's opening, movements and closing of a month."""
        async with desk.database.read() as session:
            found = await trial_balance(session, scope, read_month(month))
        return tuple(BalanceView.of(each) for each in found)

    @router.post("/books/close", status_code=201)
    async def close(scope: InScope, wanted: MonthToClose, who: Finance) -> MonthView:
        """Close a month, for good; the audit of the CCA has to agree."""
        return MonthView.of(
            await desk.close(scope, read_month(wanted.month), who.name, wanted.note)
        )


def _add_batches(router: APIRouter, desk: LedgerDesk) -> None:
    @router.get("/books/batches")
    async def batches(scope: InScope) -> tuple[BatchView, ...]:
        """Export batches, newest first."""
        async with desk.database.read() as session:
            return tuple(BatchView.of(each) for each in await list_batches(session, scope))

    @router.post("/books/batches", status_code=201)
    async def export(scope: InScope, wanted: MonthToExport, who: Finance) -> BatchView:
        """Make the next batch: a month's entries that are in no batch yet."""
        return BatchView.of(await desk.export(scope, read_month(wanted.month), who.name))

    @router.get("/books/batches/{number}.csv", response_class=Response)
    async def batch_csv(scope: InScope, number: Sequence) -> StreamingResponse:
        """The file of a batch, byte for byte as it was made."""
        async with desk.database.read() as session:
            batch = await find_batch(session, scope, number)
        return download(file_name(scope, batch), batch_file(desk.database, scope, batch))


def _add_reported(router: APIRouter, desk: LedgerDesk) -> None:
    @router.get("/reported-write-offs")
    async def reported(
        scope: InScope,
        *,
        comparison: Comparison | None = None,
        worked: bool | None = None,
        account_number: Key | None = None,
        after_transaction_id: UUID | None = None,
        after_sequence: Annotated[int, Query(ge=1, le=SEQUENCE_MAX)] = 1,
        limit: Limit = 100,
    ) -> tuple[ReportedView, ...]:
        """Utilities' write-offs (248) beside our books, oldest first.

        `after_…` name the last one of the page before.
        """
        after = Reported(after_transaction_id, after_sequence) if after_transaction_id else None
        async with desk.database.read() as session:
            found = await list_reported(
                session,
                scope,
                comparison=comparison,
                worked=worked,
                account=account_number,
                after=after,
                limit=limit,
            )
        return tuple(ReportedView.of(each) for each in found)

    @router.post("/reported-write-offs/answer")
    async def answer(scope: InScope, given: AnswerToWriteOff, who: Finance) -> ReportedView:
        """Follow a utility's write-off in our books, or dismiss it; once, with a reason."""
        key = Reported(given.transaction_id, given.sequence)
        decision = Decision(given.reason, who.name)
        return ReportedView.of(await desk.answer(scope, key, given.answer, decision))
