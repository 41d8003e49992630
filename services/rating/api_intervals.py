"""Interval usage over HTTP: what a meter recorded, for a chart or a spreadsheet, quality marked.

An answer is written while it is read, day by day, so a year costs no more memory than a season.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from services.rating.api import InScope
from services.rating.intervals.block import MISSING, QUALITY_WORDS, kwh_text
from services.rating.intervals.showing import DAYS_MAX, Asked, DayReadings, runs, show_days
from services.rating.scope import Scope
from shared.platform.database import Database
from shared.platform.refusals import Refusal

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
        async for day in show_days(session, scope, asked):
            yield comma + json.dumps(_day(day))
            comma = ",\n"
    yield "]}"


def _day(day: DayReadings) -> dict[str, object]:
    return {
        "meter_number": day.meter_number,
        "channel": day.channel,
        "direction": day.direction.value,
        "day": str(day.day),
        "starts_at": moment_text(day.starts_at),
        "minutes": day.minutes,
        "kwh": [
            None if mark == MISSING else kwh_text(micro)
            for micro, mark in zip(day.micro.tolist(), day.quality.tolist(), strict=True)
        ],
        "quality": [
            {"first": first, "count": count, "quality": QUALITY_WORDS[mark]}
            for first, count, mark in runs(day.quality)
        ],
        "usage_ids": day.usage_ids,
    }


async def _csv(database: Database, scope: Scope, asked: Asked) -> AsyncIterator[str]:
    yield CSV_HEAD
    async with database.read() as session:
        async for day in show_days(session, scope, asked):
            yield "".join(_lines(day))


def _lines(day: DayReadings) -> list[str]:
    """One line an interval; an interval without a reading has an empty quantity."""
    named = (day.meter_number, day.channel, day.direction.value)
    before = ",".join(quoted(text) for text in named)
    after = quoted(" ".join(day.usage_ids))
    step = timedelta(minutes=day.minutes)
    return [
        f"{before},{moment_text(day.starts_at + number * step)},{day.minutes},"
        f"{'' if mark == MISSING else kwh_text(micro)},{QUALITY_WORDS[mark]},{after}\r\n"
        for number, (micro, mark) in enumerate(
            zip(day.micro.tolist(), day.quality.tolist(), strict=True)
        )
    ]


def moment_text(at: datetime) -> str:
    """Write a moment in UTC to the minute."""
    return f"{at:%Y-%m-%dT%H:%MZ}"


def quoted(text: str) -> str:
    """Keep a partner's text from being read as another cell, or as a formula."""
    if text[:1] in ("=", "+", "-", "@"):
        text = f"'{text}"
    if any(sign in text for sign in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
