"""Units of work, read sessions, roles and bulk writes against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import BigInteger, Column, Numeric, Table, Text, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.platform.database import (
    Database,
    after_commit,
    copy_rows,
    is_transient,
    metadata,
    try_lock,
    wait_lock,
)
from shared.platform.migrate import history, migrate

RATING = metadata("rating")
CHARGE = Table(
    "charge",
    RATING,
    Column("id", BigInteger, primary_key=True),
    Column("account", Text, nullable=False, unique=True),
    Column("amount", Numeric(14, 2), nullable=False),
)
ROW = {"id": 1, "account": "1234567890", "amount": Decimal("10.10")}


@pytest.fixture
async def rating(database_dsn: str) -> AsyncIterator[Database]:
    await migrate(database_dsn, history("none_yet", "rating"))
    await migrate(database_dsn, history("none_yet", "edi"))
    database = Database(database_dsn, "rating")
    async with database.unit_of_work() as session:
        await (await session.connection()).run_sync(RATING.create_all)
    yield database
    await database.close()


async def charges(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(CHARGE)) or 0


class TestUnitOfWork:
    async def test_everything_is_kept_at_its_end(self, rating: Database) -> None:
        async with rating.unit_of_work() as session:
            await session.execute(insert(CHARGE), [ROW])
            assert await charges(rating) == 0

        assert await charges(rating) == 1

    async def test_nothing_is_kept_after_a_fault(self, rating: Database) -> None:
        async def write_and_fail() -> None:
            async with rating.unit_of_work() as session:
                await session.execute(insert(CHARGE), [ROW])
                raise RuntimeError("a bug")

        with pytest.raises(RuntimeError):
            await write_and_fail()

        assert await charges(rating) == 0

    async def test_a_wake_up_call_comes_after_the_commit_and_only_then(
        self, rating: Database
    ) -> None:
        calls: list[str] = []

        async with rating.unit_of_work() as session:
            await session.execute(insert(CHARGE), [ROW])
            after_commit(session, lambda: calls.append("kept"))
            assert calls == []

        async def write_and_fail() -> None:
            async with rating.unit_of_work() as session:
                await session.execute(insert(CHARGE), [{**ROW, "id": 2, "account": "2"}])
                after_commit(session, lambda: calls.append("undone"))
                raise RuntimeError("a bug")

        with pytest.raises(RuntimeError):
            await write_and_fail()

        assert calls == ["kept"]


class TestReadSession:
    async def test_it_cannot_write(self, rating: Database) -> None:
        with pytest.raises(DBAPIError, match="read-only"):
            async with rating.read() as session:
                await session.execute(insert(CHARGE), [ROW])

    async def test_it_sees_one_moment(self, rating: Database) -> None:
        async with rating.read() as session:
            count = select(func.count()).select_from(CHARGE)
            before = await session.scalar(count)
            async with rating.unit_of_work() as writing:
                await writing.execute(insert(CHARGE), [ROW])

            assert await session.scalar(count) == before

    async def test_a_connection_that_read_can_write_afterwards(self, rating: Database) -> None:
        assert await charges(rating) == 0

        async with rating.unit_of_work() as session:
            await session.execute(insert(CHARGE), [ROW])

        assert await charges(rating) == 1


class TestRoles:
    async def test_a_service_cannot_look_into_anothers_schema(
        self, rating: Database, database_dsn: str
    ) -> None:
        edi = Database(database_dsn, "edi")
        async with edi.unit_of_work() as session:
            await session.execute(text("CREATE TABLE edi.file (id int)"))

        with pytest.raises(DBAPIError, match="permission denied"):
            async with rating.read() as session:
                await session.execute(text("SELECT * FROM edi.file"))
        with pytest.raises(DBAPIError, match="permission denied"):
            async with edi.read() as session:
                await session.execute(select(CHARGE))
        await edi.close()

    async def test_a_service_works_under_its_own_role(self, rating: Database) -> None:
        async with rating.read() as session:
            assert await session.scalar(text("SELECT current_user")) == "ccax_rating"

    async def test_a_service_can_add_a_partition_to_its_own_table(self, rating: Database) -> None:
        async with rating.unit_of_work() as session:
            await session.execute(
                text("CREATE TABLE rating.meter_day (on_day date) PARTITION BY RANGE (on_day)")
            )
        async with rating.unit_of_work() as session:
            await session.execute(
                text(
                    "CREATE TABLE rating.meter_day_2026_11 PARTITION OF rating.meter_day "
                    "FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')"
                )
            )


class TestCopyRows:
    async def test_many_rows_are_written_exactly(self, rating: Database) -> None:
        rows = ((n, f"{n:010}", Decimal(n) / 100) for n in range(10_000))

        async with rating.unit_of_work() as session:
            written = await copy_rows(session, CHARGE, ["id", "account", "amount"], rows)

        assert written == 10_000
        async with rating.read() as session:
            total = await session.scalar(select(func.sum(CHARGE.c.amount)))
        assert total == Decimal("499950.00")

    async def test_they_belong_to_the_unit_of_work(self, rating: Database) -> None:
        async def copy_and_fail() -> None:
            async with rating.unit_of_work() as session:
                await copy_rows(session, CHARGE, list(ROW), [tuple(ROW.values())])
                raise RuntimeError("a bug")

        with pytest.raises(RuntimeError):
            await copy_and_fail()

        assert await charges(rating) == 0

    async def test_they_see_what_the_unit_of_work_wrote_before(self, rating: Database) -> None:
        async def write_and_copy() -> None:
            async with rating.unit_of_work() as session:
                await session.execute(insert(CHARGE), [ROW])
                await copy_rows(session, CHARGE, list(ROW), [tuple(ROW.values())])

        with pytest.raises(Exception, match="duplicate key"):
            await write_and_copy()

        assert await charges(rating) == 0


class TestNamedLock:
    async def test_one_holder_at_a_time_until_the_unit_of_work_ends(self, rating: Database) -> None:
        async with rating.unit_of_work() as first:
            assert await try_lock(first, "hourly sweep")
            async with rating.unit_of_work() as second:
                assert not await try_lock(second, "hourly sweep")
                assert await try_lock(second, "another sweep")

        async with rating.unit_of_work() as third:
            await wait_lock(third, "hourly sweep")


class TestTransientFaults:
    async def test_a_broken_constraint_is_not_transient(self, rating: Database) -> None:
        with pytest.raises(IntegrityError) as broken:
            async with rating.unit_of_work() as session:
                await session.execute(insert(CHARGE), [ROW, ROW])

        assert not is_transient(broken.value)

    async def test_a_deadlock_is_transient(self, rating: Database) -> None:
        ids = [uuid4(), uuid4()]
        keys = {"a": f"{ids[0]}", "b": f"{ids[1]}"}

        async def lock_both(first: str, second: str, *, wait_s: float) -> None:
            async with rating.unit_of_work() as session:
                await wait_lock(session, first)
                await asyncio.sleep(wait_s)
                await wait_lock(session, second)

        outcomes = await asyncio.gather(
            lock_both(keys["a"], keys["b"], wait_s=0.2),
            lock_both(keys["b"], keys["a"], wait_s=0.2),
            return_exceptions=True,
        )

        faults = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert len(faults) == 1
        assert is_transient(faults[0])

    async def test_a_lost_connection_is_transient_and_the_next_one_works(
        self, rating: Database, database_dsn: str
    ) -> None:
        owner = Database(database_dsn, "rating", role="")

        async def work_and_lose_the_connection() -> None:
            async with rating.unit_of_work() as session:
                own = await session.scalar(text("SELECT pg_backend_pid()"))
                async with owner.unit_of_work() as other:
                    await other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
                await session.execute(select(CHARGE))

        with pytest.raises(DBAPIError) as lost:
            await work_and_lose_the_connection()
        await owner.close()

        assert is_transient(lost.value)
        assert await charges(rating) == 0

    async def test_no_server_is_transient_and_not_ready(self) -> None:
        nowhere = Database("postgresql://postgres@127.0.0.1:1/postgres", "rating")

        with pytest.raises(OSError, match=r"refused|Connect|failed") as away:
            async with nowhere.read() as session:
                await session.execute(text("SELECT 1"))

        assert is_transient(away.value)
        assert not await nowhere.ready()
        await nowhere.close()
