"""Pass 2 for interval usage: reads one interval 867 out of its bytes into arrays.

The vectorised reading is asked first; what it does not take is read by the validator, which tells
every finding, and by the plain reading of intervals, which tells every problem. Both give the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.edi_gateway.x12.acknowledge import SetVerdict
from services.edi_gateway.x12.findings import has_errors
from services.edi_gateway.x12.interval_faults import refuse_intervals
from services.edi_gateway.x12.interval_runs import accept_laid_out, lay_out
from services.edi_gateway.x12.intervals import INTERVAL_REPORT, read_intervals
from services.edi_gateway.x12.reading import membership, not_yet_told, placed, read_transaction
from services.edi_gateway.x12.tokenizer import clean

if TYPE_CHECKING:
    from services.edi_gateway.x12.delimiters import Delimiters
    from services.edi_gateway.x12.envelope import TransactionSlot
    from services.edi_gateway.x12.findings import Finding
    from services.edi_gateway.x12.interval_series import IntervalDocument, IntervalLayout
    from services.edi_gateway.x12.rules import Guide


HEAD_BYTES = 1024
REPORT = 4
"""BPT04 says what kind of usage a document holds."""


@dataclass(frozen=True, slots=True)
class ReadIntervals:
    """What became of one slot: the document and its series if its syntax was accepted."""

    set_id: str
    control_number: str
    index: int
    document: IntervalDocument | None
    findings: tuple[Finding, ...]

    @property
    def accepted(self) -> bool:
        """Whether the syntax was accepted; the document's own problems may still forbid its use."""
        return self.document is not None

    @property
    def verdict(self) -> SetVerdict:
        """What the 997 needs to know of it, without the document."""
        return SetVerdict(self.set_id, self.control_number, self.findings)


def holds_intervals(data: bytes, delimiters: Delimiters, slot: TransactionSlot) -> bool:
    """Tell from its first segments whether a slot is an interval 867, without reading it."""
    if slot.set_id != "867":
        return False
    head = map(clean, data[:HEAD_BYTES].decode("latin-1").split(delimiters.segment))
    texts = [text for text in head if text]
    fields = texts[1].split(delimiters.element) if len(texts) > 1 else [""]
    return fields[0] == "BPT" and len(fields) > REPORT and fields[REPORT] == INTERVAL_REPORT


def read_interval_transaction(
    data: bytes,
    delimiters: Delimiters,
    slot: TransactionSlot,
    guide: Guide,
    layout: IntervalLayout,
) -> ReadIntervals:
    """Read one interval 867; `data` is the slot's own bytes, `file[slot.start : slot.end]`."""
    told, document = slot.findings, None
    doubtful = has_errors(told) or membership(slot, guide) or guide.old_forms is not None
    if not doubtful:
        sheet = lay_out(data, delimiters, layout)
        document = sheet and accept_laid_out(guide, sheet, layout)
        if sheet is not None and document is None:
            found = not_yet_told(refuse_intervals(guide, sheet, layout, slot.place), told)
            told = (*told, *placed(found, data, delimiters, slot.start))
        if document is not None or has_errors(told):
            return ReadIntervals(slot.set_id, slot.control_number, slot.index, document, told)
    return read_intervals_plainly(data, delimiters, slot, guide, layout)


def read_intervals_plainly(
    data: bytes,
    delimiters: Delimiters,
    slot: TransactionSlot,
    guide: Guide,
    layout: IntervalLayout,
) -> ReadIntervals:
    """Read it without the vectorised pass: the reference, and the explainer of what is wrong."""
    read = read_transaction(data, delimiters, slot, guide)
    document = None if read.transaction is None else read_intervals(read.transaction, layout)
    return ReadIntervals(read.set_id, read.control_number, read.index, document, read.findings)
