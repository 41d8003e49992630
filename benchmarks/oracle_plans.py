"""Makes up plans, service periods and loads for the comparison with another bill engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.pysam import Rates
from services.rating.calendars import load_calendars
from services.rating.tariffs.book import Span
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxDecision
from shared.contracts.usage import Bucket
from tests.unit.rating.engine import plain

BUCKETS: Final = tuple(Bucket)
HUNDRED_THOUSANDTHS: Final = 100_000
WH_PER_KWH: Final = 1000
DAYS_MAX: Final = 33
# A fall-back, a spring-forward, a Saturday 4 July, Thanksgiving, a leap February, two ends of
# summer, a first of May with new hours.
TELLING: Final = (
    date(2026, 10, 15),
    date(2027, 2, 25),
    date(2026, 6, 12),
    date(2026, 11, 5),
    date(2028, 2, 10),
    date(2026, 9, 8),
    date(2027, 10, 8),
    date(2027, 5, 10),
    date(2026, 4, 12),
)
TIERS: Final = 3

Prices = dict[str, Any]
Hours = str | dict[str, list[list[str]]]
"""Name of a calendar, or a bucket for each month and hour of weekdays and of weekends."""


@dataclass(frozen=True)
class Case:
    """One bill: a plan over a period, and the readings of its quarter-hours."""

    hours: Hours
    plan: PlanFile
    prices: Prices
    """What the plan was made from: see `_prices`."""
    parts: tuple[tuple[date, date, str], ...]
    """First day, closing day and season."""
    starts: list[datetime]
    delivered: NDArray[np.int32]
    received: NDArray[np.int32] | None

    @property
    def cuts(self) -> list[tuple[Span, str, TaxDecision]]:
        """The parts as the price book gives them."""
        calm = TaxDecision(city="TOWN", rate_micro=0, because="made up")
        return [
            (Span(start, end, self.plan, season), "P", calm) for start, end, season in self.parts
        ]

    def period(self, number: int, bucket: Bucket | str) -> int:
        """PySAM's number for a bucket of a part: from 1, without a gap."""
        return self._periods[number, Bucket(bucket)]

    @cached_property
    def _periods(self) -> dict[tuple[int, Bucket], int]:
        pairs = [
            (number, bucket)
            for number, (_, _, season) in enumerate(self.parts)
            for bucket in self.prices["buckets"][season]
        ]
        return {pair: count for count, pair in enumerate(pairs, start=1)}

    def bucket_at(self, at: datetime) -> Bucket:
        """The bucket of a moment by the slow way."""
        if isinstance(self.hours, str):
            return plain.RULES[self.hours](at)
        kind = "weekend" if plain.free_day(at.date(), "pge") else "weekday"
        return Bucket(self.hours[kind][at.month - 1][at.hour])

    def rates(self, number: int) -> Rates:
        """The rates of one part in dollars."""
        start, end, season = self.parts[number]
        energy: dict[int, list[float]] = {}
        for bucket in self.prices["buckets"][season]:
            tiers = self.prices["energy"][season][bucket]
            energy[self.period(number, bucket)] = [each / HUNDRED_THOUSANDTHS for each in tiers]
        demand = self.prices["tou_demand"]
        return Rates(
            energy=energy,
            tier_ends=[wh * (end - start).days / WH_PER_KWH for wh in self.prices["daily_wh"]],
            tou_demand={
                self.period(number, bucket): price / HUNDRED_THOUSANDTHS
                for bucket, price in (demand[season] if demand else {}).items()
            },
            flat_demand=self.prices["flat_demand"] / HUNDRED_THOUSANDTHS,
            fixed=self.prices["fixed"] / HUNDRED_THOUSANDTHS,
            minimum=self.prices["minimum"] / HUNDRED_THOUSANDTHS,
        )

    @property
    def kinds(self) -> set[str]:
        """What the case is about, for the summary."""
        found = {
            name for name in ("tou_demand", "flat_demand", "fixed", "minimum") if self.prices[name]
        }
        found.add("tiers" if self.prices["daily_wh"] else "no tiers")
        found.add("net metering" if self.received is not None else "no generation")
        found.add("calendar" if isinstance(self.hours, str) else "12x24 table")
        found.add("several parts" if len(self.parts) > 1 else "one part")
        days = (self.parts[-1][1] - self.parts[0][0]).days
        if len(self.starts) != days * 96:
            found.add("change of clocks")
        return found


def made_up_case(chance: Random) -> Case:
    """Make up one bill."""
    book = load_calendars()
    if chance.random() < 0.7:
        calendar_id = chance.choice(sorted(book.files))
        file = book.files[calendar_id]
        hours: Hours = calendar_id
        months = {name: list(s.months) for name, s in file.versions[-1].seasons.items()}
        of = book.calendar(calendar_id).buckets_of
        buckets = {name: sorted(of(date(2027, each[0], 1))) for name, each in months.items()}
        where: dict[str, Any] = {"calendar": calendar_id, "utility": file.utility}
    else:
        months = {"summer": [6, 7, 8, 9], "winter": [1, 2, 3, 4, 5, 10, 11, 12]}
        table = _table(chance)
        hours = table
        buckets = {
            name: sorted({Bucket(b) for kind in table.values() for m in each for b in kind[m - 1]})
            for name, each in months.items()
        }
        where = {"schedule": _schedule(table), "utility": "pge"}
    generation = chance.random() < 0.2
    prices = _prices(chance, buckets, generation=generation)
    start = chance.choice(TELLING) + timedelta(days=chance.randint(0, 8))
    if chance.random() < 0.5:
        start = date(2026, 1, 1) + timedelta(days=chance.randint(0, 900))
    end = start + timedelta(days=chance.randint(20, DAYS_MAX))
    starts = list(plain.moments(start, end, 900))
    return Case(
        hours=hours,
        plan=_plan(prices, {"seasons": months, **where}, generation=generation),
        prices=prices,
        parts=_parts(start, end, months),
        starts=starts,
        delivered=_load(chance, len(starts)),
        received=_load(chance, len(starts)) if generation else None,
    )


