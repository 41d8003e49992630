"""Gaps are filled in a copy of our own; what is billed and what was recorded stay as they are."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from io import StringIO
from typing import Any

from httpx import Response
from sqlalchemy import text

from shared.contracts.intervals import MeterIntervals
from shared.contracts.parts import Purpose
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.integration.rating.test_api import SCOPE, app_of, client
from tests.unit.rating.interval_words import (
    channel,
    interval_report,
    interval_usage,
    midnight,
    run,
)
from tests.unit.rating.words import meter, request, usage

MONDAY = date(2026, 6, 8)
DAYS = (MONDAY, MONDAY + timedelta(days=5))
STEP = timedelta(minutes=15)


def with_gap(first: int, size: int, watt_hours: int = 100) -> MeterIntervals:
    """Five weekdays; day n records n times as much; some quarter-hours of the first are missing."""
    load = [watt_hours * (1 + place // 96) for place in range(96 * 5)]
    start = midnight(MONDAY)
    before = [run(start, load[:first])] if first else []
    after = run(start + (first + size) * STEP, load[first + size :])
    return channel(*before, after, days=DAYS)


async def get(office: Office, path: str, **question: str) -> Response:
    params = {**SCOPE, "first_day": str(DAYS[0]), "last_day": "2026-06-12", **question}
    async with client(app_of(office)) as http:
        answer = await http.get(f"/rating/v1/accounts/A1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer


async def copy_of(office: Office, **question: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await get(office, "estimated-copy", **question)).json()["days"]
    return found


async def stored(office: Office) -> list[tuple[object, ...]]:
    """Everything that is billed from, byte by byte."""
    async with office.service.database.read() as session:
        found = await session.execute(
            text("SELECT series_id, day, quality, readings FROM rating.interval_days ORDER BY 1, 2")
        )
        return [tuple(row) for row in found]


class TestAGap:
    async def test_of_two_hours_is_a_line_in_the_copy_alone(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        await office.tell(interval_report(interval_usage("U1", with_gap(40, 8))))

        first, *others = await copy_of(office)
        recorded = (await get(office, "intervals")).json()["days"]

        assert first["kwh"][39:49] == ["0.100"] * 10
        assert first["quality"] == [
            {"first": 0, "count": 40, "code": 0, "quality": "valid"},
            {"first": 40, "count": 8, "code": 9, "quality": "estimated_linear"},
            {"first": 48, "count": 48, "code": 0, "quality": "valid"},
        ]
        assert len(others) == 4
        assert recorded[0]["kwh"][40:48] == [None] * 8
        assert office.holds == [("U1", "INTERVALS_INCOMPLETE")]
        assert office.charges == []

    async def test_of_more_hours_is_the_mean_of_like_days(self, office: Office) -> None:
        await office.tell(interval_report(interval_usage("U1", with_gap(40, 9))))

        first, *_ = await copy_of(office)

        # Tuesday to Friday record 0.2, 0.3, 0.4 and 0.5
        assert first["kwh"][40:49] == ["0.350"] * 9
        assert first["quality"][1]["code"] == 8

    async def test_is_scaled_to_the_total_of_another_867(self, office: Office) -> None:
        # recorded are 0.1 x (96 - 9) + 0.1 x 96 x (2 + 3 + 4 + 5) = 143.1 kWh
        totals = usage("T1", meter(DAYS, {"total": "145"}))
        await office.tell(usage_report(totals))
        await office.tell(interval_report(interval_usage("U1", with_gap(40, 9))))

        first, *_ = await copy_of(office, usage_id="U1")

        filled = [int(value.replace(".", "")) for value in first["kwh"][40:49]]
        assert sum(filled) == 1_900  # watt-hours: 145 - 143.1 kWh
        assert filled == [212] + [211] * 8
        scaled = await office.column("SELECT scaled_to_micro FROM rating.estimate_series")
        assert scaled == [145_000_000]

    async def test_that_is_filled_beyond_reason_is_told_and_holds_nothing_more(
        self, office: Office
    ) -> None:
        # 400 kWh less 143.1 recorded in nine quarter-hours: 114 kW
        await office.tell(usage_report(usage("T1", meter(DAYS, {"total": "400"}))))
        await office.tell(interval_report(interval_usage("U1", with_gap(40, 9))))

        told = (await get(office, "usage-findings")).json()

        (again,) = [
            one
            for one in told
            if one["code"] == "VEE_COPY" and one["numbers"]["check"] == "VEE_PHYSICAL_LIMIT"
        ]
        assert (again["mode"], again["intervals"], again["first_day"]) == ("warn", 9, str(MONDAY))
        assert again["message"] == (
            "our estimates, more power than the service can carry: "
            "9 intervals, 28.544 to 28.545 kWh"
        )

    async def test_is_marked_in_the_table_too(self, office: Office) -> None:
        await office.tell(interval_report(interval_usage("U1", with_gap(40, 8))))

        answer = await get(office, "estimated-copy", format="csv", last_day=str(MONDAY))

        rows = list(csv.DictReader(StringIO(answer.text)))
        assert len(rows) == 96
        assert (rows[40]["kwh"], rows[40]["quality_code"]) == ("0.100", "9")
        assert rows[39]["quality"] == "valid"


class TestTheCopy:
    async def test_is_not_made_where_nothing_is_missing(self, office: Office) -> None:
        await office.tell(interval_report(interval_usage()))

        assert await office.rows("estimate_series") == 0
        days = await copy_of(office)
        assert {q["code"] for day in days for q in day["quality"]} == {0}

    async def test_gives_way_to_what_the_utility_sends_later(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        await office.tell(interval_report(interval_usage("U1", with_gap(40, 9))))
        before = await stored(office)
        cancel = interval_usage("U2", with_gap(40, 9), purpose=Purpose.CANCEL, original="U1")
        whole = channel(run(midnight(MONDAY), [77] * 96 * 5), days=DAYS)

        await office.tell(interval_report(cancel, interval_usage("U3", whole)))

        days = await copy_of(office)
        assert {value for day in days for value in day["kwh"]} == {"0.077"}
        (charge,) = office.charges
        assert charge.usage_id == "U3"
        assert (await stored(office))[: len(before)] == before
        assert len(await copy_of(office, usage_id="U1")) == 5

    async def test_changes_nothing_that_is_billed(self, office: Office) -> None:
        """The same usage with and without a copy beside it is stored and billed alike."""
        await office.tell(enrollment(request()))
        whole = channel(run(midnight(MONDAY), [77] * 96 * 5), days=DAYS)
        await office.tell(interval_report(interval_usage("U3", whole)))
        billed, kept = office.charges, await stored(office)

        later = (DAYS[1], DAYS[1] + timedelta(days=5))
        load = [90] * (96 * 5 - 4)
        torn = channel(run(midnight(later[0]) + 4 * STEP, load), days=later)
        await office.tell(interval_report(interval_usage("U4", torn)))

        assert await office.rows("estimate_series") == 1
        assert office.charges == billed
        assert (await stored(office))[: len(kept)] == kept
        assert office.holds == [("U4", "INTERVALS_INCOMPLETE")]


class TestFindingsOverHttp:
    async def test_are_told_with_their_numbers(self, office: Office) -> None:
        await office.tell(interval_report(interval_usage("U1", with_gap(40, 9))))

        found = (await get(office, "usage-findings")).json()

        assert found[0]["code"] == "VEE_COMPLETENESS"
        assert found[0]["numbers"] == {"expected": 480, "present": 471, "inside": 9}

    async def test_rules_are_told_with_their_sources(self, office: Office) -> None:
        async with client(app_of(office)) as http:
            answer = await http.get("/rating/v1/usage-checks", params=SCOPE)

        assert answer.status_code == 200
        assert {rule["code"] for rule in answer.json()["rules"]} >= {"VEE_SPIKE", "VEE_HIGH"}
