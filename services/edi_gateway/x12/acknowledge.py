"""Receipts: the TA1 for an interchange and the 997 for a group, written and read.

A 997 says whether the syntax could be read, nothing more; whether the business agrees is the matter
of the 824 or the 814 response. Every group that is not itself an acknowledgment gets exactly one,
even when its set or version is unknown to us, so that a partner never waits in vain. One bad
transaction is refused alone: the group is then answered `P`, partly accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from services.edi_gateway.x12.envelope import TOLERABLE_INTERCHANGE_CODES, refuses_group
from services.edi_gateway.x12.findings import FALLEN_WITH_GROUP, Finding, has_errors
from services.edi_gateway.x12.validation import HAS_ELEMENT_ERRORS, SEGMENTS_IN_ERROR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from services.edi_gateway.x12.document import Segment, Transaction
    from services.edi_gateway.x12.envelope import FunctionalGroup, Interchange
    from services.edi_gateway.x12.writer import OutboundSegment

ACKNOWLEDGMENT_GROUP = "FA"
CODES_MAX = 5
"""AK5 and AK9 have room for five error codes."""

COUNT_MAX = 999_999
"""AK902 to AK904 have six digits (X12 004010 data element 97)."""

ELEMENT_NOTES_MAX = 99
BAD_VALUE_MAX = 99
DUPLICATE_INTERCHANGE = "025"
NO_ERROR = "000"

_ACCEPTED = frozenset("AE")
_UNPRINTABLE = re.compile(r"[^A-Za-z0-9 .,\-/]")


class SetVerdict(NamedTuple):
    """Our verdict on one received transaction, light enough to come back from a worker."""

    set_id: str
    control_number: str
    findings: tuple[Finding, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether no finding is an error."""
        return not has_errors(self.findings)

    @property
    def code(self) -> str:
        """AK501: A accepted, E accepted though its envelope miscounts, R rejected."""
        if not self.findings:
            return "A"
        if not self.accepted:
            return "R"
        told = any(finding.level == "transaction" for finding in self.findings)
        return "E" if told else "A"


