"""Writes and reads what checks found, and the figures that later periods are compared with."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Date, Row, Select, Uuid, any_, bindparam, func, literal, select

from services.rating.corrections import LIVE_STATES
from services.rating.scope import Scope
from services.rating.store import USAGE, VEE
from services.rating.store_accounts import among_given, in_given_scope, in_scope
from services.rating.vee.check import Checked
from services.rating.vee.figures import Figures
from services.rating.vee.finding import CheckFinding
from shared.platform.database import ReadSession, WriteSession, copy_rows

HISTORY_DAYS: Final = 400
"""A year, and what a period may begin earlier or later."""

FINDINGS_MAX: Final = 5_000
"""Findings of one answer."""

_FIGURE_COLUMNS: Final = (
    *("transaction_id", "meter_number", "period_start", "period_end", "cca", "utility"),
    *("environment", "account_number", "delivered_micro", "received_micro", "demand_micro"),
    *("estimated", "from_intervals", "minutes", "reactive_micro", "digest"),
)
_FINDING_COLUMNS: Final = (
    *("transaction_id", "cca", "utility", "environment", "account_number", "meter_number"),
    *("code", "mode", "first_day", "last_day", "intervals", "numbers", "message", "found_at"),
)


async def load_past(
    session: ReadSession | WriteSession, scope: Scope, account_numbers: Collection[str], on: date
) -> list[Figures]:
    """Figures of some accounts' usage that is not cancelled, of the year and more before a day."""
    given = {
        "account_numbers": list(account_numbers),
        "since": on - timedelta(days=HISTORY_DAYS),
        **scope.values,
    }
    return [Figures(*row) for row in await session.execute(_PAST, given)]


def _past() -> Select[*tuple[Any, ...]]:
    f, u = VEE.figures.c, USAGE.c
    return (
        select(*((u if name == "usage_id" else f)[name] for name in Figures.__slots__))
        .join(USAGE, u.transaction_id == f.transaction_id)
        .where(
            *in_given_scope(VEE.figures),
            among_given(f.account_number, "account_numbers"),
            f.period_end > bindparam("since", type_=Date()),
            u.state.in_(LIVE_STATES),
        )
    )


_PAST: Final = _past()


async def save_checked(
    session: WriteSession, scope: Scope, checked: Checked, new: Collection[UUID], at: datetime
) -> None:
    """Keep figures and findings of usage that was new; the usage rows must be there."""
    where = (scope.cca, scope.utility, scope.environment.value)
    figures = [_figure_row(where, one) for one in checked.figures if one.transaction_id in new]
    if figures:
        await copy_rows(session, VEE.figures, _FIGURE_COLUMNS, figures)
    found = [one for one in checked.findings if one.transaction_id in new]
    await save_findings(session, scope, found, at)


async def save_findings(
    session: WriteSession, scope: Scope, findings: Sequence[CheckFinding], at: datetime
) -> None:
    """Keep findings; the usage rows must be there."""
    where = (scope.cca, scope.utility, scope.environment.value)
    if findings:
        rows = [_finding_row(where, one, at) for one in findings]
        await copy_rows(session, VEE.findings, _FINDING_COLUMNS, rows)


async def findings_of(
    session: ReadSession | WriteSession, transaction_ids: Collection[UUID]
) -> dict[UUID, tuple[CheckFinding, ...]]:
    """Read what was found about some 867s, in the order it was found."""
    if not transaction_ids:
        return {}
    t = VEE.findings.c
    keys = any_(literal(list(transaction_ids), ARRAY(Uuid)))
    rows = await session.execute(
        select(VEE.findings).where(t.transaction_id == keys).order_by(t.finding_id)
    )
    return Checked((), tuple(_finding(row) for row in rows)).by_transaction()


async def findings_of_account(
    session: ReadSession, scope: Scope, account_number: str, days: tuple[date, date]
) -> list[CheckFinding]:
    """Read what was found about an account's usage of some days, both included."""
    t = VEE.findings.c
    rows = await session.execute(
        select(VEE.findings)
        .join(USAGE, USAGE.c.transaction_id == t.transaction_id)
        .where(
            *in_scope(USAGE, scope),
            USAGE.c.account_number == account_number,
            t.first_day <= days[1],
            t.last_day >= days[0],
        )
        .order_by(t.first_day, t.finding_id)
        .limit(FINDINGS_MAX)
    )
    return [_finding(row) for row in rows]


async def count_findings(session: ReadSession, scope: Scope, since: datetime) -> dict[str, int]:
    """Count what was found since a moment, by check."""
    t = VEE.findings.c
    rows = await session.execute(
        select(t.code, func.count())
        .where(*in_scope(VEE.findings, scope), t.found_at >= since)
        .group_by(t.code)
        .order_by(t.code)
    )
    return {row[0]: row[1] for row in rows}


def _finding(row: Row[Any]) -> CheckFinding:
    return CheckFinding(**{name: getattr(row, name) for name in CheckFinding.__slots__})


def _figure_row(where: Sequence[str], one: Figures) -> tuple[object, ...]:
    return (
        *(one.transaction_id, one.meter_number, one.period_start, one.period_end, *where),
        *(one.account_number, one.delivered_micro, one.received_micro, one.demand_micro),
        *(one.estimated, one.from_intervals, one.minutes, one.reactive_micro, one.digest),
    )


def _finding_row(where: Sequence[str], one: CheckFinding, at: datetime) -> tuple[object, ...]:
    return (
        *(one.transaction_id, *where, one.account_number, one.meter_number, one.code, one.mode),
        *(one.first_day, one.last_day, one.intervals, json.dumps(dict(one.numbers))),
        *(one.message, at),
    )
