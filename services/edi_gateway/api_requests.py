"""The API for what we ask of utilities: 814 requests of our own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.edi_gateway import service_requests
from services.edi_gateway.api_desk import Desk
from services.edi_gateway.partners import UnknownPartnerError
from services.edi_gateway.reading import partners
from services.edi_gateway.service_requests import AskedRequest, RequestScope, UnknownRequest
from services.edi_gateway.transactions import RequestKind, ServiceRequest
from shared.contracts.parts import CcaCode, Reason
from shared.platform.web.identity import NotAllowed, Operator, Viewer
from shared.platform.web.problems import documented

_EXAMPLE: Final[dict[str, Any]] = {
    "cca": "mce",
    "client_key": "crm-2026-000123",
    "kind": "drop",
    "account_number": "4100000001",
    "service_agreement_id": "SA4100000001",
    "customer_name": "ADA ALDERTON",
    "effective_on": "2026-08-06",
    "reason_code": "B38",
    "reason_text": "DROPPED BY CUSTOMER REQUEST",
}

router = APIRouter(tags=["service requests"], responses=documented(401, 403, 422))

Number = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./-]{0,29}$")]
"""A number as it fits a REF: letters, digits and plain marks, 30 at most."""

Words = Annotated[str, StringConstraints(max_length=60, pattern=r"^[ -~]*$")]


class Wish(BaseModel):
    """What is asked of a utility about one account."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [_EXAMPLE]}
    )

    cca: CcaCode = Field(description="For whom is asked; it decides which utility is asked.")
    client_key: Number = Field(description="Your name of this wish; asking again does nothing.")
    kind: RequestKind
    account_number: Number
    service_agreement_id: Number | None = None
    customer_name: Words = ""
    effective_on: date | None = Field(
        None, description="First day of an enrollment or reinstatement, last of a drop."
    )
    reason_code: Number | None = Field(None, description="Why, e.g. `B38`.")
    reason_text: Words = ""
    changed: tuple[Number, ...] = Field((), max_length=20, description="REF*TD of a change.")
    product: Number | None = Field(None, description="Our product for the account (REF*RB).")


class RequestView(BaseModel):
    """A request of ours with what became of it."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "request_id": "Q5B0A4B1FF7C95A0E8C0D",
                    "transaction_id": "0b54b7f0-0a59-5c34-9d46-6a1b6b6c8d52",
                    "utility": "pge",
                    "cca": "mce",
                    "kind": "drop",
                    "account_number": "4100000001",
                    "state": "to_be_sent",
                    "asked_at": "2026-07-06T14:03:11Z",
                    "asked_by": "crm",
                    "links": {"self": "/v1/service-requests/Q5B0A4B1FF7C95A0E8C0D"},
                }
            ]
        },
    )

    request_id: str = Field(description="BGN02 of the 814; the utility echoes it in BGN06.")
    transaction_id: UUID
    utility: str
    cca: str
    kind: RequestKind
    account_number: str
    state: str = Field(description="`to_be_sent`, `waiting`, `applied` or `refused`.")
    asked_at: datetime
    asked_by: str
    links: dict[str, str]

    @classmethod
    def of(cls, asked: AskedRequest) -> RequestView:
        """Show a request."""
        links = {"self": f"/v1/service-requests/{asked.request.request_id}"}
        if asked.state != service_requests.WAITING_TO_BE_SENT:
            links["transaction"] = f"/v1/transactions/{asked.transaction_id}"
        return cls(
            request_id=asked.request.request_id,
            transaction_id=asked.transaction_id,
            utility=asked.utility,
            cca=asked.cca,
            kind=asked.request.kind,
            account_number=asked.request.account_number,
            state=asked.state,
            asked_at=asked.at,
            asked_by=asked.request.asked_by,
            links=links,
        )


@router.post(
    "/service-requests",
    status_code=202,
    summary="Ask a utility to enroll, drop, change or reinstate an account, or for its history",
    responses=documented(409),
)
async def ask_utility(desk: Desk, principal: Operator, wish: Wish) -> RequestView:
    """Queue an 814 request; the same wish under the same key is queued once."""
    if not principal.sees(wish.cca):
        raise NotAllowed(f"The token {principal.name} is not for {wish.cca}.")
    try:
        utility = partners().cca(wish.cca).utility
    except UnknownPartnerError:
        raise service_requests.RequestIncomplete(f"We trade for no CCA {wish.cca!r}.") from None
    scope = RequestScope(utility, wish.cca, desk.environment)
    request = ServiceRequest(
        request_id=service_requests.request_id(scope, wish.client_key),
        client_key=wish.client_key,
        kind=wish.kind,
        account_number=wish.account_number,
        service_agreement_id=wish.service_agreement_id,
        customer_name=wish.customer_name,
        effective_on=wish.effective_on,
        reason=(Reason(code=wish.reason_code, text=wish.reason_text) if wish.reason_code else None),
        changed=wish.changed,
        product=wish.product,
        asked_by=principal.name,
    )
    async with desk.database.unit_of_work() as session:
        asked = await service_requests.ask(session, scope, request, desk.clock.now())
    return RequestView.of(asked)


@router.get(
    "/service-requests/{request_id}",
    summary="Show what became of a request of ours",
    responses=documented(404),
)
async def show_request(desk: Desk, principal: Viewer, request_id: Number) -> RequestView:
    """Show a request, whether it was sent, and what the utility answered."""
    async with desk.database.read() as session:
        asked = await service_requests.find(session, desk.environment, request_id)
    if not principal.sees(asked.cca):
        raise UnknownRequest(f"No request {request_id}.")
    return RequestView.of(asked)
