"""Works through one batch of a job: reads what it needs at once, weighs every item, and keeps it.

A dry run and the run itself ask the same function, so that what a person confirmed is what is
done. What has changed in between is left alone and said so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Row,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    update,
)

from services.rating.alike import Asked, Groups
from services.rating.components.nem import BANK_LINE
from services.rating.computing import compute
from services.rating.corrections import ChargeDraft, UsageRecord, UsageState
from services.rating.desk import DeskOutcome
from services.rating.holds import Hold, RateNotFound
from services.rating.intervals.keeping import load_intervals
from services.rating.messages import Occasion
from services.rating.rerun.rerating import NOT_IN_FORCE, Effect, Moved, Rerating, Verdict
from services.rating.scope import Scope
from services.rating.store import CHARGE_LINES, CHARGES, RERUN, USAGE
from services.rating.store_accounts import among, in_scope, load_register
from services.rating.store_charges import is_reversed, load_charges, load_settled
from services.rating.tariffs.book import MappedCode, PriceBook
from services.rating.work import SLICE_ITEMS, RatingDesk
from shared.contracts.charges import LineKind
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageItem
from shared.platform.database import WriteSession

NO_CHARGE: Final = UUID(int=0)
"""What moved credits without being a charge: a yearly settlement."""

BATCH_ITEMS: Final = 500
"""Items of one unit of work; the last account is finished, so a batch may be a little longer."""

UNDER_REVIEW: Final = "under_review"
STALE: Final = "stale"
_DONE: Final[Mapping[Effect, str]] = {
    Effect.REBILL: "rebilled",
    Effect.CHARGE: "charged",
    Effect.UNCHANGED: "unchanged",
    Effect.HOLD: "held",
    Effect.BLOCKED: "blocked",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One bill or one waiting usage of a job, with what it was confirmed to come to."""

    position: int
    transaction_id: UUID
    account_number: str
    charge_id: UUID | None
    planned: Effect | None
    new_cents: int | None


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a batch comes to: a verdict by position, and the desk's outcome of waiting usage."""

    verdicts: Mapping[int, Verdict]
    released: DeskOutcome


async def load_items(session: WriteSession, job_id: UUID, after: int) -> list[Item]:
    """The next batch of a job, with all items of its last account."""
    t = RERUN.items.c
    last = (
        select(t.account_number)
        .where(t.job_id == job_id, t.position == after + BATCH_ITEMS)
        .scalar_subquery()
    )
    found = await session.execute(
        select(RERUN.items)
        .where(
            t.job_id == job_id,
            t.position > after,
            (t.position <= after + BATCH_ITEMS) | (t.account_number == last),
        )
        .order_by(t.position)
    )
    return [_item(row) for row in found]


def _item(row: Row[Any]) -> Item:
    return Item(
        *(row.position, row.transaction_id, row.account_number, row.charge_id),
        None if row.planned is None else Effect(row.planned),
        row.new_cents,
    )


async def weigh(
    session: WriteSession,
    desk: RatingDesk,
    occasion: Occasion,
    items: Sequence[Item],
    mapped: MappedCode | None = None,
) -> Weighed:
    """Rate every item of a batch again, in memory.

    Args:
        session: where to read; nothing is written.
        desk: tries what waits.
        occasion: whose items, and on what day's knowledge of tariffs.
        items: the batch.
        mapped: a rate code that is not yet mapped, to see what it would come to.

    Raises:
        RateNotFound: no tariffs are active.
    """
    book = await desk.books.current(session)
    if book is None:
        raise RateNotFound("no tariffs are active")
    if mapped is not None:
        book = book.with_code(mapped)
    accounts = frozenset(item.account_number for item in items)
    register = await load_register(session, occasion.scope, accounts)
    released = DeskOutcome((), (), (), (), ())
    waiting = frozenset(item.account_number for item in items if item.charge_id is None)
    if waiting:
        tried = await desk.try_on(session, occasion, waiting, register, book)
        released = tried.outcome()
    verdicts = {item.position: _waiting(item, released) for item in items if item.charge_id is None}
    sent = [item for item in items if item.charge_id is not None]
    rerating = Rerating(
        scope=occasion.scope,
        register=register,
        book=book,
        on=occasion.on,
        moves=await _load_moves(session, occasion.scope, accounts, book),
        selected=frozenset(item.charge_id for item in sent if item.charge_id),
    )
    groups = desk.groups if mapped is None else Groups()
    verdicts |= await _weigh_sent(session, rerating, groups, sent, released)
    return Weighed(verdicts, released)


