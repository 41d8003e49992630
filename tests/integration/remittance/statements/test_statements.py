from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.remittance.ledger.closing import close_month
from services.remittance.statements.frozen import frozen_content
from services.remittance.statements.report import NoSuchMonth, Report, make_report
from services.remittance.statements.statement import last_day_of
from shared.contracts.remittance import RemittanceLineKind
from tests.integration.remittance.office import MCE, Office, payment, pays, sent
from tests.integration.remittance.test_any_order import DAY

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
DECEMBER_2 = datetime(2026, 12, 2, 20, tzinfo=UTC)


async def close(office: Office, month: date) -> None:
    async with office.service.database.unit_of_work() as session:
        await close_month(session, MCE, month, "jane", DECEMBER_2)


async def report(office: Office, month: date, on: date | None = None) -> Report:
    async with office.service.database.read() as session:
        return await make_report(session, MCE, month, on or last_day_of(month))


def figures(made: Report) -> dict[str, Decimal]:
    statement = made.statement
    cents = {kind.value: cents for kind, cents in statement.lines() if cents}
    cents |= {"opening": statement.opening_cents, "closing": statement.closing_cents}
    return {name: Decimal(value) / 100 for name, value in cents.items()}


class TestAMonth:
    async def test_is_opening_and_what_changed_and_closing(self, office: Office) -> None:
        await office.tell(
            sent("I1", "100.00", on=date(2026, 10, 5)),
            sent("I2", "60.00", on=date(2026, 11, 3)),
            sent("C2", "60.00", cancels="I2", on=date(2026, 11, 4)),
            sent("I3", "40.00", on=date(2026, 11, 5)),
        )
        await office.tell(
            *payment(
                "T1",
                [
                    pays("70.00", "I1"),
                    pays("-1.25", kind=RemittanceLineKind.FEE),
                    pays("9.00", "NEVER"),
                ],
            )
        )

        made = await report(office, NOVEMBER)

        assert figures(made) == {
            "opening": Decimal("100.00"),
            "charged": Decimal("100.00"),
            "cancelled": Decimal("-60.00"),
            "applied": Decimal("-70.00"),
            "closing": Decimal("70.00"),
        }
        assert made.all_tie
        money = made.money
        assert (money.announced_cents, money.paid_cents) == (77_75, 70_00)
        assert (money.waiting_cents, money.kept_cents) == (9_00, -1_25)

    async def test_can_be_seen_as_of_any_of_its_days(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 11, 5)))
        await office.tell(*payment("T1", [pays("70.00", "I1")]))  # settled on the 20th

        assert figures(await report(office, NOVEMBER, date(2026, 11, 4)))["closing"] == 0
        assert figures(await report(office, NOVEMBER, date(2026, 11, 19)))["closing"] == 100
        assert figures(await report(office, NOVEMBER, date(2026, 11, 20)))["closing"] == 30
        with pytest.raises(NoSuchMonth):
            await report(office, NOVEMBER, date(2026, 10, 31))

    async def test_ties_on_every_day_whatever_came_in_whatever_order(self, office: Office) -> None:
        day = [*DAY, sent("I9", "12.34", on=date(2026, 10, 31))]
        random.Random(7).shuffle(day)
        await office.tell(*day)

        for on in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 20), date(2026, 11, 23)):
            made = await report(office, on.replace(day=1), on)
            assert made.all_tie, made.ties
        await office.prove()


class TestAClosedMonth:
    async def test_keeps_its_statement_whatever_is_learned_later(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 10, 5)))
        await close(office, OCTOBER)
        async with office.service.database.read() as session:
            kept = await frozen_content(session, MCE, OCTOBER)

        await office.tell(sent("I2", "7.00", on=date(2026, 10, 6)))

        october, november = await report(office, OCTOBER), await report(office, NOVEMBER)
        assert figures(october)["closing"] == 100
        assert figures(november) == {"opening": 100, "charged": 7, "closing": 107}
        assert october.all_tie
        assert november.all_tie
        assert october.closed is not None
        assert (october.closed.by, october.closed.number) == ("jane", 1)
        async with office.service.database.read() as session:
            assert await frozen_content(session, MCE, OCTOBER) == kept
            assert await frozen_content(session, MCE, NOVEMBER) is None
        await office.prove()

    async def test_is_numbered_after_the_one_before(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 10, 5)))
        await close(office, OCTOBER)
        await close(office, NOVEMBER)

        made = await report(office, NOVEMBER)

        assert made.closed is not None
        assert made.closed.number == 2
        await office.prove()

    async def test_lets_nobody_change_its_statement(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 10, 5)))
        await close(office, OCTOBER)

        with pytest.raises(DBAPIError, match="only added"):
            async with office.service.database.unit_of_work() as session:
                await session.execute(
                    text("UPDATE remittance.monthly_statement SET number = 7"),
                )
