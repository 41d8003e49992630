"""Puts the remittance service together: what it hears, what runs beside, what it shows.

The composition root builds it, migrates its schema before, starts its loops under a supervisor and
mounts its router.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter

from services.remittance.api import build_router
from services.remittance.audit import AuditReport, audit
from services.remittance.consumers import RemittanceConsumers
from services.remittance.poster import Poster
from services.remittance.store import MAILBOX
from shared.contracts.parts import ServiceName
from shared.platform.bus import Bus, Subscription
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.mailbox import Consumer, Mailbox, MailboxLimits
from shared.platform.settings import PlatformSettings


class RemittanceSettings(PlatformSettings):
    """What remittance needs to know; nothing yet beyond what every service does."""


@dataclass(slots=True)
class RemittanceService:
    """The running service.

    Attributes:
        database: its tables.
        mailbox: what it says and hears.
        consumer: its handlers, also for replaying dead letters.
        poster: places the lines of long payments.
        router: its routes, prefix `/remittance/v1`.
    """

    settings: PlatformSettings
    database: Database
    bus: Bus
    mailbox: Mailbox
    consumer: Consumer
    poster: Poster
    router: APIRouter
    _subscriptions: list[Subscription] = field(default_factory=list)

    async def listen(self) -> None:
        """Declare the queues and begin to hear messages, one at a time: money keeps its order."""
        await self.mailbox.declare()
        self._subscriptions.append(
            await self.mailbox.consume(self.consumer, prefetch=self.settings.prefetch)
        )
        self._subscriptions.append(await self.mailbox.hear_receipts())

    async def stop_listening(self) -> None:
        """Hear nothing more, finish what is in hand, and send the last receipts."""
        while self._subscriptions:
            await self._subscriptions.pop().stop()
        await self.mailbox.receipts.flush()

    def loops(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What runs for ever beside the consumer, by name; each may be started again."""
        return {
            "remittance relay": self.mailbox.relay.run,
            "remittance sweeper": self.mailbox.sweeper.run,
            "remittance receipts": self.mailbox.receipts.run,
            "remittance poster": self.poster.run,
        }

    async def ready(self) -> bool:
        """Whether it can work right now: database and bus answer; never raises."""
        return await self.database.ready() and await self.bus.ready()

    async def audit(self) -> AuditReport:
        """Prove the books of all CCAs, see `audit`."""
        async with self.database.read() as session:
            return await audit(session)


def build(
    settings: PlatformSettings,
    database: Database,
    bus: Bus,
    clock: Clock,
    limits: MailboxLimits | None = None,
) -> RemittanceService:
    """Put the service together; nothing runs yet.

    Args:
        settings: how the installation is set up.
        database: `Database(url, "remittance")`, migrated.
        bus: the wire, started.
        clock: tells the time.
        limits: bounds of the mailbox; the defaults are for production.
    """
    mailbox = Mailbox(ServiceName.REMITTANCE, database, MAILBOX, bus, clock, limits=limits)
    poster = Poster(database, mailbox, clock)
    consumers = RemittanceConsumers(mailbox, clock, poster.wake)
    return RemittanceService(
        settings=settings,
        database=database,
        bus=bus,
        mailbox=mailbox,
        consumer=mailbox.consumer(consumers.handlers()),
        poster=poster,
        router=build_router(database),
    )
