"""The routes keep what their description promises, whatever they are sent."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from fastapi import Request
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from shared.platform.http import create_app
from shared.platform.web.identity import Principal, Role
from tests.integration.edi_gateway.pages.browser import serving
from tests.integration.rating.office import Office

EXAMPLES = 12
PROMISES = [not_a_server_error, status_code_conformance, response_schema_conformance]


class Porter:
    async def identify(self, request: Request) -> Principal | None:
        return Principal(UUID(int=1), "jane", Role.ADMIN)


def ask_everything(base: str, below: tuple[str, ...]) -> list[str]:
    """Send made-up requests to every operation below some paths; returns which were asked."""
    asked = []
    for found in schemathesis.openapi.from_url(f"{base}/openapi.json").get_all_operations():
        assert isinstance(found, Ok)
        operation: APIOperation[Any, Any, Any, Any] = found.ok()
        if not any(path in operation.path for path in below):
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def keeps_its_promises(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=PROMISES)

        keeps_its_promises()
        asked.append(operation.label)
    return asked


TARIFFS = (("/tariffs",), 6)
SHARED = (("/calendars", "/holidays", "/export-prices"), 15)
RERUNS = (("/reruns", "/rate-codes", "/shadow-bills"), 20)


@pytest.mark.slow
class TestTheRoutes:
    @pytest.mark.parametrize(("below", "operations"), [TARIFFS, SHARED, RERUNS])
    async def test_answer_as_described(
        self, office: Office, below: tuple[str, ...], operations: int
    ) -> None:
        async def ready() -> dict[str, bool]:
            return {}

        routers = [office.service.router]
        app = create_app("rating", routers=routers, ready=ready, doorkeeper=Porter())
        async with serving(app) as base:
            asked = await asyncio.to_thread(ask_everything, base, below)

        assert len(asked) == operations
