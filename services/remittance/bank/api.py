"""The bank over HTTP: register accounts, send statements in, and ask what was matched.

Whatever changes something is for people of finance, signed with the token's name. A token that is
for one CCA names it, and can send in nothing about another's account.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.remittance.api import InScope
from services.remittance.bank import questions
from services.remittance.bank.desk import BankDesk
from services.remittance.bank.exports import matches_csv
from services.remittance.bank.importing import Imported, TakenStatement
from services.remittance.bank.questions import PAGE_SIZE, PAGE_SIZE_MAX
from services.remittance.bank.three_way import Outcome
from services.remittance.bank.uploads import FIELDS_MAX, allow_file, file_of
from services.remittance.bank.views import (
    AccountView,
    BankOverview,
    MatchPage,
    StatementView,
    masked,
)
from shared.contracts.measures import Usd, from_cents
from shared.platform.web.csv_file import download
from shared.platform.web.identity import Finance, admit_to_cca
from shared.platform.web.problems import documented

_UPLOAD_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


class NewBankAccount(BaseModel):
    """A bank account into which a utility pays a CCA."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    number: Annotated[str, Field(min_length=5, max_length=60)]
    """As it stands on statements. It is sealed, and never shown again but for its last digits."""
    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]+$")]


class TakenView(BaseModel):
    """What became of one statement of a file."""

    model_config = ConfigDict(frozen=True)

    statement_id: UUID
    account: str
    cca: str | None
    movements: int
    new_movements: int
    held_code: str | None
    held_message: str | None
    difference: Usd

    @classmethod
    def of(cls, taken: TakenStatement) -> TakenView:
        """Show a statement."""
        return cls(
            statement_id=taken.statement_id,
            account=masked(taken.last_four),
            cca=taken.account.scope.cca if taken.account else None,
            movements=taken.movements,
            new_movements=taken.new_movements,
            held_code=taken.held_code,
            held_message=taken.held_message,
            difference=from_cents(taken.difference_cents),
        )


class ImportView(BaseModel):
    """What became of a bank file."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    file_id: UUID
    format: str
    again: bool
    """Whether the same bytes were sent in before."""
    statements: tuple[TakenView, ...]

    @classmethod
    def of(cls, imported: Imported) -> ImportView:
        """Show an import."""
        return cls(
            file_id=imported.file_id,
            format=imported.kind.value,
            again=imported.again,
            statements=tuple(TakenView.of(each) for each in imported.statements),
        )


def _is_mark(after: str) -> str:
    questions.read_mark(after)
    return after


Mark = Annotated[str, Field(max_length=60), AfterValidator(_is_mark)]
Limit = Annotated[int, Query(ge=1, le=PAGE_SIZE_MAX)]
Which = Annotated[
    Literal["open", "any"] | Outcome,
    Query(description="An outcome, `open` for what somebody must look at, or `any`."),
]


def build_bank_router(desk: BankDesk) -> APIRouter:
    """The routes below `/remittance/v1/bank`."""
    router = APIRouter(
        prefix="/remittance/v1/bank",
        tags=["bank"],
        dependencies=[Depends(admit_to_cca)],
        responses=documented(401, 403, 422),
    )
    _add_questions(router, desk)
    _add_matches(router, desk)
    _add_acts(router, desk)
    return router


def _add_questions(router: APIRouter, desk: BankDesk) -> None:
    @router.get("/overview")
    async def overview(scope: InScope) -> BankOverview:
        """Announced, deposited and the difference, by outcome, tied to the journal."""
        async with desk.database.read() as session:
            return await questions.overview(session, scope, desk.today)

    @router.get("/accounts")
    async def accounts(scope: InScope) -> tuple[AccountView, ...]:
        """The registered accounts, masked, with their latest balances."""
        async with desk.database.read() as session:
            return await questions.bank_accounts(session, scope)

    @router.get("/statements")
    async def statements(scope: InScope, limit: Limit = PAGE_SIZE) -> tuple[StatementView, ...]:
        """Statements, latest first; held ones with their difference."""
        async with desk.database.read() as session:
            return await questions.statements(session, scope, limit)


def _add_matches(router: APIRouter, desk: BankDesk) -> None:
    @router.get("/matches")
    async def matches(
        scope: InScope,
        outcome: Which = "open",
        after: Mark | None = None,
        limit: Limit = PAGE_SIZE,
    ) -> MatchPage:
        """What belongs together, oldest first: applied to charges, announced, deposited."""
        async with desk.database.read() as session:
            return await questions.matches(
                session,
                scope,
                desk.today,
                which=str(outcome),
                after=after,
                limit=limit,
            )

    @router.get("/matches.csv", response_class=Response)
    async def matches_file(scope: InScope, outcome: Which = "open") -> StreamingResponse:
        """The same as a table."""
        on = desk.today
        return download("bank-matches.csv", matches_csv(desk, (scope,), on, str(outcome)))


def _add_acts(router: APIRouter, desk: BankDesk) -> None:
    @router.post("/accounts", status_code=201, responses=documented(409))
    async def register(scope: InScope, new: NewBankAccount, who: Finance) -> AccountView:
        """Register a bank account; the same again changes nothing."""
        made = await desk.register(scope, new.number, new.name, who.name)
        async with desk.database.read() as session:
            listed = await questions.bank_accounts(session, scope)
        return next(each for each in listed if each.account_id == made.account_id)

    @router.post(
        "/statements",
        status_code=201,
        openapi_extra=_UPLOAD_FORM,
        responses=documented(400, 409, 413, 415),
    )
    async def send_in(request: Request, scope: InScope, who: Finance) -> ImportView:
        """Take a BAI2, CAMT.053 or NACHA file in. The same bytes again have no effect."""
        allow_file(request)
        async with request.form(max_files=1, max_fields=FIELDS_MAX) as form:
            data, name = await file_of(form)
        return ImportView.of(await desk.take(data, name, who.name, scope))
