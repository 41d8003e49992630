"""Files on their way in, step by step: two at once, two readers, a crash in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from services.edi_gateway import inbound
from services.edi_gateway.reading import transaction_id_of
from shared.platform.database import WriteSession, copy_rows
from tests.journeys import papers
from tests.journeys.gateway_alone import Alone, open_gateway
from tests.journeys.papers import ADA


@pytest.fixture
async def alone(migrated_dsn: str, tmp_path: Path) -> AsyncIterator[Alone]:
    async with open_gateway(migrated_dsn, tmp_path) as alone:
        yield alone


def many(count: int) -> bytes:
    bodies = [papers.usage(ADA, f"USE{number}") for number in range(count)]
    return papers.file_of("pge", "867", 1, bodies)


class TestArrivals:
    async def test_the_same_bytes_from_two_uploads_at_once_are_taken_once(
        self, alone: Alone
    ) -> None:
        arrivals = await asyncio.gather(
            *(alone.arrive(many(1), f"{number}.edi") for number in range(4))
        )

        firsts = [one for one in arrivals if one.duplicate_of is None]
        assert len(firsts) == 1
        copies = {one.duplicate_of for one in arrivals} - {None}
        assert copies == {firsts[0].file_id}

    async def test_the_same_bytes_from_two_utilities_are_two_files(self, alone: Alone) -> None:
        one = await alone.arrive(many(1), "one.edi", "pge")
        two = await alone.arrive(many(1), "two.edi", "sce")

        assert (one.duplicate_of, two.duplicate_of) == (None, None)

    async def test_bytes_of_a_refused_file_may_be_sent_again(self, alone: Alone) -> None:
        await alone.arrive(b"%PDF-1.7", "one.pdf")
        await alone.gateway.inbound.read_next()

        again = await alone.arrive(b"%PDF-1.7", "two.pdf")

        assert again.duplicate_of is None


class TestReaders:
    async def test_two_readers_never_read_the_same_file(self, alone: Alone) -> None:
        await alone.arrive(many(3), "one.edi")

        read = await asyncio.gather(*(alone.gateway.inbound.read_next() for _ in range(3)))

        assert read.count(True) == 1
        assert await alone.rows("SELECT count(*) FROM edi.transaction WHERE set_id = '867'") == [
            (3,)
        ]

    async def test_a_crash_between_batches_loses_and_doubles_nothing(
        self, alone: Alone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbound, "READ_BATCH", 2)
        arrival = await alone.arrive(many(7), "seven.edi")
        commits = _FailAfter(batches=2)
        with monkeypatch.context() as patch:
            patch.setattr("services.edi_gateway.intake.copy_rows", commits.copy_rows)
            with pytest.raises(ConnectionError):
                await alone.gateway.inbound.read_next()
        assert await _kept(alone) == (4, 4)

        assert await alone.gateway.inbound.read_next()

        assert await _kept(alone) == (7, 7)
        ids = await alone.rows("SELECT id FROM edi.transaction WHERE direction = 'inbound'")
        expected = {transaction_id_of(arrival.file_id, place) for place in range(1, 8)}
        assert {UUID(str(row[0])) for row in ids} == expected
        said = await alone.rows("SELECT count(*) FROM edi.outbox WHERE type = 'UsageReported'")
        assert said == [(4,)], "one message a batch"
        receipts = await alone.rows(
            "SELECT count(*) FROM edi.file WHERE direction = 'outbound' AND set_id = '997'"
        )
        assert receipts == [(1,)]

    async def test_nothing_waits_when_all_is_read(self, alone: Alone) -> None:
        await alone.arrive(many(1), "one.edi")
        assert await alone.gateway.inbound.backlog() == 1

        await alone.gateway.inbound.read_next()

        assert await alone.gateway.inbound.backlog() == 0
        assert not await alone.gateway.inbound.read_next()


async def _kept(alone: Alone) -> tuple[int, int]:
    """Stored transactions, and how far the file says it is."""
    ((stored, done),) = await alone.rows(
        "SELECT (SELECT count(*) FROM edi.transaction WHERE direction = 'inbound'),"
        " transactions_done FROM edi.file WHERE direction = 'inbound'"
    )
    return stored, done


class _FailAfter:
    """The database goes away while the batch after some good ones is being written."""

    def __init__(self, batches: int) -> None:
        self._left = batches

    async def copy_rows(self, session: WriteSession, table: object, *rest: object) -> int:
        if getattr(table, "name", "") == "transaction":
            self._left -= 1
        written = await copy_rows(session, table, *rest)  # type: ignore[arg-type]
        if self._left < 0:
            raise ConnectionError("the database is gone")
        return written
