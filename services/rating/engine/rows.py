"""Interval usage of many meters side by side, and the quantities that prices are laid on.

A meter's month is a row of whole numbers, as the utility sent it: nothing is rounded and nothing
is a binary fraction. Meters of one plan and billing cycle stand together, so that arithmetic
is done on all of them at once.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.rating.calendars import Cell, Window
from shared.platform.values import value

Readings = NDArray[np.int32] | NDArray[np.int64]
"""Whole numbers in units of `MeterRows.decimals`."""
Amounts = NDArray[np.int64]
Marks = NDArray[np.bool_]

KWH_DECIMALS: Final = 3
"""A watt-hour is the third decimal of a kWh."""
MICRO_DECIMALS: Final = 6
DEMAND_STEP_S: Final = 900
"""Demand is the mean power of the highest quarter-hour."""
SECONDS_IN_HOUR: Final = 3_600
LARGEST_SUM: Final = 2**62


class ReadingsMisfit(ValueError):
    """Readings and period do not fit: a reading too many or too few would be billed wrongly."""


@value(frozen=True, slots=True, eq=False)
class MeterRows:
    """Readings of one period: a row for each meter, a column for each interval.

    Attributes:
        delivered: energy to the customer; for a meter that only reports the difference, net.
        received: energy from the customer's generation, positive; `None` when no meter has any.
        estimated: which readings the utility estimated; `None` when all are actual.
        decimals: how many decimals of a kWh a unit is: 3 is a watt-hour, 6 a millionth of a kWh.
    """

    delivered: Readings
    received: Readings | None = None
    estimated: Marks | None = None
    decimals: int = KWH_DECIMALS

    def __post_init__(self) -> None:
        if self.delivered.ndim != 2 or not KWH_DECIMALS <= self.decimals <= MICRO_DECIMALS:  # noqa: PLR2004  rows and columns
            raise ReadingsMisfit("usage is rows of readings with three to six decimals of a kWh")
        for beside in (self.received, self.estimated):
            if beside is not None and beside.shape != self.delivered.shape:
                raise ReadingsMisfit("delivered, received and marks differ in shape")

    @property
    def meters(self) -> int:
        """How many rows."""
        return len(self.delivered)

    @property
    def micro(self) -> int:
        """How many 1e-6 kWh one unit is."""
        return int(10 ** (MICRO_DECIMALS - self.decimals))

    def added(self) -> MeterRows:
        """All meters as one: the intervals of an account with several meters added up.

        An interval is estimated when one of its readings is.
        """
        if self.meters == 1:
            return self
        return MeterRows(
            delivered=_total(self.delivered),
            received=None if self.received is None else _total(self.received),
            estimated=None if self.estimated is None else _any(self.estimated),
            decimals=self.decimals,
        )


def _total(rows: Readings) -> Amounts:
    added: Amounts = rows.sum(axis=0, dtype=np.int64, keepdims=True)
    return added


def _any(marks: Marks) -> Marks:
    return np.logical_or.reduce(marks, axis=0, keepdims=True)


@value(frozen=True, slots=True, eq=False)
class Determinants:
    """What usage comes to: a row for each meter, a column for each cell of its window.

    Attributes:
        window: what the columns are.
        energy_micro: delivered energy, 1e-6 kWh.
        demand_micro: highest quarter-hour's power, 1e-6 kW; `None` when intervals are longer.
        received_micro: energy from the customer, 1e-6 kWh; `None` without generation.
        estimated: how many intervals were estimated; `None` when all are actual.
        below_zero: whether some delivered reading was negative.
    """

    window: Window
    energy_micro: Amounts
    demand_micro: Amounts | None = None
    received_micro: Amounts | None = None
    estimated: Amounts | None = None
    below_zero: bool = False

    @property
    def cells(self) -> tuple[Cell, ...]:
        """What the columns stand for."""
        return self.window.cells

    @property
    def net_micro(self) -> Amounts:
        """Delivered less received, per meter and cell: the quantity of net metering."""
        if self.received_micro is None:
            return self.energy_micro
        return self.energy_micro - self.received_micro
