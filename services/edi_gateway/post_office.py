"""Between the mailboxes and the desks: fetches what arrived whole, delivers what is stored.

Fetching archives a file before its mailbox copy is taken away; delivering copies stored bytes and
may be repeated. Whatever fails here leaves the file where it was and is tried again.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from services.edi_gateway import archive
from services.edi_gateway.inbound import InboundDesk
from services.edi_gateway.operations import ledger
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.store import file, transaction
from services.edi_gateway.transport.seam import Arrival, ArrivedFile, Mailboxes, NameTaken
from shared.contracts.parts import Environment
from shared.platform.clock import Clock
from shared.platform.database import Database, WriteSession
from shared.platform.telemetry import logger

log = logger(__name__)

RETRY_FIRST_S = 5.0
RETRY_MAX_S = 3_600.0
"""A delivery that failed is tried again after 5 s, then twice as long each time, up to an hour."""


class PostOffice:
    """Moves files between the mailboxes and the archive.

    Args:
        utilities: the mailboxes to look into.
        mailboxes: where utilities put files and find ours.
    """

    def __init__(
        self,
        database: Database,
        inbound: InboundDesk,
        mailboxes: Mailboxes,
        utilities: tuple[str, ...],
        clock: Clock,
        environment: Environment,
    ) -> None:
        self._database = database
        self._inbound = inbound
        self._mailboxes = mailboxes
        self._utilities = utilities
        self._clock = clock
        self._environment = environment
        self.wake = asyncio.Event()

    async def collect(self) -> int:
        """Archive every file that arrived whole; returns how many were taken."""
        taken = 0
        for survey in await self._mailboxes.survey(self._utilities):
            for arrived in survey.files:
                if arrived.status is Arrival.INCOMPLETE:
                    await self._note_incomplete(arrived)
                    continue
                await self._inbound.arrive(
                    utility=arrived.partner, name=arrived.name, origin="sftp", path=arrived.path
                )
                await self._mailboxes.remove_inbound(arrived)
                taken += 1
        return taken

    async def _note_incomplete(self, arrived: ArrivedFile) -> None:
        """Record, once, a file that was cut short; it stays in the mailbox and has no effect."""
        sha256, size = await asyncio.to_thread(archive.digest_of_file, arrived.path)
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
            await archive.store_bytes(session, file_id, archive.chunks_of_file(arrived.path))
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
                async with self._database.read() as reading:
                    await self._mailboxes.deliver(
                        row.utility, row.name, archive.read_pieces(reading, row.id)
                    )
            except (OSError, NameTaken) as failure:
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
                        message=f"{row.name} lies in the mailbox of {row.utility.upper()}",
                        data={"delivery": row.deliveries + 1},
                    )
                ],
                now,
            )
        log.info("file delivered", name=row.name, utility=row.utility)
        return 1

    async def _put_off(
        self, session: WriteSession, file_id: UUID, name: str, tries: int, failure: Exception
    ) -> None:
        """Try a failed delivery again later, longer each time, and say so in the ledger."""
        wait_s = min(RETRY_FIRST_S * 2**tries, RETRY_MAX_S)
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
