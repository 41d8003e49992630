"""Loops go on: at once while there is work, when woken, and after an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from shared.platform import loops
from shared.platform.loops import look_every, work_on

NEVER_S = 3600.0


class Work:
    """Steps that come to what they were told; the loop ends with the last."""

    def __init__(self, *outcomes: int | Exception) -> None:
        self.left: Iterator[int | Exception] = iter(outcomes)
        self.steps = 0
        self.idle = asyncio.Event()

    async def step(self) -> int:
        self.steps += 1
        outcome = next(self.left, None)
        if outcome is None:
            raise LookupError("no more work was told of")
        if isinstance(outcome, Exception):
            raise outcome
        if not outcome:
            self.idle.set()
        return outcome


@pytest.fixture(autouse=True)
def short_outages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "OUTAGE_WAIT_S", 0.001)


class TestALoopOfWork:
    async def test_goes_on_at_once_while_there_is_work(self) -> None:
        work = Work(3, 2, 1)

        with pytest.raises(LookupError):
            await work_on(work.step, asyncio.Event(), NEVER_S)

        assert work.steps == 4

    async def test_rests_until_it_is_woken(self) -> None:
        work, wake = Work(1, 0), asyncio.Event()
        loop = asyncio.create_task(work_on(work.step, wake, NEVER_S))
        await work.idle.wait()
        await asyncio.sleep(0.01)
        assert work.steps == 2

        wake.set()

        with pytest.raises(LookupError):
            await loop
        assert work.steps == 3

    async def test_looks_after_a_while_though_nobody_woke_it(self) -> None:
        work = Work(0, 0)

        with pytest.raises(LookupError):
            await work_on(work.step, asyncio.Event(), 0.001)

    async def test_hears_who_wakes_it_in_the_middle_of_a_step(self) -> None:
        wake, steps = asyncio.Event(), 0

        async def step() -> int:
            nonlocal steps
            steps += 1
            if steps > 1:
                raise LookupError
            wake.set()
            return 0

        with pytest.raises(LookupError):
            await work_on(step, wake, NEVER_S)

    async def test_can_be_stopped_while_it_rests(self) -> None:
        work = Work(0)
        loop = asyncio.create_task(work_on(work.step, asyncio.Event(), NEVER_S))
        await work.idle.wait()

        loop.cancel()

        with pytest.raises(asyncio.CancelledError):
            await loop

    async def test_sits_an_outage_out(self) -> None:
        work = Work(ConnectionError(), ConnectionError(), 1)

        with pytest.raises(LookupError):
            await work_on(work.step, asyncio.Event(), NEVER_S)

        assert work.steps == 4

    async def test_ends_with_any_other_fault(self) -> None:
        work = Work(ValueError("a fault of ours"), 1)

        with pytest.raises(ValueError, match="a fault of ours"):
            await work_on(work.step, asyncio.Event(), NEVER_S)


class TestALoopThatLooks:
    async def test_waits_after_each_look_and_outlasts_an_outage(self) -> None:
        work = Work(1, ConnectionError(), 0, 1)

        with pytest.raises(LookupError):
            await look_every(0.001, work.step)

        assert work.steps == 5
