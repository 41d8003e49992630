"""A crew goes on whatever happens to one piece of work, and stops when it is told to."""

from __future__ import annotations

import asyncio

from shared.platform.crew import Crew
from tests.integration.platform.waiting import until


class TestCrew:
    async def test_a_fault_in_one_piece_does_not_end_it(self) -> None:
        pieces: asyncio.Queue[int] = asyncio.Queue()
        done: list[int] = []

        async def work(piece: int) -> None:
            if piece == 1:
                raise RuntimeError("a bug")
            if piece == 2:
                raise asyncio.CancelledError  # as a connection does to what waits for it
            done.append(piece)

        crew = Crew("test", pieces.get, work, 1)
        for piece in (1, 2, 3):
            pieces.put_nowait(piece)

        await until(lambda: done == [3])
        await crew.stop()

    async def test_it_finishes_what_is_in_hand_and_takes_nothing_more(self) -> None:
        pieces: asyncio.Queue[int] = asyncio.Queue()
        begun, gate = asyncio.Event(), asyncio.Event()
        done: list[int] = []

        async def work(piece: int) -> None:
            begun.set()
            await gate.wait()
            done.append(piece)

        crew = Crew("test", pieces.get, work, 1)
        pieces.put_nowait(1)
        pieces.put_nowait(2)
        await begun.wait()

        stopping = asyncio.create_task(crew.stop())
        await asyncio.sleep(0)
        gate.set()
        await stopping

        assert done == [1]
        assert pieces.qsize() == 1

    async def test_a_hard_stop_cuts_off_what_is_in_hand(self) -> None:
        pieces: asyncio.Queue[int] = asyncio.Queue()
        pieces.put_nowait(1)
        begun, cut = asyncio.Event(), asyncio.Event()

        async def work(_piece: int) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cut.set()
                raise

        crew = Crew("test", pieces.get, work, 1)
        await begun.wait()
        stopping = asyncio.create_task(crew.stop())
        await asyncio.sleep(0)
        stopping.cancel()
        await asyncio.wait([stopping])

        assert cut.is_set()
