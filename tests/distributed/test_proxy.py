"""Whether the proxy leads every address of the console and the API to the service that answers."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import pytest

from shared.contracts.parts import ServiceName
from tests.distributed.installation import GATEWAY, RATING, REMITTANCE, ROOT
from tests.machines.routes import doors

RULES: Final = re.compile(
    r"@(\w+) path ([^\n]+)\n\thandle @\1 \{\n\t\treverse_proxy (\w+):8080", re.MULTILINE
)
EVERYWHERE: Final = {"/docs", "/health", "/metrics", "/ready", "/time"}
"""What each process answers for itself."""


def answering(path: str) -> str:
    """The service to which the proxy hands an address."""
    for _, patterns, service in RULES.findall((ROOT / "deploy" / "Caddyfile").read_text()):
        if any(fnmatchcase(path, pattern) for pattern in patterns.split()):
            return str(service)
    return GATEWAY


class TestTheProxy:
    @pytest.mark.parametrize("service", [GATEWAY, RATING, REMITTANCE])
    def test_leads_every_address_of_a_service_to_it(self, service: str, tmp_path: Path) -> None:
        paths = {each.path for each in doors(tmp_path, ServiceName(service))} - EVERYWHERE

        assert len(paths) > 20
        assert {path for path in paths if answering(path) != service} == set()

    @pytest.mark.parametrize("path", ["/", "/time", "/static/style.css"])
    def test_leads_everything_else_to_the_gateway(self, path: str) -> None:
        assert answering(path) == GATEWAY
