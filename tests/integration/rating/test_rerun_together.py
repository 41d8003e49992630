"""A job rates bills that are alike together, and they come out as they would one by one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np

from services.rating.charge_json import line_item
from services.rating.intervals.take import take
from services.rating.rate_usage import Rated, rate
from shared.contracts.charges import Charge, ChargeLine
from shared.contracts.intervals import IntervalUsage
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageItem
from tests.integration.rating.office import NOON, Office, enrollment, usage_report
from tests.integration.rating.rerun_words import correct_prices, run
from tests.unit.rating.interval_words import (
    JUNE_FIRST,
    channel,
    interval_report,
    interval_usage,
    midnight,
)
from tests.unit.rating.interval_words import run as readings_of
from tests.unit.rating.words import JUNE, MCE, enrolled, meter, request, usage

ACCOUNTS = 6
DAYS = (JUNE_FIRST, JUNE_FIRST + timedelta(days=30))


def metered(number: int) -> IntervalUsage:
    """A month of readings; of the first account a few are estimated, so it is not ordinary."""
    chance = np.random.default_rng(number)
    readings = chance.integers(0, 2_000, 30 * 96).tolist()
    marks = [(5, 2)] if not number else []
    read = channel(readings_of(midnight(DAYS[0]), readings, marks), days=DAYS)
    return interval_usage(f"I{number}", read, account=f"I{number}")


def monthly(number: int) -> UsageItem:
    return usage(
        f"M{number}", meter(JUNE, {"on": f"{number}.5", "off": "200"}), account=f"M{number}"
    )


async def expected(office: Office, item: UsageItem, intervals: IntervalUsage | None) -> Rated:
    async with office.service.database.read() as session:
        book = await office.service.desk.books.current(session)
    assert book is not None
    blocks = take(intervals).blocks if intervals else ()
    rated = rate(
        item, MCE, enrolled(account=item.account_number), book, NOON.date(), readings=blocks
    )
    assert isinstance(rated, Rated)
    return rated


def lines_of(rated: Rated) -> list[ChargeLine]:
    return [line_item(line, n) for n, line in enumerate(rated.lines, start=1)]


class TestBillsThatAreAlike:
    async def test_are_rated_again_as_one_by_one(self, office: Office, tmp_path: Path) -> None:
        intervals = {f"I{n}": metered(n) for n in range(ACCOUNTS)}
        months = {f"M{n}": monthly(n) for n in range(ACCOUNTS)}
        await office.tell(enrollment(*(request(f"R{a}", account=a) for a in (*intervals, *months))))
        await office.tell(usage_report(*months.values()))
        await office.tell(interval_report(*intervals.values()))
        await correct_prices(office, tmp_path)

        job = await run(office)

        assert job.progress.outcomes == {"rebilled": 2 * ACCOUNTS}
        rebills: list[Charge] = [
            c
            for c in office.charges
            if c.purpose is Purpose.ORIGINAL and c.plan_version == "corrected"
        ]
        assert len(rebills) == 2 * ACCOUNTS
        for charge in rebills:
            came = intervals.get(charge.account_number)
            item = take(came).item if came else months[charge.account_number]
            assert list(charge.lines) == lines_of(await expected(office, item, came))
