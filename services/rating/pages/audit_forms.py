"""Pages on which one audit is set: on or off, hold or warn, limits, owner; and who set it before.

How a form's words become a setting is decided here; what a setting may be is decided where the API
asks too. A setting is an administrator's: it changes what leaves without anybody looking. One that
loosens a hold counts once another administrator has approved it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field, ValidationError

from services.rating.pages.rooms import SEE_OTHER, Asked, House
from services.rating.review.approvals import SettingKey, approve_setting, settings_that_wait
from services.rating.review.classes import CustomerClass
from services.rating.review.proof import prove_now
from services.rating.review.registry import AUDITS, BATCH_RELEASE, AuditKind
from services.rating.review.settings import (
    IN_MONEY,
    NewSetting,
    Reason,
    UnknownAudit,
    load_settings,
    setting_history,
    write_setting,
)
from services.rating.store_activation import signing
from shared.contracts.measures import to_cents
from shared.platform.refusals import Refusal
from shared.platform.web.identity import Admin, Operator, Principal, Viewer

UNREASONED: Final = "Say why in a few words."
AMOUNT: Final = re.compile(r"\d{1,10}(\.\d{1,2})?")
NUMBER: Final = re.compile(r"\d{1,12}")
WRONG: Final = (
    "Give amounts in dollars, like 24000 or 24000.00, other limits as whole numbers, and say why"
    " in a few words."
)


class AuditForm(Asked):
    """Whose setting, and for which class of customers."""

    customer_class: CustomerClass = CustomerClass.ALL


class ApprovalForm(BaseModel):
    """Which version is approved, and why; the token of the form stands beside them."""

    version: Annotated[int, Field(ge=1, lt=2**31)]
    reason: Reason


def build(house: House) -> APIRouter:
    """The pages below `/rating/controls/`."""
    router = APIRouter()

    @router.post("/rating/controls/tests")
    async def test_now(
        request: Request, principal: Operator, asked: Annotated[Asked, Query()]
    ) -> Response:
        """Test the value hold of a CCA now, beside the daily test."""
        scope, by = house.one(principal, asked.cca), signing(principal.name)
        await house.said(request, principal)
        async with house.database.unit_of_work() as session:
            await prove_now(session, house.acting().desk.books, scope.cca, house.clock.now(), by)
        return RedirectResponse(f"/rating/controls?{asked.address()}", SEE_OTHER)

    @router.get("/rating/controls/{code}")
    async def audit(
        request: Request, principal: Viewer, code: str, asked: Annotated[AuditForm, Query()]
    ) -> Response:
        """One audit as it is set for a class, and every version of its setting."""
        return await _show(house, request, principal, code, asked, None)

    @router.post("/rating/controls/{code}")
    async def set_audit(
        request: Request, principal: Admin, code: str, asked: Annotated[AuditForm, Query()]
    ) -> Response:
        """Set an audit anew; what was set before stays on record."""
        scope, by = house.one(principal, asked.cca), signing(principal.name)
        house.acting()
        said = await house.said(request, principal)
        try:
            new = NewSetting.model_validate(setting_said(code, asked.customer_class, said))
            async with house.database.unit_of_work() as session:
                await write_setting(session, scope.cca, code, new, by, house.clock.now())
        except (ValidationError, NotReadable):
            return await _show(house, request, principal, code, asked, WRONG)
        except Refusal as refusal:
            return await _show(house, request, principal, code, asked, refusal.detail)
        return RedirectResponse(f"/rating/controls/{code}?{asked.address()}", SEE_OTHER)

    @router.post("/rating/controls/{code}/approval")
    async def approve(
        request: Request, principal: Admin, code: str, asked: Annotated[AuditForm, Query()]
    ) -> Response:
        """Let the setting count that another administrator asked for."""
        scope, by = house.one(principal, asked.cca), signing(principal.name)
        house.acting()
        said = await house.said(request, principal)
        try:
            form = ApprovalForm.model_validate(said)
            key = SettingKey(scope.cca, code, asked.customer_class, form.version)
            async with house.database.unit_of_work() as session:
                await approve_setting(session, key, by, form.reason, house.clock.now())
        except ValidationError:
            return await _show(house, request, principal, code, asked, UNREASONED)
        except Refusal as refusal:
            return await _show(house, request, principal, code, asked, refusal.detail)
        return RedirectResponse(f"/rating/controls/{code}?{asked.address()}", SEE_OTHER)

    return router


class NotReadable(ValueError):
    """A field holds no amount or number."""


def setting_said(
    code: str, customer_class: CustomerClass, said: Mapping[str, str]
) -> dict[str, Any]:
    """Turn the fields of the form into a setting as the API takes it.

    Raises:
        NotReadable: an amount is not one in dollars and cents, or a limit no whole number.
    """
    reason = said.get("reason", "")
    if code == BATCH_RELEASE:
        return {"setting": {"release": said.get("release", "")}, "reason": reason}
    limits = {
        name.removeprefix("limit."): _number(name, words)
        for name, words in said.items()
        if name.startswith("limit.")
    }
    setting = {
        "enabled": said.get("enabled") == "on",
        "mode": said.get("mode", ""),
        "minimum_cents": _number(f"minimum{IN_MONEY}", said.get("minimum", "0")),
        "limits": limits,
        "owner": said.get("owner", ""),
    }
    return {"setting": setting, "customer_class": customer_class.value, "reason": reason}


def _number(name: str, words: str) -> int:
    plain = words.replace(",", "").removeprefix("$")
    if name.endswith(IN_MONEY):
        if not AMOUNT.fullmatch(plain):
            raise NotReadable(f"{words!r} is no amount")
        return to_cents(Decimal(plain).quantize(Decimal("0.01")))
    if not NUMBER.fullmatch(plain):
        raise NotReadable(f"{words!r} is no whole number")
    return int(plain)


async def _show(
    house: House,
    request: Request,
    principal: Principal,
    code: str,
    asked: AuditForm,
    wrong: str | None,
) -> Response:
    scope, kind = house.one(principal, asked.cca), AUDITS.get(code)
    if kind is None and code != BATCH_RELEASE:
        raise UnknownAudit(f"no audit {code} can be set")
    async with house.database.read() as session:
        settings = await load_settings(session, scope.cca)
        history = await setting_history(session, scope.cca, code)
        waiting = await settings_that_wait(session, scope.cca)
    here = (code, asked.customer_class)
    values = {
        "asked": asked,
        "scope": scope,
        "code": code,
        "kind": kind,
        "setting": settings.of(kind, asked.customer_class) if kind else None,
        "by_hand": settings.releases_by_hand,
        "fields": _fields(kind, settings.of(kind, asked.customer_class).limits) if kind else [],
        "history": history[::-1],
        "waiting": next((v for v in waiting if (v.code, v.customer_class) == here), None),
        "classes": list(CustomerClass),
        "wrong": wrong,
    }
    return house.page(request, principal, "audit.html", values)


def _fields(kind: AuditKind, limits: Mapping[str, int]) -> list[tuple[str, str, str]]:
    """Name, label and present value of each limit, money in dollars."""
    return [
        (name, name.removesuffix(IN_MONEY).replace("_", " ") + ", dollars", shown_cents(cents))
        if name.endswith(IN_MONEY)
        else (name, name.replace("_", " "), str(cents))
        for name, cents in ((name, limits[name]) for name in kind.limits)
    ]


def shown_cents(cents: int) -> str:
    """An amount as it is typed."""
    return f"{cents // 100}.{cents % 100:02}"
