"""Asks the reports for whoever wants them: API, pages and files use the same few questions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from services.remittance.ledger.closing import list_months
from services.remittance.ledger.months import day_of_books
from services.remittance.receivables import Scope
from services.remittance.statements import cash, positions
from services.remittance.statements.entries import EntriesOf, Entry, list_entries
from services.remittance.statements.frozen import frozen_content
from services.remittance.statements.positions import Position, Wanted, list_positions
from services.remittance.statements.printed import print_statement
from services.remittance.statements.report import Report, make_report
from services.remittance.statements.statement import last_day_of
from services.remittance.statements.views import AgedView, DaysToCashView, DeductedView, ShortView
from shared.platform.clock import Clock
from shared.platform.database import Database

PAGE_SIZE: Final = 1_000
CASH_DAYS: Final = 90
"""As far back days to cash look, when nobody says how far."""


@dataclass(frozen=True, slots=True)
class ReportDesk:
    """The questions about a CCA's money; each is one read of one moment."""

    database: Database
    clock: Clock

    @property
    def today(self) -> date:
        """The day of the books."""
        return day_of_books(self.clock.now())

    def cash_since(self, on: date) -> date:
        """Return how far back days to cash look from a day."""
        return on - timedelta(days=CASH_DAYS)

    async def months(self, scope: Scope, shown: date) -> list[date]:
        """Return the months of the books and the one that is shown, newest first."""
        async with self.database.read() as session:
            found = await list_months(session, scope)
        return sorted({shown, *(each.month for each in found)}, reverse=True)

    async def statement(self, scope: Scope, month: date, on: date) -> Report:
        """Return a month's statement, see `make_report`."""
        async with self.database.read() as session:
            return await make_report(session, scope, month, on)

    async def printed(self, scope: Scope, month: date, on: date) -> bytes:
        """Return a month's statement as PDF: the frozen one of a closed month, else a draft."""
        async with self.database.read() as session:
            kept = await frozen_content(session, scope, month) if on >= last_day_of(month) else None
            return kept or print_statement(await make_report(session, scope, month, on))

    async def aging(self, scopes: Sequence[Scope], on: date) -> tuple[AgedView, ...]:
        """Return what is open by class and age, of each scope."""
        async with self.database.read() as session:
            found = [(scope, await positions.aging(session, scope, on)) for scope in scopes]
        return tuple(row for scope, aged in found for row in AgedView.rows(scope, aged))

    async def short_pays(self, scope: Scope, on: date) -> tuple[ShortView, ...]:
        """Return what is missing by reason."""
        async with self.database.read() as session:
            found = await positions.short_pays(session, scope, on)
        return tuple(ShortView.of(scope, each) for each in found)

    async def deductions(self, scope: Scope, since: date, on: date) -> tuple[DeductedView, ...]:
        """Return what the utility kept back by reason."""
        async with self.database.read() as session:
            found = await positions.deductions(session, scope, since, on)
        return tuple(DeductedView.of(scope, each) for each in found)

    async def days_to_cash(self, scope: Scope, since: date, on: date) -> DaysToCashView:
        """Return how long bills took that were paid in a span of days."""
        async with self.database.read() as session:
            found = await positions.paid_after(session, scope, since, on)
        return DaysToCashView.of(scope, cash.summarize(found))

    async def charges(
        self, scope: Scope, on: date, wanted: Wanted, limit: int
    ) -> Sequence[Position]:
        """Return a page of the charges behind a figure."""
        async with self.database.read() as session:
            return await list_positions(session, scope, on, wanted, limit)

    async def entries(self, scope: Scope, wanted: EntriesOf, limit: int) -> Sequence[Entry]:
        """Return a page of the entries behind a figure."""
        async with self.database.read() as session:
            return await list_entries(session, scope, wanted, limit)

    async def every_charge(
        self, scope: Scope, on: date, wanted: Wanted
    ) -> AsyncIterator[Sequence[Position]]:
        """Yield all charges behind a figure, page by page, of one moment."""
        async with self.database.read() as session:
            while page := await list_positions(session, scope, on, wanted, PAGE_SIZE):
                yield page
                last = page[-1]
                wanted = replace(wanted, after=(last.dated_on, last.receivable_id))

    async def every_entry(self, scope: Scope, wanted: EntriesOf) -> AsyncIterator[Sequence[Entry]]:
        """Yield all entries behind a figure, page by page, of one moment."""
        async with self.database.read() as session:
            while page := await list_entries(session, scope, wanted, PAGE_SIZE):
                yield page
                wanted = replace(wanted, after=page[-1].entry_id)
