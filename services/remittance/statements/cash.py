"""How long the utility takes from bill to cash: median, nine of ten, and a histogram.

A bill counts when its last money came and nothing is open any more; its days run from the day it
was sent to the day that money was settled. Money before the bill counts as no days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.remittance.statements.positions import PaidAfter

BIN_DAYS: Final = 5
LAST_BIN_DAYS: Final = 60
TENTHS: Final = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Bills paid within a span of days; `days_to` is None for everything later."""

    days_from: int
    days_to: int | None
    charges: int = 0
    cents: int = 0

    @property
    def label(self) -> str:
        """The span in words."""
        return f"{self.days_from}–{self.days_to}" if self.days_to is not None else (
            f"over {self.days_from - 1}"
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DaysToCash:
    """Bills paid in full, by their days; median and nine of ten are None when there are none."""

    charges: int
    cents: int
    median_days: int | None
    ninety_days: int | None
    longest_days: int | None
    bins: tuple[Bin, ...]


def summarize(paid: Sequence[PaidAfter]) -> DaysToCash:
    """Fold bills by their days; the median of an even number is the smaller of the middle two."""
    ordered = sorted(paid, key=lambda each: each.days)
    return DaysToCash(
        charges=sum(each.charges for each in ordered),
        cents=sum(each.cents for each in ordered),
        median_days=_reached(ordered, TENTHS // 2),
        ninety_days=_reached(ordered, TENTHS - 1),
        longest_days=ordered[-1].days if ordered else None,
        bins=_bins(ordered),
    )


def _reached(ordered: Sequence[PaidAfter], tenths: int) -> int | None:
    """Return the days within which so many tenths of the bills were paid."""
    wanted = tenths * sum(each.charges for each in ordered)
    seen = 0
    for each in ordered:
        seen += each.charges
        if seen * TENTHS >= wanted:
            return each.days
    return None


def _bins(ordered: Sequence[PaidAfter]) -> tuple[Bin, ...]:
    spans: list[tuple[int, int | None]] = [(0, BIN_DAYS)]
    spans += [(day + 1, day + BIN_DAYS) for day in range(BIN_DAYS, LAST_BIN_DAYS, BIN_DAYS)]
    spans.append((LAST_BIN_DAYS + 1, None))
    return tuple(
        Bin(first, last, sum(each.charges for each in within), sum(each.cents for each in within))
        for first, last in spans
        for within in [
            [each for each in ordered if each.days >= first and (last is None or each.days <= last)]
        ]
    )
