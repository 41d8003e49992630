"""What every application answers, whatever its services can do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from shared.platform.http import create_app
from shared.platform.refusals import Refusal


class ClosedOnSundays(Refusal):
    """A business no, for the tests."""

    code = "closed_on_sundays"
    status = 409
    title = "Closed on Sundays"


class Checks:
    """Dependencies that can go missing."""

    def __init__(self) -> None:
        self.found = {"database": True, "broker": True}

    async def __call__(self) -> Mapping[str, bool]:
        return self.found


@pytest.fixture
def checks() -> Checks:
    return Checks()


@pytest.fixture
def app(checks: Checks) -> FastAPI:
    router = APIRouter(prefix="/v1")

    @router.get("/refused")
    async def refused() -> None:
        raise ClosedOnSundays("Come back on Monday.")

    @router.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret inside")

    @router.get("/number")
    async def number(wanted: int) -> int:
        return wanted

    @router.post("/body")
    async def body(wanted: dict[str, str]) -> int:
        return len(wanted)

    return create_app("Test", routers=[router], ready=checks)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


class TestAnAddress:
    @pytest.mark.parametrize("address", ["/v1/refused%00", "/v1/number?wanted=1%00", "/%00"])
    async def test_with_a_nul_is_no_request_since_no_text_of_ours_holds_one(
        self, client: httpx.AsyncClient, address: str
    ) -> None:
        answer = await client.get(address)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert "NUL" in answer.json()["detail"]


class TestProblems:
    async def test_a_refusal_says_its_code_and_words(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/refused")

        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "closed_on_sundays"
        assert answer.json()["detail"] == "Come back on Monday."

    async def test_a_fault_says_a_reference_and_nothing_of_the_inside(
        self, client: httpx.AsyncClient
    ) -> None:
        answer = await client.get("/v1/broken")

        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["reference"] == answer.headers["x-request-id"]
        assert "secret" not in answer.text

    async def test_a_wrong_value_is_placed_and_not_repeated(
        self, client: httpx.AsyncClient
    ) -> None:
        answer = await client.get("/v1/number", params={"wanted": "4111-secret"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["place"] == "query.wanted"
        assert "4111" not in answer.text

    async def test_an_unknown_address_is_a_problem(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/nowhere")

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    async def test_a_wrong_method_names_the_right_ones(self, client: httpx.AsyncClient) -> None:
        answer = await client.delete("/v1/number")

        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert "GET" in answer.headers["allow"]

    async def test_a_body_over_the_limit_is_refused(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/body", json={"big": "x" * 1_100_000})

        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"


class TestEveryAnswer:
    async def test_a_request_id_goes_in_and_out(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/health", headers={"X-Request-Id": "my-request-0001"})

        assert answer.headers["x-request-id"] == "my-request-0001"

    async def test_an_id_that_could_forge_log_lines_is_replaced(
        self, client: httpx.AsyncClient
    ) -> None:
        answer = await client.get("/health", headers={"X-Request-Id": "a b\tc" * 9})

        assert " " not in answer.headers["x-request-id"]

    async def test_browsers_may_run_and_frame_nothing_foreign(
        self, client: httpx.AsyncClient
    ) -> None:
        for path in ("/health", "/v1/nowhere", "/v1/broken", "/docs"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"


class TestMachineRoom:
    async def test_alive_and_ready_are_two_questions(
        self, client: httpx.AsyncClient, checks: Checks
    ) -> None:
        assert (await client.get("/ready")).json()["status"] == "ready"
        checks.found["broker"] = False

        answer = await client.get("/ready")

        assert answer.status_code == 503
        assert answer.json()["missing"] == ["broker"]
        assert (await client.get("/health")).status_code == 200

    async def test_figures_count_requests_by_route(self, client: httpx.AsyncClient) -> None:
        await client.get("/v1/number", params={"wanted": "1"})

        figures = (await client.get("/metrics")).text

        assert 'route="/v1/number",status="200"' in figures

    async def test_the_reference_needs_nothing_from_elsewhere(
        self, client: httpx.AsyncClient
    ) -> None:
        page = (await client.get("/docs")).text

        assert "GET /v1/number" in page
        assert "<script" not in page
        assert "://" not in page

    async def test_the_description_has_one_shape_for_problems(
        self, client: httpx.AsyncClient
    ) -> None:
        described = (await client.get("/openapi.json")).json()

        answers = described["paths"]["/v1/number"]["get"]["responses"]
        assert list(answers["422"]["content"]) == ["application/problem+json"]
        assert "HTTPValidationError" not in described["components"]["schemas"]
