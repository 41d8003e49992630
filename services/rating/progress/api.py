"""The three counts over HTTP: register, the utility's list, and what was billed, with the gaps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from services.rating.api import InScope
from services.rating.progress.three_way import (
    GapPage,
    GapRow,
    ThreeWay,
    every_gap,
    gap_rows,
    three_way,
)
from services.rating.scope import Scope
from shared.platform.database import Database
from shared.platform.web import csv_file
from shared.platform.web.problems import documented

Month = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
"""Any day of a month."""
Reason = Annotated[str | None, Query(pattern="^[a-z_]{1,40}$")]
After = Annotated[str, Query(max_length=80, pattern=r"^[^\x00]*$")]

_COUNTS = ("cca", "utility", "bill_cycle", "month", "count", "reason", "code", "agreements")
_ROWS = (
    *("cca", "utility", "month", "bill_cycle", "account_number", "service_agreement_id"),
    *("meters", "reason", "code"),
)


def build_three_way_router(database: Database) -> APIRouter:
    """The routes below `/rating/v1/three-way`.

    Args:
        database: where bills and the register are kept.
    """
    router = APIRouter(prefix="/three-way", responses=documented(401, 403, 422))

    @router.get("")
    async def counts(scope: InScope, month: Month) -> list[ThreeWay]:
        """Register, the utility's list and what was billed, by bill cycle, with every gap."""
        async with database.read() as session:
            return await three_way(session, scope, month)

    @router.get("/counts.csv")
    async def counts_csv(scope: InScope, month: Month) -> StreamingResponse:
        """The same as a file: one row a count, and one a gap."""
        async with database.read() as session:
            found = await three_way(session, scope, month)
        return csv_file.download("three-way.csv", count_lines(scope, found))

    @router.get("/agreements")
    async def agreements(
        scope: InScope, month: Month, reason: Reason = None, after: After = ""
    ) -> GapPage:
        """The agreements behind the gaps; a page may be empty and still have a next one."""
        async with database.read() as session:
            return await gap_rows(session, scope, month, reason, after)

    @router.get("/agreements.csv")
    async def agreements_csv(
        scope: InScope, month: Month, reason: Reason = None
    ) -> StreamingResponse:
        """All of them as a file."""
        parts = every_gap(database.read, scope, month, reason)
        return csv_file.download("three-way-agreements.csv", row_lines(scope, month, parts))

    return router


async def count_lines(scope: Scope, found: Iterable[ThreeWay]) -> AsyncIterator[str]:
    """The counts of one scope as lines of a file."""
    yield csv_file.lines([_COUNTS])
    for one in found:
        where = (scope.cca, scope.utility, csv_file.Identifier(one.bill_cycle), one.month)
        told = [("register", one.register), ("listed", one.listed), ("billed", one.billed)]
        yield csv_file.lines((*where, name, "", "", count) for name, count in told)
        yield csv_file.lines((*where, "gap", gap.reason, gap.code, gap.count) for gap in one.gaps)


async def row_lines(
    scope: Scope, month: date, parts: AsyncIterator[Iterable[GapRow]]
) -> AsyncIterator[str]:
    """The agreements behind the gaps as lines of a file."""
    yield csv_file.lines([_ROWS])
    async for part in parts:
        yield csv_file.lines(
            (
                *(scope.cca, scope.utility, month.replace(day=1)),
                *map(
                    csv_file.Identifier,
                    (row.bill_cycle, row.account_number, row.service_agreement_id),
                ),
                *(" ".join(row.meters), row.reason, row.code),
            )
            for row in part
        )
