"""The history of a schema: applied once, by whoever comes first, and checked against the code."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Column, Table, Text, text

from shared.platform.database import Database, metadata
from shared.platform.migrate import (
    HISTORIES,
    History,
    current,
    drift,
    history,
    history_of,
    migrate,
    migrate_all,
    pending,
)

FIRST = '''
"""Add charges."""
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "charge",
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_charge"),
        schema="rating",
    )


def downgrade():
    op.drop_table("charge", schema="rating")
'''
SECOND = '''
"""Add notes to charges."""
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("charge", sa.Column("note", sa.Text), schema="rating")


def downgrade():
    op.drop_column("charge", "note", schema="rating")
'''


def write_history(root: Path, versions: Sequence[str]) -> History:
    folder = root / "rating" / "versions"
    folder.mkdir(parents=True, exist_ok=True)
    for number, version in enumerate(versions, start=1):
        (folder / f"2026_11_2{number}_step.py").write_text(version)
    return history("rating", "rating", root)


def tables(*columns: Column[str]) -> Table:
    return Table(
        "charge",
        metadata("rating"),
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("account", Text, nullable=False),
        *columns,
    )


class TestMigrating:
    async def test_a_new_database_reaches_the_newest_revision(
        self, database_dsn: str, tmp_path: Path
    ) -> None:
        rating = write_history(tmp_path, [FIRST, SECOND])
        assert await pending(database_dsn, [rating])

        reached = await migrate(database_dsn, rating)

        assert reached == "0002"
        assert await current(database_dsn, [rating]) == {"rating": "0002"}
        assert not await pending(database_dsn, [rating])

    async def test_only_what_is_missing_is_applied(self, database_dsn: str, tmp_path: Path) -> None:
        await migrate(database_dsn, write_history(tmp_path, [FIRST]))
        rating = write_history(tmp_path, [FIRST, SECOND])
        assert await pending(database_dsn, [rating])

        await migrate(database_dsn, rating)
        await migrate(database_dsn, rating)

        assert await current(database_dsn, [rating]) == {"rating": "0002"}

    async def test_several_processes_may_start_at_once(
        self, database_dsn: str, tmp_path: Path
    ) -> None:
        rating = write_history(tmp_path, [FIRST, SECOND])

        reached = await asyncio.gather(*(migrate(database_dsn, rating) for _ in range(4)))

        assert reached == ["0002"] * 4

    async def test_a_step_that_fails_leaves_nothing_behind(
        self, database_dsn: str, tmp_path: Path
    ) -> None:
        broken = SECOND.replace('"note", sa.Text', '"account", sa.Text')
        rating = write_history(tmp_path, [FIRST, broken])

        with pytest.raises(Exception, match="already exists"):
            await migrate(database_dsn, rating)

        assert await current(database_dsn, [rating]) == {"rating": None}

    async def test_the_service_can_use_what_was_made_and_its_role_owns_it(
        self, database_dsn: str, tmp_path: Path
    ) -> None:
        await migrate(database_dsn, write_history(tmp_path, [FIRST]))
        database = Database(database_dsn, "rating")

        async with database.unit_of_work() as session:
            await session.execute(text("INSERT INTO rating.charge VALUES (1, '1234567890')"))
            owner = await session.scalar(
                text("SELECT tableowner FROM pg_tables WHERE tablename = 'charge'")
            )

        assert owner == "ccax_rating"
        await database.close()

    async def test_each_service_keeps_its_own_version_in_its_own_schema(
        self, database_dsn: str, tmp_path: Path
    ) -> None:
        edi = history("edi_gateway", "edi", tmp_path)
        rating = write_history(tmp_path, [FIRST])

        reached = await migrate_all(database_dsn, [edi, rating])

        assert reached == {"edi_gateway": None, "rating": "0001"}


class TestDrift:
    async def test_there_is_none_when_history_and_code_agree(
        self, database_dsn: str, tmp_path: Path
    ) -> None:
        rating = write_history(tmp_path, [FIRST])
        await migrate(database_dsn, rating)

        assert await drift(database_dsn, rating, tables().metadata) == []

    async def test_a_column_without_a_migration_is_found(
        self, database_dsn: str, tmp_path: Path
    ) -> None:
        rating = write_history(tmp_path, [FIRST])
        await migrate(database_dsn, rating)

        found = await drift(database_dsn, rating, tables(Column("note", Text)).metadata)

        assert [difference[0] for difference in found] == ["add_column"]


class TestRegistry:
    def test_every_service_has_a_schema_and_a_folder(self) -> None:
        assert [(known.service, known.schema) for known in HISTORIES] == [
            ("edi_gateway", "edi"),
            ("rating", "rating"),
            ("remittance", "remittance"),
        ]
        assert history_of("rating").versions.parts[-3:] == ("migrations", "rating", "versions")

    def test_an_unknown_service_has_none(self) -> None:
        with pytest.raises(LookupError):
            history_of("weather")
