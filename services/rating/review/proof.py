"""Proves every day that the value hold fires, with a charge that nobody will ever pay.

A made-up customer of each class is charged exactly the limit, and a credit as large, through the
same desk and gate and the CCA's own settings, in memory: both must stop, and a charge of a cent
less must not. A hold that was switched off or only warns, or a gate that is by-passed, fails it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import func, insert, select

from services.rating.accounts import Agreement, Entry, Register, Status, Terms
from services.rating.charging import Line
from services.rating.corrections import UsageRecord
from services.rating.desk import Known, UsageDesk
from services.rating.holds import RateNotFound
from services.rating.rate_usage import Explanation, Rated
from services.rating.review.classes import CustomerClass
from services.rating.review.figures import VALUE_HOLD_FAILED, VALUE_HOLD_PROVED
from services.rating.review.gate import ReviewGate
from services.rating.review.registry import AUDITS, HIGH_VALUE
from services.rating.review.settings import ReviewSettings, load_settings
from services.rating.scope import UTILITY_ZONE, Scope
from services.rating.store import PLANS, REVIEW
from services.rating.store_tariffs import PriceBooks
from services.rating.tariffs.book import PriceBook
from shared.contracts.charges import LineKind
from shared.contracts.enrollment import EnrollmentPurpose
from shared.contracts.parts import Environment, Purpose
from shared.contracts.usage import Bucket, MeteredQuantity, MeterUsage, Unit, UsageItem
from shared.platform.database import ReadSession, WriteSession
from shared.platform.rate_families import RESIDENTIAL_FAMILIES
from shared.platform.telemetry import logger

log = logger(__name__)

PROVED_CLASSES: Final = (CustomerClass.RESIDENTIAL, CustomerClass.COMMERCIAL)
SCHEDULE: Final = "schedule"
"""Who runs the daily test."""

_SPACE: Final = UUID("0b4f5a2e-6f53-4b0e-9a8d-0d7f3ac1e6b4")
_SAID: Final = "value hold test"


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What one test of the value hold showed."""

    cca: str
    customer_class: CustomerClass
    limit_cents: int
    passed: bool
    detail: str


def prove(
    scope: Scope,
    customer_class: CustomerClass,
    settings: ReviewSettings,
    book: PriceBook,
    at: datetime,
) -> ProofResult:
    """Send synthetic charges through the desk, and see which of them stop.

    Args:
        scope: the CCA and utility; the environment plays no part.
        customer_class: residential or commercial.
        settings: the CCA's audits in force.
        book: prices; none of them is used.
        at: the moment.
    """
    limits = settings.of(AUDITS[HIGH_VALUE], customer_class).limits
    limit, credit = limits["limit_cents"], limits["credit_limit_cents"]
    trials = ((limit, True), (-credit, True), (limit - 1, False))
    wrong = [
        f"{cents / Decimal(100):,.2f} dollars {'left' if must_stop else 'were stopped'}"
        for cents, must_stop in trials
        if _stops(scope, customer_class, settings, book, at, cents) is not must_stop
    ]
    detail = "; ".join(wrong) or f"stopped at {limit / Decimal(100):,.2f} dollars"
    return ProofResult(scope.cca, customer_class, limit, not wrong, detail)


async def prove_and_keep(
    session: WriteSession, scope: Scope, book: PriceBook, at: datetime, ran_by: str
) -> list[ProofResult]:
    """Test the value hold of one CCA for each class, and keep what it showed."""
    settings = await load_settings(session, scope.cca)
    results = [prove(scope, each, settings, book, at) for each in PROVED_CLASSES]
    for result in results:
        labels = (result.cca, result.customer_class.value)
        if result.passed:
            VALUE_HOLD_PROVED.labels(*labels).set(at.timestamp())
        else:
            VALUE_HOLD_FAILED.labels(*labels).inc()
            log.error("value hold did not fire", cca=result.cca, detail=result.detail)
    rows = [
        {
            "cca": result.cca,
            "customer_class": result.customer_class.value,
            "day": at.astimezone(UTILITY_ZONE).date(),
            "limit_cents": result.limit_cents,
            "passed": result.passed,
            "detail": result.detail,
            "ran_by": ran_by,
            "ran_at": at,
        }
        for result in results
    ]
    await session.execute(insert(REVIEW.tests), rows)
    return results


