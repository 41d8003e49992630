"""Files damaged by chance, and what must hold whatever was done to them.

Nothing raises, nothing hangs, no segment is lost, and the quick readers never differ from the plain
ones. A file is told by its number alone, so that a failure can be had again.
"""

from __future__ import annotations

import random
import time
from functools import cache
from typing import TYPE_CHECKING

from services.edi_gateway.x12 import (
    Anchor,
    FunctionalGroup,
    Interchange,
    TransactionSlot,
    build_997,
    build_ta1,
    is_complete,
    load_guide,
    read_transaction,
    scan,
    tokenize,
    validate,
)
from services.edi_gateway.x12.interval_reading import (
    read_interval_transaction,
    read_intervals_plainly,
)
from services.edi_gateway.x12.tokenizer import segment_offsets, split_segments
from tests.unit.edi_gateway.x12.damage import LONG_PAYMENT, damaged
from tests.unit.edi_gateway.x12.documents import FIXTURES, body_of, set_file
from tests.unit.edi_gateway.x12.interval_documents import SUMMER_DAY, document, layout, midnight
from tests.unit.edi_gateway.x12.interval_documents import meter as meter_lines

if TYPE_CHECKING:
    from services.edi_gateway.x12 import ReadTransaction

SECONDS_MAX = 5.0
EDITS_MAX = 5
PIECES = (
    b"", b"~", b"*", b"\n", b"\r\n", b"ISA*", b"ST*867*0001~", b"SE*", b"SE*18*0001~", b"GE*1*1~",
    b"IEA*1*1~", b"\x00", b"\xff", b">", b"A", b"  ", b"TA1*", b"GS*PT*", b"9" * 30, b"-", b".",
    b"\x1a", b"QTY*32*", b"DTM*151****DT*", b"REF*12*", b"~~~~", b"\xc3\x96", b"0",
)  # fmt: skip


@cache
def originals() -> tuple[tuple[str, str], ...]:
    """Every good document of the fixtures, long interval documents, and a long payment."""
    known = tuple(body_of(path) for path in sorted(FIXTURES.glob("*.edi")))
    long = tuple(
        ("867", document(meter_lines(anchor, midnight(SUMMER_DAY), ["0.5", "12.125"] * 12)))
        for anchor in Anchor
    )
    return (*known, *long, ("820", LONG_PAYMENT))


def mutation(number: int) -> bytes:
    """Return the damaged file of this number."""
    chance = random.Random(number)
    set_id, body = chance.choice(originals())
    for _ in range(chance.randrange(3)):
        body = damaged(body, chance) or body
    data = set_file(set_id, body)
    if chance.random() < 1 / 4:
        data += set_file(*chance.choice(originals()))
    for _ in range(chance.randrange(EDITS_MAX)):
        at, length = chance.randrange(len(data)), chance.choice((0, 0, 1, 1, 2, 9, 40))
        data = data[:at] + chance.choice(PIECES) + data[at + length :]
    return data


def hold(data: bytes) -> None:
    """Assert everything that must hold of any bytes."""
    began = time.perf_counter()
    found = scan(data)
    is_complete(data)
    segments = sum(not raw.stray for raw in tokenize(data))
    if found.refusal is None:
        assert found.segment_count == segments
    for one in found.interchanges:
        build_ta1(one)
        for group in one.groups:
            verdicts = [
                _hold_slot(data[slot.start : slot.end], one, group, slot).verdict
                for slot in group.transactions
            ]
            build_997(group, verdicts)
    assert time.perf_counter() - began < SECONDS_MAX


def _hold_slot(
    data: bytes, one: Interchange, group: FunctionalGroup, slot: TransactionSlot
) -> ReadTransaction:
    guide = load_guide()
    read = read_transaction(data, one.delimiters, slot, guide)
    texts = split_segments(data.decode("latin-1"), one.delimiters)
    assert len(segment_offsets(data, one.delimiters)) == len(texts)
    plain, _ = validate(guide, texts, one.delimiters, slot.place)
    if read.accepted:
        assert read.transaction == plain
    elif not slot.findings and slot.set_id in guide.groups.get(group.functional_id, ()):
        assert plain is None
    if slot.set_id == "867":
        for anchor in Anchor:
            arguments = (data, one.delimiters, slot, guide, layout(anchor))
            assert read_interval_transaction(*arguments) == read_intervals_plainly(*arguments)
    return read
