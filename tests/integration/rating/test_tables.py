from __future__ import annotations

from pathlib import Path

import pytest

from services.rating.store import METADATA
from services.rating.store_tariffs import TariffVersionTaken, import_plans, list_plans
from services.rating.tariffs.files import PLANS_FOLDER, TariffFileRefused, read_folder
from shared.platform.database import Database
from shared.platform.migrate import drift, history_of
from tests.integration.rating.office import NOON

SHEET = (PLANS_FOLDER / "mce" / "e-tou-c.toml").read_text()


class TestTheHistoryOfTheTables:
    async def test_ends_where_the_code_is(self, migrated_dsn: str) -> None:
        assert await drift(migrated_dsn, history_of("rating"), METADATA) == []


class TestAnImport:
    async def test_a_second_time_changes_nothing(self, migrated_dsn: str) -> None:
        database = Database(migrated_dsn, "rating")
        async with database.unit_of_work() as session:
            first = await import_plans(session, PLANS_FOLDER, NOON)
        async with database.unit_of_work() as session:
            second = await import_plans(session, PLANS_FOLDER, NOON)
        async with database.read() as session:
            plans = await list_plans(session)
        await database.close()

        assert second.imported == ()
        assert second.unchanged == first.imported
        assert len(plans) == len(read_folder(PLANS_FOLDER).plans)

    async def test_by_a_newer_program_that_describes_its_plans_better_changes_nothing(
        self, migrated_dsn: str, tmp_path: Path
    ) -> None:
        database = Database(migrated_dsn, "rating")
        sheet = tmp_path / "e-tou-c.toml"
        words = ('confidence = "high"\n', 'calendar = "PGE-E-TOU-C"\n')
        sheet.write_text(SHEET.replace(words[0], "").replace(words[1], ""))
        async with database.unit_of_work() as session:
            await import_plans(session, tmp_path, NOON)
        sheet.write_text(SHEET)

        async with database.unit_of_work() as session:
            again = await import_plans(session, tmp_path, NOON)
        with pytest.raises(TariffVersionTaken):
            async with database.unit_of_work() as session:
                await import_plans(session, tmp_path, NOON, "jane")
        await database.close()

        assert again.unchanged == ("plan mce/MCE-E-TOU-C 2026-04-01",)

    async def test_of_a_known_version_with_other_prices_is_refused(
        self, migrated_dsn: str, tmp_path: Path
    ) -> None:
        database = Database(migrated_dsn, "rating")
        sheet = tmp_path / "e-tou-c.toml"
        sheet.write_text(SHEET)
        async with database.unit_of_work() as session:
            await import_plans(session, tmp_path, NOON)
        sheet.write_text(SHEET.replace("20782", "20783"))

        with pytest.raises(TariffVersionTaken):
            async with database.unit_of_work() as session:
                await import_plans(session, tmp_path, NOON)
        await database.close()

    @pytest.mark.parametrize(
        ("wrong", "right"),
        [
            ("20782.5", "20782"),
            ("[6, 7, 8]", "[6, 7, 8, 9]"),
            ('["NO_SUCH"]', '["DEEP_GREEN"]'),
            ("effective_through = 2020-01-01\nknown_from", "known_from"),
            ("= = =", "price_scale = 5"),
        ],
    )
    async def test_of_a_file_that_breaks_a_rule_is_refused(
        self, migrated_dsn: str, tmp_path: Path, wrong: str, right: str
    ) -> None:
        database = Database(migrated_dsn, "rating")
        (tmp_path / "e-tou-c.toml").write_text(SHEET.replace(right, wrong))

        with pytest.raises(TariffFileRefused):
            async with database.unit_of_work() as session:
                await import_plans(session, tmp_path, NOON)
        await database.close()
