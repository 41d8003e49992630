"""What the utility answers when the back office asks for something."""

from __future__ import annotations

from datetime import date

import pytest

from simulator import service
from simulator.places import UTILITIES
from simulator.x12 import Transaction

DAY = date(2026, 7, 6)
PGE = UTILITIES["pge"]
CCA = PGE.ccas[0]
OWN = f"{PGE.account_prefix}00000001"


def asked(account: str = OWN, line: str = "CE", action: str = "024") -> service.ServiceRequest:
    return service.read_request(
        Transaction(
            "814",
            "0001",
            (
                ("BGN", "13", "Q1", "20260706"),
                ("N1", "8S", PGE.name, "1", PGE.duns, "", "40"),
                ("N1", "SJ", CCA.name, "1", CCA.duns, "", "41"),
                ("N1", "8R", "ADA ALDERTON"),
                ("LIN", "1", "SH", "EL", "SH", line),
                ("ASI", "F", action),
                ("REF", "12", account),
                ("DTM", "151", "20260806"),
            ),
        )
    )


class TestAnswers:
    def test_a_drop_of_its_own_account_is_accepted_on_the_day_asked(self) -> None:
        text = service.answer(PGE, CCA, asked(), "Y1", DAY)
        assert text[0] == ("BGN", "11", "Y1", "20260706", "", "", "Q1")
        assert ("ASI", "WQ", "024") in text
        assert ("DTM", "151", "20260806") in text

    def test_an_account_of_somebody_else_is_not_found(self) -> None:
        text = service.answer(PGE, CCA, asked("0000000000"), "Y1", DAY)
        assert ("ASI", "U", "024") in text
        assert ("REF", "7G", "A76", "ACCOUNT NOT FOUND") in text

    @pytest.mark.parametrize(("line", "wanted"), [("CE", False), ("HU", True), ("HI", True)])
    def test_history_is_known_by_its_line(self, line: str, *, wanted: bool) -> None:
        assert asked(line=line).wants_history is wanted

    def test_history_is_a_year_of_months_and_no_bill(self) -> None:
        text = service.history(PGE, CCA, asked(line="HU"), "H1", DAY)
        assert text[0][:3] == ("BPT", "52", "H1")
        assert [s[1] for s in text if s[0] == "PTD"] == ["BQ"] * 12
        assert sum(int(s[2]) for s in text if s[0] == "QTY") == sum(service.KWH_A_MONTH)
