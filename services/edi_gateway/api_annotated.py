"""The API's answer to "what does this transaction say": every segment with names and meanings."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.edi_gateway.api_desk import Desk, sees_bank_numbers
from services.edi_gateway.api_transactions import find, note_raw_read
from services.edi_gateway.bank_numbers import mask_transaction
from services.edi_gateway.explaining import (
    ExplainedElement,
    ExplainedSegment,
    ExplainedTransaction,
    code_in_words,
)
from services.edi_gateway.operations.annotation import SEGMENTS_MAX, annotate
from services.edi_gateway.x12 import Finding
from shared.platform.web.identity import Analyst
from shared.platform.web.problems import documented

router = APIRouter(tags=["transactions"], responses=documented(401, 403, 422))

First = Annotated[
    int, Query(ge=1, le=10_000_000, description="Number of the first segment shown; ST is 1.")
]

REMARK: Final[dict[str, Any]] = {
    "severity": "error",
    "place": "867[2]/DTM02",
    "code": "8",
    "code_in_words": "AK4-03 8, date not valid",
    "message": "DTM02 '2026-11-25' is no calendar date.",
    "value": "2026-11-25",
    "byte_offset": 1183,
}
SEGMENT: Final[dict[str, Any]] = {
    "position": 3,
    "id": "DTM",
    "name": "Date/Time Reference",
    "known": True,
    "raw": "DTM*649*2026-11-25~",
    "start": 1183,
    "end": 1202,
    "loop": "",
    "loop_name": "",
    "elements": [
        {
            "place": "DTM01",
            "name": "Date/Time Qualifier",
            "value": "649",
            "meaning": "document due",
            "findings": [],
        },
        {
            "place": "DTM02",
            "name": "Date",
            "value": "2026-11-25",
            "meaning": "",
            "findings": [REMARK],
        },
    ],
    "findings": [],
}


class RemarkView(BaseModel):
    """Something found wrong, where it stands."""

    severity: str
    place: str
    code: str
    code_in_words: str = Field(description="The 997's or TA1's element, the code, its meaning.")
    message: str
    value: str
    byte_offset: int

    @classmethod
    def of(cls, found: Finding, guide: str) -> RemarkView:
        """Show a finding."""
        same = {name: getattr(found, name) for name in cls.model_fields if name != "code_in_words"}
        return cls(**same, code_in_words=code_in_words(found, guide))


class ElementView(BaseModel):
    """One element, or one component, that was sent or should have been."""

    place: str = Field(description="E.g. `QTY02`, or `QTY03-01` for a component.")
    name: str
    value: str = Field(description="As sent; control characters as Unicode pictures.")
    meaning: str = Field(description="A code, date or amount in words; empty when there are none.")
    findings: list[RemarkView]

    @classmethod
    def of(cls, element: ExplainedElement, guide: str) -> ElementView:
        """Show an element."""
        return cls(
            place=element.place,
            name=element.name,
            value=element.value,
            meaning=element.meaning,
            findings=[RemarkView.of(found, guide) for found in element.findings],
        )


class SegmentView(BaseModel):
    """One segment, raw and read."""

    position: int = Field(description="From the ST, which is 1; `#seg-3` on the page.")
    id: str
    name: str
    known: bool = Field(description="Whether the guide has a place for it where it stands.")
    raw: str = Field(description="As sent; control characters as Unicode pictures.")
    start: int = Field(description="First byte, counted in the file.")
    end: int = Field(description="Byte after the terminator.")
    loop: str = Field(description="The loops around it, e.g. `PTD[2]/QTY[1]`.")
    loop_name: str
    elements: list[ElementView]
    findings: list[RemarkView] = Field(description="Those of the segment, not of its elements.")

    @classmethod
    def of(cls, segment: ExplainedSegment, guide: str) -> SegmentView:
        """Show a segment."""
        return cls(
            position=segment.position,
            id=segment.id,
            name=segment.name,
            known=segment.known,
            raw=segment.text,
            start=segment.start,
            end=segment.end,
            loop=segment.loop,
            loop_name=segment.loop_name,
            elements=[ElementView.of(element, guide) for element in segment.elements],
            findings=[RemarkView.of(found, guide) for found in segment.findings],
        )


class AnnotatedTransaction(BaseModel):
    """A transaction with names and meanings, or one stretch of a long one."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "set_id": "867",
                    "control_number": "0002",
                    "guide": "uig_004010",
                    "segment_count": 19,
                    "segments": [SEGMENT],
                    "elsewhere": [],
                    "next": None,
                }
            ]
        },
    )

    set_id: str
    control_number: str
    guide: str = Field(description="The guide whose names these are.")
    segment_count: int
    segments: list[SegmentView]
    elsewhere: list[RemarkView] = Field(
        description="What was found outside these segments: in the whole, or in other stretches."
    )
    next: int | None = Field(
        description="Give it as `first` for the next stretch; null at the end."
    )

    @classmethod
    def of(cls, explained: ExplainedTransaction) -> AnnotatedTransaction:
        """Show an explained transaction."""
        guide = explained.guide
        return cls(
            set_id=explained.set_id,
            control_number=explained.control_number,
            guide=guide,
            segment_count=explained.segment_count,
            segments=[SegmentView.of(segment, guide) for segment in explained.segments],
            elsewhere=[RemarkView.of(found, guide) for found in explained.elsewhere],
            next=explained.next,
        )


@router.get(
    "/transactions/{transaction_id}/annotated",
    summary="Explain a transaction segment by segment",
    responses=documented(404),
)
async def annotated_transaction(
    desk: Desk,
    principal: Analyst,
    transaction_id: UUID,
    first: First = 1,
    limit: Annotated[int, Query(ge=1, le=SEGMENTS_MAX)] = SEGMENTS_MAX,
) -> AnnotatedTransaction:
    """Show each segment with its name, its elements, what their codes mean and what is wrong.

    It is raw customer data, so every such read is logged. Bank account numbers of an 820 are
    masked for whoever is not of finance.
    """
    async with desk.database.read() as session:
        row = await find(session, principal, transaction_id)
        explained = await annotate(session, desk.archive, row, first=first, limit=limit)
    note_raw_read(principal, transaction_id=row.id)
    if not sees_bank_numbers(principal):
        explained = mask_transaction(explained)
    return AnnotatedTransaction.of(explained)
