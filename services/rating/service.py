"""Puts the rating service together: what it hears, what runs beside, what it shows.

The composition root builds it, migrates its schema before, starts its loops under a supervisor and
mounts its router.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import APIRouter

from services.rating.api import Authorize, build_router
from services.rating.api_checks import build_checks_router
from services.rating.api_intervals import build_interval_router
from services.rating.api_lists import build_list_router
from services.rating.api_settlements import build_settlement_router
from services.rating.api_shared import build_shared_router
from services.rating.api_tariffs import build_tariff_router
from services.rating.consumers import handlers
from services.rating.holds import RateNotFound
from services.rating.progress.api import build_three_way_router
from services.rating.rerun.api import build_rerun_router
from services.rating.rerun.jobs import RerunDesk
from services.rating.review.api import build_review_router
from services.rating.review.watch import ReviewWatch
from services.rating.shadow.api import build_shadow_router
from services.rating.shadow.check import ShadowDesk
from services.rating.shadow.sweep import ShadowSweep
from services.rating.store import MAILBOX
from services.rating.store_activation import PROGRAM, TariffKey, activate
from services.rating.store_tariffs import TariffImport, import_plans
from services.rating.tariffs.files import PLANS_FOLDER
from services.rating.work import RatingDesk, Released, release_holds
from shared.contracts.parts import ServiceName
from shared.platform.bus import Bus
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.lifecycle import Lifecycle
from shared.platform.mailbox import Consumer, Mailbox, MailboxLimits
from shared.platform.settings import PlatformSettings

AT_ONCE: Final = 4
"""Messages in work at a time: while the database writes for one CCA, another's are priced."""


@dataclass(slots=True)
class RatingService:
    """The running service.

    Attributes:
        database: its tables.
        mailbox: what it says and hears.
        consumer: its handlers, also for replaying dead letters.
        desk: its use cases.
        reruns: re-rating in bulk, and mapping of rate codes.
        sweep: checks utilities' bills whose usage was charged meanwhile.
        watch: looks at bill windows, and proves the value hold daily.
        router: its routes, prefix `/rating/v1`.
    """

    settings: PlatformSettings
    database: Database
    clock: Clock
    mailbox: Mailbox
    consumer: Consumer
    desk: RatingDesk
    reruns: RerunDesk
    sweep: ShadowSweep
    watch: ReviewWatch
    router: APIRouter

    async def open(self, lifecycle: Lifecycle) -> None:
        """Hear, say and work until the lifecycle ends, in the order of each CCA's messages."""
        await self.mailbox.open(
            lifecycle, self.consumer, prefetch=self.settings.prefetch, concurrency=AT_ONCE
        )
        lifecycle.start([self.reruns.loop(), self.sweep.loop(), self.watch.loop()])

    async def import_tariffs(
        self, folder: Path = PLANS_FOLDER, by: str = PROGRAM
    ) -> tuple[TariffImport, Released]:
        """Import tariff files, then charge usage that was held for want of a price.

        Args:
            folder: holds the files; those that come with the program when left out.
            by: who imports; what a person imports is a draft until somebody else activates it.

        Raises:
            TariffFileRefused: a file cannot be read; nothing was imported.
            TariffVersionTaken: a version exists with other content; nothing was imported.
        """
        at = self.clock.now()
        async with self.database.unit_of_work() as session:
            done = await import_plans(session, folder, at, by)
        if not done.imported or by != PROGRAM:
            return done, Released()
        return done, await self.release((RateNotFound.code,))

    async def activate_tariff(self, key: TariffKey, by: str, reason: str = "") -> Released:
        """Let an imported version count, then charge usage that was held for want of a price.

        Raises:
            TariffVersionUnknown, SecondPersonNeeded, TariffAlreadyActive: see the classes.
        """
        async with self.database.unit_of_work() as session:
            await activate(session, key, by, self.clock.now(), reason)
        return await self.release((RateNotFound.code,))

    async def release(self, codes: Collection[str]) -> Released:
        """Try everything held under some codes again; what still has a reason stays held."""
        return await release_holds(self.desk, self.database, codes, self.clock.now())


def build(
    settings: PlatformSettings,
    database: Database,
    bus: Bus,
    clock: Clock,
    *,
    limits: MailboxLimits | None = None,
    authorize: Authorize | None = None,
) -> RatingService:
    """Put the service together; nothing runs yet.

    Args:
        settings: how the installation is set up.
        database: `Database(url, "rating")`, migrated.
        bus: the wire, started.
        clock: tells the time.
        limits: bounds of the mailbox; the defaults are for production.
        authorize: a FastAPI dependency that every route asks first.
    """
    mailbox = Mailbox(ServiceName.RATING, database, MAILBOX, bus, clock, limits=limits)
    desk = RatingDesk(put=mailbox.put)
    reruns = RerunDesk(database, desk, clock)
    shadow = ShadowDesk(mailbox.put, desk.books, desk.groups)
    router = build_router(database, authorize)
    router.include_router(build_tariff_router(database, clock, desk))
    router.include_router(build_shared_router(database, clock, desk))
    router.include_router(build_interval_router(database))
    router.include_router(build_list_router(database))
    router.include_router(build_checks_router(database))
    router.include_router(build_three_way_router(database))
    router.include_router(build_settlement_router(database, clock))
    router.include_router(build_rerun_router(reruns))
    router.include_router(build_shadow_router(database, clock, shadow))
    router.include_router(build_review_router(database, clock, desk))
    return RatingService(
        settings=settings,
        database=database,
        clock=clock,
        mailbox=mailbox,
        consumer=mailbox.consumer(handlers(desk, shadow)),
        desk=desk,
        reruns=reruns,
        sweep=ShadowSweep(database, shadow, clock),
        watch=ReviewWatch(database, clock, desk.books),
        router=router,
    )
