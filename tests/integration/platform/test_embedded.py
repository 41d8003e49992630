"""The PostgreSQL that needs no installation."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import text

from shared.platform.database import Database
from shared.platform.embedded import start_postgres


async def setting(url: str, name: str) -> str:
    database = Database(url, "edi", role="")
    async with database.read() as session:
        found = await session.scalar(text(f"SHOW {name}"))
    await database.close()
    return str(found)


class TestEmbeddedPostgres:
    async def test_it_keeps_what_it_was_told_over_a_restart_and_is_durable(
        self, short_folder: Path
    ) -> None:
        folder = short_folder / "embedded" / "kept"
        server = await asyncio.to_thread(start_postgres, folder)
        database = Database(server.url, "edi", role="")
        async with database.unit_of_work() as session:
            await session.execute(text("CREATE TABLE file AS SELECT 'abc' AS sha256"))
        await database.close()
        assert await setting(server.url, "fsync") == "on"
        assert await setting(server.url, "synchronous_commit") == "on"
        await asyncio.to_thread(server.stop)

        again = await asyncio.to_thread(start_postgres, folder)
        database = Database(again.url, "edi", role="")
        async with database.read() as session:
            assert await session.scalar(text("SELECT sha256 FROM file")) == "abc"
        await database.close()
        await asyncio.to_thread(again.stop)

        assert not await Database(again.url, "edi", role="").ready()

    async def test_several_run_on_one_machine(self, short_folder: Path) -> None:
        first = await asyncio.to_thread(start_postgres, short_folder / "embedded" / "first")
        second = await asyncio.to_thread(start_postgres, short_folder / "embedded" / "second")

        assert first.pid != second.pid
        assert await setting(first.url, "data_directory") != await setting(
            second.url, "data_directory"
        )
        first.stop()
        second.stop()
