"""The API keeps what its description promises, whatever it is sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.integration.edi_gateway.pages.browser import serving

EXAMPLES = 12
PROMISES: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def ask_everything(base: str, token: str) -> list[str]:
    """Send made-up requests to every operation; returns which were asked."""
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    asked = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation: APIOperation[Any, Any, Any, Any] = found.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def keeps_its_promises(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=PROMISES)

        keeps_its_promises()
        asked.append(operation.label)
    return asked


@pytest.mark.slow
class TestDescription:
    async def test_every_operation_answers_as_described(self, office: Office) -> None:
        token = await office.token(Role.ADMIN)
        async with serving(office.app) as base:
            asked = await asyncio.to_thread(ask_everything, base, token)

        assert "GET /v1/transactions/{transaction_id}/timeline" in asked
        assert len(asked) >= 12
