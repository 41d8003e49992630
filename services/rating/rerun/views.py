"""What people are shown of a job: counts and money before, progress during, each bill after."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row, select, text

from services.rating.corrections import UsageState
from services.rating.holds import RateNotFound
from services.rating.rerun.asked import RerunAsked
from services.rating.rerun.rerating import Effect
from services.rating.rerun.store_jobs import Job, JobState, Tally, find_job, load_steps, tally
from services.rating.scope import Scope
from services.rating.store import RERUN
from services.rating.tariffs.book import PriceBook
from services.rating.views import View
from shared.contracts.measures import Usd, from_cents
from shared.platform.database import Database, ReadSession
from shared.platform.web.csv_file import Identifier, lines

CSV_PAGE: Final = 2_000
MOVES: Final = frozenset({Effect.REBILL.value, Effect.CHARGE.value})

_UNMAPPED = text(
    """
    SELECT code, count(*) AS usage, count(DISTINCT account_number) AS accounts,
           min(received_at) AS oldest_at, min(period_start) AS first_day
    FROM (
        SELECT DISTINCT u.transaction_id, u.account_number, u.received_at, u.period_start, c.code
        FROM rating.usage u
        CROSS JOIN LATERAL (
            SELECT meter ->> 'rate_code' AS code FROM jsonb_array_elements(u.body -> 'meters') meter
            UNION
            SELECT e.rate_code FROM rating.accounts a
            JOIN rating.agreements g USING (account_id)
            JOIN rating.agreement_entries e USING (agreement_id)
            WHERE a.account_number = u.account_number AND a.cca = u.cca
              AND a.utility = u.utility AND a.environment = u.environment
              AND e.effective_on < u.period_end
        ) c
        WHERE u.state = :held AND u.hold_code = :code AND u.cca = :cca
          AND u.utility = :utility AND u.environment = :environment AND c.code <> ''
    ) waiting
    GROUP BY code ORDER BY usage DESC, code
    """
)


class EffectView(View):
    """Bills that come to the same thing."""

    effect: str
    code: str | None = None
    """Why not, where the effect is `hold` or `blocked`."""
    items: int
    old: Usd
    new: Usd


class PlanView(View):
    """The dry run: how many bills and what money."""

    effects: tuple[EffectView, ...]
    sent: int
    """Bills that were sent already and are cancelled and billed anew."""
    unsent: int
    """Usage that waits and is charged."""
    old: Usd
    """What those bills come to now."""
    new: Usd
    """What they would come to."""
    difference: Usd
    at_stake: Usd
    """The sum of all differences, up or down; above a limit a second person starts the job."""
    second_person: bool


class ProgressView(View):
    """How far a job is, and what came of it so far."""

    done: int
    outcomes: dict[str, int]
    moved: Usd
    """New less old, of what was rebilled and charged."""


class StepView(View):
    """Something that was done to a job."""

    at: datetime
    actor: str
    step: str
    detail: str


class RerunView(View):
    """A job: what was asked, what it would come to, and what came of it."""

    job_id: UUID
    state: JobState
    asked: RerunAsked
    asked_by: str
    asked_at: datetime
    started_by: str | None
    started_at: datetime | None
    ended_at: datetime | None
    total: int | None
    """Bills and waiting usage that fit; absent until they are listed."""
    planned: int
    """How many of them the dry run has weighed."""
    plan: PlanView | None
    """Absent until the dry run is through."""
    progress: ProgressView
    steps: tuple[StepView, ...]


class RerunLine(View):
    """A job in a list."""

    seq: int
    job_id: UUID
    state: JobState
    reason: str
    asked_by: str
    asked_at: datetime
    total: int | None
    position: int
    at_stake: Usd | None


class ItemView(View):
    """One bill of a job."""

    position: int
    account_number: str
    usage_id: str
    period_start: date
    period_end: date
    invoice_number: str | None
    old_version: str | None
    old: Usd
    planned: str | None
    new_version: str | None
    new: Usd | None
    outcome: str | None
    cancel_invoice: str | None
    new_invoice: str | None
    result: Usd | None
    code: str | None
    message: str | None


class UnmappedView(View):
    """A rate code that no plan knows, and what waits for it."""

    rate_code: str
    usage: Annotated[int, Field(ge=1)]
    accounts: int
    oldest_at: datetime
    first_day: date


class MappingView(View):
    """A mapped rate code, and who stands for it."""

    rate_code: str
    plan_code: str
    effective_from: date
    effective_through: date | None
    mapped_by: str
    reason: str
    mapped_at: datetime
    job_id: UUID | None


async def show_job(session: ReadSession, scope: Scope, job_id: UUID, limit_cents: int) -> RerunView:
    """One job with everything that is known of it.

    Raises:
        RerunUnknown: there is none.
    """
    job = await find_job(session, scope, job_id)
    tallies = await tally(session, job_id)
    steps = await load_steps(session, job_id)
    names = ("job_id", "state", "asked", "asked_by", "asked_at", "started_by", "started_at")
    return RerunView(
        **{name: getattr(job, name) for name in (*names, "ended_at", "total")},
        planned=sum(each.items for each in tallies if each.planned is not None),
        plan=_plan(job, tallies, limit_cents) if job.planned_at is not None else None,
        progress=_progress(tallies),
        steps=tuple(StepView.model_validate(step, from_attributes=True) for step in steps),
    )


def _plan(job: Job, tallies: Iterable[Tally], limit_cents: int) -> PlanView:
    rows: dict[tuple[str, str | None], list[int]] = {}
    for each in tallies:
        held = each.planned not in MOVES
        sums = rows.setdefault((each.planned or "", each.code if held else None), [0, 0, 0])
        for index, amount in enumerate((each.items, each.old_cents, each.new_cents)):
            sums[index] += amount
    moved = [(key[0], sums) for key, sums in rows.items() if key[0] in MOVES]
    old, new = (sum(sums[index] for _, sums in moved) for index in (1, 2))
    counts = {effect: sum(s[0] for e, s in moved if e == effect) for effect in MOVES}
    stake = job.at_stake_cents or 0
    return PlanView(
        effects=tuple(
            EffectView(
                effect=effect,
                code=code,
                items=sums[0],
                old=from_cents(sums[1]),
                new=from_cents(sums[2]),
            )
            for (effect, code), sums in sorted(rows.items(), key=lambda row: str(row[0]))
        ),
        sent=counts[Effect.REBILL.value],
        unsent=counts[Effect.CHARGE.value],
        old=from_cents(old),
        new=from_cents(new),
        difference=from_cents(new - old),
        at_stake=from_cents(stake),
        second_person=stake > limit_cents,
    )


def _progress(tallies: Iterable[Tally]) -> ProgressView:
    outcomes: dict[str, int] = {}
    moved = 0
    for each in tallies:
        if each.outcome is None:
            continue
        outcomes[each.outcome] = outcomes.get(each.outcome, 0) + each.items
        if each.outcome in {"rebilled", "charged"}:
            moved += each.result_cents - each.old_cents
    return ProgressView(done=sum(outcomes.values()), outcomes=outcomes, moved=from_cents(moved))


def line_of(job: Job) -> RerunLine:
    """A job for a list."""
    names = ("seq", "job_id", "state", "asked_by", "asked_at", "total", "position")
    stake = job.at_stake_cents
    return RerunLine(
        **{name: getattr(job, name) for name in names},
        reason=job.asked.reason,
        at_stake=None if stake is None else from_cents(stake),
    )


async def show_items(
    session: ReadSession, job_id: UUID, after: int, limit: int, outcome: str | None = None
) -> list[ItemView]:
    """A page of a job's bills, in the order in which they are worked on."""
    t = RERUN.items.c
    wanted = [t.outcome == outcome] if outcome else []
    found = await session.execute(
        select(RERUN.items)
        .where(t.job_id == job_id, t.position > after, *wanted)
        .order_by(t.position)
        .limit(limit)
    )
    return [_item(row) for row in found]


