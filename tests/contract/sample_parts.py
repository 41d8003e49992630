"""What several messages speak of: one charge, two transactions, a month."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.charges import (
    Charge,
    ChargeLine,
    ChargeUnit,
    LineKind,
)
from shared.contracts.parts import Purpose, Reason

ONE, TWO = (UUID(int=number, version=4) for number in (1, 2))
FIRST, LAST = date(2026, 6, 6), date(2026, 7, 6)
AT = datetime(2026, 7, 6, 14, 30, tzinfo=UTC)
REASON = Reason(code="A76", text="ACCOUNT NOT FOUND")

LINES = (
    ChargeLine(
        sequence=1,
        line_id="generation.on_peak",
        kind=LineKind.CHARGE,
        code="ENC001",
        label="GENERATION ON PEAK",
        quantity=Decimal("100.123456"),
        unit=ChargeUnit.KWH,
        price=Decimal("0.207820"),
        amount=Decimal("20.81"),
    ),
    ChargeLine(
        sequence=2,
        line_id="cost_relief",
        kind=LineKind.CREDIT,
        code="ENC003",
        label="COST RELIEF CREDIT",
        amount=Decimal("0.62"),
    ),
    ChargeLine(
        sequence=3,
        line_id="user_tax",
        kind=LineKind.TAX,
        code="UT",
        label="TAX",
        amount=Decimal("1.70"),
    ),
)

CHARGE = Charge(
    charge_id=ONE,
    invoice_number="MCE0000000001",
    purpose=Purpose.ORIGINAL,
    transaction_id=TWO,
    usage_id="USE1",
    account_number="0012345678",
    service_agreement_id="SA1",
    customer_name="ADA ALDERTON",
    invoiced_on=LAST,
    due_on=LAST,
    period_start=FIRST,
    period_end=LAST,
    plan_id="MCE-E-TOU-C",
    plan_version="2026-04-01",
    lines=LINES,
    total=Decimal("21.89"),
)
