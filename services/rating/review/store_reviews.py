"""Reads what a batch must know to judge its charges, and keeps the charges that must wait."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import (
    ARRAY,
    Date,
    Row,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.rating.accounts import Register
from services.rating.components.nem import moved_cents
from services.rating.corrections import LIVE_STATES, ChargeDraft, UsageRecord, UsageState
from services.rating.desk import DeskOutcome
from services.rating.messages import Occasion
from services.rating.review.audits import Past
from services.rating.review.gate import AgreementKey, NewReview, OpenReview, ReviewGate, key_of
from services.rating.review.registry import REVIEW_CODES
from services.rating.review.settings import ReviewSettings, load_settings
from services.rating.review.tables import OPEN_REVIEW
from services.rating.review.window import BillWindow
from services.rating.scope import Scope
from services.rating.store import CHARGES, REVIEW, USAGE
from services.rating.store_accounts import (
    among_given,
    in_given_scope,
    load_register,
)
from services.rating.store_charges import is_reversed
from services.rating.vee.finding import CheckFinding, messages
from services.rating.vee.keeping import findings_of
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageItem
from shared.platform.database import ReadSession, WriteSession

HISTORY_DAYS: Final = 460
"""Earlier periods looked at: the same month of last year, and twelve before now."""

EXPIRES_BEFORE: Final = timedelta(hours=4)
"""So long before the bill window closes, a charge still under review raises an alarm."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A charge under review as it is stored, with the cancel that goes out with it if any."""

    charge: ChargeDraft
    reversal: ChargeDraft | None = None


PROPOSED: Final = TypeAdapter(Proposed)


@dataclass(frozen=True, slots=True)
class Rules:
    """By what the charges of a batch are judged: agreements, settings, the utility's clock."""

    register: Register
    settings: ReviewSettings
    window: BillWindow | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """Charges that somebody lets go, by their usage."""

    charges: Mapping[UUID, ChargeDraft] = field(default_factory=dict)
    by: str = ""


async def load_gate(
    session: WriteSession,
    occasion: Occasion,
    rules: Rules,
    known: tuple[Sequence[UsageRecord], Mapping[UUID, ChargeDraft]],
    account_numbers: Collection[str],
    approval: Approval | None = None,
    found: Mapping[UUID, Sequence[CheckFinding]] | None = None,
) -> ReviewGate:
    """Read what the gate of one batch must know, in a constant number of round trips.

    Args:
        session: where to read.
        occasion: whose customers, and when.
        rules: by what charges are judged.
        known: earlier usage that the batch concerns, and charges it may reverse.
        account_numbers: the accounts of the batch.
        approval: what a person lets go in this batch.
        found: what the checks of new usage found.
    """
    scope, (records, charges) = occasion.scope, known
    approval = approval or Approval()
    usage_ids = {record.transaction_id: record.usage_id for record in records}
    held = [record.transaction_id for record in records if record.state is UsageState.HELD]
    return ReviewGate(
        scope=scope,
        at=occasion.at,
        settings=rules.settings,
        register=rules.register,
        window=rules.window,
        past=await _load_past(session, scope, account_numbers, occasion.on),
        waiting=await load_waiting(session, scope, account_numbers),
        approved=approval.charges,
        approved_by=approval.by,
        received=await _load_received(session, held),
        replaced={
            usage_ids[key]: charge.total_cents
            for key, charge in charges.items()
            if key in usage_ids
        },
        checks=messages({**await findings_of(session, held), **(found or {})}),
    )


async def load_waiting(
    session: ReadSession | WriteSession, scope: Scope, account_numbers: Collection[str]
) -> dict[UUID, OpenReview]:
    """Read the open reviews of some accounts, by their usage."""
    given = {"account_numbers": list(account_numbers), **scope.values}
    reviews: dict[UUID, OpenReview] = {}
    for row in await session.execute(_WAITING, given):
        stored = PROPOSED.validate_json(row.stored)
        rerated = stored.reversal is not None
        reviews[row.transaction_id] = OpenReview(
            row.review_id, stored.charge, tuple(row.codes), rerated
        )
    return reviews


def _waiting() -> Select[*tuple[Any, ...]]:
    t = REVIEW.reviews.c
    stored = cast(t.draft, Text).label("stored")
    return select(t.review_id, t.transaction_id, t.codes, stored).where(
        *in_given_scope(REVIEW.reviews),
        among_given(t.account_number, "account_numbers"),
        text(OPEN_REVIEW),
    )


