"""`ccax validate` and `ccax explain`, as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli import app

FIXTURES = Path(__file__).parents[2] / "fixtures"
GOOD = FIXTURES / "x12" / "uig_004010" / "810_charge.edi"
WRONG = FIXTURES / "x12" / "uig_004010" / "867_refused_bad_date.edi"
EXPLAINED = sorted((FIXTURES / "explained").glob("*.txt"))


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No colours, whatever the machine asks for: the words must do."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def ccax(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


class TestExplain:
    @pytest.mark.parametrize("path", EXPLAINED, ids=lambda path: path.stem)
    def test_says_what_a_person_has_checked(self, path: Path) -> None:
        said = ccax("explain", FIXTURES / "x12" / "uig_004010" / f"{path.stem}.edi")

        assert said.exit_code == 0
        assert said.stdout == path.read_text(encoding="utf-8")

    def test_one_of_each_set_is_checked(self) -> None:
        assert {path.stem[:3] for path in EXPLAINED} == {"810", "814", "820", "824", "867", "997"}

    def test_one_transaction_comes_without_its_envelopes(self) -> None:
        said = ccax("explain", GOOD, "--transaction", 1)

        assert "TDS01" in said.stdout
        assert "$45.23" in said.stdout
        assert "ISA" not in said.stdout

    def test_a_number_too_high_says_how_many_there_are(self) -> None:
        said = ccax("explain", GOOD, "--transaction", 2)

        assert said.exit_code == 2
        assert "There are 1 transactions" in said.stderr

    def test_what_is_no_x12_is_said_so(self, tmp_path: Path) -> None:
        path = tmp_path / "bill.pdf"
        path.write_bytes(b"%PDF-1.7")

        said = ccax("explain", path)

        assert said.exit_code == 2
        assert "a PDF document" in said.stderr


class TestValidate:
    def test_a_clean_file_ends_with_status_0(self) -> None:
        said = ccax("validate", GOOD)

        assert said.exit_code == 0
        assert "21 segments, 1 transaction (1 × 810), guide uig_004010" in said.stdout
        assert "clean: 0 would be rejected, 0 errors, 0 warnings" in said.stdout

    def test_findings_are_words_with_place_code_and_the_segment(self) -> None:
        said = ccax("validate", WRONG)

        assert said.exit_code == 1
        assert (
            "ERROR   867[1]/PTD[1]/QTY[1]/QTY02  byte 425  (AK4-03 6, character not valid)\n"
            "        QTY02 '4O2' is no decimal number.\n"
            "        QTY*QD*4O2*KH\n"
        ) in said.stdout
        assert "not clean: 1 would be rejected, 4 errors, 0 warnings" in said.stdout

    def test_json_is_one_object_a_line_and_ends_with_the_summary(self) -> None:
        said = ccax("validate", WRONG, "--json")
        *findings, summary = [json.loads(line) for line in said.stdout.splitlines()]

        assert said.exit_code == 1
        assert [found["segment_id"] for found in findings] == ["BPT", "REF", "QTY", "ZZZ"]
        assert {found["kind"] for found in findings} == {"finding"}
        assert (summary["kind"], summary["status"], summary["errors"]) == ("summary", 1, 4)

    def test_with_a_utility_the_content_is_judged_too(self, tmp_path: Path) -> None:
        path = tmp_path / "unknown.edi"
        usage = FIXTURES / "x12" / "uig_004010" / "867_monthly_original.edi"
        path.write_bytes(usage.read_bytes().replace(b"968500001", b"111111111"))

        said = ccax("validate", path, "--utility", "pge")
        lines = ccax("validate", path, "--utility", "pge", "--json").stdout.splitlines()

        assert said.exit_code == 1
        assert "ASIDE" in said.stdout
        assert "1 set aside for their content" in said.stdout
        assert json.loads(lines[0])["code"] == "UND"

    def test_an_unknown_utility_is_a_wrong_question(self) -> None:
        assert ccax("validate", GOOD, "--utility", "con-edison").exit_code == 2

    @pytest.mark.parametrize("content", [None, b"", b"hello"])
    def test_what_cannot_be_read_ends_with_status_2(
        self, tmp_path: Path, content: bytes | None
    ) -> None:
        path = tmp_path / "file"
        if content is not None:
            path.write_bytes(content)

        for command in ("validate", "explain"):
            assert ccax(command, path).exit_code == 2

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        said = ccax("validate", tmp_path)

        assert said.exit_code == 2
        assert "directory" in said.stderr

    def test_more_findings_than_a_person_reads_are_counted(self, tmp_path: Path) -> None:
        start, mark, rest = WRONG.read_bytes().partition(b"ST*")
        body, ge, end = (mark + rest).partition(b"GE*")
        path = tmp_path / "many.edi"
        path.write_bytes(start + body * 80 + ge + end)

        said = ccax("validate", path)

        assert said.stdout.count("ERROR ") == 200
        assert "more; --json tells them all" in said.stdout

    @pytest.mark.parametrize(("path", "word"), [(GOOD, "accepts"), (WRONG, "rejects")])
    def test_the_reference_is_asked_beside_us(self, path: Path, word: str) -> None:
        said = ccax("validate", path, "--reference")

        assert f"pyx12 {word} the file: it agrees" in said.stdout

    def test_the_reference_reads_by_the_guide_of_a_utility(self) -> None:
        said = ccax("validate", GOOD, "--utility", "pge", "--reference")

        assert "guide pge" in said.stdout
        assert "pyx12 accepts the file: it agrees" in said.stdout

    def test_help_tells_the_exit_statuses(self) -> None:
        said = " ".join(ccax("validate", "--help").stdout.split())

        assert "Exit status: 0 clean" in said
