from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import Request
from httpx import ASGITransport, AsyncClient

from services.rating.store_activation import (
    NameNotUsable,
    SecondPersonNeeded,
    TariffAlreadyActive,
    TariffKey,
    TariffVersionUnknown,
    signing,
)
from services.rating.store_tariffs import list_plans
from services.rating.tariffs.files import PLANS_FOLDER
from shared.platform.http import create_app
from shared.platform.web.identity import Principal, Role
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.unit.rating.words import JUNE, meter, request, usage

SHEET = (PLANS_FOLDER / "mce" / "e-tou-c.toml").read_text()
CORRECTED = TariffKey.plan("mce", "MCE-E-TOU-C", "corrected")
ADDRESS = "/rating/v1/tariffs/MCE-E-TOU-C/corrected"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a corrected sheet: on-peak is a dollar."""
    text = SHEET.replace('version = "2026-04-01"', 'version = "corrected"')
    text = text.replace("known_from = 2026-04-01", "known_from = 2026-07-01")
    (tmp_path / "sheet.toml").write_text(text.replace("20782", "100000"))
    return tmp_path


class TestAnImportByAPerson:
    async def test_is_a_draft_that_bills_nobody(self, office: Office, folder: Path) -> None:
        await office.service.import_tariffs(folder, "jane")
        await office.tell(enrollment(request()))
        await office.tell(usage_report(usage()))

        assert [charge.plan_version for charge in office.charges] == ["2026-04-01"]

    async def test_counts_when_somebody_else_activates_it(
        self, office: Office, folder: Path
    ) -> None:
        await office.service.import_tariffs(folder, "jane")
        await office.service.activate_tariff(CORRECTED, "joe", "checked against the card")
        await office.tell(enrollment(request()))
        await office.tell(usage_report(usage()))

        assert [charge.plan_version for charge in office.charges] == ["corrected"]
        async with office.service.database.read() as session:
            (listed,) = [p for p in await list_plans(session) if p.version == "corrected"]
        assert (listed.imported_by, listed.activated_by) == ("jane", "joe")

    async def test_is_never_activated_by_the_same_person(
        self, office: Office, folder: Path
    ) -> None:
        await office.service.import_tariffs(folder, "jane")

        with pytest.raises(SecondPersonNeeded):
            await office.service.activate_tariff(CORRECTED, "jane")

    async def test_is_activated_once(self, office: Office, folder: Path) -> None:
        await office.service.import_tariffs(folder, "jane")
        await office.service.activate_tariff(CORRECTED, "joe")

        with pytest.raises(TariffAlreadyActive):
            await office.service.activate_tariff(CORRECTED, "jim")
        with pytest.raises(TariffVersionUnknown):
            await office.service.activate_tariff(TariffKey.plan("mce", "X", "1"), "joe")

    async def test_that_fills_a_gap_charges_what_waited_once_it_is_active(
        self, office: Office, folder: Path
    ) -> None:
        sheet = folder / "sheet.toml"
        text = sheet.read_text().replace('["E-TOU-C", "ETOUC"]', '["E-NEW"]')
        sheet.write_text(text.replace('"MCE-E-TOU-C"', '"MCE-E-NEW"'))
        await office.tell(enrollment(request(rate_code="E-NEW")))
        waiting = usage("U1", meter(JUNE, {"on": "100", "off": "200"}, rate_code="E-NEW"))
        await office.tell(usage_report(waiting))

        _, none = await office.service.import_tariffs(folder, "jane")
        key = TariffKey.plan("mce", "MCE-E-NEW", "corrected")
        released = await office.service.activate_tariff(key, "joe")

        assert office.holds == [("U1", "RATE_NOT_FOUND")]
        assert (none.charged, released.charged) == (0, 1)

    @pytest.mark.parametrize("name", ["", "  ", "program", "seed", "x" * 81])
    def test_bears_a_persons_name(self, name: str) -> None:
        with pytest.raises(NameNotUsable):
            signing(name)


@dataclass
class Porter:
    """Knows people by a header, as the gateway would by their token."""

    async def identify(self, request: Request) -> Principal | None:
        name = request.headers.get("x-name")
        role = Role(request.headers.get("x-role", "operator"))
        return Principal(UUID(int=1), name, role) if name else None


@pytest.fixture
async def http(office: Office) -> AsyncIterator[AsyncClient]:
    """The service's API with a porter at the door."""

    async def ready() -> dict[str, bool]:
        return {}

    app = create_app("rating", routers=[office.service.router], ready=ready, doorkeeper=Porter())
    transport = ASGITransport(app=app)
    async with AsyncClient(transport=transport, base_url="http://rating") as client:
        yield client


