"""A bill that the utility computed itself for usage that we charged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import uuid4

from shared.contracts.charges import (
    Charge,
    ChargeLine,
    InvoiceReported,
    ReportedInvoice,
    ReportedLine,
)
from shared.contracts.parts import BillOption, Purpose
from tests.unit.rating.words import JUNE, TODAY, transaction


def bill_of(
    charge: Charge,
    lines: Sequence[ChargeLine] | None = None,
    *,
    names_usage: bool = True,
    period: tuple[date, date] = JUNE,
) -> InvoiceReported:
    """The utility's 810 for the same usage; its lines are ours unless others are given."""
    told = charge.lines if lines is None else lines
    invoice = ReportedInvoice(
        transaction_id=transaction("810 I1"),
        invoice_number="I1",
        purpose=Purpose.ORIGINAL,
        invoiced_on=TODAY,
        account_number=charge.account_number,
        service_agreement_id=charge.service_agreement_id,
        usage_id=charge.usage_id if names_usage else None,
        period_start=period[0],
        period_end=period[1],
        bill_option=BillOption.RATE_READY,
        lines=tuple(ReportedLine(**line.model_dump()) for line in told),
        total=sum((line.signed_amount for line in told), Decimal("0.00")),
    )
    return InvoiceReported(file_id=uuid4(), items=(invoice,))
