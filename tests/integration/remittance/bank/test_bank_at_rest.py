"""What is kept of bank files: sealed, only added to, and found out when changed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from services.remittance.bank.desk import BankDesk
from shared.platform.keyring import KeyFault, KeyFile
from tests.integration.remittance.bank.counter import (
    deposit,
    paid,
    register,
    take,
)
from tests.integration.remittance.office import MCE, Office
from tests.unit.remittance.bank.bank_files import ACCOUNT, bai2


class TestAtRest:
    async def test_neither_numbers_nor_files_can_be_read_in_the_database(
        self, desk: BankDesk
    ) -> None:
        await register(desk)
        await take(desk, bai2([deposit(200_000)]))

        async with desk.database.read() as session:
            for table in ("bank_account", "bank_file", "bank_statement", "bank_sighting"):
                rows = (await session.execute(text(f"SELECT * FROM remittance.{table}"))).all()
                assert rows
                kept = repr([tuple(row) for row in rows])
                assert ACCOUNT not in kept
                assert "975312468" not in kept

    async def test_after_a_change_of_keys_the_old_one_is_not_needed(
        self, desk: BankDesk, tmp_path: Path
    ) -> None:
        await register(desk)
        await take(desk, bai2([deposit(200_000)]))
        (old,) = await desk.sealed_with()

        new = desk.keys.add().newest
        assert await desk.seal_again() == 2

        assert await desk.sealed_with() == {old: 0, new: 2}
        lines = desk.keys.path.read_text().splitlines(keepends=True)
        desk.keys.path.write_text(lines[-1])
        assert await take(desk, bai2([deposit(7, "T2", "BK2")], opening=1)) == [None]

    async def test_without_its_key_nothing_is_done(self, desk: BankDesk) -> None:
        await register(desk)
        desk.keys.path.unlink()
        lost = BankDesk(
            desk.database, desk.clock, KeyFile(desk.keys.path, is_given=True), MCE.environment
        )

        with pytest.raises(KeyFault, match="not there"):
            await take(lost, bai2([deposit(5)]))

    async def test_movements_are_only_added(self, desk: BankDesk) -> None:
        await register(desk)
        await take(desk, bai2([deposit(200_000)]))

        with pytest.raises(Exception, match="only added"):
            async with desk.database.unit_of_work() as session:
                await session.execute(text("UPDATE remittance.bank_movement SET cents = 1"))


class TestProof:
    async def test_books_and_statements_are_clean(self, office: Office, desk: BankDesk) -> None:
        await register(desk)
        await paid(office, "2000.00")
        await take(desk, bai2([deposit(200_000), deposit(300, "T2", "BK2")]))
        await take(desk, bai2([deposit(300, "T2", "BK2")]))

        await office.prove()

    @pytest.mark.parametrize(
        ("harm", "found"),
        [
            (
                (
                    "UPDATE remittance.bank_match SET announced_cents = announced_cents + 1,"
                    " deposited_cents = deposited_cents + 1"
                ),
                {"the journal equals receivables, lines and deposits"},
            ),
            ("DELETE FROM remittance.bank_place", {"deposits stand in matches that come to them"}),
            (
                (
                    "UPDATE remittance.bank_statement SET moved_cents = moved_cents + 1,"
                    " closing_cents = closing_cents + 1"
                ),
                {"statements are the sum of their movements"},
            ),
        ],
    )
    async def test_the_audit_finds_what_was_changed_by_hand(
        self, office: Office, desk: BankDesk, harm: str, found: set[str]
    ) -> None:
        await register(desk)
        await paid(office, "2000.00")
        await take(desk, bai2([deposit(200_000)]))

        async with desk.database.unit_of_work() as session:
            await session.execute(text(harm))

        report = await office.service.audit()
        assert {each.check for each in report.differences} == found
