from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from services.rating.desk import DeskOutcome
from services.rating.messages import Occasion
from services.rating.review.decide import (
    Act,
    AnotherPersonNeeded,
    AskFirst,
    NewAct,
    ReleasedCharges,
    ReviewClosed,
    ReviewUnknown,
    act_on,
    release,
)
from services.rating.review.registry import Mode
from services.rating.review.settings import AuditSetting, NewSetting, write_setting
from services.rating.store import REVIEW
from services.rating.store_charges import load_charges
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageCancelled
from tests.integration.rating.office import NOON, Office, enrollment, usage_report
from tests.unit.rating.words import JUNE, MCE, THREE_CE, request, transaction, usage

HUGE = {"on": "50000", "off": "200000", "total": "250000"}
JULY = (date(2026, 7, 6), date(2026, 8, 5))


@dataclass
class Reviewers:
    """People who decide about what an office holds."""

    office: Office
    why: str = "checked with the customer"
    cases: list[int] = field(default_factory=list)

    async def review_id(self) -> int:
        ids = await self.office.column("SELECT max(review_id) FROM rating.reviews")
        return int(ids[0])

    async def act(self, by: str, act: Act = Act.ASK) -> None:
        async with self.office.service.database.unit_of_work() as session:
            review_id = await self.review_id()
            await act_on(session, MCE, review_id, NewAct(act=act, reason=self.why), by, NOON)

    async def release(self, by: str) -> ReleasedCharges:
        desk = self.office.service.desk
        review_id = await self.review_id()
        async with self.office.service.database.unit_of_work() as session:
            done = await release(session, desk, Occasion(MCE, NOON), [review_id], by, self.why)
        await self.office.tell(usage_report(usage("ECHO", account="A99")))
        return done

    async def states(self) -> list[str]:
        return await self.office.column("SELECT state FROM rating.reviews ORDER BY review_id")


@pytest.fixture
async def people(office: Office) -> Reviewers:
    await office.tell(enrollment(request()))
    return Reviewers(office)


class TestAChargeAboveTheLimit:
    async def test_is_computed_and_kept_and_does_not_leave(self, people: Reviewers) -> None:
        office = people.office
        await office.tell(usage_report(usage(energy=HUGE)))

        assert office.charges == []
        assert office.holds == [("U1", "HIGH_VALUE")]
        assert await office.rows("charges") == 0
        assert await office.column("SELECT state FROM rating.usage") == ["held"]
        assert await office.column("SELECT codes[1] FROM rating.reviews") == ["HIGH_VALUE"]
        assert await office.rows("audit_findings", code="HIGH_VALUE", mode="hold") == 1
        assert await office.rows("bills", stage="under_review", reason="HIGH_VALUE") == 1

    async def test_is_released_by_another_person_than_who_asked(self, people: Reviewers) -> None:
        office = people.office
        await office.tell(usage_report(usage(energy=HUGE)))
        stored = await office.column("SELECT total_cents FROM rating.reviews")

        with pytest.raises(AskFirst):
            await people.release("jane")
        await people.act("jane")
        with pytest.raises(AnotherPersonNeeded):
            await people.release("jane")
        done = await people.release("joe")

        (charge,) = office.charges
        assert [one.invoice_number for one in done.charges] == ["MCE0000000001"]
        assert charge.total * 100 == stored[0]
        assert await people.states() == ["released"]
        assert await office.column("SELECT by FROM rating.review_acts ORDER BY act_id") == [
            "jane",
            "joe",
        ]
        with pytest.raises(ReviewClosed):
            await people.release("jim")

    async def test_is_not_released_by_who_asked_whoever_acted_after_them(
        self, people: Reviewers
    ) -> None:
        await people.office.tell(usage_report(usage(energy=HUGE)))

        await people.act("joe", Act.NOTE)
        with pytest.raises(AskFirst):
            await people.release("jane")
        await people.act("jane")
        await people.act("joe", Act.NOTE)
        with pytest.raises(AnotherPersonNeeded):
            await people.release("jane")
        await people.release("jim")

        assert await people.states() == ["released"]

    async def test_is_asked_for_anew_once_it_was_returned(self, people: Reviewers) -> None:
        await people.office.tell(usage_report(usage(energy=HUGE)))

        await people.act("jane")
        await people.act("joe", Act.RETURN)
        await people.act("joe")
        await people.release("jane")

        assert await people.states() == ["released"]

    async def test_is_not_released_by_one_person_even_in_the_database(
        self, people: Reviewers
    ) -> None:
        office = people.office
        await office.tell(usage_report(usage(energy=HUGE)))
        await people.act("jane")

        told = (
            ("another_person", {"closed_by": "jane", "last_actor": "jane", "asked_by": "joe"}),
            ("two_people", {"closed_by": "jane", "last_actor": "joe", "asked_by": "jane"}),
            ("two_people", {"closed_by": "jane", "last_actor": "joe", "asked_by": None}),
        )
        for constraint, by in told:
            async with office.service.database.unit_of_work() as session:
                connection = await session.connection()
                released = update(REVIEW.reviews).values(state="released", **by)
                with pytest.raises(IntegrityError, match=constraint):
                    await connection.execute(released)
                await session.rollback()

    async def test_waits_on_whatever_else_is_tried_again(self, people: Reviewers) -> None:
        office = people.office
        await office.tell(usage_report(usage(energy=HUGE)))

        await office.service.release(("HIGH_VALUE",))
        await office.tell(enrollment(request("R2", effective_on=date(2022, 2, 1))))

        assert office.charges == []
        assert await people.states() == ["waiting"]
        assert await office.rows("audit_findings", code="HIGH_VALUE") == 1

    async def test_is_not_seen_from_another_cca(self, people: Reviewers) -> None:
        await people.office.tell(usage_report(usage(energy=HUGE)))

        with pytest.raises(ReviewUnknown):
            async with people.office.service.database.unit_of_work() as session:
                note = NewAct(act=Act.NOTE, reason="looking")
                await act_on(session, THREE_CE, await people.review_id(), note, "jane", NOON)


