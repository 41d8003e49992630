"""Interval usage over the whole loop: readings in a utility's own layout become exact charges."""

from __future__ import annotations

from datetime import date

from simulator.intervals import LAYOUTS, IntervalUsed, bounds, interval_usage
from simulator.places import UTILITIES, Rate
from simulator.world import Account, invent_account
from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA, CELIA, DARIUS, ELENA, Body, Customer

FIRST, LAST, DUE = date(2026, 6, 6), date(2026, 7, 6), date(2026, 7, 13)
NEXT_LAST = date(2026, 8, 5)
EVENING_WH, OTHER_WH = 100, 50


def account_of(who: Customer) -> Account:
    """The same customer in the simulator's words."""
    utility = UTILITIES[who.utility]
    made = invent_account(utility, 7, 1)
    cca = next(each for each in utility.ccas if each.key == who.cca)
    return Account(
        index=1,
        cca=cca,
        rate=Rate(who.rate_code, 1),
        town=made.town,
        customer=who.name,
        street=made.street,
        number=who.account,
        service_agreement=who.agreement,
        meter=who.meter,
        bill_cycle="07",
    )


def readings(who: Customer, evening_wh: int, other_wh: int) -> list[int]:
    """One number from four to nine in the evening by the clock on the wall, one otherwise."""
    clock = LAYOUTS[who.utility].clock
    walls = (at.astimezone(LAYOUTS["pge"].clock) for at in bounds(clock, FIRST, LAST)[:-1])
    return [evening_wh if 16 <= at.hour < 21 else other_wh for at in walls]


def month(
    who: Customer,
    usage_id: str,
    evening_wh: int = EVENING_WH,
    other_wh: int = OTHER_WH,
    *,
    purpose: str = "00",
    original: str = "",
) -> Body:
    """One interval 867 of June 2026."""
    used = IntervalUsed(
        id=usage_id,
        account=account_of(who),
        start=FIRST,
        end=LAST,
        readings=readings(who, evening_wh, other_wh),
        purpose=purpose,
        original=original,
    )
    return interval_usage(UTILITIES[who.utility], used, LAST, DUE)


def a_reading(body: Body) -> int:
    """The place of some reading in the middle."""
    return next(n for n, segment in enumerate(body) if n > 500 and segment[0] == "QTY")


def monthly(who: Customer, usage_id: str, on_kwh: str, off_kwh: str, total_kwh: str) -> Body:
    """The same month as the utility would have added it up."""
    used = papers.Used(total_kwh, {papers.ON_PEAK: on_kwh, papers.OFF_PEAK: off_kwh})
    return papers.usage(who, usage_id, used)


class TestInTheLayoutOfEachUtility:
    async def test_a_month_of_pge_is_charged_like_the_same_month_by_bucket(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", month(ADA, "I1"))

        (charge,) = enrolled.documents("pge", "810")
        assert elements(charge, "BIG")[0][4] == "I1"
        assert (await enrolled.state("inbound", "867", "I1"))["rated"] == "charged"
        await enrolled.send("pge", "867", month(ADA, "C1", purpose="01", original="I1"))
        await enrolled.send("pge", "867", monthly(ADA, "M1", "60.000", "114.000", "174.000"))
        summed = enrolled.documents("pge", "810")[-1]
        assert elements(summed, "TDS") == elements(charge, "TDS")
        assert elements(summed, "SAC") == elements(charge, "SAC")

    async def test_a_month_of_sce_in_standard_time_is_charged(self, enrolled: Exchange) -> None:
        await enrolled.send("sce", "867", month(DARIUS, "I1"))

        (charge,) = enrolled.documents("sce", "810")
        kwh = [sac[9] for sac in elements(charge, "SAC") if sac[8] == "KH" and sac[0] == "C"]
        assert kwh
        assert (await enrolled.state("inbound", "867", "I1"))["rated"] == "charged"
        assert await enrolled.value("SELECT sum(total_micro) FROM rating.interval_series") == (
            174_000_000
        )

    async def test_a_month_of_sdge_stamped_at_its_first_end_is_charged(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("sdge", "867", month(ELENA, "I1"))

        assert len(enrolled.documents("sdge", "810")) == 1
        days = await enrolled.rows("SELECT first_day, last_day FROM rating.interval_series")
        assert [tuple(row.values()) for row in days] == [(FIRST, date(2026, 7, 5))]

    async def test_a_plan_with_one_price_needs_no_hours(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", month(CELIA, "I1"))

        assert (await enrolled.state("inbound", "867", "I1"))["rated"] == "charged"


class TestCorrections:
    async def test_a_replacement_is_charged_from_its_own_readings_and_both_are_kept(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", month(ADA, "I1"))
        await enrolled.send("pge", "867", month(ADA, "I2", 60, purpose="05", original="I1"))

        first, *others = [elements(each, "TDS")[0][0] for each in enrolled.documents("pge", "810")]
        assert first in others
        assert len(others) == 2
        kept = await enrolled.rows(
            "SELECT usage_id, state, total_micro FROM rating.interval_series"
            " JOIN rating.usage USING (transaction_id) ORDER BY usage_id"
        )
        assert [tuple(row.values()) for row in kept] == [
            ("I1", "cancelled", 174_000_000),
            ("I2", "charged", 150_000_000),
        ]


class TestWhatCannotBeUsed:
    async def test_a_bad_reading_refuses_its_transaction_alone(self, enrolled: Exchange) -> None:
        good = list(month(ADA, "I1"))
        place = a_reading(good)
        bad = (*good[:place], ("QTY", "32", "12X", "KH"), *good[place + 1 :])

        await enrolled.send("pge", "867", bad, month(CELIA, "I2"))

        assert (await enrolled.state("inbound", "867", "I2"))["rated"] == "charged"
        (group,) = [one for one in enrolled.mailbox("pge") if "_997_" in one.name][-1].transactions
        assert elements(group, "AK9")[0][0] == "P"
        assert elements(group, "AK4")[0][2] == "6"

    async def test_a_month_with_a_gap_waits_with_its_reason(self, enrolled: Exchange) -> None:
        body = month(ADA, "I1")
        place = a_reading(body)

        await enrolled.send("pge", "867", (*body[:place], *body[place + 2 :]))

        state = await enrolled.state("inbound", "867", "I1")
        assert (state["rated"], state["exception_code"]) == ("held", "INTERVALS_INCOMPLETE")
