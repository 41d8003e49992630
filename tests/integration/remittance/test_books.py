from __future__ import annotations

from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from services.remittance import reports, store
from services.remittance.apply_remittance import LINES_PER_BATCH
from services.remittance.service import build
from shared.contracts.remittance import RemittanceLineKind
from shared.platform import migrate
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from tests.integration.remittance.office import (
    MCE,
    NOON,
    Office,
    envelope,
    payment,
    pays,
    sent,
)

SCOPE = {"cca": "mce", "utility": "pge", "environment": "test"}


class TestSchema:
    async def test_history_makes_the_tables_the_code_declares(self, migrated_dsn: str) -> None:
        history = migrate.history_of("remittance")
        assert await migrate.drift(migrated_dsn, history, store.METADATA) == []


class TestJournal:
    async def test_debits_equal_credits_in_one_query(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"), sent("I2", "-5.00"))
        fee = pays("-1.00", kind=RemittanceLineKind.FEE)
        await office.tell(*payment("T1", [pays("60.00", "I1"), pays("7.00", "X"), fee]))
        await office.tell(sent("C1", "100.00", cancels="I1"))
        difference = await office.value(
            "SELECT sum(debit_cents) - sum(credit_cents) FROM remittance.journal_entry"
        )
        assert difference == 0


class TestAudit:
    @pytest.mark.parametrize(
        "damage",
        [
            "UPDATE remittance.receivable_balance SET open_cents = open_cents + 1",
            "UPDATE remittance.receivable_entry SET cents = cents - 1 WHERE kind = 'applied'",
            (
                "UPDATE remittance.journal_entry SET debit_cents = debit_cents + 1"
                " WHERE debit_cents > 0"
            ),
            (
                "UPDATE remittance.line_place SET applied_cents = applied_cents - 1,"
                " unapplied_cents = unapplied_cents + 1"
            ),
            "DELETE FROM remittance.line_place",
            "DELETE FROM remittance.placement",
        ],
    )
    async def test_finds_what_was_changed_behind_its_back(
        self, office: Office, damage: str
    ) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(*payment("T1", [pays("60.00", "I1")]))
        await office.prove()
        async with office.service.database.unit_of_work() as session:
            await session.execute(text(damage))
        assert not (await office.service.audit()).is_clean


class TestCrash:
    async def test_long_payment_goes_on_behind_its_last_batch(self, migrated_dsn: str) -> None:
        database = Database(migrated_dsn, "remittance")
        before = build(PlatformSettings(), database, MemoryBus(), FixedClock(NOON))
        count = LINES_PER_BATCH * 2 + 1
        for part in payment("T1", [pays("1.00", f"I{n}") for n in range(count)]):
            await before.consumer.handle(envelope(part))
        assert (await before.audit()).waiting_lines == count - LINES_PER_BATCH
        after = build(PlatformSettings(), database, MemoryBus(), FixedClock(NOON))
        await after.poster.finish()
        report = await after.audit()
        assert (report.differences, report.lines, report.waiting_lines) == ((), count, 0)
        await database.close()


class TestApi:
    async def test_answers_from_the_books(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"), sent("I2", "50.00"))
        lines = [pays("60.00", "I1"), pays("7.00", "X1", account_number="A1")]
        await office.tell(*payment("T1", lines))
        app = FastAPI()
        app.include_router(office.service.router)
        async with AsyncClient(transport=ASGITransport(app), base_url="http://money") as client:

            async def ask(path: str, **words: str | int) -> object:
                answer = await client.get(f"/remittance/v1/{path}", params={**SCOPE, **words})
                assert answer.status_code == 200, answer.text
                return answer.json()

            balance = await ask("account-balance", account_number="A1")
            detail = await ask("receivable", invoice_number="I1")
            payments = await ask("remittance", trace_number="T1", limit=1)
            waiting = await ask("unapplied")
            totals = await ask("totals")
            proof = await ask("audit")
        assert isinstance(balance, dict)
        assert (balance["open"], balance["unapplied"], balance["balance"]) == (
            "90.00",
            "7.00",
            "83.00",
        )
        assert isinstance(detail, dict)
        assert [(e["kind"], e["amount"]) for e in detail["entries"]] == [
            ("charged", "100.00"),
            ("applied", "-60.00"),
        ]
        assert isinstance(payments, list)
        assert payments[0]["outcomes"] == {"short": 1, "unknown": 1}
        assert len(payments[0]["lines"]) == 1
        assert isinstance(waiting, list)
        assert [line["invoice_number"] for line in waiting] == ["X1"]
        assert isinstance(totals, dict)
        assert totals["ties"] is True
        assert (totals["billed"], totals["applied"], totals["open"]) == ("150.00", "60.00", "90.00")
        assert isinstance(proof, dict)
        assert proof["every_cent_placed"] is True

    async def test_refuses_what_it_does_not_know_with_a_code(self, office: Office) -> None:
        async with office.service.database.read() as session:
            with pytest.raises(reports.UnknownAccount):
                await reports.account_balance(session, MCE, "A404")
            with pytest.raises(reports.UnknownReceivable):
                await reports.receivable_detail(session, MCE, "I404")
            with pytest.raises(reports.UnknownRemittance):
                await reports.remittances_by_trace(session, MCE, str(uuid4()))
