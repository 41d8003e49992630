"""Interval usage: what meters recorded every quarter of an hour, kept whole and never overwritten.

The way in is `take.py` (a message becomes usage and blocks), the tables are written and read by
`keeping.py`, and `block.py` is the form in which everybody else sees readings.
"""

from __future__ import annotations

from services.rating.intervals.block import ACTUAL, ESTIMATED, MISSING, IntervalBlock
from services.rating.intervals.keeping import Origin, keep_blocks, load_intervals
from services.rating.intervals.take import Taken, take

__all__ = [
    "ACTUAL",
    "ESTIMATED",
    "MISSING",
    "IntervalBlock",
    "Origin",
    "Taken",
    "keep_blocks",
    "load_intervals",
    "take",
]