_WAITING: Final = _waiting()


async def _load_past(
    session: WriteSession, scope: Scope, account_numbers: Collection[str], on: date
) -> dict[AgreementKey, list[Past]]:
    given = {
        "account_numbers": list(account_numbers),
        "since": on - timedelta(days=HISTORY_DAYS),
        **scope.values,
    }
    past: dict[AgreementKey, list[Past]] = {}
    for account, agreement, start, end, estimated, micro, cents in await session.execute(
        _PERIODS, given
    ):
        one = Past(start, end, bool(estimated), micro, cents)
        past.setdefault((account, agreement), []).append(one)
    return past


def _periods() -> Select[*tuple[Any, ...]]:
    u, c = USAGE.c, CHARGES.c
    charged = and_(
        c.transaction_id == u.transaction_id,
        c.purpose == Purpose.ORIGINAL.value,
        ~is_reversed(),
    )
    return (
        select(
            u.account_number,
            func.coalesce(u.service_agreement_id, "").label("agreement"),
            *(u.period_start, u.period_end, c.estimated, c.energy_micro, c.total_cents),
        )
        .select_from(USAGE.outerjoin(CHARGES, charged))
        .where(
            *in_given_scope(USAGE),
            among_given(u.account_number, "account_numbers"),
            u.state.in_(LIVE_STATES),
            u.purpose != Purpose.CANCEL.value,
            u.period_end > bindparam("since", type_=Date()),
        )
    )


_PERIODS: Final = _periods()


async def _load_received(session: WriteSession, keys: Sequence[UUID]) -> dict[UUID, Any]:
    if not keys:
        return {}
    t = USAGE.c
    found = await session.execute(
        select(t.transaction_id, t.received_at).where(
            t.transaction_id == any_(literal(list(keys), ARRAY(Uuid)))
        )
    )
    return {row.transaction_id: row.received_at for row in found}


def with_reserved(
    banks: Mapping[AgreementKey, int], reserved: Mapping[UUID, ChargeDraft]
) -> dict[AgreementKey, int]:
    """Net metering balances as they are once every charge under review has left."""
    found = dict(banks)
    for charge in reserved.values():
        moved = moved_cents(charge.lines)
        if moved:
            key = key_of(charge)
            found[key] = found.get(key, 0) + moved
    return found


async def stop_unseen(
    session: WriteSession,
    occasion: Occasion,
    outcome: DeskOutcome,
    window: BillWindow | None,
    approved: frozenset[UUID] = frozenset(),
) -> tuple[ReviewGate | None, list[ChargeDraft]]:
    """Judge charges that did not come through the usage desk: bills that were rated again.

    Returns:
        The gate, and the charges that may leave; a rebill that must wait keeps its cancel back.
    """
    gate = outcome.door if isinstance(outcome.door, ReviewGate) else None
    passed = approved | (gate.passed if gate else frozenset())
    unseen = [
        charge
        for charge in outcome.charges
        if charge.purpose is Purpose.ORIGINAL and charge.charge_id not in passed
    ]
    if not unseen:
        return gate, list(outcome.charges)
    accounts = frozenset(charge.account_number for charge in unseen)
    if gate is None:
        register = await load_register(session, occasion.scope, accounts)
        rules = Rules(register, await load_settings(session, occasion.scope.cca), window)
        gate = await load_gate(session, occasion, rules, ((), {}), accounts)
    else:
        await _tell_of_more(session, occasion, gate, accounts)
    cancels = {c.transaction_id: c for c in outcome.charges if c.purpose is Purpose.CANCEL}
    items = await _load_items(session, [charge.transaction_id for charge in unseen])
    stopped: set[UUID] = set()
    for charge in unseen:
        reversal = cancels.get(charge.transaction_id)
        if gate.judge_rerated(charge, items.get(charge.transaction_id), reversal) is not None:
            stopped |= {charge.charge_id, *((reversal.charge_id,) if reversal else ())}
    return gate, [charge for charge in outcome.charges if charge.charge_id not in stopped]


async def _tell_of_more(
    session: WriteSession, occasion: Occasion, gate: ReviewGate, account_numbers: Collection[str]
) -> None:
    """Let a gate that was loaded for usage that waits know of other accounts of its batch."""
    scope = occasion.scope
    register = await load_register(session, scope, account_numbers)
    gate.register = Register({**gate.register.accounts, **register.accounts})
    gate.past = {**gate.past, **await _load_past(session, scope, account_numbers, occasion.on)}
    gate.waiting = {**gate.waiting, **await load_waiting(session, scope, account_numbers)}


