from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.remittance.ledger import export
from services.remittance.ledger.export import (
    Batch,
    BatchDamaged,
    NothingToExport,
    UnknownBatch,
    batch_file,
    file_name,
    find_batch,
    list_batches,
    make_batch,
)
from services.remittance.ledger.mapping import DEFAULT_FILE, UnmappedAccounts
from services.remittance.receivables import Scope
from tests.integration.remittance.office import MCE, NOON, Office, payment, pays, sent

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
DEFAULT = DEFAULT_FILE.read_text()
OTHER = Scope("3ce", "pge", MCE.environment)


async def made(
    office: Office, month: date = NOVEMBER, mapping: str = DEFAULT, scope: Scope = MCE
) -> Batch:
    async with office.service.database.unit_of_work() as session:
        return await make_batch(session, scope, month, mapping, "jane", NOON)


async def file_of(office: Office, batch: Batch, scope: Scope = MCE) -> str:
    return "".join([part async for part in batch_file(office.service.database, scope, batch)])


async def rows_of(office: Office, batch: Batch) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(await file_of(office, batch))))


class TestABatch:
    async def test_holds_a_months_entries_balanced_in_the_codes_of_accounting(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "108.50", taxes={"MARINA": "8.50"}))
        mapping = DEFAULT + (
            '[[accounts]]\nours = "taxes_payable"\njurisdiction = "MARINA"\ncode = "2310-MAR"\n'
        )

        batch = await made(office, mapping=mapping)
        rows = await rows_of(office, batch)

        assert (batch.number, batch.entries, batch.debit_cents) == (1, 3, 10_850)
        assert [(row["account"], row["debit"], row["credit"]) for row in rows] == [
            ("accounts_receivable", "108.50", "0.00"),
            ("2310-MAR", "0.00", "8.50"),
            ("revenue", "0.00", "100.00"),
        ]
        assert {(row["period"], row["batch"], row["cca"]) for row in rows} == {
            ("2026-11", "1", "mce")
        }
        assert file_name(MCE, batch) == "gl_mce_test_2026-11_000001.csv"
        await office.prove()

    async def test_names_no_customer(self, office: Office) -> None:
        await office.tell(sent("I1", "108.50", account="4001234567"))
        assert "4001234567" not in await file_of(office, await made(office))

    async def test_gives_every_entry_once_each_month_apart(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "ENTRIES_PER_PART", 3)
        await office.tell(sent("I1", "10.00"), sent("I2", "20.00", on=date(2026, 10, 9)))
        first, october = await made(office), await made(office, OCTOBER)
        await office.tell(*payment("T1", [pays("10.00", "I1"), pays("3.00", "X")]))
        await office.tell(sent("I3", "7.00"), scope=OTHER)
        second = await made(office)

        with pytest.raises(NothingToExport):
            await made(office)

        entries = [
            row["entry"]
            for batch in (first, october, second)
            for row in await rows_of(office, batch)
        ]
        known = await office.value(
            "SELECT array_agg(entry_id::text) FROM remittance.journal_entry WHERE cca = 'mce'"
        )
        assert sorted(entries) == sorted(known)
        assert (await made(office, scope=OTHER)).number == 1
        async with office.service.database.read() as session:
            listed = await list_batches(session, MCE)
        assert [each.number for each in listed] == [3, 2, 1]
        await office.prove()

    async def test_is_the_same_file_whenever_it_is_asked_for(self, office: Office) -> None:
        await office.tell(sent("I1", "10.00"))
        batch = await made(office)
        before = await file_of(office, batch)
        await office.tell(sent("I2", "99.00"))
        await made(office)

        async with office.service.database.read() as session:
            again = await find_batch(session, MCE, 1)
            with pytest.raises(UnknownBatch):
                await find_batch(session, MCE, 7)

        assert await file_of(office, again) == before
        assert len(before.encode()) == batch.size

    async def test_cannot_be_made_while_an_account_has_no_code(self, office: Office) -> None:
        await office.tell(sent("I1", "10.00", taxes={"": "0.10"}))
        mapping = '[[accounts]]\nours = "revenue"\ncode = "4000"\n'
        with pytest.raises(UnmappedAccounts, match="accounts_receivable, taxes_payable CALIFORNIA"):
            await made(office, mapping=mapping)
        assert await office.value("SELECT count(*) FROM remittance.gl_batch") == 0


class TestABatchThatSomebodyTouched:
    async def test_is_refused_by_the_database_and_noticed(self, office: Office) -> None:
        await office.tell(sent("I1", "10.00"))
        batch = await made(office)
        damage = text(
            "UPDATE remittance.gl_batch_part SET content ="
            " (SELECT content FROM remittance.gl_batch_part WHERE part = 0) WHERE part = 1"
        )
        with pytest.raises(DBAPIError, match="only added"):
            async with office.service.database.unit_of_work() as session:
                await session.execute(damage)
        async with office.service.database.unit_of_work() as session:
            await session.execute(text("ALTER TABLE remittance.gl_batch_part DISABLE TRIGGER USER"))
            await session.execute(damage)
        with pytest.raises(BatchDamaged):
            await file_of(office, batch)

    async def test_is_found_by_the_audit(self, office: Office) -> None:
        await office.tell(sent("I1", "10.00"))
        await made(office)
        async with office.service.database.unit_of_work() as session:
            await session.execute(text("ALTER TABLE remittance.gl_batch DISABLE TRIGGER USER"))
            await session.execute(
                text("UPDATE remittance.gl_batch SET debit_cents = 1, credit_cents = 1")
            )
        found = (await office.service.audit()).differences
        assert [each.check for each in found] == ["export batches hold their entries"]
        assert (found[0].expected_cents, found[0].found_cents) == (1_000, 1)


class TestMoney:
    async def test_in_a_file_adds_to_the_ledger(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", taxes={"MARINA": "7.00"}), sent("I2", "-5.00"))
        await office.tell(*payment("T1", [pays("60.00", "I1"), pays("-5.00", "I2")]))
        sums: dict[str, Decimal] = {}
        for row in await rows_of(office, await made(office)):
            moved = Decimal(row["debit"]) - Decimal(row["credit"])
            sums[row["our_account"]] = sums.get(row["our_account"], Decimal(0)) + moved
        for account, balance in sums.items():
            assert balance == await office.balance_of(account)
        assert sum(sums.values()) == 0
