"""What the audit says when somebody has changed the database behind our back."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from services.remittance.statements.frozen import StatementDamaged, frozen_content
from tests.integration.remittance.office import MCE, Office, sent
from tests.integration.remittance.statements.test_statements import OCTOBER, close


@pytest.fixture
async def closed(office: Office) -> Office:
    """Books with a closed month."""
    await office.tell(sent("I1", "100.00", on=date(2026, 10, 5)))
    await close(office, OCTOBER)
    return office


async def tamper(office: Office, table: str, change: str) -> None:
    """Change rows that are only added, as a database administrator could."""
    async with office.service.database.unit_of_work() as session:
        for statement in (
            f"ALTER TABLE remittance.{table} DISABLE TRIGGER refuse_change",
            f"UPDATE remittance.{table} SET {change}",
            f"ALTER TABLE remittance.{table} ENABLE TRIGGER refuse_change",
        ):
            await session.execute(text(statement))


class TestTheAudit:
    async def test_finds_a_frozen_statement_that_says_something_else(self, closed: Office) -> None:
        await tamper(
            closed,
            "monthly_statement",
            "billed_cents = billed_cents + 1, closing_cents = closing_cents + 1",
        )

        found = (await closed.service.audit()).differences

        assert [(each.check, each.expected_cents, each.found_cents) for each in found] == [
            ("frozen statements tie to the journal", 100_00, 100_01)
        ]

    async def test_finds_a_charges_entry_in_another_month_than_its_posting(
        self, closed: Office
    ) -> None:
        await tamper(closed, "receivable_entry", "period = '2026-11-01'")

        found = (await closed.service.audit()).differences

        assert {(each.check, each.subject) for each in found} == {
            ("charges equal the journal in every month", "mce pge 2026-10"),
            ("charges equal the journal in every month", "mce pge 2026-11"),
        }


class TestAFrozenStatement:
    async def test_is_not_given_out_when_its_bytes_have_changed(self, closed: Office) -> None:
        await tamper(closed, "monthly_statement", "content = content || '\\x00'")

        with pytest.raises(StatementDamaged):
            async with closed.service.database.read() as session:
                await frozen_content(session, MCE, OCTOBER)
