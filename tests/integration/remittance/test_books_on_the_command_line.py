"""`ccax books` on a database: a month is exported, closed and shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from tests.integration.remittance.office import Office, sent

Ccax = Callable[..., tuple[int, str]]


@pytest.fixture
def ccax(migrated_dsn: str, tmp_path: Path) -> Ccax:
    """Runs `ccax books …` on a database of the test's own, with a mapping file of its own."""
    url = migrated_dsn.replace("+asyncpg", "")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[[accounts]]\nours = "accounts_receivable"\ncode = "1200"\n'
        '[[accounts]]\nours = "revenue"\ncode = "4000"\n'
    )

    def command(*words: str) -> tuple[int, str]:
        surroundings = {
            "CCAX_DATABASE_URL": url,
            "CCAX_GENERAL_LEDGER_FILE": str(mapping),
            "COLUMNS": "200",
        }
        done = CliRunner().invoke(app, ["books", *words], env=surroundings)
        return done.exit_code, done.output + str(done.exception or "")

    return command


async def run(ccax: Ccax, *words: str) -> tuple[int, str]:
    """A command makes an event loop of its own, so it runs beside ours."""
    return await asyncio.to_thread(ccax, *words)


class TestOnTheCommandLine:
    async def test_a_month_is_exported_and_closed(
        self, office: Office, ccax: Ccax, tmp_path: Path
    ) -> None:
        await office.tell(sent("I1", "1234.50", on=date(2026, 9, 5)))
        month = ("mce", "--month", "2026-09")

        exported = await run(ccax, "export", *month, "--out", str(tmp_path), "--as", "ann")
        closed = await run(ccax, "close", *month, "--note", "agreed", "--as", "ann")
        again = await run(ccax, "close", *month, "--as", "ann")
        once_more = await run(ccax, "batch", "mce", "1")

        assert "2 entries, 1,234.50" in exported[1]
        file = (tmp_path / "gl_mce_test_2026-09_000001.csv").read_text()
        assert '"1200"' in file
        assert once_more[1].replace("\r\n", "\n") == file.replace("\r\n", "\n")
        assert (closed[0], "mce 2026-09 is closed with 2 entries" in closed[1]) == (0, True)
        assert again[0] == 1
        assert "2026-09 is closed; 2026-10 is to be closed next" in again[1]
        assert "ann" in (await run(ccax, "months", "mce"))[1]
        assert "1,234.50" in (await run(ccax, "balances", *month))[1]
        assert "1,234.50" in (await run(ccax, "batches", "mce"))[1]

    async def test_an_account_without_a_code_is_named(self, office: Office, ccax: Ccax) -> None:
        await office.tell(sent("I1", "10.00", taxes={"": "0.10"}))
        failed = await run(ccax, "export", "mce", "--month", "2026-11")
        assert failed[0] == 1
        assert "taxes_payable CALIFORNIA" in failed[1]
