"""Asking a utility for something by 814: enroll, drop, change, reinstate, or send usage history.

Whoever asks names each wish once (`client_key`), so that asking again after a lost answer does
nothing. The wish is kept like every document to be sent; its number follows from the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.edi_gateway.outbound import PendingDocument
from services.edi_gateway.preparing import read_stored
from services.edi_gateway.store import outbound_document, transaction
from services.edi_gateway.transactions import RequestKind, ServiceRequest
from shared.contracts.parts import Environment
from shared.platform.database import ReadSession, WriteSession
from shared.platform.refusals import Refusal

REQUEST_SET: Final = "814"
REQUEST_ID_DIGITS: Final = 20
WAITING_TO_BE_SENT: Final = "to_be_sent"
_REQUEST_NAMESPACE: Final = uuid5(NAMESPACE_OID, "cca-exchange/service-request")


class KeyUsedBefore(Refusal):
    """The client key was used for another wish."""

    code: ClassVar[str] = "client_key_used"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This key names another request"


class RequestIncomplete(Refusal):
    """The wish lacks what an 814 of its kind must carry."""

    code: ClassVar[str] = "request_incomplete"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The request lacks something"


class UnknownRequest(Refusal):
    """No request has this id, or it belongs to a CCA that is closed to the asker."""

    code: ClassVar[str] = "unknown_request"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such request"


@dataclass(frozen=True, slots=True)
class RequestScope:
    """For whom is asked, and whom."""

    utility: str
    cca: str
    environment: Environment


@dataclass(frozen=True, slots=True)
class AskedRequest:
    """A request with what became of it.

    `state`: `to_be_sent`, `waiting` for the utility's answer, `applied` or `refused`.
    """

    cca: str
    utility: str
    transaction_id: UUID
    request: ServiceRequest
    at: datetime
    state: str


def request_id(scope: RequestScope, client_key: str) -> str:
    """Return BGN02 of the request that this key names."""
    key = f"{scope.environment.value}/{scope.utility}/{scope.cca}/{client_key}"
    return "Q" + uuid5(_REQUEST_NAMESPACE, key).hex[:REQUEST_ID_DIGITS].upper()


async def ask(
    session: WriteSession, scope: RequestScope, request: ServiceRequest, at: datetime
) -> AskedRequest:
    """Keep a request to be sent; the same wish under the same key is kept once.

    Raises:
        RequestIncomplete: an 814 of this kind needs more.
        KeyUsedBefore: the key names another wish.
    """
    _require_complete(request)
    number = request.request_id
    document = PendingDocument(
        utility=scope.utility,
        cca=scope.cca,
        environment=scope.environment.value,
        set_id=REQUEST_SET,
        document_number=number,
        answers_id=None,
        correlation_id=uuid5(_REQUEST_NAMESPACE, number),
        causation_id=uuid5(_REQUEST_NAMESPACE, number),
        payload=request.model_dump_json(),
        at=at,
    )
    await session.execute(
        insert(outbound_document).on_conflict_do_nothing().values(**document.as_row())
    )
    kept = await find(session, scope.environment, number)
    if kept.request.model_copy(update={"asked_by": request.asked_by}) != request:
        raise KeyUsedBefore(
            f"The key {request.client_key} named {kept.request.kind} of account "
            f"{kept.request.account_number} before; use a new key for a new wish."
        )
    return kept


async def find(
    session: ReadSession | WriteSession, environment: Environment, number: str
) -> AskedRequest:
    """Return a request by its id.

    Raises:
        UnknownRequest: there is none.
    """
    row = (
        await session.execute(
            select(
                outbound_document.c.cca, outbound_document.c.utility,
                outbound_document.c.transaction_id, outbound_document.c.payload,
                outbound_document.c.at, transaction.c.applied,
            )
            .outerjoin(transaction, transaction.c.id == outbound_document.c.transaction_id)
            .where(
                outbound_document.c.set_id == REQUEST_SET,
                outbound_document.c.environment == environment.value,
                outbound_document.c.document_number == number,
                outbound_document.c.answers_id.is_(None),
            )
        )
    ).one_or_none()  # fmt: skip
    request = read_stored(row.payload) if row else None
    if row is None or not isinstance(request, ServiceRequest):
        raise UnknownRequest(f"No request {number}.")
    return AskedRequest(
        cca=row.cca,
        utility=row.utility,
        transaction_id=row.transaction_id,
        request=request,
        at=row.at,
        state=row.applied or WAITING_TO_BE_SENT,
    )


def _require_complete(request: ServiceRequest) -> None:
    if request.kind is RequestKind.CHANGE and not request.changed:
        raise RequestIncomplete("A change says which elements differ (`changed`, REF*TD).")
    dated = {RequestKind.ENROLL, RequestKind.DROP, RequestKind.REINSTATE}
    if request.kind in dated and request.effective_on is None:
        raise RequestIncomplete(f"A request to {request.kind} needs `effective_on`.")
