"""Interval usage over HTTP: what a meter recorded, for a chart or a spreadsheet, quality marked.

An answer is written while it is read, day by day, so a year costs no more memory than a season.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from services.rating.api import InScope
from services.rating.intervals.block import MISSING, QUALITY_WORDS, kwh_texts
from services.rating.intervals.showing import DAYS_MAX, Asked, DayReadings, runs, show_days
from services.rating.scope import Scope
from shared.platform.database import Database
from shared.platform.refusals import Refusal
from shared.platform.web.csv_file import cell

DAYS_A_PIECE: Final = 31
"""Days that are sent at once."""

CSV_HEAD: Final = "meter_number,channel,direction,starts_at,minutes,kwh,quality,usage_id\r\n"


class TooManyDays(Refusal):
    """The days asked for are none, or more than one answer holds."""

    code: ClassVar[str] = "days_out_of_bounds"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "Ask for fewer days"


def build_interval_router(database: Database) -> APIRouter:
    """The routes below `/rating/v1` that show readings.

    Args:
        database: where to read.
    """
    router = APIRouter()

    @router.get("/accounts/{account_number}/intervals", response_class=StreamingResponse)
    async def intervals(
        account_number: str,
        scope: InScope,
        first_day: date,
        last_day: date,
        meter_number: str | None = None,
        usage_id: str | None = None,
        form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    ) -> StreamingResponse:
        """Readings of an account's meters for some local days, both included.

        For each interval the value that counts now, whichever 867 it came with; with `usage_id`,
        what that 867 said, also when it was cancelled. At most 400 days.
        """
        if not 0 <= (last_day - first_day).days < DAYS_MAX:
            raise TooManyDays(f"{first_day} to {last_day}: one answer holds 1 to {DAYS_MAX} days")
        asked = Asked(account_number, first_day, last_day, meter_number, usage_id)
        if form == "csv":
            name = f"intervals-{first_day}-{last_day}.csv"
            return StreamingResponse(
                _csv(database, scope, asked),
                media_type="text/csv",
                headers={"Content-Disposition": f'attachment; filename="{name}"'},
            )
        return StreamingResponse(_json(database, scope, asked), media_type="application/json")

    return router


async def _json(database: Database, scope: Scope, asked: Asked) -> AsyncIterator[str]:
    head = {
        "account_number": asked.account_number,
        "first_day": str(asked.first_day),
        "last_day": str(asked.last_day),
    }
    yield json.dumps(head)[:-1] + ', "days": ['
    comma = ""
    async with database.read() as session:
        async for days in _some_days(show_days(session, scope, asked)):
            yield comma + ",\n".join(json.dumps(_day(day)) for day in days)
            comma = ",\n"
    yield "]}"


async def _some_days(days: AsyncIterator[DayReadings]) -> AsyncIterator[list[DayReadings]]:
    """Days by the handful: sending costs more than what a day says."""
    some: list[DayReadings] = []
    async for day in days:
        some.append(day)
        if len(some) == DAYS_A_PIECE:
            yield some
            some = []
    if some:
        yield some


def _day(day: DayReadings) -> dict[str, object]:
    return {
        "meter_number": day.meter_number,
        "channel": day.channel,
        "direction": day.direction.value,
        "day": str(day.day),
        "starts_at": moment_text(day.starts_at),
        "minutes": day.minutes,
        "kwh": _texts(day, None),
        "quality": [
            {"first": first, "count": count, "quality": QUALITY_WORDS[mark]}
            for first, count, mark in runs(day.quality)
        ],
        "usage_ids": day.usage_ids,
    }


def _texts(day: DayReadings, nothing: str | None) -> list[str | None]:
    """The readings of a day in words; `nothing` where one is missing."""
    texts: list[str | None] = [*kwh_texts(day.micro)]
    for place in np.flatnonzero(day.quality == MISSING).tolist():
        texts[place] = nothing
    return texts


async def _csv(database: Database, scope: Scope, asked: Asked) -> AsyncIterator[str]:
    yield CSV_HEAD
    async with database.read() as session:
        async for days in _some_days(show_days(session, scope, asked)):
            yield "".join(line for day in days for line in _lines(day))


def _lines(day: DayReadings) -> list[str]:
    """One line an interval; an interval without a reading has an empty quantity."""
    named = (day.meter_number, day.channel, day.direction.value)
    before = ",".join(quoted(text) for text in named)
    after = quoted(" ".join(day.usage_ids))
    first = np.datetime64(day.starts_at.replace(tzinfo=None), "m")
    starts = first + np.arange(len(day.micro)) * np.timedelta64(day.minutes, "m")
    return [
        f"{before},{start}Z,{day.minutes},{text},{QUALITY_WORDS[mark]},{after}\r\n"
        for start, text, mark in zip(
            *(np.datetime_as_string(starts).tolist(), _texts(day, ""), day.quality.tolist()),
            strict=True,
        )
    ]


def moment_text(at: datetime) -> str:
    """Write a moment in UTC to the minute."""
    return f"{at:%Y-%m-%dT%H:%MZ}"


def quoted(text: str) -> str:
    """Keep a partner's text from being read as another cell, or as a formula."""
    text = cell(text)
    if any(sign in text for sign in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
