"""A test bill: what one plan version would charge for made-up usage, line by line.

For the person who programs a rate, before anybody is billed with it, and for the comparison of two
versions in money. It is the arithmetic of real bills, with a price book of this one plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.rating.accounts import Terms
from services.rating.charging import Line
from services.rating.cutting import PricedPart, cut
from services.rating.rate_usage import price_parts
from services.rating.scope import Scope
from services.rating.tariffs.book import build_book
from services.rating.tariffs.cca import CcaFile
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import SurchargeRate, TaxFile
from services.rating.usage import PeriodEnergy
from shared.contracts.charges import ChargeUnit, LineKind
from shared.contracts.measures import Quantity, Usd, UsdPrice, from_cents, from_micro, to_micro
from shared.contracts.parts import Environment
from shared.contracts.usage import Bucket

NO_CITY: Final = "NO CITY"
_LONG_AGO: Final = date(1970, 1, 1)
_ANY_DAY: Final = date(9999, 12, 31)

DAYS_MAX: Final = 400
"""More than a year, which no bill is long."""
TestQuantity = Annotated[Quantity, Field(ge=0, le=10**8)]
City = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[A-Z][A-Z .'-]+$")]


class TestUsage(BaseModel):
    """Made-up usage for a test bill: kWh and kW by bucket over `[start, end)`."""

    __test__ = False
    model_config = ConfigDict(frozen=True, extra="forbid")

    start: date
    end: date
    product: Annotated[str, Field(max_length=40)] | None = None
    """The plan's first product when left out."""
    city: City = NO_CITY
    """Decides the user tax."""
    delivered_kwh: Annotated[dict[Bucket, TestQuantity], Field(min_length=1)]
    received_kwh: dict[Bucket, TestQuantity] = {}
    demand_kw: dict[Bucket, TestQuantity] = {}
    bank_cents: Annotated[int, Field(ge=-(10**9), le=10**9)] = 0
    """Net metering credits of earlier bills."""

    @model_validator(mode="after")
    def _moves_forward(self) -> TestUsage:
        if self.end <= self.start:
            raise ValueError("a test bill ends after it starts")
        if (self.end - self.start).days > DAYS_MAX:
            raise ValueError(f"a test bill is for {DAYS_MAX} days at most")
        return self


class TestLine(BaseModel):
    """One printed line, and how it came about."""

    __test__ = False
    model_config = ConfigDict(frozen=True)

    line_id: str
    kind: LineKind
    code: str
    label: str
    quantity: Quantity | None
    unit: ChargeUnit | None
    price: UsdPrice | None
    amount: Usd
    """Signed."""
    rule: str


class TestBill(BaseModel):
    """A bill that nobody gets."""

    __test__ = False
    model_config = ConfigDict(frozen=True)

    plan_id: str
    version: str
    lines: tuple[TestLine, ...]
    total: Usd


def preview(plan: PlanFile, used: TestUsage, taxes: TaxFile | None) -> TestBill:
    """Price made-up usage with one plan version.

    Args:
        plan: the version; it counts on every day of the usage, whatever its own dates say, so that
            a rate of next year can be tried on last year's usage.
        used: the usage.
        taxes: surcharge and city taxes; none are laid on when left out.

    Raises:
        UsageHold: the usage cannot be priced; the reason says why.
    """
    printed = price_parts(
        _parts(plan, used, taxes or no_taxes()),
        (taxes or no_taxes()).surcharge_micro(used.start),
        used.bank_cents,
    )
    lines = [line for each in printed for line in each]
    return TestBill(
        plan_id=plan.plan_id,
        version=plan.version,
        lines=tuple(_line(line) for line in lines),
        total=from_cents(sum(line.signed_cents for line in lines)),
    )


def no_taxes() -> TaxFile:
    """A tax file of zeros."""
    zero = SurchargeRate(rate_micro=0, effective_from=_LONG_AGO, source="no taxes")
    return TaxFile(version="none", energy_surcharge=(zero,))


def _parts(plan: PlanFile, used: TestUsage, taxes: TaxFile) -> list[PricedPart]:
    always = plan.model_copy(update={"effective_from": _LONG_AGO, "effective_through": None})
    product = used.product or plan.products[0]
    cohorts = {used.city: plan.cohort} if plan.cohort else {}
    particulars = CcaFile(
        cca=plan.cca, version="test", name=plan.cca, default_product=product, cohorts=cohorts
    )
    book = build_book([always], [taxes], [particulars])
    terms = Terms(
        rate_code=plan.rate_codes[0], product=product, city=used.city, customer_name="TEST"
    )
    energy = PeriodEnergy(
        used.start,
        used.end,
        _micro(used.delivered_kwh),
        _micro(used.received_kwh),
        _micro(used.demand_kw),
    )
    scope = Scope(plan.cca, plan.utility, Environment.TEST)
    return cut([energy], scope, [(used.start, terms)], book, _ANY_DAY)


def _micro(quantities: Mapping[Bucket, Decimal]) -> dict[Bucket, int]:
    return {bucket: to_micro(quantity) for bucket, quantity in quantities.items()}


def _line(line: Line) -> TestLine:
    quantity, price = line.quantity_micro, line.price_micro
    return TestLine(
        line_id=line.line_id,
        kind=line.kind,
        code=line.code,
        label=line.label,
        quantity=None if quantity is None else from_micro(quantity),
        unit=line.unit,
        price=None if price is None else from_micro(price),
        amount=from_cents(line.signed_cents),
        rule=line.rule,
    )
