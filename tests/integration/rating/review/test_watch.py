from __future__ import annotations

import pytest
import structlog
from structlog.testing import capture_logs

from services.rating.review.approvals import SettingKey, approve_setting
from services.rating.review.classes import CustomerClass
from services.rating.review.figures import BILL_WINDOWS, REVIEWS_EXPIRED
from services.rating.review.settings import AuditSetting, NewSetting, write_setting
from shared.contracts.documents import AcknowledgmentVerdict
from shared.platform.clock import FixedClock
from tests.integration.rating.office import NOON, Office, enrollment, usage_report
from tests.integration.rating.progress.test_follow import acknowledged, sent
from tests.unit.rating.words import request, usage

HUGE = {"on": "50000", "off": "200000", "total": "250000"}
DAYS = "SELECT DISTINCT day::text FROM rating.control_tests WHERE cca = 'mce' ORDER BY 1"


def clock_of(office: Office) -> FixedClock:
    clock = office.service.clock
    assert isinstance(clock, FixedClock)
    return clock


async def charge_one(office: Office) -> None:
    await office.tell(enrollment(request()))
    await office.tell(usage_report(usage()))


async def told_over_days(office: Office) -> list[tuple[str, str, int]]:
    """What is told of bill windows until the day after they have closed."""
    told = []
    for hours in (0, 90, 1, 24, 1):
        clock_of(office).advance(hours=hours)
        with capture_logs() as logs:
            await office.service.watch.tick()
        told += [(e["event"], e["stage"], e["bills"]) for e in logs if "window" in e["event"]]
    return told


@pytest.fixture(autouse=True)
def _logs() -> None:
    structlog.reset_defaults()


class TestTheSyntheticCharge:
    async def test_is_stopped_once_a_day(self, office: Office) -> None:
        for _ in range(3):
            await office.service.watch.tick()
            await office.service.watch.tick()
            clock_of(office).advance(days=1)

        assert await office.column(DAYS) == ["2026-11-23", "2026-11-24", "2026-11-25"]
        assert await office.rows("control_tests", cca="mce", passed=True) == 6
        assert await office.rows("charges") == 0
        assert office.heard == []

    async def test_that_passes_a_hold_switched_off_raises_an_alarm(self, office: Office) -> None:
        off = NewSetting(
            setting=AuditSetting(enabled=False),
            customer_class=CustomerClass.COMMERCIAL,
            reason="too many",
        )
        async with office.service.database.unit_of_work() as session:
            asked = await write_setting(session, "mce", "HIGH_VALUE", off, "jane", NOON)
            key = SettingKey.of(asked)
            await approve_setting(session, key, "joe", "for one day", NOON)

        with capture_logs() as logs:
            await office.service.watch.tick()

        assert await office.rows("control_tests", cca="mce", passed=False) == 1
        assert [log["event"] for log in logs] == ["value hold did not fire"]

    async def test_that_was_missed_raises_an_alarm(self, office: Office) -> None:
        await office.service.watch.tick()
        clock_of(office).advance(days=3)

        with capture_logs() as logs:
            await office.service.watch.tick()

        missed = [log for log in logs if log["event"] == "value hold was not tested"]
        assert {log["last_test"] for log in missed} == {"2026-11-23"}


class TestABillWindow:
    async def test_warns_once_before_it_closes_and_once_when_it_has(self, office: Office) -> None:
        await office.tell(usage_report(usage("U9", account="A9")))
        told = []
        for hours in (0, 90, 1, 24, 1):
            clock_of(office).advance(hours=hours)
            with capture_logs() as logs:
                await office.service.watch.tick()
            told.append([log["event"] for log in logs if "window" in log["event"]])

        assert told == [[], ["bill window closes soon"], [], ["bill window missed"], []]
        gauge = BILL_WINDOWS.labels("mce", "pge", "missed")
        assert gauge._value.get() == 1  # noqa: SLF001  prometheus shows no other way

    async def test_warns_of_a_charge_that_was_not_sent(self, office: Office) -> None:
        await charge_one(office)

        told = await told_over_days(office)

        assert told == [
            ("bill window closes soon", "charged", 1),
            ("bill window missed", "charged", 1),
        ]

    async def test_is_not_missed_by_an_810_that_left_in_time(self, office: Office) -> None:
        await charge_one(office)
        await office.tell(sent(office.charges[0].invoice_number))

        told = await told_over_days(office)

        assert told == [("bill window closes soon", "sent", 1)]
        gauge = BILL_WINDOWS.labels("mce", "pge", "unanswered")
        assert gauge._value.get() == 1  # noqa: SLF001

    async def test_ends_with_the_acceptance_of_the_utility(self, office: Office) -> None:
        await charge_one(office)
        number = office.charges[0].invoice_number
        await office.tell(acknowledged(number, AcknowledgmentVerdict.ACCEPTED))

        assert await told_over_days(office) == []

    async def test_runs_again_for_a_rejected_810(self, office: Office) -> None:
        await charge_one(office)
        number = office.charges[0].invoice_number
        await office.tell(sent(number))
        await office.tell(acknowledged(number, AcknowledgmentVerdict.REJECTED))

        told = await told_over_days(office)

        assert [(event, stage) for event, stage, _ in told] == [
            ("bill window closes soon", "rejected"),
            ("bill window missed", "rejected"),
        ]


class TestAChargeUnderReviewForTooLong:
    async def test_raises_an_alarm_before_its_window_closes(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        await office.tell(usage_report(usage(energy=HUGE)))
        before = REVIEWS_EXPIRED.labels("mce", "pge")._value.get()  # noqa: SLF001
        clock_of(office).advance(hours=98)

        with capture_logs() as logs:
            await office.service.watch.tick()
            await office.service.watch.tick()

        events = [log["event"] for log in logs]
        assert events.count("charges still under review") == 1
        assert REVIEWS_EXPIRED.labels("mce", "pge")._value.get() == before + 1  # noqa: SLF001
