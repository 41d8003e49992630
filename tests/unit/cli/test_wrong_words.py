"""Whoever mistypes a command of rating is told what to type instead, and sees no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services import cli
from services.cli import app
from services.rating.tariffs.files import PLANS_FOLDER

MISTYPED = 2
ASKED = ("rerun", "plan", "mce", "--reason")
MAPPED = ("rerun", "map", "mce", "H2", "H2", "--from", "2026-01-01", "--reason")
YEAR = ("mce", "--ended", "2026-04-30", "--nsc")
BILL = ("tariffs", "preview", "3ce/e-tou-c-2026-02", "--from", "2026-07-01", "--to")


class TestWhatCannotBeMeant:
    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ((*ASKED, "looking"), "filter: name a plan, a rate code, a bill cycle"),
            ((*ASKED, "x", "--plan", "MCE-E-1"), "reason"),
            ((*ASKED, "looking", "--plan", "a b"), "plan_id"),
            ((*MAPPED, "renamed"), "a code need not stand for itself"),
            (("settlements", "prepare", *YEAR, "much"), "nsc"),
            (("settlements", "prepare", *YEAR, "-0.05"), "nsc"),
            (("tariffs", "settle-year", *YEAR, "1e9"), "nsc"),
            ((*BILL, "2026-06-01", "--kwh", "on_peak=1"), "a test bill ends after it starts"),
            ((*BILL, "2026-08-01", "--kwh", "on_peak=-1"), "delivered_kwh"),
            (("settlements", "show", "mce", "1", "--how", "check"), "'check' is not one of"),
            (("tariffs", "check", "no-such-folder"), "does not exist"),
            (("tariffs", "import", "no-such-folder"), "does not exist"),
        ],
    )
    def test_is_told_in_words(self, words: tuple[str, ...], told: str) -> None:
        done = CliRunner().invoke(app, words, env={"COLUMNS": "300"})

        assert done.exit_code == MISTYPED, done.output
        assert told in done.output
        assert "pydantic" not in done.output

    def test_of_a_plan_file_names_the_field_and_what_is_wrong_with_it(self, tmp_path: Path) -> None:
        sheet = (PLANS_FOLDER / "mce" / "e-tou-c.toml").read_text()
        (tmp_path / "wrong.toml").write_text(sheet.replace("price_scale = 5", "price_scale = 4"))

        done = CliRunner().invoke(app, ["tariffs", "check", str(tmp_path)])

        assert done.exit_code == 1
        assert str(done.exception).startswith("wrong.toml: price_scale: ")
        assert "pydantic" not in str(done.exception)


class TestAFaultOfOurs:
    @pytest.mark.parametrize("fault", [KeyError("period"), IndexError("list index out of range")])
    def test_is_no_refusal(self, fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken() -> None:
            raise fault

        monkeypatch.setattr(cli, "app", broken)

        with pytest.raises(type(fault)):
            cli.main()

    def test_is_told_from_what_was_not_found(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def refusing() -> None:
            raise LookupError("there is no CCA xyz")

        monkeypatch.setattr(cli, "app", refusing)

        with pytest.raises(SystemExit, match="1"):
            cli.main()

        assert "there is no CCA xyz" in capsys.readouterr().err
