"""Whether the command line writes files, refuses nonsense and tells success by its status."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.__main__ import app
from simulator.x12 import read_interchanges


class TestWriteCommand:
    @pytest.mark.parametrize(("kind", "set_id"), [("enrol", "814"), ("usage", "867")])
    def test_writes_one_file_with_a_transaction_an_account(
        self, tmp_path: Path, kind: str, set_id: str
    ) -> None:
        out = tmp_path / "out.edi"
        options = ["--kind", kind, "--accounts", "250", "--out", str(out), "--delimiters", "sce"]
        result = CliRunner().invoke(app, ["write", *options])

        assert result.exit_code == 0, result.output
        (interchange,) = read_interchanges(out.read_bytes())
        sets = [one.set_id for one in interchange.groups[0].transactions]
        assert sets == [set_id] * 250

    def test_refuses_an_unknown_kind(self, tmp_path: Path) -> None:
        options = ["--kind", "poetry", "--out", str(tmp_path / "out.edi")]

        assert CliRunner().invoke(app, ["write", *options]).exit_code == 2


class TestDayCommand:
    def test_says_that_the_host_cannot_be_reached(self, tmp_path: Path) -> None:
        options = ["--key", str(tmp_path / "none"), "--port", "1", "--trust-any-host-key"]
        result = CliRunner().invoke(app, ["day", *options])

        assert result.exit_code == 2
        assert "could not reach" in result.output

    def test_refuses_an_unknown_phase(self, tmp_path: Path) -> None:
        options = ["--key", str(tmp_path / "none"), "--phases", "enrol,dance"]

        assert CliRunner().invoke(app, ["day", *options]).exit_code == 2
