"""The chart of accounts: which accounts there are, what they mean, and whom a tax is owed to.

The accounts and taxes are data, `chart.toml`; the names here are those that rules post to. A chart
that leaves one of them out is refused when it is read, so no entry can stand on an unknown account.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

CHART_FILE: Final = Path(__file__).parent / "chart.toml"
UNNAMED: Final = "UNNAMED"
"""The jurisdiction of a tax whose line names none; to be found out before it is paid."""


class LedgerAccount(StrEnum):
    """The accounts that entries are posted to, kept for each CCA."""

    RECEIVABLE = "accounts_receivable"
    CASH_IN_TRANSIT = "cash_in_transit"
    BANK = "bank"
    UNAPPLIED = "unapplied"
    TAXES_PAYABLE = "taxes_payable"
    REVENUE = "revenue"
    ADJUSTMENTS = "adjustments"
    DISCOUNT = "discount"
    FEES = "fees"
    WRITE_OFFS = "write_offs"
    BANK_DIFFERENCES = "bank_differences"


class AccountKind(StrEnum):
    """Where an account stands in a CCA's statements."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"

    @property
    def grows_by_debit(self) -> bool:
        """Whether a debit makes it more."""
        return self in {AccountKind.ASSET, AccountKind.EXPENSE}


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChartAccount(_Data):
    """One account of the chart."""

    kind: AccountKind
    title: Annotated[str, Field(min_length=1, max_length=60)]
    meaning: str
    per_jurisdiction: bool = False
    """Whether its balance is kept for each city or state that is owed."""


class ChartTax(_Data):
    """One tax of a bill; without a jurisdiction it is owed to the city its line names."""

    title: Annotated[str, Field(min_length=1, max_length=60)]
    jurisdiction: Annotated[str, Field(pattern=r"^[A-Z][A-Z .'-]*$")] | None = None


class Chart(_Data):
    """All accounts and taxes."""

    accounts: dict[LedgerAccount, ChartAccount]
    taxes: dict[str, ChartTax]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        missing = set(LedgerAccount) - set(self.accounts)
        if missing:
            raise ValueError(f"the chart lacks {', '.join(sorted(missing))}")
        divided = {name for name, each in self.accounts.items() if each.per_jurisdiction}
        if divided != {LedgerAccount.TAXES_PAYABLE}:
            raise ValueError("taxes payable, and nothing else, are kept per jurisdiction")
        return self

    def owed_to(self, code: str, named: str) -> str:
        """Return the jurisdiction of a tax.

        Args:
            code: TXI01.
            named: the city that the line names, "" for none.
        """
        tax = self.taxes.get(code)
        own = tax.jurisdiction if tax is not None else None
        return own or " ".join(named.upper().split()) or UNNAMED


@cache
def chart(path: Path = CHART_FILE) -> Chart:
    """Return the chart of accounts.

    Raises:
        ValidationError: the file lacks an account or says something that cannot be meant.
    """
    return Chart.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
