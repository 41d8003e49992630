"""The bank's routes keep what their description promises, whatever they are sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from services.remittance.bank.api import build_bank_router
from services.remittance.bank.desk import BankDesk
from shared.contracts.parts import Environment
from shared.platform.clock import FixedClock
from shared.platform.http import create_app
from shared.platform.keyring import KeyFile
from tests.integration.edi_gateway.pages.browser import serving
from tests.integration.rating.test_tariff_api_described import Porter, ask_everything
from tests.integration.remittance.office import NOON, Office


@pytest.mark.slow
class TestTheRoutes:
    async def test_answer_as_described(self, office: Office, tmp_path: Path) -> None:
        async def ready() -> dict[str, bool]:
            return {}

        keys = KeyFile(tmp_path / "data.keys")
        desk = BankDesk(office.service.database, FixedClock(NOON), keys, Environment.TEST)
        app = create_app(
            "bank", routers=[build_bank_router(desk)], ready=ready, doorkeeper=Porter()
        )
        async with serving(app) as base:
            asked = await asyncio.to_thread(ask_everything, base, ("/bank",))

        assert len(asked) == 7
