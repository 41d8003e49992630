"""One full message of every kind, as a service would say it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

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
from shared.contracts.parts import Environment, Purpose, ServiceName
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
from tests.contract.sample_money import ABOUT_MONEY
from tests.contract.sample_parts import AT, FIRST, LAST, ONE, REASON, TWO

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
    *ABOUT_MONEY,
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
