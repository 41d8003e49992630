"""Bills a group of interval accounts in one go: readings in, cents of every line out.

For re-rating thousands of accounts, for dry runs and for comparing plans. The same sums and the
same prices as one account at a time; tests hold both equal to the cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from services.rating.calendars import CalendarBook, Window
from services.rating.cutting import PricedPart
from services.rating.engine.hours import window_of
from services.rating.engine.netting import netted, refuse_below_zero, refuse_unpaid
from services.rating.engine.parts import columns_of, rules_of, with_spill
from services.rating.engine.pricing import GroupQuantities, PricedGroup, price_group
from services.rating.engine.rows import Amounts, Determinants, MeterRows
from services.rating.engine.sheet import PriceSheet, compile_sheet
from services.rating.engine.sums import determine
from shared.contracts.usage import Bucket


class GroupBilling:
    """One plan, product and period, compiled: prices any number of accounts that share them.

    Cities may differ: a city's rate is passed with the readings. Accounts of a city whose tax
    changes within the period have other parts, and are another group.
    """

    def __init__(
        self,
        parts: Sequence[PricedPart],
        calendars: CalendarBook,
        known_on: date,
        surcharge_micro: int,
        step_s: int,
        *,
        spills: bool = False,
    ) -> None:
        """Compile plan and calendar.

        Args:
            parts: the parts of the period without quantities, see `empty_parts`.
            calendars: all calendars.
            known_on: the day whose knowledge of calendars counts.
            surcharge_micro: the energy surcharge of the billing period.
            step_s: length of an interval.
            spills: the readings reach into the day after the last, see `with_spill`.

        Raises:
            UsageHold: the plan cannot be priced from intervals.
        """
        spans = [each.span for each in parts]
        if spills:
            spans = with_spill(spans)
        self.rules = rules_of(spans)
        self.window: Window = window_of(spans, calendars, known_on, step_s)
        self.columns = columns_of(self.window, len(parts))
        self.sheet: PriceSheet = compile_sheet(parts, self.columns, surcharge_micro)
        self.needs_demand = any(kind == "demand" for kind, _ in self.sheet.sources)

    def bill(
        self,
        usage: MeterRows,
        user_tax_micro: Amounts | int | None = None,
        bank_cents: Amounts | int = 0,
    ) -> PricedGroup:
        """Bill every row as an account.

        Args:
            usage: the readings; an account with several meters is added up before.
            user_tax_micro: the city's rate in millionths: one for all, or one for each row;
                that of the parts when `None`.
            bank_cents: credits that net metering has carried to this bill, likewise.

        Raises:
            UsageHold: energy from a customer without rules, or demand that cannot be had.
            ReadingsMisfit: the rows are not as long as the period.
        """
        return price_group(self.sheet, self.measure(usage), user_tax_micro, bank_cents)

    def measure(self, usage: MeterRows) -> GroupQuantities:
        """Work out what every row used: energy and demand by bucket.

        Raises:
            UsageHold, ReadingsMisfit: as `bill`, but for demand.
        """
        plain, exports = netted(usage, self.rules)
        refuse_unpaid(exports)
        found = determine(plain, self.window, demand=self.needs_demand)
        refuse_below_zero(found, self.rules)
        return self.quantities(found)

    def quantities(self, found: Determinants) -> GroupQuantities:
        """Turn determinants into what the sheet multiplies."""
        demand: dict[Bucket, Amounts] = {}
        if found.demand_micro is not None:
            by_cell = found.demand_micro.T
            for columns in self.columns:
                for bucket, at in columns.items():
                    row = by_cell[at]
                    demand[bucket] = np.maximum(row, demand[bucket]) if bucket in demand else row
        received = found.received_micro
        return GroupQuantities(
            np.ascontiguousarray(found.net_micro.T),
            None if received is None else np.ascontiguousarray(received.T),
            demand,
        )
