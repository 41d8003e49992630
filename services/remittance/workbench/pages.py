"""The console's pages for reconciling: what is open beside what was paid, and what people decide.

The difference stands at the top. Every filter and every choice is in the address, so a view can be
sent to a colleague; forms carry a key, so one that is sent twice has its effect once.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator, Field

from services.remittance.placements import LineKey
from services.remittance.receivables import Standing
from services.remittance.workbench import act_questions, questions
from services.remittance.workbench.desk import ActState, Wanted, Workbench
from services.remittance.workbench.effects import effect_of
from services.remittance.workbench.exports import What, export
from services.remittance.workbench.match_form import Grid, grid_of, plan_of, reason_of
from services.remittance.workbench.rooms import (
    PATH,
    SEE_OTHER,
    BadForm,
    Room,
    key_of,
    room_of,
    said_in,
)
from services.remittance.workbench.sought import Sought, address, read_charge_mark, read_line
from services.remittance.workbench.views import ChargePage, ChargeRow, MoneyPage, MoneyRow
from shared.contracts.remittance import RemittanceOutcome
from shared.platform.database import ReadSession
from shared.platform.refusals import Refusal
from shared.platform.web.identity import Finance, Viewer
from shared.platform.web.shell import NavEntry

NAV: Final = NavEntry("Reconcile", PATH)
CHOSEN_MAX: Final = 20


def _is_line(mark: str) -> str:
    read_line(mark)
    return mark


def _is_mark(after: str) -> str:
    read_charge_mark(after)
    return after


class ReconcileForm(Sought):
    """What the page is asked: a filter, what is chosen, and where the lists go on."""

    cca: Annotated[str, Field(max_length=20)] = ""
    utility: Annotated[str, Field(max_length=20)] = ""
    charge: Annotated[tuple[UUID, ...], Field(max_length=CHOSEN_MAX)] = ()
    line: Annotated[
        tuple[Annotated[str, Field(max_length=60), AfterValidator(_is_line)], ...],
        Field(max_length=CHOSEN_MAX),
    ] = ()
    number: Annotated[str, Field(max_length=400, pattern=r"^[^\x00]*$")] = ""
    charges_after: Annotated[str, Field(max_length=60), AfterValidator(_is_mark)] | None = None
    money_after: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0

    @property
    def lines(self) -> list[LineKey]:
        """The chosen lines."""
        return [read_line(mark) for mark in self.line]

    @property
    def numbers(self) -> list[str]:
        """Further charges, by their invoice numbers."""
        return sorted(set(self.number.replace(",", " ").split()))[:CHOSEN_MAX]

    def choice(self) -> list[tuple[str, str]]:
        """What is chosen, for an address."""
        return [("charge", str(one)) for one in self.charge] + [("line", one) for one in self.line]


class ActsForm(Sought):
    """Which acts, and where the list goes on."""

    cca: Annotated[str, Field(max_length=20)] = ""
    stands: ActState | None = None
    before: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    done: Literal["", "asked", "ended"] = ""


def build_workbench_pages(desk: Workbench) -> APIRouter:
    """The routes below `/reconcile/`."""
    router = APIRouter(include_in_schema=False)
    _add_lists(router, desk)
    _add_details(router, desk)
    _add_match(router, desk)
    _add_acts(router, desk)
    return router


def _add_lists(router: APIRouter, desk: Workbench) -> None:
    @router.get(PATH)
    async def reconcile(
        request: Request, principal: Viewer, asked: Annotated[ReconcileForm, Query()]
    ) -> Response:
        """Open charges on the left, money on the right, and the difference of what is chosen."""
        room = room_of(desk, request, principal, asked.cca, asked.utility)
        today = desk.clock.now().date()
        async with desk.database.read() as session:
            charges = await questions.charges(
                session, room.scope, asked, today, after=asked.charges_after or ""
            )
            money = await questions.money(
                session, room.scope, asked, today, after=asked.money_after
            )
            owed, paid = await questions.sums(session, room.scope, asked, today)
            picked = await _chosen(desk, session, room, asked)
            waiting = await act_questions.waiting_acts(session, room.scope)
        here = {"cca": room.cca.cca, **asked.said()}
        values = {
            "asked": asked,
            "charges": charges,
            "money": money,
            "owed": owed,
            "paid": paid,
            "waiting_acts": waiting,
            "picked": picked,
            "elsewhere": picked.beside(charges, money),
            "states": [one.value for one in Standing],
            "outcomes": [one.value for one in RemittanceOutcome],
            "filtered": bool(asked.said()),
            "links": _links(asked, here, charges, money),
        }
        return room.page("reconcile.html", values)


def _add_details(router: APIRouter, desk: Workbench) -> None:
    @router.get("/reconcile/{what}.{form}")
    async def file(
        request: Request,
        principal: Viewer,
        what: What,
        form: Literal["csv", "xlsx"],
        asked: Annotated[ReconcileForm, Query()],
    ) -> Response:
        """All that a list's filter finds, as a table."""
        room = room_of(desk, request, principal, asked.cca, asked.utility)
        return await export(desk, room.scope, asked, what, form)

    @router.get("/reconcile/lines/{transaction_id}/{sequence}")
    async def line(
        request: Request,
        principal: Viewer,
        transaction_id: UUID,
        sequence: Annotated[int, Path(ge=1, le=2**31 - 1)],
        cca: Annotated[str, Query(max_length=20)] = "",
    ) -> Response:
        """One line: on which charges it stands, and every place that it had."""
        room, key = room_of(desk, request, principal, cca), LineKey(transaction_id, sequence)
        today = desk.clock.now().date()
        async with desk.database.read() as session:
            found = await questions.line_detail(session, room.scope, today, key)
        return room.page("reconcile_line.html", {"found": found, "line": found.line})


