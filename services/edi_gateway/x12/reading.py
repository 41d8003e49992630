"""Pass 2: reads one transaction out of its bytes and decides whether it is accepted.

It takes only the bytes of the slot, so that a batch of transactions can be sent to a worker
process as a few slices of the file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from services.edi_gateway.x12.acceptance import accept_known, accept_or_tell
from services.edi_gateway.x12.acknowledge import SetVerdict
from services.edi_gateway.x12.findings import FALLEN_WITH_GROUP, Finding, has_errors
from services.edi_gateway.x12.guide import edition_for
from services.edi_gateway.x12.old_forms import in_current_forms
from services.edi_gateway.x12.tokenizer import segment_offset, segment_offsets, split_segments
from services.edi_gateway.x12.validation import validate

if TYPE_CHECKING:
    from services.edi_gateway.x12.delimiters import Delimiters
    from services.edi_gateway.x12.document import Transaction
    from services.edi_gateway.x12.envelope import FunctionalGroup, TransactionSlot
    from services.edi_gateway.x12.rules import Guide

GROUP_NOT_SUPPORTED = "1"
VERSION_NOT_SUPPORTED = "2"
BAD_SET_ID = "6"


class ReadTransaction(NamedTuple):
    """What became of one slot: the document if it was accepted, and every finding either way."""

    set_id: str
    control_number: str
    index: int  # type: ignore[assignment]  # hides a method of tuples that nobody needs here
    transaction: Transaction | None
    findings: tuple[Finding, ...]

    @property
    def accepted(self) -> bool:
        """Whether the document may be used."""
        return self.transaction is not None

    @property
    def verdict(self) -> SetVerdict:
        """What the 997 needs to know of it, without the document."""
        return SetVerdict(self.set_id, self.control_number, self.findings)


def read_transaction(
    data: bytes, delimiters: Delimiters, slot: TransactionSlot, guide: Guide
) -> ReadTransaction:
    """Read one transaction; `data` is the slot's own bytes, `file[slot.start : slot.end]`.

    A good one is accepted by what was learned from others; the validator reads every other. The
    envelope findings of the slot come first, then those of the content. Offsets count from the
    first byte of the file. A document of an older version comes in the forms of the current one.
    """
    read = _read(data, delimiters, slot, guide)
    if guide.old_forms is None or read.transaction is None:
        return read
    return read._replace(transaction=in_current_forms(read.transaction, guide.old_forms))


def _read(
    data: bytes, delimiters: Delimiters, slot: TransactionSlot, guide: Guide
) -> ReadTransaction:
    """Read in the forms of the guide; what the envelope only tells does not cost the quick way."""
    told = slot.findings
    text = data.decode("latin-1")
    belongs = membership(slot, guide)
    good = not (belongs or (told and has_errors(told)))
    accepted = accept_known(guide, slot.set_id, text, delimiters) if good else None
    if accepted is not None:
        return ReadTransaction(slot.set_id, slot.control_number, slot.index, accepted, told)
    texts = split_segments(text, delimiters)
    quick = accept_or_tell(guide, texts, delimiters, slot.place)
    transaction, found = quick or validate(guide, texts, delimiters, slot.place)
    found = not_yet_told(found, told)
    findings = (*told, *belongs, *placed(found, data, delimiters, slot.start))
    if has_errors(findings):
        transaction = None
    return ReadTransaction(slot.set_id, slot.control_number, slot.index, transaction, findings)


def check_group(group: FunctionalGroup, guide: Guide) -> tuple[Finding, ...]:
    """Return every finding of a group's envelope: its own, and whether the guide covers it at all.

    When `refuses_group` says so of them, no transaction inside may be used.
    """
    place = f"GS[{group.index}]"
    findings = list(group.findings)
    sets = guide.groups.get(group.functional_id)
    if sets is None:
        message = f"Functional group {group.functional_id or '(none)'} is not in this guide."
        findings.append(_group_finding(GROUP_NOT_SUPPORTED, place, 1, message, group.functional_id))
    elif not edition_for(guide, group.functional_id, group.version).covers(
        group.functional_id, group.version
    ):
        message = f"Version {group.version or '(none)'} is not in this guide."
        findings.append(_group_finding(VERSION_NOT_SUPPORTED, place, 8, message, group.version))
    return tuple(replace(f, byte_offset=f.byte_offset or group.start) for f in findings)


def _group_finding(code: str, place: str, element: int, message: str, value: str) -> Finding:
    return Finding(
        *("error", "group", code, f"{place}/GS{element:02d}", message),
        segment_id="GS",
        element=element,
        value=value,
    )


def fallen_with_group(slot: TransactionSlot, why: str) -> Finding:
    """Return the finding that refuses a good transaction because its group is refused."""
    return Finding(
        *("error", "transaction", FALLEN_WITH_GROUP, f"{slot.place}/ST", f"Refused: {why}."),
        segment_position=1,
        segment_id="ST",
        value=slot.control_number,
        byte_offset=slot.start,
    )


def membership(slot: TransactionSlot, guide: Guide) -> tuple[Finding, ...]:
    """Return a finding when a set travels in a group that is not its own (an 814 in a PT group)."""
    sets = guide.groups.get(slot.functional_id)
    if sets is None or slot.set_id in sets or guide.set_map(slot.set_id) is None:
        return ()
    message = f"A {slot.set_id} does not belong in a {slot.functional_id} group."
    return (
        Finding(
            "error",
            "transaction",
            BAD_SET_ID,
            f"{slot.place}/ST01",
            message,
            segment_position=1,
            segment_id="ST",
            element=1,
            value=slot.set_id,
            byte_offset=slot.start,
        ),
    )


def not_yet_told(findings: tuple[Finding, ...], told: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Leave out what only warns of an element that the envelope findings tell of already.

    A trailer's control number with blanks behind it is such an element.
    """
    if not told:
        return findings
    places = {finding.place for finding in told}
    return tuple([one for one in findings if one.is_error or one.place not in places])


def placed(
    findings: tuple[Finding, ...], data: bytes, delimiters: Delimiters, start: int
) -> tuple[Finding, ...]:
    """Give findings the offset of their segment; worked out only when there is something to say."""
    if not findings:
        return ()
    positions = {finding.segment_position for finding in findings}
    if len(positions) == 1 and 0 not in positions:
        offset = start + segment_offset(data, delimiters, positions.pop())
        return tuple([finding.at(offset) for finding in findings])
    offsets = segment_offsets(data, delimiters, max(positions))
    return tuple(
        f.at(start + offsets[min(f.segment_position, len(offsets)) - 1])
        if offsets and f.segment_position
        else f.at(start)
        for f in findings
    )
