"""Writes what the workbench's lists show as CSV or XLSX: identifiers as text, amounts exact.

CSV goes out while it is read. An XLSX file is a whole, so it is made on disk first, with constant
memory, and has a limit of rows; a partner's words never become a formula in either.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Final

from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask
from xlsxwriter import Workbook

from services.remittance.receivables import Scope
from services.remittance.workbench.desk import Workbench
from services.remittance.workbench.questions import every_charge, every_line
from services.remittance.workbench.sought import Sought
from services.remittance.workbench.views import ChargeRow, MoneyRow
from shared.platform.refusals import Refusal
from shared.platform.web import csv_file
from shared.platform.web.csv_file import Identifier, Value

ROWS_MAX: Final = 500_000
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DIGITS_EXACT: Final = 15
"""A spreadsheet keeps numbers as doubles: so many digits of one are exact."""

CHARGE_HEAD: Final = (
    *("cca", "utility", "invoice_number", "account_number", "usage_id", "dated_on", "age_days"),
    *("standing", "charged_usd", "applied_usd", "written_off_usd", "open_usd", "receivable_id"),
)
MONEY_HEAD: Final = (
    *("cca", "utility", "trace_number", "line", "settled_on", "age_days", "outcome"),
    *("invoice_number", "usage_id", "account_number", "amount_usd", "applied_usd"),
    *("unapplied_usd", "adjusted_usd", "explanation", "transaction_id"),
)


class TooManyRows(Refusal):
    """The filter finds more than a workbook is made of."""

    code: ClassVar[str] = "too_many_rows"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This is too much for a workbook; take the CSV, or filter"


class What(StrEnum):
    """Which list."""

    CHARGES = "charges"
    MONEY = "money"


async def export(desk: Workbench, scope: Scope, sought: Sought, what: What, form: str) -> Response:
    """Return what a list shows, all of it, as `csv` or `xlsx`.

    Raises:
        TooManyRows: a workbook does not hold them.
    """
    name = f"{scope.cca}-{what}.{form}"
    rows = _rows(desk, scope, sought, what)
    if form == "csv":
        return csv_file.download(name, _lines(what, rows))
    folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="ccax-")
    path = Path(folder) / name
    try:
        await _workbook(path, what, rows)
    except BaseException:
        await asyncio.to_thread(_remove, path)
        raise
    return FileResponse(
        path, media_type=XLSX, filename=name, background=BackgroundTask(_remove, path)
    )


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.rmdir()


def _head(what: What) -> Sequence[str]:
    return CHARGE_HEAD if what is What.CHARGES else MONEY_HEAD


async def _rows(
    desk: Workbench, scope: Scope, sought: Sought, what: What
) -> AsyncIterator[Iterable[tuple[Value, ...]]]:
    """The rows of a list, a page at a time."""
    today = desk.clock.now().date()
    async with desk.database.read() as session:
        if what is What.CHARGES:
            async for page in every_charge(session, scope, sought, today):
                yield [_charge(scope, row) for row in page.rows]
        else:
            async for lines in every_line(session, scope, sought, today):
                yield [_line(scope, row) for row in lines.rows]


async def _lines(
    what: What, pages: AsyncIterator[Iterable[tuple[Value, ...]]]
) -> AsyncIterator[str]:
    yield csv_file.lines([_head(what)])
    async for rows in pages:
        yield csv_file.lines(rows)


async def _workbook(
    path: Path, what: What, pages: AsyncIterator[Iterable[tuple[Value, ...]]]
) -> None:
    """Write a workbook of one sheet, row by row."""
    # Strings stay strings whatever they look like: no formula, no link, no number.
    told = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(path.parent),
    }
    book = Workbook(str(path), told)
    try:
        await _fill(book, what, pages)
    finally:  # puts the file together: seconds for many rows
        await asyncio.to_thread(book.close)


async def _fill(
    book: Workbook, what: What, pages: AsyncIterator[Iterable[tuple[Value, ...]]]
) -> None:
    sheet = book.add_worksheet(what)
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    day, plain = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format()
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(_head(what)) - 1, 16)
    for column, word in enumerate(_head(what)):
        sheet.write_string(0, column, word, bold)
    at = 0
    async for rows in pages:
        for row in rows:
            at += 1
            if at > ROWS_MAX:
                raise TooManyRows(f"A workbook holds {ROWS_MAX:,} rows; take the CSV.")
            for column, value in enumerate(row):
                _write(sheet, at, column, value, (money, day, plain))


def _write(sheet: Any, row: int, column: int, value: Value, formats: tuple[Any, Any, Any]) -> None:  # noqa: ANN401
    """Write one cell: amounts as numbers where those are exact, everything else as text."""
    money, day, plain = formats
    if value is None:
        sheet.write_blank(row, column, None, plain)
    elif isinstance(value, Decimal) and len(value.as_tuple().digits) <= DIGITS_EXACT:
        sheet.write_number(row, column, value, money)
    elif isinstance(value, int) and not isinstance(value, bool):
        sheet.write_number(row, column, value, plain)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, day)
    else:
        sheet.write_string(row, column, str(value), plain)


def _charge(scope: Scope, row: ChargeRow) -> tuple[Value, ...]:
    return (
        *(scope.cca, scope.utility, Identifier(row.invoice_number)),
        *(Identifier(row.account_number), _identifier(row.usage_id), row.dated_on, row.age_days),
        *(row.standing, row.charged, row.applied, row.written_off, row.open, row.receivable_id),
    )


def _line(scope: Scope, row: MoneyRow) -> tuple[Value, ...]:
    return (
        *(scope.cca, scope.utility, Identifier(row.trace_number), row.sequence, row.settled_on),
        *(row.age_days, row.outcome, _identifier(row.invoice_number), _identifier(row.usage_id)),
        *(_identifier(row.account_number), row.amount, row.applied, row.unapplied, row.adjusted),
        *(row.explanation, row.transaction_id),
    )


def _identifier(value: str | None) -> Identifier | None:
    return None if value is None else Identifier(value)