@dataclass(frozen=True, slots=True)
class SetAcknowledgment:
    """A partner's verdict on one transaction we sent, with its notes as they came (AK3, AK4)."""

    set_id: str
    control_number: str
    code: str
    error_codes: tuple[str, ...] = ()
    notes: tuple[Segment, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the partner took the transaction (A or E)."""
        return self.code in _ACCEPTED


@dataclass(frozen=True, slots=True)
class GroupAcknowledgment:
    """A partner's 997 on one group we sent. `sets` may be empty when every set was accepted."""

    functional_id: str
    control_number: str
    code: str
    included: int
    received: int
    accepted_count: int
    sets: tuple[SetAcknowledgment, ...]
    error_codes: tuple[str, ...] = ()

    def accepts(self, control_number: str) -> bool:
        """Whether the transaction with this ST02 was taken; without its own AK2, as the group."""
        wanted = control_number.strip().lstrip("0")
        for one in self.sets:
            if one.control_number.lstrip("0") == wanted:
                return one.accepted
        return self.code in _ACCEPTED


@dataclass(frozen=True, slots=True)
class InterchangeAcknowledgment:
    """A partner's TA1 on one interchange we sent; `note` is TA1-05."""

    control_number: str
    date: str
    time: str
    code: str
    note: str

    @property
    def accepted(self) -> bool:
        """Whether the partner took the interchange (A or E)."""
        return self.code in _ACCEPTED


def build_997(
    group: FunctionalGroup,
    verdicts: Sequence[SetVerdict],
    group_findings: Sequence[Finding] | None = None,
) -> tuple[OutboundSegment, ...]:
    """Write the body of the 997 for a received group: AK1 to AK9, without ST and SE.

    `group_findings` are those of `check_group` (the scan's own when left out). A refused group is
    answered `R` without looking at its sets.
    """
    return tuple(stream_997(group, verdicts, group_findings))


def stream_997(
    group: FunctionalGroup,
    verdicts: Iterable[SetVerdict],
    group_findings: Sequence[Finding] | None = None,
) -> Iterator[OutboundSegment]:
    """Write the same segment by segment, asking for each verdict when its turn comes.

    So a group of any size is answered while it is read, and nothing of it need be kept.
    """
    findings = group.findings if group_findings is None else tuple(group_findings)
    refused = refuses_group(findings)
    codes = _distinct(finding.code for finding in findings)
    accepted, told = 0, bool(codes)
    yield ("AK1", group.functional_id, group.control_number)
    for verdict in () if refused else verdicts:
        yield from _set_response(verdict)
        accepted += verdict.accepted
        told = told or verdict.code == "E"
    received = len(group.transactions)
    declared = group.declared_count
    included = received if declared is None or declared > COUNT_MAX else declared
    code = _group_code(accepted, received, refused=refused, told=told)
    yield ("AK9", code, str(included), str(received), str(accepted), *codes)


def build_ta1(interchange: Interchange, *, duplicate: bool = False) -> OutboundSegment | None:
    """Write the TA1 for a received interchange; None when none is asked for and none is needed.

    Needed when ISA14 is 1, when the envelope is in error, or for a `duplicate` ISA13 (note 025).
    """
    errors = [finding for finding in interchange.findings if finding.is_error]
    if not (errors or duplicate or interchange.ack_requested):
        return None
    code, note = "A", NO_ERROR
    if duplicate or interchange.is_refused:
        code = "R"
        note = DUPLICATE_INTERCHANGE if not interchange.is_refused else _refusing_note(interchange)
    elif errors:
        code, note = "E", errors[0].code
    number = interchange.control_number.lstrip("0").zfill(9)[:9]
    return ("TA1", number, interchange.date, interchange.time, code, note)


def read_997(transaction: Transaction) -> GroupAcknowledgment:
    """Read a partner's 997."""
    head, tail = transaction.first("AK1"), transaction.first("AK9")
    sets = tuple(
        SetAcknowledgment(
            set_id=loop.header.element(1),
            control_number=loop.header.element(2),
            code=loop.value("AK5", 1),
            error_codes=_codes(loop.first("AK5"), 2),
            notes=tuple(segment for segment in loop.walk() if segment.id in ("AK3", "AK4")),
        )
        for loop in transaction.loops("AK2")
    )
    return GroupAcknowledgment(
        functional_id=head.element(1),
        control_number=head.element(2),
        code=tail.element(1),
        included=int(tail.element(2)),
        received=int(tail.element(3)),
        accepted_count=int(tail.element(4)),
        sets=sets,
        error_codes=_codes(tail, 5),
    )


def read_ta1(segment: Segment) -> InterchangeAcknowledgment:
    """Read a partner's TA1."""
    return InterchangeAcknowledgment(
        control_number=segment.element(1).strip(),
        date=segment.element(2),
        time=segment.element(3),
        code=segment.element(4),
        note=segment.element(5),
    )


def _refusing_note(interchange: Interchange) -> str:
    return next(
        f.code
        for f in interchange.findings
        if f.is_error and f.code not in TOLERABLE_INTERCHANGE_CODES
    )


def _group_code(accepted: int, received: int, *, refused: bool, told: bool) -> str:
    if refused or (received and not accepted):
        return "R"
    if accepted < received:
        return "P"
    return "E" if told else "A"


def _set_response(verdict: SetVerdict) -> Iterator[OutboundSegment]:
    yield ("AK2", verdict.set_id, verdict.control_number)
    if not verdict.findings:
        yield ("AK5", "A")
        return
    errors = [f for f in verdict.findings if f.is_error and f.level in ("segment", "element")]
    if len(errors) == 1:
        yield from _segment_notes(errors)
    else:
        for _, notes in groupby(errors, key=lambda f: (f.segment_position, f.segment_id)):
            yield from _segment_notes(list(notes))
    codes = _distinct(
        f.code
        for f in verdict.findings
        if f.level == "transaction"
        and f.code != FALLEN_WITH_GROUP
        and (f.is_error or verdict.accepted)
    )
    if errors:
        codes = _distinct((*codes, SEGMENTS_IN_ERROR))
    yield ("AK5", verdict.code, *codes)


def _segment_notes(findings: list[Finding]) -> Iterator[OutboundSegment]:
    """AK3 for each fault of a segment, and AK4 for each fault of its elements."""
    for finding in findings:
        if finding.level == "segment":
            yield _ak3(finding, finding.code)
    elements = [finding for finding in findings if finding.level == "element"]
    if not elements:
        return
    yield _ak3(elements[0], HAS_ELEMENT_ERRORS)
    for finding in elements[:ELEMENT_NOTES_MAX]:
        where: tuple[str, ...] = (str(finding.element),)
        if finding.component:
            where = (*where, str(finding.component))
        data_element = finding.data_element if finding.data_element.isdigit() else ""
        yield ("AK4", where, data_element, finding.code, _printable(finding.value))


def _ak3(finding: Finding, code: str) -> OutboundSegment:
    return (
        "AK3",
        _printable(finding.segment_id)[:3] or "???",
        str(finding.segment_position),
        finding.loop_id,
        code,
    )


def _printable(value: str) -> str:
    """Copy a bad value so that it cannot break our own file: letters, digits and plain marks."""
    return _UNPRINTABLE.sub("?", value)[:BAD_VALUE_MAX].rstrip()


def _distinct(codes: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))[:CODES_MAX]


def _codes(segment: Segment, first: int) -> tuple[str, ...]:
    return tuple(code for code in segment.fields[first:] if code)
