"""Re-rating and shadow bills over HTTP: who may, what is shown, and what is told twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import Request
from httpx import ASGITransport, AsyncClient

from services.rating.rerun.store_jobs import JobState
from shared.platform.http import create_app
from shared.platform.web.identity import Principal, Role
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.integration.rating.rerun_words import correct_prices, until
from tests.integration.rating.test_shadow_bills import charged
from tests.integration.rating.utility_bill import bill_of
from tests.unit.rating.words import JUNE, meter, request, usage

MCE = {"cca": "mce", "utility": "pge", "environment": "test"}
JOBS = "/rating/v1/reruns"
CODES = "/rating/v1/rate-codes"
BILLS = "/rating/v1/shadow-bills"
ASKED = {
    "key": "api-test-1",
    "asked": {"filter": {"plan_id": "MCE-E-TOU-C"}, "reason": "the card was corrected"},
}


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
    async with AsyncClient(
        transport=transport, base_url="http://rating", params=MCE, headers={"x-name": "ann"}
    ) as client:
        yield client


async def said(http: AsyncClient, path: str, body: object, **headers: str) -> tuple[int, Any]:
    """Status and answer of a POST."""
    sent = {f"x-{name}": value for name, value in headers.items()}
    answer = await http.post(path, json=body, headers=sent)
    return answer.status_code, answer.json()


class TestReratingOverHttp:
    async def test_goes_from_the_dry_run_to_the_result(
        self, office: Office, http: AsyncClient, tmp_path: Path
    ) -> None:
        await charged(office)
        await correct_prices(office, tmp_path)

        status, job = await said(http, JOBS, ASKED)
        again = await said(http, JOBS, ASKED)
        assert (status, again[1]["job_id"]) == (202, job["job_id"])
        one = f"{JOBS}/{job['job_id']}"
        await until(office, UUID(job["job_id"]), JobState.PLANNED)
        plan = (await http.get(one)).json()["plan"]
        assert (plan["sent"], plan["unsent"], plan["second_person"]) == (1, 0, False)
        assert (await said(http, f"{one}/start", {"reason": "go on"}))[0] == 202
        await until(office, UUID(job["job_id"]), JobState.DONE)

        shown = (await http.get(one)).json()
        assert shown["progress"]["outcomes"] == {"rebilled": 1}
        assert [step["step"] for step in shown["steps"]] == ["asked", "planned", "started", "done"]
        listed = (await http.get(f"{one}/items", params=MCE | {"outcome": "rebilled"})).json()
        assert listed["items"][0]["new_invoice"] == office.charges[-1].invoice_number
        csv = await http.get(f"{one}/items.csv")
        assert csv.headers["content-type"].startswith("text/csv")
        assert len(csv.text.splitlines()) == 2
        assert [each["job_id"] for each in (await http.get(JOBS)).json()["jobs"]] == [job["job_id"]]

    async def test_is_for_operators_and_signed_by_them(
        self, office: Office, http: AsyncClient
    ) -> None:
        assert (await said(http, JOBS, ASKED, name="vic", role="analyst"))[0] == 403
        assert (await said(http, JOBS, ASKED, name=""))[0] == 401
        status, job = await said(http, JOBS, ASKED)
        assert (status, job["asked_by"]) == (202, "ann")
        one = f"{JOBS}/{job['job_id']}"
        stop = {"reason": "not needed"}
        assert (await said(http, f"{one}/cancel", stop, name="vic", role="viewer"))[0] == 403
        status, job = await said(http, f"{one}/cancel", stop)
        assert (status, job["state"]) == (200, "cancelled")

    async def test_refuses_what_says_nothing_and_does_not_show_another_ccas_job(
        self, http: AsyncClient
    ) -> None:
        empty = ASKED | {"asked": {"filter": {}, "reason": "because"}}
        assert (await said(http, JOBS, empty))[0] == 422
        _, job = await said(http, JOBS, ASKED)

        other = MCE | {"cca": "3ce"}
        answer = await http.get(f"{JOBS}/{job['job_id']}", params=other)

        assert (answer.status_code, answer.json()["code"]) == (404, "RERUN_UNKNOWN")
        assert (await http.get(JOBS, params=other)).json()["jobs"] == []

    async def test_maps_a_rate_code_once_and_releases_what_it_held(
        self, office: Office, http: AsyncClient
    ) -> None:
        await office.tell(enrollment(request(rate_code="H2")))
        reads = meter(JUNE, {"on": "100", "off": "200"}, rate_code="H2")
        await office.tell(usage_report(usage("U1", reads)))
        (waiting,) = (await http.get(f"{CODES}/unmapped")).json()
        assert (waiting["rate_code"], waiting["accounts"]) == ("H2", 1)
        mapping = {"rate_code": "H2", "plan_code": "E-TOU-C", "effective_from": "2026-01-01"}
        new = {"key": "api-test-2", "mapping": mapping, "reason": "renamed"}

        _, job = await said(http, f"{CODES}/mappings", new)
        await until(office, UUID(job["job_id"]), JobState.PLANNED)
        await said(http, f"{JOBS}/{job['job_id']}/start", {"reason": "go on"})
        await until(office, UUID(job["job_id"]), JobState.DONE)

        (mapped,) = (await http.get(f"{CODES}/mappings")).json()
        assert (mapped["plan_code"], mapped["mapped_by"]) == ("E-TOU-C", "ann")
        assert (await http.get(f"{CODES}/unmapped")).json() == []


class TestShadowBillsOverHttp:
    async def test_are_listed_shown_and_checked_again(
        self, office: Office, http: AsyncClient
    ) -> None:
        charge = await charged(office)
        await office.tell(bill_of(charge, charge.lines[1:]))

        (bill,) = (await http.get(BILLS, params=MCE | {"state": "differs"})).json()["bills"]
        one = f"{BILLS}/{bill['transaction_id']}"
        (check,) = (await http.get(one)).json()["checks"]
        assert [each["kind"] for each in check["differences"]] == ["missing", "total"]
        loose = dict.fromkeys(("quantity_micro", "price_micro"), 0)
        loose |= dict.fromkeys(("line_cents", "total_cents"), 10_000)
        assert (await said(http, f"{BILLS}/tolerance", loose | {"reason": "a test"}))[0] == 201
        assert (await http.get(f"{BILLS}/tolerance")).json() == loose
        status, shown = await said(http, f"{one}/checks", None)
        assert (status, len(shown["checks"])) == (201, 2)
        missing = await http.get(f"{BILLS}/{UUID(int=5)}")
        assert (missing.status_code, missing.json()["code"]) == (404, "SHADOW_BILL_UNKNOWN")

    async def test_are_checked_for_operators_alone(self, http: AsyncClient) -> None:
        path = f"{BILLS}/{UUID(int=5)}/checks"

        assert (await said(http, path, None, name="vic", role="analyst"))[0] == 403
