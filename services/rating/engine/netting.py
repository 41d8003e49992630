"""What becomes of energy that a customer sends to the grid, before anything is priced.

Under net metering (NEM 1 and 2) delivered and received energy are set against each other over the
month, bucket by bucket. Under net billing (NBT) they are two quantities with two prices, netted
only inside an interval: netting any coarser would give the customer retail prices for exports.
Source: PG&E Schedules NEM2 and NBT.
"""

from __future__ import annotations

import numpy as np

from services.rating.components.nem import Generation, NetBilling
from services.rating.engine.rows import Amounts, MeterRows
from services.rating.holds import NegativeUsage, NetMeteringWithoutRules


def netted(usage: MeterRows, rules: Generation | None) -> tuple[MeterRows, MeterRows | None]:
    """Prepare readings for the rules of a plan.

    Returns:
        The rows to be priced, and the exported energy for a plan that pays for it by the interval.

    Raises:
        NetMeteringWithoutRules: energy came from a customer, and the plan has no rules.
        NegativeUsage: net readings below zero, and the plan has no rules.
    """
    if rules is None:
        _refuse_generation(usage)
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


def _refuse_generation(usage: MeterRows) -> None:
    if usage.received is not None and usage.received.any():
        raise NetMeteringWithoutRules("energy was received, and the plan has no rules for it")
    if usage.delivered.size and int(usage.delivered.min()) < 0:
        raise NegativeUsage("readings are negative, and the plan has no rules for it")
