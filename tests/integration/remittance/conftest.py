"""The remittance service, running for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.remittance.service import build
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.lifecycle import Lifecycle
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from tests.integration.remittance.office import NOON, Office


@pytest.fixture
async def office(migrated_dsn: str) -> AsyncIterator[Office]:
    """The service with its loops, hearing and saying over a bus in memory."""
    database = Database(migrated_dsn, "remittance")
    bus = MemoryBus()
    await bus.start()
    service = build(PlatformSettings(), database, bus, FixedClock(NOON))
    office = Office(service, bus)
    lifecycle = Lifecycle("remittance")
    await service.open(lifecycle)
    await office.overhear()
    yield office
    await lifecycle.close()
    await bus.close()
    await database.close()
