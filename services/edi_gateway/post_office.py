"""Between the mailboxes and the desks: fetches what arrived whole, delivers what is stored.

Fetching archives a file before its mailbox copy is taken away; delivering copies stored bytes and
may be repeated. Whatever fails here leaves the file where it was and is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from services.edi_gateway.archive import digest_of_file
from services.edi_gateway.inbound import InboundDesk
from services.edi_gateway.operations import ledger
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.store import file, transaction
from services.edi_gateway.transport import sftp_client
from services.edi_gateway.transport.seam import Arrival, ArrivedFile, Mailboxes, NameTaken
from services.edi_gateway.transport.sftp_client import RemoteRefusal, RemoteServer
from shared.contracts.parts import Environment
from shared.platform.clock import Clock
from shared.platform.database import Database, WriteSession, try_lock
from shared.platform.telemetry import logger

log = logger(__name__)

REMOTE_LOOK_S = 60.0
"""How often a utility's own server is asked for files."""

RETRY_FIRST_S = 5.0
RETRY_MAX_S = 3_600.0
"""A delivery that failed is tried again after 5 s, then twice as long each time, up to an hour."""


class PostOffice:
    """Moves files between the mailboxes and the archive.

    Args:
        utilities: the mailboxes to look into.
        mailboxes: where utilities put files and find ours.
        remotes: the utilities whose own server we call instead.
    """

    def __init__(
        self,
        database: Database,
        inbound: InboundDesk,
        mailboxes: Mailboxes,
        utilities: tuple[str, ...],
        clock: Clock,
        environment: Environment,
        remotes: Mapping[str, RemoteServer] | None = None,
    ) -> None:
        self._database = database
        self._inbound = inbound
        self._mailboxes = mailboxes
        self._remotes = dict(remotes or {})
        self._utilities = utilities
        self._clock = clock
        self._environment = environment
        self.wake = asyncio.Event()

    async def collect(self) -> int:
        """Archive every file that arrived whole; returns how many were taken."""
        taken = 0
        for utility in self._utilities:
            async with self._database.unit_of_work() as claim:
                # Copies of the gateway look into the same mailbox; one of them at a time.
                if await try_lock(claim, f"collect {utility}"):
                    taken += await self._collect_from(utility)
        return taken

    async def _collect_from(self, utility: str) -> int:
        taken = 0
        for survey in await self._mailboxes.survey((utility,)):
            for arrived in survey.files:
                if arrived.status is Arrival.INCOMPLETE:
                    await self._note_incomplete(arrived)
                    continue
                await self._inbound.arrive(
                    utility=arrived.partner,
                    name=arrived.name,
                    origin="sftp",
                    path=arrived.path,
                    origin_key=arrived.origin_key,
                )
                await self._mailboxes.remove_inbound(arrived)
                taken += 1
        return taken

    async def fetch(self) -> int:
        """Fetch the files that wait on utilities' own servers into their mailboxes here.

        Returns:
            How many were fetched; a server that cannot be reached disturbs no other.
        """
        fetched = 0
        for utility, server in self._remotes.items():
            async with self._database.unit_of_work() as claim:
                if not await try_lock(claim, f"fetch {utility}"):
                    continue  # another copy is at it
                try:
                    found = await sftp_client.collect(
                        server, partial(self._mailboxes.receive, utility)
                    )
                except (RemoteRefusal, OSError) as failure:
                    log.error("fetching failed", utility=utility, reason=str(failure))  # noqa: TRY400
                    continue
            fetched += len(found)
        if fetched:
            self.wake.set()
        return fetched

    async def _note_incomplete(self, arrived: ArrivedFile) -> None:
        """Record, once, a file that was cut short; it stays in the mailbox and has no effect."""
        sha256, size = await asyncio.to_thread(digest_of_file, arrived.path)
        at, file_id = self._clock.now(), uuid4()
        async with self._database.unit_of_work() as session:
            known = await session.scalar(
                select(file.c.id).where(
                    file.c.sha256 == sha256,
                    file.c.utility == arrived.partner,
                    file.c.name == arrived.name,
                    file.c.state == "incomplete",
                )
            )
            if known:
                return
            why = "the file ends before its IEA trailer: the upload was cut short or is still going"
            await session.execute(
                insert(file).values(
                    id=file_id,
                    direction="inbound",
                    utility=arrived.partner,
                    environment=self._environment.value,
                    name=arrived.name,
                    origin="sftp",
                    sha256=sha256,
                    size=size,
                    at=at,
                    state="incomplete",
                    refusal=why,
                )
            )
            await self._inbound.archive.keep(session, file_id, arrived.path)
            await ledger.record(
                session,
                [
                    NewEntry(
                        file_id=file_id,
                        kind="IncompleteFile",
                        message=f"{arrived.name} has no effect: {why}. Upload it again, whole.",
                        data={"size": size},
                    )
                ],
                at,
            )
        log.warning("incomplete file", name=arrived.name, utility=arrived.partner, size=size)

    async def deliver(self) -> int:
        """Deliver the stored interchange that has waited longest.

        Returns:
            1 when a file was delivered, else 0.
        """
        now = self._clock.now()
        async with self._database.unit_of_work() as session:
            row = (
                await session.execute(
                    select(file.c.id, file.c.name, file.c.utility, file.c.deliveries)
                    .where(
                        file.c.direction == "outbound",
                        file.c.state == "ready",
                        file.c.environment == self._environment.value,
                        (file.c.deliver_after.is_(None)) | (file.c.deliver_after <= now),
                    )
                    .order_by(file.c.at)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                )
            ).one_or_none()
            if row is None:
                return 0
            try:
                await self._hand_over(row.id, row.utility, row.name)
            except (OSError, NameTaken, RemoteRefusal) as failure:
                await self._put_off(session, row.id, row.name, row.deliveries, failure)
                return 0
            await session.execute(
                update(file)
                .where(file.c.id == row.id)
                .values(state="delivered", delivered_at=now, deliveries=row.deliveries + 1)
            )
            await session.execute(
                update(transaction)
                .where(transaction.c.file_id == row.id)
                .values(delivered="delivered")
            )
            await ledger.record(
                session,
                [
                    NewEntry(
                        file_id=row.id,
                        kind="FileDelivered",
                        message=f"{row.name} lies where {row.utility.upper()} finds it",
                        data={"delivery": row.deliveries + 1},
                    )
                ],
                now,
            )
        log.info("file delivered", name=row.name, utility=row.utility)
        return 1

    async def note_picked_up(self, utility: str, name: str) -> None:
        """Record that a utility took a file out of its mailbox; the first time counts."""
        at = self._clock.now()
        async with self._database.unit_of_work() as session:
            taken = await session.execute(
                update(file)
                .where(
                    file.c.direction == "outbound",
                    file.c.utility == utility,
                    file.c.name == name,
                    file.c.environment == self._environment.value,
                    file.c.picked_up_at.is_(None),
                )
                .values(picked_up_at=at)
                .returning(file.c.id)
            )
            await ledger.record(
                session,
                [
                    NewEntry(
                        file_id=file_id,
                        kind="FilePickedUp",
                        message=f"{utility.upper()} took {name} out of its mailbox",
                        actor=utility,
                    )
                    for file_id in taken.scalars()
                ],
                at,
            )

    async def _hand_over(self, file_id: UUID, utility: str, name: str) -> None:
        """Copy stored bytes to where the utility finds them: its mailbox, or its own server."""
        async with self._database.read() as reading:
            pieces = self._inbound.archive.pieces(reading, file_id)
            if (server := self._remotes.get(utility)) is not None:
                await sftp_client.deliver(server, name, pieces)
            else:
                await self._mailboxes.deliver(utility, name, pieces)

    async def _put_off(
        self, session: WriteSession, file_id: UUID, name: str, tries: int, failure: Exception
    ) -> None:
        """Try a failed delivery again later, longer each time, and say so in the ledger."""
        wait_s = min(RETRY_FIRST_S * 2 ** min(tries, 10), RETRY_MAX_S)
        if isinstance(failure, RemoteRefusal) and not failure.retry:
            wait_s = (
                RETRY_MAX_S  # a changed host key or a refused login needs a person, not a storm
            )
        now = self._clock.now()
        await session.execute(
            update(file)
            .where(file.c.id == file_id)
            .values(deliver_after=now + timedelta(seconds=wait_s), deliveries=tries + 1)
        )
        await ledger.record(
            session,
            [
                NewEntry(
                    file_id=file_id,
                    kind="DeliveryFailed",
                    message=f"{name} could not be delivered: {failure}; again in {wait_s:.0f} s",
                )
            ],
            now,
        )
        log.error("delivery failed", name=name, reason=str(failure), wait_s=wait_s)
