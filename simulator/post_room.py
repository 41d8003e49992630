"""Sends the day's files, picks up the answers and waits for what is still to come.

The one part of the simulator that knows about waiting: everything it waits for is said in words,
so that a day that stalls ends with a sentence a person can act on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulator import batches, documents, service
from simulator.correspondence import Correspondence, SentFile
from simulator.plan import FILES_A_RUN, FIRST_RECEIPT_FILE, DayPlan, Phase
from simulator.world import document_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from simulator.service import ServiceRequest
    from simulator.sftp import Mailbox
    from simulator.x12 import Group, Segment

    Text = tuple[Segment, ...]
    Word = Callable[..., Text]


class PostRoom:
    """The utility's connection to the back office for one day."""

    def __init__(self, plan: DayPlan, mailbox: Mailbox, book: Correspondence) -> None:
        """Write every file that goes or comes into the book."""
        self._plan = plan
        self._mailbox = mailbox
        self._book = book
        self._documents = 0
        self._served = 0
        # Receipts have numbers of their own: how many are needed depends on timing, and the
        # numbers of everything else must not.
        self._receipts = FIRST_RECEIPT_FILE
        self._loop = asyncio.get_running_loop()
        self._deadline_s = self._loop.time() + plan.timeout_s

    async def send(
        self,
        set_id: str,
        transactions: Iterable[Sequence[Segment]],
        to_be_rejected: frozenset[str] = frozenset(),
    ) -> tuple[SentFile, bytes]:
        """Write and upload one file; `to_be_rejected` are the ST02s made unreadable in it."""
        number = self._next_number(receipt=set_id == "997")
        data = await asyncio.to_thread(batches.render, self._plan, number, set_id, transactions)
        control = self._plan.first_control + number
        name = f"{self._plan.utility.upper()}_{set_id}_{control:09d}.edi"
        await self._mailbox.put(name, data)
        count = data.count(f"ST{self._plan.style.element}{set_id}".encode())
        file = SentFile(name, set_id, control, count, to_be_rejected)
        self._book.sent.append(file)
        return file, data

    async def send_again(self, file: SentFile, data: bytes) -> str:
        """Upload the very same bytes under another name; return that name."""
        name = file.name.replace(".edi", "_AGAIN.edi")
        await self._mailbox.put(name, data)
        return name

    async def collect(self) -> bool:
        """Pick up, read and receipt whatever is waiting; return whether anything was."""
        names = await self._mailbox.waiting()
        unreceipted: list[Group] = []
        for name in names:
            data = await self._mailbox.take(name)
            unreceipted += await asyncio.to_thread(self._book.receive, name, data)
            await self._mailbox.remove(name)
        if unreceipted and Phase.ACKNOWLEDGE in self._plan.phases:
            await self.send("997", documents.receipts(unreceipted))
        await self._serve()
        return bool(names)

    async def _serve(self) -> None:
        """Answer what the back office has asked since the last time."""
        asked = self._book.requests[self._served :]
        if not asked:
            return
        plan, first = self._plan, self._served + self._plan.first_account
        ccas = {cca.duns: cca for cca in plan.identity.ccas}
        known = [(n, each) for n, each in enumerate(asked, first) if each.cca_duns in ccas]
        self._served += len(asked)

        def worded(word: Word, kind: str, which: list[tuple[int, ServiceRequest]]) -> list[Text]:
            return [
                word(
                    plan.identity,
                    ccas[each.cca_duns],
                    each,
                    document_id(plan.people, plan.day, kind, number),
                    plan.day,
                )
                for number, each in which
            ]

        if known:
            await self.send("814", worded(service.answer, "Y", known))
        past = [(n, each) for n, each in known if each.wants_history]
        past = [(n, each) for n, each in past if service.knows(plan.identity, each)]
        if past:
            await self.send("867", worded(service.history, "H", past))

    async def until(self, missing: Callable[[], str]) -> bool:
        """Collect until `missing` has nothing more to name.

        Gives up when nothing came for the plan's patience or the day's time is over; what was
        still missing then becomes a problem in the book.
        """
        news_s = self._loop.time()
        while True:
            if await self.collect():
                news_s = self._loop.time()
            words = missing()
            if not words:
                return True
            now_s = self._loop.time()
            if now_s > self._deadline_s:
                self._book.problems.append(f"the day's time is over; still awaited: {words}")
                return False
            if now_s - news_s > self._plan.patience_s:
                silence = f"nothing came for {self._plan.patience_s:g} s"
                self._book.problems.append(f"{silence}; still awaited: {words}")
                return False
            await asyncio.sleep(self._plan.poll_s)

    async def receipted(self) -> bool:
        """Wait until every file sent has its 997."""
        return await self.until(lambda: named("997 for", self._book.unanswered()))

    def _next_number(self, *, receipt: bool) -> int:
        if receipt:
            self._receipts += 1
            number, limit = self._receipts, FILES_A_RUN
        else:
            self._documents += 1
            number, limit = self._documents, FIRST_RECEIPT_FILE
        if number >= limit:
            raise OverflowError("too many files for one run; put more accounts into each")
        return number


def named(what: str, ids: Sequence[str], shown: int = 3) -> str:
    """Say how many are missing and name the first few; empty when none is."""
    if not ids:
        return ""
    rest = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return f"{what} {', '.join(ids[:shown])}{rest}"
