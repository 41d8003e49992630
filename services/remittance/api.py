"""The money over HTTP: what accounts owe, what a payment paid, what waits, and the proof.

Read-only, and every question names its scope: CCA, utility, test or production. Refusals carry
their status and stable code; the shared HTTP edge turns them into problem documents.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.remittance import reports
from services.remittance.audit import audit
from services.remittance.receivables import Scope
from services.remittance.reports import PAGE_SIZE, PAGE_SIZE_MAX
from services.remittance.views import (
    AccountBalance,
    AuditView,
    LineView,
    ReceivableDetail,
    RemittanceView,
    Totals,
)
from shared.contracts.parts import CcaCode, Environment, UtilityCode
from shared.platform.database import Database
from shared.platform.web.identity import admit_to_cca

SEQUENCE_MAX = 2**31 - 1
NUMBER_MAX = 2**63 - 1


def _scope(cca: CcaCode, utility: UtilityCode, environment: Environment) -> Scope:
    return Scope(cca, utility, environment)


InScope = Annotated[Scope, Depends(_scope)]
Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX)]
Key = Annotated[str, Query(min_length=1, max_length=80, pattern=r"^[^\x00]+$")]


def build_router(database: Database) -> APIRouter:
    """The routes under `/remittance/v1`, each open to whoever may see the CCA it names."""
    router = APIRouter(
        prefix="/remittance/v1", tags=["remittance"], dependencies=[Depends(admit_to_cca)]
    )

    @router.get("/account-balance")
    async def account_balance(scope: InScope, account_number: Key) -> AccountBalance:
        """What one account owes, and its open charges, oldest first."""
        async with database.read() as session:
            return await reports.account_balance(session, scope, account_number)

    @router.get("/receivable")
    async def receivable(scope: InScope, invoice_number: Key) -> ReceivableDetail:
        """One charge by its invoice number, with every entry."""
        async with database.read() as session:
            return await reports.receivable_detail(session, scope, invoice_number)

    @router.get("/remittance")
    async def remittance(
        scope: InScope,
        trace_number: Key,
        after: Annotated[int, Query(ge=0, le=SEQUENCE_MAX)] = 0,
        limit: Limit = PAGE_SIZE,
    ) -> tuple[RemittanceView, ...]:
        """The 820s of a trace number, with a page of lines and where each stands."""
        async with database.read() as session:
            return await reports.remittances_by_trace(
                session, scope, trace_number, after=after, limit=limit
            )

    @router.get("/unapplied")
    async def unapplied(
        scope: InScope,
        after: Annotated[int, Query(ge=0, le=NUMBER_MAX)] = 0,
        limit: Limit = PAGE_SIZE,
    ) -> tuple[LineView, ...]:
        """Lines with money that waits for its charge."""
        async with database.read() as session:
            return await reports.unapplied_lines(session, scope, after=after, limit=limit)

    _add_proofs(router, database)
    return router


def _add_proofs(router: APIRouter, database: Database) -> None:
    @router.get("/totals")
    async def totals(scope: InScope) -> Totals:
        """Billed, applied, unapplied and open, tied to the journal."""
        async with database.read() as session:
            return await reports.totals(session, scope)

    @router.get("/audit")
    async def audit_books() -> AuditView:
        """Derive every balance of all CCAs again and list what disagrees."""
        async with database.read() as session:
            found = await audit(session)
        return AuditView(
            clean=found.is_clean,
            every_cent_placed=found.every_cent_placed,
            differences=found.differences,
            receivables=found.receivables,
            lines=found.lines,
            entries=found.entries,
            waiting_lines=found.waiting_lines,
            held_payments=found.held_payments,
            arriving_payments=found.arriving_payments,
        )
