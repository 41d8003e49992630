from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.remittance import apply_remittance
from services.remittance.ledger.closing import (
    AccountInMonth,
    BooksNotRight,
    Month,
    MonthNotOver,
    MonthOutOfOrder,
    close_month,
    list_months,
    trial_balance,
)
from services.remittance.receivables import Scope
from services.remittance.service import build
from shared.contracts.envelope import Body
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from tests.integration.remittance.office import MCE, Office, envelope, payment, pays, sent

SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (date(2026, month, 1) for month in (9, 10, 11, 12))
NEW_YEAR = datetime(2027, 1, 1, 8, tzinfo=UTC)
"""Midnight in California."""


async def close(office: Office, month: date, at: datetime = NEW_YEAR, scope: Scope = MCE) -> Month:
    async with office.service.database.unit_of_work() as session:
        return await close_month(session, scope, month, "jane", at, "all agreed")


async def balances(office: Office, month: date) -> dict[str, AccountInMonth]:
    async with office.service.database.read() as session:
        found = await trial_balance(session, MCE, month)
    return {each.ledger_account: each for each in found}


class TestAMonth:
    async def test_closes_when_its_last_day_is_over_in_california(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 12, 31)))

        with pytest.raises(MonthNotOver):
            await close(office, DECEMBER, NEW_YEAR - timedelta(seconds=1))
        closed = await close(office, DECEMBER)

        assert (closed.closed_by, closed.entries, closed.note) == ("jane", 2, "all agreed")
        await office.prove()

    async def test_closes_after_the_one_before_and_only_once(self, office: Office) -> None:
        await office.tell(
            sent("I1", "100.00", on=date(2026, 9, 5)), sent("I2", "9.00", on=date(2026, 11, 5))
        )

        with pytest.raises(MonthOutOfOrder, match="2026-09 is to be closed next"):
            await close(office, NOVEMBER)
        await close(office, SEPTEMBER)
        with pytest.raises(MonthOutOfOrder, match="2026-09 is closed; 2026-10"):
            await close(office, SEPTEMBER)
        await close(office, OCTOBER)
        await close(office, NOVEMBER)

        async with office.service.database.read() as session:
            months = await list_months(session, MCE)
        assert [(each.month, each.entries) for each in months] == [
            (NOVEMBER, 2),
            (OCTOBER, 0),
            (SEPTEMBER, 2),
        ]
        await office.prove()

    async def test_closes_for_one_cca_alone(self, office: Office) -> None:
        other = Scope("3ce", "pge", MCE.environment)
        await office.tell(sent("I1", "100.00"))
        await close(office, NOVEMBER)

        await office.tell(sent("I2", "50.00"), scope=other)

        periods = "SELECT period FROM remittance.journal_entry WHERE cca = '3ce' LIMIT 1"
        assert await office.value(periods) == NOVEMBER

    async def test_carries_its_balances_into_the_next(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 10, 5)))
        await office.tell(*payment("T1", [pays("60.00", "I1")]))

        october, november = await balances(office, OCTOBER), await balances(office, NOVEMBER)

        assert october["accounts_receivable"].closing_cents == 10_000
        receivable = november["accounts_receivable"]
        assert (receivable.opening_cents, receivable.credit_cents) == (10_000, 6_000)
        assert receivable.closing_cents == 4_000


class TestAClosedMonth:
    async def test_gets_no_more_entries_what_is_learned_later_goes_to_the_open_one(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 10, 5)))
        await close(office, OCTOBER)
        before = await balances(office, OCTOBER)

        await office.tell(
            sent("I2", "30.00", on=date(2026, 10, 31)),
            sent("C1", "100.00", cancels="I1", on=date(2026, 10, 30)),
        )

        assert await balances(office, OCTOBER) == before
        late = await office.value(
            "SELECT count(*) FROM remittance.journal_entry"
            " WHERE period = :november AND effective_on < :november",
            november=NOVEMBER,
        )
        assert late == 4
        await office.prove()

    async def test_is_guarded_by_the_database_too(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 10, 5)))
        await close(office, OCTOBER)
        columns = (
            "cca, utility, environment, period, kind, ledger_account, jurisdiction,"
            " account_number, debit_cents, credit_cents, document_id, effective_on, entered_at"
        )
        again = (
            f"INSERT INTO remittance.journal_entry (posting_id, {columns})"
            " SELECT '00000000-0000-0000-0000-000000000001',"
            f" {columns} FROM remittance.journal_entry"
        )
        for change, words in (
            (again, "closed"),
            ("DELETE FROM remittance.closed_period", "only added"),
            ("UPDATE remittance.closed_balance SET month = month", "only added"),
        ):
            with pytest.raises(DBAPIError, match=words):
                async with office.service.database.unit_of_work() as session:
                    await session.execute(text(change))

    async def test_that_was_changed_behind_its_back_is_found(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 10, 5)))
        await close(office, OCTOBER)
        async with office.service.database.unit_of_work() as session:
            await session.execute(text("ALTER TABLE remittance.journal_entry DISABLE TRIGGER USER"))
            await session.execute(text("UPDATE remittance.journal_entry SET period = '2026-11-01'"))

        report = await office.service.audit()

        assert {each.check for each in report.differences} == {
            "closed months are as they were closed",
            "charges equal the journal in every month",
            "frozen statements tie to the journal",
        }


