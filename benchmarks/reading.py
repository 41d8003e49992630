"""Reads whole files the way the gateway does: what the benchmark of the codec measures."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks import files
from services.edi_gateway.x12 import (
    Anchor,
    FileScan,
    FunctionalGroup,
    Guide,
    Interchange,
    IntervalLayout,
    SetVerdict,
    build_997,
    load_guide,
    read_interval_transaction,
    read_transaction,
    scan,
    validate,
)
from services.edi_gateway.x12.tokenizer import split_segments

MB = 1_000_000
ROUNDS = 5
QUALITIES = (("32", 0), ("KA", 1), ("A5", 1), ("AO", 1))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file to measure, and the layout of its intervals if it has any."""

    name: str
    make: Callable[[int], bytes]
    layout: IntervalLayout | None = None


def _layout(anchor: Anchor) -> IntervalLayout:
    return IntervalLayout(anchor, "America/Los_Angeles", QUALITIES)


KINDS = (
    *(
        Kind(f"interval 867, {way}", partial(files.interval_867, layout=way), _layout(Anchor(way)))
        for way in files.LAYOUTS
    ),
    Kind("monthly 867", files.monthly_867),
    Kind("814", files.enrollment_814),
    Kind("820", files.remittance_820),
    Kind("810", files.charges_810),
)


def read_group(
    data: bytes, found: Interchange, group: FunctionalGroup, layout: IntervalLayout | None
) -> list[SetVerdict]:
    """Read every transaction of a group, keeping only what the 997 needs."""
    guide, verdicts = load_guide(), []
    for slot in group.transactions:
        piece = data[slot.start : slot.end]
        if layout is None:
            verdicts.append(read_transaction(piece, found.delimiters, slot, guide).verdict)
        else:
            read = read_interval_transaction(piece, found.delimiters, slot, guide, layout)
            verdicts.append(read.verdict)
    return verdicts


def ours(data: bytes, layout: IntervalLayout | None) -> bool:
    """Scan, validate, extract and acknowledge; whether everything was accepted."""
    answers = [
        build_997(group, read_group(data, found, group, layout))[-1][1]
        for found in scan(data).interchanges
        for group in found.groups
    ]
    return set(answers) == {"A"}


def plainly(data: bytes, guide: Guide, found: FileScan) -> int:
    """Validate every transaction with the reference alone."""
    accepted = 0
    for one in found.interchanges:
        for group in one.groups:
            for slot in group.transactions:
                text = data[slot.start : slot.end].decode("latin-1")
                texts = split_segments(text, one.delimiters)
                accepted += validate(guide, texts, one.delimiters)[0] is not None
    return accepted


def split_twice(data: bytes) -> int:
    """Do nothing but split at both separators."""
    count = 0
    for segment in data.split(b"~"):
        count += len(segment.split(b"*"))
    return count


def damaged(data: bytes) -> bytes:
    """Put a wrong date into every transaction."""
    for old in (b"*20260606~", b"DT*202606060000~"):
        data = data.replace(old, old.replace(b"0606", b"0631"))
    return data.replace(b"DTM*809*20260706~", b"DTM*809*20260731~DTM*809*20260732~", 20)


def speed(size: int, work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the best megabytes a second of processor time of some rounds."""
    best = 0.0
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        work()
        best = max(best, size / MB / (time.process_time() - began))
    return best


def in_turns(works: Sequence[tuple[int, Callable[[], object]]], rounds: int) -> list[float]:
    """Return the best speed of each work, all of them run once in every round.

    A busy machine then slows all of them alike.
    """
    best = [0.0] * len(works)
    for _ in range(rounds):
        for number, (size, work) in enumerate(works):
            best[number] = max(best[number], speed(size, work, 1))
    return best


def ratio_of_pairs(
    size: int, work: Callable[[], object], other: Callable[[], object], rounds: int
) -> float:
    """Return how many times as fast a work is as another: the middle of pairs, each run in turn.

    Both of a pair meet the same other work on the machine, more or less.
    """
    return statistics.median(speed(size, work, 1) / speed(size, other, 1) for _ in range(rounds))


def times_slower(good: bytes, bad: bytes, layout: IntervalLayout | None) -> float:
    """Return how many times as long a damaged file takes; the two are read in turns."""
    ratios = []
    for _ in range(ROUNDS):
        quick = speed(len(good), partial(ours, good, layout), 1)
        ratios.append(quick / speed(len(bad), partial(ours, bad, layout), 1))
    return sorted(ratios)[len(ratios) // 2]
