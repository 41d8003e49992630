"""What is wrong in a received file, said so that the sender can mend it.

A finding is a value, never an exception: the partner's data is wrong, ours is not. Its codes are
those the partner will read in our TA1 and 997, so one list serves the ledger and the reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning"]
Level = Literal["interchange", "group", "transaction", "segment", "element"]

FALLEN_WITH_GROUP = "R"
"""The code of a transaction without a fault of its own in a group that is taken whole or not at
all. AK5-02 has no code for it: the 997 answers AK5-01 `R` alone."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong, where it is, and its code.

    `code` belongs to the list of its level: interchange TA1-05, group AK9-05, transaction AK5-02,
    segment AK3-04, element AK4-03 (X12 004010). An error refuses what it is found in; a warning
    is only told. `place` reads `867[12]/PTD[2]/QTY[1]/QTY02`; `segment_position` counts from the
    ST as 1; `byte_offset` counts from the first byte of the file.
    """

    severity: Severity
    level: Level
    code: str
    place: str
    message: str
    segment_position: int = 0
    segment_id: str = ""
    loop_id: str = ""
    element: int = 0
    component: int = 0
    data_element: str = ""
    value: str = ""
    byte_offset: int = 0

    def at(self, offset: int) -> Finding:
        """Return the same finding at a byte offset."""
        return Finding(
            self.severity,
            self.level,
            self.code,
            self.place,
            self.message,
            self.segment_position,
            self.segment_id,
            self.loop_id,
            self.element,
            self.component,
            self.data_element,
            self.value,
            offset,
        )

    @property
    def is_error(self) -> bool:
        """Whether this finding refuses what it was found in."""
        return self.severity == "error"


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether at least one of the findings refuses its subject."""
    return "error" in [finding.severity for finding in findings]
