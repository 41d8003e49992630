"""The envelopes of a file: who sent it to whom, which groups and transactions it holds, and where.

These are values only; `scan` in `scanning.py` fills them. They cross process boundaries, so they
are small, frozen and hold offsets instead of text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from services.edi_gateway.x12.findings import Finding, has_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.edi_gateway.x12.delimiters import Delimiters
    from services.edi_gateway.x12.document import Segment

TOLERABLE_INTERCHANGE_CODES = frozenset({"021", "024"})
"""TA1-05 codes that are told (TA104 `E`) but do not refuse the interchange: a wrong group count
and stray content leave every complete group readable."""

TOLERABLE_GROUP_CODES = frozenset({"5"})
"""AK9-05 codes that are told (AK901 `E`) but do not refuse the group: a wrong set count."""


@dataclass(frozen=True, slots=True)
class Party:
    """An identity in ISA05-08, padding removed."""

    qualifier: str
    id: str


class TransactionSlot(NamedTuple):
    """Where one ST-SE stands in the file: bytes `start` to `end`, not yet read.

    `index` counts from 1 within the group, `segment_count` includes ST and SE, `functional_id` is
    the GS01 of the group around it. Findings are those of the ST and SE themselves (AK5-02 codes).
    """

    index: int  # type: ignore[assignment]  # hides a method of tuples that nobody needs here
    set_id: str
    control_number: str
    start: int
    end: int
    segment_count: int
    findings: tuple[Finding, ...] = ()
    functional_id: str = ""

    @property
    def place(self) -> str:
        """The slot's name in findings: `867[12]`."""
        return f"{self.set_id or 'ST'}[{self.index}]"


def refuses_group(findings: Iterable[Finding]) -> bool:
    """Whether findings of a group's envelope refuse every transaction inside."""
    return any(f.is_error and f.code not in TOLERABLE_GROUP_CODES for f in findings)


@dataclass(frozen=True, slots=True)
class FunctionalGroup:
    """One GS-GE: the unit that a 997 answers."""

    index: int
    functional_id: str
    sender: str
    receiver: str
    date: str
    time: str
    control_number: str
    version: str
    declared_count: int | None
    transactions: Sequence[TransactionSlot]
    findings: tuple[Finding, ...]
    start: int
    end: int

    @property
    def is_refused(self) -> bool:
        """Whether the envelope alone refuses every transaction inside."""
        return refuses_group(self.findings)


@dataclass(frozen=True, slots=True)
class Interchange:
    """One ISA-IEA: the unit that a TA1 answers. `acknowledgments` are the TA1 received inside."""

    index: int
    sender: Party
    receiver: Party
    date: str
    time: str
    version: str
    control_number: str
    ack_requested: bool
    usage_indicator: str
    delimiters: Delimiters
    groups: tuple[FunctionalGroup, ...]
    acknowledgments: tuple[Segment, ...]
    findings: tuple[Finding, ...]
    start: int
    end: int
    segment_count: int

    @property
    def is_test(self) -> bool:
        """Whether ISA15 says test; anything but P counts as test, so it never bills anybody."""
        return self.usage_indicator != "P"

    @property
    def is_refused(self) -> bool:
        """Whether the envelope alone refuses everything inside."""
        return any(f.is_error and f.code not in TOLERABLE_INTERCHANGE_CODES for f in self.findings)

    @property
    def transaction_count(self) -> int:
        """How many ST-SE stand inside."""
        return sum(len(group.transactions) for group in self.groups)


@dataclass(frozen=True, slots=True)
class FileScan:
    """The structure of a whole file; `refusal` is set when it is not X12 at all.

    `segment_count` is every segment of every interchange: nothing read is left uncounted.
    """

    size: int
    interchanges: tuple[Interchange, ...]
    findings: tuple[Finding, ...]
    refusal: Finding | None = None
    stray_bytes: int = 0

    @property
    def segment_count(self) -> int:
        """How many segments the file holds."""
        return sum(interchange.segment_count for interchange in self.interchanges)

    @property
    def is_clean(self) -> bool:
        """Whether no envelope of the file is in error."""
        return self.refusal is None and not any(
            has_errors(found)
            for interchange in self.interchanges
            for found in (
                interchange.findings,
                *(group.findings for group in interchange.groups),
                *(slot.findings for group in interchange.groups for slot in group.transactions),
            )
        )
