"""The console's page about the bank: what was announced, what arrived, what differs and how long.

It asks the same functions as the API, for each CCA that is open to whoever is asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.remittance.bank import questions
from services.remittance.bank.api import Mark, NewBankAccount
from services.remittance.bank.desk import BankDesk
from services.remittance.bank.exports import matches_csv
from services.remittance.bank.importing import Imported
from services.remittance.bank.questions import ANY, OPEN
from services.remittance.bank.three_way import Outcome
from services.remittance.bank.uploads import FIELDS_MAX, allow_file, file_of
from services.remittance.bank.views import (
    AccountView,
    BankOverview,
    MatchPage,
    StatementView,
)
from services.remittance.receivables import Scope
from shared.platform.database import ReadSession
from shared.platform.refusals import Refusal
from shared.platform.web.csv_file import download
from shared.platform.web.identity import Finance, Principal, Role, Viewer
from shared.platform.web.scopes import KnownCca, chosen, open_to
from shared.platform.web.sessions import Sessions
from shared.platform.web.shell import NavEntry, shell_of

PATH: Final = "/bank/"
NAV: Final = NavEntry("Bank", PATH)
SEE_OTHER: Final = 303
STATEMENTS_SHOWN: Final = 10
EVERY: Final = (OPEN, ANY, *(each.value for each in Outcome))
MEANINGS: Final = {
    OPEN: "to be looked at",
    ANY: "everything",
    Outcome.MATCHED: "matched",
    Outcome.DEPOSIT_MISSING: "820 without deposit",
    Outcome.ADVICE_MISSING: "deposit without 820",
    Outcome.AMOUNT_DIFFERS: "amount differs",
    Outcome.DUPLICATE: "paid twice",
    Outcome.BY_HAND: "matched by hand",
    Outcome.OTHER: "not the utility's",
}
"""What people call the outcomes."""


class BankForm(BaseModel):
    """What the page is asked; blanks mean "not asked"."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    cca: Annotated[str, Field(max_length=20)] = ""
    show: Literal["", "open", "any"] | Outcome = OPEN
    after: Mark | Literal[""] = ""
    done: Literal["", "taken", "again", "held", "registered"] = ""

    @property
    def which(self) -> str:
        """The outcome that is asked for."""
        return str(self.show) or OPEN

    def address(self, **changes: str) -> str:
        """The query that asks the same but for some changes."""
        said = {"cca": self.cca, "show": self.which, **changes}
        return urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, slots=True)
class _Room:
    """What the page shows of one CCA."""

    cca: KnownCca
    overview: BankOverview
    accounts: tuple[AccountView, ...]
    page: MatchPage
    statements: tuple[StatementView, ...]

    @property
    def in_use(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.accounts or self.overview.not_looked_for)


def build_bank_pages(desk: BankDesk) -> APIRouter:
    """The routes below `/bank/`."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def bank_page(
        request: Request, principal: Viewer, asked: Annotated[BankForm, Query()]
    ) -> Response:
        """Show the difference, what waits, statements and accounts."""
        return await _show(desk, request, principal, asked)

    @router.get("/bank/matches.csv")
    async def matches_file(
        principal: Viewer, asked: Annotated[BankForm, Query()]
    ) -> StreamingResponse:
        """What the list shows, all of it, as a table."""
        scopes = [_scope(desk, one) for one in chosen(principal, asked.cca or None)]
        return download("bank-matches.csv", matches_csv(desk, scopes, desk.today, asked.which))

    @router.post("/bank/files")
    async def send_in(request: Request, principal: Finance) -> Response:
        """Take a bank file in; a refusal is told beside the form."""
        allow_file(request)
        async with request.form(max_files=1, max_fields=FIELDS_MAX) as form:
            _sessions(request).check_form(principal, form)
            cca = str(form.get("cca", ""))
            try:
                data, name = await file_of(form)
                only = None
                if cca or not principal.sees_everything:
                    only = _scope(desk, chosen(principal, cca)[0])
                imported = await desk.take(data, name, principal.name, only)
            except Refusal as refusal:
                return await _show(desk, request, principal, BankForm(), refusal.detail)
        return RedirectResponse(f"{PATH}?{urlencode({'done': _word(imported)})}", SEE_OTHER)

    @router.post("/bank/accounts")
    async def register(request: Request, principal: Finance) -> Response:
        """Register a bank account; a refusal is told beside the form."""
        async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
            _sessions(request).check_form(principal, form)
            said = {name: str(form.get(name, "")).strip() for name in ("number", "name", "cca")}
        try:
            new = NewBankAccount(number=said["number"], name=said["name"])
            scope = _scope(desk, chosen(principal, said["cca"])[0])
            await desk.register(scope, new.number, new.name, principal.name)
        except ValidationError:
            wrong = "A bank account has a number of 5 to 34 letters and digits, and a name."
            return await _show(desk, request, principal, BankForm(), wrong)
        except Refusal as refusal:
            return await _show(desk, request, principal, BankForm(), refusal.detail)
        query = urlencode({"cca": said["cca"], "done": "registered"})
        return RedirectResponse(f"{PATH}?{query}", SEE_OTHER)

    return router


def _sessions(request: Request) -> Sessions:
    return shell_of(request).sessions


def _word(imported: Imported) -> str:
    if any(each.held_code for each in imported.statements):
        return "held"
    return "again" if imported.again else "taken"


def _scope(desk: BankDesk, one: KnownCca) -> Scope:
    return Scope(one.cca, one.utility, desk.environment)


async def _show(
    desk: BankDesk, request: Request, principal: Principal, asked: BankForm, wrong: str = ""
) -> Response:
    everyone = open_to(principal)
    async with desk.database.read() as session:
        rooms = [
            await _room(desk, session, one, asked) for one in chosen(principal, asked.cca or None)
        ]
        nobodys = (
            await questions.statements_of_nobody(session, STATEMENTS_SHOWN)
            if principal.sees_everything
            else ()
        )
    values = {
        "asked": asked,
        "ccas": everyone,
        "rooms": [room for room in rooms if room.in_use or asked.cca],
        "idle": [room.cca for room in rooms if not room.in_use],
        "nobodys": nobodys,
        "meanings": MEANINGS,
        "every": EVERY,
        "wrong": wrong,
        "may_act": principal.may(Role.FINANCE),
        "sees_everything": principal.sees_everything,
        "csv": f"/bank/matches.csv?{asked.address()}",
    }
    return shell_of(request).page(
        request,
        "remittance/bank.html",
        values,
        principal=principal,
        status=422 if wrong else 200,
    )


async def _room(desk: BankDesk, session: ReadSession, one: KnownCca, asked: BankForm) -> _Room:
    scope, on = _scope(desk, one), desk.today
    return _Room(
        cca=one,
        overview=await questions.overview(session, scope, on),
        accounts=await questions.bank_accounts(session, scope),
        page=await questions.matches(
            session, scope, on, which=asked.which, after=asked.after or None
        ),
        statements=await questions.statements(session, scope, STATEMENTS_SHOWN),
    )
