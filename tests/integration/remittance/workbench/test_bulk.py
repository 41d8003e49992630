"""Many acts at once: planned, looked at, started by the right person, and done once each."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.remittance.ledger.approvals import SamePerson
from services.remittance.workbench.bulk import (
    BulkAsked,
    BulkWhat,
    JobState,
    NothingFound,
    WrongState,
)
from services.remittance.workbench.bulk_questions import JobView, job_items, job_view
from services.remittance.workbench.sought import Sought
from tests.integration.remittance.office import MCE, Office, payment, pays, sent


async def plan(
    office: Office, what: BulkWhat, sought: Sought | None = None, key: str | None = None
) -> UUID:
    asked = BulkAsked(what, sought or Sought(), "end of month", "jane", key or uuid4().hex)
    return await office.service.bulk.ask(MCE, asked)


async def seen(office: Office, job_id: UUID) -> JobView:
    async with office.service.database.read() as session:
        return await job_view(session, MCE, job_id)


async def ended(office: Office, job_id: UUID) -> JobView:
    async with asyncio.timeout(20):
        while (await seen(office, job_id)).state is JobState.RUNNING:
            await asyncio.sleep(0.02)
    return await seen(office, job_id)


class TestExactMatches:
    async def test_put_money_on_the_one_charge_of_its_account_with_its_amount(
        self, office: Office
    ) -> None:
        await office.tell(
            sent("I1", "30.00", account="A1"),
            sent("I2", "20.00", account="A2"),
            sent("I3", "20.00", account="A2"),
            *payment(
                "T1",
                [
                    pays("30.00", "TYPO1", account_number="A1"),
                    pays("20.00", "TYPO2", account_number="A2"),
                    pays("7.00", "TYPO3", account_number="A1"),
                ],
            ),
        )
        job_id = await plan(office, BulkWhat.EXACT_MATCHES)
        planned = await seen(office, job_id)
        assert (planned.state, planned.items, planned.moved) == (JobState.PLANNED, 1, Decimal(30))
        assert await office.open_of("I1") == 30

        await office.service.bulk.start(MCE, job_id, "jane")

        assert (await ended(office, job_id)).done == 1
        assert await office.open_of("I1") == 0
        assert await office.outcomes("T1") == ["by_hand", "unknown", "unknown"]
        await office.prove()


class TestSeveralProcesses:
    async def test_do_each_act_of_a_job_once_and_count_it_once(self, office: Office) -> None:
        await office.tell(*(sent(f"I{n}", "5.00", account=f"A{n}") for n in range(6)))
        job_id = await plan(office, BulkWhat.SMALL_BALANCES, Sought(amount_to=Decimal(5)))
        await office.service.bulk.start(MCE, job_id, "jane")

        while (await seen(office, job_id)).state is JobState.RUNNING:
            await asyncio.gather(*(office.service.bulk.work() for _ in range(3)))

        job = await seen(office, job_id)
        assert (job.done, job.refused) == (6, 0)
        assert await office.value("SELECT count(*) FROM remittance.act") == 6
        await office.prove()


class TestSmallBalances:
    async def test_are_written_off_when_a_second_person_starts_it(self, office: Office) -> None:
        await office.tell(*(sent(f"I{n}", "40.00", account=f"A{n}") for n in range(3)))
        with pytest.raises(NothingFound):
            await plan(office, BulkWhat.SMALL_BALANCES)
        job_id = await plan(office, BulkWhat.SMALL_BALANCES, Sought(amount_to=Decimal(50)))

        with pytest.raises(SamePerson):
            await office.service.bulk.start(MCE, job_id, "jane")
        await office.tell(*payment("T1", [pays("40.00", "I1")]))
        await office.service.bulk.start(MCE, job_id, "joe")

        job = await ended(office, job_id)
        assert (job.state, job.done, job.refused) == (JobState.DONE, 2, 1)
        async with office.service.database.read() as session:
            items = await job_items(session, job_id)
        assert [item.state for item in items if "I1" in item.subject] == ["refused"]
        assert await office.balance_of("write_offs") == 80
        await office.prove()


class TestAJob:
    async def test_is_asked_for_once_started_once_and_cancelled(self, office: Office) -> None:
        await office.tell(sent("I1", "4.00"))
        few = Sought(amount_to=Decimal(5))
        job_id = await plan(office, BulkWhat.SMALL_BALANCES, few, "once")
        assert await plan(office, BulkWhat.SMALL_BALANCES, few, "once") == job_id

        await office.service.bulk.cancel(MCE, job_id, "jane")
        with pytest.raises(WrongState):
            await office.service.bulk.start(MCE, job_id, "jane")
        assert await office.open_of("I1") == 4
