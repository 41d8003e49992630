"""The rating service, running for one test with the tariffs that come with the program."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.rating.service import build
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.lifecycle import Lifecycle
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
    lifecycle = Lifecycle("rating")
    await service.open(lifecycle)
    await office.overhear()
    yield office
    await lifecycle.close()
    await bus.close()
    await database.close()


@pytest.fixture
async def office(empty_office: Office) -> Office:
    """The service with its tariffs imported."""
    await empty_office.service.import_tariffs()
    return empty_office
