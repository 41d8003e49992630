"""Checks of a whole period: against itself, against the bill before, and against last year.

Each says in words what it found, or nothing. Average daily usage makes periods of different length
comparable (California's Attachment VEE, Oracle's high/low check).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.rating.intervals.block import kwh_text
from services.rating.vee.figures import Figures
from services.rating.vee.interval_checks import PERCENT
from shared.contracts.usage import Bucket, Measured
from shared.platform.values import value

Limits = Mapping[str, int]

YEAR_DAYS: Final = 365
SAME_SEASON_DAYS: Final = 20
HOURS_A_DAY: Final = 24
MICRO_IN_MILLI: Final = 1_000
PERMILLE: Final = 1_000
MULTIPLIERS: Final = (10, 20, 30, 40, 50, 60, 80, 100, 120, 160, 200, 240, 300, 400, 600, 800, 1200)
"""Ratios of current and voltage transformers that meters are multiplied with."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a check of a period says."""

    message: str
    numbers: Mapping[str, str | int]


@value(frozen=True, slots=True)
class Period:
    """What a check looks at: a meter's period, and those it is compared with.

    Attributes:
        said: the quantities as they came, in integers.
        has_both: some are totals and some are buckets.
        now: their figures.
        past: the meter's earlier periods that are not cancelled, latest first.
        twin: the same meter and period from another 867, e.g. totals beside intervals.
        is_intervals: it came as intervals; its total is their sum.
        last_digit_micro: the least difference that its readings can show, 1e-6 kWh.
        customer_class: `residential` or `commercial`.
        missing: meters that the bill before had beside this one, and this 867 has not.
    """

    said: Measured
    has_both: bool
    now: Figures
    past: Sequence[Figures]
    twin: Figures | None
    is_intervals: bool
    last_digit_micro: int
    customer_class: str
    missing: tuple[str, ...] = ()

    @property
    def before(self) -> Figures | None:
        """The period before."""
        return self.past[0] if self.past else None

    @property
    def references(self) -> dict[str, Figures]:
        """The same period of last year and the one before, as far as they are known."""
        found = {}
        start = self.now.period_start
        for one in self.past:
            if abs((start - one.period_start).days - YEAR_DAYS) <= SAME_SEASON_DAYS:
                found["last_year"] = one
                break
        if self.before is not None:
            found["before"] = self.before
        return found


def adds_up(period: Period, limits: Limits) -> Said | None:
    """Buckets against the total, exactly; intervals against the total of another 867."""
    for energy in (period.said.delivered, period.said.received) if period.has_both else ():
        buckets = [micro for bucket, micro in energy.items() if bucket is not Bucket.TOTAL]
        total = energy.get(Bucket.TOTAL)
        if total is not None and buckets and sum(buckets) != total:
            return _differ("buckets add up to", sum(buckets), "the total says", total)
    twin = period.twin
    if twin is None or not period.is_intervals:
        return None
    now, other = period.now.delivered_micro, twin.delivered_micro
    allowed = max(
        limits["last_digits"] * period.last_digit_micro, abs(other) * limits["permille"] // PERMILLE
    )
    if abs(now - other) <= allowed:
        return None
    return _differ("intervals add up to", now, "another 867 of the period says", other)


def below_zero(period: Period, limits: Limits) -> Said | None:
    """Energy to the customer below zero."""
    del limits
    least = min(period.said.delivered.values(), default=0)
    if period.is_intervals or least >= 0:
        return None
    return Said(f"{kwh_text(least)} kWh delivered", {"kwh": kwh_text(least)})


def nothing(period: Period, limits: Limits) -> Said | None:
    """No energy at all, where there was some on the bill before."""
    before = period.before
    if before is None or period.now.delivered_micro or period.now.received_micro:
        return None
    if before.per_day_micro <= limits["history_wh_a_day"] * MICRO_IN_MILLI:
        return None
    usual = _a_day(before.per_day_micro)
    return Said(
        f"nothing in {period.now.days} days; the period before had {usual} kWh a day",
        {"days": period.now.days, "before_kwh_a_day": usual},
    )


def more_than_usual(period: Period, limits: Limits) -> Said | None:
    """More a day than every period it can be compared with."""
    percent = limits[f"{period.customer_class}_percent"]
    return _unusual(period, limits, "more", lambda now, then: now * PERCENT > then * percent)


def less_than_usual(period: Period, limits: Limits) -> Said | None:
    """Less a day than every period it can be compared with."""
    percent = limits[f"{period.customer_class}_percent"]
    if not period.now.delivered_micro:
        return None
    return _unusual(period, limits, "less", lambda now, then: now * PERCENT < then * percent)


def estimated_again(period: Period, limits: Limits) -> Said | None:
    """More bills running with estimates than allowed."""
    running = 0
    for one in (period.now, *period.past):
        if not one.estimated:
            break
        running += 1
    if running <= limits["bills"]:
        return None
    return Said(f"{running} bills running with estimates", {"bills": running})


def the_same_again(period: Period, limits: Limits) -> Said | None:
    """Exactly the quantities of the period before."""
    del limits
    before = period.before
    if before is None or not period.now.delivered_micro or before.digest != period.now.digest:
        return None
    return Said(
        f"exactly the quantities of {before.period_start} to {before.period_end}",
        {"before_starts": str(before.period_start)},
    )


