"""The console's page about the books: months and their balances, exports, and 248s to answer.

It acts through the same desk as the API and the command line. Only people of finance find forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData

from services.remittance.ledger.api import (
    SEQUENCE_MAX,
    AnswerToWriteOff,
    MonthToClose,
    MonthToExport,
)
from services.remittance.ledger.approvals import Decision
from services.remittance.ledger.chart import chart
from services.remittance.ledger.closing import Month, list_months, trial_balance
from services.remittance.ledger.desk import LedgerDesk
from services.remittance.ledger.export import batch_file, file_name, find_batch, list_batches
from services.remittance.ledger.months import day_of_books, month_after
from services.remittance.ledger.reported_write_offs import list_reported
from services.remittance.ledger.views import (
    BalanceView,
    BatchView,
    MonthName,
    MonthView,
    ReportedView,
    read_month,
)
from services.remittance.ledger.write_offs import Reported
from services.remittance.receivables import Scope
from shared.contracts.parts import Environment
from shared.platform.refusals import Refusal
from shared.platform.web.csv_file import download
from shared.platform.web.identity import Finance, Principal, Role, Viewer
from shared.platform.web.scopes import KnownCca, chosen, open_to
from shared.platform.web.shell import NavEntry, shell_of

PATH: Final = "/books/"
NAV: Final = NavEntry("Books", PATH)
SEE_OTHER: Final = 303
FIELDS_MAX: Final = 10
MONTHS_SHOWN: Final = 24
BATCHES_SHOWN: Final = 12
REPORTS_SHOWN: Final = 100

BatchNumber = Annotated[int, Path(ge=1, le=SEQUENCE_MAX)]


class BooksForm(BaseModel):
    """What the page is asked; blanks mean "not asked"."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    cca: Annotated[str, Field(max_length=20)] = ""
    month: MonthName | Literal[""] = ""
    show: Literal["", "open", "any"] = "open"
    done: Literal["", "closed", "exported", "followed", "dismissed"] = ""


@dataclass(frozen=True, slots=True)
class _Room:
    """What the page shows of one CCA."""

    months: tuple[MonthView, ...]
    to_close: MonthView | None
    month: str
    balances: tuple[BalanceView, ...]
    batches: tuple[BatchView, ...]
    reports: tuple[ReportedView, ...]


def build_ledger_pages(desk: LedgerDesk, environment: Environment) -> APIRouter:
    """The routes below `/books/`."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def books_page(
        request: Request, principal: Viewer, asked: Annotated[BooksForm, Query()]
    ) -> Response:
        """Show months, balances, batches, and what utilities wrote off."""
        return await _show(desk, environment, request, principal, asked)

    @router.get("/books/batches/{number}.csv")
    async def batch_csv(
        principal: Viewer, number: BatchNumber, cca: Annotated[str, Query(max_length=20)]
    ) -> StreamingResponse:
        """The file of a batch, byte for byte as it was made."""
        scope = _scope(chosen(principal, cca)[0], environment)
        async with desk.database.read() as session:
            batch = await find_batch(session, scope, number)
        return download(file_name(scope, batch), batch_file(desk.database, scope, batch))

    @router.post("/books/{act}")
    async def act(
        request: Request, principal: Finance, act: Literal["close", "export", "answer"]
    ) -> Response:
        """Close, export or answer; a refusal is told above the page."""
        async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
            shell_of(request).sessions.check_form(principal, form)
            said = {name: _word(form, name) for name in form if name != "form_token"}
        one = chosen(principal, said.pop("cca", ""))[0]
        asked, scope = BooksForm(cca=one.cca), _scope(one, environment)
        try:
            done, month = await _do(desk, scope, principal, act, said)
        except ValidationError:
            wrong = "Something is missing: a month, or why."
            return await _show(desk, environment, request, principal, asked, wrong)
        except Refusal as refusal:
            return await _show(desk, environment, request, principal, asked, refusal.detail)
        query = {"cca": asked.cca, "month": month, "done": done}
        address = urlencode({name: value for name, value in query.items() if value})
        return RedirectResponse(f"{PATH}?{address}", SEE_OTHER)

    return router


def _word(form: FormData, name: str) -> str:
    return str(form.get(name, "")).strip()


def _scope(one: KnownCca, environment: Environment) -> Scope:
    return Scope(one.cca, one.utility, environment)


async def _do(
    desk: LedgerDesk, scope: Scope, principal: Principal, act: str, said: dict[str, str]
) -> tuple[str, str]:
    """Do what a form asks; tells what was done, and the month to show."""
    if act == "close":
        closing = MonthToClose.model_validate(said)
        await desk.close(scope, read_month(closing.month), principal.name, closing.note)
        return "closed", closing.month
    if act == "export":
        exported = MonthToExport.model_validate(said)
        await desk.export(scope, read_month(exported.month), principal.name)
        return "exported", exported.month
    given = AnswerToWriteOff.model_validate(said)
    key = Reported(UUID(str(given.transaction_id)), given.sequence)
    await desk.answer(scope, key, given.answer, Decision(given.reason, principal.name))
    return given.answer.value, ""


async def _show(
    desk: LedgerDesk,
    environment: Environment,
    request: Request,
    principal: Principal,
    asked: BooksForm,
    wrong: str = "",
) -> Response:
    everyone = open_to(principal)
    one = chosen(principal, asked.cca or everyone[0].cca)[0] if everyone else None
    values = {
        "asked": asked,
        "ccas": everyone,
        "cca": one,
        "room": await _room(desk, _scope(one, environment), asked) if one else None,
        "chart": chart(),
        "wrong": wrong,
        "may_act": principal.may(Role.FINANCE),
    }
    return shell_of(request).page(
        request,
        "remittance/books.html",
        values,
        principal=principal,
        status=422 if wrong else 200,
    )


async def _room(desk: LedgerDesk, scope: Scope, asked: BooksForm) -> _Room:
    today = day_of_books(desk.clock.now())
    async with desk.database.read() as session:
        months = await list_months(session, scope)
        shown = asked.month or (f"{months[0].month:%Y-%m}" if months else "")
        found = await trial_balance(session, scope, read_month(shown)) if shown else ()
        batches = await list_batches(session, scope)
        worked = None if asked.show == "any" else False
        reports = await list_reported(session, scope, worked=worked, limit=REPORTS_SHOWN)
    due = _to_close(months, today)
    return _Room(
        months=tuple(MonthView.of(each) for each in months[:MONTHS_SHOWN]),
        to_close=MonthView.of(due) if due else None,
        month=shown,
        balances=tuple(BalanceView.of(each) for each in found),
        batches=tuple(BatchView.of(each) for each in batches[:BATCHES_SHOWN]),
        reports=tuple(ReportedView.of(each) for each in reports),
    )


def _to_close(months: tuple[Month, ...], today: date) -> Month | None:
    """Return the month that is to be closed next, if it is over; newest come first."""
    closed = [each.month for each in months if each.closed_by is not None]
    opened = [each for each in months if each.closed_by is None]
    if closed:
        following = month_after(closed[0])
        due = next((each for each in opened if each.month == following), Month(following, 0))
    elif opened:
        due = opened[-1]
    else:
        return None
    return due if month_after(due.month) <= today else None
