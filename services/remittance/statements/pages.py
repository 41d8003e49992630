"""The console's reports about money: statement, aging, taxes, short pays, days to cash.

Everybody who may see a CCA may see its reports. Every figure leads to the rows it is the sum of,
and every table is to be had as a file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from services.remittance.receivables import Scope
from services.remittance.statements import drawn, files
from services.remittance.statements.asked import (
    Asked,
    AskedCharges,
    AskedEntries,
    AskedMonth,
    AskedSpan,
)
from services.remittance.statements.desk import ReportDesk
from services.remittance.statements.positions import BUCKETS
from services.remittance.statements.printed import name_of
from services.remittance.statements.views import EntryView, MonthlyStatementView, PositionView
from shared.contracts.parts import Environment
from shared.platform.web.csv_file import download
from shared.platform.web.identity import NotAllowed, Principal, Viewer
from shared.platform.web.scopes import KnownCca, chosen, open_to
from shared.platform.web.shell import NavEntry, shell_of

PATH: Final = "/reports/"
NAV: Final = NavEntry("Reports", PATH)
ROOMS: Final = (
    NavEntry("Statement", PATH),
    NavEntry("Aging", "/reports/aging"),
    NavEntry("Taxes", "/reports/taxes"),
    NavEntry("Short pays", "/reports/short-pays"),
    NavEntry("Days to cash", "/reports/days-to-cash"),
)
ROWS_SHOWN: Final = 100


def build_report_pages(desk: ReportDesk, environment: Environment) -> APIRouter:
    """The routes below `/reports/`."""
    pages = _Pages(desk, environment)
    router = APIRouter(include_in_schema=False)
    _add_statement(router, pages)
    _add_lists(router, pages)
    _add_days(router, pages)
    _add_rows(router, pages)
    return router


class _Pages:
    """What all report pages share: the desk, whose figures are shown, and the frame."""

    def __init__(self, desk: ReportDesk, environment: Environment) -> None:
        self.desk = desk
        self._environment = environment

    def scope(self, one: KnownCca) -> Scope:
        """The scope of a CCA."""
        return Scope(one.cca, one.utility, self._environment)

    def one(self, principal: Principal, asked: Asked) -> Scope:
        """The scope that was chosen; the first that is open, when none was.

        Raises:
            NotAllowed: none is open.
        """
        found = chosen(principal, asked.cca or None)
        if not found:
            raise NotAllowed(f"No CCA is open to the token {principal.name}.")
        return self.scope(found[0])

    def all(self, principal: Principal, asked: Asked) -> list[Scope]:
        """The scope that was chosen, or all that are open."""
        return [self.scope(one) for one in chosen(principal, asked.cca or None)]

    def show(
        self, request: Request, principal: Principal, template: str, values: dict[str, Any]
    ) -> Response:
        """Return a page among the rooms of the reports."""
        frame = {"rooms": ROOMS, "ccas": open_to(principal), "today": self.desk.today}
        return shell_of(request).page(
            request, f"remittance/{template}.html", values | frame, principal=principal
        )


async def _pieces(told: Iterable[str]) -> AsyncIterator[str]:
    for piece in told:
        yield piece


def _add_statement(router: APIRouter, pages: _Pages) -> None:
    desk = pages.desk

    @router.get(PATH)
    async def statement_page(
        request: Request, principal: Viewer, asked: Annotated[AskedMonth, Query()]
    ) -> Response:
        """Show a month's statement, its proof, and the months before it."""
        scope = pages.one(principal, asked)
        month, on = asked.span(desk.today)
        report = await desk.statement(scope, month, on)
        values = {
            "asked": asked,
            "cca": scope.cca,
            "name": name_of(scope.cca),
            "statement": MonthlyStatementView.of(report),
            "months": await desk.months(scope, month),
            "chart": drawn.months_chart(report.history, scope.cca),
            "query": AskedMonth(cca=scope.cca, month=f"{month:%Y-%m}", on=on).address(),
        }
        return pages.show(request, principal, "statement", values)

    @router.get("/reports/statement.csv")
    async def statement_file(principal: Viewer, asked: Annotated[AskedMonth, Query()]) -> Response:
        """The statement as a table."""
        scope = pages.one(principal, asked)
        month, on = asked.span(desk.today)
        view = MonthlyStatementView.of(await desk.statement(scope, month, on))
        name = f"statement_{scope.cca}_{month:%Y-%m}.csv"
        return download(name, _pieces(files.statement_lines(view)))

    @router.get("/reports/statement.pdf")
    async def statement_print(principal: Viewer, asked: Annotated[AskedMonth, Query()]) -> Response:
        """The statement on paper; of a closed month the frozen one, byte for byte."""
        scope = pages.one(principal, asked)
        month, on = asked.span(desk.today)
        content = await desk.printed(scope, month, on)
        return printed_file(scope, f"{month:%Y-%m}", content)


