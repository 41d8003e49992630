"""Net metering: what a customer's generation earned is carried in dollars from bill to bill.

A CCA settles every month. Delivered less received energy of each bucket is priced like any energy
and may come to less than nothing; then the bill asks for nothing and the credit waits for the next
ones. Once a year the CCA pays out what is left, by its own rules. The balance is nowhere stored: it
is the sum of the lines below over all charges of a service agreement, cancels counted against.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, model_validator

from services.rating.charging import Amount, Line, PeriodPart, amount_line, line_id
from services.rating.components.part import PLAIN
from services.rating.rounding import line_cents

BANK_LINE: Final = "nem_bank"
"""Line ids of the carry-over begin so; the balance is read from them."""
_BANK_LINES: Final = f"{BANK_LINE}."

PaidHow = Literal["cheque", "bill_credit", "roll_over", "none"]
"""What becomes of a year's credits."""

SacCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,10}$")]
Label = Annotated[str, StringConstraints(pattern=PLAIN, max_length=40)]
Source = Annotated[str, StringConstraints(pattern=PLAIN, max_length=300)]


class CashOut(BaseModel):
    """How a CCA settles a year: for a surplus of kWh, never for a balance of dollars alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    month: Annotated[StrictInt, Field(ge=1, le=12)]
    """The billing cycles that end in this month are the last of the year, for every customer."""
    rate_source: Literal["nsc", "fixed"] = "nsc"
    """`nsc`: the utility's net surplus compensation rate of the month, which is passed in."""
    rate_micro: Annotated[StrictInt, Field(ge=0, le=10**9)] | None = None
    """1e-6 dollars per kWh, where the CCA fixed a rate of its own."""
    adder_micro: Annotated[StrictInt, Field(ge=0, le=10**9)] = 0
    """What the CCA pays on top, in 1e-6 dollars per kWh."""
    cap_cents: Annotated[StrictInt, Field(ge=0, le=10**9)] | None = None
    """The most that is paid; the rest of the surplus is not."""
    threshold_cents: Annotated[StrictInt, Field(ge=0, le=10**9)] = 0
    """Up to this much `small` applies, above it a cheque is sent."""
    small: Literal["bill_credit", "roll_over"] = "bill_credit"
    rest: Literal["zero", "keep"] = "zero"
    """What becomes of dollar credits that are still there; what is owed to the CCA stays owed."""
    source: Source

    @model_validator(mode="after")
    def _has_its_rate(self) -> Self:
        if (self.rate_source == "fixed") != (self.rate_micro is not None):
            raise ValueError("rate_micro belongs to rate_source fixed, and to it alone")
        return self

    def price_micro(self, nsc_micro: int) -> int:
        """What a kWh of surplus is paid, adder included, in 1e-6 dollars.

        Args:
            nsc_micro: the utility's net surplus compensation rate of the month.
        """
        rate = nsc_micro if self.rate_micro is None else self.rate_micro
        return rate + self.adder_micro


class NetMetering(BaseModel):
    """NEM 1 and 2 at a CCA: monthly netting by bucket, dollars carried forward."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    model: Literal["nem"]
    carry_over: Literal["dollars", "none"] = "dollars"
    """`none` sends a negative bill as it is, for a utility that keeps the balance itself."""
    surcharge_base: Literal["net", "delivered"] = "net"
    """CCAs print the energy surcharge on net energy; CDTFA annotations speak of all supplied."""
    code: SacCode
    """SAC04 of the two lines below."""
    carried_label: Label = "NEM CREDIT CARRIED FORWARD"
    applied_label: Label = "NEM CREDIT APPLIED"
    recovered_label: Label = "NEM CREDIT CORRECTED"
    cash_out: CashOut | None = None
    source: Source


class NetBilling(BaseModel):
    """NBT (NEM 3): exports are paid by the interval, so monthly quantities cannot price them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    model: Literal["nbt"]
    export_prices: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    """Name of the table of interval prices: month by kind of day by hour, for one vintage."""
    bonus_micro: Annotated[StrictInt, Field(ge=0, le=10**9)] = 0
    """What the CCA adds to each export price, in millionths (10 % is 100,000)."""
    adder_micro: Annotated[StrictInt, Field(ge=0, le=10**7)] = 0
    """What it adds to each exported kWh, in 1e-6 dollars (MCE: $0.05 for low incomes)."""
    adder_through: date | None = None
    """Last day of that addition; open when left out."""
    carry_over: Literal["dollars", "none"] = "dollars"
    surcharge_base: Literal["net", "delivered"] = "delivered"
    code: SacCode
    """SAC04 of all lines below."""
    label: Label = "EXPORT CREDIT"
    carried_label: Label = "EXPORT CREDIT CARRIED FORWARD"
    applied_label: Label = "EXPORT CREDIT APPLIED"
    recovered_label: Label = "EXPORT CREDIT CORRECTED"
    source: Source


