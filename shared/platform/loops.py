"""What a service's background loops do between two steps of work: wait, and sit an outage out.

A database that is away is not a fault of a loop: it waits and goes on. Anything else ends the run;
the lifecycle reports it and starts the loop again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from shared.platform.database import is_transient
from shared.platform.telemetry import logger

log = logger(__name__)

OUTAGE_WAIT_S: Final = 1.0

Done = TypeVar("Done")


async def work_on(
    step: Callable[[], Awaitable[int]], wake: asyncio.Event, look_every_s: float
) -> None:
    """Do a step for ever: again at once while it finds work, else when woken or after a while.

    Args:
        step: does what there is to do; 0 or false where there was nothing.
        wake: set by whoever knows of new work.
        look_every_s: how long nobody's waking is waited for.

    Raises:
        Exception: a fault that is no outage.
    """
    while True:
        wake.clear()
        if await _outlasted(step):
            continue
        # Not `wait_for`: in Python 3.11 it forgets a stop that comes with the waking.
        with suppress(TimeoutError):
            async with asyncio.timeout(look_every_s):
                await wake.wait()


async def look_every(wait_s: float, step: Callable[[], Awaitable[object]]) -> None:
    """Do a step for ever, with a wait after each.

    Raises:
        Exception: a fault that is no outage.
    """
    while True:
        await _outlasted(step)
        await asyncio.sleep(wait_s)


async def _outlasted(step: Callable[[], Awaitable[Done]]) -> Done:
    """What a step comes to, tried again until the database answers."""
    while True:
        try:
            return await step()
        except Exception as fault:
            if not is_transient(fault):
                raise
            log.warning("a loop waits", fault=repr(fault), wait_s=OUTAGE_WAIT_S)
            await asyncio.sleep(OUTAGE_WAIT_S)
