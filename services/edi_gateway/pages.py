"""The console's pages about transactions, and the door: sign in, sign out.

Pages ask the same questions through the same functions as the API, so there is one way to be
allowed and one way to be answered. They are rendered here and work without JavaScript.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.edi_gateway.api_desk import (
    CursorWord,
    Desk,
    TransactionQuery,
    Word,
    read_cursor,
    scope_of,
    sees_bank_numbers,
    write_cursor,
)
from services.edi_gateway.api_transactions import find, note_raw_read
from services.edi_gateway.bank_numbers import PAYMENT_SET, mask_segment
from services.edi_gateway.explaining import visible
from services.edi_gateway.operations import queries
from services.edi_gateway.operations.lookup import Hit, look_up
from services.edi_gateway.operations.projection import QUESTIONS
from services.edi_gateway.operations.queries import TransactionFilter
from shared.platform.web.addresses import own_page
from shared.platform.web.identity import NotSignedIn, Role, Viewer, principal_of
from shared.platform.web.sessions import Sessions, check_same_site
from shared.platform.web.shell import Furniture, NavEntry, shell_of
from shared.platform.web.times import ZONE

FURNITURE: Final = Furniture(
    nav=(NavEntry("Transactions", "/transactions"), NavEntry("Files", "/files")),
    templates=Path(__file__).parent / "templates",
)
"""What the gateway brings to the console."""

HOME: Final = "/transactions"
SEE_OTHER: Final = 303

SET_NAMES: Final = {
    "248": "write-offs",
    "810": "charge",
    "814": "enrollment",
    "820": "remittance",
    "824": "application advice",
    "867": "usage",
    "997": "acknowledgment",
    "999": "acknowledgment",
}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class ListForm(TransactionQuery):
    """The filters as the page's form sends them: whole days, a search, a page."""

    q: Word | None = None
    cursor: CursorWord | None = None
    first_day: date | None = None
    last_day: date | None = None

    def wanted(self) -> TransactionFilter:
        """Return the filter; days are Pacific days, both included."""
        wanted = super().wanted()
        if self.first_day:
            wanted = replace(wanted, since=_midnight(self.first_day))
        if self.last_day:
            wanted = replace(wanted, until=_midnight(self.last_day + timedelta(days=1)))
        return wanted

    def address(self, **changes: str) -> str:
        """Return the filter as the query of an address."""
        said = self.model_dump(mode="json", exclude_defaults=True, exclude={"cursor", "q"})
        return urlencode({**said, **changes})

    def export(self) -> str:
        """Return the same filter in the API's words."""
        wanted = self.wanted()
        said = self.model_dump(
            mode="json",
            exclude_defaults=True,
            exclude={"cursor", "q", "first_day", "last_day", "since", "until"},
        )
        edges = {"since": wanted.since, "until": wanted.until}
        said |= {name: at.isoformat() for name, at in edges.items() if at is not None}
        return urlencode({**said, "spreadsheet": "true"})


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


@router.get("/")
async def home() -> RedirectResponse:
    """Lead to the first room."""
    return RedirectResponse(HOME, SEE_OTHER)


@router.get("/sign-in")
async def sign_in_page(
    request: Request, next_page: Annotated[str, Query(alias="next", max_length=2000)] = HOME
) -> Response:
    """Ask for a token."""
    return shell_of(request).page(
        request, "shell/sign_in.html", {"next": own_page(next_page, HOME), "wrong": None}
    )


@router.post("/sign-in")
async def sign_in(desk: Desk, request: Request) -> Response:
    """Open a session for whoever shows a good token."""
    check_same_site(request)
    async with request.form(max_files=0, max_fields=4) as form:
        token, wanted = (
            str(form.get("token", "")).strip(),
            own_page(str(form.get("next", "")), HOME),
        )
    try:
        principal = await desk.doorkeeper.admit(token)
    except NotSignedIn as refusal:
        return shell_of(request).page(
            request,
            "shell/sign_in.html",
            {"next": wanted, "wrong": refusal.detail},
            status=refusal.status,
        )
    response = RedirectResponse(wanted, SEE_OTHER)
    desk.doorkeeper.sessions.start(request, response, principal)
    return response


