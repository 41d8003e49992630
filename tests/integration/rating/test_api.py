from __future__ import annotations

from fastapi import FastAPI, HTTPException
from httpx import ASGITransport, AsyncClient

from services.rating.api import build_router
from shared.contracts.parts import Purpose
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.unit.rating.words import request, usage

SCOPE = {"cca": "mce", "utility": "pge", "environment": "test"}


def client(app: FastAPI) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app=app), base_url="http://rating")


def app_of(office: Office) -> FastAPI:
    app = FastAPI()
    app.include_router(office.service.router)
    return app


class TestTheApi:
    async def test_shows_an_account_with_its_history(self, office: Office) -> None:
        await office.tell(enrollment(request()))

        async with client(app_of(office)) as http:
            shown = await http.get("/rating/v1/accounts/A1", params=SCOPE)
            unknown = await http.get("/rating/v1/accounts/A9", params=SCOPE)

        assert shown.json()[0]["meters"] == ["M1"]
        assert shown.json()[0]["history"][0]["rate_code"] == "E-TOU-C"
        assert unknown.status_code == 404

    async def test_shows_a_charge_with_its_reasons(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        await office.tell(usage_report(usage()))

        async with client(app_of(office)) as http:
            shown = await http.get("/rating/v1/charges/MCE0000000001", params=SCOPE)

        assert shown.json()["total"] == "39.97"
        assert shown.json()["lines"][0]["price"] == "0.207820"
        assert shown.json()["explanation"]["plans"] == ["MCE-E-TOU-C 2026-04-01"]

    async def test_counts_what_waits(self, office: Office) -> None:
        cancel = usage("U2", purpose=Purpose.CANCEL, corrects="U9")
        await office.tell(usage_report(usage(), cancel))

        async with client(app_of(office)) as http:
            shown = await http.get("/rating/v1/holds", params={**SCOPE, "limit": 1})
            plans = await http.get("/rating/v1/plans")

        assert shown.json()["counts"] == {"CANCEL_NO_ORIGINAL": 1, "NOT_ENROLLED": 1}
        assert [hold["usage_id"] for hold in shown.json()["holds"]] == ["U1"]
        assert {plan["imported_by"] for plan in plans.json()} == {"program"}
        assert {plan["activated_by"] for plan in plans.json()} <= {"seed", None}

    async def test_asks_who_is_there_first(self, office: Office) -> None:
        def nobody() -> None:
            raise HTTPException(401)

        app = FastAPI()
        app.include_router(build_router(office.service.database, nobody))

        async with client(app) as http:
            shown = await http.get("/rating/v1/plans")

        assert shown.status_code == 401
