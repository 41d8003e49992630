"""Pages about charges under review: the list, one with its lines as they would leave, decisions."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field, ValidationError

from services.rating.messages import Occasion
from services.rating.pages.batches import REASON
from services.rating.pages.rooms import SEE_OTHER, Asked, House, Word
from services.rating.review.decide import Act, NewAct, ReviewUnknown, act_on, release
from services.rating.review.views import show_review, show_reviews
from services.rating.store_activation import signing
from shared.platform.refusals import Refusal
from shared.platform.web.identity import Operator, Principal, Viewer
from shared.platform.web.scopes import chosen

SHOWN: Final = 50
RELEASE: Final = "release"
FORM_ACTS: Final = (RELEASE, Act.ASK.value, Act.RETURN.value, Act.NOTE.value)


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
        values = {"asked": asked, "found": found}
        return house.page(request, principal, "reviews.html", values)

    @router.get("/rating/reviews/{review_id}")
    async def review(
        request: Request,
        principal: Viewer,
        review_id: int,
        asked: Annotated[ReviewForm, Query()],
    ) -> Response:
        """One charge under review."""
        return await _show(house, request, principal, review_id, asked, None)

    @router.post("/rating/reviews/{review_id}")
    async def decide(
        request: Request,
        principal: Operator,
        review_id: int,
        asked: Annotated[ReviewForm, Query()],
    ) -> Response:
        """Note, ask for, return or release; a refusal is told beside the form."""
        async with house.form(request, principal) as form:
            act, said = str(form.get("act", "")), str(form.get("reason", ""))
        try:
            await _decide(house, principal, review_id, asked, (act, REASON.validate_python(said)))
        except ValidationError:
            wrong = "Say what and why, in a few words."
            return await _show(house, request, principal, review_id, asked, wrong)
        except Refusal as refusal:
            return await _show(house, request, principal, review_id, asked, refusal.detail)
        query = urlencode({"cca": asked.cca})
        return RedirectResponse(f"/rating/reviews/{review_id}?{query}", SEE_OTHER)

    return router


async def _decide(
    house: House, principal: Principal, review_id: int, asked: ReviewForm, said: tuple[str, str]
) -> None:
    scope, by, at = house.one(principal, asked.cca), signing(principal.name), house.clock.now()
    act, reason = said
    async with house.database.unit_of_work() as session:
        if act == RELEASE:
            desk = house.acting().desk
            await release(session, desk, Occasion(scope, at), [review_id], by, reason)
        else:
            new = NewAct.model_validate({"act": act, "reason": reason})
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
    values = {"asked": asked, "scope": scope, "review": found, "wrong": wrong, "acts": FORM_ACTS}
    return house.page(request, principal, "review.html", values)
