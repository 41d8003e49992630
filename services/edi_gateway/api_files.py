"""The API's answers about whole files: lists, one with its proof, bytes, upload and re-send.

Whole files hold the data of several CCAs and are for tokens that may see everything.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, BinaryIO, ClassVar, Final, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from services.edi_gateway import archive
from services.edi_gateway.api_desk import (
    PAGE_SIZE,
    CursorWord,
    Desk,
    GatewayWeb,
    Limit,
    Word,
    read_cursor,
    require_bank_numbers,
    require_everything,
    write_cursor,
)
from services.edi_gateway.api_transactions import RAW_ANSWERS, X12_MEDIA_TYPE, note_raw_read
from services.edi_gateway.api_views import (
    ChainView,
    EntryView,
    FileDetail,
    FilePage,
    FileView,
    FindingView,
    ResendWish,
    Timeline,
    UploadAnswer,
)
from services.edi_gateway.inbound import Arrival
from services.edi_gateway.operations import file_queries, ledger, queries
from services.edi_gateway.operations.file_queries import FileRow
from services.edi_gateway.operations.resend import UnknownFile, resend_file
from services.edi_gateway.transport.server_policy import FILE_BYTES_MAX
from shared.platform.database import ReadSession, after_commit
from shared.platform.refusals import Refusal
from shared.platform.web.edge import BODY_LIMIT
from shared.platform.web.identity import Analyst, Operator, Principal, Viewer
from shared.platform.web.problems import documented

UPLOAD_BYTES_MAX: Final = FILE_BYTES_MAX
"""The same limit at both doors, SFTP and API."""

FORM_BYTES_MAX: Final = 64 * 1024
"""Room for the form around an uploaded file."""

NAME_CHARS_MAX: Final = 200

router = APIRouter(tags=["files"], responses=documented(401, 403, 422))

_UPLOAD_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


class UnknownUtility(Refusal):
    """We trade with no utility of this name."""

    code: ClassVar[str] = "unknown_utility"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "There is no such utility"


class UploadNotUsable(Refusal):
    """The form holds no file, an empty one, or one without a usable name."""

    code: ClassVar[str] = "upload_not_usable"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The upload holds no usable file"


class FileQuery(BaseModel):
    """The filters of a list of files, and which page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    utility: Word | None = None
    direction: Literal["inbound", "outbound"] | None = None
    state: Word | None = None
    limit: Limit = PAGE_SIZE
    cursor: CursorWord | None = None


@router.get("/files", summary="List files")
async def list_files(
    desk: Desk, principal: Viewer, asked: Annotated[FileQuery, Query()]
) -> FilePage:
    """List files, newest first."""
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
    return FilePage(files=[FileView.of(row) for row in rows], next=write_cursor(after))


@router.get("/files/{file_id}", summary="Show one file", responses=documented(404))
async def show_file(desk: Desk, principal: Viewer, file_id: UUID) -> FileDetail:
    """Show a file, what was found in its envelopes, and whether its ledger is whole."""
    async with desk.database.read() as session:
        row = await find(session, principal, file_id)
        findings = await queries.findings_of(session, file_id=file_id)
        problem = await ledger.verify_chain(session, file_id)
    return FileDetail(
        file=FileView.of(row),
        findings=[FindingView.of(found) for found in findings],
        chain=ChainView(verified=problem is None, problem=problem),
    )


@router.get(
    "/files/{file_id}/timeline", summary="Show what happened to a file", responses=documented(404)
)
async def show_file_timeline(desk: Desk, principal: Viewer, file_id: UUID) -> Timeline:
    """Show what happened to a file itself, oldest first; its transactions have their own."""
    async with desk.database.read() as session:
        await find(session, principal, file_id)
        entries = await file_queries.file_timeline(session, file_id)
    return Timeline(entries=[EntryView.of(entry) for entry in entries])


@router.get(
    "/files/{file_id}/raw",
    summary="Get the bytes of a file",
    response_class=Response,
    responses=RAW_ANSWERS,
)
async def raw_file(
    desk: Desk, principal: Analyst, file_id: UUID, *, download: bool = False
) -> StreamingResponse:
    """Get the exact bytes of a file, streamed. Every such read is logged.

    A file with 820s names bank accounts and is for people of finance.
    """
    async with desk.database.read() as session:
        row = await find(session, principal, file_id)
        if await file_queries.names_bank_accounts(session, file_id):
            require_bank_numbers(principal)
    note_raw_read(principal, file_id=row.id)
    disposition = "attachment" if download else "inline"
    return StreamingResponse(
        _bytes_of(desk, row),
        media_type=X12_MEDIA_TYPE,
        headers={
            "Content-Length": str(row.size),
            "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(row.name, safe='')}",
            "ETag": f'"{row.sha256}"',
        },
    )


