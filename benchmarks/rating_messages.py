"""The messages that benchmarks of rating work on: enrollments and monthly usage of six CCAs.

A message is what the gateway says of one file of one CCA at its utility: 500 accounts, with the
CCA's plans and cities in turns. Every number follows from the message's own, so two runs have the
same bills.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID, uuid5

from shared.contracts.enrollment import (
    EnrolledMeter,
    EnrollmentPurpose,
    EnrollmentReported,
    EnrollmentRequest,
    ServiceAddress,
)
from shared.contracts.envelope import Body, Envelope
from shared.contracts.parts import MESSAGE_ITEMS_MAX, BillOption, Environment, Purpose, ServiceName
from shared.contracts.usage import (
    Bucket,
    MeteredQuantity,
    MeterUsage,
    Unit,
    UsageItem,
    UsageReported,
)

ENROLLED: Final = datetime(2026, 1, 6, 20, tzinfo=UTC)
NOON: Final = clock_time(20)
SPACE: Final = UUID("1c0e6a7e-0000-4000-8000-00000000be4c")
CYCLES: Final = 4
FIRST_READ: Final = date(2026, 6, 2)
PERIOD_DAYS: Final = 30
ON, MID, OFF = Bucket.ON_PEAK, Bucket.MID_PEAK, Bucket.OFF_PEAK
SUPER_OFF: Final = Bucket.SUPER_OFF_PEAK

Sold = tuple[str, str, tuple[Bucket, ...]]
"""A rate code, a product, and the buckets that are metered."""


@dataclass(frozen=True, slots=True)
class Served:
    """The customers of one CCA: of which utility, where they live, and what they buy."""

    utility: str
    cities: tuple[str, ...]
    plans: tuple[Sold, ...]


CCAS: Final[Mapping[str, Served]] = {
    "mce": Served(
        "pge",
        ("SAN RAFAEL", "RICHMOND", "NOVATO", "EL CERRITO"),
        (
            ("E-TOU-C", "LIGHT_GREEN", (ON, OFF)),
            ("E-TOU-C", "DEEP_GREEN", (ON, OFF)),
            ("EV2-A", "LIGHT_GREEN", (ON, MID, OFF)),
            ("E-1", "LIGHT_GREEN", ()),
        ),
    ),
    "pce": Served(
        "pge",
        ("REDWOOD CITY", "SAN MATEO", "DALY CITY"),
        (
            ("E-TOU-C", "ECOPLUS", (ON, OFF)),
            ("E-TOU-C", "ECO100", (ON, OFF)),
            ("EV2-A", "ECOPLUS", (ON, MID, OFF)),
        ),
    ),
    "3ce": Served(
        "pge",
        ("SANTA CRUZ", "MARINA", "SALINAS", "MONTEREY"),
        (("E-TOU-C", "3CCHOICE", (ON, OFF)), ("E-1", "3CCHOICE", ())),
    ),
    "cpa": Served(
        "sce",
        ("CAMARILLO", "VENTURA", "SANTA MONICA"),
        (("TOU-D-4-9PM", "CLEAN", (ON, MID, OFF)),),
    ),
    "sdcp": Served(
        "sdge",
        ("SAN DIEGO", "CHULA VISTA", "LA MESA", "NATIONAL CITY"),
        (
            ("TOU-DR1", "POWERON", (ON, OFF, SUPER_OFF)),
            ("TOU-DR1", "POWER100", (ON, OFF, SUPER_OFF)),
        ),
    ),
    "cea": Served(
        "sdge",
        ("CARLSBAD", "DEL MAR"),
        (
            ("TOU-DR1", "CLEAN_IMPACT", (ON, OFF, SUPER_OFF)),
            ("EV-TOU-5", "CLEAN_IMPACT", (ON, OFF, SUPER_OFF)),
        ),
    ),
}
ALONE: Final = ("mce",)
TOGETHER: Final = tuple(CCAS)


def usage_message(number: int, ccas: Sequence[str] = ALONE) -> bytes:
    """The JSON of one file's usage: one billing cycle of one CCA, 500 accounts."""
    chance = Random(number)
    cca = ccas[number % len(ccas)]
    start = FIRST_READ + timedelta(days=number // len(ccas) % CYCLES)
    first = number * MESSAGE_ITEMS_MAX
    items = [_usage(first + n, start, CCAS[cca], chance) for n in range(MESSAGE_ITEMS_MAX)]
    file_id = uuid5(SPACE, f"867 file {number}")
    came = datetime.combine(start + timedelta(days=PERIOD_DAYS + 1), NOON, UTC)
    body = UsageReported(file_id=file_id, items=tuple(items))
    return envelope(f"867 {number}", came, body, cca)


def enrollment_message(number: int, ccas: Sequence[str] = ALONE) -> bytes:
    """The JSON of the same accounts' enrollments."""
    cca = ccas[number % len(ccas)]
    first = number * MESSAGE_ITEMS_MAX
    items = tuple(_request(first + n, CCAS[cca]) for n in range(MESSAGE_ITEMS_MAX))
    body = EnrollmentReported(file_id=uuid5(SPACE, f"814 file {number}"), items=items)
    return envelope(f"814 {number}", ENROLLED, body, cca)


def envelope(name: str, at: datetime, body: Body, cca: str = ALONE[0]) -> bytes:
    """The JSON of one message of the gateway."""
    return Envelope(
        id=uuid5(SPACE, name),
        type=body.type,
        at=at,
        source=ServiceName.EDI_GATEWAY,
        correlation_id=uuid5(SPACE, f"correlation {name}"),
        cca=cca,
        utility=CCAS[cca].utility,
        environment=Environment.TEST,
        body=body,
    ).to_json()


def _request(number: int, served: Served) -> EnrollmentRequest:
    plans, cities = served.plans, served.cities
    rate_code, product, _ = plans[number % len(plans)]
    return EnrollmentRequest(
        transaction_id=uuid5(SPACE, f"814 of {number}"),
        request_id=f"R{number:09d}",
        requested_on=date(2026, 1, 5),
        purpose=EnrollmentPurpose.ENROLL,
        account_number=f"{number:010d}",
        service_agreement_id=f"SA{number:010d}",
        customer_name=f"CUSTOMER {number}",
        service_address=ServiceAddress(city=cities[number // len(plans) % len(cities)], state="CA"),
        rate_code=rate_code,
        product=product,
        bill_option=BillOption.BILL_READY,
        effective_on=date(2026, 1, 10),
        meters=(EnrolledMeter(meter_number=f"M{number:09d}", kind="KHMON"),),
    )


def _usage(number: int, start: date, served: Served, chance: Random) -> UsageItem:
    rate_code, _, buckets = served.plans[number % len(served.plans)]
    energy = {bucket: Decimal(chance.randrange(1, 400_000)).scaleb(-3) for bucket in buckets}
    total = sum(energy.values()) or Decimal(chance.randrange(1, 900_000)).scaleb(-3)
    quantities = {Bucket.TOTAL: total, **energy}
    end = start + timedelta(days=PERIOD_DAYS)
    return UsageItem(
        transaction_id=uuid5(SPACE, f"867 of {number}"),
        usage_id=f"U{number:012d}",
        purpose=Purpose.ORIGINAL,
        reported_on=end,
        bill_due_on=end + timedelta(days=5),
        account_number=f"{number:010d}",
        service_agreement_id=f"SA{number:010d}",
        customer_name=f"CUSTOMER {number}",
        meters=(
            MeterUsage(
                meter_number=f"M{number:09d}",
                period_start=start,
                period_end=end,
                rate_code=rate_code,
                quantities=tuple(
                    MeteredQuantity(bucket=bucket, unit=Unit.KWH, quantity=kwh)
                    for bucket, kwh in quantities.items()
                ),
            ),
        ),
    )
