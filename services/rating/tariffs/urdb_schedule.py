"""Reads URDB's 12 × 24 schedules and finds the seasons and time-of-use buckets in them.

URDB numbers its periods; bills speak of summer and on-peak. Months whose hours are priced by the
same periods are a season. Within one, the dearest period is called on-peak and the cheapest
(super) off-peak: an 867 may call them otherwise, which a person must confirm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeGuard

from shared.contracts.usage import Bucket

MONTHS: Final = 12
HOURS: Final = 24
JULY: Final = 7

NAMES: Final[Mapping[int, tuple[Bucket, ...]]] = {
    1: (Bucket.TOTAL,),
    2: (Bucket.ON_PEAK, Bucket.OFF_PEAK),
    3: (Bucket.ON_PEAK, Bucket.MID_PEAK, Bucket.OFF_PEAK),
    4: (Bucket.ON_PEAK, Bucket.MID_PEAK, Bucket.OFF_PEAK, Bucket.SUPER_OFF_PEAK),
}
"""What so many periods of a season are called, the dearest first."""

Grid = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Hours:
    """A record's schedule in our words.

    Attributes:
        weekday: period of each month and hour, Monday to Friday.
        weekend: likewise, Saturday and Sunday.
        seasons: season → its months.
        periods: season → bucket → period.
        findings: what was guessed.
    """

    weekday: Grid
    weekend: Grid
    seasons: Mapping[str, tuple[int, ...]]
    periods: Mapping[str, Mapping[Bucket, int]]
    findings: tuple[str, ...]

    @property
    def periods_used(self) -> list[int]:
        """Every period that has hours."""
        return sorted({period for by in self.periods.values() for period in by.values()})

    @property
    def table(self) -> dict[str, object]:
        """The schedule as a plan's table: buckets instead of periods."""
        numbered = list(Bucket)
        by_month = {
            month: {
                period: numbered.index(bucket) for bucket, period in self.periods[season].items()
            }
            for season, months in self.seasons.items()
            for month in months
        }
        return {
            "buckets": numbered,
            **{
                name: [[by_month[month][period] for period in row] for month, row in _rows(grid)]
                for name, grid in (("weekday", self.weekday), ("weekend", self.weekend))
            },
        }

    def others_at(self, season: str, period: int, other: Hours) -> set[int]:
        """The periods of another schedule in the hours of a period of this one."""
        return {
            other_row[hour]
            for grid, other_grid in ((self.weekday, other.weekday), (self.weekend, other.weekend))
            for month in self.seasons[season]
            for other_row in (other_grid[month - 1],)
            for hour in range(HOURS)
            if grid[month - 1][hour] == period
        }


def read_hours(record: Mapping[str, Any], kind: str) -> Hours | None:
    """The schedule of `energy` or `demand`; `None` where the record has none that is whole."""
    weekday = record.get(f"{kind}weekdayschedule")
    weekend = record.get(f"{kind}weekendschedule") or weekday
    structure = record.get(f"{kind}ratestructure")
    if not (_is_grid(weekday) and _is_grid(weekend) and structure):
        return None
    if max(period for grid in (weekday, weekend) for row in grid for period in row) >= len(
        structure
    ):
        return None
    used = {
        month: frozenset(weekday[month - 1]) | frozenset(weekend[month - 1])
        for month in range(1, MONTHS + 1)
    }
    groups: dict[frozenset[int], list[int]] = {}
    for month, periods in used.items():
        groups.setdefault(periods, []).append(month)
    seasons = {
        name: tuple(months) for name, months in zip(_names(groups), groups.values(), strict=True)
    }
    named, findings = {}, []
    for season, periods in zip(seasons, groups, strict=True):
        ranked = sorted(periods, key=lambda period: (-_first_price(structure[period]), period))
        words = NAMES.get(len(ranked), NAMES[max(NAMES)])
        if len(ranked) > len(words):
            return None
        named[season] = dict(zip(words, ranked, strict=True))
        if len(ranked) > 1:
            findings.append(
                f"{season}: periods {ranked} were called "
                f"{', '.join(words)} by their price; compare with the utility's 867"
            )
    return Hours(weekday, weekend, seasons, named, tuple(findings))


def _names(groups: Mapping[frozenset[int], Sequence[int]]) -> list[str]:
    if len(groups) == 1:
        return ["year"]
    found, others = [], 0
    for months in groups.values():
        if JULY in months:
            found.append("summer")
            continue
        others += 1
        found.append("winter" if others == 1 else f"winter_{others}")
    return found


def _first_price(tiers: Sequence[Mapping[str, Any]]) -> Decimal:
    first = tiers[0]
    return Decimal(str(first.get("rate") or 0)) + Decimal(str(first.get("adj") or 0))


def _is_grid(grid: object) -> TypeGuard[Grid]:
    return (
        isinstance(grid, list)
        and len(grid) == MONTHS
        and all(isinstance(row, list) and len(row) == HOURS for row in grid)
        and all(isinstance(period, int) and period >= 0 for row in grid for period in row)
    )


def _rows(grid: Grid) -> list[tuple[int, Sequence[int]]]:
    return list(enumerate(grid, start=1))
