"""Usage checks over HTTP: the rules, what they found, and our own estimated copy, marked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from services.rating.api import InScope
from services.rating.api_intervals import TooManyDays, moment_text, quoted
from services.rating.intervals.block import kwh_text
from services.rating.intervals.showing import DAYS_MAX, Asked, runs
from services.rating.vee.estimate import CODE_WORDS, OPEN
from services.rating.vee.keeping import findings_of_account
from services.rating.vee.rules import RuleFile, read_rules
from services.rating.vee.showing import CopyDay, show_copy
from shared.platform.database import Database

COPY_HEAD: Final = (
    "meter_number,channel,direction,starts_at,minutes,kwh,quality_code,quality,usage_id\r\n"
)
NOTICE: Final = "our own copy for settlement and forecasts; estimates in it are not billed usage"


class FindingView(BaseModel):
    """What a check found about a meter in an 867."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    transaction_id: UUID
    meter_number: str
    code: str
    mode: str
    first_day: date
    last_day: date
    intervals: int
    numbers: dict[str, str | int]
    message: str


def build_checks_router(database: Database) -> APIRouter:
    """The routes below `/rating/v1` about usage checks.

    Args:
        database: where to read.
    """
    router = APIRouter()

    @router.get("/usage-checks")
    async def rules() -> RuleFile:
        """Every check with its limits, what it does by default, and where it comes from."""
        return read_rules()

    @router.get("/accounts/{account_number}/usage-findings")
    async def findings(
        account_number: str, scope: InScope, first_day: date, last_day: date
    ) -> list[FindingView]:
        """What checks found about an account's usage of some local days, both included."""
        _refuse_length(first_day, last_day)
        days = (first_day, last_day)
        async with database.read() as session:
            found = await findings_of_account(session, scope, account_number, days)
        return [FindingView.model_validate(asdict(one)) for one in found]

    @router.get("/accounts/{account_number}/estimated-copy")
    async def estimated_copy(
        account_number: str,
        scope: InScope,
        first_day: date,
        last_day: date,
        meter_number: str | None = None,
        usage_id: str | None = None,
        form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    ) -> Response:
        """Our own copy of an account's readings: gaps filled, each value with its quality code.

        Codes are ESPI's: 0 valid, 8 like days, 9 linear, 11 the utility's estimate, 12 profile.
        At most 400 days.
        """
        _refuse_length(first_day, last_day)
        asked = Asked(account_number, first_day, last_day, meter_number, usage_id)
        async with database.read() as session:
            days = await show_copy(session, scope, asked)
        if form == "csv":
            name = f"estimated-copy-{first_day}-{last_day}.csv"
            return Response(
                COPY_HEAD + "".join(line for day in days for line in _lines(day)),
                media_type="text/csv",
                headers={"Content-Disposition": f'attachment; filename="{name}"'},
            )
        told = {"account_number": account_number, "notice": NOTICE, "days": list(map(_day, days))}
        return Response(json.dumps(told), media_type="application/json")

    return router


def _refuse_length(first_day: date, last_day: date) -> None:
    if not 0 <= (last_day - first_day).days < DAYS_MAX:
        raise TooManyDays(f"{first_day} to {last_day}: one answer holds 1 to {DAYS_MAX} days")


def _day(day: CopyDay) -> dict[str, object]:
    return {
        "meter_number": day.meter_number,
        "channel": day.channel,
        "direction": day.direction.value,
        "day": str(day.day),
        "starts_at": moment_text(day.starts_at),
        "minutes": day.minutes,
        "kwh": [
            None if code == OPEN else kwh_text(micro)
            for micro, code in zip(day.micro.tolist(), day.codes.tolist(), strict=True)
        ],
        "quality": [
            {
                "first": first,
                "count": count,
                "code": None if code == OPEN else code,
                "quality": CODE_WORDS[code],
            }
            for first, count, code in runs(day.codes)
        ],
        "usage_ids": day.usage_ids,
    }


def _lines(day: CopyDay) -> Iterator[str]:
    """One line an interval; an interval that is still missing has neither quantity nor code."""
    named = (day.meter_number, day.channel, day.direction.value)
    before = ",".join(quoted(text) for text in named)
    after = quoted(" ".join(day.usage_ids))
    step = timedelta(minutes=day.minutes)
    pairs = zip(day.micro.tolist(), day.codes.tolist(), strict=True)
    for number, (micro, code) in enumerate(pairs):
        shown = f"{kwh_text(micro)},{code}" if code != OPEN else ","
        at = moment_text(day.starts_at + number * step)
        yield f"{before},{at},{day.minutes},{shown},{CODE_WORDS[code]},{after}\r\n"
