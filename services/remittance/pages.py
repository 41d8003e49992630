"""The console's page about money: what an account owes, what a payment paid, what waits, and sums.

It asks the same functions as the API, for each CCA that is open to whoever is asking.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.remittance import reports
from services.remittance.bank import pages as bank_pages
from services.remittance.bank.match_pages import build_match_pages
from services.remittance.bank.pages import build_bank_pages
from services.remittance.ledger import pages as ledger_pages
from services.remittance.ledger.pages import build_ledger_pages
from services.remittance.receivables import Scope
from services.remittance.reports import UnknownAccount, UnknownRemittance
from services.remittance.service import RemittanceService
from services.remittance.statements import pages as statement_pages
from services.remittance.statements.pages import build_report_pages
from services.remittance.views import AccountBalance, LineView, RemittanceView, Totals
from services.remittance.workbench import pages as workbench_pages
from services.remittance.workbench.bulk_pages import build_bulk_pages
from services.remittance.workbench.pages import build_workbench_pages
from shared.contracts.parts import Environment
from shared.platform.database import ReadSession
from shared.platform.web.identity import Viewer
from shared.platform.web.scopes import KnownCca, chosen, open_to
from shared.platform.web.shell import Furniture, NavEntry, shell_of

FURNITURE: Final = Furniture(
    nav=(
        NavEntry("Remittance", "/remittance/"),
        workbench_pages.NAV,
        bank_pages.NAV,
        ledger_pages.NAV,
        statement_pages.NAV,
    ),
    templates=Path(__file__).parent / "templates",
)
"""What remittance brings to the console."""

LINES_SHOWN: Final = 100

Asked = Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")]
FoundT = TypeVar("FoundT")


class RemittanceForm(BaseModel):
    """What the page is asked; blanks mean "not asked"."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    account: Asked = ""
    trace: Asked = ""
    cca: Asked = ""
    after: int = Field(default=0, ge=0, le=2**31 - 1)


def build_pages(service: RemittanceService, environment: Environment) -> APIRouter:
    """Return the routes of remittance's pages.

    Args:
        service: what the pages ask and act with.
        environment: test or production; the other one is never shown.
    """
    database = service.database
    router = APIRouter(include_in_schema=False)
    router.include_router(build_bank_pages(service.bank))
    router.include_router(build_match_pages(service.bank, service.workbench))
    router.include_router(build_ledger_pages(service.ledger, environment))
    router.include_router(build_workbench_pages(service.workbench))
    router.include_router(build_bulk_pages(service.bulk))
    router.include_router(build_report_pages(service.reports, environment))

    @router.get("/remittance/")
    async def remittance_page(
        request: Request, principal: Viewer, asked: Annotated[RemittanceForm, Query()]
    ) -> Response:
        """Show balances and payments that were asked for, what waits, and the sums."""
        scopes = [(one, _scope(one, environment)) for one in chosen(principal, asked.cca or None)]
        async with database.read() as session:
            values = {
                "asked": asked,
                "ccas": open_to(principal),
                "balances": await _balances(session, scopes, asked.account),
                "payments": await _payments(session, scopes, asked.trace, asked.after),
                "sums": await _sums(session, scopes),
                "waiting": await _waiting(session, scopes),
                "lines_shown": LINES_SHOWN,
            }
        return shell_of(request).page(
            request, "remittance/remittance.html", values, principal=principal
        )

    return router


Scopes = list[tuple[KnownCca, Scope]]


def _scope(one: KnownCca, environment: Environment) -> Scope:
    return Scope(one.cca, one.utility, environment)


async def _balances(
    session: ReadSession, scopes: Scopes, account: str
) -> list[tuple[KnownCca, AccountBalance]]:
    async def ask(scope: Scope) -> AccountBalance | None:
        try:
            return await reports.account_balance(session, scope, account)
        except UnknownAccount:
            return None  # another CCA's customer, perhaps

    return await _of_each(scopes, ask) if account else []


async def _payments(
    session: ReadSession, scopes: Scopes, trace: str, after: int
) -> list[tuple[KnownCca, tuple[RemittanceView, ...]]]:
    async def ask(scope: Scope) -> tuple[RemittanceView, ...] | None:
        try:
            return await reports.remittances_by_trace(
                session, scope, trace, after=after, limit=LINES_SHOWN
            )
        except UnknownRemittance:
            return None

    return await _of_each(scopes, ask) if trace else []


async def _sums(session: ReadSession, scopes: Scopes) -> list[tuple[KnownCca, Totals]]:
    return [(one, await reports.totals(session, scope)) for one, scope in scopes]


async def _waiting(
    session: ReadSession, scopes: Scopes
) -> list[tuple[KnownCca, tuple[LineView, ...]]]:
    async def ask(scope: Scope) -> tuple[LineView, ...] | None:
        return await reports.unapplied_lines(session, scope, limit=LINES_SHOWN) or None

    return await _of_each(scopes, ask)


async def _of_each(
    scopes: Scopes, ask: Callable[[Scope], Awaitable[FoundT | None]]
) -> list[tuple[KnownCca, FoundT]]:
    """Ask the same of every CCA and keep the answers."""
    found = [(one, await ask(scope)) for one, scope in scopes]
    return [(one, answer) for one, answer in found if answer is not None]