@router.post("/sign-out")
async def sign_out(desk: Desk, request: Request) -> Response:
    """Close the session of this browser."""
    principal = await principal_of(request)
    async with request.form(max_files=0, max_fields=4) as form:
        if principal is not None:
            desk.doorkeeper.sessions.check_form(principal, form)
    response = RedirectResponse("/sign-in", SEE_OTHER)
    Sessions.end(response)
    return response


@router.get("/transactions")
async def list_page(
    desk: Desk, request: Request, principal: Viewer, asked: Annotated[ListForm, Query()]
) -> Response:
    """Show the search box, the filter and a page of transactions, or what was found."""
    values: dict[str, Any] = {"asked": asked, "utilities": desk.utilities}
    if asked.q:
        async with desk.database.read() as session:
            hits = await look_up(session, scope_of(principal), asked.q)
        if len(hits) == 1:
            return RedirectResponse(_place_of(hits[0]), SEE_OTHER)
        return shell_of(request).page(
            request, "gateway/transactions.html", {**values, "hits": hits}, principal=principal
        )
    async with desk.database.read() as session:
        page = await queries.list_transactions(
            session, scope_of(principal), asked.wanted(), after=read_cursor(asked.cursor)
        )
    after = write_cursor(page.next)
    values |= {
        "page": page,
        "filtered": bool(asked.address()),
        "older": f"/transactions?{asked.address(cursor=after)}" if after else None,
        "newest": f"/transactions?{asked.address()}" if asked.cursor else None,
        "csv": f"/v1/transactions.csv?{asked.export()}",
    }
    return shell_of(request).page(request, "gateway/transactions.html", values, principal=principal)


def _place_of(hit: Hit) -> str:
    if hit.transaction is not None:
        return f"/transactions/{hit.transaction.id}"
    return f"/files/{hit.file.id}" if hit.file is not None else HOME


@router.get("/transactions/{transaction_id}")
async def transaction_page(
    desk: Desk, request: Request, principal: Viewer, transaction_id: UUID, *, raw: bool = False
) -> Response:
    """Show one transaction: facts, states, findings, timeline, its story and its segments."""
    may_read_raw = principal.may(Role.ANALYST)
    segments: list[str] = []
    async with desk.database.read() as session:
        row = await find(session, principal, transaction_id)
        story = await queries.related(session, scope_of(principal), row.id)
        entries = await queries.timeline(session, story or (row,))
        findings = await queries.findings_of(session, transaction_id=row.id)
        if raw and may_read_raw:
            segments = split_segments(await queries.raw_x12(session, desk.archive, row))
            if not sees_bank_numbers(principal):
                segments = [mask_segment(segment) for segment in segments]
            note_raw_read(principal, transaction_id=row.id)
    return shell_of(request).page(
        request,
        "gateway/transaction.html",
        {
            "row": row,
            "story": story,
            "entries": entries,
            "findings": findings,
            "segments": segments,
            "may_read_raw": may_read_raw,
            "may_have_bytes": row.set_id != PAYMENT_SET or sees_bank_numbers(principal),
            "questions": QUESTIONS,
            "names": SET_NAMES,
        },
        principal=principal,
    )


def split_segments(data: bytes) -> list[str]:
    """Return a transaction's segments, one a line, with control characters made visible."""
    text = data.decode("latin-1")
    end = text.rstrip("\r\n")[-1:]
    terminator = end if end and not end.isalnum() else "\n"
    lines = (line.strip("\r\n") for line in text.split(terminator))
    shown = "" if terminator == "\n" else terminator
    return [visible(line + shown) for line in lines if line]
