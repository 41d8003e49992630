from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.remittance.ledger.chart import CHART_FILE, UNNAMED, LedgerAccount, chart


class TestTheChart:
    def test_describes_every_account_that_rules_post_to(self) -> None:
        assert set(chart().accounts) == set(LedgerAccount)

    def test_that_leaves_an_account_out_is_refused(self, tmp_path: Path) -> None:
        told = CHART_FILE.read_text()
        (tmp_path / "chart.toml").write_text(told.replace("[accounts.fees]", "[accounts.bank2]"))
        with pytest.raises(ValidationError):
            chart(tmp_path / "chart.toml")


class TestWhomATaxIsOwedTo:
    @pytest.mark.parametrize(
        ("code", "named", "owed_to"),
        [
            ("UT", "Santa  Cruz", "SANTA CRUZ"),
            ("ET", "", "CALIFORNIA"),
            ("ET", "MARINA", "CALIFORNIA"),
            ("UT", "", UNNAMED),
            ("XX", "MARINA", "MARINA"),
        ],
    )
    def test_is_its_own_jurisdiction_or_the_city_of_the_line(
        self, code: str, named: str, owed_to: str
    ) -> None:
        assert chart().owed_to(code, named) == owed_to
