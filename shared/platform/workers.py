"""Worker processes for reading, rating and rendering, so that the event loop stays free.

The loop must answer SFTP, API and pages while a large file is worked; whatever computes for more
than a few milliseconds therefore runs in another process. Work is a module-level function with
arguments that can be pickled; a worker that dies is a fault of that work only, and is replaced.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from shared.platform.telemetry import logger

P = ParamSpec("P")
T = TypeVar("T")

log = logger(__name__)


def _begin(preload: Callable[[], object] | None) -> None:
    """Prepare a new worker: stop signals are the parent's affair, data is loaded ahead of work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if preload is not None:
        preload()


class WorkerPool:
    """A fixed number of worker processes.

    Args:
        processes: how many; 0 means one for each core.
        preload: called once in each worker before its first work (e.g. to load maps).
    """

    def __init__(self, processes: int = 0, preload: Callable[[], object] | None = None) -> None:
        self._processes = processes or os.cpu_count() or 1
        self._preload = preload
        self._pool = self._open()

    def _open(self) -> ProcessPoolExecutor:
        # A fresh interpreter: forking a process that runs threads and an event loop is unsafe.
        return ProcessPoolExecutor(
            self._processes,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(self._preload,),
        )

    async def warm_up(self) -> None:
        """Start every worker now, so that the first file does not wait for it."""
        await asyncio.gather(*(self.run(os.getpid) for _ in range(self._processes)))

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a worker.

        Raises:
            BrokenProcessPool: the worker died (killed, out of memory); the pool is made anew.
            Exception: whatever the work raised.
        """
        pool = self._pool
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(pool, _call, work, args, kwargs)
        except BrokenProcessPool:
            if self._pool is pool:
                log.error("a worker process died; starting new ones")
                pool.shutdown(wait=False, cancel_futures=True)
                self._pool = self._open()
            raise

    async def close(self) -> None:
        """Finish what is in work, then end the workers."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)


def _call(work: Callable[..., T], args: tuple[object, ...], kwargs: dict[str, object]) -> T:
    return work(*args, **kwargs)