class TestTheUtilitysCorrection:
    async def test_a_cancel_ends_the_review_and_nothing_is_billed(self, people: Reviewers) -> None:
        office = people.office
        await office.tell(usage_report(usage(energy=HUGE)))

        await office.tell(
            usage_report(usage("C1", purpose=Purpose.CANCEL, corrects="U1", energy=HUGE))
        )

        assert office.charges == []
        assert await people.states() == ["withdrawn"]
        assert any(isinstance(said.body, UsageCancelled) for said in office.heard)
        assert await office.column("SELECT DISTINCT state FROM rating.usage") == ["cancelled"]

    async def test_a_replacement_with_less_is_charged_at_once(self, people: Reviewers) -> None:
        office = people.office
        await office.tell(usage_report(usage(energy=HUGE)))

        await office.tell(usage_report(usage("U2", purpose=Purpose.REPLACE, corrects="U1")))

        assert [charge.total for charge in office.charges] == [Decimal("39.97")]
        assert await people.states() == ["withdrawn"]

    async def test_a_replacement_with_too_much_waits_with_its_cancel(
        self, people: Reviewers
    ) -> None:
        office = people.office
        await office.tell(usage_report(usage()))
        await office.tell(
            usage_report(usage("U2", purpose=Purpose.REPLACE, corrects="U1", energy=HUGE))
        )
        before = [charge.purpose for charge in office.charges]
        await people.act("jane")

        await people.release("joe")

        assert before == [Purpose.ORIGINAL]
        assert [charge.purpose for charge in office.charges] == [
            Purpose.ORIGINAL,
            Purpose.CANCEL,
            Purpose.ORIGINAL,
        ]
        assert office.charges[1].total == Decimal("39.97")


class TestTheNextMonth:
    async def test_is_charged_while_the_one_before_waits(self, people: Reviewers) -> None:
        office = people.office
        await office.tell(usage_report(usage(energy=HUGE)))

        await office.tell(usage_report(usage("U2", period=JULY)))

        assert [charge.usage_id for charge in office.charges] == ["U2"]
        assert JUNE[1] == JULY[0]
        assert await office.rows("audit_findings", code="USAGE_GAP") == 0


class TestABillThatIsRatedAgain:
    async def test_waits_together_with_its_cancel_when_it_is_above_the_limit(
        self, people: Reviewers
    ) -> None:
        office = people.office
        await office.tell(usage_report(usage()))
        await limit_to(office, cents=1_000)
        desk, key = office.service.desk, transaction("867 U1")
        async with office.service.database.unit_of_work() as session:
            sent = (await load_charges(session, [key]))[key]
            cancel = replace(
                sent,
                charge_id=uuid4(),
                purpose=Purpose.CANCEL,
                reverses=sent.charge_id,
                original_invoice_number=sent.invoice_number,
            )
            rebill = replace(sent, charge_id=uuid4(), plan_version="corrected")
            outcome = DeskOutcome((), (), (cancel, rebill), (), ())
            kept = await desk.keep(session, Occasion(MCE, NOON), outcome)
        await people.act("jane")

        done = await people.release("joe")

        assert list(kept) == []
        assert [charge.purpose for charge in done.charges] == [Purpose.CANCEL, Purpose.ORIGINAL]
        assert [charge.purpose for charge in office.charges] == [
            Purpose.ORIGINAL,
            Purpose.CANCEL,
            Purpose.ORIGINAL,
        ]
        assert await people.states() == ["released"]

    async def test_is_withdrawn_when_the_utility_cancels_meanwhile(self, people: Reviewers) -> None:
        office = people.office
        await office.tell(usage_report(usage()))
        await limit_to(office, cents=1_000)
        key = transaction("867 U1")
        async with office.service.database.unit_of_work() as session:
            sent = (await load_charges(session, [key]))[key]
            cancel = replace(sent, charge_id=uuid4(), purpose=Purpose.CANCEL, reverses=key)
            rebill = replace(sent, charge_id=uuid4(), plan_version="corrected")
            outcome = DeskOutcome((), (), (cancel, rebill), (), ())
            await office.service.desk.keep(session, Occasion(MCE, NOON), outcome)

        await office.tell(usage_report(usage("C1", purpose=Purpose.CANCEL, corrects="U1")))

        assert await people.states() == ["withdrawn"]
        assert [charge.purpose for charge in office.charges] == [Purpose.ORIGINAL, Purpose.CANCEL]


async def limit_to(office: Office, cents: int) -> None:
    """From now on a CCA's charges of so much are held."""
    setting = AuditSetting(mode=Mode.HOLD, limits={"limit_cents": cents})
    new = NewSetting(setting=setting, reason="a smaller limit")
    async with office.service.database.unit_of_work() as session:
        await write_setting(session, "mce", "HIGH_VALUE", new, "ann", NOON)
