"""The tracking ledger under many writers at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.edi_gateway.operations import ledger, ledger_audit
from services.edi_gateway.operations.ledger import NewEntry
from tests.journeys import papers
from tests.journeys.gateway_alone import Alone, open_gateway

WRITERS, ROUNDS = 6, 5


@pytest.fixture
async def alone(migrated_dsn: str, tmp_path: Path) -> AsyncIterator[Alone]:
    async with open_gateway(migrated_dsn, tmp_path) as alone:
        yield alone


class TestChains:
    async def test_writers_of_the_same_files_in_other_orders_wait_and_keep_the_chains_whole(
        self, alone: Alone
    ) -> None:
        ids = [
            (await alone.arrive(papers.file_of("pge", "997", n, []), f"{n}.edi")).file_id
            for n in (1, 2, 3)
        ]

        async def write(number: int) -> None:
            order = ids if number % 2 else ids[::-1]
            for _ in range(ROUNDS):
                async with alone.gateway.database.unit_of_work() as session:
                    entries = [NewEntry(file_id=one, kind="Noted", message="x") for one in order]
                    await ledger.record(session, entries, alone.clock.now())

        await asyncio.gather(*(write(number) for number in range(WRITERS)))

        async with alone.gateway.database.read() as session:
            assert await ledger_audit.verify_all(session) == []
        lengths = await alone.rows("SELECT chain_length FROM edi.file")
        assert lengths == [(1 + WRITERS * ROUNDS,)] * 3

    async def test_an_entry_about_a_file_nobody_knows_is_a_fault(self, alone: Alone) -> None:
        with pytest.raises(LookupError, match="no file"):
            async with alone.gateway.database.unit_of_work() as session:
                entry = NewEntry(file_id=uuid4(), kind="Noted", message="x")
                await ledger.record(session, [entry], alone.clock.now())

    async def test_what_is_rolled_back_leaves_no_trace_in_the_chain(self, alone: Alone) -> None:
        arrival = await alone.arrive(b"x", "one.edi")
        with pytest.raises(ZeroDivisionError):
            async with alone.gateway.database.unit_of_work() as session:
                entry = NewEntry(file_id=arrival.file_id, kind="Noted", message="x")
                await ledger.record(session, [entry], alone.clock.now())
                raise ZeroDivisionError

        async with alone.gateway.database.read() as session:
            assert await ledger_audit.verify_all(session) == []
        assert await alone.rows("SELECT kind FROM edi.entry") == [("FileReceived",)]
