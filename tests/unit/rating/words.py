"""Short words for customers, meters and bills, shared by the tests of rating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid5

from services.rating.accounts import Agreement, Applied, decide
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook, build_book
from services.rating.tariffs.files import PLANS_FOLDER, read_folder
from services.rating.tariffs.taxes import CityTax, TaxFile
from shared.contracts.enrollment import (
    EnrolledMeter,
    EnrollmentPurpose,
    EnrollmentRequest,
    ServiceAddress,
)
from shared.contracts.parts import BillOption, Environment, Purpose
from shared.contracts.usage import (
    Bucket,
    Direction,
    MeteredQuantity,
    MeterUsage,
    Unit,
    UsageItem,
)

MCE = Scope("mce", "pge", Environment.TEST)
THREE_CE = Scope("3ce", "pge", Environment.TEST)
SPACE = UUID("0d1b6a52-0000-4000-8000-000000000002")
JUNE = (date(2026, 6, 6), date(2026, 7, 6))
TODAY = date(2026, 11, 23)
BUCKETS: Mapping[str, Bucket] = {
    "on": Bucket.ON_PEAK,
    "mid": Bucket.MID_PEAK,
    "off": Bucket.OFF_PEAK,
    "super": Bucket.SUPER_OFF_PEAK,
    "total": Bucket.TOTAL,
}


def transaction(name: str) -> UUID:
    """The id of the transaction of that name."""
    return uuid5(SPACE, name)


def request(
    request_id: str = "R1",
    purpose: EnrollmentPurpose = EnrollmentPurpose.ENROLL,
    *,
    account: str = "A1",
    effective_on: date | None = date(2022, 1, 1),
    requested_on: date = date(2021, 12, 1),
    rate_code: str | None = "E-TOU-C",
    city: str = "SAN RAFAEL",
    meter: str = "M1",
    product: str | None = None,
    bill_option: BillOption | None = BillOption.BILL_READY,
    agreement: str | None = "SA1",
) -> EnrollmentRequest:
    """One 814 request."""
    return EnrollmentRequest(
        transaction_id=transaction(f"814 {request_id} {account}"),
        request_id=request_id,
        requested_on=requested_on,
        purpose=purpose,
        account_number=account,
        service_agreement_id=agreement,
        customer_name="ADA FENWICKE",
        service_address=ServiceAddress(city=city, state="CA"),
        rate_code=rate_code,
        product=product,
        bill_option=bill_option,
        effective_on=effective_on,
        meters=(EnrolledMeter(meter_number=meter, kind="KHMON"),),
    )


def enrolled(**terms: object) -> Agreement:
    """An agreement enrolled by one request."""
    asked = request(**terms)  # type: ignore[arg-type]
    verdict = decide(asked, None, account_known=False)
    if not isinstance(verdict, Applied):
        raise TypeError(str(verdict))
    agreement = Agreement(asked.account_number, asked.service_agreement_id or "")
    meters = frozenset(meter.meter_number for meter in asked.meters)
    return agreement.with_entry(verdict.entry, meters)


def meter(
    period: tuple[date, date],
    energy: Mapping[str, str],
    *,
    number: str = "M1",
    rate_code: str | None = "E-TOU-C",
    estimated: bool = False,
    direction: Direction = Direction.DELIVERED,
) -> MeterUsage:
    """What one meter recorded; `energy` is kWh by `on`, `mid`, `off`, `super`, `total`."""
    return MeterUsage(
        meter_number=number,
        period_start=period[0],
        period_end=period[1],
        rate_code=rate_code,
        quantities=tuple(
            MeteredQuantity(
                bucket=BUCKETS[name],
                unit=Unit.KWH,
                direction=direction,
                estimated=estimated,
                quantity=Decimal(kwh),
            )
            for name, kwh in energy.items()
        ),
    )


def both_ways(
    period: tuple[date, date],
    delivered: Mapping[str, str],
    received: Mapping[str, str],
    rate_code: str | None = "E-TOU-C",
) -> MeterUsage:
    """What the meter of a customer who generates recorded."""
    there = meter(period, delivered, rate_code=rate_code)
    back = meter(period, received, rate_code=rate_code, direction=Direction.RECEIVED)
    return there.model_copy(update={"quantities": (*there.quantities, *back.quantities)})


def usage(
    usage_id: str = "U1",
    *meters: MeterUsage,
    account: str = "A1",
    purpose: Purpose = Purpose.ORIGINAL,
    corrects: str | None = None,
    transaction_name: str | None = None,
    agreement: str | None = "SA1",
    period: tuple[date, date] = JUNE,
    energy: Mapping[str, str] | None = None,
) -> UsageItem:
    """One 867; without meters, an ordinary June of one meter."""
    read = meters or (meter(period, energy or {"on": "100", "off": "200", "total": "300"}),)
    return UsageItem(
        transaction_id=transaction(transaction_name or f"867 {usage_id}"),
        usage_id=usage_id,
        original_usage_id=corrects,
        purpose=purpose,
        reported_on=TODAY,
        account_number=account,
        service_agreement_id=agreement,
        customer_name="ADA FENWICKE",
        meters=read,
    )


def price_book(cities: Sequence[CityTax] = ()) -> PriceBook:
    """The tariffs that come with the program; `cities` are added to the tax table."""
    files = read_folder(PLANS_FOLDER)
    if files.taxes is None:
        raise LookupError("taxes.toml is gone")
    taxes = TaxFile(
        version=files.taxes.version,
        energy_surcharge=files.taxes.energy_surcharge,
        cities=(*files.taxes.cities, *cities),
    )
    return build_book(files.plans, [taxes], files.ccas)
