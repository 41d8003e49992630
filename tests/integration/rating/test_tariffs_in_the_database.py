"""`ccax tariffs` on a database: two people bring a plan to life."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from services.rating.tariffs.files import PLANS_FOLDER

SHEET = (PLANS_FOLDER / "mce" / "e-tou-c.toml").read_text()
VERSION = "2026-12-01"
KEY = ("mce", "MCE-E-TOU-C", VERSION)

Ccax = Callable[..., tuple[int, str]]


@pytest.fixture
def ccax(migrated_dsn: str) -> Ccax:
    """Runs `ccax tariffs …` on a database of the test's own."""
    url = migrated_dsn.replace("+asyncpg", "")

    def command(*words: str) -> tuple[int, str]:
        surroundings = {"CCAX_DATABASE_URL": url, "COLUMNS": "200"}
        done = CliRunner().invoke(app, ["tariffs", *words], env=surroundings)
        return done.exit_code, done.output

    return command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a plan for December."""
    text = SHEET.replace("effective_from = 2026-04-01", f"effective_from = {VERSION}")
    (tmp_path / "new.toml").write_text(text.replace('"2026-04-01"', f'"{VERSION}"'))
    return tmp_path


class TestAPlanOnTheCommandLine:
    def test_needs_two_people(self, ccax: Ccax, folder: Path) -> None:
        ours = ccax("import")
        imported = ccax("import", str(folder), "--as", "jane")
        again = ccax("import", str(folder), "--as", "jane")
        alone = ccax("activate", *KEY, "--as", "jane")
        together = ccax("activate", *KEY, "--as", "joe", "--reason", "checked")
        listed = ccax("list")

        assert ours[0] == 0
        assert (imported[0], "drafts" in imported[1]) == (0, True)
        assert "0 imported, 1 unchanged" in again[1]
        assert alone[0] == 1
        assert (together[0], "is active" in together[1]) == (0, True)
        assert any("taxes" in line and "seed" in line for line in listed[1].splitlines())
        row = next(line for line in listed[1].splitlines() if VERSION in line)
        assert "jane" in row
        assert "joe" in row

    def test_is_settled_for_a_year_without_anybody_to_pay(self, ccax: Ccax) -> None:
        ccax("import")

        status, said = ccax("settle-year", "mce", "--ended", "2026-04-30", "--nsc", "0.05")

        assert status == 0
        assert said.splitlines() == [
            "account,agreement,bills,surplus_kwh,earned,paid,how,balance",
        ]
        assert ccax("settle-year", "xyz", "--ended", "2026-04-30", "--nsc", "0.05")[0] == 1
