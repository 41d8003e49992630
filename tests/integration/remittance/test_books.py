from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import pytest
from fastapi import Request
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.remittance import store
from services.remittance.apply_remittance import LINES_PER_BATCH
from services.remittance.service import build
from shared.contracts.remittance import RemittanceLineKind
from shared.platform import migrate
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.http import create_app
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from shared.platform.web.identity import Principal, Role
from tests.integration.remittance.office import (
    NOON,
    Office,
    envelope,
    payment,
    pays,
    sent,
)

SCOPE = {"cca": "mce", "utility": "pge", "environment": "test"}


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """A doorkeeper that knows everybody as the same viewer."""

    ccas: tuple[str, ...] | None

    async def identify(self, request: Request) -> Principal | None:
        return Principal(uuid4(), "test", Role.VIEWER, self.ccas)


def browser(office: Office, ccas: tuple[str, ...] | None = None) -> AsyncClient:
    """A client of the service's API that may see these CCAs; all when not given."""

    async def ready() -> dict[str, bool]:
        return {"database": await office.service.database.ready()}

    app = create_app(
        "Money", routers=[office.service.router], ready=ready, doorkeeper=OpenDoor(ccas)
    )
    return AsyncClient(transport=ASGITransport(app), base_url="http://money")


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


class TestTheDatabaseGuardsTheJournal:
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE remittance.journal_entry SET debit_cents = debit_cents",
            "DELETE FROM remittance.journal_entry",
            "DELETE FROM remittance.receivable_entry",
        ],
    )
    async def test_against_every_change_of_an_entry(self, office: Office, change: str) -> None:
        await office.tell(sent("I1", "100.00"))
        with pytest.raises(DBAPIError, match="are only added"):
            async with office.service.database.unit_of_work() as session:
                await session.execute(text(change))

    async def test_against_a_posting_that_does_not_balance(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        columns = "cca, utility, environment, ledger_account, jurisdiction, account_number"
        with pytest.raises(DBAPIError, match="debits and credits"):
            async with office.service.database.unit_of_work() as session:
                await session.execute(
                    text(
                        f"INSERT INTO remittance.journal_entry (posting_id, {columns}, period,"
                        " kind, debit_cents, credit_cents, document_id, effective_on, entered_at)"
                        f" SELECT gen_random_uuid(), {columns}, period, kind, debit_cents,"
                        " credit_cents, document_id, effective_on, entered_at"
                        " FROM remittance.journal_entry"
                    )
                )


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
            for table in ("journal_entry", "receivable_entry"):
                await session.execute(text(f"ALTER TABLE remittance.{table} DISABLE TRIGGER USER"))
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
        async with browser(office) as client:

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

    async def test_shows_nobody_the_money_of_another_cca(self, office: Office) -> None:
        async with browser(office, ("3ce",)) as client:
            for path in ("totals", "unapplied", "audit"):
                answer = await client.get(f"/remittance/v1/{path}", params=SCOPE)
                assert answer.status_code == 403, path
            own = await client.get("/remittance/v1/totals", params={**SCOPE, "cca": "3ce"})
            assert own.status_code == 200
            books = await client.get("/remittance/v1/audit")
            assert books.status_code == 403

    async def test_refuses_what_it_does_not_know_with_a_code(self, office: Office) -> None:
        asked = {
            "account-balance": ("account_number", "unknown_account"),
            "receivable": ("invoice_number", "unknown_receivable"),
            "remittance": ("trace_number", "unknown_remittance"),
        }
        async with browser(office) as client:
            for path, (word, code) in asked.items():
                answer = await client.get(f"/remittance/v1/{path}", params={**SCOPE, word: "X404"})
                assert (answer.status_code, answer.json()["code"]) == (404, code)
