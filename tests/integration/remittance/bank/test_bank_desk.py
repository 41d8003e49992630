"""Bank files on a real database: kept once, sealed, matched with 820s, and booked."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from services.remittance.bank import questions
from services.remittance.bank.accounts import AccountTaken, NoAccountNumber
from services.remittance.bank.desk import BankDesk
from services.remittance.bank.importing import Import, OtherAccount, import_file
from services.remittance.bank.statement import UnreadableFile
from services.remittance.bank.three_way import Outcome
from services.remittance.statements.money import money
from tests.integration.remittance.bank.counter import (
    PCE,
    TRACE,
    count,
    deposit,
    matches,
    paid,
    register,
    take,
    told,
)
from tests.integration.remittance.office import MCE, NOON, Office
from tests.unit.remittance.bank.bank_files import bai2, camt053, ctx, entry


class TestThreeWayMatch:
    async def test_a_deposit_moves_money_from_transit_to_bank(
        self, office: Office, desk: BankDesk
    ) -> None:
        await register(desk)
        await paid(office, "2000.00")

        assert await take(desk, bai2([deposit(200_000)])) == [None]

        (match,) = await matches(desk)
        assert match.outcome is Outcome.MATCHED
        assert [each.applied for each in match.payments] == [Decimal("2000.00")]
        assert [each.account for each in match.deposits] == ["••••2468"]
        assert await office.balance_of("cash_in_transit") == 0
        assert await office.balance_of("bank") == Decimal("2000.00")
        assert (await told(desk)).ties
        await office.prove()

    async def test_a_deposit_before_its_820_waits_and_ends_the_same(
        self, office: Office, desk: BankDesk
    ) -> None:
        await register(desk)
        await take(desk, bai2([deposit(200_000)]))
        (waiting,) = await matches(desk)
        assert (waiting.outcome, waiting.age_days, waiting.late) == (
            Outcome.ADVICE_MISSING,
            6,
            True,
        )
        assert await office.balance_of("bank") == 0

        await paid(office, "2000.00")
        await desk.settle_open()

        (match,) = await matches(desk)
        assert match.outcome is Outcome.MATCHED
        assert await office.balance_of("bank") == Decimal("2000.00")
        await office.prove()

    async def test_an_820_without_deposit_is_told_with_its_age(
        self, office: Office, desk: BankDesk
    ) -> None:
        await register(desk)
        await paid(office, "2000.00")
        await desk.settle_open()

        (match,) = await matches(desk)
        assert (match.outcome, match.age_days, match.late) == (Outcome.DEPOSIT_MISSING, 5, True)
        overview = await told(desk)
        assert overview.difference == Decimal("-2000.00")
        assert overview.in_transit == Decimal("2000.00")

    async def test_another_amount_books_nothing_and_shows_the_difference(
        self, office: Office, desk: BankDesk
    ) -> None:
        await register(desk)
        await paid(office, "2000.00")

        await take(desk, bai2([deposit(199_900)]))

        (match,) = await matches(desk, "open")
        assert (match.outcome, match.difference) == (Outcome.AMOUNT_DIFFERS, Decimal("-1.00"))
        assert await office.balance_of("bank") == 0

    async def test_money_that_the_bank_takes_back_is_taken_out_of_the_books(
        self, office: Office, desk: BankDesk
    ) -> None:
        await register(desk)
        await paid(office, "2000.00")
        await take(desk, bai2([deposit(200_000)]))

        back = f"16,555,200000,Z,BK9,,RETURN PACIFIC GAS TRN*1*{TRACE}"
        await take(desk, bai2([back], opening=700_000, day="261120"))

        (match,) = await matches(desk)
        assert match.outcome is Outcome.AMOUNT_DIFFERS
        assert await office.balance_of("bank") == 0
        assert await office.balance_of("cash_in_transit") == Decimal("2000.00")
        assert await count(desk, "bank_match") == 2
        await office.prove()

    async def test_without_a_registered_account_nobody_looks(
        self, office: Office, desk: BankDesk
    ) -> None:
        await paid(office, "2000.00")

        assert await desk.settle_open() == 0
        assert (await told(desk)).not_looked_for == 1


class TestTheSameMoneyAgain:
    async def test_the_same_bytes_have_no_effect(self, office: Office, desk: BankDesk) -> None:
        await register(desk)
        await paid(office, "2000.00")
        file = bai2([deposit(200_000)]).encode()
        first = await desk.take(file, "a.bai", "fin")

        second = await desk.take(file, "another name", "fin")

        assert (first.again, second.again) == (False, True)
        assert first.file_id == second.file_id
        assert [await count(desk, name) for name in ("bank_file", "bank_movement")] == [1, 1]
        assert await office.balance_of("bank") == Decimal("2000.00")

    async def test_an_overlapping_statement_brings_only_what_is_new(
        self, office: Office, desk: BankDesk
    ) -> None:
        await register(desk)
        await take(desk, bai2([deposit(200_000)]))

        again = await desk.take(
            bai2([deposit(200_000), deposit(300, "T2", "BK2")]).encode(), "b.bai", "fin"
        )

        assert [each.new_movements for each in again.statements] == [1]

    async def test_three_formats_tell_of_one_deposit(self, office: Office, desk: BankDesk) -> None:
        await register(desk)
        await paid(office, "2000.00")
        plain = "16,142,200000,Z,BK1,,PACIFIC GAS ACH CREDIT"
        await take(desk, bai2([plain]))
        await take(desk, camt053(entry("2000.00", reference="CAMT-1")))
        await take(desk, ctx([(200_000, TRACE, "261119")]))

        (match,) = await matches(desk)
        assert match.outcome is Outcome.MATCHED
        assert match.deposits[0].formats == ("bai2", "camt053", "ctx")
        assert "the bank names trace" in match.explanation

    async def test_what_only_another_format_explains_better_moves_no_money_again(
        self, office: Office, desk: BankDesk
    ) -> None:
        await register(desk)
        await paid(office, "2000.00")
        await take(desk, bai2(["16,142,200000,Z,BK1,,PACIFIC GAS ACH CREDIT"]))
        await take(desk, ctx([(200_000, TRACE, "261119")]))

        async with desk.database.read() as session:
            found = await money(session, MCE, date(2026, 11, 1), date(2026, 11, 20))

        assert found.deposited_cents == 200_000
        await office.prove()

    async def test_each_movement_is_booked_on_its_own_day(
        self, office: Office, desk: BankDesk
    ) -> None:
        await register(desk)
        await paid(office, "2000.00")
        await take(desk, bai2([deposit(150_000)]))
        second = deposit(50_000, number="BK2")
        await take(desk, bai2([second], opening=650_000, day="261121"))

        async with desk.database.read() as session:
            days = [
                await money(session, MCE, date(2026, 11, 1), date(2026, 11, day))
                for day in (19, 21)
            ]

        assert [each.deposited_cents for each in days] == [150_000, 200_000]

    async def test_a_deposit_that_is_matched_once_more_is_booked_when_that_is_known(
        self, office: Office, desk: BankDesk
    ) -> None:
        await register(desk)
        await paid(office, "2000.00")
        await take(desk, bai2([deposit(200_000)]))
        back = f"16,555,200000,Z,BK9,,RETURN PACIFIC GAS TRN*1*{TRACE}"
        await take(desk, bai2([back], opening=700_000, day="261120"))
        again = deposit(200_000, number="BK10")
        await take(desk, bai2([again], opening=500_000, day="261121"))
        assert [each.outcome for each in await matches(desk)] == [Outcome.MATCHED]

        async with desk.database.read() as session:
            days = [
                await money(session, MCE, date(2026, 11, 1), date(2026, 11, day))
                for day in (19, 20, 21, 30)
            ]

        told = [each.deposited_cents for each in days]
        assert told == [200_000, 0, 200_000, 200_000]
        await office.prove()


class TestHeldStatements:
    async def test_a_statement_that_does_not_add_up_moves_nothing(
        self, office: Office, desk: BankDesk
    ) -> None:
        await register(desk)
        await paid(office, "2000.00")

        assert await take(desk, bai2([deposit(200_000)], closing=700_001)) == ["balances"]

        assert await count(desk, "bank_movement") == 0
        assert (await told(desk)).held_statements == 1
        async with desk.database.read() as session:
            (statement,) = await questions.statements(session, MCE)
        assert statement.difference == Decimal("-0.01")

    async def test_an_unknown_account_waits_until_it_is_registered(
        self, office: Office, desk: BankDesk
    ) -> None:
        await paid(office, "2000.00")
        assert await take(desk, bai2([deposit(200_000)])) == ["unknown_account"]

        await register(desk)

        assert [each.outcome for each in await matches(desk)] == [Outcome.MATCHED]
        assert (await told(desk)).held_statements == 0

    async def test_an_account_that_is_registered_meanwhile_takes_its_statement_up(
        self, office: Office, desk: BankDesk
    ) -> None:
        await paid(office, "2000.00")
        sent_in = Import(bai2([deposit(200_000)]).encode(), "a.bai", "fin", NOON)
        async with desk.database.unit_of_work() as session:
            await import_file(session, desk.keys.ring(), sent_in)
            registering = asyncio.create_task(register(desk))
            await asyncio.sleep(0.2)
        await registering

        assert [each.outcome for each in await matches(desk)] == [Outcome.MATCHED]

    async def test_what_is_no_bank_file_is_not_kept(self, desk: BankDesk) -> None:
        with pytest.raises(UnreadableFile):
            await take(desk, "01,half,a,file")

        assert await count(desk, "bank_file") == 0


class TestWhoseAccount:
    async def test_a_ccas_people_send_in_nothing_about_anothers(self, desk: BankDesk) -> None:
        await register(desk)

        with pytest.raises(OtherAccount):
            await desk.take(bai2([deposit(5)]).encode(), "a.bai", "fin", only=PCE)

        assert await count(desk, "bank_file") == 0

    async def test_an_account_belongs_to_one_cca(self, desk: BankDesk) -> None:
        await register(desk)
        await register(desk, number="0-975 312 468")

        assert await count(desk, "bank_account") == 1
        with pytest.raises(AccountTaken):
            await register(desk, PCE)
        with pytest.raises(NoAccountNumber):
            await register(desk, number="12 34")