def _table(chance: Random) -> dict[str, list[list[str]]]:
    some = [str(each) for each in chance.sample(BUCKETS[1:], chance.randint(2, 4))]
    rows = {}
    for kind in ("weekday", "weekend"):
        summer, winter = ([chance.choice(some) for _ in range(24)] for _ in range(2))
        rows[kind] = [summer if 6 <= month <= 9 else winter for month in range(1, 13)]
    return rows


def _schedule(hours: Mapping[str, list[list[str]]]) -> dict[str, Any]:
    grids = {
        kind: [[BUCKETS.index(Bucket(each)) for each in row] for row in rows]
        for kind, rows in hours.items()
    }
    return {"buckets": [str(each) for each in BUCKETS], **grids}


def _prices(chance: Random, buckets: dict[str, list[Bucket]], *, generation: bool) -> Prices:
    """Numbers of a plan in 1e-5 dollars; energy is for each season and bucket a price a tier."""
    tiers = TIERS if chance.random() < 0.3 and not generation else 1
    low = chance.randint(2_000, 15_000)

    def sometimes(share: float, high: int) -> int:
        return chance.randint(1, high) if chance.random() < share and not generation else 0

    tou_demand = None
    if sometimes(0.4, 1):
        tou_demand = {
            season: {each: chance.randint(1, 3_000_000) for each in some}
            for season, some in buckets.items()
        }
    return {
        "buckets": buckets,
        "energy": {
            season: {each: [chance.randint(500, 60_000) for _ in range(tiers)] for each in some}
            for season, some in buckets.items()
        },
        "daily_wh": [low, 2 * low][: tiers - 1],
        "tou_demand": tou_demand,
        "flat_demand": sometimes(0.4, 3_000_000),
        "fixed": sometimes(0.4, 30_000_000),
        "minimum": sometimes(0.3, 80_000_000),
    }


def _plan(prices: Prices, rest: dict[str, Any], *, generation: bool) -> PlanFile:
    def component(name: str, kind: str, **others: object) -> dict[str, Any]:
        return {"line_id": name, "kind": kind, "code": "ENC001", "label": name, **others}

    seasons = prices["energy"]
    if prices["daily_wh"]:
        limits = {season: [{"daily_wh": wh} for wh in prices["daily_wh"]] for season in seasons}
        found = [component("generation", "tiered", prices=seasons, limits=limits)]
    else:
        flat = {
            season: {b: tiers[0] for b, tiers in some.items()} for season, some in seasons.items()
        }
        found = [component("generation", "time_of_use", prices=flat)]
    if prices["tou_demand"]:
        found.append(component("tou_demand", "demand", prices=prices["tou_demand"]))
    if prices["flat_demand"]:
        totals = {season: {"total": prices["flat_demand"]} for season in seasons}
        found.append(component("flat_demand", "demand", prices=totals))
    if prices["fixed"]:
        found.append(component("fixed", "fixed", price=prices["fixed"], per="month"))
    if prices["minimum"]:
        found.append(component("minimum", "minimum", price=prices["minimum"], per="month"))
    rules = {"model": "nem", "code": "NEM001", "source": "made up", "carry_over": "none"}
    return PlanFile.model_validate(
        {
            "plan_id": f"MADE-UP-{id(prices)}",
            "version": "1",
            "title": "Made up",
            "cca": "mce",
            "rate_codes": ["T-1"],
            "products": ["P"],
            "effective_from": date(2020, 1, 1),
            "known_from": date(2020, 1, 1),
            "source": "made up for a comparison",
            "nem": rules if generation else None,
            "components": found,
            **rest,
        }
    )


def _parts(
    start: date, end: date, months: dict[str, list[int]]
) -> tuple[tuple[date, date, str], ...]:
    found: list[tuple[date, date, str]] = []
    for number in range((end - start).days):
        day = start + timedelta(days=number)
        season = next(name for name, each in months.items() if day.month in each)
        begin = found.pop()[0] if found and found[-1][2] == season else day
        found.append((begin, day + timedelta(days=1), season))
    return tuple(found)


def _load(chance: Random, count: int) -> NDArray[np.int32]:
    """Watt-hours: mostly small, with peaks, and some quarter-hours without any."""
    rng = np.random.default_rng(chance.getrandbits(32))
    size = chance.choice([200, 2_000, 100_000])
    load = rng.gamma(0.8, size, count).astype(np.int32)
    load[rng.random(count) < 0.1] = 0
    return load
