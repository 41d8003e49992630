"""Whether every route asks who is there, and whoever changes something may."""

from __future__ import annotations

import pytest

from shared.contracts.parts import ServiceName
from shared.platform.web.identity import Role
from tests.machines.routes import Door, doors

OPEN_TO_STRANGERS = {
    "/",
    "/docs",
    "/health",
    "/metrics",
    "/ready",
    "/sign-in",
    "/sign-out",
    "/time",
}
OWN_THINGS = {"/rating/saved", "/rating/saved/remove"}
"""Whoever may look keeps views of their own."""
ONLY_ASKS = {"/rating/v1/tariffs/{plan_id}/{version}/preview"}
"""A question too long for an address."""


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> list[Door]:
    found = doors(tmp_path_factory.mktemp("doors"), *ServiceName)
    assert len(found) > 150
    return found


class TestEveryDoor:
    def test_asks_who_is_there(self, every: list[Door]) -> None:
        strangers = {each.path for each in every if not each.roles and not each.asks_for_cca}

        assert strangers == OPEN_TO_STRANGERS

    def test_that_changes_something_asks_for_more_than_looking(self, every: list[Door]) -> None:
        weak = {each.path for each in every if each.changes and not each.roles - {Role.VIEWER}}

        assert weak - OPEN_TO_STRANGERS == OWN_THINGS | ONLY_ASKS

    def test_that_moves_money_asks_for_finance(self, every: list[Door]) -> None:
        paths = ("/remittance/", "/reconcile/", "/bank/", "/books/", "/reports/")
        money = [each for each in every if each.changes and each.path.startswith(paths)]

        assert len(money) > 15
        assert {each.path for each in money if Role.FINANCE not in each.roles} == set()

    def test_of_money_and_rating_keeps_people_to_their_ccas(self, every: list[Door]) -> None:
        apis = [each for each in every if each.path.startswith(("/remittance/v1", "/rating/v1"))]

        assert len(apis) > 60
        assert {each.path for each in apis if not each.asks_for_cca} == set()
