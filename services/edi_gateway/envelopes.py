"""The interchanges and groups of a received file, judged once and found again after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import insert, select

from services.edi_gateway.guides import guide_of
from services.edi_gateway.intake import FileScope
from services.edi_gateway.operations import ledger
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.reading import partners, range_sha256
from services.edi_gateway.store import file, functional_group, interchange
from services.edi_gateway.verdicts import (
    ACCEPTED,
    Earlier,
    Verdict,
    judge_interchange,
)
from services.edi_gateway.whole_groups import GroupKey, verdict_of
from services.edi_gateway.x12 import (
    FileScan,
    Finding,
    FunctionalGroup,
    Interchange,
    Segment,
    check_group,
    refuses_group,
)
from shared.platform.database import WriteSession

_ENVELOPE_NAMESPACE = uuid5(NAMESPACE_OID, "cca-exchange/envelope")


@dataclass(frozen=True, slots=True)
class KeptGroup:
    """A group with its row and the verdict that rules everything inside."""

    id: UUID
    group: FunctionalGroup
    findings: tuple[Finding, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class KeptInterchange:
    """An interchange with its row, verdict and groups."""

    id: UUID
    interchange: Interchange
    verdict: Verdict
    groups: tuple[KeptGroup, ...]

    @property
    def receipts(self) -> tuple[Segment, ...]:
        """The TA1s inside; none when the interchange may have no effect."""
        return self.interchange.acknowledgments if self.verdict.has_effect else ()


async def keep_envelopes(
    session: WriteSession,
    scope: FileScope,
    path: str,
    scan: FileScan,
    at: datetime,
    culprits: Mapping[GroupKey, str],
) -> list[KeptInterchange]:
    """Judge and store every envelope of a file, in the caller's unit of work.

    `culprits` name the transactions with which a group that is taken whole falls.
    A file that was begun before a crash keeps the verdicts it got then.
    """
    kept = {
        row.id: row
        for row in await session.execute(
            select(interchange).where(interchange.c.file_id == scope.file_id)
        )
    }
    within_file: dict[tuple[str, str, str], Earlier] = {}
    results = []
    for each in scan.interchanges:
        interchange_id = uuid5(_ENVELOPE_NAMESPACE, f"{scope.file_id}/{each.index}")
        if interchange_id in kept:
            row = kept[interchange_id]
            verdict = Verdict(row.state, note=row.note or "000")
        else:
            verdict = await _judge_and_keep(
                session, scope, path, each, interchange_id, within_file, at
            )
        groups = _judge_groups(scope, each, interchange_id, verdict, culprits)
        if groups and interchange_id not in kept:
            await _keep_groups(session, scope, interchange_id, groups, at)
        results.append(KeptInterchange(interchange_id, each, verdict, groups))
    return results


async def _judge_and_keep(
    session: WriteSession,
    scope: FileScope,
    path: str,
    each: Interchange,
    interchange_id: UUID,
    within_file: dict[tuple[str, str, str], Earlier],
    at: datetime,
) -> Verdict:
    sha256 = await asyncio.to_thread(range_sha256, path, each.start, each.end)
    key = (each.sender.id, each.receiver.id, each.control_number)
    earlier = within_file.get(key) or await _earlier(session, scope, key)
    verdict = judge_interchange(
        each,
        utility=scope.utility,
        book=partners(),
        environment=scope.environment,
        sha256=sha256,
        earlier=earlier,
    )
    if verdict.has_effect:
        within_file[key] = Earlier(interchange_id, sha256, f"file {scope.name}")
    await session.execute(
        insert(interchange).values(
            id=interchange_id,
            file_id=scope.file_id,
            position=each.index,
            direction="inbound",
            utility=scope.utility,
            environment=scope.environment.value,
            sender=each.sender.id,
            receiver=each.receiver.id,
            control_number=each.control_number,
            version=each.version,
            sha256=sha256,
            state=verdict.state,
            note=verdict.note,
        )
    )
    if not verdict.has_effect:
        await ledger.record(
            session,
            [
                NewEntry(
                    file_id=scope.file_id,
                    kind="InterchangeSetAside",
                    message=f"Interchange {each.control_number}: {verdict.text} ({verdict.code})",
                    data={"state": verdict.state, "code": verdict.code, "ta1": verdict.note},
                )
            ],
            at,
        )
    return verdict


async def _earlier(
    session: WriteSession, scope: FileScope, key: tuple[str, str, str]
) -> Earlier | None:
    """The interchange of this number that had its effect before, if any."""
    sender, receiver, number = key
    row = (
        await session.execute(
            select(interchange.c.id, interchange.c.sha256, file.c.name)
            .join(file, file.c.id == interchange.c.file_id)
            .where(
                interchange.c.direction == "inbound",
                interchange.c.environment == scope.environment.value,
                interchange.c.sender == sender,
                interchange.c.receiver == receiver,
                interchange.c.control_number == number,
                interchange.c.state == "accepted",
                interchange.c.file_id != scope.file_id,
            )
            .limit(1)
        )
    ).one_or_none()
    return Earlier(row.id, row.sha256, f"file {row.name}") if row else None


def _judge_groups(
    scope: FileScope,
    each: Interchange,
    interchange_id: UUID,
    verdict: Verdict,
    culprits: Mapping[GroupKey, str],
) -> tuple[KeptGroup, ...]:
    guide = guide_of(partners().utility(scope.utility))
    kept = []
    for group in each.groups:
        found = check_group(group, guide)
        group_id = uuid5(_ENVELOPE_NAMESPACE, f"{interchange_id}/{group.index}")
        culprit = culprits.get((each.index, group.index), "")
        kept.append(KeptGroup(group_id, group, found, _judge_group(found, verdict, culprit)))
    return tuple(kept)


async def _keep_groups(
    session: WriteSession,
    scope: FileScope,
    interchange_id: UUID,
    groups: tuple[KeptGroup, ...],
    at: datetime,
) -> None:
    await session.execute(
        insert(functional_group),
        [
            {
                "id": one.id,
                "interchange_id": interchange_id,
                "file_id": scope.file_id,
                "position": one.group.index,
                "direction": "inbound",
                "utility": scope.utility,
                "environment": scope.environment.value,
                "functional_id": one.group.functional_id,
                "control_number": one.group.control_number,
                "version": one.group.version,
                "state": one.verdict.state,
                "sets_included": len(one.group.transactions),
                "at": at,
            }
            for one in groups
        ],
    )


def _judge_group(found: tuple[Finding, ...], interchange_verdict: Verdict, culprit: str) -> Verdict:
    if not interchange_verdict.has_effect:
        return interchange_verdict
    if refuses_group(found):
        worst = next(finding for finding in found if finding.is_error)
        return Verdict("rejected", "BAD_GROUP", worst.message)
    if culprit:
        return verdict_of(culprit)
    return ACCEPTED
