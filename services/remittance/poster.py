"""Goes on placing the lines of long payments, a batch at a time, until every line has its place.

The message that completes an 820 places its first lines; what is left is done here, in units of
work of their own. After a crash it goes on behind the last committed batch.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sqlalchemy import select

from services.remittance.apply_remittance import place_next_lines
from services.remittance.store import remittance
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.loops import work_on
from shared.platform.mailbox import Mailbox

POLL_S = 1.0
PAYMENTS_PER_LOOK = 20


@dataclass(slots=True)
class Poster:
    """The loop that places lines; several may run at once, the scope's lock orders them."""

    database: Database
    mailbox: Mailbox
    clock: Clock
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """There may be lines to place."""
        self._wake.set()

    async def run(self) -> None:
        """Place for ever; wait while the database is away."""
        await work_on(self.place_batches, self._wake, POLL_S)

    async def place_batches(self) -> int:
        """Place one batch of every payment under way, oldest first; tells how many payments."""
        async with self.database.read() as session:
            found = await session.scalars(
                select(remittance.c.transaction_id)
                .where(remittance.c.state == "posting")
                .order_by(remittance.c.decided_at)
                .limit(PAYMENTS_PER_LOOK)
            )
            waiting = list(found)
        for transaction_id in waiting:
            async with self.database.unit_of_work() as session:
                said = await place_next_lines(session, transaction_id, self.clock.now())
                await self.mailbox.put(session, said or [])
        return len(waiting)

    async def finish(self) -> None:
        """Place everything that is under way now."""
        while await self.place_batches():
            pass
