"""One full message of every kind that is about money."""

from __future__ import annotations

from decimal import Decimal

from shared.contracts.charges import (
    Balance,
    ChargesRated,
    CheckedInvoice,
    InvoiceCheck,
    InvoiceReported,
    InvoicesChecked,
    ReportedInvoice,
    ReportedLine,
)
from shared.contracts.envelope import Body
from shared.contracts.parts import BillOption, Purpose
from shared.contracts.remittance import (
    AppliedLine,
    RemittanceApplied,
    RemittanceHeld,
    RemittanceLine,
    RemittanceLineKind,
    RemittanceOutcome,
    RemittanceReported,
)
from shared.contracts.write_offs import WriteOff, WriteOffsReported
from tests.contract.sample_parts import CHARGE, LAST, LINES, ONE, REASON, TWO

ABOUT_MONEY: tuple[Body, ...] = (
    ChargesRated(items=(CHARGE,)),
    InvoiceReported(
        file_id=ONE,
        items=(
            ReportedInvoice(
                transaction_id=TWO,
                invoice_number="I1",
                purpose=Purpose.ORIGINAL,
                invoiced_on=LAST,
                account_number="0012345678",
                bill_option=BillOption.RATE_READY,
                lines=tuple(ReportedLine(**line.model_dump(), level="ACCOUNT") for line in LINES),
                balances=(Balance(kind="M", code="YB", amount=Decimal("121.89")),),
                total=Decimal("21.89"),
            ),
        ),
    ),
    InvoicesChecked(
        items=(
            CheckedInvoice(
                transaction_id=TWO,
                invoice_number="I1",
                account_number="0012345678",
                state=InvoiceCheck.DIFFERS,
                differences=2,
                total=Decimal("21.89"),
                ours=Decimal("20.78"),
                message="2 differences",
            ),
        )
    ),
    RemittanceReported(
        file_id=ONE,
        transaction_id=TWO,
        trace_number="T1",
        total=Decimal("99999999999999.99"),
        settled_on=LAST,
        line_count=1,
        part=1,
        parts=1,
        lines=(
            RemittanceLine(
                sequence=1, kind=RemittanceLineKind.PAYMENT, amount=Decimal("99999999999999.99")
            ),
        ),
    ),
    RemittanceApplied(
        transaction_id=TWO,
        trace_number="T1",
        total=Decimal("10.00"),
        lines=(
            AppliedLine(
                sequence=1,
                outcome=RemittanceOutcome.SHORT,
                amount=Decimal("10.00"),
                applied=Decimal("10.00"),
                unapplied=Decimal("0.00"),
                adjusted=Decimal("0.00"),
                open_balance=Decimal("0.10"),
                explanation="Pays 10.00 of invoice I1; 0.10 stays open.",
            ),
        ),
    ),
    RemittanceHeld(
        transaction_id=TWO,
        trace_number="T1",
        total=Decimal("10.00"),
        lines_total=Decimal("9.99"),
        code="SUM_MISMATCH",
        message="lines sum to 9.99",
    ),
    WriteOffsReported(
        file_id=ONE,
        items=(
            WriteOff(
                transaction_id=TWO,
                write_off_id="WO1",
                sequence=1,
                purpose=Purpose.ORIGINAL,
                account_number="0012345678",
                amount=Decimal("-12.34"),
                written_off_on=LAST,
                reason=REASON,
            ),
        ),
    ),
)
