"""The page of controls: is every audit on, when did it last fire, and was the value hold proved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from services.rating.browsing.marks import ROWS_MAX
from services.rating.pages.rooms import Asked, House, Word
from services.rating.review.approvals import settings_that_wait
from services.rating.review.views import AuditView, show_audits, show_controls, show_findings
from shared.platform.web import csv_file
from shared.platform.web.identity import Viewer
from shared.platform.web.scopes import KnownCca, chosen

FINDINGS_SHOWN: Final = 50
CSV_HEAD: Final = (
    *("cca", "code", "title", "class", "on", "does", "limits", "minimum_cents", "owner"),
    *("version", "last_fired"),
)
FINDINGS_HEAD: Final = (
    *("cca", "utility", "code", "did", "account_number", "message", "total_usd", "found_at"),
    "transaction_id",
)


class ControlsForm(Asked):
    """Whose controls, and which audit's findings."""

    code: Word | None = None
    before: Annotated[int | None, Field(ge=1, le=2**62)] = None


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
            findings = await show_findings(
                session, house.scope(one), asked.code, asked.before, FINDINGS_SHOWN
            )
            more = len(findings) == FINDINGS_SHOWN
            older = asked.address(before=findings[-1].finding_id) if more else None
            values = {
                "asked": asked,
                "one": one,
                "holds": [(each, await show_controls(session, each.cca, at)) for each in ccas],
                "audits": await show_audits(session, one.cca),
                "waiting": await settings_that_wait(session, one.cca),
                "findings": findings,
                "older": f"/rating/controls?{older}" if older else None,
                "csv": f"/rating/controls.csv?cca={one.cca}",
                "findings_csv": f"/rating/findings.csv?{asked.address(cca=one.cca, before=None)}",
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

    @router.get("/rating/findings.csv")
    async def findings_csv(
        principal: Viewer, asked: Annotated[ControlsForm, Query()]
    ) -> StreamingResponse:
        """What audits of a CCA found, latest first, streamed."""
        one = chosen(principal, asked.cca)[0]
        return csv_file.download("findings.csv", _findings_csv(house, one, asked.code))

    return router


async def _findings_csv(house: House, one: KnownCca, code: str | None) -> AsyncIterator[str]:
    yield csv_file.lines([FINDINGS_HEAD])
    before: int | None = None
    while True:
        async with house.database.read() as session:
            found = await show_findings(session, house.scope(one), code, before, ROWS_MAX)
        if not found:
            return
        yield csv_file.lines(
            [
                *(
                    one.cca,
                    one.utility,
                    row.code,
                    row.mode,
                    csv_file.Identifier(row.account_number),
                ),
                *(row.message, row.total, row.found_at, row.transaction_id),
            ]
            for row in found
        )
        before = found[-1].finding_id


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
