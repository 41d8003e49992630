"""Readings over HTTP: what counts now, what each 867 said, and never another CCA's."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from httpx import Response

from services.rating.api_intervals import TooManyDays
from shared.contracts.intervals import MeterIntervals
from shared.contracts.parts import Purpose
from shared.contracts.usage import Direction
from tests.integration.rating.office import Office, enrollment
from tests.integration.rating.test_api import SCOPE, app_of, client
from tests.unit.rating.interval_words import (
    JUNE_FIRST,
    channel,
    interval_report,
    interval_usage,
    midnight,
    run,
    whole_days,
)
from tests.unit.rating.words import THREE_CE, request

HOUR = timedelta(hours=1)


async def ask(office: Office, **question: str) -> Response:
    params = {**SCOPE, "first_day": "2026-06-06", "last_day": "2026-07-05", **question}
    async with client(app_of(office)) as http:
        return await http.get("/rating/v1/accounts/A1/intervals", params=params)


async def days(office: Office, **question: str) -> list[dict[str, Any]]:
    answer = await ask(office, **question)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["days"]
    return found


def in_standard_time(first: date, count: int, watt_hours: int) -> MeterIntervals:
    """Days that begin an hour into ours."""
    last = first + timedelta(days=count)
    return channel(run(midnight(first) + HOUR, [watt_hours] * 96 * count), days=(first, last))


class TestAMonth:
    async def test_is_told_by_the_day_with_its_quality(self, office: Office) -> None:
        usage = interval_usage("U1", whole_days(JUNE_FIRST, 30, 1234, estimated=[(4, 8)]))
        await office.tell(interval_report(usage))

        first, *others = await days(office)

        assert len(others) == 29
        assert first["starts_at"] == "2026-06-06T07:00Z"
        assert set(first["kwh"]) == {"1.234"}
        assert [(q["count"], q["quality"]) for q in first["quality"]] == [
            (4, "actual"),
            (8, "estimated"),
            (84, "actual"),
        ]
        assert first["usage_ids"] == ["U1"]

    async def test_is_the_same_as_a_table(self, office: Office) -> None:
        await office.tell(interval_report(interval_usage()))

        answer = await ask(office, format="csv", last_day="2026-06-06")

        rows = list(csv.DictReader(StringIO(answer.text)))
        assert answer.headers["content-type"].startswith("text/csv")
        assert len(rows) == 96
        assert rows[1] == {
            "meter_number": "M1",
            "channel": "",
            "direction": "delivered",
            "starts_at": "2026-06-06T07:15Z",
            "minutes": "15",
            "kwh": "0.100",
            "quality": "actual",
            "usage_id": "U1",
        }

    async def test_shows_both_directions_and_the_finest_decimals(self, office: Office) -> None:
        one_day = (JUNE_FIRST, JUNE_FIRST + timedelta(days=1))
        sent = channel(
            run(midnight(JUNE_FIRST), [1_000_001] * 96),
            days=one_day,
            direction=Direction.RECEIVED,
            decimals=6,
        )
        await office.tell(interval_report(interval_usage("U1", whole_days(JUNE_FIRST, 1), sent)))

        delivered, received = await days(office)

        assert (delivered["direction"], received["direction"]) == ("delivered", "received")
        assert received["kwh"][0] == "1.000001"


class TestWhatCounts:
    async def test_is_the_correction_while_the_old_month_can_still_be_asked_for(
        self, office: Office
    ) -> None:
        right = whole_days(JUNE_FIRST, 30, 99)
        await office.tell(enrollment(request()))
        await office.tell(interval_report(interval_usage("U1")))
        await office.tell(
            interval_report(
                interval_usage("U2", purpose=Purpose.CANCEL, original="U1"),
                interval_usage("U3", right),
            )
        )

        now, then = await days(office), await days(office, usage_id="U1")

        assert {value for day in now for value in day["kwh"]} == {"0.099"}
        assert {value for day in then for value in day["kwh"]} == {"0.100"}

    async def test_of_a_day_that_two_months_share_comes_from_both(self, office: Office) -> None:
        second = date(2026, 6, 10)
        await office.tell(
            interval_report(
                interval_usage("U1", in_standard_time(JUNE_FIRST, 4, 10)),
                interval_usage("U2", in_standard_time(second, 4, 20)),
            )
        )

        first, *_ = await days(office)
        shared = next(day for day in await days(office) if day["day"] == str(second))

        assert first["kwh"][:5] == [None] * 4 + ["0.010"]
        assert first["quality"][0] == {"first": 0, "count": 4, "quality": "missing"}
        assert shared["kwh"][3:5] == ["0.010", "0.020"]
        assert shared["usage_ids"] == ["U1", "U2"]


class TestBounds:
    @pytest.mark.parametrize(
        ("first_day", "last_day"),
        [("2026-06-07", "2026-06-06"), ("2025-01-01", "2026-06-06"), ("0001-01-01", "9999-12-31")],
    )
    async def test_of_a_question_are_held(
        self, office: Office, first_day: str, last_day: str
    ) -> None:
        with pytest.raises(TooManyDays, match="400 days"):
            await ask(office, first_day=first_day, last_day=last_day)

    async def test_of_a_cca_are_held(self, office: Office) -> None:
        await office.tell(interval_report(interval_usage()), scope=THREE_CE)

        assert await days(office) == []
        assert len(await days(office, cca="3ce")) == 30

    async def test_of_a_meter_are_held(self, office: Office) -> None:
        await office.tell(interval_report(interval_usage()))

        assert await days(office, meter_number="M2") == []
        assert len(await days(office, meter_number="M1")) == 30