Generation = Annotated[NetMetering | NetBilling, Field(discriminator="model")]
"""Whatever may stand under `[nem]` of a plan file."""


def bank_lines(
    part: PeriodPart, rules: NetMetering | NetBilling, bill_cents: int, bank_cents: int
) -> list[Line]:
    """The line that moves credits between this bill and the next; none when nothing moves.

    Args:
        part: the last part of the bill.
        rules: the plan's.
        bill_cents: the generation lines of the whole bill, without taxes.
        bank_cents: credits from earlier bills; negative after a cancel took back credits that were
            used, which this bill then asks for.
    """
    if rules.carry_over == "none":
        return []
    if bill_cents < 0:
        carried = -bill_cents
        rule = f"the bill's {bill_cents} cents are carried forward in dollars"
        words = (rules.code, rules.carried_label)
    elif bank_cents > 0 and bill_cents:
        carried = -min(bank_cents, bill_cents)
        rule = f"of {bank_cents} cents of credits, no more than the bill"
        words = (rules.code, rules.applied_label)
    elif bank_cents < 0:
        carried = -bank_cents
        rule = f"credits of {-bank_cents} cents had been used and were then cancelled"
        words = (rules.code, rules.recovered_label)
    else:
        return []
    return [amount_line(line_id(BANK_LINE, "all", part), words, part, Amount(carried, rule))]


def moved_cents(lines: Iterable[Line]) -> int:
    """What the lines of a charge put into the customer's bank; negative takes out."""
    moved = [line.signed_cents for line in lines if line.line_id.startswith(_BANK_LINES)]
    return sum(moved)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a year of net metering ends in.

    Attributes:
        surplus_micro: 1e-6 kWh received beyond what was delivered in the year.
        earned_cents: surplus times rate, before the cap.
        paid_cents: what is paid.
        how: `cheque`, `bill_credit`, `roll_over` or `none`.
        balance_cents: the credits with which the next year begins.
    """

    surplus_micro: int
    earned_cents: int
    paid_cents: int
    how: PaidHow
    balance_cents: int


def settle_year(
    policy: CashOut, surplus_micro: int, balance_cents: int, nsc_micro: int
) -> Settlement:
    """Settle a year: pay for a surplus of energy by the CCA's policy.

    Args:
        policy: the CCA's.
        surplus_micro: received less delivered energy of the year, in 1e-6 kWh.
        balance_cents: dollar credits carried so far.
        nsc_micro: the net surplus compensation rate of the month, in 1e-6 dollars per kWh.
    """
    kept = balance_cents if policy.rest == "keep" else min(balance_cents, 0)
    if surplus_micro <= 0:
        return Settlement(surplus_micro, 0, 0, "none", balance_cents)
    earned = line_cents(surplus_micro, policy.price_micro(nsc_micro))
    paid = earned if policy.cap_cents is None else min(earned, policy.cap_cents)
    if paid > policy.threshold_cents:
        return Settlement(surplus_micro, earned, paid, "cheque", kept)
    if policy.small == "roll_over":
        return Settlement(surplus_micro, earned, 0, "roll_over", balance_cents)
    return Settlement(surplus_micro, earned, paid, "bill_credit", kept + paid)