def _links(
    asked: ReconcileForm, here: dict[str, Any], charges: ChargePage, money: MoneyPage
) -> dict[str, str | None]:
    """Addresses of the next pages and files; each list goes on by itself."""
    choice = asked.choice()

    def on(**marks: Any) -> str:  # noqa: ANN401  whatever an address holds
        marks = {"charges_after": asked.charges_after, "money_after": asked.money_after} | marks
        return address(PATH, here, choice, {name: mark or None for name, mark in marks.items()})

    return {
        "more_charges": on(charges_after=charges.next_after) if charges.next_after else None,
        "more_money": on(money_after=money.next_after) if money.next_after else None,
        "first_charges": on(charges_after=None) if asked.charges_after else None,
        "first_money": on(money_after=None) if asked.money_after else None,
        "files": address("", here),
    }


@dataclass(frozen=True, slots=True)
class _Picked:
    """What is chosen, and what it comes to."""

    charges: tuple[ChargeRow, ...]
    lines: tuple[MoneyRow, ...]

    @property
    def open(self) -> Decimal:
        return sum((one.open for one in self.charges), Decimal("0.00"))

    @property
    def money(self) -> Decimal:
        return sum((one.unapplied for one in self.lines), Decimal("0.00"))

    @property
    def difference(self) -> Decimal:
        return self.money - self.open

    def beside(self, charges: ChargePage, money: MoneyPage) -> _Picked:
        """What is chosen and not on these pages; the form carries it along."""
        shown = {row.receivable_id for row in charges.rows}
        lines = {row.mark for row in money.rows}
        return _Picked(
            tuple(one for one in self.charges if one.receivable_id not in shown),
            tuple(one for one in self.lines if one.mark not in lines),
        )


async def _chosen(
    desk: Workbench, session: ReadSession, room: Room, asked: ReconcileForm
) -> _Picked:
    today = desk.clock.now().date()
    charges = await questions.chosen_charges(
        session, room.scope, today, asked.charge, asked.numbers
    )
    return _Picked(charges, await questions.chosen_lines(session, room.scope, today, asked.lines))


def _add_match(router: APIRouter, desk: Workbench) -> None:
    @router.get("/reconcile/match")
    async def match(
        request: Request, principal: Viewer, asked: Annotated[ReconcileForm, Query()]
    ) -> Response:
        """What is chosen, where its money would go, and what would be left."""
        room = room_of(desk, request, principal, asked.cca, asked.utility)
        return await _match_page(desk, room, asked, {}, None)

    @router.post("/reconcile/match")
    async def act(
        request: Request, principal: Finance, asked: Annotated[ReconcileForm, Query()]
    ) -> Response:
        """Look at what a plan comes to, or ask for it to be done."""
        room = room_of(desk, request, principal, asked.cca, asked.utility)
        said = await said_in(request, principal)
        try:
            plan = plan_of(said)
            if said.get("step") != "do":
                effect = await effect_of(desk, room.scope, plan)
                return await _match_page(desk, room, asked, said, None, effect)
            async with desk.database.read() as session:
                picked = await _chosen(desk, session, room, asked)
            reason = reason_of(said, plan, picked.difference)
            wanted = Wanted(plan, reason, principal.name, key_of(said))
            done = await desk.ask(room.scope, wanted)
        except (BadForm, Refusal) as wrong:
            words = wrong.detail if isinstance(wrong, Refusal) else str(wrong)
            return await _match_page(desk, room, asked, said, words)
        place = address(f"/reconcile/acts/{done.act_id}", {"cca": room.cca.cca, "done": "asked"})
        return RedirectResponse(place, SEE_OTHER)


