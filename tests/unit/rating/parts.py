"""Short words for parts of a period and for components, shared by the tests of prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from services.rating.charging import Line, PeriodPart, whole
from services.rating.components import Pricing
from shared.contracts.usage import Bucket

MICRO = 1_000_000
FIVE = Pricing(5)
BUCKETS: Mapping[str, Bucket] = {
    "on": Bucket.ON_PEAK,
    "mid": Bucket.MID_PEAK,
    "off": Bucket.OFF_PEAK,
    "super": Bucket.SUPER_OFF_PEAK,
    "total": Bucket.TOTAL,
}


def part(
    days: int = 30,
    *,
    season: str = "summer",
    first: int = 0,
    of: int | None = None,
    received: Mapping[str, int] | None = None,
    kw: Mapping[str, int] | None = None,
    earlier: int = 0,
    **energy: int,
) -> PeriodPart:
    """So many days from the `first` on, of a bill of `of` days from 2026-06-01 on.

    Energy is in 1e-6 kWh by `on`, `mid`, `off`, `super` and `total`; `kw` in 1e-6 kW.
    """
    begin = date(2026, 6, 1)
    quantities = {BUCKETS[name]: micro for name, micro in energy.items()}
    length = days if of is None else of
    return PeriodPart(
        start=begin + timedelta(days=first),
        end=begin + timedelta(days=first + days),
        season=season,
        energy_micro=quantities,
        total_micro=whole(quantities),
        received_micro={BUCKETS[name]: micro for name, micro in (received or {}).items()},
        demand_micro={BUCKETS[name]: micro for name, micro in (kw or {}).items()},
        period_start=begin,
        period_end=begin + timedelta(days=length),
        earlier_cents=earlier,
    )


def cents(lines: list[Line]) -> int:
    """What lines come to."""
    return sum(line.signed_cents for line in lines)
