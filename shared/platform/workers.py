"""Heavy work goes to other processes, so that the service keeps answering.

Reading, rating and rendering are pure functions of values; they run here while the event loop goes
on serving SFTP, API and pages. A worker that dies is a fault of one piece of work, not of the
service: the pool is made anew and the piece fails.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from shared.platform.collector import set_aside
from shared.platform.telemetry import WORKER_CRASHES, logger

log = logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

WORKERS_MAX = 61


class WorkerCrash(Exception):
    """A worker process died (out of memory, killed) while it held this piece of work."""


def _end_with_parent() -> None:
    """Leave when the service was killed: nobody would ever send this worker work or a stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class WorkerPool:
    """A fixed number of processes that run functions.

    Args:
        processes: how many; 0 means one for each core.
        preload: called once in every new process, e.g. to load guide maps; a module-level
            function, because processes are started fresh and get it by name.
    """

    def __init__(self, processes: int = 0, preload: Sequence[Callable[[], object]] = ()) -> None:
        cores = os.cpu_count() or 1
        self.processes = min(processes or cores, WORKERS_MAX)
        self._preload = tuple(preload)
        self._pool: ProcessPoolExecutor | None = None
        self._closed = False

    def start(self) -> None:
        """Start the processes now instead of at the first piece of work."""
        pool = self._living_pool()
        for _ in range(self.processes):
            pool.submit(os.getpid)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a module-level function in a worker; arguments and result travel by pickle.

        Raises:
            WorkerCrash: the worker died; the work may be tried again.
            Exception: whatever the function raised.
        """
        if kwargs:
            raise TypeError("workers take positional arguments only")
        pool = self._living_pool()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(pool, function, *args)
        except BrokenProcessPool as broken:
            self._replace(pool)
            raise WorkerCrash(f"a worker died in {function.__qualname__}") from broken

    async def close(self) -> None:
        """Finish what is in work and end the processes."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)

    def _living_pool(self) -> ProcessPoolExecutor:
        if self._closed:
            raise RuntimeError("the worker pool is closed")
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=self.processes,
                # Started fresh: a copy of this process would share its sockets and locks.
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._preload,),
            )
        return self._pool

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        """Forget a broken pool; several pieces of work may notice the same crash."""
        if self._pool is broken:
            self._pool = None
            WORKER_CRASHES.inc()
            log.error("a worker process died, starting new ones", processes=self.processes)
            broken.shutdown(wait=False, cancel_futures=True)


def _begin(preload: Sequence[Callable[[], object]]) -> None:
    """Prepare a new worker: stop signals are for the service, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_service, name="end with the service", daemon=True).start()
    for load in preload:
        load()
    set_aside()


def _end_with_the_service() -> None:
    """A service that was killed cannot end its workers; they must notice by themselves."""
    service = multiprocessing.parent_process()
    if service is not None:
        service.join()
        os._exit(1)
