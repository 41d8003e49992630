"""Writes down which bills and which waiting usage a job is about, account by account.

The list is made once, in one statement: what the job is about does not change while it runs.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    cast,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from services.rating.corrections import UsageState
from services.rating.rerun.asked import RerunFilter
from services.rating.scope import Scope
from services.rating.store import (
    ACCOUNTS,
    AGREEMENT_ENTRIES,
    AGREEMENTS,
    CHARGES,
    RERUN,
    USAGE,
)
from services.rating.store_accounts import among, in_scope
from services.rating.store_charges import is_reversed
from shared.contracts.parts import Purpose
from shared.platform.database import WriteSession

_COLUMNS = (
    *("transaction_id", "usage_id", "account_number", "period_start", "period_end"),
    *("charge_id", "invoice_number", "old_version", "old_cents", "code"),
)


async def select_items(
    session: WriteSession, job_id: UUID, scope: Scope, wanted: RerunFilter
) -> int:
    """Write the items of a job, by account and then by time; returns how many there are."""
    parts = []
    if wanted.wants_charged:
        parts.append(_charged(scope, wanted))
    if wanted.wants_held:
        parts.append(_held(scope, wanted))
    found = union_all(*parts).subquery()
    order = (found.c.account_number, found.c.period_start, found.c.seq)
    position = func.row_number().over(order_by=order)
    rows = select(literal(job_id), position, *(found.c[name] for name in _COLUMNS))
    done = await session.execute(
        insert(RERUN.items).from_select(["job_id", "position", *_COLUMNS], rows)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]  # a CursorResult; its stub says Result


def _charged(scope: Scope, wanted: RerunFilter) -> Select[Any]:
    t, u = CHARGES.c, USAGE.c
    conditions = [
        *in_scope(CHARGES, scope),
        t.purpose == Purpose.ORIGINAL.value,
        u.state == UsageState.CHARGED.value,
        ~is_reversed(),
        *_both(wanted),
    ]
    if wanted.plan_id:
        conditions.append(_made_with(wanted.plan_id, wanted.plan_version))
    return (
        select(
            *(u.seq, t.transaction_id, t.usage_id, t.account_number, t.period_start),
            *(t.period_end, t.charge_id, t.invoice_number),
            (t.plan_id + literal(" ") + t.plan_version).label("old_version"),
            t.total_cents.label("old_cents"),
            cast(null(), u.hold_code.type).label("code"),
        )
        .join(USAGE, u.transaction_id == t.transaction_id)
        .where(*conditions)
    )


def _held(scope: Scope, wanted: RerunFilter) -> Select[Any]:
    u = USAGE.c
    conditions = [*in_scope(USAGE, scope), u.state == UsageState.HELD.value, *_both(wanted)]
    if wanted.hold_code:
        conditions.append(u.hold_code == wanted.hold_code)
    return select(
        *(u.seq, u.transaction_id, u.usage_id, u.account_number, u.period_start, u.period_end),
        *(cast(null(), CHARGES.c[name].type).label(name) for name in ("charge_id",)),
        *(cast(null(), USAGE.c.usage_id.type).label(name) for name in ("invoice_number",)),
        cast(null(), USAGE.c.usage_id.type).label("old_version"),
        cast(literal_column("0"), BigInteger).label("old_cents"),
        u.hold_code.label("code"),
    ).where(*conditions)


def _both(wanted: RerunFilter) -> list[ColumnElement[bool]]:
    """What must be true of a bill and of waiting usage alike; both have their usage at hand."""
    u = USAGE.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.accounts:
        conditions.append(among(u.account_number, wanted.accounts))
    if wanted.period_from:
        conditions.append(u.period_end > wanted.period_from)
    if wanted.period_to:
        conditions.append(u.period_start < wanted.period_to)
    if wanted.bill_cycle:
        conditions.append(_on_terms(AGREEMENT_ENTRIES.c.bill_cycle == wanted.bill_cycle))
    if wanted.rate_code:
        said = u.body["meters"].contains(cast([{"rate_code": wanted.rate_code}], JSONB))
        enrolled = _on_terms(AGREEMENT_ENTRIES.c.rate_code == wanted.rate_code)
        conditions.append(or_(said, enrolled))
    return conditions


def _made_with(plan_id: str, version: str | None) -> ColumnElement[bool]:
    """Whether a charge was made with a plan, also where a period had more than one."""
    plans = CHARGES.c.explanation["plans"]
    if version is not None:
        return plans.contains(cast([f"{plan_id} {version}"], JSONB))
    named = func.jsonb_array_elements_text(plans).table_valued("value").alias("named")
    return exists(
        select(literal_column("1"))
        .select_from(named)
        .where(func.starts_with(named.c.value, f"{plan_id} "))
    )


def _on_terms(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the account had certain terms on some day of the service period."""
    account, agreement, entry = ACCOUNTS, AGREEMENTS, AGREEMENT_ENTRIES.c
    later = AGREEMENT_ENTRIES.alias("later")
    superseded = exists().where(
        later.c.agreement_id == entry.agreement_id,
        later.c.seq > entry.seq,
        later.c.effective_on <= func.greatest(USAGE.c.period_start, entry.effective_on),
    )
    return exists(
        select(literal_column("1"))
        .select_from(account.join(agreement).join(AGREEMENT_ENTRIES))
        .where(
            account.c.account_number == USAGE.c.account_number,
            and_(*(account.c[name] == USAGE.c[name] for name in ("cca", "utility", "environment"))),
            entry.effective_on < USAGE.c.period_end,
            condition,
            ~superseded,
        )
    )
