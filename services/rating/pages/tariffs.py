"""Pages about tariffs: every version and who stands for it, what two differ in, test bills."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import ValidationError

from services.rating.holds import RateNotFound
from services.rating.pages.bill_form import BillForm, Calculation, calculate
from services.rating.pages.rooms import REASON, REASON_WANTED, SEE_OTHER, Asked, House, Word
from services.rating.store_activation import (
    SecondPersonNeeded,
    TariffAlreadyActive,
    TariffKey,
    TariffVersionUnknown,
    activate,
    activations,
    signing,
)
from services.rating.store_tariffs import ListedPlan, list_plans, load_newest_taxes, load_plan
from services.rating.tariffs.compare import compare, compare_bills
from services.rating.tariffs.export import plan_csv
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxFile
from services.rating.work import release_holds
from shared.platform.database import ReadSession
from shared.platform.refusals import Refusal
from shared.platform.web import csv_file
from shared.platform.web.csv_file import Identifier
from shared.platform.web.identity import Operator, Viewer

CSV_HEAD: Final = (
    *("cca", "utility", "plan_id", "version", "rate_codes", "products", "cohort"),
    *("effective_from", "effective_through", "known_from", "confidence", "imported_by"),
    *("imported_at", "activated_by", "activated_at"),
)
BILL_HEAD: Final = ("line", "kind", "code", "quantity", "price_usd", "amount_usd", "rule")
VERSION: Final = "/rating/tariffs/{cca}/{plan_id}/{version}"


class TariffsForm(Asked):
    """The filters of the list of versions."""

    plan: Word | None = None
    rate_code: Word | None = None
    state: Literal["draft", "active"] | None = None

    def lets(self, one: ListedPlan) -> bool:
        """Whether a version passes."""
        words = (self.plan or "").lower()
        code = (self.rate_code or "").upper()
        return (
            words in one.plan_id.lower()
            and (not code or code in one.rate_codes)
            and (self.state is None or (self.state == "active") == (one.activated_by is not None))
        )


def build(house: House) -> APIRouter:
    """The pages below `/rating/tariffs`."""
    router = APIRouter()
    _add_lists(router, house)
    _add_version(router, house)
    _add_activation(router, house)
    _add_comparison(router, house)
    _add_files(router, house)
    return router


def _add_lists(router: APIRouter, house: House) -> None:
    @router.get("/rating/tariffs")
    async def tariffs(
        request: Request, principal: Viewer, asked: Annotated[TariffsForm, Query()]
    ) -> Response:
        """Every version that was imported, drafts too."""
        ccas = house.sight(principal, asked.cca).ccas
        async with house.database.read() as session:
            plans = await _listed(session, ccas, asked)
        values = {
            "asked": asked,
            "plans": plans,
            "filtered": bool(asked.filters()),
            "csv": f"/rating/tariffs.csv?{asked.filters()}",
        }
        return house.page(request, principal, "tariffs.html", values)

    @router.get("/rating/tariffs.csv")
    async def tariffs_csv(
        principal: Viewer, asked: Annotated[TariffsForm, Query()]
    ) -> StreamingResponse:
        """The same as a file."""
        ccas = house.sight(principal, asked.cca).ccas
        async with house.database.read() as session:
            plans = await _listed(session, ccas, asked)
        return csv_file.download(
            "tariffs.csv", _once(csv_file.lines([CSV_HEAD, *map(_cells, plans)]))
        )


def _add_version(router: APIRouter, house: House) -> None:
    @router.get(VERSION)
    async def tariff(
        request: Request,
        principal: Viewer,
        cca: str,
        plan_id: str,
        version: str,
        asked: Annotated[BillForm, Query()],
    ) -> Response:
        """One version: who stands for it, what it charges, and a test bill."""
        house.sight(principal, cca)
        async with house.database.read() as session:
            plan = await _plan(session, cca, plan_id, version)
            values = await _version(session, plan, asked)
        return house.page(request, principal, "tariff.html", values)


def _add_activation(router: APIRouter, house: House) -> None:
    @router.post(VERSION)
    async def activate_version(
        request: Request,
        principal: Operator,
        cca: str,
        plan_id: str,
        version: str,
        later: BackgroundTasks,
    ) -> Response:
        """Let a draft count; whoever imported it cannot. What waited for it is charged then."""
        house.sight(principal, cca)
        desk, at = house.acting().desk, house.clock.now()
        said = await house.said(request, principal)
        try:
            reason = REASON.validate_python(said.get("reason", ""))
            async with house.database.unit_of_work() as session:
                key = TariffKey.plan(cca, plan_id, version)
                await activate(session, key, signing(principal.name), at, reason)
        except (ValidationError, SecondPersonNeeded, TariffAlreadyActive) as refusal:
            wrong = refusal.detail if isinstance(refusal, Refusal) else REASON_WANTED
            async with house.database.read() as session:
                plan = await _plan(session, cca, plan_id, version)
                values = await _version(session, plan, BillForm())
            told = {**values, "wrong": wrong}
            return house.page(request, principal, "tariff.html", told)
        later.add_task(release_holds, desk, house.database, (RateNotFound.code,), at)
        place = f"/rating/tariffs/{cca}/{plan_id}/{version}"
        return RedirectResponse(place, SEE_OTHER, background=later)


def _add_comparison(router: APIRouter, house: House) -> None:
    @router.get(f"{VERSION}/diff")
    async def diff(
        request: Request,
        principal: Viewer,
        cca: str,
        plan_id: str,
        version: str,
        asked: Annotated[BillForm, Query()],
    ) -> Response:
        """What another version says differently, in words and on a test bill."""
        house.sight(principal, cca)
        async with house.database.read() as session:
            before = await _plan(session, cca, plan_id, version)
            after = await _plan(session, cca, plan_id, asked.other or version)
            values = await _version(session, before, asked)
            taxes = await load_newest_taxes(session)
        return house.page(
            request,
            principal,
            "tariff_diff.html",
            values | _difference(before, after, asked, taxes),
        )


def _add_files(router: APIRouter, house: House) -> None:
    @router.get(f"{VERSION}/prices.csv")
    async def prices(principal: Viewer, cca: str, plan_id: str, version: str) -> StreamingResponse:
        """Every price of a version."""
        house.sight(principal, cca)
        async with house.database.read() as session:
            plan = await _plan(session, cca, plan_id, version)
        return csv_file.download(f"{plan_id}-{version}.csv", _once(plan_csv(plan)))

    @router.get(f"{VERSION}/bill.csv")
    async def bill(
        principal: Viewer,
        cca: str,
        plan_id: str,
        version: str,
        asked: Annotated[BillForm, Query()],
    ) -> StreamingResponse:
        """The lines of a test bill; none when it cannot be made."""
        house.sight(principal, cca)
        async with house.database.read() as session:
            plan = await _plan(session, cca, plan_id, version)
            made = calculate(plan, asked, await load_newest_taxes(session)).bill
        rows: list[list[csv_file.Value]] = [
            [one.label, one.kind.value, one.code, one.quantity, one.price, one.amount, one.rule]
            for one in (made.lines if made else ())
        ]
        return csv_file.download("test-bill.csv", _once(csv_file.lines([BILL_HEAD, *rows])))


async def _listed(
    session: ReadSession, ccas: tuple[str, ...], asked: TariffsForm
) -> list[ListedPlan]:
    return [one for one in await list_plans(session) if one.cca in ccas and asked.lets(one)]


async def _plan(session: ReadSession, cca: str, plan_id: str, version: str) -> PlanFile:
    """Read one version.

    Raises:
        TariffVersionUnknown: it was never imported.
    """
    found = await load_plan(session, cca, plan_id, version)
    if found is None:
        raise TariffVersionUnknown(f"{cca}/{plan_id} {version} was not imported")
    return found


async def _version(session: ReadSession, plan: PlanFile, asked: BillForm) -> dict[str, Any]:
    listed = await list_plans(session)
    active = await activations(session)
    taxes = await load_newest_taxes(session)
    return {
        "wrong": None,
        "asked": asked,
        "plan": plan,
        "place": f"/rating/tariffs/{plan.cca}/{plan.plan_id}/{plan.version}",
        "versions": [o for o in listed if (o.cca, o.plan_id) == (plan.cca, plan.plan_id)],
        "activation": active.get(TariffKey.plan(plan.cca, plan.plan_id, plan.version)),
        "prices": list(csv.DictReader(io.StringIO(plan_csv(plan)))),
        "test": calculate(plan, asked, taxes),
        "bill_csv": asked.address(other=None),
    }


def _difference(
    before: PlanFile, after: PlanFile, asked: BillForm, taxes: TaxFile | None
) -> dict[str, Any]:
    """Both versions bill the same usage, so that a change of price is seen as money."""
    old = calculate(before, asked, taxes)
    new = calculate(after, _same_usage(asked, old), taxes)
    bills = compare_bills(old.bill, new.bill) if old.bill and new.bill else []
    return {
        "other": after,
        "differences": compare(before, after),
        "bills": bills,
        "refusal": old.refusal or new.refusal,
        "sums": (old.bill.total, new.bill.total) if old.bill and new.bill else None,
    }


def _same_usage(asked: BillForm, old: Calculation) -> BillForm:
    if old.used is None:
        return asked
    filled = {row.name: row.value for row in old.rows}
    return asked.model_copy(update={**filled, "start": old.used.start, "end": old.used.end})


async def _once(text: str) -> AsyncIterator[str]:
    yield text


def _cells(one: ListedPlan) -> list[csv_file.Value]:
    return [
        *(one.cca, one.utility, Identifier(one.plan_id), Identifier(one.version)),
        *(" ".join(one.rate_codes), " ".join(one.products), one.cohort),
        *(one.effective_from, one.effective_through, one.known_from, one.confidence),
        *(one.imported_by, one.imported_at, one.activated_by, one.activated_at),
    ]