def printed_file(scope: Scope, month: str, content: bytes) -> Response:
    """Return a printed statement as a file."""
    name = f"statement_{scope.cca}_{scope.environment.value}_{month}.pdf"
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _add_lists(router: APIRouter, pages: _Pages) -> None:
    desk = pages.desk

    @router.get("/reports/taxes")
    async def taxes_page(
        request: Request, principal: Viewer, asked: Annotated[AskedMonth, Query()]
    ) -> Response:
        """Show taxes of a month by jurisdiction."""
        scope = pages.one(principal, asked)
        month, on = asked.span(desk.today)
        view = MonthlyStatementView.of(await desk.statement(scope, month, on))
        values = {
            "asked": asked,
            "cca": scope.cca,
            "name": name_of(scope.cca),
            "statement": view,
            "months": await desk.months(scope, month),
            "chart": drawn.taxes_chart(view.taxes),
            "query": AskedMonth(cca=scope.cca, month=f"{month:%Y-%m}", on=on).address(),
        }
        return pages.show(request, principal, "taxes", values)

    @router.get("/reports/taxes.csv")
    async def taxes_file(principal: Viewer, asked: Annotated[AskedMonth, Query()]) -> Response:
        """The taxes as a table."""
        scope = pages.one(principal, asked)
        month, on = asked.span(desk.today)
        view = MonthlyStatementView.of(await desk.statement(scope, month, on))
        name = f"taxes_{scope.cca}_{month:%Y-%m}.csv"
        return download(name, _pieces(files.tax_lines(view)))

    @router.get("/reports/aging")
    async def aging_page(
        request: Request, principal: Viewer, asked: Annotated[Asked, Query()]
    ) -> Response:
        """Show what is open by utility, CCA, class and age."""
        on = asked.on or desk.today
        rows = await desk.aging(pages.all(principal, asked), on)
        values = {
            "asked": asked,
            "on": on,
            "rows": rows,
            "buckets": BUCKETS,
            "chart": drawn.aging_chart(rows),
            "query": asked.address(on=on),
        }
        return pages.show(request, principal, "aging", values)

    @router.get("/reports/aging.csv")
    async def aging_file(principal: Viewer, asked: Annotated[Asked, Query()]) -> Response:
        """The aging as a table."""
        on = asked.on or desk.today
        rows = await desk.aging(pages.all(principal, asked), on)
        return download(f"aging_{on}.csv", _pieces(files.aging_lines(on, rows)))


