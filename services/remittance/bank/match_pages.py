"""The console's page for matching by hand: what is chosen of the bank's list, and why.

Choices are matches as they stand, in the address. What is signed are their payments and movements
with both sums, so nothing is matched that has changed since the page was loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.remittance.bank import questions
from services.remittance.bank.desk import BankDesk
from services.remittance.bank.views import MatchView
from services.remittance.ledger.approvals import alone_cents
from services.remittance.workbench.desk import Wanted, Workbench
from services.remittance.workbench.plans import HandMatch, Plan
from services.remittance.workbench.rooms import SEE_OTHER, BadForm, Room, key_of, room_of, said_in
from services.remittance.workbench.sought import address
from services.remittance.workbench.views import REASON_CHARS_MAX
from shared.contracts.measures import from_cents, to_cents
from shared.platform.refusals import Refusal
from shared.platform.web.identity import Finance, Viewer

PATH: Final = "/bank/match"
CHOSEN_MAX: Final = 20


class HandMatchForm(BaseModel):
    """Which matches of the list belong together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cca: Annotated[str, Field(max_length=20)]
    match: Annotated[tuple[UUID, ...], Field(max_length=CHOSEN_MAX)] = ()


def build_match_pages(desk: BankDesk, workbench: Workbench) -> APIRouter:
    """The routes of `/bank/match`."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    async def chosen(
        request: Request, principal: Viewer, asked: Annotated[HandMatchForm, Query()]
    ) -> Response:
        """What is chosen, both sums and the difference; nothing is done."""
        room = room_of(workbench, request, principal, asked.cca)
        return await _page(desk, room, asked, {}, None)

    @router.post(PATH)
    async def match(
        request: Request, principal: Finance, asked: Annotated[HandMatchForm, Query()]
    ) -> Response:
        """Ask for the match; above the limit of one person somebody else approves it."""
        room = room_of(workbench, request, principal, asked.cca)
        said = await said_in(request, principal)
        try:
            wanted = _wanted(said, principal.name)
            done = await workbench.ask(room.scope, wanted)
        except (BadForm, Refusal) as wrong:
            words = wrong.detail if isinstance(wrong, Refusal) else str(wrong)
            return await _page(desk, room, asked, said, words)
        place = address(f"/reconcile/acts/{done.act_id}", {"cca": room.cca.cca, "done": "asked"})
        return RedirectResponse(place, SEE_OTHER)

    return router


def _wanted(said: dict[str, str], by: str) -> Wanted:
    """Read the form.

    Raises:
        BadForm: a reason is missing, or it is not one of ours.
    """
    reason = said.get("reason", "")[:REASON_CHARS_MAX]
    if not reason:
        raise BadForm("Say why they belong together: it is kept with the match.")
    try:
        signed = HandMatch.model_validate_json(said.get("signed", ""))
        plan = Plan(bank=signed.model_copy(update={"takes_back": None}))
    except ValidationError as wrong:
        raise BadForm("The form is damaged; choose again on the bank's page.") from wrong
    return Wanted(plan, reason, by, key_of(said))


def _signed(chosen: Sequence[MatchView]) -> HandMatch | None:
    """Return what is signed when all that is chosen is matched; none of nothing."""
    if not chosen:
        return None
    return HandMatch(
        payments=tuple(each.transaction_id for one in chosen for each in one.payments),
        movements=tuple(each.movement_id for one in chosen for each in one.deposits),
        announced_cents=sum(to_cents(one.announced) for one in chosen),
        deposited_cents=sum(to_cents(one.deposited) for one in chosen),
    )


async def _page(
    desk: BankDesk, room: Room, asked: HandMatchForm, said: dict[str, str], wrong: str | None
) -> Response:
    async with desk.database.read() as session:
        chosen = await questions.chosen_matches(session, room.scope, desk.today, asked.match)
    signed = _signed(chosen)
    limit = alone_cents(room.scope.cca)
    values = {
        "chosen": chosen,
        "signed": signed.model_dump_json() if signed else "",
        "announced": sum((one.announced for one in chosen), Decimal("0.00")),
        "deposited": sum((one.deposited for one in chosen), Decimal("0.00")),
        "two_people": signed is not None and signed.size_cents > limit,
        "limit": from_cents(limit),
        "said": said,
        "wrong": wrong,
        "key": said.get("key") or uuid4().hex,
        "place": address(
            PATH, {"cca": room.cca.cca}, [("match", str(each)) for each in asked.match]
        ),
    }
    return room.page("bank_match.html", values, 422 if wrong else 200)
