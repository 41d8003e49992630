"""Everything we send: documents wait, become an interchange, and its bytes are delivered.

Three steps that never depend on each other's luck. *Enqueue* keeps what another service asked us to
send. *Assemble* takes control numbers, renders the bytes and stores both in one unit of work: from
then on the interchange exists and can never change. *Deliver* only copies stored bytes; doing it
again is harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.edi_gateway import numbering
from services.edi_gateway.intake import FileScope
from services.edi_gateway.keeping import OutboundScope, keep_interchange
from services.edi_gateway.preparing import RenderJob, WaitingDocument, advice_id, response_id
from services.edi_gateway.rendering import Rendered, RenderedTransaction, render
from services.edi_gateway.store import outbound_document, transaction
from services.edi_gateway.transactions import Rejection
from shared.contracts.charges import Charge
from shared.contracts.documents import DocumentSent
from shared.contracts.enrollment import EnrollmentDecision
from shared.contracts.envelope import Envelope
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Environment, ServiceName
from shared.platform.clock import Clock
from shared.platform.database import Database, WriteSession, after_commit, try_lock
from shared.platform.mailbox import Mailbox
from shared.platform.telemetry import logger
from shared.platform.workers import WorkerPool

log = logger(__name__)

INTERCHANGE_DOCUMENTS_MAX = 5_000
"""An outbound interchange holds at most this many transactions."""

QUIET_S = 0.4
"""Documents wait until nothing new came for this long and nothing of their kind is still on its
way through rating or enrollment, so that one day's bills share a file…"""

WAIT_MAX_S = 20.0
"""… but never longer than this."""

_UNDER_WAY = {"810": ("867", transaction.c.rated), "814": ("814", transaction.c.applied)}
"""For a set we send: the received set, and the question whose `waiting` says more are to come."""

_TRANSACTION_NAMESPACE = uuid5(NAMESPACE_OID, "cca-exchange/outbound-transaction")


@dataclass(frozen=True, slots=True)
class PendingDocument:
    """A document another service asked us to send; `payload` is its contract item as JSON."""

    utility: str
    cca: str
    environment: str
    set_id: str
    document_number: str
    answers_id: UUID | None
    correlation_id: UUID
    causation_id: UUID
    payload: str
    at: datetime

    @property
    def transaction_id(self) -> UUID:
        """The same document always becomes the same transaction, however often it is asked for."""
        key = f"{self.environment}/{self.utility}/{self.set_id}/{self.document_number}"
        return uuid5(_TRANSACTION_NAMESPACE, key)

    def as_row(self) -> dict[str, object]:
        """Return the row that keeps it."""
        names = (
            "utility", "cca", "environment", "set_id", "document_number", "answers_id",
            "correlation_id", "causation_id", "payload", "at",
        )  # fmt: skip
        return {"transaction_id": self.transaction_id} | {n: getattr(self, n) for n in names}

    @classmethod
    def of_charge(cls, charge: Charge, envelope: Envelope, at: datetime) -> PendingDocument:
        """An 810 for a charge."""
        return cls._of(envelope, at, "810", charge.invoice_number, charge)

    @classmethod
    def of_decision(
        cls, decision: EnrollmentDecision, envelope: Envelope, at: datetime
    ) -> PendingDocument:
        """An 814 response for an enrollment decision."""
        return cls._of(envelope, at, "814", response_id(decision.transaction_id), decision)

    @classmethod
    def of_refusal(
        cls, decision: EnrollmentDecision, cca: str, scope: FileScope, at: datetime
    ) -> PendingDocument:
        """An 814 response for a request that could not even be asked of rating."""
        return cls(
            utility=scope.utility,
            cca=cca,
            environment=scope.environment.value,
            set_id="814",
            document_number=response_id(decision.transaction_id),
            answers_id=decision.transaction_id,
            correlation_id=scope.file_id,
            causation_id=decision.transaction_id,
            payload=decision.model_dump_json(),
            at=at,
        )

    @classmethod
    def of_rejection(
        cls,
        rejection: Rejection,
        scope: tuple[str, str, str],
        cause: tuple[UUID, UUID],
        at: datetime,
    ) -> PendingDocument:
        """An 824 on a received transaction.

        Args:
            rejection: what is rejected, and why.
            scope: utility, CCA, environment.
            cause: the correlation and the message or transaction that led to it.
            at: now.
        """
        utility, cca, environment = scope
        return cls(
            utility=utility,
            cca=cca,
            environment=environment,
            set_id="824",
            document_number=advice_id(rejection.transaction_id),
            answers_id=rejection.transaction_id,
            correlation_id=cause[0],
            causation_id=cause[1],
            payload=rejection.model_dump_json(),
            at=at,
        )

    @classmethod
    def _of(
        cls,
        envelope: Envelope,
        at: datetime,
        set_id: str,
        document_number: str,
        item: Charge | EnrollmentDecision,
    ) -> PendingDocument:
        return cls(
            utility=envelope.utility,
            cca=envelope.cca,
            environment=envelope.environment.value,
            set_id=set_id,
            document_number=document_number,
            answers_id=item.transaction_id,
            correlation_id=envelope.correlation_id,
            causation_id=envelope.id,
            payload=item.model_dump_json(),
            at=at,
        )


