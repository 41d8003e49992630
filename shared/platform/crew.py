"""A few tasks that take work from one place and do it, and can go home in good order.

Both buses consume with it: stopping means that nobody takes anything new and everything in hand
is finished, so a stop signal never cuts a unit of work in two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from shared.platform.telemetry import logger

log = logger(__name__)

T = TypeVar("T")


class Crew(Generic[T]):
    """Tasks that repeat `take`, then `work`.

    Args:
        name: for the task names.
        take: waits for the next piece; may be cancelled without losing one.
        work: does it; what it raises is a fault of ours, logged, and the crew goes on.
        size: how many pieces may be in work at once.
    """

    def __init__(
        self,
        name: str,
        take: Callable[[], Awaitable[T]],
        work: Callable[[T], Awaitable[None]],
        size: int,
    ) -> None:
        self._take = take
        self._work = work
        self._waiting: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._tasks = [
            asyncio.create_task(self._run(), name=f"{name} {number}") for number in range(size)
        ]

    async def _run(self) -> None:
        task = asyncio.current_task()
        while task is not None and not self._stopping:
            self._waiting.add(task)
            try:
                piece = await self._take()
            finally:
                self._waiting.discard(task)
            try:
                await self._work(piece)
            except asyncio.CancelledError:
                if task.cancelling():
                    raise
                log.warning("work was cancelled by a library, not by us", task=task.get_name())
            except Exception:
                log.exception("work failed at the edge", task=task.get_name())

    async def stop(self) -> None:
        """Take nothing more and finish what is in hand; when cancelled, drop that too."""
        self._stopping = True
        for task in self._waiting:
            task.cancel()
        try:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        except asyncio.CancelledError:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            raise
        finally:
            self._tasks = [task for task in self._tasks if not task.done()]
