"""`ccax calendars`, `holidays`, `export-prices` on a database: two people bring hours to life."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from services.rating.calendars.book import CALENDARS_FOLDER

Ccax = Callable[..., tuple[int, str]]


@pytest.fixture
def ccax(migrated_dsn: str) -> Ccax:
    """Runs `ccax …` on a database of the test's own, with what comes with the program."""
    url = migrated_dsn.replace("+asyncpg", "")

    def command(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, words, env={"CCAX_DATABASE_URL": url, "COLUMNS": "200"})
        return done.exit_code, done.output

    assert command("tariffs", "import")[0] == 0
    return command


@pytest.fixture
def hours(tmp_path: Path) -> str:
    """A file with SDG&E's hours of 2027: the evening begins at three."""
    text = (CALENDARS_FOLDER / "sdge-tou.toml").read_text()
    last = text.rindex("[[versions]]")
    text = text[: text.index("[[versions]]")] + text[last:]
    path = tmp_path / "sdge.toml"
    path.write_text(text.replace("2026-05-01", "2027-01-01").replace("16:00-21:00", "15:00-21:00"))
    return str(path)


class TestHoursOnTheCommandLine:
    def test_need_two_people_and_tell_what_moves(self, ccax: Ccax, hours: str) -> None:
        new = ("SDGE-TOU", "2027-01-01")
        checked = ccax("calendars", "check", hours)
        imported = ccax("calendars", "import", hours, "--as", "jane")
        again = ccax("calendars", "import", hours, "--as", "jane")
        differs = ccax("calendars", "diff", "SDGE-TOU", "2026-05-01", "2027-01-01")
        alone = ccax("calendars", "activate", *new, "--as", "jane")
        both = ccax("calendars", "activate", *new, "--as", "joe", "--reason", "advice letter")
        listed = ccax("calendars", "list")

        assert "0 errors" in checked[1]
        assert (imported[0], "1 imported" in imported[1]) == (0, True)
        assert "0 imported, 1 unchanged" in again[1]
        assert "16:00-21:00 on all days: gone, was on_peak" in differs[1]
        assert "2028: 366.00 hours move from off_peak to on_peak" in differs[1]
        assert alone[0] == 1
        assert (both[0], "calendar SDGE-TOU 2027-01-01 is active" in both[1]) == (0, True)
        row = next(line for line in listed[1].splitlines() if "2027-01-01" in line)
        assert "jane" in row
        assert "joe" in row

    def test_are_written_as_they_are_read(self, ccax: Ccax, tmp_path: Path) -> None:
        written = ccax("calendars", "export", "SDGE-TOU", "2026-05-01")
        (tmp_path / "again.toml").write_text(written[1])

        again = ccax("calendars", "import", str(tmp_path / "again.toml"), "--as", "jane")
        table = ccax("calendars", "export", "SDGE-TOU", "2026-05-01", "--form", "csv")

        assert "0 imported, 1 unchanged" in again[1]
        assert "seasons.summer.16:00-21:00 on all days,on_peak" in table[1]

    def test_of_an_unknown_version_are_refused(self, ccax: Ccax, hours: str) -> None:
        assert ccax("calendars", "export", "SDGE-TOU", "NONE")[0] == 1
        assert ccax("calendars", "diff", "NONE", "2026-05-01", hours)[0] == 1


class TestHolidaysOnTheCommandLine:
    def test_tell_which_days_are_holidays_and_which_no_more(
        self, ccax: Ccax, tmp_path: Path
    ) -> None:
        path = tmp_path / "holidays.toml"
        text = ccax("holidays", "export", "sdge", "2000")[1]
        text = text.replace('"2000"', '"2027"').replace("2000-01-01", "2027-01-01")
        path.write_text(text.replace('on = "11-11"', 'on = "11-10"'))

        said = ccax("holidays", "diff", "sdge", "2000", str(path))

        assert "days.Veterans Day: 11-11 → 11-10" in said[1]
        assert "Wednesday 2027-11-10: a holiday" in said[1]
        assert "Thursday 2027-11-11: no holiday any more" in said[1]


class TestExportPricesOnTheCommandLine:
    def test_are_listed_checked_and_compared(self, ccax: Ccax, tmp_path: Path) -> None:
        table = ("FICTIONAL-2023", "2023")
        path = tmp_path / "table.toml"
        text = ccax("export-prices", "export", *table)[1].replace('"2023"', '"again"')
        path.write_text(text.replace("5210,", "5211,"))

        listed = ccax("export-prices", "list")
        checked = ccax("export-prices", "check", str(path))
        said = ccax("export-prices", "diff", *table, str(path))
        prices = ccax("export-prices", "export", *table, "--form", "csv")

        assert "FICTIONAL-2023" in listed[1]
        assert checked[0] == 1  # it has the dates of the one that is there
        assert "SAME_DATES" in checked[1]
        assert "FICTIONAL" in checked[1]
        assert "2026.1.weekday.0: $0.05210 → $0.05211 (+0.02 %)" in said[1]
        assert prices[1].startswith(
            "year,month,day_type,hour,dollars_per_kwh\n2026,1,weekday,0,0.05210\n"
        )