def _item(row: Row[Any]) -> ItemView:
    told = {name: getattr(row, name, None) for name in ItemView.model_fields}
    money = {"old": row.old_cents, "new": row.new_cents, "result": row.result_cents}
    shown = {name: None if cents is None else from_cents(cents) for name, cents in money.items()}
    return ItemView.model_validate({**told, **shown})


async def items_csv(database: Database, job_id: UUID) -> AsyncIterator[str]:
    """A job's bills as CSV, sent while they are read; identifiers are text."""
    yield lines([list(ItemView.model_fields)])
    ids = {"account_number", "usage_id", "invoice_number", "cancel_invoice", "new_invoice"}
    after = 0
    async with database.read() as session:
        while page := await show_items(session, job_id, after, CSV_PAGE):
            yield lines(
                [
                    Identifier(value) if name in ids and value else value
                    for name, value in item.model_dump().items()
                ]
                for item in page
            )
            after = page[-1].position


async def show_unmapped(
    session: ReadSession, scope: Scope, book: PriceBook | None
) -> list[UnmappedView]:
    """Rate codes that keep usage waiting because no plan knows them, the most usage first."""
    found = await session.execute(
        _UNMAPPED,
        {
            "held": UsageState.HELD.value,
            "code": RateNotFound.code,
            **scope.values,
        },
    )
    return [
        UnmappedView(
            rate_code=row.code,
            usage=row.usage,
            accounts=row.accounts,
            oldest_at=row.oldest_at,
            first_day=row.first_day,
        )
        for row in found
        if book is None or not book.knows_rate_code(scope.cca, scope.utility, row.code)
    ]


async def show_mappings(session: ReadSession, scope: Scope) -> list[MappingView]:
    """Every mapped rate code of a CCA at a utility, the last one first."""
    t = RERUN.mappings.c
    found = await session.execute(
        select(RERUN.mappings)
        .where(t.cca == scope.cca, t.utility == scope.utility)
        .order_by(t.seq.desc())
    )
    return [MappingView.model_validate(row, from_attributes=True) for row in found]