def _add_days(router: APIRouter, pages: _Pages) -> None:
    desk = pages.desk

    @router.get("/reports/short-pays")
    async def short_page(
        request: Request, principal: Viewer, asked: Annotated[AskedSpan, Query()]
    ) -> Response:
        """Show what is missing, and what the utility kept back, by reason."""
        scope, on = pages.one(principal, asked), asked.on or desk.today
        since = asked.since or on.replace(day=1)
        shorts = await desk.short_pays(scope, on)
        values = {
            "asked": asked,
            "cca": scope.cca,
            "name": name_of(scope.cca),
            "on": on,
            "since": since,
            "shorts": shorts,
            "deducted": await desk.deductions(scope, since, on),
            "chart": drawn.short_chart(shorts) if shorts else None,
            "query": AskedSpan(cca=scope.cca, on=on, since=since).address(),
        }
        return pages.show(request, principal, "short_pays", values)

    @router.get("/reports/short-pays.csv")
    async def short_file(principal: Viewer, asked: Annotated[AskedSpan, Query()]) -> Response:
        """Short pays as a table."""
        scope, on = pages.one(principal, asked), asked.on or desk.today
        since = asked.since or on.replace(day=1)
        shorts = await desk.short_pays(scope, on)
        deducted = await desk.deductions(scope, since, on)
        told = files.short_lines(scope, since, on, shorts, deducted)
        return download(f"short_pays_{scope.cca}_{on}.csv", _pieces(told))

    @router.get("/reports/days-to-cash")
    async def cash_page(
        request: Request, principal: Viewer, asked: Annotated[AskedSpan, Query()]
    ) -> Response:
        """Show how long bills took to become money."""
        on = asked.on or desk.today
        since = asked.since or desk.cash_since(on)
        scopes = pages.all(principal, asked)
        told = [await desk.days_to_cash(scope, since, on) for scope in scopes]
        charts = {
            row.cca: drawn.cash_chart(row, f"?cca={row.cca}&standing=paid&on={on}&since={since}")
            for row in told
            if row.charges
        }
        values = {"asked": asked, "on": on, "since": since, "rows": told, "charts": charts}
        values["query"] = asked.address(on=on, since=since)
        return pages.show(request, principal, "days_to_cash", values)

    @router.get("/reports/days-to-cash.csv")
    async def cash_file(principal: Viewer, asked: Annotated[AskedSpan, Query()]) -> Response:
        """Days to cash as a table."""
        on = asked.on or desk.today
        since = asked.since or desk.cash_since(on)
        scopes = pages.all(principal, asked)
        told = [await desk.days_to_cash(scope, since, on) for scope in scopes]
        return download(f"days_to_cash_{on}.csv", _pieces(files.cash_lines(since, on, told)))


def _add_rows(router: APIRouter, pages: _Pages) -> None:
    desk = pages.desk

    @router.get("/reports/entries")
    async def entries_page(
        request: Request, principal: Viewer, asked: Annotated[AskedEntries, Query()]
    ) -> Response:
        """List the journal's entries behind a figure."""
        scope, wanted = pages.one(principal, asked), asked.wanted(desk.today)
        found = await desk.entries(scope, wanted, ROWS_SHOWN + 1)
        last = found[ROWS_SHOWN - 1].entry_id if len(found) > ROWS_SHOWN else 0
        values = {
            "asked": asked,
            "cca": scope.cca,
            "wanted": wanted,
            "rows": [EntryView.of(each) for each in found[:ROWS_SHOWN]],
            "older": asked.address(after=last) if last else "",
            "newest": asked.address(after="") if asked.after else "",
            "query": asked.address(after=""),
        }
        return pages.show(request, principal, "report_entries", values)

    @router.get("/reports/entries.csv")
    async def entries_file(principal: Viewer, asked: Annotated[AskedEntries, Query()]) -> Response:
        """All entries behind a figure."""
        scope, wanted = pages.one(principal, asked), asked.wanted(desk.today)
        name = f"entries_{scope.cca}_{wanted.month:%Y-%m}.csv"
        return download(name, files.entry_lines(desk, scope, wanted))

    @router.get("/reports/charges")
    async def charges_page(
        request: Request, principal: Viewer, asked: Annotated[AskedCharges, Query()]
    ) -> Response:
        """List the charges behind a figure."""
        scope, on = pages.one(principal, asked), asked.on or desk.today
        found = await desk.charges(scope, on, asked.wanted, ROWS_SHOWN + 1)
        last = found[ROWS_SHOWN - 1] if len(found) > ROWS_SHOWN else None
        values = {
            "asked": asked,
            "cca": scope.cca,
            "on": on,
            "bucket": BUCKETS[asked.bucket] if asked.bucket is not None else "",
            "rows": [PositionView.of(scope, each) for each in found[:ROWS_SHOWN]],
            "older": asked.address(after_day=last.dated_on, after_id=last.receivable_id)
            if last
            else "",
            "newest": asked.address(after_day="", after_id="") if asked.after_day else "",
            "query": asked.address(after_day="", after_id=""),
        }
        return pages.show(request, principal, "report_charges", values)

    @router.get("/reports/charges.csv")
    async def charges_file(principal: Viewer, asked: Annotated[AskedCharges, Query()]) -> Response:
        """All charges behind a figure."""
        scope, on = pages.one(principal, asked), asked.on or desk.today
        told = files.charge_lines(desk, scope, on, asked.wanted)
        return download(f"charges_{scope.cca}_{on}.csv", told)