async def prove_now(
    session: WriteSession, books: PriceBooks, cca: str, at: datetime, by: str
) -> list[ProofResult]:
    """Test the value hold of a CCA beside the daily test, because somebody wants to see it.

    Raises:
        RateNotFound: no tariffs are active for it.
    """
    book = await books.current(session)
    scopes = [scope for scope in await billing_scopes(session) if scope.cca == cca]
    if book is None or not scopes:
        raise RateNotFound(f"no tariffs are active for {cca}")
    return await prove_and_keep(session, scopes[0], book, at, by)


async def last_test_days(session: ReadSession | WriteSession) -> dict[str, date]:
    """The day on which each CCA's value hold was last tested by the schedule."""
    t = REVIEW.tests.c
    found = await session.execute(
        select(t.cca, func.max(t.day)).where(t.ran_by == SCHEDULE).group_by(t.cca)
    )
    return {row[0]: row[1] for row in found}


async def billing_scopes(session: ReadSession | WriteSession) -> list[Scope]:
    """Every CCA that can be billed, with a utility."""
    found = await session.execute(
        select(PLANS.c.cca, PLANS.c.utility).distinct().order_by(PLANS.c.cca, PLANS.c.utility)
    )
    return [Scope(row.cca, row.utility, Environment.TEST) for row in found]


def _stops(
    scope: Scope,
    customer_class: CustomerClass,
    settings: ReviewSettings,
    book: PriceBook,
    at: datetime,
    cents: int,
) -> bool:
    """Whether a charge of so much is stopped for its value, and nothing of it leaves."""
    today = at.astimezone(UTILITY_ZONE).date()
    item = _usage(f"{scope.cca}/{customer_class}/{cents}", today)
    register = Register()
    register.put(_customer(scope, customer_class, today))
    gate = ReviewGate(scope, at, settings, register)
    known = Known(priced={item.transaction_id: _rated(cents, today)})
    desk = UsageDesk(scope, register, book, today, known, gate)
    desk.receive(UsageRecord.of(item, item.transaction_id))
    desk.settle()
    opened = gate.opened.get(item.transaction_id)
    for_value = opened is not None and HIGH_VALUE in opened.codes
    return for_value and not desk.outcome().charges


def _customer(scope: Scope, customer_class: CustomerClass, today: date) -> Agreement:
    families = RESIDENTIAL_FAMILIES.get(scope.utility, ("",))
    code = families[0] if customer_class is CustomerClass.RESIDENTIAL else "VALUE-HOLD-TEST"
    since = today - timedelta(days=365)
    entry = Entry(
        1, EnrollmentPurpose.ENROLL, Status.ACTIVE, since, since, _SAID, Terms(rate_code=code)
    )
    return Agreement("PROOF", "PROOF", (entry,))


def _usage(name: str, today: date) -> UsageItem:
    quantity = MeteredQuantity(bucket=Bucket.TOTAL, unit=Unit.KWH, quantity=Decimal(1))
    read = MeterUsage(
        meter_number="PROOF",
        period_start=today - timedelta(days=30),
        period_end=today,
        quantities=(quantity,),
    )
    return UsageItem(
        transaction_id=uuid5(_SPACE, name),
        usage_id="PROOF",
        purpose=Purpose.ORIGINAL,
        reported_on=today,
        account_number="PROOF",
        service_agreement_id="PROOF",
        meters=(read,),
    )


def _rated(cents: int, today: date) -> Rated:
    kind = LineKind.CREDIT if cents < 0 else LineKind.CHARGE
    line = Line("proof", kind, "ENC001", _SAID.upper(), None, None, None, abs(cents))
    return Rated(
        period_start=today - timedelta(days=30),
        period_end=today,
        estimated=False,
        plan_id="PROOF",
        plan_version="PROOF",
        lines=(line,),
        explanation=Explanation((), (), (), "", prorated=False),
    )
