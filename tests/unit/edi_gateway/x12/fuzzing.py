"""Files damaged by chance, and what must hold whatever was done to them.

Nothing raises, nothing hangs, no byte is lost, and the quick readers never differ from the plain
ones. A file is told by its number alone, so that a failure can be had again.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
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
    refuses_group,
    scan,
    validate,
)
from services.edi_gateway.x12.interval_reading import (
    read_interval_transaction,
    read_intervals_plainly,
)
from services.edi_gateway.x12.tokenizer import segment_offsets, split_segments
from tests.unit.edi_gateway.x12.conserving import hold_conserved
from tests.unit.edi_gateway.x12.damage import LONG_PAYMENT, damaged
from tests.unit.edi_gateway.x12.documents import (
    FIXTURES,
    FUNCTIONAL_IDS,
    VERSIONS,
    Signs,
    body_of,
    group,
    interchange,
    transaction,
    written,
)
from tests.unit.edi_gateway.x12.growing import Grower
from tests.unit.edi_gateway.x12.interval_documents import SUMMER_DAY, document, layout, midnight
from tests.unit.edi_gateway.x12.interval_documents import meter as meter_lines

if TYPE_CHECKING:
    from services.edi_gateway.x12 import ReadTransaction

SECONDS_MAX = 5
EDITS_MAX = 5
GROWN_PER_SET = 4
ANCHORS = tuple(Anchor)
PIECES = (
    b"", b"~", b"*", b"\n", b"\r\n", b"ISA*", b"ST*867*0001~", b"SE*", b"SE*18*0001~", b"GE*1*1~",
    b"IEA*1*1~", b"\x00", b"\xff", b">", b"A", b"  ", b"TA1*", b"GS*PT*", b"9" * 30, b"-", b".",
    b"\x1a", b"QTY*32*", b"DTM*151****DT*", b"REF*12*", b"~~~~", b"\xc3\x96", b"0",
    b"7" * 5000,
)  # fmt: skip
SIGNS = (
    *(Signs(),) * 5, Signs(ending=""), Signs(ending="\r\n"), Signs(segment="\n", ending=""),
    Signs("\x1c", "\x1d", "\x1e", ""), Signs(segment="\xd6"), Signs("|", "^", "!"),
)  # fmt: skip


class TookTooLongError(Exception):
    """A file was still being read when its time was over."""


@cache
def originals() -> tuple[tuple[str, str], ...]:
    """Every good document of the fixtures, long interval documents, and a long payment."""
    known = tuple(body_of(path) for path in sorted(FIXTURES.glob("*.edi")))
    long = tuple(
        ("867", document(meter_lines(anchor, midnight(SUMMER_DAY), ["0.5", "12.125"] * 12)))
        for anchor in Anchor
    )
    return (*known, *long, ("820", LONG_PAYMENT))


@cache
def grown() -> tuple[tuple[str, str], ...]:
    """Return some documents of each set that no one would think of."""
    grower = Grower(load_guide(), random.Random(GROWN_PER_SET))
    sets = sorted(FUNCTIONAL_IDS)
    return tuple((one, grower.document(one)) for one in sets for _ in range(GROWN_PER_SET))


def mutation(number: int) -> bytes:
    """Return the damaged file of this number."""
    chance = random.Random(number)
    data = _file(chance)
    if chance.random() < 1 / 4:
        data += _file(chance)
    for _ in range(chance.randrange(EDITS_MAX)):
        at, length = chance.randrange(len(data)), chance.choice((0, 0, 1, 1, 2, 9, 40))
        data = data[:at] + chance.choice(PIECES) + data[at + length :]
    return data


def _file(chance: random.Random) -> bytes:
    """Return a file of one or two documents, some of them damaged."""
    set_id, body = chance.choice(chance.choice((originals(), grown())))
    bodies = [body] * chance.choice((1, 1, 1, 2))
    for _ in range(chance.randrange(3)):
        bodies[-1] = damaged(bodies[-1], chance) or bodies[-1]
    sets = [transaction(one, f"{n:04d}", set_id) for n, one in enumerate(bodies, start=1)]
    version = VERSIONS.get(set_id, "004010")
    one = interchange([group(sets, FUNCTIONAL_IDS[set_id], version=version)])
    return written(one, chance.choice(SIGNS))


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise TookTooLongError in what still runs after so much processor time.

    A busy machine does not make a file slow.
    """

    def stop(*_: object) -> None:
        raise TookTooLongError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def hold(data: bytes) -> None:
    """Assert everything that must hold of any bytes."""
    with within(SECONDS_MAX):
        found = scan(data)
        is_complete(data)
        hold_conserved(data, found)
        for one in found.interchanges:
            build_ta1(one)
            for received in one.groups:
                _hold_group(data, one, received)


def _hold_group(data: bytes, one: Interchange, received: FunctionalGroup) -> None:
    """Every transaction of a group gets a verdict, and the 997 tells of each."""
    verdicts = [
        _hold_slot(data[slot.start : slot.end], one, received, slot).verdict
        for slot in received.transactions
    ]
    answer = build_997(received, verdicts)
    told = sum(segment[0] == "AK2" for segment in answer)
    assert told == (0 if refuses_group(received.findings) else len(received.transactions))
    assert answer[-1][0] == "AK9"
    assert answer[-1][3] == str(len(received.transactions))


def _hold_slot(
    data: bytes, one: Interchange, received: FunctionalGroup, slot: TransactionSlot
) -> ReadTransaction:
    guide = load_guide()
    read = read_transaction(data, one.delimiters, slot, guide)
    texts = split_segments(data.decode("latin-1"), one.delimiters)
    assert len(segment_offsets(data, one.delimiters)) == len(texts)
    if read.accepted:
        assert validate(guide, texts, one.delimiters, slot.place)[0] == read.transaction
    if slot.set_id == "867":
        anchor = ANCHORS[len(data) % len(ANCHORS)]
        arguments = (data, one.delimiters, slot, guide, layout(anchor))
        assert read_interval_transaction(*arguments) == read_intervals_plainly(*arguments)
    return read
