"""The test-bill calculator: a plain form whose answer is an address, so a result can be sent on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field, ValidationError

from services.rating.holds import UsageHold
from services.rating.pages.rooms import Asked, Day, Word
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.preview import NO_CITY, TestBill, TestUsage, preview
from services.rating.tariffs.taxes import TaxFile
from shared.contracts.usage import Bucket
from shared.platform.refusals import wrong_words

EXAMPLE_DAYS: Final = 30
EXAMPLE_KWH: Final = Decimal(500)
EXAMPLE_KW: Final = Decimal(10)
BUCKETS: Final = tuple(Bucket)

Quantity = Annotated[Decimal, Field(ge=0, le=10**8, max_digits=15, decimal_places=6)]


class BillForm(Asked):
    """Made-up usage as it stands in an address; left out, an example month is billed."""

    other: Word | None = None
    """The version to compare with."""
    start: Day | None = None
    end: Day | None = None
    product: Word | None = None
    city: Word | None = None
    kwh_total: Quantity | None = None
    kwh_on_peak: Quantity | None = None
    kwh_mid_peak: Quantity | None = None
    kwh_off_peak: Quantity | None = None
    kwh_super_off_peak: Quantity | None = None
    received_total: Quantity | None = None
    received_on_peak: Quantity | None = None
    received_mid_peak: Quantity | None = None
    received_off_peak: Quantity | None = None
    received_super_off_peak: Quantity | None = None
    kw_total: Quantity | None = None
    kw_on_peak: Quantity | None = None
    kw_mid_peak: Quantity | None = None
    kw_off_peak: Quantity | None = None
    kw_super_off_peak: Quantity | None = None

    def quantities(self, kind: str) -> dict[Bucket, Decimal]:
        """What was filled in of one kind: `kwh`, `received` or `kw`."""
        said = {bucket: getattr(self, f"{kind}_{bucket.value}") for bucket in BUCKETS}
        return {bucket: quantity for bucket, quantity in said.items() if quantity is not None}


@dataclass(frozen=True, slots=True)
class FormRow:
    """One quantity that a plan asks for."""

    name: str
    label: str
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Calculation:
    """What the calculator shows: the usage it took, its questions, and the bill or why not."""

    used: TestUsage | None
    rows: tuple[FormRow, ...]
    bill: TestBill | None
    refusal: str | None


def calculate(plan: PlanFile, asked: BillForm, taxes: TaxFile | None) -> Calculation:
    """Bill what was filled in with one version, or an example month when nothing was."""
    try:
        used = usage_of(plan, asked)
    except ValidationError as wrong:
        return Calculation(None, _rows(plan, asked, {}, {}), None, wrong_words(wrong))
    rows = _rows(plan, asked, used.delivered_kwh, used.demand_kw)
    try:
        return Calculation(used, rows, preview(plan, used, taxes), None)
    except UsageHold as reason:
        return Calculation(used, rows, None, reason.detail)


def usage_of(plan: PlanFile, asked: BillForm) -> TestUsage:
    """The usage to bill.

    Raises:
        ValidationError: it goes backwards, is too long, or names no city.
    """
    start = asked.start or plan.effective_from
    end = asked.end or start + timedelta(days=EXAMPLE_DAYS)
    delivered, demand = asked.quantities("kwh"), asked.quantities("kw")
    if not delivered and not demand:
        delivered = _example(_energy_buckets(plan), EXAMPLE_KWH)
        demand = dict.fromkeys(_demand_buckets(plan), EXAMPLE_KW)
    return TestUsage(
        start=start,
        end=end,
        product=asked.product,
        city=(asked.city or NO_CITY).upper(),
        delivered_kwh=delivered or {Bucket.TOTAL: Decimal(0)},
        received_kwh=asked.quantities("received"),
        demand_kw=demand,
    )


def _example(buckets: tuple[Bucket, ...], whole: Decimal) -> dict[Bucket, Decimal]:
    """The same everywhere: no customer is like that, and the sum is easily checked."""
    share = (whole / len(buckets)).quantize(Decimal("0.001"))
    return dict.fromkeys(buckets, share)


def _energy_buckets(plan: PlanFile) -> tuple[Bucket, ...]:
    needed = {bucket for season in plan.seasons for bucket in plan.buckets(season)}
    return _in_order(needed - {Bucket.TOTAL}) or (Bucket.TOTAL,)


def _demand_buckets(plan: PlanFile) -> tuple[Bucket, ...]:
    return _in_order(bucket for season in plan.seasons for bucket in plan.demand_buckets(season))


def _in_order(buckets: Iterable[Bucket]) -> tuple[Bucket, ...]:
    wanted = set(buckets)
    return tuple(bucket for bucket in BUCKETS if bucket in wanted)


def _rows(
    plan: PlanFile,
    asked: BillForm,
    delivered: Mapping[Bucket, Decimal],
    demand: Mapping[Bucket, Decimal],
) -> tuple[FormRow, ...]:
    """What the plan prices, asked for in its own buckets; received energy where it has rules."""
    received = asked.quantities("received")
    kinds: list[tuple[str, str, tuple[Bucket, ...], Mapping[Bucket, Decimal]]] = [
        ("kwh", "kWh", _energy_buckets(plan), delivered),
        ("received", "kWh received", _energy_buckets(plan) if plan.nem else (), received),
        ("kw", "kW", _demand_buckets(plan), demand),
    ]
    return tuple(
        FormRow(
            f"{kind}_{bucket}", f"{bucket.replace('_', ' ').capitalize()}, {unit}", had.get(bucket)
        )
        for kind, unit, buckets, had in kinds
        for bucket in buckets
    )