async def _bytes_of(desk: GatewayWeb, row: FileRow) -> AsyncIterator[bytes]:
    async with desk.database.read() as session:
        async for piece in desk.archive.pieces(session, row.id):
            yield piece


@router.post(
    "/files",
    summary="Upload a file",
    status_code=202,
    responses=documented(400, 413),
    openapi_extra=_UPLOAD_FORM,
)
async def upload_file(
    desk: Desk, principal: Operator, request: Request, utility: Annotated[Word, Query()]
) -> UploadAnswer:
    """Upload a file as if the utility had put it into its mailbox.

    It is archived before the answer and read after it. The same bytes again have no effect.
    """
    require_everything(principal)
    arrival = await take_upload(desk, principal, request, utility)
    own = f"/v1/files/{arrival.file_id}"
    return UploadAnswer(
        file_id=arrival.file_id,
        sha256=arrival.sha256,
        duplicate_of=arrival.duplicate_of,
        links={"self": own, "timeline": f"{own}/timeline", "raw": f"{own}/raw"},
    )


@router.post(
    "/files/{file_id}/resend",
    summary="Send a file again",
    status_code=202,
    responses=documented(404, 409),
)
async def resend(desk: Desk, principal: Operator, file_id: UUID, wish: ResendWish) -> FileView:
    """Deliver an outbound file once more: the same bytes and control numbers."""
    require_everything(principal)
    return FileView.of(await request_resend(desk, principal, file_id, wish.reason))


async def request_resend(
    desk: GatewayWeb, principal: Principal, file_id: UUID, reason: str
) -> FileRow:
    """Queue a file for another delivery and wake the post office.

    Raises:
        UnknownFile, NotResendable, ReasonMissing: see `resend_file`.
    """
    async with desk.database.unit_of_work() as session:
        row = await resend_file(
            session, desk.put, file_id, reason=reason, actor=principal.name, at=desk.clock.now()
        )
        after_commit(session, desk.wake_delivery)
    return row


async def find(session: ReadSession, principal: Principal, file_id: UUID) -> FileRow:
    """Return a file, for somebody who may see whole files.

    Raises:
        NotAllowed: the token is for some CCAs only.
        UnknownFile: there is no such file.
    """
    require_everything(principal)
    row = await file_queries.find_file(session, file_id)
    if row is None:
        raise UnknownFile(f"No file {file_id}.")
    return row


async def take_upload(
    desk: GatewayWeb, principal: Principal, request: Request, utility: str | None = None
) -> Arrival:
    """Archive the file of a multipart form; whoever calls has checked who is asking.

    The body is read only now, so that a stranger cannot fill the disk.

    Raises:
        UnknownUtility: we do not trade with it.
        UploadNotUsable: there is no file in the form.
    """
    if utility is not None:
        _check_utility(desk, utility)
    setattr(request.state, BODY_LIMIT, UPLOAD_BYTES_MAX + FORM_BYTES_MAX)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(415, "Send the file as multipart/form-data, in a field named file.")
    async with request.form(max_files=1, max_fields=8) as form:
        if utility is None:  # a page's form: who sends it and for whom is in it
            desk.doorkeeper.sessions.check_form(principal, form)
            utility = str(form.get("utility", ""))
            _check_utility(desk, utility)
        sent = form.get("file")
        if not isinstance(sent, UploadFile):
            raise UploadNotUsable("The form has no field `file` with a file in it.")
        name = upload_name(sent.filename)
        if not sent.size:
            raise UploadNotUsable(f"{name} is empty.")
        with tempfile.TemporaryDirectory(prefix="ccax-upload-") as folder:
            path = Path(folder) / "file"
            await asyncio.to_thread(_copy, sent.file, path)
            return await desk.inbound.arrive(
                utility=utility, name=name, origin="api", path=path, actor=principal.name
            )


def _check_utility(desk: GatewayWeb, utility: str) -> None:
    if utility not in desk.utilities:
        raise UnknownUtility(f"We trade with {', '.join(desk.utilities)}.")


def _copy(source: BinaryIO, path: Path) -> None:
    with path.open("wb") as target:
        shutil.copyfileobj(source, target, archive.CHUNK_BYTES)


def upload_name(shown: str | None) -> str:
    """Return the name a file is kept under: its last part, printable, of bounded length.

    Raises:
        UploadNotUsable: nothing usable is left.
    """
    name = PurePosixPath((shown or "").replace("\\", "/")).name
    name = "".join(letter for letter in name if letter.isprintable())[:NAME_CHARS_MAX].strip()
    if not name or name in {".", ".."}:
        raise UploadNotUsable("The uploaded file has no name.")
    return name
