"""The desk of bank statements, on the books of one test."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.remittance.bank.desk import BankDesk
from shared.contracts.parts import Environment
from shared.platform.clock import FixedClock
from shared.platform.keyring import KeyFile
from tests.integration.remittance.office import NOON, Office


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> BankDesk:
    keys = KeyFile(tmp_path / "data.keys")
    return BankDesk(office.service.database, FixedClock(NOON), keys, Environment.TEST)
