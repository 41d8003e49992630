"""`ccax bank` and `ccax keys` on a database: register, import, show, and change the keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from tests.unit.remittance.bank.bank_files import ACCOUNT, bai2

DEPOSIT = "16,142,200000,Z,BK1,,PACIFIC GAS TRN*1*T9*1006912877"

Ccax = Callable[..., tuple[int, str]]


@pytest.fixture
def ccax(migrated_dsn: str, tmp_path: Path) -> Ccax:
    """Runs commands on a database and a key file of the test's own."""
    surroundings = {
        "CCAX_DATABASE_URL": migrated_dsn.replace("+asyncpg", ""),
        "CCAX_DATA_DIR": str(tmp_path),
        "COLUMNS": "200",
    }

    def command(*words: str, typed: str | None = None) -> tuple[int, str]:
        done = CliRunner().invoke(app, list(words), env=surroundings, input=typed)
        return done.exit_code, done.output + str(done.exception or "")

    return command


async def run(ccax: Ccax, *words: str, typed: str | None = None) -> tuple[int, str]:
    """A command makes an event loop of its own, so it runs beside ours."""
    return await asyncio.to_thread(ccax, *words, typed=typed)


class TestOnTheCommandLine:
    async def test_a_statement_is_taken_in_and_shown(self, ccax: Ccax, tmp_path: Path) -> None:
        good, held = tmp_path / "good.bai", tmp_path / "held.bai"
        good.write_text(bai2([DEPOSIT]))
        held.write_text(bai2([DEPOSIT], closing=1))

        registered = await run(ccax, "bank", "register", "mce", "operating", typed=f"{ACCOUNT}\n")
        taken = await run(ccax, "bank", "import", str(good), "--as", "ann")
        again = await run(ccax, "bank", "import", str(good), "--as", "ann")
        wrong = await run(ccax, "bank", "import", str(held), "--as", "ann")
        shown = await run(ccax, "bank", "show", "mce")

        assert registered == (0, "mce: account ••••2468 is registered as operating\n")
        assert "movements: 1, of them new when it came: 1" in taken[1]
        assert "known already" in again[1]
        assert (wrong[0], "do not come to closing" in " ".join(wrong[1].split())) == (1, True)
        assert "deposited 2,000.00, difference 2,000.00" in shown[1]
        assert "no 820 has trace T9" in shown[1]
        assert not any(ACCOUNT in said for _, said in (registered, taken, again, wrong, shown))

    async def test_keys_are_changed_and_counted(self, ccax: Ccax, tmp_path: Path) -> None:
        await run(ccax, "bank", "register", "mce", "operating", typed=f"{ACCOUNT}\n")

        rotated = await run(ccax, "keys", "rotate")
        listed = await run(ccax, "keys", "list")

        assert rotated[1].startswith("1 values are sealed with ")
        old, new = listed[1].split("\n")[:2]
        assert (old.endswith("  0 sealed"), new.endswith("  1 sealed")) == (True, True)
        assert len((tmp_path / "data.keys").read_text().splitlines()) == 2