class OutboundDesk:
    """Takes documents in, and turns them into stored interchanges.

    Args:
        mailbox: says `DocumentSent`.
        workers: renders away from the event loop.
        environment: what ISA15 says; documents of the other environment are never rendered here.
    """

    def __init__(
        self,
        database: Database,
        mailbox: Mailbox,
        workers: WorkerPool,
        clock: Clock,
        environment: Environment,
    ) -> None:
        self._database = database
        self._mailbox = mailbox
        self._workers = workers
        self._clock = clock
        self._environment = environment
        self.assemble_wake = asyncio.Event()
        self.deliver_wake = asyncio.Event()

    async def enqueue(self, session: WriteSession, documents: Sequence[PendingDocument]) -> None:
        """Keep documents to be sent; one that is already kept stays as it is."""
        if not documents:
            return
        await session.execute(
            insert(outbound_document).on_conflict_do_nothing(),
            [document.as_row() for document in documents],
        )
        after_commit(session, self.assemble_wake.set)

    async def assemble(self) -> int:
        """Turn one ready bundle of waiting documents into a stored interchange.

        Returns:
            How many documents were taken; 0 when nothing is ready or another copy is at it.
        """
        async with self._database.unit_of_work() as session:
            if not await try_lock(session, "outbound assembly"):
                return 0
            bundle = await self._ready_bundle(session)
            if bundle is None:
                return 0
            utility, cca, set_id = bundle
            waiting = (
                await session.execute(
                    select(outbound_document)
                    .where(
                        outbound_document.c.file_id.is_(None),
                        outbound_document.c.utility == utility,
                        outbound_document.c.cca == cca,
                        outbound_document.c.set_id == set_id,
                        outbound_document.c.environment == self._environment.value,
                    )
                    .order_by(outbound_document.c.at, outbound_document.c.document_number)
                    .limit(INTERCHANGE_DOCUMENTS_MAX)
                )
            ).all()
            documents = tuple(
                WaitingDocument(row.transaction_id, row.answers_id, row.cca, row.payload)
                for row in waiting
            )
            rendered = await self._render(session, utility, set_id, documents)
            scope = OutboundScope(utility, self._environment, set_id, cca)
            file_id = await self.keep(session, rendered, scope)
            await session.execute(
                update(outbound_document)
                .where(
                    outbound_document.c.transaction_id.in_(
                        [document.transaction_id for document in documents]
                    )
                )
                .values(file_id=file_id)
            )
            await self._tell_sent(session, rendered, file_id, waiting)
        log.info("interchange assembled", utility=utility, set_id=set_id, documents=len(documents))
        return len(documents)

    async def _ready_bundle(self, session: WriteSession) -> tuple[str, str, str] | None:
        """The oldest bundle that is complete, is full, or may wait no more."""
        now = self._clock.now()
        columns = outbound_document.c
        bundles = await session.execute(
            select(
                columns.utility,
                columns.cca,
                columns.set_id,
                func.count().label("documents"),
                func.min(columns.at).label("oldest"),
                func.max(columns.at).label("newest"),
            )
            .where(columns.file_id.is_(None), columns.environment == self._environment.value)
            .group_by(columns.utility, columns.cca, columns.set_id)
            .order_by(func.min(columns.at))
        )
        for row in bundles.all():
            if (
                row.documents >= INTERCHANGE_DOCUMENTS_MAX
                or now - row.oldest >= timedelta(seconds=WAIT_MAX_S)
                or (
                    now - row.newest >= timedelta(seconds=QUIET_S)
                    and not await _more_to_come(session, row.utility, row.cca, row.set_id)
                )
            ):
                return row.utility, row.cca, row.set_id
        return None

    async def _render(
        self,
        session: WriteSession,
        utility: str,
        set_id: str,
        documents: tuple[WaitingDocument, ...],
    ) -> Rendered:
        environment = self._environment.value
        job = RenderJob(
            utility=utility,
            environment=self._environment,
            set_id=set_id,
            interchange_number=await numbering.take(
                session, utility, environment, numbering.INTERCHANGE
            ),
            group_number=await numbering.take(session, utility, environment, numbering.GROUP),
            at=self._clock.now(),
            documents=documents,
        )
        return await self._workers.run(render, job)

    async def keep(self, session: WriteSession, rendered: Rendered, scope: OutboundScope) -> UUID:
        """Store a finished interchange in the caller's unit of work and wake its delivery."""
        file_id = await keep_interchange(session, rendered, scope=scope, at=self._clock.now())
        after_commit(session, self.deliver_wake.set)
        return file_id

    async def _tell_sent(
        self, session: WriteSession, rendered: Rendered, file_id: UUID, waiting: Sequence[Any]
    ) -> None:
        """Say `DocumentSent`, one message for each correlation and up to 500 documents."""
        causes = {row.transaction_id: row for row in waiting}
        by_correlation: dict[UUID, list[RenderedTransaction]] = {}
        for each in rendered.transactions:
            correlation = causes[each.transaction_id].correlation_id
            by_correlation.setdefault(correlation, []).append(each)
        envelopes = []
        for correlation_id, sent in by_correlation.items():
            for start in range(0, len(sent), MESSAGE_ITEMS_MAX):
                part = sent[start : start + MESSAGE_ITEMS_MAX]
                told = tuple(each.document for each in part if each.document)
                if not told:  # an 824 of ours is nobody else's business
                    continue
                cause = causes[part[0].transaction_id]
                envelopes.append(
                    Envelope.about(
                        DocumentSent(
                            file_id=file_id,
                            set_id=cause.set_id,
                            items=told,
                        ),
                        at=self._clock.now(),
                        source=ServiceName.EDI_GATEWAY,
                        correlation_id=correlation_id,
                        causation_id=cause.causation_id,
                        cca=cause.cca,
                        utility=cause.utility,
                        environment=self._environment,
                    )
                )
        await self._mailbox.put(session, envelopes)


async def _more_to_come(session: WriteSession, utility: str, cca: str, set_id: str) -> bool:
    """Whether received transactions still wait for the answer that this set would carry."""
    if set_id not in _UNDER_WAY:
        return False
    received, question = _UNDER_WAY[set_id]
    found = await session.scalar(
        select(transaction.c.id)
        .where(
            transaction.c.utility == utility,
            transaction.c.cca == cca,
            transaction.c.set_id == received,
            transaction.c.direction == "inbound",
            question == "waiting",
        )
        .limit(1)
    )
    return found is not None
