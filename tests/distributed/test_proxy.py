"""Whether the proxy leads every address of the console and the API to the service that answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

import pytest
from fastapi import APIRouter

from services.rating import pages as rating_pages
from services.rating import service as rating
from services.remittance import pages as remittance_pages
from services.remittance import service as remittance
from shared.contracts.parts import Environment
from shared.platform.clock import SystemClock
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from tests.distributed.installation import GATEWAY, RATING, REMITTANCE, ROOT

NOWHERE: Final = "postgresql://nobody@nowhere/nothing"
RULES: Final = re.compile(
    r"@(\w+) path ([^\n]+)\n\thandle @\1 \{\n\t\treverse_proxy (\w+):8080", re.MULTILINE
)


def answering(path: str) -> str:
    """The service to which the proxy hands an address."""
    for _, patterns, service in RULES.findall((ROOT / "deploy" / "Caddyfile").read_text()):
        if any(fnmatchcase(path, pattern) for pattern in patterns.split()):
            return str(service)
    return GATEWAY


def paths_of(router: APIRouter) -> Iterator[str]:
    """Every path that a router answers, those of routers within it too."""
    for route in router.routes:
        within = getattr(route, "original_router", None)
        if within is None:
            yield str(getattr(route, "path", ""))
            continue
        before = str(getattr(route, "include_context").prefix)  # noqa: B009  no public name
        yield from (f"{before}{path}" for path in paths_of(within))


def routers_of(service: str) -> list[APIRouter]:
    """API and pages of a service; nothing of it runs."""
    settings, bus, clock = PlatformSettings(), MemoryBus(), SystemClock()
    database = Database(NOWHERE, service)
    if service == RATING:
        rated = rating.build(settings, database, bus, clock)
        pages = rating_pages.build_pages(database, Environment.TEST, clock=clock)
        return [rated.router, pages]
    paid = remittance.build(settings, database, bus, clock)
    return [paid.router, remittance_pages.build_pages(paid, Environment.TEST)]


class TestTheProxy:
    @pytest.mark.parametrize("service", [RATING, REMITTANCE])
    def test_leads_every_address_of_a_service_to_it(self, service: str) -> None:
        paths = {path for router in routers_of(service) for path in paths_of(router)}

        assert len(paths) > 20
        assert {path for path in paths if answering(path) != service} == set()

    @pytest.mark.parametrize("path", ["/", "/transactions", "/v1/files", "/static/style.css"])
    def test_leads_everything_else_to_the_gateway(self, path: str) -> None:
        assert answering(path) == GATEWAY
