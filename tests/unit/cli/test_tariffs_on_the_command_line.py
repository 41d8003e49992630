from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from services.rating.tariffs.files import PLANS_FOLDER
from services.rating.tariffs.plan import PlanFile

SHEET = PLANS_FOLDER / "3ce" / "e-tou-c-2026-02.toml"
SUMMER = ("--from", "2026-07-01", "--to", "2026-07-31")


def run(*words: str) -> tuple[int, str]:
    """Exit status and output of `ccax tariffs …`."""
    done = CliRunner().invoke(app, ["tariffs", *words], env={"COLUMNS": "200"})
    return done.exit_code, done.output


class TestTheTariffCommands:
    def test_check_passes_what_comes_with_the_program(self) -> None:
        status, said = run("check")

        assert status == 0
        assert "0 errors" in said

    def test_check_fails_on_a_contradiction(self, tmp_path: Path) -> None:
        text = SHEET.read_text()
        (tmp_path / "one.toml").write_text(text)
        (tmp_path / "two.toml").write_text(text.replace('"3CE-E-TOU-C"', '"3CE-OTHER"'))

        status, said = run("check", str(tmp_path))

        assert status == 1
        assert "TWO_PLANS" in said
        assert "CCA_FILE_MISSING" in said

    def test_preview_prints_a_test_bill(self) -> None:
        status, said = run(
            *("preview", "3ce/e-tou-c-2026-02", *SUMMER, "--city", "santa cruz"),
            *("--kwh", "on_peak=100", "--kwh", "off_peak=200"),
        )

        # 19.57 + 18.75 + .09 + 8.5 % of 38.32 = 3.26
        assert status == 0
        assert "3CE-E-TOU-C 2026-02-15: 41.67" in said

    @pytest.mark.parametrize("wrong", ["noon=1", "on_peak", "on_peak=many"])
    def test_preview_refuses_what_is_no_quantity(self, wrong: str) -> None:
        status, _ = run("preview", "3ce/e-tou-c-2026-02", *SUMMER, "--kwh", wrong)

        assert status == 1

    def test_diff_tells_words_and_money(self) -> None:
        status, said = run("diff", "3ce/e-tou-c-2025-01", "3ce/e-tou-c-2026-02")

        assert status == 0
        assert "generation.prices.summer.on_peak: $0.21021 → $0.19573 (-6.89 %)" in said
        assert "-1.45" in said

    def test_export_writes_every_form(self) -> None:
        plan = PlanFile.model_validate(tomllib.loads(SHEET.read_text()))

        forms = {
            form: run("export", str(SHEET), "--form", form) for form in ("toml", "json", "csv")
        }
        midas = run("export", str(SHEET), "--form", "midas", *SUMMER)

        assert {status for status, _ in forms.values()} == {0}
        assert PlanFile.model_validate(tomllib.loads(forms["toml"][1])) == plan
        assert PlanFile.model_validate_json(forms["json"][1]) == plan
        assert forms["csv"][1].startswith("cca,plan_id,version")
        assert len(json.loads(midas[1])["ValueInformation"]) == 30 * 24
        assert run("export", str(SHEET), "--form", "midas")[0] == 1

    def test_export_writes_what_midas_takes(self) -> None:
        status, said = run("export", str(SHEET), "--form", "midas-xml", "--minutes", "15", *SUMMER)

        assert status == 0
        assert said.count("<ValueData>") == 30 * 24 * 4

    def test_from_urdb_writes_drafts_with_findings(self, tmp_path: Path) -> None:
        record = {
            "label": "abc",
            "startdate": 1772323200,
            "energyratestructure": [[{"rate": 0.1}]],
            "energyweekdayschedule": [[0] * 24] * 12,
            "energyweekendschedule": [[0] * 24] * 12,
        }
        (tmp_path / "record.json").write_text(json.dumps(record))

        status, said = run(
            *("from-urdb", str(tmp_path / "record.json"), str(tmp_path / "out")),
            *("--cca", "mce", "--utility", "pge", "--rate-code", "E-X", "--product", "LIGHT_GREEN"),
            *("--known-from", "2026-11-01"),
        )

        assert status == 0
        assert "NO_HOLIDAYS" in said
        (draft,) = (tmp_path / "out").glob("*.toml")
        assert PlanFile.model_validate(tomllib.loads(draft.read_text())).confidence == "low"
