"""Lists what utilities' bills differ in: by cause, with owner, state and money, and one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Case, ColumnElement, Select, Subquery, and_, case, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.rating.browsing.marks import Sight
from services.rating.shadow.compare import DifferenceKind
from services.rating.shadow.differences import CauseAct, DifferenceState
from services.rating.store import SHADOW
from services.rating.views import View
from shared.contracts.measures import Usd, from_cents
from shared.platform.columns import SCOPE_COLUMNS
from shared.platform.database import ReadSession


class CauseRow(View):
    """All current differences of one cause in one state."""

    cca: str
    utility: str
    kind: DifferenceKind
    code: str
    label: str
    """What one of the lines says."""
    state: DifferenceState
    owner: str | None
    differences: int
    bills: int
    amount: Usd
    """Theirs less ours, added up; causes overlap, so the sums of two are not to be added."""
    oldest: datetime
    explained_by: str | None
    explanation: str | None


class DifferenceRow(View):
    """One difference of one bill."""

    difference_id: int
    cca: str
    utility: str
    transaction_id: UUID
    invoice_number: str
    account_number: str
    kind: DifferenceKind
    code: str
    label: str
    ours: str | None
    theirs: str | None
    amount: Usd
    state: DifferenceState
    owner: str | None
    since: datetime


class DifferencePage(View):
    """A page of differences, newest first."""

    differences: tuple[DifferenceRow, ...]
    next_before: int | None


class CauseActView(View):
    """What somebody did about a cause."""

    act: CauseAct
    owner: str | None
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DifferenceFilter:
    """Which differences are wanted; `None` means whichever, and settled ones only by name."""

    kind: DifferenceKind | None = None
    code: str | None = None
    account_number: str | None = None
    owner: str | None = None
    state: DifferenceState | None = None


async def show_causes(
    session: ReadSession, sight: Sight, wanted: DifferenceFilter
) -> list[CauseRow]:
    """Current differences by cause, state and owner; the most money first."""
    shown = _shown(sight, wanted).subquery()
    s = shown.c
    cause = [s.cca, s.utility, s.kind, s.code, s.state, s.owner, s.explained_by, s.explanation]
    found = await session.execute(
        select(
            *cause,
            func.min(s.label).label("label"),
            func.count().label("differences"),
            func.count(s.transaction_id.distinct()).label("bills"),
            func.sum(s.difference_cents).label("cents"),
            func.min(s.since).label("oldest"),
        )
        .group_by(*cause)
        .order_by(func.abs(func.sum(s.difference_cents)).desc(), s.cca, s.kind, s.code, s.state)
    )
    return [
        CauseRow(**{**row._mapping, "amount": from_cents(int(row.cents))})  # noqa: SLF001  SQLAlchemy's public name
        for row in found
    ]


async def show_differences(
    session: ReadSession, sight: Sight, wanted: DifferenceFilter, before: int | None, limit: int
) -> DifferencePage:
    """A page of differences, newest first; `before` is the last id of the page before."""
    shown = _shown(sight, wanted).subquery()
    query = select(shown).order_by(shown.c.difference_id.desc()).limit(limit)
    if before is not None:
        query = query.where(shown.c.difference_id < before)
    rows = [
        DifferenceRow(**{**row._mapping, "amount": from_cents(row.difference_cents)})  # noqa: SLF001
        for row in await session.execute(query)
    ]
    more = len(rows) == limit
    return DifferencePage(
        differences=tuple(rows), next_before=rows[-1].difference_id if more else None
    )


async def show_cause_acts(
    session: ReadSession, sight: Sight, kind: DifferenceKind, code: str
) -> list[CauseActView]:
    """Everything done about a cause, latest first."""
    t = SHADOW.acts.c
    found = await session.execute(
        select(t.act, t.owner, t.by, t.reason, t.at)
        .where(
            t.environment == sight.environment.value,
            t.cca.in_(sight.ccas),
            t.kind == kind.value,
            t.code == code,
        )
        .order_by(t.act_id.desc())
    )
    return [CauseActView.model_validate(row, from_attributes=True) for row in found]


def _shown(sight: Sight, wanted: DifferenceFilter) -> Select[*tuple[Any, ...]]:
    """Differences with the owner and the state that their cause gives them."""
    d = SHADOW.differences
    owners = _last_acts("owners", (CauseAct.ASSIGN,))
    words = _last_acts("words", (CauseAct.EXPLAIN, CauseAct.REOPEN))
    state = _state(words)
    explained = case((state == DifferenceState.EXPLAINED.value, words.c.reason))
    explained_by = case((state == DifferenceState.EXPLAINED.value, words.c.by))
    equal = {
        d.c.kind: wanted.kind.value if wanted.kind else None,
        d.c.code: wanted.code,
        d.c.account_number: wanted.account_number,
        owners.c.owner: wanted.owner,
        state: wanted.state.value if wanted.state else None,
    }
    is_settled = wanted.state is DifferenceState.SETTLED
    return (
        select(
            d,
            owners.c.owner,
            state.label("state"),
            explained_by.label("explained_by"),
            explained.label("explanation"),
        )
        .select_from(d.outerjoin(owners, _same_cause(owners)).outerjoin(words, _same_cause(words)))
        .where(
            d.c.environment == sight.environment.value,
            d.c.cca.in_(sight.ccas),
            ~d.c.is_current if is_settled else d.c.is_current,
            *(column == value for column, value in equal.items() if value is not None),
        )
    )


def _last_acts(name: str, acts: Sequence[CauseAct]) -> Subquery:
    t = SHADOW.acts.c
    cause = [t.kind, t.code, *(t[column] for column in SCOPE_COLUMNS)]
    return (
        select(SHADOW.acts)
        .where(t.act.in_([act.value for act in acts]))
        .ext(distinct_on(*cause))
        .order_by(*cause, t.act_id.desc())
        .subquery(name)
    )


def _same_cause(acts: Subquery) -> ColumnElement[bool]:
    t = SHADOW.differences.c
    return and_(*(t[name] == acts.c[name] for name in ("kind", "code", *SCOPE_COLUMNS)))


def _state(words: Subquery) -> Case[str]:
    t = SHADOW.differences.c
    is_explained = and_(words.c.act == CauseAct.EXPLAIN.value, t.since <= words.c.at)
    return case(
        (~t.is_current, DifferenceState.SETTLED.value),
        (is_explained, DifferenceState.EXPLAINED.value),
        else_=DifferenceState.OPEN.value,
    )
