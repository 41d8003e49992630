"""Usage is checked when it comes; only a rule that says so keeps its charge back."""

from __future__ import annotations

from datetime import date

from services.rating.vee.finding import CheckFinding
from services.rating.vee.keeping import findings_of
from shared.contracts.usage import UsageItem
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.unit.rating.interval_words import (
    JUNE_FIRST,
    channel,
    interval_report,
    interval_usage,
    midnight,
    run,
)
from tests.unit.rating.words import JUNE, meter, request, usage

MAY = (date(2026, 5, 6), date(2026, 6, 6))


async def findings(office: Office, usage_id: str) -> tuple[CheckFinding, ...]:
    transaction_id = usage(usage_id).transaction_id
    async with office.service.database.read() as session:
        found = await findings_of(session, [transaction_id])
    return found.get(transaction_id, ())


def month(usage_id: str, period: tuple[date, date], on: str, off: str) -> UsageItem:
    return usage(usage_id, meter(period, {"on": on, "off": off}))


class TestAWarning:
    async def test_is_kept_and_the_charge_goes_out(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        await office.tell(usage_report(month("U1", MAY, "110", "200")))
        await office.tell(usage_report(month("U2", JUNE, "300", "400")))

        (high,) = await findings(office, "U2")
        assert (high.code, high.mode) == ("VEE_HIGH", "warn")
        assert high.message == ("more than usual: 23.333 kWh a day; 10.000 the bill before")
        assert len(office.charges) == 2
        audited = await office.column("SELECT code FROM rating.audit_findings ORDER BY 1")
        assert "VEE_HIGH" in audited

    async def test_is_not_told_twice_when_the_usage_comes_twice(self, office: Office) -> None:
        await office.tell(usage_report(month("U1", MAY, "110", "200")))
        await office.tell(usage_report(month("U2", JUNE, "300", "400")))
        await office.tell(usage_report(month("U2", JUNE, "300", "400")))

        assert await office.rows("usage_findings") == 1
        assert await office.rows("usage_figures") == 2


class TestAHold:
    async def test_keeps_the_charge_until_a_person_has_looked(self, office: Office) -> None:
        start, size = midnight(JUNE_FIRST), 96 * 30
        load = [200 + 7 * (n % 11) for n in range(size)]
        load[40:43] = [30_000, 30_000, 30_000]  # 120 kW at a house
        sent = channel(run(start, load), days=JUNE)
        await office.tell(enrollment(request()))

        await office.tell(interval_report(interval_usage("U1", sent)))

        assert office.charges == []
        assert office.holds == [("U1", "VEE_PHYSICAL_LIMIT")]
        (found,) = await findings(office, "U1")
        assert (found.intervals, found.first_day, found.mode) == (3, JUNE_FIRST, "hold")
        assert await office.rows("reviews", state="waiting") == 1

    async def test_holds_nothing_that_waits_for_another_reason(self, office: Office) -> None:
        await office.tell(usage_report(usage("U1", meter(JUNE, {"on": "1", "total": "2"}))))
        await office.tell(enrollment(request()))

        assert [code for _, code in office.holds] == ["NOT_ENROLLED", "TOTAL_MISMATCH"]
        (found,) = await findings(office, "U1")
        assert found.code == "VEE_SUM"