def _waiting(item: Item, released: DeskOutcome) -> Verdict:
    """What became of usage that waited, once the desk tried it again."""
    now = {record.transaction_id: record for record in released.changed}.get(item.transaction_id)
    if now is None or now.state is UsageState.HELD:
        return Verdict(Effect.HOLD, reason=None if now is None else now.hold)
    if now.state is UsageState.NOT_BILLED:
        return Verdict(Effect.UNCHANGED)
    drafts = [each for each in released.charges if each.transaction_id == item.transaction_id]
    signs = {Purpose.CANCEL: -1}
    cents = sum(signs.get(each.purpose, 1) * each.total_cents for each in drafts)
    version = next((f"{each.plan_id} {each.plan_version}" for each in drafts[::-1]), None)
    return Verdict(Effect.CHARGE, cents, version)


async def _weigh_sent(
    session: WriteSession,
    rerating: Rerating,
    groups: Groups,
    items: Sequence[Item],
    released: DeskOutcome,
) -> dict[int, Verdict]:
    keys = [item.transaction_id for item in items]
    charges = await load_charges(session, keys)
    records = await _load_records(session, keys)
    metered = [key for key, record in records.items() if record.item and record.item.intervals]
    readings = await load_intervals(session, metered) if metered else {}
    asked = Asked(rerating.scope, rerating.on)
    usage = [record.item for record in records.values() if record.item]
    alike = await compute(groups.rate, usage, rerating.register, rerating.book, asked, readings)
    reversed_now = {charge.reverses for charge in released.charges}
    verdicts = {}
    for number, item in enumerate(items, start=1):
        key = item.transaction_id
        charge = charges.get(key)
        if charge is None or charge.charge_id != item.charge_id or item.charge_id in reversed_now:
            reason = Hold(NOT_IN_FORCE, "the bill was cancelled or rated again meanwhile")
            verdicts[item.position] = Verdict(Effect.BLOCKED, reason=reason)
            continue
        verdicts[item.position] = rerating.weigh(
            charge, records[key], readings.get(key, ()), alike.get(key)
        )
        if number % SLICE_ITEMS == 0:
            await asyncio.sleep(0)
    return verdicts


async def _load_records(session: WriteSession, keys: Collection[UUID]) -> dict[UUID, UsageRecord]:
    t = USAGE.c
    found = await session.execute(
        select(t.transaction_id, t.correlation_id, cast(t.body, Text).label("content")).where(
            t.transaction_id == any_(literal(list(keys), ARRAY(Uuid)))
        )
    )
    return {
        row.transaction_id: UsageRecord.of(
            UsageItem.model_validate_json(row.content), row.correlation_id
        )
        for row in found
    }


async def _load_moves(
    session: WriteSession, scope: Scope, accounts: Collection[str], book: PriceBook
) -> dict[tuple[str, str], list[Moved]]:
    if not book.nets(scope.cca, scope.utility):
        return {}
    t, line = CHARGES.c, CHARGE_LINES.c
    signed = case((line.kind == LineKind.CREDIT.value, -line.amount_cents), else_=line.amount_cents)
    found = await session.execute(
        select(
            t.account_number,
            func.coalesce(t.service_agreement_id, "").label("agreement"),
            *(t.period_start, t.charge_id),
            func.sum(signed).label("cents"),
        )
        .join(CHARGE_LINES, line.charge_id == t.charge_id)
        .where(
            among(t.account_number, accounts),
            *in_scope(CHARGES, scope),
            t.purpose == Purpose.ORIGINAL.value,
            ~is_reversed(),
            func.starts_with(line.line_id, literal_column(f"'{BANK_LINE}.'")),
        )
        .group_by(t.charge_id)
    )
    moves: dict[tuple[str, str], list[Moved]] = {}
    for row in found:
        moved = Moved(row.period_start, row.charge_id, int(row.cents))
        moves.setdefault((row.account_number, row.agreement), []).append(moved)
    for key, settled in (await load_settled(session, scope, accounts)).items():
        for day, cents in settled:  # counts for every bill that begins on that day or later
            moves.setdefault(key, []).append(Moved(day - timedelta(days=1), NO_CHARGE, cents))
    return moves


