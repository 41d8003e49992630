"""Puts the EDI gateway together: desks, mailboxes, SFTP server, what it hears and what runs beside.

The composition root builds it, migrates its schema before, starts its loops under a supervisor and
mounts its routes. Nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.edi_gateway.acknowledging import Acknowledger
from services.edi_gateway.advising import Adviser
from services.edi_gateway.archive import Archive
from services.edi_gateway.consumers import GatewayConsumers
from services.edi_gateway.inbound import Answers, InboundDesk
from services.edi_gateway.operations.access import authorized_keys
from services.edi_gateway.outbound import OutboundDesk
from services.edi_gateway.partner_answers import PartnerAnswers
from services.edi_gateway.partners import PARTNERS_FOLDER
from services.edi_gateway.post_office import REMOTE_LOOK_S, PostOffice
from services.edi_gateway.reading import partners, preload
from services.edi_gateway.store import MAILBOX
from services.edi_gateway.transport.folder import MailboxFolders
from services.edi_gateway.transport.server_policy import Hooks
from services.edi_gateway.transport.sftp_client import RemoteServer
from services.edi_gateway.transport.sftp_server import PartnerSftpServer
from shared.contracts.parts import ServiceName
from shared.platform.bus import Bus
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.keyring import key_file_of
from shared.platform.lifecycle import Lifecycle, Loop
from shared.platform.loops import look_every, work_on
from shared.platform.mailbox import Consumer, Mailbox, MailboxLimits
from shared.platform.settings import PlatformSettings
from shared.platform.workers import WorkerPool

MAILBOX_FOLDER = "mailboxes"
HOST_KEY_FILE = "sftp_host_key"
CLIENT_KEY_FILE = "sftp_client_key"
"""Our own key for utilities' servers; `ccax partners our-key` shows its public half."""

LOOK_EVERY_S = 0.25
"""How often mailboxes and tables are looked at when no signal came."""

ADVISE_EVERY_S = 60.0
"""How often it is looked for holds whose days of waiting are over; they are counted in days."""

READERS = 3
"""Files read at the same time, so that a short file never waits for a long one."""


@dataclass(slots=True)
class GatewayService:
    """The running gateway.

    Attributes:
        inbound: receives and reads files.
        outbound: turns documents into interchanges.
        adviser: tells utilities what they must put right.
        post_office: moves files between mailboxes and archive.
        sftp: the utilities' door; `host_key` is what they pin.
    """

    settings: PlatformSettings
    database: Database
    clock: Clock
    workers: WorkerPool
    mailbox: Mailbox
    consumer: Consumer
    inbound: InboundDesk
    outbound: OutboundDesk
    adviser: Adviser
    post_office: PostOffice
    folders: MailboxFolders
    sftp: PartnerSftpServer
    utilities: tuple[str, ...]

    async def open(self, lifecycle: Lifecycle) -> None:
        """Read, send, hear and say until the lifecycle ends; the doors open last and close first.

        Raises:
            OSError: the SFTP port is taken.
        """
        self.workers.start()
        lifecycle.on_close(self.workers.close)
        for utility in self.utilities:
            await self.folders.create(utility)
            await self.folders.clear_leftovers(utility)
        await self.mailbox.open(lifecycle, self.consumer, prefetch=self.settings.prefetch)
        lifecycle.start(self._loops())
        await self.sftp.start()
        lifecycle.on_close(self.sftp.stop)

    def _loops(self) -> list[Loop]:
        desks = {
            "collection": self._collect,
            "fetching": self._fetch,
            "advice": self._advise,
            "assembly": self._assemble,
            "delivery": self._deliver,
        }
        readers = {f"reader {number}": self._read for number in range(1, READERS + 1)}
        return [Loop(f"gateway {name}", run) for name, run in (desks | readers).items()]

    async def _collect(self) -> None:
        await work_on(self.post_office.collect, self.post_office.wake, LOOK_EVERY_S)

    async def _fetch(self) -> None:
        await look_every(REMOTE_LOOK_S, self.post_office.fetch)

    async def _read(self) -> None:
        await work_on(self.inbound.read_next, self.inbound.wake, LOOK_EVERY_S)

    async def _advise(self) -> None:
        await look_every(ADVISE_EVERY_S, self.adviser.advise_overdue)

    async def _assemble(self) -> None:
        await work_on(self.outbound.assemble, self.outbound.assemble_wake, LOOK_EVERY_S)

    async def _deliver(self) -> None:
        await work_on(self.post_office.deliver, self.outbound.deliver_wake, LOOK_EVERY_S)


def build(
    settings: PlatformSettings,
    database: Database,
    bus: Bus,
    clock: Clock,
    limits: MailboxLimits | None = None,
) -> GatewayService:
    """Put the gateway together; nothing runs yet.

    Args:
        settings: how the installation is set up.
        database: `Database(url, "edi")`, migrated.
        bus: the wire, started.
        clock: tells the time.
        limits: bounds of the mailbox; the defaults are for production.
    """
    mailbox = Mailbox(ServiceName.EDI_GATEWAY, database, MAILBOX, bus, clock, limits=limits)
    workers = WorkerPool(settings.worker_processes, preload=(preload,))
    environment = settings.environment
    outbound = OutboundDesk(database, mailbox, workers, clock, environment)
    adviser = Adviser(database, outbound, partners(), clock, environment)
    inbound = InboundDesk(
        database,
        mailbox,
        workers,
        clock,
        environment,
        Archive(key_file_of(settings)),
        Answers(
            Acknowledger(outbound, workers, clock, environment),
            PartnerAnswers(mailbox, clock),
            adviser,
        ),
    )
    folders = MailboxFolders(settings.data_dir / MAILBOX_FOLDER)
    utilities = tuple(utility.code for utility in partners().utilities)
    post_office = PostOffice(
        database, inbound, folders, utilities, clock, environment, _remotes(settings)
    )
    return GatewayService(
        settings=settings,
        database=database,
        clock=clock,
        workers=workers,
        mailbox=mailbox,
        consumer=mailbox.consumer(GatewayConsumers(outbound, adviser, clock).handlers()),
        inbound=inbound,
        outbound=outbound,
        adviser=adviser,
        post_office=post_office,
        folders=folders,
        sftp=_door(settings, database, folders, post_office),
        utilities=utilities,
    )


def _remotes(settings: PlatformSettings) -> dict[str, RemoteServer]:
    """The utilities that want us to call their own server, with the key they agreed to meet."""
    remotes = {}
    for utility in partners().utilities:
        told = utility.sftp
        if told.mailbox_only:
            continue
        pinned = PARTNERS_FOLDER / utility.code / told.host_key_file
        remotes[utility.code] = RemoteServer(
            host=told.host,
            port=told.port,
            user=told.user,
            key_path=settings.data_dir / CLIENT_KEY_FILE,
            host_key=pinned.read_text(),
            inbound_dir=told.fetch_from,
            outbound_dir=told.deliver_to,
        )
    return remotes


def _door(
    settings: PlatformSettings, database: Database, folders: MailboxFolders, office: PostOffice
) -> PartnerSftpServer:
    async def keys_of(utility: str) -> list[str]:
        async with database.read() as session:
            return await authorized_keys(session, utility)

    async def look(_partner: str, _path: Path) -> None:
        office.wake.set()

    return PartnerSftpServer(
        folders=folders,
        authorized_keys=keys_of,
        host_key_path=settings.data_dir / HOST_KEY_FILE,
        host=settings.sftp_host,
        port=settings.sftp_port,
        hooks=Hooks(on_closed=look, on_renamed=look, on_picked_up=office.note_picked_up),
    )