def by_a_multiplier(period: Period, limits: Limits) -> Said | None:
    """Another reading by about a transformer's ratio, up or down, against every comparison."""
    now = period.now.per_day_micro
    thens = {name: one.per_day_micro for name, one in period.references.items()}
    if not thens or now <= 0 or min(thens.values()) <= 0:
        return None
    near = min(MULTIPLIERS) - 1
    if not all(now > then * near or now * near < then for then in thens.values()):
        return None
    room = limits["tolerance_percent"]
    for ratio in MULTIPLIERS:
        for up in (True, False):
            pairs = [(now, then * ratio) if up else (now * ratio, then) for then in thens.values()]
            if all(abs(one - other) * PERCENT <= other * room for one, other in pairs):
                words = f"{ratio} times" if up else f"1/{ratio} of"
                return Said(f"{words} what it was, like a meter's multiplier", {"ratio": ratio})
    return None


def more_than_demand_allows(period: Period, limits: Limits) -> Said | None:
    """More energy than the highest demand gives in all hours of the period."""
    now = period.now
    if now.demand_micro <= 0:
        return None
    most = now.demand_micro * HOURS_A_DAY * now.days
    if now.delivered_micro * PERCENT <= most * (PERCENT + limits["tolerance_percent"]):
        return None
    kwh, kw = kwh_text(now.delivered_micro), kwh_text(now.demand_micro)
    return Said(f"{kwh} kWh; {kw} kW give at most {kwh_text(most)}", {"kwh": kwh, "kw": kw})


def without_siblings(period: Period, limits: Limits) -> Said | None:
    """Fewer meters than on the bill before, though none of them was taken away in it."""
    del limits
    if not period.missing:
        return None
    names = ", ".join(period.missing)
    return Said(
        f"the bill before had meter {names} too; this 867 has not",
        {"missing": len(period.missing), "meters": names},
    )


def reactive_out_of_place(period: Period, limits: Limits) -> Said | None:
    """Reactive energy out of all proportion to the energy beside it, or gone."""
    reactive, before = period.now.reactive_micro, period.before
    active = period.now.delivered_micro + period.now.received_micro
    if reactive * PERCENT > active * limits["percent"]:
        kvarh, kwh = kwh_text(reactive), kwh_text(active)
        return Said(f"{kvarh} kVARh beside {kwh} kWh", {"kvarh": kvarh, "kwh": kwh})
    if active and not reactive and before is not None and before.reactive_micro:
        kvarh = kwh_text(before.reactive_micro)
        return Said(f"no kVARh; the bill before had {kvarh}", {"before_kvarh": kvarh})
    return None


def in_another_step(period: Period, limits: Limits) -> Said | None:
    """Intervals of another length than the meter recorded last time."""
    del limits
    now = period.now.minutes
    last = next((one.minutes for one in period.past if one.minutes), None)
    if now is None or last is None or now == last:
        return None
    return Said(f"intervals of {now} minutes; {last} before", {"minutes": now, "before": last})


def _unusual(
    period: Period, limits: Limits, word: str, is_outside: Callable[[int, int], bool]
) -> Said | None:
    now = period.now.per_day_micro
    thens = {name: one.per_day_micro for name, one in period.references.items()}
    least = limits["least_wh_a_day"] * MICRO_IN_MILLI
    if not thens or max(now, *thens.values()) < least:
        return None
    if not all(is_outside(now, then) for then in thens.values()):
        return None
    words = {"last_year": "last year", "before": "the bill before"}
    told = ", ".join(f"{_a_day(then)} {words[name]}" for name, then in thens.items())
    numbers: dict[str, str | int] = {f"{name}_kwh_a_day": _a_day(v) for name, v in thens.items()}
    return Said(
        f"{word} than usual: {_a_day(now)} kWh a day; {told}", {"kwh_a_day": _a_day(now), **numbers}
    )


def _differ(one: str, first: int, other: str, second: int) -> Said:
    return Said(
        f"{one} {kwh_text(first)} kWh, {other} {kwh_text(second)}",
        {"sum_kwh": kwh_text(first), "total_kwh": kwh_text(second)},
    )


def _a_day(micro: int) -> str:
    """Write an average, cut to watt-hours."""
    return kwh_text(micro - micro % MICRO_IN_MILLI)


PeriodCheck = Callable[[Period, Limits], Said | None]

PERIOD_CHECKS: Final[Mapping[str, PeriodCheck]] = {
    "VEE_SUM": adds_up,
    "VEE_NEGATIVE": below_zero,
    "VEE_ZERO": nothing,
    "VEE_HIGH": more_than_usual,
    "VEE_LOW": less_than_usual,
    "VEE_ESTIMATED": estimated_again,
    "VEE_DUPLICATE": the_same_again,
    "VEE_MULTIPLIER": by_a_multiplier,
    "VEE_UNIT": more_than_demand_allows,
    "VEE_SIBLING": without_siblings,
    "VEE_KVARH": reactive_out_of_place,
    "VEE_STEP": in_another_step,
}
"""Code → its check of a period."""

AGAINST_PAST: Final = frozenset(
    {
        *("VEE_ZERO", "VEE_HIGH", "VEE_LOW", "VEE_DUPLICATE", "VEE_MULTIPLIER"),
        *("VEE_SIBLING", "VEE_STEP"),
    }
)
"""Checks that compare with earlier periods: without any they find nothing."""
