"""What becomes of energy that a customer sends to the grid, before anything is priced.

Under net metering (NEM 1 and 2) delivered and received energy are set against each other over the
month, bucket by bucket. Under net billing (NBT) they are two quantities with two prices, netted
only inside an interval: netting any coarser would give the customer retail prices for exports.
Source: PG&E Schedules NEM2 and NBT.
"""

from __future__ import annotations

import numpy as np

from services.rating.components.nem import Generation, NetBilling
from services.rating.engine.rows import Amounts, Determinants, MeterRows
from services.rating.holds import NegativeUsage, NetMeteringWithoutRules


def netted(usage: MeterRows, rules: Generation | None) -> tuple[MeterRows, MeterRows | None]:
    """Prepare readings for the rules of a plan.

    Returns:
        The rows to be priced, and the exported energy for a plan that pays for it by the interval.

    Raises:
        NetMeteringWithoutRules: energy came from a customer, and the plan has no rules.
    """
    if rules is None:
        if usage.received is None:
            return usage, None
        if usage.received.any():
            raise NetMeteringWithoutRules("energy was received, and the plan has no rules for it")
        return MeterRows(usage.delivered, None, usage.estimated, usage.decimals), None
    if isinstance(rules, NetBilling):
        return inside_intervals(usage)
    return usage, None


def inside_intervals(usage: MeterRows) -> tuple[MeterRows, MeterRows]:
    """Set delivered against received within each interval: what is left is import or export."""
    net: Amounts = usage.delivered.astype(np.int64)
    if usage.received is not None:
        net -= usage.received
    imports = MeterRows(np.maximum(net, 0), None, usage.estimated, usage.decimals)
    return imports, MeterRows(np.maximum(-net, 0), None, usage.estimated, usage.decimals)


def refuse_below_zero(found: Determinants, rules: Generation | None) -> None:
    """Refuse negative readings where the plan has no rules for them.

    Raises:
        NegativeUsage: some reading was below zero.
    """
    if rules is None and found.below_zero:
        raise NegativeUsage("readings are negative, and the plan has no rules for it")


def refuse_unpaid(exports: MeterRows | None) -> None:
    """Refuse exports that nobody is going to pay for: a bill without its credit is wrong.

    Raises:
        NetMeteringWithoutRules: energy was exported under net billing.
    """
    if exports is not None and exports.delivered.any():
        raise NetMeteringWithoutRules("exports are paid by the hour, and there are no prices here")
