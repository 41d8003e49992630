"""The console's pages about whole files: what came and went, and sending one again."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import model_validator

from services.edi_gateway.api_desk import (
    Desk,
    read_cursor,
    require_everything,
    sees_bank_numbers,
    write_cursor,
)
from services.edi_gateway.api_files import FileQuery, find, request_resend, take_upload
from services.edi_gateway.operations import file_queries, ledger, queries
from services.edi_gateway.operations.resend import effect_of
from services.edi_gateway.pages import SEE_OTHER
from shared.platform.web.identity import Operator, Role, Viewer
from shared.platform.web.shell import shell_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class FileForm(FileQuery):
    """The filters as the page's form sends them, the empty ones too."""

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, given: Any) -> Any:  # noqa: ANN401  whatever pydantic hands over
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value != ""}

    def address(self, **changes: str) -> str:
        """Return the filter as the query of an address."""
        said = self.model_dump(mode="json", exclude_defaults=True, exclude={"cursor"})
        return urlencode({**said, **changes})


@router.get("/files")
async def list_page(
    desk: Desk, request: Request, principal: Viewer, asked: Annotated[FileForm, Query()]
) -> Response:
    """Show a page of files, newest first."""
    require_everything(principal)
    async with desk.database.read() as session:
        rows, after = await file_queries.list_files(
            session,
            utility=asked.utility,
            direction=asked.direction,
            state=asked.state,
            after=read_cursor(asked.cursor),
            limit=asked.limit,
        )
    older = write_cursor(after)
    return shell_of(request).page(
        request,
        "gateway/files.html",
        {
            "asked": asked,
            "rows": rows,
            "utilities": desk.utilities,
            "filtered": bool(asked.address()),
            "older": f"/files?{asked.address(cursor=older)}" if older else None,
            "newest": f"/files?{asked.address()}" if asked.cursor else None,
            "may_upload": principal.may(Role.OPERATOR),
        },
        principal=principal,
    )


@router.post("/files")
async def upload(desk: Desk, request: Request, principal: Operator) -> Response:
    """Take a file in and show it."""
    require_everything(principal)
    arrival = await take_upload(desk, principal, request)
    return RedirectResponse(f"/files/{arrival.file_id}?done=uploaded", SEE_OTHER)


@router.get("/files/{file_id}")
async def file_page(
    desk: Desk,
    request: Request,
    principal: Viewer,
    file_id: UUID,
    done: Literal["uploaded", "resend"] | None = None,
) -> Response:
    """Show one file: facts, progress, findings, timeline, and how to send it again."""
    async with desk.database.read() as session:
        row = await find(session, principal, file_id)
        findings = await queries.findings_of(session, file_id=file_id)
        entries = await file_queries.file_timeline(session, file_id)
        chain = await ledger.verify_chain(session, file_id)
        effect = await effect_of(session, file_id)
        payments = await file_queries.names_bank_accounts(session, file_id)
    return shell_of(request).page(
        request,
        "gateway/file.html",
        {
            "row": row,
            "findings": findings,
            "entries": entries,
            "chain": chain,
            "effect": effect,
            "done": done,
            "may_read_raw": principal.may(Role.ANALYST)
            and (not payments or sees_bank_numbers(principal)),
            "may_resend": principal.may(Role.OPERATOR),
        },
        principal=principal,
    )


@router.post("/files/{file_id}/resend")
async def resend(desk: Desk, request: Request, principal: Operator, file_id: UUID) -> Response:
    """Queue a file for another delivery; the same form sent twice asks once."""
    async with request.form(max_files=0, max_fields=4) as form:
        desk.doorkeeper.sessions.check_form(principal, form)
        reason = str(form.get("reason", ""))
    async with desk.database.read() as session:
        row = await find(session, principal, file_id)
    if row.state != "ready":
        await request_resend(desk, principal, file_id, reason)
    return RedirectResponse(f"/files/{file_id}?done=resend", SEE_OTHER)
