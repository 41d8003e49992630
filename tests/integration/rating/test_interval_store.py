"""Readings are stored whole, by the day, and no version is ever overwritten."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from services.rating.intervals.block import IntervalBlock
from services.rating.intervals.keeping import load_intervals
from services.rating.intervals.take import take
from shared.contracts.intervals import IntervalUsage
from shared.contracts.parts import Purpose
from tests.integration.rating.office import Office, enrollment
from tests.unit.rating.interval_words import (
    JUNE_FIRST,
    interval_report,
    interval_usage,
    whole_days,
)
from tests.unit.rating.words import request


async def stored(office: Office, *usages: IntervalUsage) -> list[IntervalBlock]:
    async with office.service.database.read() as session:
        found = await load_intervals(session, [usage.transaction_id for usage in usages])
    return [block for usage in usages for block in found.get(usage.transaction_id, ())]


def same(one: IntervalBlock, other: IntervalBlock) -> bool:
    return (
        (one.meter_number, one.direction, one.minutes, one.decimals, one.first_day, one.last_day)
        == (
            *(other.meter_number, other.direction, other.minutes, other.decimals),
            *(other.first_day, other.last_day),
        )
        and np.array_equal(one.readings, other.readings)
        and np.array_equal(one.quality, other.quality)
    )


class TestReportedIntervals:
    @pytest.mark.parametrize(
        "first", [date(2026, 2, 27), date(2026, 10, 30), date(2027, 12, 30), JUNE_FIRST]
    )
    async def test_are_read_back_as_they_came(self, office: Office, first: date) -> None:
        usage = interval_usage("U1", whole_days(first, 12, estimated=[(5, 3), (400, 1)]))

        await office.tell(interval_report(usage))

        (block,) = await stored(office, usage)
        assert same(block, take(usage).blocks[0])
        assert await office.rows("interval_days") == 12

    async def test_make_the_partition_of_their_month(self, office: Office) -> None:
        await office.tell(interval_report(interval_usage()))

        assert await office.rows("interval_days_2026_06") == 25
        assert await office.rows("interval_days_2026_07") == 5

    async def test_lose_nothing_when_the_same_message_comes_again(self, office: Office) -> None:
        told = await office.tell(interval_report(interval_usage()))

        await office.deliver(told)
        await office.tell(interval_report(interval_usage()))

        assert await office.rows("usage") == 1
        assert await office.rows("interval_days") == 30

    async def test_of_a_cancelled_and_corrected_month_are_all_kept(self, office: Office) -> None:
        wrong, right = interval_usage("U1"), interval_usage("U3", whole_days(JUNE_FIRST, 30, 99))
        cancel = interval_usage("U2", purpose=Purpose.CANCEL, original="U1")

        await office.tell(interval_report(wrong, cancel, right))

        old, new = await stored(office, wrong, cancel, right)
        assert (old.total_micro, new.total_micro) == (288_000_000, 285_120_000)
        states = await office.column("SELECT state FROM rating.usage ORDER BY usage_id")
        assert states == ["cancelled", "cancelled", "held"]

    async def test_with_a_gap_are_held(self, office: Office) -> None:
        whole = whole_days(JUNE_FIRST, 2)
        first, later = whole_days(JUNE_FIRST, 1).runs[0], whole_days(date(2026, 6, 8), 1).runs[0]
        torn = whole.model_copy(
            update={"runs": (first, later), "expected": 288, "period_end": date(2026, 6, 9)}
        )
        await office.tell(enrollment(request()))

        await office.tell(interval_report(interval_usage("U1", torn)))

        assert office.holds == [("U1", "INTERVALS_INCOMPLETE")]
        (block,) = await stored(office, interval_usage("U1", torn))
        assert block.count(2) == 96
