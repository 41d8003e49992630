"""The page of controls: is every audit on, when did it last fire, and was the value hold proved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.rating.pages.rooms import Asked, House, Word
from services.rating.review.views import AuditView, show_audits, show_controls, show_findings
from shared.platform.web import csv_file
from shared.platform.web.identity import Viewer
from shared.platform.web.scopes import KnownCca, chosen

FINDINGS_SHOWN: Final = 50
CSV_HEAD: Final = (
    *("cca", "code", "title", "class", "on", "does", "limits", "minimum_cents", "owner"),
    *("version", "last_fired"),
)


class ControlsForm(Asked):
    """Whose controls, and which audit's findings."""

    code: Word | None = None


def build(house: House) -> APIRouter:
    """The pages below `/rating/controls`."""
    router = APIRouter()

    @router.get("/rating/controls")
    async def controls(
        request: Request, principal: Viewer, asked: Annotated[ControlsForm, Query()]
    ) -> Response:
        """The value hold of every CCA; audits and findings of one."""
        ccas = chosen(principal, asked.cca)
        one = ccas[0]
        async with house.database.read() as session:
            at = house.clock.now()
            values = {
                "asked": asked,
                "one": one,
                "holds": [(each, await show_controls(session, each.cca, at)) for each in ccas],
                "audits": await show_audits(session, one.cca),
                "findings": await show_findings(
                    session, house.scope(one), asked.code, None, FINDINGS_SHOWN
                ),
                "csv": f"/rating/controls.csv?{asked.address(cca=one.cca, code=None)}",
            }
        return house.page(request, principal, "controls.html", values)

    @router.get("/rating/controls.csv")
    async def controls_csv(
        principal: Viewer, asked: Annotated[ControlsForm, Query()]
    ) -> StreamingResponse:
        """Every audit of a CCA as a file."""
        one = chosen(principal, asked.cca)[0]
        async with house.database.read() as session:
            audits = await show_audits(session, one.cca)
        return csv_file.download("controls.csv", _csv(one, audits))

    return router


async def _csv(one: KnownCca, audits: list[AuditView]) -> AsyncIterator[str]:
    yield csv_file.lines([CSV_HEAD])
    yield csv_file.lines(_cells(one, audit) for audit in audits)


def _cells(one: KnownCca, audit: AuditView) -> list[csv_file.Value]:
    setting = audit.setting
    if setting is None:
        does: list[csv_file.Value] = [True, "hold", "", 0, ""]
    else:
        limits = ", ".join(f"{name} {number}" for name, number in setting.limits.items())
        does = [setting.enabled, setting.mode.value, limits, setting.minimum_cents, setting.owner]
    named = [one.cca, audit.code, audit.title, audit.customer_class.value]
    return [*named, *does, audit.version, audit.last_fired]
