"""Reads and writes usage and its holds: what came, where it stands, and why it waits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CompoundSelect,
    Date,
    Row,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    union,
    update,
)

from services.rating.corrections import SETTLED_STATES, UsageRecord, UsageState
from services.rating.desk import DeskOutcome
from services.rating.holds import Hold, UsageDuplicate
from services.rating.scope import Scope
from services.rating.store import HOLDS, USAGE
from services.rating.store_accounts import among, among_given, in_given_scope, in_scope
from shared.contracts.parts import Environment, Purpose
from shared.contracts.usage import UsageItem
from shared.platform.database import WriteSession, copy_rows

_USAGE_COLUMNS: Final = (
    *("transaction_id", "cca", "utility", "environment", "usage_id", "purpose"),
    *("original_usage_id", "account_number", "service_agreement_id", "meters", "period_start"),
    *("period_end", "content_hash", "body", "state", "hold_code", "ended_by", "correlation_id"),
    "received_at",
)


@dataclass(frozen=True, slots=True)
class Sought:
    """Which earlier usage concerns a batch."""

    account_numbers: frozenset[str]
    usage_ids: frozenset[str] = frozenset()
    transaction_ids: frozenset[UUID] = frozenset()
    days: tuple[date, date] | None = None

    @classmethod
    def for_items(cls, items: Sequence[UsageItem]) -> Sought:
        """What must be known to take these items."""
        named = {item.original_usage_id for item in items if item.original_usage_id}
        meters = [meter for item in items for meter in item.meters]
        return cls(
            account_numbers=frozenset(item.account_number for item in items),
            usage_ids=frozenset(item.usage_id for item in items) | named,
            transaction_ids=frozenset(item.transaction_id for item in items),
            days=(min(m.period_start for m in meters), max(m.period_end for m in meters)),
        )


async def load_usage(session: WriteSession, scope: Scope, sought: Sought) -> list[UsageRecord]:
    """Read earlier usage in the order it came, in one round trip (two when a correction waits).

    All held usage of the accounts comes with its content, settled usage where its days matter
    (`days`, or every day when not given), and whatever is named by id.
    """
    found = {r.transaction_id: r for r in await _load(session, scope, sought)}
    known = {record.usage_id for record in found.values()}
    named = {record.original_usage_id for record in found.values() if record.hold}
    missing = frozenset(name for name in named - known if name)
    if not missing:
        return list(found.values())
    also = await _load(session, scope, Sought(frozenset(), missing))
    return [*also, *found.values()]


async def _load(session: WriteSession, scope: Scope, sought: Sought) -> list[UsageRecord]:
    first, last = sought.days or (date.min, date.max)
    given = {
        "account_numbers": list(sought.account_numbers),
        "usage_ids": list(sought.usage_ids),
        "transaction_ids": list(sought.transaction_ids),
        "first_day": first,
        "last_day": last,
        **scope.values,
    }
    return [_record(row) for row in await session.execute(_CONCERNED, given)]


def _concerned() -> Select[*tuple[Any, ...]]:
    t = USAGE.c
    body = case((t.state == UsageState.HELD.value, cast(t.body, Text)), else_=None)
    columns = [column for column in USAGE.columns if column.name != "body"]
    return (
        select(*columns, body.label("content")).where(t.transaction_id.in_(_keys())).order_by(t.seq)
    )


def _keys() -> CompoundSelect[UUID]:
    """Transactions that concern a batch; each way to find them has an index of its own.

    One condition with OR would read everything the CCA ever sent, at every batch.
    """
    t = USAGE.c
    near = and_(
        t.state.in_([state.value for state in SETTLED_STATES]),
        t.period_start < bindparam("last_day", type_=Date()),
        t.period_end > bindparam("first_day", type_=Date()),
    )
    return union(
        select(t.transaction_id).where(
            *in_given_scope(USAGE),
            among_given(t.account_number, "account_numbers"),
            or_(t.state == UsageState.HELD.value, near),
        ),
        select(t.transaction_id).where(
            *in_given_scope(USAGE),
            among_given(t.usage_id, "usage_ids"),
            t.state != literal_column(f"'{UsageState.DUPLICATE.value}'"),
        ),
        select(t.transaction_id).where(
            t.transaction_id == any_(bindparam("transaction_ids", type_=ARRAY(Uuid)))
        ),
    )


_CONCERNED: Final = _concerned()


def _record(row: Row[*tuple[Any, ...]]) -> UsageRecord:
    return UsageRecord(
        transaction_id=row.transaction_id,
        correlation_id=row.correlation_id,
        usage_id=row.usage_id,
        purpose=Purpose(row.purpose),
        original_usage_id=row.original_usage_id,
        account_number=row.account_number,
        meters=tuple(row.meters),
        period_start=row.period_start,
        period_end=row.period_end,
        content_hash=row.content_hash,
        state=UsageState(row.state),
        hold=Hold(row.hold_code, "") if row.hold_code else None,
        ended_by=row.ended_by,
        item=UsageItem.model_validate_json(row.content) if row.content else None,
    )


async def held_transactions(
    session: WriteSession, scope: Scope, codes: Collection[str], limit: int, after: int
) -> list[tuple[int, str]]:
    """The next held usage of some codes: its place in the order, and its account."""
    t = USAGE.c
    found = await session.execute(
        select(t.seq, t.account_number)
        .where(
            *in_scope(USAGE, scope),
            t.state == UsageState.HELD.value,
            among(t.hold_code, codes),
            t.seq > after,
        )
        .order_by(t.seq)
        .limit(limit)
    )
    return [(row.seq, row.account_number) for row in found]


async def scopes_with_holds(session: WriteSession, codes: Collection[str]) -> list[Scope]:
    """Every scope in which usage is held under one of these codes."""
    t = USAGE.c
    found = await session.execute(
        select(t.cca, t.utility, t.environment)
        .where(t.state == UsageState.HELD.value, among(t.hold_code, codes))
        .distinct()
    )
    return [Scope(row.cca, row.utility, Environment(row.environment)) for row in found]


async def save_usage(
    session: WriteSession, scope: Scope, outcome: DeskOutcome, at: datetime
) -> None:
    """Write what a batch changed: new usage, new states, holds opened and closed."""
    where = (scope.cca, scope.utility, scope.environment.value)
    await copy_rows(
        session, USAGE, _USAGE_COLUMNS, [_usage_row(where, record, at) for record in outcome.added]
    )
    if outcome.changed:
        await _move(session, outcome.changed)
        await _close_holds(session, outcome.changed, at)
    opened = [
        (record.transaction_id, record.hold.code, record.hold.message, at, _closed(record, at))
        for record in outcome.held
        if record.hold is not None
    ]
    if opened:
        columns = ("transaction_id", "code", "message", "opened_at", "closed_at")
        await copy_rows(session, HOLDS, columns, opened)


def _closed(record: UsageRecord, at: datetime) -> datetime | None:
    """An exact copy is noted and done with; every other reason stays open until it is gone."""
    is_copy = record.hold is not None and record.hold.code == UsageDuplicate.code
    return at if is_copy else None


def _usage_row(where: tuple[str, ...], record: UsageRecord, at: datetime) -> tuple[object, ...]:
    item = record.item
    if item is None:
        raise ValueError(f"usage {record.usage_id} has no content to keep")
    return (
        *(record.transaction_id, *where, record.usage_id, record.purpose),
        *(record.original_usage_id, record.account_number, item.service_agreement_id),
        *(list(record.meters), record.period_start, record.period_end, record.content_hash),
        *(record.content or item.model_dump_json(), record.state),
        record.hold.code if record.hold else None,
        *(record.ended_by, record.correlation_id, at),
    )


async def _move(session: WriteSession, records: Iterable[UsageRecord]) -> None:
    rows = list(records)
    now = (
        select(
            func.unnest(literal([r.transaction_id for r in rows], ARRAY(Uuid))).label("key"),
            func.unnest(literal([r.state.value for r in rows], ARRAY(Text))).label("state"),
            func.unnest(
                literal([r.hold.code if r.hold else None for r in rows], ARRAY(Text))
            ).label("hold_code"),
            func.unnest(literal([r.ended_by for r in rows], ARRAY(Uuid))).label("ended_by"),
        )
    ).subquery()
    await session.execute(
        update(USAGE)
        .where(USAGE.c.transaction_id == now.c.key)
        .values(state=now.c.state, hold_code=now.c.hold_code, ended_by=now.c.ended_by)
    )


async def _close_holds(session: WriteSession, records: Iterable[UsageRecord], at: datetime) -> None:
    """The reasons in force until now are over; what still holds is opened again, by its name."""
    keys = literal([record.transaction_id for record in records], ARRAY(Uuid))
    await session.execute(
        update(HOLDS)
        .where(HOLDS.c.transaction_id == any_(keys), HOLDS.c.closed_at.is_(None))
        .values(closed_at=at)
    )
