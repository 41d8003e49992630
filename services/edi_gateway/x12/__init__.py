"""The X12 codec: reads utility files into documents, says what is wrong, and writes replies.

Everything the gateway needs stands in this list; the modules behind it are the codec's own affair.
It is pure and synchronous, and does no input or output but loading its maps. A file is read in two
passes: `scan` finds envelopes and transactions, `read_transaction` reads one of them.
"""

from __future__ import annotations

from services.edi_gateway.x12.acknowledge import (
    ACKNOWLEDGMENT_GROUP,
    GroupAcknowledgment,
    InterchangeAcknowledgment,
    SetAcknowledgment,
    SetVerdict,
    build_997,
    build_ta1,
    read_997,
    read_ta1,
    stream_997,
)
from services.edi_gateway.x12.amounts import (
    InexactAmountError,
    decimal_text,
    n2,
    parse_decimal,
    parse_n2,
)
from services.edi_gateway.x12.delimiters import Delimiters
from services.edi_gateway.x12.document import (
    ABSENT_LOOP,
    ABSENT_SEGMENT,
    Loop,
    Segment,
    Transaction,
)
from services.edi_gateway.x12.envelope import (
    FileScan,
    FunctionalGroup,
    Interchange,
    Party,
    TransactionSlot,
    refuses_group,
)
from services.edi_gateway.x12.findings import (
    FALLEN_WITH_GROUP,
    Finding,
    Level,
    Severity,
    has_errors,
)
from services.edi_gateway.x12.guide import (
    DEFAULT_GUIDE,
    UnusableGuideError,
    edition_for,
    load_guide,
)
from services.edi_gateway.x12.interval_reading import (
    ReadIntervals,
    holds_intervals,
    read_interval_transaction,
)
from services.edi_gateway.x12.interval_series import (
    Anchor,
    IntervalDocument,
    IntervalLayout,
    IntervalSeries,
)
from services.edi_gateway.x12.intervals import is_interval
from services.edi_gateway.x12.policy import DEFAULT_POLICY, Policy
from services.edi_gateway.x12.reading import (
    ReadTransaction,
    check_group,
    fallen_with_group,
    read_transaction,
)
from services.edi_gateway.x12.rules import Guide, SetMap
from services.edi_gateway.x12.scanning import is_complete, scan, scan_path
from services.edi_gateway.x12.tokenizer import RawSegment, tokenize
from services.edi_gateway.x12.validation import validate
from services.edi_gateway.x12.writer import (
    Element,
    OutboundEnvelope,
    OutboundGroup,
    OutboundSegment,
    OutboundTransaction,
    UnwritableValueError,
    clean_text,
    write_interchange,
)

__all__ = [
    "ABSENT_LOOP",
    "ABSENT_SEGMENT",
    "ACKNOWLEDGMENT_GROUP",
    "DEFAULT_GUIDE",
    "DEFAULT_POLICY",
    "FALLEN_WITH_GROUP",
    "Anchor",
    "Delimiters",
    "Element",
    "FileScan",
    "Finding",
    "FunctionalGroup",
    "GroupAcknowledgment",
    "Guide",
    "InexactAmountError",
    "Interchange",
    "InterchangeAcknowledgment",
    "IntervalDocument",
    "IntervalLayout",
    "IntervalSeries",
    "Level",
    "Loop",
    "OutboundEnvelope",
    "OutboundGroup",
    "OutboundSegment",
    "OutboundTransaction",
    "Party",
    "Policy",
    "RawSegment",
    "ReadIntervals",
    "ReadTransaction",
    "Segment",
    "SetAcknowledgment",
    "SetMap",
    "SetVerdict",
    "Severity",
    "Transaction",
    "TransactionSlot",
    "UnusableGuideError",
    "UnwritableValueError",
    "build_997",
    "build_ta1",
    "check_group",
    "clean_text",
    "decimal_text",
    "edition_for",
    "fallen_with_group",
    "has_errors",
    "holds_intervals",
    "is_complete",
    "is_interval",
    "load_guide",
    "n2",
    "parse_decimal",
    "parse_n2",
    "read_997",
    "read_interval_transaction",
    "read_ta1",
    "read_transaction",
    "refuses_group",
    "scan",
    "scan_path",
    "stream_997",
    "tokenize",
    "validate",
    "write_interchange",
]
