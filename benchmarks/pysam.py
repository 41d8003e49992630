"""NREL-PySAM's bill engine behind one call: months with rates of their own in, dollars out.

Its year begins on a Monday and has 365 days and no holidays; which period an hour belongs to is
given by schedules alone. Each packed month has period numbers of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from PySAM import Utilityrate5

MONTHS: Final = ("jan", "mar", "may", "jul", "aug", "oct")
"""The months of 31 days, one for each part of a period."""
MONTH_NUMBERS: Final = (0, 2, 4, 6, 7, 9)
MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
STEPS: Final = 35_040
HOURS: Final = 24
DAYS: Final = 31
QUARTERS: Final = 4
SLOTS: Final = DAYS * QUARTERS
"""Quarter-hours that one hour of the day has in such a month."""
NO_END: Final = 1e38

DECEMBER_STEPS: Final = DAYS * HOURS * QUARTERS
DECEMBER_KW: Final = 1000.0
DECEMBER_DOLLARS: Final = DECEMBER_KW * DAYS * HOURS

Pair = tuple[float, float]
"""kW used, and kW given to the grid, in one quarter-hour."""


class PeakWouldRiseError(ValueError):
    """A month has too few quarter-hours for a load whose peak must be kept."""


@dataclass(frozen=True)
class Rates:
    """The rates of one month, in dollars.

    `energy` is for each period the price of each tier, `tier_ends` where each but the last ends in
    kWh; `tou_demand` is dollars per kW by period.
    """

    energy: Mapping[int, Sequence[float]]
    tier_ends: Sequence[float] = ()
    tou_demand: Mapping[int, float] = field(default_factory=dict)
    flat_demand: float = 0.0
    fixed: float = 0.0
    minimum: float = 0.0


@dataclass(frozen=True)
class PackedMonth:
    """The quarter-hours of one part, by period."""

    rates: Rates
    pairs: Mapping[int, list[Pair]]


class SamBill:
    """What PySAM makes of a year; it keeps the model, because outputs die with it."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401  PySAM ships no types
        self._model = model

    def _cell(self, kind: str, part: int, period: int, tier: int) -> float:
        rows = getattr(self._model.Outputs, f"{kind}_w_sys_ec_{MONTHS[part]}_tp")
        return next((float(row[tier]) for row in rows[1:] if int(row[0]) == period), 0.0)

    def energy_dollars(self, part: int, period: int, tier: int) -> float:
        """Dollars for the energy of a period and tier; nothing where more was given than used."""
        return self._cell("charge", part, period, tier)

    def surplus_kwh(self, part: int, period: int) -> float:
        """Energy of a period that was given beyond what was used."""
        return self._cell("surplus", part, period, 1)

    @property
    def net_dollars(self) -> float:
        """Energy dollars of all months with credits carried on, which December has used up."""
        charged = self._model.Outputs.year1_monthly_ec_charge_with_system
        return float(sum(charged)) - DECEMBER_DOLLARS

    def _by_period(self, name: str, part: int, period: int) -> float:
        rows = getattr(self._model.Outputs, name)
        column = [int(each) for each in rows[0]].index(period)
        return float(rows[MONTH_NUMBERS[part] + 1][column])

    def demand_dollars(self, part: int, period: int) -> float:
        """Dollars for the highest quarter-hour of a period."""
        return self._by_period("monthly_tou_demand_charge_w_sys", part, period)

    def peak_kw(self, part: int, period: int) -> float:
        """The highest kW of a period."""
        return self._by_period("monthly_tou_demand_peak_w_sys", part, period)

    def month(self, name: str, part: int) -> float:
        """Any monthly output of the first year."""
        return float(getattr(self._model.Outputs, name)[MONTH_NUMBERS[part]])