async def _load_items(session: WriteSession, keys: Sequence[UUID]) -> dict[UUID, UsageItem]:
    t = USAGE.c
    found = await session.execute(
        select(t.transaction_id, cast(t.body, Text).label("content")).where(
            t.transaction_id == any_(literal(list(keys), ARRAY(Uuid)))
        )
    )
    return {row.transaction_id: UsageItem.model_validate_json(row.content) for row in found}


async def keep_reviews(
    session: WriteSession, occasion: Occasion, outcome: DeskOutcome, gate: ReviewGate
) -> None:
    """Write what the gate of a batch found: findings, and charges that wait."""
    now = {record.transaction_id: record for record in (*outcome.added, *outcome.changed)}
    opened = [new for new in gate.opened.values() if _waits(new, now)]
    await _close(session, occasion, gate, now, {new.draft.transaction_id for new in opened})
    scope = dict(zip(("cca", "utility", "environment"), _where(occasion.scope), strict=True))
    if gate.noted:
        rows = [
            {
                **scope,
                "code": noted.finding.code,
                "customer_class": noted.customer_class.value,
                "mode": noted.finding.mode.value,
                "transaction_id": noted.draft.transaction_id,
                "account_number": noted.draft.account_number,
                "message": noted.finding.message,
                "total_cents": noted.draft.total_cents,
                "found_at": occasion.at,
            }
            for noted in gate.noted
        ]
        await session.execute(insert(REVIEW.findings), rows)
    if opened:
        waiting = [{**scope, **_review_row(new), "opened_at": occasion.at} for new in opened]
        await session.execute(insert(REVIEW.reviews), waiting)


def _waits(new: NewReview, now: Mapping[UUID, UsageRecord]) -> bool:
    """Whether a charge still waits at the end of the batch: it may be cancelled in the same one."""
    record = now.get(new.draft.transaction_id)
    if record is None or new.reversal is not None:
        return record is None or record.state is UsageState.CHARGED
    return record.hold is not None and record.hold.code == new.codes[0]


async def _close(
    session: WriteSession,
    occasion: Occasion,
    gate: ReviewGate,
    now: Mapping[UUID, UsageRecord],
    opened: Collection[UUID],
) -> None:
    ended: dict[str, list[int]] = {}
    for key, review in gate.waiting.items():
        state = "superseded" if key in opened else _state(now.get(key), gate, key)
        if state is not None:
            ended.setdefault(state, []).append(review.review_id)
    for state, review_ids in ended.items():
        by = gate.approved_by if state == "released" else None
        await session.execute(
            update(REVIEW.reviews)
            .where(REVIEW.reviews.c.review_id.in_(review_ids))
            .values(state=state, closed_at=occasion.at, closed_by=by)
        )


def _state(record: UsageRecord | None, gate: ReviewGate, key: UUID) -> str | None:
    """How a review ended, or nothing while its charge still waits."""
    if record is None:
        return None
    if record.state is UsageState.CANCELLED:
        return "withdrawn"
    if record.state is UsageState.CHARGED:
        return "released" if key in gate.approved else "superseded"
    return None if record.hold and record.hold.code in REVIEW_CODES else "superseded"


def _review_row(new: NewReview) -> dict[str, object]:
    draft = new.draft
    deadline = new.deadline
    return {
        "transaction_id": draft.transaction_id,
        "usage_id": draft.usage_id,
        "account_number": draft.account_number,
        "bill_cycle": new.bill_cycle,
        "period_end": draft.period_end,
        "customer_class": new.customer_class.value,
        "codes": list(new.codes),
        "messages": [found.message for found in new.findings],
        "two_people": any(found.two_people for found in new.findings),
        "total_cents": draft.total_cents,
        "draft": PROPOSED.dump_python(Proposed(draft, new.reversal), mode="json"),
        "state": "waiting",
        "owner": new.owner,
        "expires_at": deadline.due_at - EXPIRES_BEFORE if deadline else None,
    }


def _where(scope: Scope) -> tuple[str, str, str]:
    return scope.cca, scope.utility, scope.environment.value


def proposed_of(row: Row[Any]) -> Proposed:
    """The charge of a row of `reviews`, exactly as it was computed."""
    return (
        PROPOSED.validate_python(row.draft)
        if isinstance(row.draft, dict)
        else (PROPOSED.validate_json(row.draft))
    )
