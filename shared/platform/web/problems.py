"""How the API says no: one shape for every refusal, wrong request and fault (RFC 9457).

People read `title` and `detail`; programs act on `code`, which never changes once published.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"
REFERENCE = "#/components/schemas/Problem"

CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    500: "fault",
    503: "not_ready",
}
"""Stable codes of problems that no use case of ours names more exactly."""


class WrongField(BaseModel):
    """One thing wrong with a request: where and what; the value itself is not repeated."""

    place: str = Field(examples=["query.limit"])
    message: str = Field(examples=["Input should be less than or equal to 200"])


class Problem(BaseModel):
    """Why a request was not done (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "There is no such transaction",
                    "status": 404,
                    "detail": "No transaction 0b0f… that this token may see.",
                    "code": "unknown_transaction",
                    "reference": "01j9m3",
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    code: str
    reference: str | None = None
    """The request's id; the log knows more under it."""
    errors: list[WrongField] | None = None
    missing: list[str] | None = None


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the problem as the API sends it."""
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def problem_of_status(status: int, detail: str, reference: str | None) -> Problem:
    """Return a problem that only a status is known of."""
    return Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=CODES.get(status, f"http_{status}"),
        reference=reference,
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the problems an operation can answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": REFERENCE}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }
