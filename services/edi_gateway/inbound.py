"""Everything we receive: a file is archived first, then read batch by batch, then acknowledged.

`arrive` keeps the bytes and their hash before any effect. `read_next` takes a file that nobody
reads yet, judges its envelopes, reads its transactions in worker processes and commits batch by
batch; after a crash it goes on from the last committed batch, and two copies of the gateway never
read the same file. The file's acknowledgments are stored together with its last step.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from sqlalchemy import Row, func, insert, select, text, update

from services.edi_gateway import intake
from services.edi_gateway.acknowledging import Acknowledger
from services.edi_gateway.advising import Adviser
from services.edi_gateway.archive import Archive, digest_of_file
from services.edi_gateway.batching import batches_of
from services.edi_gateway.envelopes import KeptGroup, KeptInterchange, keep_envelopes
from services.edi_gateway.intake import FileScope
from services.edi_gateway.operations import ledger
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.partner_answers import PartnerAnswers
from services.edi_gateway.reading import ReadJob, ReadSlot, read_slots, scan_file, transaction_id_of
from services.edi_gateway.reading_faults import note_fault
from services.edi_gateway.store import file
from services.edi_gateway.whole_groups import FALLEN, find_culprits, withdraw
from services.edi_gateway.x12 import FileScan, Finding, TransactionSlot
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Environment
from shared.platform.clock import Clock
from shared.platform.database import (
    Database,
    WriteSession,
    after_commit,
    is_transient,
    try_lock,
    wait_lock,
)
from shared.platform.mailbox import Mailbox
from shared.platform.telemetry import log_context, logger
from shared.platform.workers import WorkerPool

log = logger(__name__)

READ_BATCH = MESSAGE_ITEMS_MAX
"""Transactions read, judged and committed together."""

CANDIDATES_MAX = 20

_ARRIVAL_NAMESPACE = uuid5(NAMESPACE_OID, "cca-exchange/arrival")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is safely ours."""

    file_id: UUID
    sha256: str
    duplicate_of: UUID | None


@dataclass(frozen=True, slots=True)
class Answers:
    """Who answers what was read: the 997s, what partners said of ours, the 824s."""

    acknowledger: Acknowledger
    partner_answers: PartnerAnswers
    adviser: Adviser


class InboundDesk:
    """Receives and reads files.

    Args:
        workers: reads away from the event loop.
        environment: the only ISA15 that may have an effect here.
        archive: where the bytes are kept before anything is done with them.
        answers: who answers what was read.
    """

    def __init__(
        self,
        database: Database,
        mailbox: Mailbox,
        workers: WorkerPool,
        clock: Clock,
        environment: Environment,
        archive: Archive,
        answers: Answers,
    ) -> None:
        self._database = database
        self._mailbox = mailbox
        self._workers = workers
        self._clock = clock
        self._environment = environment
        self._acknowledger = answers.acknowledger
        self._partner_answers = answers.partner_answers
        self._adviser = answers.adviser
        self.archive = archive
        self.wake = asyncio.Event()

    async def arrive(
        self,
        *,
        utility: str,
        name: str,
        origin: str,
        path: Path,
        actor: str = "system",
        origin_key: str | None = None,
    ) -> Arrival:
        """Archive a complete file and queue it for reading; the same bytes again have no effect.

        A file whose `origin_key` was archived before is the very same file, not a copy of it: the
        gateway died between archiving it and taking it out of the mailbox. It is left as it is.
        """
        sha256, size = await asyncio.to_thread(digest_of_file, path)
        file_id = uuid5(_ARRIVAL_NAMESPACE, f"{origin_key}/{sha256}") if origin_key else uuid4()
        at = self._clock.now()
        async with self._database.unit_of_work() as session:
            await wait_lock(session, f"arrival {utility}")
            if origin_key and (known := await _archived(session, file_id)):
                return known
            earlier = await _earlier_copy(session, utility, sha256)
            await session.execute(
                insert(file).values(
                    id=file_id,
                    direction="inbound",
                    utility=utility,
                    environment=self._environment.value,
                    name=name,
                    origin=origin,
                    sha256=sha256,
                    size=size,
                    at=at,
                    state="duplicate" if earlier else "received",
                    duplicate_of=earlier.id if earlier else None,
                )
            )
            await self.archive.keep(session, file_id, path)
            entries = [
                NewEntry(
                    file_id=file_id,
                    kind="FileReceived",
                    actor=actor,
                    message=f"{name} received from {utility.upper()} by {origin}, {size} bytes",
                    data={"sha256": sha256, "size": size},
                )
            ]
            if earlier:
                entries += intake.copy_entries(file_id, name, earlier.id, earlier.name)
            await ledger.record(session, entries, at)
            after_commit(session, self.wake.set)
        log.info("file received", file_id=str(file_id), name=name, utility=utility, size=size)
        return Arrival(file_id, sha256, earlier.id if earlier else None)

    async def read_next(self) -> bool:
        """Read one waiting file to its end.

        Returns:
            Whether a file was found that no other copy was reading.
        """
        async with self._database.read() as session:
            waiting = (
                await session.scalars(
                    select(file.c.id)
                    .where(file.c.direction == "inbound", file.c.state == "received")
                    .order_by(file.c.at)
                    .limit(CANDIDATES_MAX)
                )
            ).all()
        for file_id in waiting:
            # The lock lives as long as this session: if the process dies, another copy goes on.
            async with self._database.unit_of_work() as claim:
                if not await try_lock(claim, f"read {file_id}"):
                    continue
                with log_context(file_id=str(file_id), correlation_id=str(file_id)):
                    if await self._read_once(file_id, claim):
                        return True
        return False

    async def _read_once(self, file_id: UUID, claim: WriteSession) -> bool:
        """Read a file; a fault that waiting cannot mend is counted before it goes on its way."""
        try:
            return await self._read(file_id, claim)
        except Exception as fault:
            if not is_transient(fault):
                async with self._database.unit_of_work() as session:
                    await note_fault(session, file_id, fault, self._clock.now())
            raise

    async def _read(self, file_id: UUID, claim: WriteSession) -> bool:
        with tempfile.NamedTemporaryFile(prefix="ccax-", suffix=".edi") as spool:
            async with self._database.read() as session:
                row = (await session.execute(select(file).where(file.c.id == file_id))).one()
                if row.state != "received":
                    return False
                async for piece in self.archive.pieces(session, file_id):
                    await asyncio.to_thread(spool.write, piece)
            spool.flush()
            scope = FileScope(file_id, row.utility, self._environment, row.name)
            await self._read_spooled(scope, spool.name, row.transactions_done, claim)
        return True

    async def _read_spooled(
        self, scope: FileScope, path: str, done: int, claim: WriteSession
    ) -> None:
        scan = await self._workers.run(scan_file, path, scope.utility)
        if scan.refusal is not None or not scan.interchanges:
            await self._refuse(scope, scan)
            return
        culprits = await find_culprits(self._workers, scope.utility, path, scan)
        async with self._database.unit_of_work() as session:
            await wait_lock(session, f"read {scope.utility}")
            kept = await keep_envelopes(session, scope, path, scan, self._clock.now(), culprits)
        position = 0
        for one in kept:
            for group in one.groups:
                for batch in batches_of(group.group.transactions, READ_BATCH):
                    position += len(batch)
                    if position <= done:
                        continue  # committed before a crash
                    await self._read_batch(scope, path, one, group, batch, position)
                    await claim.execute(text("SELECT 1"))  # the claim's session stays in use
        await self._finish(scope, kept, scan)

    async def _read_batch(
        self,
        scope: FileScope,
        path: str,
        one: KeptInterchange,
        group: KeptGroup,
        batch: Sequence[TransactionSlot],
        last_position: int,
    ) -> None:
        positions = tuple(range(last_position - len(batch) + 1, last_position + 1))
        if group.verdict.has_effect or group.verdict.code == FALLEN:
            job = ReadJob(
                path=path,
                file_id=scope.file_id,
                utility=scope.utility,
                version=group.group.version,
                interchange=replace(one.interchange, groups=(), findings=()),
                slots=tuple(batch),
                positions=positions,
            )
            read = await self._workers.run(read_slots, job)
            read = withdraw(read, group.verdict)
        else:
            read = [_unread(scope, slot, at) for slot, at in zip(batch, positions, strict=True)]
        at = self._clock.now()
        async with self._database.unit_of_work() as session:
            await wait_lock(session, f"read {scope.utility}")
            judged = await intake.judge(session, scope, read, group.verdict)
            await intake.keep(session, scope, group.id, judged, at)
            judged = await self._partner_answers.apply(session, scope, judged)
            await self._adviser.answer(session, scope, judged)
            await self._mailbox.put(session, intake.envelopes(scope, judged, at))
            await session.execute(
                update(file)
                .where(file.c.id == scope.file_id)
                .values(transactions_done=last_position)
            )

    async def _finish(
        self, scope: FileScope, kept: Sequence[KeptInterchange], scan: FileScan
    ) -> None:
        at = self._clock.now()
        total = sum(len(g.group.transactions) for one in kept for g in one.groups)
        async with self._database.unit_of_work() as session:
            await self._acknowledger.acknowledge(session, scope, kept)
            receipts = [ta1 for one in kept for ta1 in one.receipts]
            await self._partner_answers.apply_ta1s(session, scope, receipts)
            await intake.keep_findings(
                session, scope.file_id, ((None, found) for found in _envelope_findings(scan, kept))
            )
            await session.execute(
                update(file)
                .where(file.c.id == scope.file_id)
                .values(state="read", read_at=at, transactions_total=total)
            )
            await ledger.record(
                session,
                [
                    NewEntry(
                        file_id=scope.file_id,
                        kind="FileRead",
                        message=(
                            f"{scope.name} read: {len(kept)} interchanges, {total} transactions, "
                            f"{scan.segment_count} segments"
                        ),
                        data={"segments": scan.segment_count, "transactions": total},
                    )
                ],
                at,
            )
        log.info("file read", transactions=total, segments=scan.segment_count)

    async def _refuse(self, scope: FileScope, scan: FileScan) -> None:
        """Say clearly why a file is not X12; it stays in the archive and had no effect."""
        at = self._clock.now()
        refusal = scan.refusal
        why = refusal.message if refusal else "the file holds no interchange"
        async with self._database.unit_of_work() as session:
            await session.execute(
                update(file)
                .where(file.c.id == scope.file_id)
                .values(state="refused", read_at=at, refusal=why)
            )
            if refusal:
                await intake.keep_findings(session, scope.file_id, [(None, refusal)])
            await ledger.record(
                session,
                [
                    NewEntry(
                        file_id=scope.file_id,
                        kind="FileRefused",
                        message=f"{scope.name} refused: {why}. Nothing was done; it is archived.",
                    )
                ],
                at,
            )
        log.warning("file refused", reason=why)

    async def backlog(self) -> int:
        """How many files wait to be read."""
        async with self._database.read() as session:
            waiting = await session.scalar(
                select(func.count())
                .select_from(file)
                .where(file.c.direction == "inbound", file.c.state == "received")
            )
        return int(waiting or 0)


async def _archived(session: WriteSession, file_id: UUID) -> Arrival | None:
    found = await session.execute(
        select(file.c.id, file.c.sha256, file.c.duplicate_of).where(file.c.id == file_id)
    )
    row = found.one_or_none()
    return Arrival(row.id, row.sha256, row.duplicate_of) if row else None


async def _earlier_copy(session: WriteSession, utility: str, sha256: str) -> Row[Any, Any] | None:
    """The file with the same bytes that had its effect, if there is one."""
    found = await session.execute(
        select(file.c.id, file.c.name)
        .where(
            file.c.sha256 == sha256,
            file.c.utility == utility,
            file.c.direction == "inbound",
            file.c.state.not_in(("duplicate", "refused")),
        )
        .limit(1)
    )
    return found.one_or_none()


def _envelope_findings(scan: FileScan, kept: Sequence[KeptInterchange]) -> list[Finding]:
    """What was wrong with the file and its envelopes, transactions apart."""
    return [
        *scan.findings,
        *(found for one in kept for found in one.interchange.findings),
        *(found for one in kept for group in one.groups for found in group.findings),
    ]


def _unread(scope: FileScope, slot: TransactionSlot, position: int) -> ReadSlot:
    """A transaction whose envelope forbids any effect: counted and kept, not read."""
    return ReadSlot(
        position=position,
        slot=slot,
        transaction_id=transaction_id_of(scope.file_id, position),
        content_sha256="",
        accepted=False,
        findings=slot.findings,
        reading=None,
    )
