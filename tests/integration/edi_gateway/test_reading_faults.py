"""A file that our reader fails on is set aside after a few faults, and read again when asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from services.edi_gateway.operations.ledger import verify_chain
from services.edi_gateway.reading_faults import (
    READ_ATTEMPTS_MAX,
    NotFailed,
    note_fault,
    read_again,
)
from services.edi_gateway.store import entry, file
from shared.platform.database import Database

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
async def database(migrated_dsn: str) -> AsyncIterator[Database]:
    made = Database(migrated_dsn, "edi")
    yield made
    await made.close()


@pytest.fixture
async def waiting(database: Database) -> UUID:
    """A received file that nobody has read yet."""
    file_id = uuid4()
    async with database.unit_of_work() as session:
        await session.execute(
            insert(file).values(
                id=file_id,
                direction="inbound",
                utility="pge",
                environment="test",
                name="usage.edi",
                origin="sftp",
                sha256="0" * 64,
                size=1,
                at=NOON,
                state="received",
            )
        )
    return file_id


async def fail(database: Database, file_id: UUID, times: int) -> list[bool]:
    results = []
    for _ in range(times):
        async with database.unit_of_work() as session:
            results.append(await note_fault(session, file_id, RuntimeError("broken"), NOON))
    return results


async def state_of(database: Database, file_id: UUID) -> str:
    async with database.read() as session:
        return str(await session.scalar(select(file.c.state).where(file.c.id == file_id)))


class TestFileThatOurReaderFailsOn:
    async def test_it_is_tried_again_before_the_limit(
        self, database: Database, waiting: UUID
    ) -> None:
        assert await fail(database, waiting, READ_ATTEMPTS_MAX - 1) == [False] * 4

        assert await state_of(database, waiting) == "received"

    async def test_it_is_set_aside_at_the_limit_with_the_fault_in_words(
        self, database: Database, waiting: UUID
    ) -> None:
        assert (await fail(database, waiting, READ_ATTEMPTS_MAX))[-1]

        assert await state_of(database, waiting) == "failed"
        async with database.read() as session:
            told = await session.scalar(select(entry.c.message).where(entry.c.file_id == waiting))
            assert "RuntimeError: broken" in str(told)
            assert await verify_chain(session, waiting) is None

    async def test_it_is_read_again_when_a_person_asks(
        self, database: Database, waiting: UUID
    ) -> None:
        await fail(database, waiting, READ_ATTEMPTS_MAX)

        async with database.unit_of_work() as session:
            await read_again(session, waiting, "jane", NOON)

        assert await state_of(database, waiting) == "received"
        assert await fail(database, waiting, 1) == [False]

    async def test_a_file_that_did_not_fail_is_not_read_again(
        self, database: Database, waiting: UUID
    ) -> None:
        async with database.unit_of_work() as session:
            with pytest.raises(NotFailed):
                await read_again(session, waiting, "jane", NOON)
