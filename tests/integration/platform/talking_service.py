"""A gateway in a process of its own that says one message after the other until it is killed.

Arguments: database address, broker address, first number. It tells each number once the unit of
work that says it has been committed.
"""

from __future__ import annotations

import asyncio
import itertools
import sys

from shared.contracts.parts import ServiceName
from shared.platform.clock import SystemClock
from shared.platform.database import Database
from shared.platform.mailbox import Mailbox
from shared.platform.rabbitmq import RabbitBus
from tests.integration.platform.post_room import EDI_TABLES, QUICK, ROUTES, document_sent


async def main(dsn: str, broker: str, first: int) -> None:
    """Say numbers for ever."""
    database, bus = Database(dsn, "edi"), RabbitBus(broker)
    await bus.start()
    mailbox = Mailbox(
        ServiceName.EDI_GATEWAY,
        database,
        EDI_TABLES,
        bus,
        SystemClock(),
        limits=QUICK,
        routes=ROUTES,
    )
    relay = asyncio.create_task(mailbox.relay.run())
    for number in itertools.count(first):
        async with database.unit_of_work() as session:
            await mailbox.put(session, [document_sent(number)])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        if relay.done():
            relay.result()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
