"""Usage as a meter recorded it, quarter hour by quarter hour, packed so that a month is one line.

A month of one meter has about 2,900 readings. As numbers in JSON they would be most of everything
that travels, so they go as base64 of little-endian 32-bit integers. Nothing is rounded: `decimals`
says how many decimals of a kWh an integer stands for, as many as the utility's numbers need.
"""

from __future__ import annotations

import base64
from datetime import date
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.contracts.parts import MESSAGE_ITEMS_MAX, Identifier, Instant, Part
from shared.contracts.usage import Direction, UsageDocument

READING_BYTES: Final = 4
"""A reading is a signed integer of so many bytes, little-endian."""

DECIMALS_MIN: Final = 3
"""Readings are at least as fine as a watt-hour …"""

DECIMALS_MAX: Final = 6
"""… and at most as fine as a millionth of a kWh, like every quantity."""

READINGS_MAX: Final = 60_000
"""Readings of one run: well over a year of quarter-hours."""

RUNS_MAX: Final = 2_000
"""Runs of one meter: a series with more gaps than this says nothing."""


class Stretch(Part):
    """Readings that stand together in a run: the place of the first, from 0, and how many."""

    first: Annotated[int, Field(ge=0)]
    count: Annotated[int, Field(ge=1)]


class ReadingRun(Part):
    """Readings without a gap between them; the first interval begins at `start`.

    `packed` is base64 of `count` little-endian signed 32-bit integers.
    """

    start: Instant
    count: Annotated[int, Field(ge=1, le=READINGS_MAX)]
    packed: str
    estimated: tuple[Stretch, ...] = ()
    """Which readings the utility estimated; all others are actual."""

    @model_validator(mode="after")
    def _holds_what_it_says(self) -> Self:
        if len(self.packed) != -(-self.count * READING_BYTES // 3) * 4:
            msg = f"a run of {self.count} readings is not packed in {len(self.packed)} characters"
            raise ValueError(msg)
        end = 0
        for stretch in self.estimated:
            if stretch.first < end:
                msg = "stretches are in order and do not overlap"
                raise ValueError(msg)
            end = stretch.first + stretch.count
        if end > self.count:
            msg = "a stretch lies behind the end of its run"
            raise ValueError(msg)
        return self

    @property
    def raw(self) -> bytes:
        """The readings as little-endian signed 32-bit integers.

        Raises:
            binascii.Error: it is no base64.
        """
        return base64.b64decode(self.packed, validate=True)


def pack(raw: bytes) -> str:
    """Return readings (little-endian signed 32-bit integers) as a message carries them."""
    return base64.b64encode(raw).decode("ascii")


class MeterIntervals(Part):
    """What one channel of a meter recorded over the half-open days `[period_start, period_end)`.

    Days are local dates of the clock that the utility stamps its readings with.
    """

    meter_number: Identifier
    channel: Annotated[str, Field(max_length=80)] = ""
    """REF*6W, where a meter has several."""
    direction: Direction = Direction.DELIVERED
    rate_code: Identifier | None = None
    period_start: date
    period_end: date
    minutes: Literal[15, 30, 60]
    expected: Annotated[int, Field(ge=1)]
    """Intervals that the days have by the clock of the stamps; fewer readings are a gap."""
    decimals: Annotated[int, Field(ge=DECIMALS_MIN, le=DECIMALS_MAX)]
    runs: Annotated[tuple[ReadingRun, ...], Field(min_length=1, max_length=RUNS_MAX)]
    """In the order of time; between two runs readings are missing."""

    @property
    def count(self) -> int:
        """How many readings there are."""
        return sum(run.count for run in self.runs)

    @model_validator(mode="after")
    def _moves_forward(self) -> Self:
        if self.period_end <= self.period_start:
            msg = "a service period ends after it starts"
            raise ValueError(msg)
        end = None
        for run in self.runs:
            if end is not None and run.start.timestamp() <= end:
                msg = "runs are in the order of time and apart from one another"
                raise ValueError(msg)
            end = run.start.timestamp() + run.count * self.minutes * 60
        return self


class IntervalUsage(UsageDocument):
    """One interval 867 for one service agreement."""

    meters: Annotated[tuple[MeterIntervals, ...], Field(min_length=1)]

    @property
    def packed_bytes(self) -> int:
        """About how many bytes of JSON the readings take."""
        return sum(len(run.packed) for meter in self.meters for run in meter.runs)


class IntervalUsageReported(Part):
    """A utility reported metered usage as intervals (867 with BPT04 = C1)."""

    type: Literal["IntervalUsageReported"] = "IntervalUsageReported"
    file_id: UUID
    items: Annotated[tuple[IntervalUsage, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]
