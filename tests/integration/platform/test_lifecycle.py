"""A service's loops are kept alive, and everything ends in order."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial

from shared.platform.lifecycle import Lifecycle, Loop, supervise
from tests.integration.platform.waiting import until


class TestSupervision:
    async def test_a_loop_that_fails_is_started_again(self) -> None:
        runs = 0

        async def fail_twice() -> None:
            nonlocal runs
            runs += 1
            if runs <= 2:
                raise RuntimeError("a bug")
            await asyncio.Event().wait()

        supervised = asyncio.create_task(supervise(Loop("relay", fail_twice), 0.001))

        await until(lambda: runs == 3)
        supervised.cancel()

    async def test_its_neighbours_do_not_notice(self) -> None:
        lifecycle = Lifecycle("rating")
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.001)

        async def fail() -> None:
            raise RuntimeError("a bug")

        lifecycle.start([Loop("bad", fail), Loop("good", turn)])

        await until(lambda: turns > 10)
        assert await lifecycle.close()


class TestStopping:
    async def test_what_was_opened_last_is_closed_first(self) -> None:
        lifecycle = Lifecycle("rating")
        closed: list[str] = []

        async def close(name: str) -> None:
            closed.append(name)

        for name in ("database", "bus", "consumer"):
            lifecycle.on_close(partial(close, name))

        assert await lifecycle.close()
        assert closed == ["consumer", "bus", "database"]

    async def test_a_stop_signal_ends_the_wait(self) -> None:
        lifecycle = Lifecycle("rating")
        waiting = asyncio.create_task(lifecycle.until_stopped())
        await asyncio.sleep(0)

        os.kill(os.getpid(), signal.SIGTERM)

        await asyncio.wait_for(waiting, 5)

    async def test_what_does_not_end_in_time_is_cut_off_and_told(self) -> None:
        lifecycle = Lifecycle("rating", shutdown_s=0.1)

        async def never() -> None:
            await asyncio.Event().wait()

        lifecycle.on_close(never)

        assert not await lifecycle.close()

    async def test_a_fault_while_closing_does_not_keep_the_rest_open(self) -> None:
        lifecycle = Lifecycle("rating")
        closed: list[str] = []

        async def close_database() -> None:
            closed.append("database")

        async def fail() -> None:
            raise RuntimeError("a bug")

        lifecycle.on_close(close_database)
        lifecycle.on_close(fail)

        assert not await lifecycle.close()
        assert closed == ["database"]
