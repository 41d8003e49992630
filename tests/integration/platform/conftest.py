"""A post room over either wire, and logs of the plumbing as in production.

So a test shows what an operator would see.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from shared.platform.bus import Bus
from shared.platform.clock import FixedClock
from shared.platform.memory_bus import MemoryBus
from shared.platform.rabbitmq import RabbitBus
from shared.platform.telemetry import configure_logging
from tests.integration.platform.post_room import (
    BILLING_DAY,
    PostRoom,
    open_post_room,
)


@pytest.fixture(autouse=True)
def _logs_as_in_production() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("json", "WARNING")
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(params=["memory", "rabbitmq"])
def bus(request: pytest.FixtureRequest) -> Bus:
    if request.param == "memory":
        return MemoryBus()
    return RabbitBus(request.getfixturevalue("fresh_rabbitmq_url"))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(BILLING_DAY)


@pytest.fixture
async def post_room(database_dsn: str, bus: Bus, clock: FixedClock) -> AsyncIterator[PostRoom]:
    async with open_post_room(database_dsn, bus, clock) as opened:
        yield opened
