"""What an account used, month by month, as the utility reported it: for charts and comparisons.

The numbers are those of the 867s that count: charged ones, and held ones beside them, so that a
month that waits is seen and not missed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, any_, func, literal, select

from services.rating.corrections import LIVE_STATES, UsageState
from services.rating.scope import Scope
from services.rating.store import INTERVAL_SERIES, USAGE
from services.rating.store_accounts import in_scope
from services.rating.usage import is_estimated
from shared.contracts.parts import Purpose
from shared.contracts.usage import Bucket, Direction, MeteredQuantity, Unit, UsageItem
from shared.platform.database import ReadSession

MONTHS_SHOWN: Final = 36
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Energy:
    """What one 867 says, all its meters together.

    Attributes:
        delivered_kwh: to the customer.
        received_kwh: from the customer.
        demand_kw: the highest demand of any meter; none when nobody measured it.
        estimated: some of it is the utility's estimate.
        meters: whose it is.
    """

    delivered_kwh: Decimal
    received_kwh: Decimal
    demand_kw: Decimal | None
    estimated: bool
    meters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One 867 of an account, and where it stands."""

    transaction_id: UUID
    usage_id: str
    purpose: str
    original_usage_id: str | None
    service_agreement_id: str | None
    period_start: date
    period_end: date
    state: str
    hold_code: str | None
    received_at: datetime
    energy: Energy

    @property
    def days(self) -> int:
        """The days of its period."""
        return (self.period_end - self.period_start).days

    @property
    def counts(self) -> bool:
        """Whether its energy is, or may yet be, billed."""
        live = self.state in LIVE_STATES
        return live and self.purpose != Purpose.CANCEL.value


def energy_of(item: UsageItem) -> Energy:
    """Add up an 867; it is shown as it came, also where it cannot be charged."""
    quantities = [quantity for meter in item.meters for quantity in meter.quantities]
    demand = [
        q.quantity for q in quantities if q.unit is Unit.KW and q.direction is Direction.DELIVERED
    ]
    meters = tuple(dict.fromkeys(meter.meter_number for meter in item.meters))
    each = [
        (_kwh(meter.quantities, Direction.DELIVERED), _kwh(meter.quantities, Direction.RECEIVED))
        for meter in item.meters
    ]
    return Energy(
        delivered_kwh=sum((there for there, _ in each), ZERO),
        received_kwh=sum((back for _, back in each), ZERO),
        demand_kw=max(demand, default=None),
        estimated=is_estimated(item),
        meters=meters,
    )


def _kwh(quantities: Iterable[MeteredQuantity], direction: Direction) -> Decimal:
    """The stated total of a meter; without one, the sum of its buckets."""
    energy = [q for q in quantities if q.unit is Unit.KWH and q.direction is direction]
    totals = [q.quantity for q in energy if q.bucket is Bucket.TOTAL]
    return sum(totals or [q.quantity for q in energy], ZERO)


async def energies(session: ReadSession, transaction_ids: Collection[UUID]) -> dict[UUID, Energy]:
    """What some 867s say, by their transaction."""
    t = USAGE.c
    found = await session.execute(
        select(t.transaction_id, t.body).where(
            t.transaction_id == any_(literal(list(transaction_ids), ARRAY(Uuid)))
        )
    )
    return {row.transaction_id: energy_of(UsageItem.model_validate(row.body)) for row in found}


async def usage_history(
    session: ReadSession, scope: Scope, account_number: str, limit: int = MONTHS_SHOWN
) -> list[UsageRow]:
    """The newest 867s of an account by period, oldest first; copies are left out."""
    t = USAGE.c
    found = await session.execute(
        select(USAGE)
        .where(
            *in_scope(USAGE, scope),
            t.account_number == account_number,
            t.state != UsageState.DUPLICATE.value,
        )
        .order_by(t.period_start.desc(), t.seq.desc())
        .limit(limit)
    )
    return [_usage_row(row) for row in reversed(found.all())]


def _usage_row(row: Row[*tuple[Any, ...]]) -> UsageRow:
    return UsageRow(
        transaction_id=row.transaction_id,
        usage_id=row.usage_id,
        purpose=row.purpose,
        original_usage_id=row.original_usage_id,
        service_agreement_id=row.service_agreement_id,
        period_start=row.period_start,
        period_end=row.period_end,
        state=row.state,
        hold_code=row.hold_code,
        received_at=row.received_at,
        energy=energy_of(UsageItem.model_validate(row.body)),
    )


async def newest_reading_day(
    session: ReadSession, scope: Scope, account_number: str
) -> date | None:
    """The last local day of which an account has interval readings, or nothing."""
    t = INTERVAL_SERIES.c
    found: date | None = await session.scalar(
        select(func.max(t.last_day)).where(
            *in_scope(INTERVAL_SERIES, scope), t.account_number == account_number
        )
    )
    return found
