"""The state's energy resources surcharge: three hundredths of a cent on every kWh.

R&TC 40016; bills call it Energy Commission Tax, Energy Surcharge or Electrical Energy Surcharge.
It is rounded for each printed sub-period (3CE, November 2022: .07 and .02, not .10 in one go).
"""

from __future__ import annotations

from typing import Final, Literal

from services.rating.charging import Line, PeriodPart, label_of, line_id
from services.rating.rounding import line_cents
from shared.contracts.charges import ChargeUnit, LineKind

CODE: Final = "ET"
LABEL: Final = "ENERGY SURCHARGE"

Base = Literal["net", "delivered"]


def energy_surcharge(
    part: PeriodPart, rate_micro: int, *, half_even: bool, base: Base = "net"
) -> list[Line]:
    """The surcharge on the part's energy; no line when nothing is due.

    Args:
        part: the days and their energy.
        rate_micro: 1e-6 dollars per kWh, the rate of the day the *billing period* began
            (18 CCR 2300: a change is not prorated).
        half_even: rounding of the plan.
        base: of a customer who generates, net energy or all that was delivered.
    """
    energy = part.total_micro if base == "net" else part.delivered_total_micro
    cents = line_cents(max(energy, 0), rate_micro, half_even=half_even)
    if not cents:
        return []
    return [
        Line(
            line_id=line_id("energy_surcharge", "all", part),
            kind=LineKind.TAX,
            code=CODE,
            label=label_of(LABEL, part),
            quantity_micro=energy,
            unit=ChargeUnit.KWH,
            price_micro=rate_micro,
            cents=cents,
            rule=f"{base} energy times the state's rate"
            if part.received_micro
            else "energy times the state's rate",
        )
    ]
