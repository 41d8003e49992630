"""The API's answers about transactions: lists, one with its timeline, its bytes, search, counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from services.edi_gateway.api_desk import (
    Desk,
    GatewayWeb,
    PagedTransactionQuery,
    TransactionQuery,
    UnknownTransaction,
    Word,
    read_cursor,
    require_bank_numbers,
    scope_of,
    write_cursor,
)
from services.edi_gateway.api_views import (
    Count,
    EntryView,
    FindingView,
    HitView,
    SearchAnswer,
    Summary,
    Timeline,
    TransactionDetail,
    TransactionPage,
    TransactionView,
)
from services.edi_gateway.bank_numbers import PAYMENT_SET
from services.edi_gateway.operations import queries
from services.edi_gateway.operations.lookup import look_up
from services.edi_gateway.operations.queries import PAGE_MAX, Cursor, TransactionRow
from shared.platform.database import ReadSession
from shared.platform.telemetry import logger
from shared.platform.web import csv_file
from shared.platform.web.csv_file import Identifier, Value
from shared.platform.web.identity import Analyst, Principal, Viewer
from shared.platform.web.problems import documented

log = logger(__name__)

X12_MEDIA_TYPE: Final = "application/edi-x12"
_IDS: Final = frozenset({"control_number", "business_key", "account_number", "set_id"})
CSV_COLUMNS: Final = (
    "at", "direction", "utility", "cca", "environment", "set_id", "control_number", "business_key",
    "account_number", "amount", "valid", "delivered", "acknowledged", "applied", "rated", "paid",
    "exception_code", "exception_text", "file_name", "position", "id",
)  # fmt: skip

router = APIRouter(tags=["transactions"], responses=documented(401, 403, 422))

RAW_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The exact bytes.",
        "content": {X12_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    **documented(404),
}


@router.get("/transactions", summary="List transactions")
async def list_transactions(
    desk: Desk, principal: Viewer, asked: Annotated[PagedTransactionQuery, Query()]
) -> TransactionPage:
    """List transactions, newest first, narrowed by any of the filters."""
    async with desk.database.read() as session:
        page = await queries.list_transactions(
            session,
            scope_of(principal),
            asked.wanted(),
            after=read_cursor(asked.cursor),
            limit=asked.limit,
        )
    return TransactionPage(
        transactions=[TransactionView.of(row) for row in page.rows], next=write_cursor(page.next)
    )


class CsvQuery(TransactionQuery):
    """Filters, and for whom the file is."""

    spreadsheet: bool = Field(
        default=False,
        description='Write identifiers as `="0017"`, so that spreadsheets keep leading zeros.',
    )


@router.get(
    "/transactions.csv",
    summary="Export transactions as CSV",
    response_class=Response,
    responses={
        200: {
            "description": "All transactions that the filters leave, newest first.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    },
)
async def export_transactions(
    desk: Desk, principal: Viewer, asked: Annotated[CsvQuery, Query()]
) -> StreamingResponse:
    """Export the whole list, streamed; no cell can be read as a formula."""
    log.info("transactions exported", actor=principal.name)
    return csv_file.download("transactions.csv", _csv(desk, principal, asked))


async def _csv(desk: GatewayWeb, principal: Principal, asked: CsvQuery) -> AsyncIterator[str]:
    yield csv_file.lines([CSV_COLUMNS])
    after: Cursor | None = None
    while True:
        async with desk.database.read() as session:
            page = await queries.list_transactions(
                session, scope_of(principal), asked.wanted(), after=after, limit=PAGE_MAX
            )
        if page.rows:
            yield csv_file.lines(
                [_value(row, name, asked.spreadsheet) for name in CSV_COLUMNS] for row in page.rows
            )
        after = page.next
        if after is None:
            return


def _value(row: TransactionRow, name: str, spreadsheet: bool) -> Value:  # noqa: FBT001  a query field
    value: Value = getattr(row, name)
    if value == "-":
        return None
    return Identifier(value) if spreadsheet and name in _IDS and value is not None else value


@router.get(
    "/transactions/{transaction_id}",
    summary="Show one transaction",
    responses=documented(404),
)
async def show_transaction(
    desk: Desk, principal: Viewer, transaction_id: UUID
) -> TransactionDetail:
    """Show a transaction, what was found in it, and the transactions of the same story."""
    async with desk.database.read() as session:
        row = await find(session, principal, transaction_id)
        findings = await queries.findings_of(session, transaction_id=row.id)
        story = await queries.related(session, scope_of(principal), row.id)
    return TransactionDetail(
        transaction=TransactionView.of(row),
        findings=[FindingView.of(found) for found in findings],
        related=[TransactionView.of(other) for other in story if other.id != row.id],
    )


@router.get(
    "/transactions/{transaction_id}/timeline",
    summary="Show what happened to a transaction",
    responses=documented(404),
)
async def show_timeline(desk: Desk, principal: Viewer, transaction_id: UUID) -> Timeline:
    """Show the whole story, oldest first: the transaction, those tied to it, and their files."""
    async with desk.database.read() as session:
        row = await find(session, principal, transaction_id)
        story = await queries.related(session, scope_of(principal), row.id)
        entries = await queries.timeline(session, story or (row,))
    return Timeline(entries=[EntryView.of(entry) for entry in entries])


@router.get(
    "/transactions/{transaction_id}/raw",
    summary="Get the raw X12 of a transaction",
    response_class=Response,
    responses=RAW_ANSWERS,
)
async def raw_transaction(
    desk: Desk, principal: Analyst, transaction_id: UUID, *, download: bool = False
) -> Response:
    """Get the exact bytes of a transaction, ST to SE. Every such read is logged.

    An 820 names bank accounts and is for people of finance.
    """
    async with desk.database.read() as session:
        row = await find(session, principal, transaction_id)
        if row.set_id == PAYMENT_SET:
            require_bank_numbers(principal)
        data = await queries.raw_x12(session, desk.archive, row)
    note_raw_read(principal, transaction_id=row.id)
    disposition = "attachment" if download else "inline"
    name = f"{row.set_id}_{row.id}.x12"
    return Response(
        data,
        media_type=X12_MEDIA_TYPE,
        headers={"Content-Disposition": f'{disposition}; filename="{name}"'},
    )


@router.get("/search", summary="Look an identifier up", tags=["search"])
async def search(
    desk: Desk,
    principal: Viewer,
    q: Annotated[Word, Query(description="Any identifier.")],
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> SearchAnswer:
    """Find whatever bears an identifier.

    Account, meter, usage id, invoice, trace, request id, ISA13, GS06, ST02, or a file's name.
    """
    async with desk.database.read() as session:
        hits = await look_up(session, scope_of(principal), q, limit=limit)
    return SearchAnswer(query=q, hits=[HitView.of(hit) for hit in hits])


@router.get("/summary", summary="Count transactions", tags=["summary"])
async def summary(desk: Desk, principal: Viewer) -> Summary:
    """Count transactions by set, question and answer."""
    async with desk.database.read() as session:
        counted = await queries.counts(session, scope_of(principal))
    counts = []
    for (kind, question, answer), number in sorted(counted.items()):
        direction, _, set_id = kind.partition(" ")
        counts.append(
            Count(
                direction=direction,
                set_id=set_id,
                question=question,
                answer=answer,
                transactions=number,
            )
        )
    return Summary(environment=desk.environment.value, counts=counts)


async def find(session: ReadSession, principal: Principal, transaction_id: UUID) -> TransactionRow:
    """Return a transaction that the principal may see.

    Raises:
        UnknownTransaction: there is none; one of another CCA is not told from none at all.
    """
    row = await queries.find_transaction(session, scope_of(principal), transaction_id)
    if row is None:
        raise UnknownTransaction(f"No transaction {transaction_id} that this token may see.")
    return row


def note_raw_read(principal: Principal, **what: UUID) -> None:
    """Log that somebody has read customers' data as it was sent."""
    log.info(
        "raw data read",
        actor=principal.name,
        token_id=str(principal.token_id),
        **{name: str(value) for name, value in what.items()},
    )
