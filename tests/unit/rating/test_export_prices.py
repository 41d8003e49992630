"""Export prices are read from files and tables, and a version counts from when it was known."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.rating.calendars import load_calendars
from services.rating.calendars.book import CALENDARS_FOLDER
from services.rating.holds import RateNotFound
from services.rating.tariffs.export_prices import (
    ExportBook,
    ExportPrices,
    ExportPricesRefused,
    load_export_prices,
    prices_csv,
    read_export_prices,
    refuse_twins,
    years_of,
)
from services.rating.tariffs.files import read_folder

(SHIPPED,) = load_export_prices().tables
PACIFIC = ZoneInfo("America/Los_Angeles")
HEAD = """
table_id = "T"
version = "1"
vintage = 2025
utility = "pge"
holidays = "pge"
effective_from = 2026-01-01
known_from = 2026-01-01
source = "a table of the regulator"
source_url = "https://example.org/eec.csv"
confidence = "high"
prices_csv = "prices.csv"
"""
HOURS = [datetime(2026, 1, 1) + timedelta(hours=n) for n in range(8760)]  # noqa: DTZ001  a wall clock
BY_HOUR = "hour_beginning,dollars_per_kwh\n" + "".join(
    f"{at:%Y-%m-%dT%H},0.{at.month:02}{at.hour:02}1\n" for at in HOURS
)


def read(folder: Path, text: str, head: str = HEAD) -> ExportPrices:
    (folder / "prices.csv").write_text(text, encoding="utf-8")
    (folder / "table.toml").write_text(head, encoding="utf-8")
    return read_export_prices(folder / "table.toml")


def price(table: ExportPrices, local: datetime) -> int:
    holidays = load_calendars().holiday_list("pge")
    return table.price_micro(local.replace(tzinfo=PACIFIC), holidays)


class TestATableOfPrices:
    def test_of_576_reads_back_what_was_written(self, tmp_path: Path) -> None:
        found = read(tmp_path, prices_csv(SHIPPED))

        assert found.years == SHIPPED.years

    def test_of_every_hour_has_the_price_of_the_hour_whatever_day_it_is(
        self, tmp_path: Path
    ) -> None:
        found = read(tmp_path, BY_HOUR)

        assert price(found, datetime(2026, 7, 4, 15)) == 71_510  # noqa: DTZ001
        assert price(found, datetime(2026, 12, 31, 23)) == 122_310  # noqa: DTZ001
        assert prices_csv(found) == BY_HOUR

    def test_keeps_the_hash_of_what_was_read(self, tmp_path: Path) -> None:
        digest = hashlib.sha256(BY_HOUR.encode()).hexdigest()

        assert read(tmp_path, BY_HOUR).source_sha256 == digest
        assert read(tmp_path, BY_HOUR, f'{HEAD}source_sha256 = "{digest}"').version == "1"
        with pytest.raises(ExportPricesRefused, match="has the SHA-256"):
            read(tmp_path, BY_HOUR, f'{HEAD}source_sha256 = "{"0" * 64}"')

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a,b\n1,2\n", "the CSV begins with"),
            (BY_HOUR.replace("2026-07-01T00", "2026-07-01T01"), "comes twice"),
            (BY_HOUR.replace("2026-07-01T00", "noon"), "no hour like"),
            (BY_HOUR.replace("2026-01-01T00,0.01001\n", ""), "at least 8760"),
            (BY_HOUR.replace("0.01001", "0.0100001"), "more than 5 decimals"),
            (BY_HOUR.replace("0.01001", "dear"), "is no price"),
            (prices_csv(SHIPPED).replace("weekday", "workday"), "two kinds of day"),
            (prices_csv(SHIPPED).replace("2026,1,weekday,1,", "2026,1,weekday,0,"), "comes twice"),
            (prices_csv(SHIPPED).replace("2026,1,weekday,1,", "2026,x,weekday,0,"), "no hour of"),
        ],
    )
    def test_that_is_not_whole_is_refused(self, tmp_path: Path, text: str, words: str) -> None:
        with pytest.raises(ExportPricesRefused, match=words):
            read(tmp_path, text)

    def test_lies_in_a_folder_with_plans_and_hours(self, tmp_path: Path) -> None:
        for name in ("export-prices", "calendars"):
            (tmp_path / name).mkdir()
        read(tmp_path / "export-prices", BY_HOUR)
        for name in ("holidays", "sdge-tou"):
            text = (CALENDARS_FOLDER / f"{name}.toml").read_text()
            (tmp_path / "calendars" / f"{name}.toml").write_text(text)

        found = read_folder(tmp_path)

        assert [one.table_id for one in found.exports] == ["T"]
        assert [one.list_id for one in found.holidays] == ["pge", "sce", "sdge"]
        assert {one.calendar_id for one in found.calendars} == {"SDGE-TOU"}
        assert [len(one.versions) for one in found.calendars] == [1, 1]

    def test_whose_prices_are_not_there_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "table.toml").write_text(HEAD, encoding="utf-8")

        with pytest.raises(ExportPricesRefused, match=r"prices\.csv cannot be read"):
            read_export_prices(tmp_path / "table.toml")

    def test_of_a_leap_year_has_its_hours(self) -> None:
        (year,) = years_of(BY_HOUR.replace("2026", "2025"), 5)

        with pytest.raises(ValueError, match="2028 has 8784 hours"):
            ExportPrices.model_validate(
                SHIPPED.model_dump() | {"years": [year | {"year": 2028}], "confidence": "low"}
            )


class TestVersions:
    def test_count_from_the_day_they_are_known(self) -> None:
        changes = {"version": "corrected", "known_from": date(2026, 8, 1)}
        corrected = SHIPPED.model_copy(update=changes)
        book = ExportBook((SHIPPED, corrected))

        then = book.table("FICTIONAL-2023", date(2026, 7, 1)).version_on(date(2026, 6, 1))
        now = book.table("FICTIONAL-2023", date(2026, 9, 1)).version_on(date(2026, 6, 1))

        assert (then.version, now.version) == ("2023", "corrected")
        with pytest.raises(RateNotFound, match="no export prices"):
            book.table("FICTIONAL-2023", date(2022, 1, 1))
        with pytest.raises(RateNotFound, match="say nothing about 2022"):
            book.table("FICTIONAL-2023").version_on(date(2022, 1, 1))

    def test_of_one_name_are_refused(self) -> None:
        with pytest.raises(ExportPricesRefused, match="is there already"):
            refuse_twins([SHIPPED, SHIPPED])

    def test_the_one_that_comes_with_the_program_says_that_it_is_made_up(self) -> None:
        assert SHIPPED.confidence == "fictional"
