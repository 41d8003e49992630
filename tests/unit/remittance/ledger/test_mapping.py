from __future__ import annotations

import pytest

from services.remittance.ledger.chart import LedgerAccount
from services.remittance.ledger.mapping import (
    DEFAULT_FILE,
    UnmappedAccounts,
    UnreadableMapping,
    read_mapping,
)

TAXES = """
[[accounts]]
ours = "taxes_payable"
code = "2300"
[[accounts]]
ours = "taxes_payable"
jurisdiction = "MARINA"
code = "2310"
[[accounts]]
ours = "taxes_payable"
cca = "mce"
code = "M-23"
[[accounts]]
ours = "taxes_payable"
cca = "mce"
jurisdiction = "MARINA"
code = "M-231"
"""


class TestWhichLineCounts:
    @pytest.mark.parametrize(
        ("cca", "jurisdiction", "code"),
        [
            ("3ce", "SALINAS", "2300"),
            ("3ce", "MARINA", "2310"),
            ("mce", "SALINAS", "M-23"),
            ("mce", "MARINA", "M-231"),
        ],
    )
    def test_is_the_one_that_says_most_a_ccas_own_first(
        self, cca: str, jurisdiction: str, code: str
    ) -> None:
        found = read_mapping(TAXES).find("taxes_payable", cca, jurisdiction)
        assert found is not None
        assert found.code == code

    def test_is_a_ccas_own_before_one_for_a_jurisdiction(self) -> None:
        without_both = TAXES[: TAXES.rindex("[[accounts]]")]

        found = read_mapping(without_both).find("taxes_payable", "mce", "MARINA")

        assert found is not None
        assert found.code == "M-23"


class TestAMappingFile:
    def test_that_comes_with_us_covers_every_account(self) -> None:
        mapping = read_mapping(DEFAULT_FILE.read_text())
        mapping.cover("mce", [(account.value, "") for account in LedgerAccount])

    def test_names_all_that_it_lacks(self) -> None:
        with pytest.raises(UnmappedAccounts, match="bank, revenue"):
            read_mapping(TAXES).cover("mce", [("revenue", ""), ("bank", "")])

    @pytest.mark.parametrize(
        "told",
        [
            "accounts = 3",
            "[[accounts]",
            '[[accounts]]\nours = "petty_cash"\ncode = "1"',
            '[[accounts]]\nours = "bank"\ncode = "=1+1"',
            '[[accounts]]\nours = "bank"\ncode = "1"\n[[accounts]]\nours = "bank"\ncode = "2"',
        ],
    )
    def test_that_cannot_be_meant_is_refused(self, told: str) -> None:
        with pytest.raises(UnreadableMapping):
            read_mapping(told)
