"""A price that does not depend on use: so much a month, or so much a day.

Few CCAs have one; SCE's commercial schedules do ($237.85 a month), and credits come in this form
(MCE Storage, ten dollars a month), which is a fixed price below zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from services.rating.charging import Amount, Line, PeriodPart, amount_line, line_id
from services.rating.components.part import ComponentPart, Pricing, Units
from services.rating.rounding import MICRO, shared_cents
from shared.contracts.charges import ChargeUnit

Per = Literal["month", "day"]
Proration = Literal["days", "full"]
ONE: Final = (1, 1)


def fixed_amount(
    price_micro: int, per: Per, proration: Proration, part: PeriodPart, *, half_even: bool
) -> Amount | None:
    """A part's amount of a fixed price; `None` where it is charged with another part of the bill.

    A month is a billing period, whatever its length. `days` shares it among the parts of the bill
    by their days, each rounded by itself, as utilities print; `full` charges it once, with the
    first part and at that part's price.
    """
    if per == "day":
        quantity = part.days * MICRO
        cents = shared_cents(quantity, price_micro, ONE, half_even=half_even)
        return Amount(cents, "days times price", quantity, ChargeUnit.DAY, price_micro)
    if proration == "full":
        if not part.opens:
            return None
        cents = shared_cents(MICRO, price_micro, ONE, half_even=half_even)
        return Amount(cents, "once a bill", MICRO, ChargeUnit.MONTH, price_micro)
    days = (part.days, part.period_days)
    cents = shared_cents(MICRO, price_micro, days, half_even=half_even)
    rule = f"{days[0]} of {days[1]} days of a month's price"
    return Amount(cents, rule, MICRO, ChargeUnit.MONTH, price_micro)


class Fixed(ComponentPart):
    """A price a month or a day, in units of the plan's `price_scale`; negative is a credit."""

    kind: Literal["fixed"]
    price: Units
    per: Per
    proration: Proration = "days"

    def lines(self, part: PeriodPart, pricing: Pricing, before: Sequence[Line]) -> list[Line]:  # noqa: ARG002  the same call for every kind
        """One line, or none where the whole is charged with another part."""
        amount = fixed_amount(
            pricing.micro(self.price),
            self.per,
            self.proration,
            part,
            half_even=pricing.half_even,
        )
        if amount is None:
            return []
        by_days = self.per == "month" and self.proration == "days"
        text = self.label + share_words(part, shared=by_days)
        return [amount_line(line_id(self.line_id, "all", part), (self.code, text), part, amount)]


def share_words(part: PeriodPart, *, shared: bool) -> str:
    """What a label adds when a price was shared by days, e.g. ` 18/30 DAYS`."""
    if not shared or part.days == part.period_days:
        return ""
    return f" {part.days}/{part.period_days} DAYS"
