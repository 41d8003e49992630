"""Worker processes: the loop stays free, and a dead worker costs one piece of work."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import pytest

from shared.platform.workers import WorkerCrash, WorkerPool
from tests.integration.platform import heavy_work
from tests.integration.platform.waiting import until


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    made = WorkerPool(2, preload=[heavy_work.preload])
    yield made
    await made.close()


class TestWorkerPool:
    async def test_work_comes_back_with_its_result(self, pool: WorkerPool) -> None:
        results = await asyncio.gather(*(pool.run(heavy_work.square, n) for n in range(20)))

        assert results == [n * n for n in range(20)]

    async def test_what_is_preloaded_is_there_before_the_first_work(self, pool: WorkerPool) -> None:
        assert await pool.run(heavy_work.loaded) == ["guide"]

    async def test_the_loop_stays_free_meanwhile(self, pool: WorkerPool) -> None:
        await pool.run(heavy_work.square, 1)
        longest = 0.0

        working = asyncio.create_task(pool.run(heavy_work.hold_the_processor, 0.5))
        while not working.done():
            started = time.perf_counter()
            await asyncio.sleep(0.01)
            longest = max(longest, time.perf_counter() - started)

        assert longest < 0.25

    async def test_a_bug_in_the_work_reaches_the_caller(self, pool: WorkerPool) -> None:
        with pytest.raises(ValueError, match="a bug"):
            await pool.run(heavy_work.fail)

        assert await pool.run(heavy_work.square, 3) == 9

    async def test_after_a_crash_the_next_work_is_done(self, pool: WorkerPool) -> None:
        with pytest.raises(WorkerCrash):
            await pool.run(heavy_work.die)

        assert await pool.run(heavy_work.square, 3) == 9

    async def test_a_closed_pool_takes_no_work(self, pool: WorkerPool) -> None:
        await pool.run(heavy_work.square, 1)
        await pool.close()

        with pytest.raises(RuntimeError, match="closed"):
            await pool.run(heavy_work.square, 1)

    async def test_workers_end_with_a_service_that_was_killed(self) -> None:
        service = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.platform.doomed_pool"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert service.stdout is not None
        worker = int(service.stdout.readline())

        service.kill()
        service.wait()
        service.stdout.close()

        await until(lambda: not _runs(worker))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123  as the kernel says
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
