"""Puts the remittance service together: what it hears, what runs beside, what it shows.

The composition root builds it, migrates its schema before, starts its loops under a supervisor and
mounts its router.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from services.remittance.api import build_router
from services.remittance.audit import AuditReport, audit
from services.remittance.bank.api import build_bank_router
from services.remittance.bank.desk import BankDesk
from services.remittance.consumers import RemittanceConsumers
from services.remittance.ledger.api import build_ledger_router
from services.remittance.ledger.desk import LedgerDesk
from services.remittance.poster import Poster
from services.remittance.statements.api import build_report_router
from services.remittance.statements.desk import ReportDesk
from services.remittance.store import MAILBOX
from services.remittance.workbench.api import build_workbench_router
from services.remittance.workbench.bulk import BulkDesk
from services.remittance.workbench.bulk_api import build_bulk_router
from services.remittance.workbench.desk import Workbench
from shared.contracts.parts import ServiceName
from shared.platform.bus import Bus
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.keyring import key_file_of
from shared.platform.lifecycle import Lifecycle, Loop
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
        bank: takes statements in and matches deposits with payments.
        ledger: closes months, exports entries, answers utilities' write-offs.
        reports: statements, aging, taxes, short pays, days to cash.
        workbench: where people place what the rules could not.
        bulk: runs many of its acts at once.
        router: its routes, prefix `/remittance/v1`.
    """

    settings: PlatformSettings
    database: Database
    mailbox: Mailbox
    consumer: Consumer
    poster: Poster
    bank: BankDesk
    ledger: LedgerDesk
    reports: ReportDesk
    workbench: Workbench
    bulk: BulkDesk
    router: APIRouter

    async def open(self, lifecycle: Lifecycle) -> None:
        """Hear, say and work, in the order of the messages, until the lifecycle ends."""
        await self.mailbox.open(lifecycle, self.consumer, prefetch=self.settings.prefetch)
        lifecycle.start(
            [
                Loop("remittance poster", self.poster.run),
                Loop("remittance bank", self.bank.run),
                Loop("remittance workbench", self.bulk.run),
            ]
        )

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
    bank = BankDesk(database, clock, key_file_of(settings), settings.environment)
    ledger = LedgerDesk(database, mailbox, clock, settings.general_ledger_file)
    workbench = Workbench(database, mailbox, clock, settings.environment)
    bulk = BulkDesk(workbench)
    reports = ReportDesk(database, clock)
    router = APIRouter()
    router.include_router(build_router(database))
    router.include_router(build_bank_router(bank))
    router.include_router(build_ledger_router(ledger))
    router.include_router(build_workbench_router(workbench))
    router.include_router(build_bulk_router(bulk))
    router.include_router(build_report_router(reports))
    return RemittanceService(
        settings=settings,
        database=database,
        mailbox=mailbox,
        consumer=mailbox.consumer(consumers.handlers()),
        poster=poster,
        bank=bank,
        workbench=workbench,
        bulk=bulk,
        ledger=ledger,
        reports=reports,
        router=router,
    )