class TestTheTariffApi:
    async def plan(self, http: AsyncClient) -> dict[str, object]:
        address = "/rating/v1/tariffs/MCE-E-TOU-C/2026-04-01"
        shown = (await http.get(address, params={"cca": "mce"})).json()
        assert shown["activation"]["activated_by"] == "seed"
        plan: dict[str, object] = shown["plan"]
        return plan | {"version": "corrected", "known_from": "2026-07-01"}

    async def test_hands_on_what_midas_takes(self, http: AsyncClient) -> None:
        address = "/rating/v1/tariffs/3CE-E-TOU-C/2026-02-15/midas"
        july = {"cca": "3ce", "first_day": "2026-07-01", "last_day": "2026-07-31"}

        made = await http.get(address, params={**july, "product": "3CCHOICE"})
        none = await http.get(address, params={**july, "product": "3CPRIME"})

        assert made.headers["content-type"].startswith("text/xml")
        assert made.text.count("<ValueData>") == 31 * 24
        assert (none.status_code, none.json()["code"]) == (422, "NOT_FOR_MIDAS")

    async def test_needs_two_operators(self, http: AsyncClient) -> None:
        plan, mce = await self.plan(http), {"cca": "mce"}

        async def post(path: str, body: object, **headers: str) -> int:
            sent = {f"x-{name}": value for name, value in headers.items()}
            return (await http.post(path, params=mce, json=body, headers=sent)).status_code

        assert await post("/rating/v1/tariffs", plan) == 401
        assert await post("/rating/v1/tariffs", plan, name="jane", role="analyst") == 403
        assert await post("/rating/v1/tariffs", plan, name="jane") == 201
        assert await post(f"{ADDRESS}/activation", {}, name="jane") == 409
        assert await post(f"{ADDRESS}/activation", {"reason": "checked"}, name="joe") == 201
        shown = (await http.get(ADDRESS, params=mce)).json()
        assert shown["activation"]["imported_by"] == "jane"
        assert shown["activation"]["reason"] == "checked"

    async def test_tells_versions_apart_and_tries_a_draft(self, http: AsyncClient) -> None:
        plan, mce = await self.plan(http), {"cca": "mce"}
        components: list[dict[str, dict[str, dict[str, int]]]] = plan["components"]  # type: ignore[assignment]
        components[0]["prices"]["summer"]["on_peak"] = 30_000
        await http.post("/rating/v1/tariffs", params=mce, json=plan, headers={"x-name": "jane"})

        address = "/rating/v1/tariffs/MCE-E-TOU-C/2026-04-01/diff"
        diff = (await http.get(address, params=mce | {"other": "corrected"})).json()
        used = {
            "start": "2026-06-06",
            "end": "2026-07-06",
            "delivered_kwh": {"on_peak": "100", "off_peak": "200"},
        }
        bill = (await http.post(f"{ADDRESS}/preview", params=mce, json=used)).json()

        words = [one["words"] for one in diff]
        assert "generation.prices.summer.on_peak: $0.20782 → $0.30000 (+44.36 %)" in words
        assert bill["total"] == "49.19"
        assert bill["lines"][0]["rule"] == "energy times price"
