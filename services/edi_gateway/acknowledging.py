"""The acknowledgments we owe: a 997 for each group we received, a TA1 where one is needed.

A 997 says whether the syntax could be read, nothing more. It is built from what is stored about the
group's transactions, so that it says the same after a crash as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from services.edi_gateway import numbering
from services.edi_gateway.envelopes import KeptGroup, KeptInterchange
from services.edi_gateway.intake import FINDING_FIELDS, FileScope
from services.edi_gateway.keeping import OutboundScope
from services.edi_gateway.operations import ledger
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.outbound import OutboundDesk
from services.edi_gateway.rendering import AcknowledgedGroup, AcknowledgeJob, render_acknowledgments
from services.edi_gateway.store import finding, functional_group, transaction
from services.edi_gateway.x12 import (
    ACKNOWLEDGMENT_GROUP,
    Finding,
    OutboundSegment,
    SetVerdict,
    build_ta1,
)
from shared.contracts.parts import Environment
from shared.platform.clock import Clock
from shared.platform.database import WriteSession
from shared.platform.workers import WorkerPool

SILENT_CODES = frozenset({"UNKNOWN_SENDER", "WRONG_ENVIRONMENT", "EXACT_COPY"})
"""Interchanges that get no answer: it would go to a stranger, into the other environment, or
answer twice what was answered before."""


class Acknowledger:
    """Writes the acknowledgments we owe.

    Args:
        outbound: stores what is rendered here.
        workers: renders away from the event loop.
    """

    def __init__(
        self,
        outbound: OutboundDesk,
        workers: WorkerPool,
        clock: Clock,
        environment: Environment,
    ) -> None:
        self._outbound = outbound
        self._workers = workers
        self._clock = clock
        self._environment = environment

    async def acknowledge(
        self, session: WriteSession, scope: FileScope, kept: Sequence[KeptInterchange]
    ) -> None:
        """Render and store the TA1s and 997s of a read file, in the caller's unit of work."""
        groups: list[AcknowledgedGroup] = []
        ta1s: list[OutboundSegment] = []
        for one in kept:
            if one.verdict.code in SILENT_CODES:
                continue
            ta1 = build_ta1(one.interchange, duplicate=one.verdict.code != "")
            if ta1 is not None:
                ta1s.append(_with_note(ta1, one))
            if one.verdict.has_effect:
                groups += [
                    await self._verdicts(session, group)
                    for group in one.groups
                    if group.group.functional_id != ACKNOWLEDGMENT_GROUP
                ]
        if not groups and not ta1s:
            return
        environment = self._environment.value
        job = AcknowledgeJob(
            utility=scope.utility,
            environment=self._environment,
            interchange_number=await numbering.take(
                session, scope.utility, environment, numbering.INTERCHANGE
            ),
            group_number=await numbering.take(session, scope.utility, environment, numbering.GROUP)
            if groups
            else 0,
            at=self._clock.now(),
            file_id=scope.file_id,
            groups=tuple(groups),
            ta1s=tuple(ta1s),
        )
        rendered = await self._workers.run(render_acknowledgments, job)
        scope_out = OutboundScope(
            scope.utility, self._environment, "997" if groups else "TA1", cca=None
        )
        file_id = await self._outbound.keep(session, rendered, scope_out)
        await self._note_acknowledged(session, scope, kept, file_id, groups)

    async def _verdicts(self, session: WriteSession, group: KeptGroup) -> AcknowledgedGroup:
        """Collect what we decided about each transaction of a group, from what is stored."""
        rows = (
            await session.execute(
                select(transaction.c.id, transaction.c.set_id, transaction.c.control_number)
                .where(transaction.c.group_id == group.id)
                .order_by(transaction.c.position)
            )
        ).all()
        found: dict[UUID, list[Finding]] = {}
        columns = [finding.c[name] for name in FINDING_FIELDS]
        for owner, *fields in await session.execute(
            select(finding.c.transaction_id, *columns)
            .join(transaction, transaction.c.id == finding.c.transaction_id)
            .where(transaction.c.group_id == group.id)
            .order_by(finding.c.id)
        ):
            values = dict(zip(FINDING_FIELDS, fields, strict=True))
            found.setdefault(owner, []).append(Finding(**values))
        return AcknowledgedGroup(
            group=group.group,
            findings=group.findings,
            verdicts=tuple(
                SetVerdict(row.set_id, row.control_number, tuple(found.get(row.id, ())))
                for row in rows
            ),
        )

    async def _note_acknowledged(
        self,
        session: WriteSession,
        scope: FileScope,
        kept: Sequence[KeptInterchange],
        file_id: UUID,
        groups: Sequence[AcknowledgedGroup],
    ) -> None:
        at = self._clock.now()
        group_ids = [g.id for one in kept if one.verdict.has_effect for g in one.groups]
        await session.execute(
            update(functional_group)
            .where(functional_group.c.id.in_(group_ids))
            .values(acknowledged_by=file_id, acknowledged_at=at)
        )
        accepted = sum(1 for g in groups for verdict in g.verdicts if verdict.accepted)
        judged = sum(len(g.verdicts) for g in groups)
        await ledger.record(
            session,
            [
                NewEntry(
                    file_id=scope.file_id,
                    kind="AcknowledgmentStored",
                    message=f"997 written: {accepted} of {judged} transactions accepted",
                    data={"file": str(file_id), "accepted": accepted, "received": judged},
                )
            ],
            at,
        )


def _with_note(ta1: OutboundSegment, one: KeptInterchange) -> OutboundSegment:
    """Put our own verdict's note code into the TA1 (an unknown receiver is no envelope error)."""
    if one.verdict.has_effect or one.verdict.note == "000":
        return ta1
    return (*ta1[:4], "R", one.verdict.note)
