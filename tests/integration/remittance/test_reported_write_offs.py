from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid5

import pytest

from services.remittance.ledger.approvals import Decision, SecondPersonNeeded
from services.remittance.ledger.reported_write_offs import (
    AlreadyWorked,
    Answer,
    CannotFollow,
    Comparison,
    ReportedWriteOff,
    UnknownReport,
    answer_reported,
    find_reported,
    list_reported,
)
from services.remittance.ledger.write_offs import Reported
from services.remittance.receivables import Scope
from shared.contracts.parts import Purpose
from shared.contracts.write_offs import WriteOff, WriteOffsReported
from tests.integration.remittance.office import MCE, NOON, SPACE, Office, payment, pays, sent

JANE = Decision("as the utility says", "jane")
OTHER = Scope("3ce", "pge", MCE.environment)


def report(
    name: str,
    amount: str,
    invoice: str | None = None,
    *,
    account: str = "A1",
    usage: str | None = None,
    purpose: Purpose = Purpose.ORIGINAL,
) -> WriteOffsReported:
    """A 248 of one line."""
    return WriteOffsReported(
        file_id=uuid5(SPACE, f"file {name}"),
        items=(
            WriteOff(
                transaction_id=uuid5(SPACE, name),
                write_off_id=name,
                sequence=1,
                purpose=purpose,
                account_number=account,
                invoice_number=invoice,
                usage_id=usage,
                amount=Decimal(amount),
                written_off_on=date(2026, 11, 15),
            ),
        ),
    )


def key(name: str) -> Reported:
    return Reported(uuid5(SPACE, name), 1)


async def found(office: Office, name: str, scope: Scope = MCE) -> ReportedWriteOff:
    async with office.service.database.read() as session:
        return await find_reported(session, scope, key(name))


async def answered(
    office: Office, name: str, answer: Answer = Answer.FOLLOWED, decision: Decision = JANE
) -> None:
    async with office.service.database.unit_of_work() as session:
        await answer_reported(session, MCE, key(name), answer, decision, NOON)


class TestAUtilitysWriteOff:
    @pytest.mark.parametrize(
        ("said", "comparison", "words"),
        [
            (report("W", "40.00", "I1"), "agrees", "40.00 of invoice I1 is open"),
            (report("W", "45.00", "I1"), "differs", "writes off 45.00; 40.00 of invoice I1"),
            (report("W", "30.00", usage="U2"), "agrees", "usage U2"),
            (report("W", "70.00"), "agrees", "70.00 of account A1 is open"),
            (report("W", "70.00", "NEVER"), "unknown_account", "no charge for invoice NEVER"),
            (report("W", "70.00", account="A9"), "unknown_account", "account A9"),
            (report("W", "40.00", "I1", purpose=Purpose.CANCEL), "differs", "takes back 40.00"),
        ],
    )
    async def test_is_compared_with_what_is_open(
        self, office: Office, said: WriteOffsReported, comparison: str, words: str
    ) -> None:
        await office.tell(sent("I1", "100.00"), sent("I2", "30.00", usage="U2"))
        await office.tell(*payment("T1", [pays("60.00", "I1")]), said, said)

        told = await found(office, "W")

        assert told.comparison == comparison
        assert words in told.explanation
        assert await office.value("SELECT count(*) FROM remittance.reported_write_off") == 1
        assert await office.balance_of("write_offs") == 0

    async def test_that_came_before_its_charge_or_payment_is_compared_again(
        self, office: Office
    ) -> None:
        await office.tell(report("W", "40.00", "I1"))
        assert (await found(office, "W")).comparison is Comparison.UNKNOWN_ACCOUNT
        await office.tell(sent("I1", "100.00"))
        assert (await found(office, "W")).comparison is Comparison.DIFFERS
        await office.tell(*payment("T1", [pays("60.00", "I1")]))
        assert (await found(office, "W")).comparison is Comparison.AGREES


class TestFollowingIt:
    async def test_writes_off_oldest_first_and_no_more_than_is_said(self, office: Office) -> None:
        await office.tell(sent("I1", "40.00", on=date(2026, 10, 1)), sent("I2", "50.00"))
        await office.tell(report("W", "60.00"))

        await answered(office, "W")

        assert await office.open_of("I1") == 0
        assert await office.open_of("I2") == 30
        assert await office.balance_of("write_offs") == 60
        told = await found(office, "W")
        assert (told.answer, told.answered_by, told.open_cents) == ("followed", "jane", 9_000)
        assert told.comparison is Comparison.DIFFERS
        await office.prove()

    async def test_and_taking_back_what_was_followed(self, office: Office) -> None:
        await office.tell(sent("I1", "40.00"), report("W", "40.00", "I1"))
        await answered(office, "W")
        await office.tell(report("B", "40.00", "I1", purpose=Purpose.CANCEL))
        assert (await found(office, "B")).comparison is Comparison.AGREES

        await answered(office, "B")

        assert await office.open_of("I1") == 40
        await office.prove()

    async def test_needs_a_second_person_above_the_limit_for_all_of_it(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "60.00"), sent("I2", "60.00"), report("W", "120.00"))

        with pytest.raises(SecondPersonNeeded):
            await answered(office, "W")
        assert (await found(office, "W")).answer is None
        await answered(office, "W", decision=Decision("both agree", "jane", "joe"))

        assert await office.balance_of("write_offs") == 120

    async def test_is_refused_when_nothing_is_open_or_written_off(self, office: Office) -> None:
        await office.tell(sent("I1", "40.00"), *payment("T1", [pays("40.00", "I1")]))
        await office.tell(report("W", "40.00", "I1"))
        await office.tell(report("B", "40.00", "I1", purpose=Purpose.CANCEL))
        for name in ("W", "B"):
            with pytest.raises(CannotFollow):
                await answered(office, name)


class TestTheListOfThem:
    async def test_is_worked_off_once_each_and_knows_nobody_elses(self, office: Office) -> None:
        await office.tell(sent("I1", "40.00"), report("W1", "40.00", "I1"), report("W2", "9.00"))
        await office.tell(report("W3", "9.00"), scope=OTHER)
        await answered(office, "W2", Answer.DISMISSED)

        with pytest.raises(AlreadyWorked):
            await answered(office, "W2")
        with pytest.raises(UnknownReport):
            await answered(office, "W3")

        async with office.service.database.read() as session:
            to_work = await list_reported(session, MCE, worked=False)
            agreeing = await list_reported(session, MCE, comparison=Comparison.AGREES)
            pages = [await list_reported(session, MCE, limit=1)]
            pages.append(await list_reported(session, MCE, limit=1, after=pages[0][0].key))
            pages.append(await list_reported(session, MCE, limit=1, after=pages[1][0].key))
        assert [each.write_off_id for each in to_work] == ["W1"]
        assert [each.write_off_id for each in agreeing] == ["W1"]
        assert sorted(each.write_off_id for page in pages for each in page) == ["W1", "W2"]
        assert await office.balance_of("write_offs") == 0
