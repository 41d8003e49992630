"""What happened to an account, newest first: requests, usage, what it waited for, and charges.

Each event names the document that caused it, so that a person can go from a line on a bill back to
the segment that a utility sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.rating.corrections import UsageState
from services.rating.scope import Scope
from services.rating.store import CHARGES, ENROLLMENT_REQUESTS, HOLDS, USAGE
from services.rating.store_accounts import in_scope
from shared.contracts.measures import from_cents
from shared.platform.database import ReadSession

EVENTS_MAX: Final = 100
KINDS: Final = ("enrollment", "usage", "hold", "charge")
"""What happens at one moment happens in this order: the one causes the other."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an account.

    Attributes:
        at: when.
        what: in words.
        who: whose doing it was.
        kind: `enrollment`, `usage`, `hold` or `charge`.
        transaction_id: the document of the gateway that caused it.
        invoice_number: the charge that came of it.
    """

    at: datetime
    what: str
    who: str
    kind: str
    transaction_id: UUID | None = None
    invoice_number: str | None = None


_NOW: Final = {UsageState.NOT_BILLED.value: "billed by the utility (rate-ready)"}


async def account_story(session: ReadSession, scope: Scope, account_number: str) -> list[Event]:
    """What happened to an account, newest first: requests, usage, what it waited for, charges."""
    parts = (_requests, _usage, _holds, _charges)
    events = [event for part in parts for event in await part(session, scope, account_number)]
    order = {kind: rank for rank, kind in enumerate(KINDS)}
    events.sort(key=lambda event: (event.at, order[event.kind]), reverse=True)
    return events[:EVENTS_MAX]


async def _requests(session: ReadSession, scope: Scope, account_number: str) -> list[Event]:
    t = ENROLLMENT_REQUESTS.c
    found = await session.execute(
        select(
            t.transaction_id, t.request_id, t.accepted, t.decision, t.decided_at,
            t.body["purpose"].astext.label("purpose"),
        )
        .where(*in_scope(ENROLLMENT_REQUESTS, scope), t.account_number == account_number)
        .order_by(t.decided_at.desc())
        .limit(EVENTS_MAX)
    )  # fmt: skip
    return [
        Event(
            at=row.decided_at,
            what=f"Request {row.request_id} ({row.purpose}) {_verdict(row.accepted, row.decision)}",
            who=scope.utility.upper(),
            kind="enrollment",
            transaction_id=row.transaction_id,
        )
        for row in found
    ]


def _verdict(accepted: bool, decision: dict[str, Any]) -> str:  # noqa: FBT001  a column
    if accepted:
        return "was accepted"
    reasons = "; ".join(one["text"] or one["code"] for one in decision["reasons"])
    return f"was turned down: {reasons}" if reasons else "was turned down"


async def _usage(session: ReadSession, scope: Scope, account_number: str) -> list[Event]:
    t = USAGE.c
    found = await session.execute(
        select(
            t.transaction_id, t.usage_id, t.purpose, t.period_start, t.period_end, t.state,
            t.received_at,
        )
        .where(*in_scope(USAGE, scope), t.account_number == account_number)
        .order_by(t.received_at.desc(), t.seq.desc())
        .limit(EVENTS_MAX)
    )  # fmt: skip
    return [
        Event(
            at=row.received_at,
            what=f"Usage {row.usage_id} ({row.purpose}) of {row.period_start} to {row.period_end}"
            f" came; now {_NOW.get(row.state, row.state)}",
            who=scope.utility.upper(),
            kind="usage",
            transaction_id=row.transaction_id,
        )
        for row in found
    ]


async def _holds(session: ReadSession, scope: Scope, account_number: str) -> list[Event]:
    t, u = HOLDS.c, USAGE.c
    found = await session.execute(
        select(HOLDS, u.usage_id)
        .join(USAGE, u.transaction_id == t.transaction_id)
        .where(*in_scope(USAGE, scope), u.account_number == account_number)
        .order_by(t.hold_id.desc())
        .limit(EVENTS_MAX)
    )
    events = []
    for row in found:
        word = row.code.replace("_", " ")
        who, what = "Rating", f"Usage {row.usage_id} is held, {word}: {row.message}"
        events.append(Event(row.opened_at, what, who, "hold", row.transaction_id))
        if row.closed_at is not None and row.closed_at != row.opened_at:
            over = f"Usage {row.usage_id} is no longer held for {word}"
            events.append(Event(row.closed_at, over, who, "hold", row.transaction_id))
    return events


async def _charges(session: ReadSession, scope: Scope, account_number: str) -> list[Event]:
    t = CHARGES.c
    found = await session.execute(
        select(
            t.transaction_id, t.invoice_number, t.purpose, t.total_cents, t.rated_at, t.plan_id,
            t.plan_version,
        )
        .where(*in_scope(CHARGES, scope), t.account_number == account_number)
        .order_by(t.rated_at.desc(), t.charge_id)
        .limit(EVENTS_MAX)
    )  # fmt: skip
    return [
        Event(
            at=row.rated_at,
            what=f"Invoice {row.invoice_number} ({row.purpose}) of"
            f" ${from_cents(row.total_cents):,.2f} by {row.plan_id} {row.plan_version}",
            who="Rating",
            kind="charge",
            transaction_id=row.transaction_id,
            invoice_number=row.invoice_number,
        )
        for row in found
    ]
