"""Pages about charges under review: the list, one with its lines as they would leave, decisions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import Field, NaiveDatetime, TypeAdapter, ValidationError

from services.rating.browsing.marks import ROWS_MAX
from services.rating.messages import Occasion
from services.rating.pages.rooms import REASON, SEE_OTHER, Asked, House, Word
from services.rating.review.api import ReviewId
from services.rating.review.decide import NewAct, ReviewUnknown, act_on, release
from services.rating.review.views import ReviewView, show_review, show_reviews
from services.rating.store_activation import signing
from shared.platform.refusals import Refusal
from shared.platform.web import csv_file
from shared.platform.web.csv_file import Identifier
from shared.platform.web.identity import Operator, Principal, Viewer
from shared.platform.web.scopes import KnownCca, chosen
from shared.platform.web.times import ZONE

SHOWN: Final = 50
RELEASE: Final = "release"
LOCAL: Final = TypeAdapter[datetime](NaiveDatetime)
"""Reads a moment as browsers send it: without a zone, meant in Pacific time."""
CSV_HEAD: Final = (
    *("cca", "utility", "review", "account_number", "usage_id", "bill_cycle", "class", "codes"),
    *("why", "total_usd", "two_people", "state", "owner", "last_actor", "opened_at"),
    *("expires_at", "closed_at", "closed_by"),
)


class ReviewsForm(Asked):
    """Which reviews."""

    state: Word | None = None
    after: int = Field(default=0, ge=0, le=2**62)


class ReviewForm(Asked):
    """Whose review."""


def build(house: House) -> APIRouter:
    """The pages below `/rating/reviews`."""
    router = APIRouter()

    @router.get("/rating/reviews")
    async def reviews(
        request: Request, principal: Viewer, asked: Annotated[ReviewsForm, Query()]
    ) -> Response:
        """Charges that wait for a person, oldest first, by CCA."""
        found = []
        async with house.database.read() as session:
            for one in chosen(principal, asked.cca):
                page = await show_reviews(
                    session, house.scope(one), asked.state, asked.after, SHOWN
                )
                if page.reviews:
                    found.append((one, page))
        csv = f"/rating/reviews.csv?{asked.address(after=None)}"
        values = {"asked": asked, "found": found, "csv": csv}
        return house.page(request, principal, "reviews.html", values)

    @router.get("/rating/reviews.csv")
    async def reviews_csv(
        principal: Viewer, asked: Annotated[ReviewsForm, Query()]
    ) -> StreamingResponse:
        """All of them, streamed."""
        rows = _csv(house, chosen(principal, asked.cca), asked.state)
        return csv_file.download("reviews.csv", rows)

    @router.get("/rating/reviews/{review_id}")
    async def review(
        request: Request,
        principal: Viewer,
        review_id: ReviewId,
        asked: Annotated[ReviewForm, Query()],
    ) -> Response:
        """One charge under review."""
        return await _show(house, request, principal, review_id, asked, None)

    @router.post("/rating/reviews/{review_id}")
    async def decide(
        request: Request,
        principal: Operator,
        review_id: ReviewId,
        asked: Annotated[ReviewForm, Query()],
    ) -> Response:
        """Note, assign, ask for, return, extend or release; a refusal is told beside the forms."""
        said = await house.said(request, principal)
        try:
            await _decide(house, principal, review_id, asked, said)
        except ValidationError:
            wrong = "Say what and why, in a few words, and whom or until when where it is asked."
            return await _show(house, request, principal, review_id, asked, wrong)
        except Refusal as refusal:
            return await _show(house, request, principal, review_id, asked, refusal.detail)
        query = urlencode({"cca": asked.cca})
        return RedirectResponse(f"/rating/reviews/{review_id}?{query}", SEE_OTHER)

    return router


async def _decide(
    house: House, principal: Principal, review_id: int, asked: ReviewForm, said: dict[str, str]
) -> None:
    scope, by, at = house.one(principal, asked.cca), signing(principal.name), house.clock.now()
    async with house.database.unit_of_work() as session:
        if said.get("act") == RELEASE:
            reason, desk = REASON.validate_python(said.get("reason", "")), house.acting().desk
            await release(session, desk, Occasion(scope, at), [review_id], by, reason)
        else:
            until = LOCAL.validate_python(said["until"]) if "until" in said else None
            new = NewAct.model_validate(
                {**said, "until": until.replace(tzinfo=ZONE) if until else None}
            )
            await act_on(session, scope, review_id, new, by, at)


async def _show(
    house: House,
    request: Request,
    principal: Principal,
    review_id: int,
    asked: ReviewForm,
    wrong: str | None,
) -> Response:
    scope = house.one(principal, asked.cca)
    async with house.database.read() as session:
        found = await show_review(session, scope, review_id)
    if found is None:
        raise ReviewUnknown(f"no charge is under review as {review_id}")
    values = {
        "asked": asked,
        "scope": scope,
        "review": found,
        "wrong": wrong,
        "me": principal.name,
        "rule": who_releases(found, principal.name),
    }
    return house.page(request, principal, "review.html", values)


def who_releases(review: ReviewView, me: str) -> str:
    """Say who may let a charge go, and what is still to be done for it, to one who looks."""
    if review.state == "returned":
        return "It was returned: somebody must ask for its release, and another person releases it."
    if review.needs_two_people and review.asked_by is None:
        return (
            "A charge of this value takes two people, and nobody has asked yet: one person asks"
            " for its release, and another releases it."
        )
    if review.needs_two_people and review.asked_by == me:
        return "You asked for its release, so another person must release it."
    if review.last_actor == me:
        return "You acted on it last, so another person must release it."
    if review.last_actor:
        return f"{review.last_actor} acted on it last, so you can release it."
    return "Nobody has acted on it, so you can release it."


async def _csv(house: House, ccas: tuple[KnownCca, ...], state: str | None) -> AsyncIterator[str]:
    yield csv_file.lines([CSV_HEAD])
    for one in ccas:
        after: int | None = 0
        while after is not None:
            async with house.database.read() as session:
                page = await show_reviews(session, house.scope(one), state, after, ROWS_MAX)
            yield csv_file.lines(_cells(one, row) for row in page.reviews)
            after = page.next_after


def _cells(one: KnownCca, row: ReviewView) -> list[csv_file.Value]:
    return [
        *(one.cca, one.utility, row.review_id, Identifier(row.account_number)),
        *(Identifier(row.usage_id), Identifier(row.bill_cycle), row.customer_class.value),
        *(" ".join(row.codes), "; ".join(row.messages), row.total, row.needs_two_people),
        *(row.state, row.owner, row.last_actor, row.opened_at, row.expires_at),
        *(row.closed_at, row.closed_by),
    ]
