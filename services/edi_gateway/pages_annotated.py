"""The console's page that puts a transaction's raw segments beside what they say."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from services.edi_gateway.api_annotated import First
from services.edi_gateway.api_desk import Desk, sees_bank_numbers
from services.edi_gateway.api_transactions import find, note_raw_read
from services.edi_gateway.bank_numbers import mask_transaction
from services.edi_gateway.explaining import NOT_IN_THE_MAP, ExplainedTransaction, code_in_words
from services.edi_gateway.operations.annotation import SEGMENTS_MAX, annotate
from services.edi_gateway.pages import SET_NAMES
from services.edi_gateway.x12 import Finding
from shared.platform.web.identity import Analyst
from shared.platform.web.shell import shell_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/transactions/{transaction_id}/annotated")
async def annotated_page(
    desk: Desk, request: Request, principal: Analyst, transaction_id: UUID, first: First = 1
) -> Response:
    """Show raw and parsed side by side, linked both ways, with the findings in place."""
    async with desk.database.read() as session:
        row = await find(session, principal, transaction_id)
        explained = await annotate(session, desk.archive, row, first=first)
    note_raw_read(principal, transaction_id=row.id)
    if not sees_bank_numbers(principal):
        explained = mask_transaction(explained)
    own = f"/transactions/{row.id}/annotated"
    return shell_of(request).page(
        request,
        "gateway/annotated.html",
        {
            "row": row,
            "explained": explained,
            "remarks_found": _remarks(explained, own),
            "previous": f"{own}?first={max(1, first - SEGMENTS_MAX)}" if first > 1 else None,
            "following": f"{own}?first={explained.next}" if explained.next else None,
            "names": SET_NAMES,
            "not_in_the_map": NOT_IN_THE_MAP,
            "code_in_words": lambda found: code_in_words(found, explained.guide),
        },
        principal=principal,
    )


def _remarks(explained: ExplainedTransaction, own: str) -> list[tuple[Finding, str]]:
    """Return every finding with the address of its segment, empty when it has none."""
    found: list[tuple[Finding, str]] = []
    for segment in explained.segments:
        here = [*segment.findings, *(one for e in segment.elements for one in e.findings)]
        found += [(one, f"#seg-{segment.position}") for one in here]
    for one in explained.elsewhere:
        at = one.segment_position
        first = (at - 1) // SEGMENTS_MAX * SEGMENTS_MAX + 1
        found.append((one, f"{own}?first={first}#seg-{at}" if at else ""))
    return found
