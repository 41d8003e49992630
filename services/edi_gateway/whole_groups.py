"""Groups that are taken whole or not at all, for a partner whose profile asks for it.

The whole group is read before anything of it is applied. When one transaction is refused, all are:
the 997 rejects the group, the faulty transactions say what is wrong, the others that they fell with
their group. Every other partner's transactions are judged each by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from services.edi_gateway.guides import group_guide_of, guide_of
from services.edi_gateway.reading import ReadSlot, partners
from services.edi_gateway.understanding import understand
from services.edi_gateway.verdicts import Verdict
from services.edi_gateway.x12 import (
    ACKNOWLEDGMENT_GROUP,
    FileScan,
    FunctionalGroup,
    Interchange,
    check_group,
    fallen_with_group,
    refuses_group,
)
from shared.platform.workers import WorkerPool

FALLEN: Final = "ALL_OR_NOTHING"
"""The code of the verdict on such a group."""

_NOBODY: Final = uuid5(NAMESPACE_OID, "cca-exchange/read-ahead")

GroupKey = tuple[int, int]
"""The index of an interchange in its file and of a group in its interchange."""


@dataclass(frozen=True, slots=True)
class ReadAhead:
    """A group to read before anything of it is applied; `interchange` comes without its groups."""

    path: str
    utility: str
    interchange: Interchange
    group: FunctionalGroup


async def find_culprits(
    workers: WorkerPool, utility: str, path: str, scan: FileScan
) -> Mapping[GroupKey, str]:
    """Return the first refused transaction (`867[3]`) of each group that falls with it.

    Empty, without reading anything, for a partner whose transactions are judged one by one.
    """
    profile = partners().utility(utility)
    if not profile.reading.all_or_nothing:
        return {}
    culprits = {}
    for each in scan.interchanges:
        bare = replace(each, groups=(), findings=())
        for group in each.groups:
            if is_taken_whole(group) and not refuses_group(check_group(group, guide_of(profile))):
                job = ReadAhead(path, utility, bare, group)
                if culprit := await workers.run(first_refused, job):
                    culprits[each.index, group.index] = culprit
    return culprits


def is_taken_whole(group: FunctionalGroup) -> bool:
    """Whether the rule may hold for a group: an acknowledgment is taken by itself always."""
    return group.functional_id != ACKNOWLEDGMENT_GROUP


def first_refused(job: ReadAhead) -> str:
    """Return the place of the first transaction whose syntax is refused; empty when none is."""
    partner = partners().partner(job.utility)
    guide = group_guide_of(partner.profile, job.group.functional_id, job.group.version)
    with Path(job.path).open("rb") as stream:
        for slot in job.group.transactions:
            stream.seek(slot.start)
            data = stream.read(slot.end - slot.start)
            signs = job.interchange.delimiters
            if not understand(data, signs, slot, guide, partner, _NOBODY).accepted:
                return slot.place
    return ""


def verdict_of(culprit: str) -> Verdict:
    """Return the verdict on a group that falls with one of its transactions."""
    return Verdict(
        "rejected",
        FALLEN,
        f"{culprit} is in error, and groups of this partner are taken whole or not at all",
    )


def withdraw(read: Sequence[ReadSlot], verdict: Verdict) -> Sequence[ReadSlot]:
    """Tell transactions without a fault of their own that they fell with their group."""
    if verdict.code != FALLEN:
        return read
    return [
        replace(
            each,
            accepted=False,
            findings=(*each.findings, fallen_with_group(each.slot, verdict.text)),
        )
        if each.accepted
        else each
        for each in read
    ]
