"""Charges for people: a list of them, and one with everything that explains it.

What an analyst asks first is why an amount is what it is; second, how it compares with the months
beside it; third, whether it was corrected. All three are answered from what was kept with the
charge when it was made, never by computing it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Select,
    Text,
    bindparam,
    literal_column,
    select,
    tuple_,
    union_all,
)

from services.rating.browsing.energy import Energy, energies
from services.rating.browsing.marks import PAGE_ROWS, Mark, Sight
from services.rating.charge_json import line_item
from services.rating.rate_usage import Explanation, LineReason
from services.rating.store import CHARGES
from services.rating.store_charges import explanation_of, load_lines
from services.rating.views import View
from shared.contracts.charges import ChargeLine
from shared.contracts.measures import Usd, from_cents
from shared.contracts.parts import Purpose
from shared.platform.database import ReadSession
from shared.platform.refusals import Refusal

NEIGHBOURS: Final = 13
"""A year of months and the one before."""

CHAIN_MAX: Final = 20

_PLACE: Final = (CHARGES.c.rated_at, CHARGES.c.charge_id)
"""Where a charge stands in a list."""


class PlanNotNamed(Refusal):
    """Versions are named within a plan; of any plan, they would be looked for everywhere."""

    code = "PLAN_NOT_NAMED"
    status = 422
    title = "A version is one of a plan"


class ChargeRow(View):
    """One charge in a list."""

    charge_id: UUID
    cca: str
    utility: str
    invoice_number: str
    purpose: Purpose
    original_invoice_number: str | None
    account_number: str
    service_agreement_id: str | None
    customer_name: str
    invoiced_on: date
    due_on: date | None
    period_start: date
    period_end: date
    estimated: bool
    plan_id: str
    plan_version: str
    total: Usd
    usage_id: str
    transaction_id: UUID
    rated_at: datetime

    @property
    def mark(self) -> Mark:
        """Where a list goes on after it."""
        return Mark(self.rated_at, self.charge_id)

    @property
    def days(self) -> int:
        """The days of its service period."""
        return (self.period_end - self.period_start).days

    @property
    def effect(self) -> Decimal:
        """What it adds to what the customer owes: a cancel takes back."""
        return -self.total if self.purpose is Purpose.CANCEL else self.total


class ChargePage(View):
    """A page of charges, newest first."""

    charges: tuple[ChargeRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class ChargeFilter:
    """Which charges are wanted; `None` means whichever."""

    account_number: str | None = None
    plan_id: str | None = None
    plan_version: str | None = None
    purpose: Purpose | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A printed line, and why it is what it is."""

    line: ChargeLine
    reason: LineReason | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A charge of the same service agreement, with the energy it is for."""

    charge: ChargeRow
    energy: Energy | None

    @property
    def daily_kwh(self) -> Decimal | None:
        """Energy a day, which compares months of unequal length."""
        if self.energy is None or not self.charge.days:
            return None
        return (self.energy.delivered_kwh / self.charge.days).quantize(Decimal("0.1"))


@dataclass(frozen=True, slots=True)
class ChargeStory:
    """One charge with what explains it.

    Attributes:
        charge: its head.
        lines: its printed lines with their reasons.
        explanation: what holds for all of it.
        energy: what the 867 said.
        neighbours: originals of the same agreement around its period, oldest first, itself too.
        chain: it and what corrected it or was corrected by it, in the order they were made.
    """

    charge: ChargeRow
    lines: tuple[ExplainedLine, ...]
    explanation: Explanation
    energy: Energy | None
    neighbours: tuple[Neighbour, ...]
    chain: tuple[ChargeRow, ...]


async def list_charges(
    session: ReadSession,
    sight: Sight,
    wanted: ChargeFilter,
    after: Mark | None = None,
    limit: int = PAGE_ROWS,
) -> ChargePage:
    """A page of charges, newest first.

    Each CCA's newest are read from its own end of an index, so that those of a small one are not
    looked for among the millions of a large one.

    Raises:
        PlanNotNamed: a version is asked for, and no plan.
    """
    if wanted.plan_version is not None and wanted.plan_id is None:
        raise PlanNotNamed(f"name the plan whose version {wanted.plan_version} is")
    if not sight.ccas:
        return ChargePage(charges=(), next=None)
    conditions = _conditions(wanted)
    if after is not None:
        conditions.append(tuple_(*_PLACE) < (after.at, after.id))
    rows = tuple(
        charge_row(row) for row in await session.execute(_newest(sight, conditions, limit))
    )
    return ChargePage(charges=rows, next=str(rows[-1].mark) if len(rows) == limit else None)


async def tell_charge(
    session: ReadSession, sight: Sight, invoice_number: str
) -> ChargeStory | None:
    """One charge with its reasons, its neighbours and its corrections."""
    t = CHARGES.c
    found = await session.execute(
        _heads(sight).add_columns(t.explanation).where(t.invoice_number == invoice_number).limit(1)
    )
    row = found.one_or_none()
    if row is None:
        return None
    charge = charge_row(row)
    explanation = explanation_of(row.explanation)
    lines = (await load_lines(session, (charge.charge_id,))).get(charge.charge_id, ())
    around = await _around(session, sight, charge)
    read = await energies(session, [one.transaction_id for one in (charge, *around)])
    return ChargeStory(
        charge=charge,
        lines=_explained([line_item(line, n) for n, line in enumerate(lines, 1)], explanation),
        explanation=explanation,
        energy=read.get(charge.transaction_id),
        neighbours=tuple(Neighbour(one, read.get(one.transaction_id)) for one in around),
        chain=await _chain(session, sight, charge),
    )


def charge_row(row: Row[*tuple[Any, ...]]) -> ChargeRow:
    """A row of the database as it is listed."""
    shown = {name: getattr(row, name) for name in ChargeRow.model_fields if hasattr(row, name)}
    return ChargeRow(**shown, total=from_cents(row.total_cents))


def _heads(sight: Sight) -> Select[*tuple[Any, ...]]:
    t = CHARGES.c
    columns = [t[name] for name in ChargeRow.model_fields if name != "total"]
    ccas = [_constant(cca) for cca in sight.ccas]
    seen = t.cca == ccas[0] if len(ccas) == 1 else t.cca.in_(ccas)
    return select(*columns, t.total_cents).where(t.environment == sight.environment.value, seen)


def _newest(
    sight: Sight, conditions: Sequence[ColumnElement[bool]], limit: int
) -> Select[*tuple[Any, ...]]:
    """The newest charges of some CCAs.

    Where there are several, the newest of each are picked by what stands in the index, and only
    those that are shown are read: the latest rows of a small CCA lie far apart.
    """
    t = CHARGES.c
    heads = _heads(sight).order_by(*(column.desc() for column in _PLACE)).limit(limit)
    if len(sight.ccas) == 1:
        return heads.where(*conditions)
    each = [
        select(*_PLACE)
        .where(t.environment == sight.environment.value, t.cca == _constant(cca), *conditions)
        .order_by(*(column.desc() for column in _PLACE))
        .limit(limit)
        .subquery()
        for cca in sight.ccas
    ]
    found = union_all(*(select(one) for one in each)).subquery()
    shown = (
        select(found)
        .order_by(found.c.rated_at.desc(), found.c.charge_id.desc())
        .limit(limit)
        .subquery()
    )
    return heads.where(t.charge_id == shown.c.charge_id)


def _constant(cca: str) -> BindParameter[str]:
    """A CCA written into the statement, so that it is planned for that CCA."""
    return bindparam(None, cca, Text, literal_execute=True)


def _conditions(wanted: ChargeFilter) -> list[ColumnElement[bool]]:
    t = CHARGES.c
    equal = {
        t.account_number: wanted.account_number,
        t.plan_id: wanted.plan_id,
        t.plan_version: wanted.plan_version,
    }
    said = [column == value for column, value in equal.items() if value is not None]
    if wanted.purpose is not None:  # as a constant, so that the index of the few others is found
        said.append(t.purpose == literal_column(f"'{wanted.purpose.value}'"))
    if wanted.since is not None:
        said.append(t.rated_at >= wanted.since)
    if wanted.until is not None:
        said.append(t.rated_at < wanted.until)
    return said


def _explained(lines: Sequence[ChargeLine], why: Explanation) -> tuple[ExplainedLine, ...]:
    """Lines and reasons were written in one order; older charges have no reasons by line."""
    if len(why.lines) != len(lines):
        return tuple(ExplainedLine(line, None) for line in lines)
    return tuple(ExplainedLine(*pair) for pair in zip(lines, why.lines, strict=True))


async def _around(session: ReadSession, sight: Sight, charge: ChargeRow) -> list[ChargeRow]:
    """Originals of the same agreement that nothing took back, up to a year around this one."""
    t = CHARGES.c
    taken_back = CHARGES.alias("taken_back")
    same = _heads(sight).where(
        t.account_number == charge.account_number,
        t.cca == charge.cca,
        t.utility == charge.utility,
        t.service_agreement_id.is_not_distinct_from(charge.service_agreement_id),
        t.purpose != Purpose.CANCEL.value,
        ~select(taken_back.c.charge_id).where(taken_back.c.reverses == t.charge_id).exists()
        | (t.charge_id == charge.charge_id),
    )
    half = NEIGHBOURS // 2
    before = same.where(t.period_start <= charge.period_start)
    after = same.where(t.period_start > charge.period_start)
    earlier = await session.execute(before.order_by(t.period_start.desc()).limit(half + 1))
    later = await session.execute(after.order_by(t.period_start).limit(half))
    return [*reversed([charge_row(row) for row in earlier]), *(charge_row(row) for row in later)]


async def _chain(session: ReadSession, sight: Sight, charge: ChargeRow) -> tuple[ChargeRow, ...]:
    """Charges of the same agreement over the same days: the original, its cancel, the rebill."""
    t = CHARGES.c
    found = await session.execute(
        _heads(sight)
        .where(
            t.account_number == charge.account_number,
            t.cca == charge.cca,
            t.utility == charge.utility,
            t.service_agreement_id.is_not_distinct_from(charge.service_agreement_id),
            t.period_start < charge.period_end,
            t.period_end > charge.period_start,
        )
        .order_by(t.rated_at, t.invoice_number)
        .limit(CHAIN_MAX)
    )
    return tuple(charge_row(row) for row in found)
