"""The rating service, running for one test with the tariffs that come with the program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.rating.service import build
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from tests.integration.rating.office import NOON, Office


@pytest.fixture
async def empty_office(migrated_dsn: str) -> AsyncIterator[Office]:
    """The service with its loops, hearing and saying over a bus in memory; without tariffs."""
    database = Database(migrated_dsn, "rating")
    bus = MemoryBus()
    await bus.start()
    service = build(PlatformSettings(), database, bus, FixedClock(NOON))
    office = Office(service, bus)
    await service.listen()
    await office.overhear()
    tasks = [asyncio.ensure_future(run()) for run in service.loops().values()]
    yield office
    await service.stop_listening()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await bus.close()
    await database.close()


@pytest.fixture
async def office(empty_office: Office) -> Office:
    """The service with its tariffs imported."""
    await empty_office.service.import_tariffs()
    return empty_office
