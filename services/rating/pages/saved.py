"""The page of saved views: each person's own, a name and a link."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field, ValidationError

from services.rating.browsing.saved import NewView, drop_view, keep_view, saved_views_of
from services.rating.pages.rooms import SEE_OTHER, Asked, House
from shared.platform.refusals import Refusal
from shared.platform.web.addresses import ADDRESS_LENGTH_MAX
from shared.platform.web.identity import Principal, Viewer

SAVED: Final = "/rating/saved"


class SavedForm(Asked):
    """Which view is to be kept, when somebody comes from one."""

    view: Annotated[str | None, Field(max_length=ADDRESS_LENGTH_MAX)] = None


def build(house: House) -> APIRouter:
    """The pages at `/rating/saved`."""
    router = APIRouter()

    @router.get(SAVED)
    async def saved(
        request: Request, principal: Viewer, asked: Annotated[SavedForm, Query()]
    ) -> Response:
        """One's own views, and the form to keep another."""
        return await _show(house, request, principal, asked.view, None)

    @router.post(SAVED)
    async def keep(request: Request, principal: Viewer) -> Response:
        """Keep a view, or another one under the same name."""
        said = await house.said(request, principal)
        try:
            new = NewView.model_validate(said)
            async with house.database.unit_of_work() as session:
                await keep_view(session, principal.name, new, house.clock.now())
        except ValidationError:
            wrong = "Give a name of at most 80 letters, and a page of this console."
            return await _show(house, request, principal, said.get("address"), wrong)
        except Refusal as refusal:
            return await _show(house, request, principal, said.get("address"), refusal.detail)
        return RedirectResponse(SAVED, SEE_OTHER)

    @router.post(f"{SAVED}/remove")
    async def remove(request: Request, principal: Viewer) -> Response:
        """Remove a view."""
        said = await house.said(request, principal)
        async with house.database.unit_of_work() as session:
            await drop_view(session, principal.name, said.get("name", ""))
        return RedirectResponse(SAVED, SEE_OTHER)

    return router


async def _show(
    house: House, request: Request, principal: Principal, address: str | None, wrong: str | None
) -> Response:
    async with house.database.read() as session:
        views = await saved_views_of(session, principal.name)
    values = {"views": views, "address": address, "wrong": wrong}
    return house.page(request, principal, "saved.html", values)