async def _match_page(
    desk: Workbench,
    room: Room,
    asked: ReconcileForm,
    said: dict[str, str],
    wrong: str | None,
    effect: Any = None,  # noqa: ANN401  an Effect, or none
) -> Response:
    async with desk.database.read() as session:
        picked = await _chosen(desk, session, room, asked)
        stands = {line.mark: await questions.standings(session, line.key) for line in picked.lines}
    grid: Grid = grid_of(picked.charges, picked.lines, stands, said)
    here = {"cca": room.cca.cca, "number": asked.number}
    values = {
        "asked": asked,
        "picked": picked,
        "grid": grid,
        "said": said,
        "wrong": wrong,
        "effect": effect,
        "key": said.get("key") or uuid4().hex,
        "place": address("/reconcile/match", here, asked.choice()),
        "back": address(PATH, {"cca": room.cca.cca}, asked.choice()),
    }
    return room.page("reconcile_match.html", values, 422 if wrong else 200)


def _add_acts(router: APIRouter, desk: Workbench) -> None:
    @router.get("/reconcile/acts")
    async def acts(
        request: Request, principal: Viewer, asked: Annotated[ActsForm, Query()]
    ) -> Response:
        """What people asked for, latest first."""
        room = room_of(desk, request, principal, asked.cca)
        async with desk.database.read() as session:
            page = await act_questions.acts(session, room.scope, asked.stands, before=asked.before)
        here = {"cca": room.cca.cca, "stands": asked.stands}
        older = address("/reconcile/acts", here, {"before": page.next_before})
        values = {
            "asked": asked,
            "page": page,
            "states": [one.value for one in ActState],
            "older": older if page.next_before else None,
            "newest": address("/reconcile/acts", here) if asked.before else None,
        }
        return room.page("reconcile_acts.html", values)

    @router.get("/reconcile/acts/{act_id}")
    async def act(
        request: Request, principal: Viewer, act_id: UUID, asked: Annotated[ActsForm, Query()]
    ) -> Response:
        """One act: what it does, who asked, who decided."""
        room = room_of(desk, request, principal, asked.cca)
        return await _act_page(desk, room, act_id, asked)

    @router.post("/reconcile/acts/{act_id}")
    async def answer(
        request: Request, principal: Finance, act_id: UUID, asked: Annotated[ActsForm, Query()]
    ) -> Response:
        """Approve, decline, withdraw, or undo what was done."""
        room = room_of(desk, request, principal, asked.cca)
        said = await said_in(request, principal)
        try:
            shown = await _answer(desk, room, act_id, said)
        except (BadForm, Refusal) as wrong:
            words = wrong.detail if isinstance(wrong, Refusal) else str(wrong)
            return await _act_page(desk, room, act_id, asked, words)
        place = address(f"/reconcile/acts/{shown}", {"cca": room.cca.cca, "done": "ended"})
        return RedirectResponse(place, SEE_OTHER)


async def _answer(desk: Workbench, room: Room, act_id: UUID, said: dict[str, str]) -> UUID:
    """Do what a form about an act says; tells which act to show."""
    step, words, by = said.get("step", ""), said.get("words", "")[:300], room.principal.name
    if not words:
        raise BadForm("Say why, in a few words.")
    if step == "undo":
        asked = await desk.take_back(room.scope, act_id, words, by, key_of(said))
        return asked.act_id
    steps = {"approve": desk.approve, "decline": desk.decline, "withdraw": desk.withdraw}
    if step not in steps:
        raise BadForm("The form does not say what to do.")
    await steps[step](room.scope, act_id, by, words)
    return act_id


async def _act_page(
    desk: Workbench, room: Room, act_id: UUID, asked: ActsForm, wrong: str | None = None
) -> Response:
    async with desk.database.read() as session:
        found = await act_questions.act_view(session, room.scope, act_id)
    values = {
        "act": found,
        "asked": asked,
        "wrong": wrong,
        "key": uuid4().hex,
        "place": address(f"/reconcile/acts/{act_id}", {"cca": room.cca.cca}),
    }
    return room.page("reconcile_act.html", values, 422 if wrong else 200)
