"""What the API shows of review; read only."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, select, text

from services.rating.charge_json import line_item
from services.rating.progress.stages import Stage
from services.rating.review.classes import CustomerClass
from services.rating.review.fired import LastFired, load_last_fired
from services.rating.review.proof import PROVED_CLASSES
from services.rating.review.registry import ALWAYS_HELD, AUDITS, HIGH_VALUE, AuditKind
from services.rating.review.settings import (
    AuditSetting,
    ReviewSettings,
    SettingVersion,
    default_of,
    load_settings,
)
from services.rating.review.store_reviews import proposed_of
from services.rating.review.tables import OPEN_REVIEW
from services.rating.review.watch import WARN_BEFORE
from services.rating.review.window import Basis, Deadline, Standing
from services.rating.scope import Scope
from services.rating.store import PROGRESS, REVIEW, USAGE
from services.rating.store_accounts import in_scope
from shared.contracts.charges import ChargeLine
from shared.contracts.measures import Usd, from_cents
from shared.platform.database import ReadSession

PROOF_OVERDUE: Final = timedelta(hours=26)
"""A daily test that is older than this was missed."""


class View(BaseModel):
    """Something shown; never changed."""

    model_config = ConfigDict(frozen=True)


class AuditView(View):
    """An audit as it is set for one class, and when it last found something."""

    code: str
    title: str
    customer_class: CustomerClass
    setting: AuditSetting | None
    """Absent where usage cannot be charged at all: that cannot be switched off."""
    version: int
    last_fired: datetime | None
    """On a charge of its class; of `all`, on any."""


class ControlView(View):
    """The value hold for one class: whether it is on, and whether that was proved."""

    customer_class: CustomerClass
    enabled: bool
    holds: bool
    limit: Usd
    credit_limit: Usd
    last_trip: datetime | None
    """When it last stopped, or only noted, a charge of this class."""
    last_test: datetime | None
    last_test_passed: bool | None
    last_test_said: str
    test_overdue: bool


class ReviewView(View):
    """A charge that is, or was, under review."""

    review_id: int
    transaction_id: UUID
    usage_id: str
    account_number: str
    bill_cycle: str
    customer_class: CustomerClass
    period_end: date
    codes: tuple[str, ...]
    messages: tuple[str, ...]
    needs_two_people: bool
    total: Usd
    state: str
    owner: str | None
    last_actor: str | None
    asked_by: str | None
    """Who asked for its release; a return ends the asking."""
    opened_at: datetime
    expires_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None


class ReviewsView(View):
    """One page of charges under review, oldest first."""

    reviews: tuple[ReviewView, ...]
    next_after: int | None


class ActView(View):
    """What somebody did to a charge under review."""

    act: str
    by: str
    reason: str
    at: datetime


class WholeReviewView(ReviewView):
    """A charge under review with its lines as they would leave, and everything done to it."""

    lines: tuple[ChargeLine, ...]
    explanation: dict[str, object]
    replaces_invoice: str | None
    acts: tuple[ActView, ...]


class DeadlineView(View):
    """A bill that the utility has not accepted yet, and how long its window is still open."""

    transaction_id: UUID
    usage_id: str
    account_number: str
    stage: Stage
    """What it waits for: to be charged, reviewed, released, sent, answered or corrected."""
    reason: str
    """The code under which it is held or was rejected; empty where it only has to move on."""
    answer: str | None
    """What the utility said with its rejection."""
    sent_at: datetime | None
    due_at: datetime
    basis: Basis
    standing: Standing
    seconds_left: int
    """Negative once the window has closed."""


class FindingView(View):
    """What an audit found about a charge."""

    finding_id: int
    code: str
    mode: str
    transaction_id: UUID
    account_number: str
    message: str
    total: Usd
    found_at: datetime


async def show_audits(session: ReadSession, cca: str) -> list[AuditView]:
    """Every audit with its settings, and every reason for which usage is always held."""
    settings = await load_settings(session, cca)
    fired = await load_last_fired(session, cca)
    shown = []
    for kind in AUDITS.values():
        own = [v for v in settings.versions if v.code == kind.code]
        if CustomerClass.ALL not in {v.customer_class for v in own}:
            shown.append(_audit(kind, None, fired))
        shown += [_audit(kind, version, fired) for version in own]
    always = [
        AuditView(
            code=code,
            title=title,
            customer_class=CustomerClass.ALL,
            setting=None,
            version=0,
            last_fired=fired.get((code, CustomerClass.ALL)),
        )
        for code, title in ALWAYS_HELD.items()
    ]
    return [*shown, *always]


def _audit(kind: AuditKind, version: SettingVersion | None, fired: LastFired) -> AuditView:
    content = version.content if version else None
    customer_class = version.customer_class if version else CustomerClass.ALL
    return AuditView(
        code=kind.code,
        title=kind.title,
        customer_class=customer_class,
        setting=content if isinstance(content, AuditSetting) else default_of(kind),
        version=version.version if version else 0,
        last_fired=fired.get((kind.code, customer_class)),
    )


async def show_controls(session: ReadSession, cca: str, at: datetime) -> list[ControlView]:
    """The value hold of a CCA, class by class."""
    settings = await load_settings(session, cca)
    t = REVIEW.tests.c
    fired = await load_last_fired(session, cca)
    shown = []
    for customer_class in PROVED_CLASSES:
        found = await session.execute(
            select(REVIEW.tests)
            .where(t.cca == cca, t.customer_class == customer_class.value)
            .order_by(t.ran_at.desc(), t.test_id.desc())
            .limit(1)
        )
        trip = fired.get((HIGH_VALUE, customer_class))
        shown.append(_control(settings, customer_class, found.one_or_none(), trip, at))
    return shown


def _control(
    settings: ReviewSettings,
    customer_class: CustomerClass,
    test: Row[Any] | None,
    trip: datetime | None,
    at: datetime,
) -> ControlView:
    setting = settings.of(AUDITS[HIGH_VALUE], customer_class)
    return ControlView(
        customer_class=customer_class,
        enabled=setting.enabled,
        holds=setting.mode == "hold",
        limit=from_cents(setting.limits["limit_cents"]),
        credit_limit=from_cents(setting.limits["credit_limit_cents"]),
        last_trip=trip,
        last_test=test.ran_at if test else None,
        last_test_passed=test.passed if test else None,
        last_test_said=test.detail if test else "",
        test_overdue=test is None or test.ran_at < at - PROOF_OVERDUE,
    )


async def show_reviews(
    session: ReadSession, scope: Scope, state: str | None, after: int, limit: int
) -> ReviewsView:
    """A page of charges under review; with a state, also of those that are no longer."""
    t = REVIEW.reviews
    wanted = t.c.state == state if state else text(OPEN_REVIEW)
    found = await session.execute(
        select(t)
        .where(*in_scope(t, scope), wanted, t.c.review_id > after)
        .order_by(t.c.review_id)
        .limit(limit)
    )
    rows = found.all()
    return ReviewsView(
        reviews=tuple(ReviewView(**_shown(row)) for row in rows),
        next_after=rows[-1].review_id if len(rows) == limit else None,
    )


async def show_review(session: ReadSession, scope: Scope, review_id: int) -> WholeReviewView | None:
    """One charge under review, with everything somebody needs to decide."""
    t, a = REVIEW.reviews, REVIEW.acts.c
    found = await session.execute(select(t).where(*in_scope(t, scope), t.c.review_id == review_id))
    row = found.one_or_none()
    if row is None:
        return None
    acts = await session.execute(
        select(a.act, a.by, a.reason, a.at).where(a.review_id == review_id).order_by(a.act_id)
    )
    proposed = proposed_of(row)
    replaced = proposed.reversal
    return WholeReviewView(
        **_shown(row),
        lines=tuple(line_item(line, n) for n, line in enumerate(proposed.charge.lines, start=1)),
        explanation=row.draft["charge"]["explanation"],
        replaces_invoice=replaced.original_invoice_number if replaced else None,
        acts=tuple(ActView.model_validate(act, from_attributes=True) for act in acts),
    )


def _shown(row: Row[Any]) -> dict[str, Any]:
    names = (name for name in ReviewView.model_fields if hasattr(row, name))
    shown = {name: getattr(row, name) for name in names}
    return shown | {"needs_two_people": row.two_people, "total": from_cents(row.total_cents)}


async def show_deadlines(
    session: ReadSession, scope: Scope, at: datetime, limit: int
) -> list[DeadlineView]:
    """Bills that are not accepted yet, the nearest deadline first."""
    b, u = PROGRESS.bills, USAGE.c
    found = await session.execute(
        select(b, u.usage_id)
        .select_from(b.join(USAGE))
        .where(*in_scope(b, scope), b.c.is_open, b.c.due_at.is_not(None))
        .order_by(b.c.due_at, b.c.transaction_id)
        .limit(limit)
    )
    return [_deadline(row, at) for row in found]


def _deadline(row: Row[Any], at: datetime) -> DeadlineView:
    deadline = Deadline(row.due_at, Basis(row.basis))
    stage = Stage(row.stage)
    return DeadlineView(
        transaction_id=row.transaction_id,
        usage_id=row.usage_id,
        account_number=row.account_number,
        stage=stage,
        reason=row.reason,
        answer=row.answer or None,
        sent_at=row.sent_at,
        due_at=row.due_at,
        basis=deadline.basis,
        standing=deadline.standing(at, WARN_BEFORE, row.sent_at if stage is Stage.SENT else None),
        seconds_left=int((row.due_at - at).total_seconds()),
    )


async def show_findings(
    session: ReadSession, scope: Scope, code: str | None, before: int | None, limit: int
) -> list[FindingView]:
    """What audits found, latest first; `before` is the last id of the page before."""
    f = REVIEW.findings
    wanted = [f.c.code == code] if code else []
    earlier = [f.c.finding_id < before] if before else []
    found = await session.execute(
        select(f)
        .where(*in_scope(f, scope), *wanted, *earlier)
        .order_by(f.c.finding_id.desc())
        .limit(limit)
    )
    return [
        FindingView(
            finding_id=row.finding_id,
            code=row.code,
            mode=row.mode,
            transaction_id=row.transaction_id,
            account_number=row.account_number,
            message=row.message,
            total=from_cents(row.total_cents),
            found_at=row.found_at,
        )
        for row in found
    ]
