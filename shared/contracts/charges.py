"""Charges: what a Community Choice Aggregator asks a customer to pay for a service period."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.contracts.measures import Quantity, Usd, UsdPrice
from shared.contracts.parts import (
    MESSAGE_ITEMS_MAX,
    BillOption,
    Identifier,
    Part,
    Purpose,
    Text,
    Word,
)


class LineKind(Word):
    """How a printed line enters the total: charges and taxes add, credits subtract."""

    CHARGE = "charge"
    CREDIT = "credit"
    TAX = "tax"


class ChargeUnit(Word):
    """What a line's quantity counts (SAC09: KH, K1, DA, MO)."""

    KWH = "kWh"
    KW = "kW"
    DAY = "day"
    MONTH = "month"


class ChargeLine(Part):
    """One printed line; `amount` is unsigned and already rounded to the cent.

    `line_id` is stable from one rating to the next (component and bucket), so that a re-rate can be
    compared with what was billed.
    """

    sequence: Annotated[int, Field(ge=1)]
    line_id: Identifier
    kind: LineKind
    code: Identifier
    """SAC04 of a charge or credit (e.g. `ENC001`), TXI01 of a tax (`UT`, `ET`)."""
    label: Text
    quantity: Quantity | None = None
    unit: ChargeUnit | None = None
    price: UsdPrice | None = None
    amount: Annotated[Usd, Field(ge=0)]
    jurisdiction: Text = ""
    """The city that is owed a user tax; empty for other lines and where nobody said."""

    @property
    def signed_amount(self) -> Usd:
        """The amount with the sign with which it enters the total."""
        return -self.amount if self.kind is LineKind.CREDIT else self.amount


class Charge(Part):
    """One invoice: one account, one service period.

    A cancel carries the numbers as originally billed, not negated: its purpose makes it a cancel
    (Maine EBT Standards v3.0, the rule the trade follows).
    """

    charge_id: UUID
    invoice_number: Identifier
    """BIG02, the business key of a charge."""
    original_invoice_number: Identifier | None = None
    purpose: Purpose
    transaction_id: UUID
    """The 867 transaction that caused this charge."""
    usage_id: Identifier
    account_number: Identifier
    service_agreement_id: Identifier | None = None
    customer_name: Text = ""
    invoiced_on: date
    due_on: date | None = None
    """Last day of the bill window."""
    period_start: date
    period_end: date
    estimated: bool = False
    plan_id: Identifier
    plan_version: Identifier
    lines: Annotated[tuple[ChargeLine, ...], Field(min_length=1)]
    total: Usd

    @model_validator(mode="after")
    def _lines_sum_to_total(self) -> Self:
        if sum(line.signed_amount for line in self.lines) != self.total:
            msg = f"charge lines do not add to the total of {self.total}"
            raise ValueError(msg)
        return self


class ChargesRated(Part):
    """Usage was rated into exact charges; each becomes one 810."""

    type: Literal["ChargesRated"] = "ChargesRated"
    items: Annotated[tuple[Charge, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]


class ReportedLine(ChargeLine):
    """One line of a utility's 810, and what it stands under."""

    level: Text = ""
    """IT109: ACCOUNT, RATE, METER or UNMET; empty when it stands below the total."""
    meter_number: Identifier | None = None


class Balance(Part):
    """What an account owes, as the utility's bill says; no part of the bill's total."""

    kind: Text
    """BAL01: P previous, M now, Y of the year or plan."""
    code: Text
    """BAL02: YB balance, J9 before this bill."""
    amount: Usd


class ReportedInvoice(Part):
    """An 810 that a utility sent us: a rate-ready bill or its service fees."""

    transaction_id: UUID
    invoice_number: Identifier
    original_invoice_number: Identifier | None = None
    purpose: Purpose
    invoiced_on: date
    account_number: Identifier
    service_agreement_id: Identifier | None = None
    usage_id: Identifier | None = None
    period_start: date | None = None
    period_end: date | None = None
    bill_option: BillOption | None = None
    """Rate-ready when the utility computed our charges; None when it does not say."""
    due_on: date | None = None
    lines: tuple[ReportedLine, ...] = ()
    """They add to the total."""
    informational: tuple[ReportedLine, ...] = ()
    """Printed only (SAC01 N, TXI07 O); no part of the total."""
    balances: tuple[Balance, ...] = ()
    messages: tuple[Text, ...] = ()
    total: Usd
    """This bill alone, without arrears (TDS01)."""


class InvoiceReported(Part):
    """A utility sent invoices of its own (810)."""

    type: Literal["InvoiceReported"] = "InvoiceReported"
    file_id: UUID
    items: Annotated[tuple[ReportedInvoice, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]


class InvoiceCheck(Word):
    """What came of checking a utility's bill against the usage it is for."""

    AGREES = "agrees"
    DIFFERS = "differs"
    WAITING_FOR_USAGE = "waiting_for_usage"


class CheckedInvoice(Part):
    """A utility's bill that was rated again from its usage."""

    transaction_id: UUID
    """The 810 transaction."""
    invoice_number: Identifier
    account_number: Identifier
    state: InvoiceCheck
    differences: Annotated[int, Field(ge=0)] = 0
    """How many lines, quantities, prices and amounts differ beyond what is tolerated."""
    total: Usd
    """As the utility says."""
    ours: Usd | None = None
    """As we rate the same usage; None while it waits."""
    message: Text


class InvoicesChecked(Part):
    """Bills that a utility computed were compared with ours."""

    type: Literal["InvoicesChecked"] = "InvoicesChecked"
    items: Annotated[tuple[CheckedInvoice, ...], Field(min_length=1, max_length=MESSAGE_ITEMS_MAX)]
