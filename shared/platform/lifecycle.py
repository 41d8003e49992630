"""Keeps a service's background loops alive, and ends them in good order.

A loop that fails is logged, counted and started again after a pause; the others never notice.
After a stop signal nothing new is taken, work in hand is finished, and everything is closed in the
reverse order of its opening, within a deadline.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from shared.platform.telemetry import LOOP_FAULTS, log_context, logger

log = logger(__name__)

RESTART_WAIT_S = 0.5
RESTART_WAIT_MAX_S = 30.0
HEALTHY_AFTER_S = 60.0
"""A loop that ran this long before it failed starts again at once, as if for the first time."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Something that runs until the service ends, e.g. the relay.

    Attributes:
        name: for logs and figures.
        run: makes a new run of it; called again after a fault.
    """

    name: str
    run: Callable[[], Awaitable[None]]


async def supervise(loop: Loop, restart_wait_s: float = RESTART_WAIT_S) -> None:
    """Run a loop for ever; start it again after every fault, more slowly each time."""
    clock = asyncio.get_running_loop().time
    faults = 0
    while True:
        started = clock()
        try:
            with log_context(loop=loop.name):
                await loop.run()
            log.warning("loop ended by itself", loop=loop.name)
        except (Exception, asyncio.CancelledError):
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # our own stop; a broken connection cancels what waits for it, too
            LOOP_FAULTS.labels(loop.name).inc()
            log.exception("loop failed", loop=loop.name)
        faults = 0 if clock() - started >= HEALTHY_AFTER_S else faults + 1
        await asyncio.sleep(min(RESTART_WAIT_MAX_S, restart_wait_s * 2 ** min(faults, 10)))


class Lifecycle:
    """What a running service consists of: things to close and loops to end.

    Args:
        name: the service's name.
        shutdown_s: time for everything to end in good order; what is left then is cut off.
    """

    def __init__(self, name: str, shutdown_s: float = 20.0) -> None:
        self.name = name
        self._shutdown_s = shutdown_s
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()

    def on_close(self, close: Callable[[], Awaitable[object]]) -> None:
        """Call this at the end; what was opened last is closed first."""
        self._stack.push_async_callback(close)

    def start(self, loops: Sequence[Loop]) -> None:
        """Start loops; they are ended where they stand in the order of closing."""
        tasks = [
            asyncio.create_task(supervise(loop), name=f"{self.name} {loop.name}") for loop in loops
        ]
        self._tasks += tasks

        async def end() -> None:
            await _cancel(tasks)

        self._stack.push_async_callback(end)

    def request_stop(self) -> None:
        """Ask for the end; returns at once."""
        self._stop.set()

    async def until_stopped(self, *, signals: bool = True) -> None:
        """Wait for a stop signal (SIGTERM, Ctrl-C) or `request_stop`."""
        loop = asyncio.get_running_loop()
        caught = (signal.SIGTERM, signal.SIGINT) if signals else ()
        for number in caught:
            loop.add_signal_handler(number, self.request_stop)
        try:
            await self._stop.wait()
        finally:
            for number in caught:
                loop.remove_signal_handler(number)

    async def close(self) -> bool:
        """End everything in reverse order; tells whether it ended in good order and in time."""
        log.info("stopping", service=self.name)
        in_order = True
        try:
            async with asyncio.timeout(self._shutdown_s):
                await self._stack.aclose()
        except TimeoutError:
            in_order = False
            log.exception("not all work ended in time", service=self.name)
        except Exception:
            in_order = False
            log.exception("something did not close", service=self.name)
        await _cancel(self._tasks)
        log.info("stopped", service=self.name, in_order=in_order)
        return in_order


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
