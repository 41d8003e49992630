"""Lets people decide about charges under review; every act is kept with who, when and why.

Nobody releases what they touched last, and what the value hold stopped needs somebody else who
asked for it. What leaves is what was looked at: the stored charge, not a new computation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import ARRAY, BigInteger, Row, any_, insert, literal, select, text, update

from services.rating.corrections import ChargeDraft
from services.rating.desk import DeskOutcome
from services.rating.messages import Occasion
from services.rating.review.settings import Reason, Words
from services.rating.review.store_reviews import Approval, Proposed, proposed_of
from services.rating.review.tables import OPEN_REVIEW
from services.rating.scope import Scope
from services.rating.store import PROGRESS, REVIEW
from services.rating.store_accounts import in_scope
from services.rating.store_charges import load_charges
from services.rating.work import RatingDesk
from shared.platform.database import WriteSession, wait_lock
from shared.platform.refusals import Refusal

RELEASE_BATCH: Final = 200
"""Charges released in one unit of work."""


class ReviewUnknown(Refusal):
    """No such charge is under review in this scope."""

    code = "REVIEW_UNKNOWN"
    status = 404
    title = "There is no such charge under review"


class ReviewClosed(Refusal):
    """The charge does not wait any more."""

    code = "REVIEW_CLOSED"
    status = 409
    title = "The charge is not under review any more"


class AnotherPersonNeeded(Refusal):
    """Whoever acted last on a charge, or asked for its release, cannot give it."""

    code = "ANOTHER_PERSON_NEEDED"
    status = 409
    title = "Another person must release the charge"


class AskFirst(Refusal):
    """A charge stopped for its value is released after somebody else has asked for it."""

    code = "RELEASE_NOT_ASKED"
    status = 409
    title = "Somebody must ask for the release before another person gives it"


class ActNotPossible(Refusal):
    """The act does not fit where the review stands."""

    code = "REVIEW_ACT_REFUSED"
    status = 422
    title = "This cannot be done to the charge"


class Act(StrEnum):
    """What a person can do to a charge under review, besides releasing it."""

    NOTE = "note"
    ASSIGN = "assign"
    ASK = "ask"
    """Ask for its release."""
    RETURN = "return"
    """Say that it must not leave as it is; it waits for a correction."""
    EXTEND = "extend"
    """Let it wait longer before it raises an alarm."""


class NewAct(BaseModel):
    """An act, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    act: Act
    reason: Reason
    owner: Annotated[Words, Field(min_length=1)] | None = None
    """To whom it is assigned."""
    until: AwareDatetime | None = None
    """How long it may wait."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> NewAct:
        if (self.act is Act.ASSIGN) != (self.owner is not None):
            raise ValueError("`owner` comes with `assign`, and only with it")
        if (self.act is Act.EXTEND) != (self.until is not None):
            raise ValueError("`until` comes with `extend`, and only with it")
        return self


@dataclass(frozen=True, slots=True)
class ReleasedCharges:
    """What a release came to.

    Attributes:
        charges: those that left, numbered.
        held: how many could not be charged after all, e.g. because their days were taken.
    """

    charges: tuple[ChargeDraft, ...]
    held: int = 0


async def act_on(
    session: WriteSession, scope: Scope, review_id: int, new: NewAct, by: str, at: datetime
) -> None:
    """Note, assign, ask for, return or extend a charge under review.

    Raises:
        ReviewUnknown, ReviewClosed: it is not there, or does not wait any more.
        ActNotPossible: it would wait beyond its bill window.
    """
    await wait_lock(session, scope.lock_key)
    (row,) = await _open_reviews(session, scope, [review_id])
    values: dict[str, object] = {"last_actor": by}
    if new.act is Act.ASSIGN:
        values["owner"] = new.owner
    elif new.act is Act.ASK:
        values |= {"state": "waiting", "asked_by": by}
    elif new.act is Act.RETURN:
        values |= {"state": "returned", "asked_by": None}
    elif new.until is not None:
        await _refuse_too_long(session, row, new.until, at)
        values |= {"expires_at": new.until, "expiry_told_at": None}
    t = REVIEW.reviews
    await session.execute(update(t).where(t.c.review_id == review_id).values(values))
    await _sign(session, [review_id], new.act.value, by, new.reason, at)


async def release(
    session: WriteSession,
    desk: RatingDesk,
    occasion: Occasion,
    review_ids: Sequence[int],
    by: str,
    reason: str,
) -> ReleasedCharges:
    """Let charges leave exactly as they were computed.

    Raises:
        ReviewUnknown, ReviewClosed: one is not there, or does not wait any more.
        AskFirst: the value hold stopped one, and nobody has asked for it.
        AnotherPersonNeeded: the same person acted on one last, or asked for one that takes two.
    """
    scope = occasion.scope
    await wait_lock(session, scope.lock_key)
    rows = await _open_reviews(session, scope, review_ids)
    for row in rows:
        _refuse_release(row, by)
    await _sign(session, review_ids, "release", by, reason, occasion.at)
    stored = {row.transaction_id: proposed_of(row) for row in rows}
    waiting = {key: one.charge for key, one in stored.items() if one.reversal is None}
    charges: list[ChargeDraft] = []
    if waiting:
        charges += await desk.charge_approved(session, occasion, Approval(waiting, by))
    for row in rows:
        if stored[row.transaction_id].reversal is not None:
            charges += await _replace(session, desk, occasion, row, by)
    left = {charge.transaction_id for charge in charges}
    return ReleasedCharges(tuple(charges), sum(1 for key in stored if key not in left))


async def _replace(
    session: WriteSession, desk: RatingDesk, occasion: Occasion, row: Row[Any], by: str
) -> Sequence[ChargeDraft]:
    """Send the cancel and the rebill of a bill that was rated again, if it is still in force."""
    proposed: Proposed = proposed_of(row)
    in_force = (await load_charges(session, [row.transaction_id])).get(row.transaction_id)
    reversal = proposed.reversal
    current = reversal and in_force and in_force.charge_id == reversal.reverses
    t = REVIEW.reviews
    await session.execute(
        update(t)
        .where(t.c.review_id == row.review_id)
        .values(
            state="released" if current else "superseded",
            closed_at=occasion.at,
            closed_by=by if current else None,
        )
    )
    if not reversal or not current:
        return ()
    pair = (reversal, proposed.charge)
    approved = frozenset(charge.charge_id for charge in pair)
    outcome = DeskOutcome((), (), pair, (), ())
    return await desk.keep(session, occasion, outcome, approved)


async def _open_reviews(
    session: WriteSession, scope: Scope, review_ids: Sequence[int]
) -> list[Row[Any]]:
    """Read reviews in the order asked for, in one round trip.

    Raises:
        ReviewUnknown, ReviewClosed: one is not there, or does not wait any more.
    """
    t = REVIEW.reviews
    keys = any_(literal(list(review_ids), ARRAY(BigInteger)))
    found = await session.execute(
        select(t, text(f"({OPEN_REVIEW}) AS is_open")).where(
            *in_scope(t, scope), t.c.review_id == keys
        )
    )
    rows = {row.review_id: row for row in found}
    for review_id in review_ids:
        row = rows.get(review_id)
        if row is None:
            raise ReviewUnknown(f"no charge is under review as {review_id}")
        if not row.is_open:
            raise ReviewClosed(f"the review {review_id} is {row.state}")
    return [rows[review_id] for review_id in review_ids]


def _refuse_release(row: Row[Any], by: str) -> None:
    if row.state != "waiting":
        raise ActNotPossible(f"the review {row.review_id} was returned; ask for its release first")
    if row.two_people and row.asked_by is None:
        raise AskFirst(f"nobody has asked for the release of review {row.review_id}")
    if row.two_people and row.asked_by == by:
        raise AnotherPersonNeeded(f"{by} asked for the release of review {row.review_id}")
    if row.last_actor == by:
        raise AnotherPersonNeeded(f"{by} acted last on review {row.review_id}")


async def _refuse_too_long(
    session: WriteSession, row: Row[Any], until: datetime, at: datetime
) -> None:
    t = PROGRESS.bills.c
    due_at = await session.scalar(select(t.due_at).where(t.transaction_id == row.transaction_id))
    if until <= at or (due_at is not None and until > due_at):
        raise ActNotPossible("a charge waits until a later moment, within its bill window")


async def _sign(
    session: WriteSession,
    review_ids: Sequence[int],
    act: str,
    by: str,
    reason: str,
    at: datetime,
) -> None:
    rows = [
        {"review_id": one, "act": act, "by": by, "reason": reason, "at": at} for one in review_ids
    ]
    await session.execute(insert(REVIEW.acts), rows)