FACTS: tuple[Body, ...] = (
    sent("I1", "108.50", usage="U1", taxes={"MARINA": "8.50"}, on=date(2026, 10, 5)),
    sent("I2", "-20.00", account="A2", on=date(2026, 10, 30)),
    *payment("T1", [pays("100.00", "I1"), pays("5.00", "I3"), pays("-20.00", "I2")]),
    sent("C1", "108.50", cancels="I1", on=date(2026, 10, 31)),
    sent("I3", "90.00", usage="U1", taxes={"MARINA": "7.05"}, on=date(2026, 10, 31)),
    *payment("T2", [pays("90.00", "I3"), pays("1.00", account_number="A2")]),
)


class TestWheneverAMonthIsClosed:
    @pytest.mark.parametrize("told_before", range(1, len(FACTS)))
    async def test_the_books_end_with_the_same_balances(
        self, office: Office, told_before: int
    ) -> None:
        await office.tell(*FACTS[:told_before])
        await close(office, OCTOBER)
        closed = await balances(office, OCTOBER)

        await office.tell(*FACTS[told_before:])

        assert await balances(office, OCTOBER) == closed
        ends = await balances(office, NOVEMBER)
        assert {name: each.closing_cents for name, each in ends.items()} == {
            "accounts_receivable": 0,
            "cash_in_transit": 17_600,
            "revenue": -6_295,
            "taxes_payable": -705,
            "unapplied": -10_600,
        }
        await office.prove()


class TestBooksThatAreNotRight:
    async def test_cannot_be_closed(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        async with office.service.database.unit_of_work() as session:
            await session.execute(
                text("UPDATE remittance.receivable_balance SET open_cents = open_cents + 1")
            )
        with pytest.raises(BooksNotRight, match="I1"):
            await close(office, NOVEMBER)

    async def test_wait_for_a_payment_that_is_half_placed(
        self, migrated_dsn: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(apply_remittance, "LINES_PER_BATCH", 1)
        database = Database(migrated_dsn, "remittance")
        service = build(PlatformSettings(), database, MemoryBus(), FixedClock(NEW_YEAR))
        for part in payment("T1", [pays("1.00", "I1"), pays("2.00", "I2")]):
            await service.consumer.handle(envelope(part))

        async def close_it() -> Month:
            async with database.unit_of_work() as session:
                return await close_month(session, MCE, NOVEMBER, "jane", NEW_YEAR)

        with pytest.raises(BooksNotRight, match="1 lines of a payment wait"):
            await close_it()
        await service.poster.finish()

        assert (await close_it()).month == NOVEMBER
        await database.close()

    async def test_of_another_cca_do_not_matter(self, office: Office) -> None:
        other = Scope("3ce", "pge", MCE.environment)
        await office.tell(sent("I1", "100.00"))
        await office.tell(sent("I2", "50.00"), scope=other)
        async with office.service.database.unit_of_work() as session:
            await session.execute(
                text(
                    "UPDATE remittance.receivable_balance SET open_cents = 1"
                    " WHERE receivable_id IN"
                    " (SELECT receivable_id FROM remittance.receivable WHERE cca = '3ce')"
                )
            )
        assert (await close(office, NOVEMBER)).entries == 2

    async def test_tell_how_many_documents_nobody_has_looked_at(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"), sent("C1", "120.00", cancels="I1"))
        assert (await close(office, NOVEMBER)).not_entered == 1
