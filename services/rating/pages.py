"""The console's page about rating: what an account is on, why a charge is what it is, what waits.

It asks the same functions as the API, for each CCA that is open to whoever is asking.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.rating.scope import Scope
from services.rating.views import (
    AgreementView,
    ChargeView,
    HoldsView,
    show_account,
    show_charge,
    show_holds,
)
from shared.contracts.parts import Environment
from shared.platform.database import Database, ReadSession
from shared.platform.web.identity import Viewer
from shared.platform.web.scopes import KnownCca, chosen, open_to
from shared.platform.web.shell import Furniture, NavEntry, shell_of

FURNITURE: Final = Furniture(
    nav=(NavEntry("Rating", "/rating/"),), templates=Path(__file__).parent / "templates"
)
"""What rating brings to the console."""

HOLDS_SHOWN: Final = 50

Asked = Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")]


class RatingForm(BaseModel):
    """What the page is asked; blanks mean "not asked"."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    account: Asked = ""
    invoice: Asked = ""
    code: Asked = ""
    cca: Asked = ""
    after: int = Field(default=0, ge=0, le=2**62)


def build_pages(database: Database, environment: Environment) -> APIRouter:
    """Return the routes of rating's page.

    Args:
        database: where to read.
        environment: test or production; the other one is never shown.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/rating/")
    async def rating_page(
        request: Request, principal: Viewer, asked: Annotated[RatingForm, Query()]
    ) -> Response:
        """Show accounts and charges that were asked for, and the usage that waits."""
        ccas = chosen(principal, asked.cca or None)
        async with database.read() as session:
            values = {
                "asked": asked,
                "ccas": open_to(principal),
                "accounts": await _accounts(session, ccas, environment, asked.account),
                "charges": await _charges(session, ccas, environment, asked.invoice),
                "holds": await _holds(session, ccas, environment, asked),
            }
        return shell_of(request).page(request, "rating/rating.html", values, principal=principal)

    return router


def _scope(one: KnownCca, environment: Environment) -> Scope:
    return Scope(one.cca, one.utility, environment)


async def _accounts(
    session: ReadSession, ccas: tuple[KnownCca, ...], environment: Environment, account: str
) -> list[tuple[KnownCca, AgreementView]]:
    if not account:
        return []
    return [
        (one, agreement)
        for one in ccas
        for agreement in await show_account(session, _scope(one, environment), account)
    ]


async def _charges(
    session: ReadSession, ccas: tuple[KnownCca, ...], environment: Environment, invoice: str
) -> list[tuple[KnownCca, ChargeView]]:
    if not invoice:
        return []
    found = [(one, await show_charge(session, _scope(one, environment), invoice)) for one in ccas]
    return [(one, charge) for one, charge in found if charge is not None]


async def _holds(
    session: ReadSession, ccas: tuple[KnownCca, ...], environment: Environment, asked: RatingForm
) -> list[tuple[KnownCca, HoldsView]]:
    found = [
        (
            one,
            await show_holds(
                session, _scope(one, environment), asked.code or None, asked.after, HOLDS_SHOWN
            ),
        )
        for one in ccas
    ]
    return [(one, holds) for one, holds in found if holds.counts]
