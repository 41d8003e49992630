"""What people of finance decide at the workbench, and what the books make of it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4, uuid5

import pytest

from services.remittance.ledger.approvals import SamePerson
from services.remittance.workbench.acts import NoRoom, NotThatMuch, UnknownLine, UnknownTarget
from services.remittance.workbench.desk import (
    ActState,
    Asked,
    Ended,
    NotUndone,
    Wanted,
    Workbench,
)
from services.remittance.workbench.plans import Plan, Put, Wish
from shared.contracts.measures import to_cents
from shared.contracts.remittance import RemittanceLineKind
from tests.integration.remittance.office import (
    MCE,
    SPACE,
    Office,
    document_id,
    payment,
    pays,
    sent,
)


def put(trace: str, sequence: int, invoice: str | None, amount: str) -> Put:
    return Put(
        transaction_id=uuid5(SPACE, f"820 {trace} 0"),
        sequence=sequence,
        receivable_id=None if invoice is None else document_id(invoice),
        cents=to_cents(Decimal(amount)),
    )


def bench(office: Office) -> Workbench:
    return office.service.workbench


async def ask(
    office: Office,
    *puts: Put,
    off: tuple[tuple[str, str], ...] = (),
    by: str = "jane",
    key: str | None = None,
) -> Asked:
    wishes = tuple(
        Wish(receivable_id=document_id(number), cents=to_cents(Decimal(amount)))
        for number, amount in off
    )
    plan = Plan(puts=puts, write_offs=wishes)
    return await bench(office).ask(MCE, Wanted(plan, "it is hers", by, key or uuid4().hex))


async def take_back(office: Office, act_id: UUID, by: str = "jane") -> Asked:
    return await bench(office).take_back(MCE, act_id, "it was not", by, uuid4().hex)


class TestMatching:
    async def test_puts_waiting_money_on_a_charge(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"), *payment("T1", [pays("50.00", "TYPO")]))

        asked = await ask(office, put("T1", 1, "I1", "50.00"))

        assert asked.state is ActState.DONE
        assert await office.open_of("I1") == 30
        assert await office.unapplied() == 0
        assert await office.outcomes("T1") == ["by_hand"]
        assert await office.balance_of("cash_in_transit") == 50
        await office.prove()

    async def test_up_to_the_limit_is_one_persons(self, office: Office) -> None:
        both = [pays("100.00", "TYPO"), pays("100.01", "ANOTHER")]
        await office.tell(sent("I1", "100.00"), sent("I2", "100.01"), *payment("T1", both))

        alone = await ask(office, put("T1", 1, "I1", "100.00"))
        together = await ask(office, put("T1", 2, "I2", "100.01"))

        assert (alone.state, together.state) == (ActState.DONE, ActState.WAITING)

    async def test_is_told_to_whoever_follows_the_payment(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"), *payment("T1", [pays("50.00", "TYPO")]))
        await ask(office, put("T1", 1, "I1", "50.00"))
        await office.tell()

        told = office.applied()[-1]
        assert told.waiting_lines == 0
        assert [(each.outcome, each.applied) for each in told.lines if each.amount] == [
            ("by_hand", Decimal("50.00"))
        ]

    async def test_joins_many_lines_and_many_charges(self, office: Office) -> None:
        await office.tell(
            sent("I1", "30.00"),
            sent("I2", "40.00", account="A2"),
            *payment("T1", [pays("25.00", "X"), pays("45.00", account_number="A9")]),
        )

        await ask(
            office,
            put("T1", 1, "I1", "25.00"),
            put("T1", 2, "I1", "5.00"),
            put("T1", 2, "I2", "40.00"),
        )

        assert await office.open_of("I1") == await office.open_of("I2") == 0
        assert await office.unapplied() == 0
        await office.prove()

    async def test_leaves_what_nobody_placed_to_the_rules(self, office: Office) -> None:
        await office.tell(
            sent("I1", "100.00"), sent("I2", "50.00"), *payment("T1", [pays("130.00", "I1")])
        )
        await ask(office, put("T1", 1, "I2", "30.00"))
        assert await office.open_of("I2") == 20

        await office.tell(sent("C1", "60.00", cancels="I1"))

        assert await office.open_of("I2") == 20
        assert await office.open_of("I1") == 0
        assert await office.unapplied() == 60
        await office.prove()

    async def test_takes_account_money_off_the_charge_it_was_on(self, office: Office) -> None:
        await office.tell(
            sent("I1", "60.00"),
            sent("I2", "60.00"),
            *payment("T1", [pays("60.00", account_number="A1")]),
        )
        assert await office.open_of("I1") == 0

        await ask(office, put("T1", 1, "I2", "45.00"))

        assert [await office.open_of("I1"), await office.open_of("I2")] == [45, 15]
        await office.prove()


class TestAManualPlacement:
    async def test_survives_whatever_the_rules_place_later(self, office: Office) -> None:
        await office.tell(
            sent("I1", "50.00"), sent("I2", "50.00"), *payment("T1", [pays("50.00", "LATE")])
        )
        await ask(office, put("T1", 1, "I2", "50.00"))

        await office.tell(
            sent("LATE", "50.00"),
            *payment("T2", [pays("50.00", "I1"), pays("10.00", account_number="A1")]),
        )

        assert await office.outcomes("T1") == ["by_hand"]
        assert await office.open_of("I2") == 0
        assert await office.open_of("LATE") == 40
        await office.prove()

    async def test_waits_when_its_charge_is_cancelled_and_a_reversal_nets_it(
        self, office: Office
    ) -> None:
        await office.tell(
            sent("I1", "50.00"), sent("I2", "20.00"), *payment("T1", [pays("70.00", "TYPO")])
        )
        await ask(office, put("T1", 1, "I1", "50.00"), put("T1", 1, "I2", "20.00"))

        await office.tell(sent("C1", "50.00", cancels="I1"), *payment("T2", [pays("-5.00", "I2")]))

        assert await office.unapplied() == 50
        assert await office.open_of("I2") == 5
        await office.prove()

    async def test_moves_and_is_set_aside(self, office: Office) -> None:
        await office.tell(
            sent("I1", "50.00"), sent("I2", "50.00"), *payment("T1", [pays("50.00", "I1")])
        )
        await ask(office, put("T1", 1, "I2", "50.00"))
        await ask(office, put("T1", 1, "I2", "-20.00"), put("T1", 1, "I1", "20.00"))
        assert [await office.open_of("I1"), await office.open_of("I2")] == [30, 20]

        await ask(office, put("T1", 1, None, "10.00"), put("T1", 1, "I2", "-10.00"))

        assert await office.unapplied() == 10
        await office.prove()

    async def test_of_a_reversal_takes_back_what_was_paid_elsewhere(self, office: Office) -> None:
        await office.tell(
            sent("I1", "50.00"), *payment("T1", [pays("50.00", "I1"), pays("-50.00", "TYPO")])
        )
        await ask(office, put("T1", 2, "I1", "-50.00"))
        assert await office.open_of("I1") == 50
        await office.prove()


class TestWhatCannotBeDone:
    async def test_is_refused_and_leaves_no_trace(self, office: Office) -> None:
        fee = pays("-1.00", kind=RemittanceLineKind.FEE)
        await office.tell(sent("I1", "30.00"), *payment("T1", [pays("50.00", "TYPO"), fee]))
        for wrong, puts in (
            (NoRoom, [put("T1", 1, "I1", "40.00")]),
            (NotThatMuch, [put("T1", 1, "I1", "50.01")]),
            (NotThatMuch, [put("T1", 1, "I1", "-1.00")]),
            (NotThatMuch, [put("T1", 2, "I1", "-1.00")]),
            (UnknownLine, [put("T1", 3, "I1", "1.00")]),
            (UnknownTarget, [put("T1", 1, "NEVER", "1.00")]),
        ):
            with pytest.raises(wrong):
                await ask(office, *puts)
        assert await office.value("SELECT count(*) FROM remittance.act") == 0
        assert await office.outcomes("T1") == ["unknown", "adjusted"]
        await office.prove()


class TestWritingOff:
    async def test_closes_what_the_money_leaves_open(self, office: Office) -> None:
        await office.tell(sent("I1", "50.30"), *payment("T1", [pays("50.00", "TYPO")]))

        await ask(office, put("T1", 1, "I1", "50.00"), off=(("I1", "0.30"),))

        assert await office.open_of("I1") == 0
        assert await office.balance_of("write_offs") == Decimal("0.30")
        await office.prove()


class TestTheSecondPerson:
    async def test_approves_what_one_may_not_decide_over(self, office: Office) -> None:
        await office.tell(sent("I1", "500.00"), *payment("T1", [pays("500.00", "TYPO")]))
        asked = await ask(office, put("T1", 1, "I1", "500.00"))
        assert asked.state is ActState.WAITING
        assert await office.open_of("I1") == 500

        with pytest.raises(SamePerson):
            await bench(office).approve(MCE, asked.act_id, "jane")
        await bench(office).approve(MCE, asked.act_id, "joe")

        assert await office.open_of("I1") == 0
        with pytest.raises(Ended):
            await bench(office).decline(MCE, asked.act_id, "joe", "too late")
        await office.prove()

    async def test_finds_that_it_cannot_be_done_any_more(self, office: Office) -> None:
        await office.tell(sent("I1", "500.00"), *payment("T1", [pays("500.00", "TYPO")]))
        asked = await ask(office, put("T1", 1, "I1", "500.00"))
        await office.tell(*payment("T2", [pays("400.00", "I1")]))

        with pytest.raises(NoRoom):
            await bench(office).approve(MCE, asked.act_id, "joe")
        await bench(office).decline(MCE, asked.act_id, "joe", "paid meanwhile")

        assert await office.open_of("I1") == 100
        await office.prove()

    async def test_is_needed_for_a_write_off_too(self, office: Office) -> None:
        await office.tell(sent("I1", "100.01"))
        asked = await ask(office, off=(("I1", "100.01"),))
        assert asked.state is ActState.WAITING
        await bench(office).approve(MCE, asked.act_id, "joe")
        assert await office.open_of("I1") == 0

    async def test_is_not_needed_to_withdraw_ones_own(self, office: Office) -> None:
        await office.tell(sent("I1", "100.01"))
        asked = await ask(office, off=(("I1", "100.01"),))
        with pytest.raises(NotUndone):
            await bench(office).withdraw(MCE, asked.act_id, "joe", "not his")
        await bench(office).withdraw(MCE, asked.act_id, "jane", "changed my mind")
        assert await office.open_of("I1") == Decimal("100.01")


class TestUndoing:
    async def test_gives_back_money_and_write_off(self, office: Office) -> None:
        await office.tell(sent("I1", "50.30"), *payment("T1", [pays("50.00", "TYPO")]))
        done = await ask(office, put("T1", 1, "I1", "50.00"), off=(("I1", "0.30"),))

        undone = await take_back(office, done.act_id)

        assert await office.open_of("I1") == Decimal("50.30")
        assert await office.unapplied() == 50
        assert await office.outcomes("T1") == ["unknown"]
        for key in (done.act_id, undone.act_id):
            with pytest.raises(NotUndone):
                await take_back(office, key)
        await office.prove()

    async def test_is_refused_where_the_money_was_moved_since(self, office: Office) -> None:
        await office.tell(
            sent("I1", "50.00"), sent("I2", "50.00"), *payment("T1", [pays("50.00", "TYPO")])
        )
        done = await ask(office, put("T1", 1, "I1", "50.00"))
        await ask(office, put("T1", 1, "I1", "-50.00"), put("T1", 1, "I2", "50.00"))
        with pytest.raises(NotThatMuch):
            await take_back(office, done.act_id)


class TestTheSameForm:
    async def test_sent_twice_is_one_act(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"), *payment("T1", [pays("50.00", "TYPO")]))
        first = await ask(office, put("T1", 1, "I1", "25.00"), key="once")
        second = await ask(office, put("T1", 1, "I1", "25.00"), key="once")

        assert second == Asked(first.act_id, first.state, again=True)
        assert await office.open_of("I1") == 55
