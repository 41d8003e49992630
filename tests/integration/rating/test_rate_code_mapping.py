"""A rate code that no plan knows is mapped once, and what it held is charged."""

from __future__ import annotations

from datetime import date

import pytest

from services.rating.rerun.asked import CodeMapping, mapping_job
from services.rating.rerun.refusals import (
    PlanCodeUnknown,
    RateCodeHasPlan,
)
from services.rating.rerun.views import show_mappings, show_unmapped
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.integration.rating.rerun_words import (
    dry_run,
    run,
)
from tests.unit.rating.words import JUNE, MCE, meter, request, usage


class TestAnUnmappedRateCode:
    MAPPING = CodeMapping(
        rate_code="H2ETOUCN", plan_code="E-TOU-C", effective_from=date(2026, 1, 1)
    )

    async def wait(self, office: Office, accounts: int = 10) -> None:
        numbers = range(1, accounts + 1)
        code = self.MAPPING.rate_code
        await office.tell(
            enrollment(
                *(request(f"R{n}", account=f"A{n}", meter=f"M{n}", rate_code=code) for n in numbers)
            )
        )
        await office.tell(
            usage_report(
                *(
                    usage(
                        f"U{n}",
                        meter(JUNE, {"on": "100", "off": "200"}, number=f"M{n}", rate_code=code),
                        account=f"A{n}",
                    )
                    for n in numbers
                )
            )
        )
        assert office.charges == []

    async def test_is_listed_with_what_waits_for_it(self, office: Office) -> None:
        await self.wait(office, 3)

        async with office.service.database.read() as session:
            book = await office.service.desk.books.current(session)
            (found,) = await show_unmapped(session, MCE, book)

        assert (found.rate_code, found.usage, found.accounts) == ("H2ETOUCN", 3, 3)

    async def test_mapped_once_charges_everything_it_held(self, office: Office) -> None:
        await self.wait(office)
        asked = mapping_job(self.MAPPING, "PG&E renamed the rate")

        job = await dry_run(office, asked)
        assert job.plan is not None
        assert (job.plan.unsent, job.plan.sent) == (10, 0)
        assert office.charges == []
        done = await run(office, asked)

        assert done.progress.outcomes == {"charged": 10}
        assert len(office.charges) == 10
        assert job.plan.new == sum(charge.total for charge in office.charges)
        async with office.service.database.read() as session:
            (mapping,) = await show_mappings(session, MCE)
            book = await office.service.desk.books.current(session)
            assert await show_unmapped(session, MCE, book) == []
        assert (mapping.mapped_by, mapping.reason) == ("ann", "PG&E renamed the rate")
        assert mapping.job_id == done.job_id

    async def test_charges_usage_that_comes_later_by_itself(self, office: Office) -> None:
        await self.wait(office, 1)
        await run(office, mapping_job(self.MAPPING, "renamed"))
        july = (date(2026, 7, 6), date(2026, 8, 5))

        await office.tell(
            usage_report(usage("U1B", meter(july, {"on": "1", "off": "2"}, rate_code="H2ETOUCN")))
        )

        assert [c.usage_id for c in office.charges] == ["U1", "U1B"]

    async def test_is_not_mapped_to_what_no_plan_knows_or_over_a_plan(self, office: Office) -> None:
        desk = office.service.reruns
        to_nothing = self.MAPPING.model_copy(update={"plan_code": "E-NONE"})
        over = CodeMapping(rate_code="E-1", plan_code="E-TOU-C", effective_from=date(2026, 1, 1))

        with pytest.raises(PlanCodeUnknown):
            await desk.ask(MCE, mapping_job(to_nothing, "why not"), "test-key-1", "ann")
        with pytest.raises(RateCodeHasPlan):
            await desk.ask(MCE, mapping_job(over, "why not"), "test-key-1", "ann")
