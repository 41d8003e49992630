"""The gateway without its loops and neighbours: each step is taken by the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from services.edi_gateway.inbound import Arrival
from services.edi_gateway.service import GatewayService, build
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from tests.contract.sample_parts import AT
from tests.journeys.exchange import connect, settings_for


@dataclass(slots=True)
class Alone:
    """A gateway, its clock, and the auditor's connection."""

    gateway: GatewayService
    clock: FixedClock
    database: asyncpg.Connection[Any]
    folder: Path

    async def arrive(self, data: bytes, name: str, utility: str = "pge") -> Arrival:
        """Archive a file that lies anywhere."""
        path = self.folder / name
        path.write_bytes(data)
        return await self.gateway.inbound.arrive(
            utility=utility, name=name, origin="api", path=path
        )

    async def assemble_all(self) -> None:
        """Let documents lie still for a while, then bundle all of them."""
        self.clock.advance(seconds=30)
        while await self.gateway.outbound.assemble():
            pass

    async def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database as its superuser."""
        return [tuple(row) for row in await self.database.fetch(query, *values)]


@asynccontextmanager
async def open_gateway(dsn: str, folder: Path) -> AsyncIterator[Alone]:
    """Put a gateway together on a migrated database; nothing runs by itself."""
    clock, bus = FixedClock(AT), MemoryBus()
    await bus.start()
    gateway = build(settings_for(folder, dsn), Database(dsn, "edi"), bus, clock)
    for utility in gateway.utilities:
        await gateway.folders.create(utility)
    database = await connect(dsn)
    try:
        yield Alone(gateway, clock, database, folder)
    finally:
        await database.close()
        await gateway.workers.close()
        await gateway.database.close()
        await bus.close()
