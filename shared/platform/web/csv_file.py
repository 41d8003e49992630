"""Writes what a page shows as a CSV file that a spreadsheet opens without changing or running it.

Spreadsheets drop the leading zeros of account numbers and run cells that begin like a formula.
Identifiers are therefore written as text, and a partner's words never begin a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from fastapi.responses import StreamingResponse

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._-]+")

Value = str | int | Decimal | date | datetime | UUID | bool | None


class Identifier(str):
    """Text that a spreadsheet must not take for a number: accounts, invoices, meters."""

    __slots__ = ()


def cell(value: Value) -> str:
    """Write one value; amounts and days as they are, moments in UTC, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, Identifier) and _PLAIN_ID.fullmatch(value):
        return f'="{value}"'
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def lines(rows: Iterable[Iterable[Value]]) -> str:
    """Write rows, every cell in quotation marks."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([cell(one) for one in row] for row in rows)
    return text.getvalue()


def download(name: str, text: AsyncIterator[str]) -> StreamingResponse:
    """Return a file to be saved, sent while it is written."""
    return StreamingResponse(
        text,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