async def keep_plan(session: WriteSession, job_id: UUID, weighed: Weighed) -> None:
    """Write down what each item of a batch would come to."""
    t = RERUN.items
    rows = [
        {
            "at_position": position,
            "is_planned": verdict.effect.value,
            "is_code": verdict.reason.code if verdict.reason else None,
            "is_message": verdict.reason.message if verdict.reason else None,
            "is_version": verdict.new_version,
            "is_cents": verdict.new_cents,
        }
        for position, verdict in weighed.verdicts.items()
    ]
    await (await session.connection()).execute(
        update(t)
        .where(t.c.job_id == job_id, t.c.position == bindparam("at_position"))
        .values(
            planned=bindparam("is_planned"),
            code=func.coalesce(bindparam("is_code"), t.c.code),
            message=bindparam("is_message"),
            new_version=bindparam("is_version"),
            new_cents=bindparam("is_cents"),
        ),
        rows,
    )


async def carry_out(
    session: WriteSession,
    desk: RatingDesk,
    occasion: Occasion,
    job_id: UUID,
    items: Sequence[Item],
    weighed: Weighed,
) -> None:
    """Do what was confirmed: cancels, rebills and charges leave, and each item says what it got."""
    confirmed = [
        item
        for item in items
        if weighed.verdicts[item.position].effect is Effect.REBILL
        and _as_confirmed(item, weighed.verdicts[item.position])
    ]
    pairs = [pair for item in confirmed if (pair := weighed.verdicts[item.position].pair)]
    before = weighed.released
    outcome = DeskOutcome(
        added=before.added,
        changed=before.changed,
        charges=(*before.charges, *(charge for pair in pairs for charge in pair)),
        ended=before.ended,
        held=before.held,
        door=before.door,
    )
    kept = {charge.charge_id: charge for charge in await desk.keep(session, occasion, outcome)}
    rows = [
        _result(item, weighed.verdicts[item.position], kept, before, occasion.at) for item in items
    ]
    t = RERUN.items
    await (await session.connection()).execute(
        update(t)
        .where(t.c.job_id == job_id, t.c.position == bindparam("at_position"))
        .values({name: bindparam(f"is_{name}") for name in _RESULT_COLUMNS}),
        rows,
    )


_RESULT_COLUMNS: Final = (
    *("outcome", "cancel_invoice", "new_invoice", "result_cents", "done_at", "code", "message"),
)


def _as_confirmed(item: Item, verdict: Verdict) -> bool:
    return verdict.effect is item.planned and verdict.new_cents == item.new_cents


def _result(
    item: Item,
    verdict: Verdict,
    kept: Mapping[UUID, ChargeDraft],
    released: DeskOutcome,
    at: datetime,
) -> dict[str, object]:
    told = _DONE[verdict.effect]
    cancel = rebill = None
    if verdict.effect is Effect.REBILL:
        if verdict.pair is not None and _as_confirmed(item, verdict):
            cancel, rebill = (kept.get(each.charge_id) for each in verdict.pair)
            told = told if rebill is not None else UNDER_REVIEW
        else:
            told = STALE
    elif verdict.effect is Effect.CHARGE:
        drafts = [each for each in released.charges if each.transaction_id == item.transaction_id]
        rebill = next((kept.get(each.charge_id) for each in drafts[::-1]), None)
        told = told if rebill is not None or not drafts else UNDER_REVIEW
    return {
        "at_position": item.position,
        "is_outcome": told,
        "is_cancel_invoice": cancel.invoice_number if cancel else None,
        "is_new_invoice": rebill.invoice_number if rebill else None,
        "is_result_cents": None if told == STALE else verdict.new_cents,
        "is_done_at": at,
        "is_code": verdict.reason.code if verdict.reason else None,
        "is_message": verdict.reason.message if verdict.reason else None,
    }