def bill_year(months: Sequence[PackedMonth]) -> SamBill:
    """Bill some months of one year; the others have no load.

    Fixed and minimum charges are those of the first. December has a load of its own at a dollar,
    so that credits of net metering show there.
    """
    model = new_model()
    december = PackedMonth(
        Rates(
            {1 + max(p for m in months for p in m.rates.energy): [1.0] * tiers_of(months)},
            months[0].rates.tier_ends,
        ),
        {},
    )
    load, given = [0.0] * STEPS, [0.0] * STEPS
    load[-DECEMBER_STEPS:] = [DECEMBER_KW] * DECEMBER_STEPS
    schedule = [[next(iter(months[0].rates.energy))] * HOURS for _ in MONTH_DAYS]
    schedule[-1] = [next(iter(december.rates.energy))] * HOURS
    for part, month in enumerate(months):
        number = MONTH_NUMBERS[part]
        schedule[number] = hours_of(month)
        for slot, (used, back) in _placed(month, number, schedule[number]):
            load[slot], given[slot] = used, back
    rates = model.ElectricityRates
    rates.ur_ec_sched_weekday = rates.ur_ec_sched_weekend = schedule
    rates.ur_dc_sched_weekday = rates.ur_dc_sched_weekend = schedule
    everything = [*months, december]
    rates.ur_ec_tou_mat = [row for month in everything for row in _energy_rows(month.rates)]
    rates.ur_dc_enable = 1
    rates.ur_dc_tou_mat = [
        [period, 1, NO_END, month.rates.tou_demand.get(period, 0.0)]
        for month in everything
        for period in month.rates.energy
    ]
    flat = {MONTH_NUMBERS[part]: month.rates.flat_demand for part, month in enumerate(months)}
    rates.ur_dc_flat_mat = [[n, 1, NO_END, flat.get(n, 0.0)] for n in range(len(MONTH_DAYS))]
    rates.ur_monthly_fixed_charge = months[0].rates.fixed
    rates.ur_monthly_min_charge = months[0].rates.minimum
    model.Load.load = load
    model.SystemOutput.gen = given
    model.execute(0)
    return SamBill(model)


def tiers_of(months: Sequence[PackedMonth]) -> int:
    """How many tiers a price has: as many everywhere."""
    return len(next(iter(months[0].rates.energy.values())))


def new_model() -> Any:  # noqa: ANN401  PySAM ships no types
    """A model with everything set to nothing that our bills do not have."""
    model = Utilityrate5.new()
    rates = model.ElectricityRates
    rates.ur_metering_option = rates.ur_sell_eq_buy = 1
    rates.ur_nm_yearend_sell_rate = rates.ur_annual_min_charge = 0
    rates.ur_monthly_fixed_charge = rates.ur_monthly_min_charge = 0
    rates.ur_en_ts_buy_rate = rates.ur_en_ts_sell_rate = 0
    rates.rate_escalation = [0]
    model.Lifetime.analysis_period = 1
    model.Lifetime.inflation_rate = model.Lifetime.system_use_lifetime_output = 0
    model.SystemOutput.degradation = [0]
    model.Load.load_escalation = [0]
    return model


def _energy_rows(rates: Rates) -> list[list[float]]:
    ends = [*rates.tier_ends, NO_END]
    return [
        [period, tier, ends[tier - 1], 0, price, price]
        for period, prices in rates.energy.items()
        for tier, price in enumerate(prices, start=1)
    ]


def hours_of(month: PackedMonth) -> list[int]:
    """Give each period as many hours of the day as its load needs, all in all 24."""
    hours = {period: max(-(-len(pairs) // SLOTS), 1) for period, pairs in month.pairs.items()}
    while sum(hours.values()) > HOURS:
        hours[max(hours, key=lambda period: hours[period])] -= 1
    row = [period for period, count in hours.items() for _ in range(count)]
    return row + [row[-1]] * (HOURS - len(row))


def _placed(month: PackedMonth, number: int, row: Sequence[int]) -> list[tuple[int, Pair]]:
    begin = sum(MONTH_DAYS[:number]) * HOURS * QUARTERS
    found: list[tuple[int, Pair]] = []
    for period, pairs in month.pairs.items():
        slots = [
            begin + (day * HOURS + hour) * QUARTERS + quarter
            for hour in range(HOURS)
            if row[hour] == period
            for day in range(DAYS)
            for quarter in range(QUARTERS)
        ]
        found += zip(slots, squeezed(pairs, len(slots)), strict=False)
    return found


def squeezed(pairs: list[Pair], slots: int) -> list[Pair]:
    """Add up the smallest quarter-hours until all fit; energy and peak stay what they are.

    Raises:
        PeakWouldRiseError: two of the smallest together are more than the peak.
    """
    over = len(pairs) - slots
    if over <= 0:
        return pairs
    ordered = sorted(pairs)
    small, rest = ordered[: 2 * over], ordered[2 * over :]
    merged = [
        (one[0] + other[0], one[1] + other[1])
        for one, other in zip(small[:over], reversed(small[over:]), strict=True)
    ]
    if any(used > ordered[-1][0] for used, _ in merged):
        raise PeakWouldRiseError(f"{len(pairs)} quarter-hours do not fit into {slots}")
    return merged + rest
