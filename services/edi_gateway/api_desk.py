"""What the gateway's API and pages work with, and the words both use in addresses.

Handlers get the desk of the gateway they belong to from the request, so that one program can hold
several gateways (tests do) and no handler reaches for anything global.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Protocol
from uuid import UUID

from fastapi import Depends, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.types import StringConstraints

from services.edi_gateway.archive import Archive
from services.edi_gateway.inbound import Arrival
from services.edi_gateway.operations.doorkeeper import TokenDoorkeeper
from services.edi_gateway.operations.queries import PAGE_MAX, Cursor, Scope, TransactionFilter
from services.edi_gateway.operations.resend import Put
from shared.contracts.parts import Environment
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.refusals import Refusal
from shared.platform.web.identity import NotAllowed, Principal, Role

PAGE_SIZE: Final = 50
YEAR_MIN: Final = 2000
YEAR_MAX: Final = 2199


class Receiving(Protocol):
    """Whoever takes a complete file in; the inbound desk."""

    async def arrive(
        self, *, utility: str, name: str, origin: str, path: Path, actor: str = "system"
    ) -> Arrival:
        """Archive a file and queue it for reading."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayWeb:
    """What the gateway's API and pages work with.

    Attributes:
        inbound: takes uploaded files in.
        archive: the bytes of all files.
        doorkeeper: knows tokens and sessions.
        utilities: the utilities that files may be uploaded for.
        put: says messages as part of a unit of work.
        deliver_wake: set when a file waits for delivery again.
    """

    database: Database
    inbound: Receiving
    archive: Archive
    clock: Clock
    environment: Environment
    doorkeeper: TokenDoorkeeper
    utilities: tuple[str, ...]
    put: Put
    deliver_wake: asyncio.Event | None = None

    def wake_delivery(self) -> None:
        """Let the post office look at once."""
        if self.deliver_wake is not None:
            self.deliver_wake.set()


def furnished_with(desk: GatewayWeb) -> Callable[[Request], None]:
    """Make the dependency that gives handlers their desk."""

    def furnish(request: Request) -> None:
        request.state.gateway = desk

    return furnish


def _desk(request: Request) -> GatewayWeb:
    desk: GatewayWeb = request.state.gateway
    return desk


Desk = Annotated[GatewayWeb, Depends(_desk)]


def scope_of(principal: Principal) -> Scope:
    """What queries may show to somebody."""
    return Scope(principal.ccas)


def require_everything(principal: Principal) -> None:
    """Keep whole files, which hold several CCAs' data, from tokens of single CCAs.

    Raises:
        NotAllowed: the token is for some CCAs only.
    """
    if not principal.sees_everything:
        raise NotAllowed(
            f"Whole files hold the data of several CCAs; the token {principal.name} is for"
            f" {', '.join(principal.ccas or ())}. Ask for its transactions instead."
        )


def sees_bank_numbers(principal: Principal) -> bool:
    """Whether somebody is shown the bank account numbers of payments whole."""
    return principal.may(Role.FINANCE)


def require_bank_numbers(principal: Principal) -> None:
    """Let somebody have the exact bytes of a payment, which cannot be masked and stay exact.

    Raises:
        NotAllowed: they are not of finance.
    """
    if not sees_bank_numbers(principal):
        raise NotAllowed(
            "An 820 names bank accounts: its exact bytes are for the role finance. "
            "Explained segment by segment it can be read with the accounts masked."
        )


class UnknownTransaction(Refusal):
    """No transaction has this id, or it belongs to a CCA that is closed to the asker."""

    code: ClassVar[str] = "unknown_transaction"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such transaction"


class BadCursor(Refusal):
    """The cursor was not made by this API."""

    code: ClassVar[str] = "bad_cursor"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The cursor is not one of ours"


def write_cursor(cursor: Cursor | None) -> str | None:
    """Return a cursor as one opaque word for an address."""
    if cursor is None:
        return None
    text = f"{cursor.at.astimezone(UTC).isoformat()}|{cursor.id.hex}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(word: str | None) -> Cursor | None:
    """Return the cursor that `write_cursor` wrote.

    Raises:
        BadCursor: it was made up or cut.
    """
    if word is None:
        return None
    try:
        text = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode()
        at, _, row_id = text.partition("|")
        cursor = Cursor(datetime.fromisoformat(at), UUID(hex=row_id))
    except (ValueError, binascii.Error):
        raise BadCursor("Use the `next` of the page before, unchanged.") from None
    if cursor.at.tzinfo is None or not YEAR_MIN <= cursor.at.year <= YEAR_MAX:
        raise BadCursor("Use the `next` of the page before, unchanged.")
    return cursor


def _sensible(at: datetime) -> datetime:
    if not YEAR_MIN <= at.year <= YEAR_MAX:
        raise ValueError(f"the year must lie between {YEAR_MIN} and {YEAR_MAX}")
    return at


Word = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00]+$")]
"""A short text from an address; PostgreSQL's text cannot hold a NUL."""

Moment = Annotated[AwareDatetime, AfterValidator(_sensible)]


class TransactionQuery(BaseModel):
    """The filters of a list of transactions, as they stand in an address; blanks mean "any"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    utility: Word | None = Field(None, description="Utility, e.g. `pge`.")
    cca: Word | None = Field(None, description="CCA, e.g. `mce`.")
    set_id: Word | None = Field(None, description="Transaction set, e.g. `867`.")
    direction: Word | None = Field(None, description="`inbound` or `outbound`.")
    valid: Word | None = Field(
        None, description="`accepted`, `accepted_with_errors`, `rejected`, `copy`, `conflict`."
    )
    delivered: Word | None = Field(None, description="`waiting`, `delivered`, or `-`.")
    acknowledged: Word | None = Field(
        None, description="`waiting`, `accepted`, `accepted_with_errors`, `rejected`, or `-`."
    )
    applied: Word | None = Field(
        None, description="`waiting`, `applied`, `refused`, `exception`, or `-`."
    )
    rated: Word | None = Field(
        None, description="`waiting`, `charged`, `held`, `cancelled`, or `-`."
    )
    paid: Word | None = Field(
        None,
        description="`waiting`, `paid`, `short`, `over`, `reversed`, `rejected`, `cancelled`, `-`.",
    )
    exception_code: Word | None = Field(None, description="Code of the exception it stands at.")
    exceptions_only: bool = Field(default=False, description="Only those with an exception.")
    account_number: Word | None = Field(None, description="The utility's account number.")
    file_id: UUID | None = Field(None, description="Only those of one file.")
    since: Moment | None = Field(None, description="Received or made at this instant or later.")
    until: Moment | None = Field(None, description="Received or made before this instant.")

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, given: Any) -> Any:  # noqa: ANN401  whatever pydantic hands over
        """An HTML form sends every field, the empty ones too."""
        if not isinstance(given, dict):
            return given
        return {
            name: value
            for name, value in given.items()
            if not (isinstance(value, str) and not value.strip())
        }

    def wanted(self) -> TransactionFilter:
        """Return the filter that the queries take."""
        return TransactionFilter(
            **{name: getattr(self, name) for name in TransactionQuery.model_fields}
        )


Limit = Annotated[int, Field(ge=1, le=PAGE_MAX, description="Rows of one page.")]
CursorWord = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")
]


class PagedTransactionQuery(TransactionQuery):
    """Filters, and which page."""

    limit: Limit = PAGE_SIZE
    cursor: CursorWord | None = Field(None, description="`next` of the page before.")
