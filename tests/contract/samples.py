"""One full message of every kind, as a service would say it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.charges import (
    Balance,
    Charge,
    ChargeLine,
    ChargesRated,
    ChargeUnit,
    CheckedInvoice,
    InvoiceCheck,
    InvoiceReported,
    InvoicesChecked,
    LineKind,
    ReportedInvoice,
    ReportedLine,
)
from shared.contracts.documents import (
    AcknowledgedDocument,
    AcknowledgmentVerdict,
    Advice,
    AdviceReported,
    AdviceVerdict,
    DocumentAcknowledged,
    DocumentResent,
    DocumentSent,
    ResentDocument,
    SentDocument,
    SentTax,
)
from shared.contracts.enrollment import (
    EnrolledMeter,
    EnrollmentDecided,
    EnrollmentDecision,
    EnrollmentPurpose,
    EnrollmentReported,
    EnrollmentRequest,
    ServiceAddress,
)
from shared.contracts.envelope import Body, Envelope
from shared.contracts.intervals import (
    IntervalUsage,
    IntervalUsageReported,
    MeterIntervals,
    ReadingRun,
    Stretch,
    pack,
)
from shared.contracts.parts import BillOption, Environment, Purpose, Reason, ServiceName
from shared.contracts.remittance import (
    AppliedLine,
    RemittanceApplied,
    RemittanceHeld,
    RemittanceLine,
    RemittanceLineKind,
    RemittanceOutcome,
    RemittanceReported,
)
from shared.contracts.usage import (
    Bucket,
    CancelledUsage,
    HeldUsage,
    HistoricalPeriod,
    HistoricalUsage,
    HistoricalUsageReported,
    HistoryLevel,
    MeteredQuantity,
    MeterUsage,
    UnbilledUsage,
    Unit,
    UsageCancelled,
    UsageHeld,
    UsageItem,
    UsageNotBilled,
    UsageReported,
)
from shared.contracts.write_offs import WriteOff, WriteOffsReported

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

BODIES: tuple[Body, ...] = (
    EnrollmentReported(
        file_id=ONE,
        items=(
            EnrollmentRequest(
                transaction_id=TWO,
                request_id="REQ1",
                requested_on=FIRST,
                purpose=EnrollmentPurpose.ENROLL,
                account_number="0012345678",
                service_address=ServiceAddress(city="SAN RAFAEL"),
                meters=(EnrolledMeter(meter_number="M1", kind="KHMON"),),
            ),
        ),
    ),
    EnrollmentDecided(
        items=(
            EnrollmentDecision(
                transaction_id=TWO,
                request_id="REQ1",
                purpose=EnrollmentPurpose.ENROLL,
                accepted=False,
                reasons=(REASON,),
                account_number="0012345678",
            ),
        )
    ),
    UsageReported(
        file_id=ONE,
        items=(
            UsageItem(
                transaction_id=TWO,
                usage_id="USE1",
                purpose=Purpose.ORIGINAL,
                reported_on=LAST,
                account_number="0012345678",
                meters=(
                    MeterUsage(
                        meter_number="M1",
                        period_start=FIRST,
                        period_end=LAST,
                        quantities=(
                            MeteredQuantity(
                                bucket=Bucket.TOTAL, unit=Unit.KWH, quantity=Decimal("0.000001")
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
    IntervalUsageReported(
        file_id=ONE,
        items=(
            IntervalUsage(
                transaction_id=TWO,
                usage_id="USE2",
                purpose=Purpose.ORIGINAL,
                reported_on=LAST,
                account_number="0012345678",
                meters=(
                    MeterIntervals(
                        meter_number="M1",
                        period_start=FIRST,
                        period_end=date(2026, 6, 7),
                        minutes=60,
                        expected=24,
                        decimals=3,
                        runs=(
                            ReadingRun(
                                start=datetime(2026, 6, 6, 7, tzinfo=UTC),
                                count=3,
                                packed=pack((1).to_bytes(4, "little") * 3),
                                estimated=(Stretch(first=1, count=2),),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
    UsageHeld(
        items=(
            HeldUsage(
                transaction_id=TWO,
                usage_id="USE1",
                account_number="0012345678",
                code="NOT_ENROLLED",
                message="no active agreement",
            ),
        )
    ),
    UsageNotBilled(
        items=(
            UnbilledUsage(
                transaction_id=ONE,
                usage_id="USE1",
                account_number="0012345678",
                message="the utility computes this bill",
            ),
        )
    ),
    UsageCancelled(
        items=(
            CancelledUsage(
                transaction_id=ONE,
                usage_id="USE1",
                cancel_transaction_id=TWO,
                cancel_usage_id="CANCEL1",
                account_number="0012345678",
            ),
        )
    ),
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
    DocumentSent(
        file_id=ONE,
        set_id="810",
        items=(
            SentDocument(
                transaction_id=TWO,
                document_number="MCE0000000001",
                account_number="0012345678",
                amount=Decimal("-0.01"),
                taxes=(SentTax(code="UT", jurisdiction="MARINA", amount=Decimal("0.12")),),
                dated_on=LAST,
            ),
        ),
    ),
    DocumentResent(
        file_id=ONE,
        set_id="810",
        items=(
            ResentDocument(
                transaction_id=TWO,
                document_number="MCE0000000001",
                account_number="0012345678",
                sending=2,
            ),
        ),
    ),
    DocumentAcknowledged(
        set_id="810",
        items=(
            AcknowledgedDocument(
                transaction_id=TWO,
                document_number="MCE0000000001",
                account_number="0012345678",
                verdict=AcknowledgmentVerdict.REJECTED,
                reasons=(REASON,),
            ),
        ),
    ),
    AdviceReported(
        file_id=ONE,
        items=(
            Advice(
                transaction_id=TWO,
                set_id="810",
                document_number="MCE0000000001",
                verdict=AdviceVerdict.REJECTED,
                reasons=(REASON,),
            ),
        ),
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
    HistoricalUsageReported(
        file_id=ONE,
        items=(
            HistoricalUsage(
                transaction_id=TWO,
                usage_id="HIST1",
                reported_on=LAST,
                account_number="0012345678",
                periods=(
                    HistoricalPeriod(
                        level=HistoryLevel.ACCOUNT,
                        period_start=FIRST,
                        period_end=LAST,
                        quantities=(
                            MeteredQuantity(
                                bucket=Bucket.TOTAL, unit=Unit.KWH, quantity=Decimal(500)
                            ),
                        ),
                    ),
                ),
            ),
        ),
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


def envelope_of(body: Body) -> Envelope:
    """The message that carries a body."""
    return Envelope.about(
        body,
        at=AT,
        source=ServiceName.EDI_GATEWAY,
        correlation_id=ONE,
        cca="mce",
        utility="pge",
        environment=Environment.TEST,
        causation_id=TWO,
    )


ENVELOPES: dict[str, Envelope] = {body.type: envelope_of(body) for body in BODIES}
