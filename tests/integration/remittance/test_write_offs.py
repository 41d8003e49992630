from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import UUID

import pytest

from services.remittance.ledger.approvals import Decision, SamePerson, SecondPersonNeeded
from services.remittance.ledger.write_offs import (
    NotOpen,
    TakenBack,
    UnknownCharge,
    UnknownWriteOff,
    WrittenOff,
    take_back_write_off,
    write_off,
)
from shared.contracts.measures import to_cents
from shared.contracts.parts import Environment
from shared.platform.database import WriteSession
from tests.integration.remittance.office import MCE, NOON, Office, document_id, payment, pays, sent

ALONE = Decision("customer moved away", "jane")
TOGETHER = Decision("bankruptcy", "jane", "joe")


@asynccontextmanager
async def work(office: Office) -> AsyncIterator[WriteSession]:
    async with office.service.database.unit_of_work() as session:
        yield session


async def written_off(
    office: Office, number: str, amount: str, decision: Decision = ALONE
) -> WrittenOff:
    async with work(office) as session:
        cents = to_cents(Decimal(amount))
        return await write_off(session, MCE, document_id(number), cents, decision, NOON)


class TestWritingOff:
    async def test_closes_the_charge_and_is_an_expense(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"))

        await written_off(office, "I1", "80.00")

        assert await office.open_of("I1") == 0
        assert await office.balance_of("write_offs") == 80
        assert await office.balance_of("accounts_receivable") == 0
        await office.prove()

    async def test_may_be_of_a_part_and_of_a_credit_invoice(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"), sent("I2", "-30.00"))

        await written_off(office, "I1", "20.00")
        await written_off(office, "I2", "-30.00")

        assert await office.open_of("I1") == 60
        assert await office.open_of("I2") == 0
        assert await office.balance_of("write_offs") == -10
        await office.prove()

    async def test_of_more_than_is_open_is_refused(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"), *payment("T1", [pays("50.00", "I1")]))

        for amount in ("30.01", "-1.00", "0.00"):
            with pytest.raises(NotOpen):
                await written_off(office, "I1", amount)
        with pytest.raises(UnknownCharge):
            await written_off(office, "NEVER", "1.00")

    async def test_stays_within_its_environment(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"))
        live = type(MCE)(MCE.cca, MCE.utility, Environment.PRODUCTION)
        with pytest.raises(UnknownCharge):
            async with work(office) as session:
                await write_off(session, live, document_id("I1"), 100, ALONE, NOON)


class TestASecondPerson:
    async def test_approves_what_is_above_the_limit(self, office: Office) -> None:
        await office.tell(sent("I1", "100.01"))

        with pytest.raises(SecondPersonNeeded):
            await written_off(office, "I1", "100.01")
        await written_off(office, "I1", "100.01", TOGETHER)

        assert await office.open_of("I1") == 0

    async def test_is_not_needed_up_to_the_limit(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))

        await written_off(office, "I1", "100.00")

        assert await office.open_of("I1") == 0

    async def test_is_not_the_one_who_asked(self, office: Office) -> None:
        await office.tell(sent("I1", "10.00"))
        with pytest.raises(SamePerson):
            await written_off(office, "I1", "10.00", Decision("x", "jane", "jane"))


class TestMoneyAfterAWriteOff:
    async def test_that_names_the_charge_gives_the_write_off_back(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"))
        await written_off(office, "I1", "80.00")

        await office.tell(*payment("T1", [pays("50.00", "I1")]))

        assert await office.balance_of("write_offs") == 30
        assert await office.outcomes("T1") == ["short"]
        await office.prove()

    async def test_taken_back_again_leaves_it_written_off(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"))
        await written_off(office, "I1", "80.00")

        await office.tell(*payment("T1", [pays("80.00", "I1"), pays("-80.00", "I1")]))

        assert await office.open_of("I1") == 0
        assert await office.balance_of("write_offs") == 80
        await office.prove()

    async def test_that_names_only_the_account_does_not_pay_it(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"))
        await written_off(office, "I1", "80.00")

        await office.tell(*payment("T1", [pays("50.00", account_number="A1")]))

        assert await office.balance_of("write_offs") == 80
        assert await office.unapplied() == 50
        await office.prove()

    async def test_a_cancel_gives_the_write_off_back(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"))
        await written_off(office, "I1", "80.00")

        await office.tell(sent("C1", "80.00", cancels="I1"))

        assert await office.balance_of("write_offs") == 0
        assert await office.balance_of("revenue") == 0
        await office.prove()


class TestTakingAWriteOffBack:
    async def test_opens_the_charge_for_money_that_waits(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"))
        done = await written_off(office, "I1", "80.00")
        await office.tell(*payment("T1", [pays("50.00", account_number="A1")]))

        async with work(office) as session:
            undone = await take_back_write_off(session, MCE, done.write_off_id, ALONE, NOON)

        assert await office.open_of("I1") == 30
        assert await office.balance_of("write_offs") == 0
        assert [each.type for each in undone.said] == ["RemittanceApplied"]
        await office.prove()

    async def test_happens_once(self, office: Office) -> None:
        await office.tell(sent("I1", "80.00"))
        done = await written_off(office, "I1", "80.00")
        async with work(office) as session:
            undone = await take_back_write_off(session, MCE, done.write_off_id, ALONE, NOON)

        for key in (done.write_off_id, undone.write_off_id):
            with pytest.raises(TakenBack):
                async with work(office) as session:
                    await take_back_write_off(session, MCE, key, ALONE, NOON)
        with pytest.raises(UnknownWriteOff):
            async with work(office) as session:
                await take_back_write_off(session, MCE, UUID(int=1), ALONE, NOON)


class TestTaxes:
    async def test_are_owed_to_each_jurisdiction_and_no_revenue(self, office: Office) -> None:
        taxes = {"Santa  Cruz": "8.50", "": "0.30"}
        await office.tell(sent("I1", "108.80", taxes=taxes), sent("I2", "50.00"))

        assert await office.balance_of("revenue") == -150
        assert await office.balance_of("taxes_payable") == Decimal("-8.80")
        assert await office.owed_to() == {
            "CALIFORNIA": Decimal("0.30"),
            "SANTA CRUZ": Decimal("8.50"),
        }
        await office.prove()

    async def test_go_with_a_cancel_and_with_a_part_of_one(self, office: Office) -> None:
        await office.tell(
            sent("I1", "108.50", taxes={"MARINA": "8.50"}),
            sent("I2", "33.33", taxes={"SALINAS": "1.01"}),
            sent("C1", "108.50", cancels="I1"),
            sent("C2", "11.11", cancels="I2"),
        )

        # A third of 1.01 is 0.34, rounded.
        assert await office.owed_to() == {"SALINAS": Decimal("0.67")}
        assert await office.balance_of("revenue") == Decimal("-21.55")
        await office.prove()

    async def test_on_a_bill_that_comes_to_nothing_are_owed_all_the_same(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "0.00", taxes={"": "0.07"}))
        assert await office.owed_to() == {"CALIFORNIA": Decimal("0.07")}
        await office.prove()

        await office.tell(
            sent("C1", "0.00", cancels="I1"),
            sent("C2", "0.00", cancels="I1"),
        )
        assert await office.owed_to() == {}
        await office.prove()
