"""Interval usage as arrays: what a meter recorded every quarter of an hour, and when that was.

Utilities time their readings in three ways under one syntax, so the way is data that is passed in.
Stamps are local times; a day has 92 or 100 quarter-hours when clocks change, and an hour that
comes twice is told apart by its neighbours. Source: UIG 867 004010 as read in production; see the
partner profiles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from services.edi_gateway.x12.document import Transaction

    Quantities = npt.NDArray[np.int64]
    Starts = npt.NDArray[np.datetime64]
    Marks = npt.NDArray[np.uint8]

MICRO = 1_000_000
"""Quantities are whole millionths of a kWh."""

QUANTITY_DECIMALS = 6
MINUTES = ("015", "030", "060")
STAMP = "%Y%m%d%H%M"
SECONDS_PER_MINUTE = 60

_METER_TYPE = re.compile(r"([A-Z0-9]{2})([0-9]{3})([A-Z]*)")
_STAMP_DIGITS = re.compile(r"[0-9]{12}")


class Anchor(StrEnum):
    """How readings are timed."""

    EACH_END = "each_end"
    """Every QTY is followed by its own DTM*151, the end of its interval."""
    FIRST_START = "first_start"
    """One DTM*150 in the PTD loop: where the first interval starts; the QTYs follow bare."""
    FIRST_END = "first_end"
    """One DTM*151, in the PTD loop or behind the first QTY: where the first interval ends; the
    others follow forward."""
    LAST_END = "last_end"
    """One DTM*151, in the PTD loop or behind the last QTY: where the last interval ends."""


@dataclass(frozen=True, slots=True)
class IntervalLayout:
    """How one utility sends interval usage (hashable: it is a key of what was worked out).

    `qualities` are the accepted QTY01 with the mark that each reading gets; `unit` is both the
    unit of the meter type (`KH` of KH015) and component 1 of QTY03; `received_suffix` marks the
    meter types (KH015CG) of generation put onto the grid.
    """

    anchor: Anchor
    zone: str
    qualities: tuple[tuple[str, int], ...]
    unit: str = "KH"
    received_suffix: str = "CG"


@dataclass(frozen=True, slots=True, eq=False)
class IntervalSeries:
    """The readings of one PTD loop, in the order sent; arrays of one length, not writable.

    `quantities` are 1e-6 kWh, `starts` UTC instants to the minute, `marks` those of the layout.
    """

    place: str
    minutes: int
    received: bool
    quantities: Quantities
    starts: Starts
    marks: Marks

    def __len__(self) -> int:
        """How many readings."""
        return len(self.quantities)

    def __eq__(self, other: object) -> bool:
        """Whether everything is the same, the readings included."""
        if not isinstance(other, IntervalSeries):
            return NotImplemented
        return (self.place, self.minutes, self.received) == (
            other.place,
            other.minutes,
            other.received,
        ) and all(
            np.array_equal(mine, theirs)
            for mine, theirs in (
                (self.quantities, other.quantities),
                (self.starts, other.starts),
                (self.marks, other.marks),
            )
        )

    __hash__ = None  # type: ignore[assignment]  # arrays are compared, never looked up


@dataclass(frozen=True, slots=True)
class IntervalDocument:
    """An interval 867: the document without its readings, and these as series, a PTD loop each.

    `problems` are sentences about content that keep it from being used; series are then empty.
    """

    transaction: Transaction
    series: tuple[IntervalSeries, ...]
    problems: tuple[str, ...] = ()


def frozen(
    place: str,
    kind: tuple[int, bool],
    quantities: Quantities,
    starts: Starts,
    marks: Marks,
) -> IntervalSeries:
    """Put arrays into a series and make them unwritable; `kind` is minutes and direction."""
    for array in (quantities, starts, marks):
        array.flags.writeable = False
    return IntervalSeries(place, *kind, quantities, starts, marks)


def meter_kind(meter_type: str, layout: IntervalLayout) -> tuple[int, bool] | None:
    """Return minutes and direction of a meter type (REF*MT): `KH015` is (15, False)."""
    found = _METER_TYPE.fullmatch(meter_type)
    if found is None or found[1] != layout.unit or found[2] not in MINUTES:
        return None
    if found[3] not in ("", layout.received_suffix):
        return None
    return int(found[2]), bool(found[3])


@lru_cache(maxsize=1024)
def instants(zone: str, stamp: str) -> tuple[int, ...]:
    """Return the UTC minutes since 1970 that a local CCYYMMDDHHMM can mean: none, one or two."""
    if not _STAMP_DIGITS.fullmatch(stamp):
        return ()
    try:
        local = datetime.strptime(stamp, STAMP)  # noqa: DTZ007 - the zone follows
    except ValueError:
        return ()
    found: list[int] = []
    for fold in (0, 1):
        at = local.replace(tzinfo=ZoneInfo(zone), fold=fold)
        minute = int(at.timestamp()) // SECONDS_PER_MINUTE
        if minute not in found and _local(minute, zone).replace(tzinfo=None) == local:
            found.append(minute)
    return tuple(found)


@lru_cache(maxsize=256)
def local_stamps(zone: str, first: int, step: int, count: int) -> bytes:
    """Return the local stamps of `count` instants from `first`, twelve digits each, joined."""
    text = (_local(first + step * n, zone).strftime(STAMP) for n in range(count))
    return "".join(text).encode("ascii")


@lru_cache(maxsize=256)
def starts_from(first: int, step: int, count: int) -> Starts:
    """Return the starts of readings without a gap; shared, so not writable."""
    starts = (np.arange(count, dtype=np.int64) * step + first).astype("datetime64[m]")
    starts.flags.writeable = False
    return starts


def _local(minute: int, zone: str) -> datetime:
    return datetime.fromtimestamp(minute * SECONDS_PER_MINUTE, UTC).astimezone(ZoneInfo(zone))
