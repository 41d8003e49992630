"""Who is asking, and what they may do.

A principal comes from an API token or from the session that a token opened in the console. Which
tokens exist is the business of the service that keeps them; everybody else asks the doorkeeper of
the application and never looks at a token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Protocol
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.platform.refusals import Refusal

API_MARK = "/v1/"

BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An API token, as `ccax token create` prints it once: `ccax_<id>_<secret>`.",
)
"""How the API's description tells people to sign their requests."""


class Role(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    """Reads lists, timelines and states."""

    ANALYST = "analyst"
    """Reads everything, the raw bytes of customers' data too."""

    OPERATOR = "operator"
    """Uploads and re-sends files; reads what an analyst does."""

    FINANCE = "finance"
    """Moves money in the books and closes them; reads what an analyst does, uploads nothing."""

    ADMIN = "admin"
    """Manages tokens and partners' keys, and may do all the rest."""

    def includes(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        return needed in _REACH[self]


_REACH: Final = {
    Role.VIEWER: {Role.VIEWER},
    Role.ANALYST: {Role.VIEWER, Role.ANALYST},
    Role.OPERATOR: {Role.VIEWER, Role.ANALYST, Role.OPERATOR},
    Role.FINANCE: {Role.VIEWER, Role.ANALYST, Role.FINANCE},
    Role.ADMIN: set(Role),
}
"""Role → what it may do: files and money are two people's work, so neither includes the other."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who has shown a valid token, now or when they signed in.

    Attributes:
        token_id: the token they came with.
        name: the token's name; it appears in the ledger as the actor.
        ccas: the CCAs they may see; None for every CCA.
        session_id: set for a console session, None for a token in the request itself.
    """

    token_id: UUID
    name: str
    role: Role
    ccas: tuple[str, ...] | None = None
    session_id: str | None = None

    def may(self, needed: Role) -> bool:
        """Whether their role is enough."""
        return self.role.includes(needed)

    @property
    def sees_everything(self) -> bool:
        """Whether no CCA is closed to them; whole files hold several CCAs' data."""
        return self.ccas is None

    def sees(self, cca: str | None) -> bool:
        """Whether data of this CCA (None: of no single CCA) is open to them."""
        return self.ccas is None or cca in self.ccas


class Doorkeeper(Protocol):
    """Whoever can tell who sent a request."""

    async def identify(self, request: Request) -> Principal | None:
        """Return who is asking, or None for a stranger; a bad token raises `NotSignedIn`."""
        ...


class NotSignedIn(Refusal):
    """The request carries no valid token and no valid session."""

    code: ClassVar[str] = "not_signed_in"
    status: ClassVar[int] = 401
    title: ClassVar[str] = "A valid API token is needed"


class NotAllowed(Refusal):
    """The principal's role or CCAs are not enough."""

    code: ClassVar[str] = "not_allowed"
    status: ClassVar[int] = 403
    title: ClassVar[str] = "This token may not do that"


def is_api(request: Request) -> bool:
    """Whether a request goes to an API (`/v1/…`, `/rating/v1/…`) and not to a page."""
    return API_MARK in request.url.path


async def principal_of(request: Request) -> Principal | None:
    """Return who is asking, if anybody known; asked of the doorkeeper once a request."""
    if not hasattr(request.state, "principal"):
        doorkeeper: Doorkeeper | None = getattr(request.app.state, "doorkeeper", None)
        request.state.principal = await doorkeeper.identify(request) if doorkeeper else None
    found: Principal | None = request.state.principal
    return found


def require(role: Role) -> Callable[..., Awaitable[Principal]]:
    """Make a dependency that lets in whoever has at least this role.

    Raises (when called): `NotSignedIn`, `NotAllowed`.
    """

    async def admit(
        request: Request,
        _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> Principal:
        principal = await principal_of(request)
        if principal is None:
            raise NotSignedIn("Send `Authorization: Bearer ccax_…`, or sign in to the console.")
        if not principal.may(role):
            raise NotAllowed(
                f"This needs the role {role}; the token {principal.name} is {principal.role}."
            )
        return principal

    return admit


Viewer = Annotated[Principal, Depends(require(Role.VIEWER))]
Analyst = Annotated[Principal, Depends(require(Role.ANALYST))]
Operator = Annotated[Principal, Depends(require(Role.OPERATOR))]
Finance = Annotated[Principal, Depends(require(Role.FINANCE))]
Admin = Annotated[Principal, Depends(require(Role.ADMIN))]


async def admit_to_cca(request: Request, principal: Viewer) -> None:
    """Let somebody into routes that name their CCA as `?cca=`, if that CCA is open to them.

    A route that names none shows several CCAs' data and is for people who may see everything.

    Raises:
        NotSignedIn: nobody known is asking.
        NotAllowed: the CCA is closed to them.
    """
    named = request.query_params.getlist("cca")
    if not principal.sees_everything and (len(named) != 1 or not principal.sees(named[0])):
        raise NotAllowed(f"The token {principal.name} is for {', '.join(principal.ccas or ())}.")
