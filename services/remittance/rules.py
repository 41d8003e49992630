"""How a utility's payments are matched: its rules as data, with the defaults of the trade.

One file for each utility, `shared/partners/<utility>/remittance.toml`; a utility without one is
matched by the defaults. Rules say what a line is looked up by, which small differences are let go,
whether receivables are paid as the customer pays or purchased at a discount, and what the reasons
of adjustments (RMR07, ADX02) mean.
"""

from __future__ import annotations

import tomllib
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.remittance import RemittanceLineKind

PARTNERS_FOLDER: Final = Path(__file__).parents[2] / "shared" / "partners"
FILE_NAME: Final = "remittance.toml"


class Key(StrEnum):
    """What a line may name."""

    INVOICE = "invoice"
    """RMR*IV: our 810's BIG02."""
    USAGE = "usage"
    """REF*6O: the 867's BPT02."""
    ACCOUNT = "account"
    """RMR*12 or REF*12: the account as a whole, oldest charge first."""


class Model(StrEnum):
    """When the utility owes us (NY 820 v2.0 knows both)."""

    PAY_AS_PAID = "pay_as_paid"
    """It passes on what customers pay."""
    PURCHASE = "purchase"
    """It buys the receivable: it pays what was invoiced, less an agreed discount."""


class Treatment(StrEnum):
    """What a line with a certain reason is, whatever RMR03 calls it."""

    PAYS = "pays"
    """It pays charges, e.g. a state program that forgives customers' arrears."""
    ADJUSTS = "adjusts"
    """It is booked to adjustments and pays nothing."""
    FEE = "fee"
    """The utility charges us for something."""


KIND_OF: Final = {
    Treatment.PAYS: RemittanceLineKind.PAYMENT,
    Treatment.ADJUSTS: RemittanceLineKind.ADJUSTMENT,
    Treatment.FEE: RemittanceLineKind.FEE,
}


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReasonRule(_Data):
    """What a reason code means."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    treatment: Treatment


class MatchingRules(_Data):
    """How the lines of a utility's payments find their charges.

    Attributes:
        keys: what is tried, in order; `account` may only stand last, and may be left out.
        tolerance_cents: what may be missing or too much on a charge and is let go.
        model: when the utility owes us.
        discount: of a purchase, as a fraction of what was invoiced.
        line_discounts: whether a discount that a line says it takes (RMR06) is granted.
        reasons: what reason codes mean; a code not listed leaves the line what RMR03 says.
    """

    keys: tuple[Key, ...] = (Key.INVOICE, Key.USAGE, Key.ACCOUNT)
    tolerance_cents: Annotated[int, Field(ge=0, le=100)] = 0
    model: Model = Model.PAY_AS_PAID
    discount: Annotated[Decimal, Field(ge=0, lt=1, decimal_places=6)] = Decimal(0)
    line_discounts: bool = False
    reasons: dict[str, ReasonRule] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        charges = [key for key in self.keys if key is not Key.ACCOUNT]
        if sorted(charges) != sorted((Key.INVOICE, Key.USAGE)) or len(set(self.keys)) != len(
            self.keys
        ):
            raise ValueError("keys name invoice and usage once, and account at most once")
        if Key.ACCOUNT in self.keys and self.keys[-1] is not Key.ACCOUNT:
            raise ValueError("account stands last among keys")
        if self.discount and self.model is Model.PAY_AS_PAID:
            raise ValueError("a discount belongs to the purchase of receivables")
        return self

    @property
    def usage_first(self) -> bool:
        """Whether the usage is tried before the invoice number."""
        return self.keys[0] is Key.USAGE

    @property
    def pays_accounts(self) -> bool:
        """Whether money that names only an account pays its oldest charge."""
        return Key.ACCOUNT in self.keys

    @property
    def plain(self) -> bool:
        """Whether every charge is paid to the cent: no tolerance and no discount."""
        return not (self.tolerance_cents or self.discount or self.line_discounts)

    def kind(self, kind: RemittanceLineKind, reason_code: str | None) -> RemittanceLineKind:
        """Return what a line is, given its reason."""
        rule = self.reasons.get(reason_code) if reason_code is not None else None
        return kind if rule is None else KIND_OF[rule.treatment]

    def reason_name(self, reason_code: str | None) -> str:
        """Return what a reason is called, for a sentence; a code not listed speaks for itself."""
        if reason_code is None:
            return ""
        rule = self.reasons.get(reason_code)
        return f"reason {reason_code}" if rule is None else rule.name

    def discount_cents(self, owed: int, offered: int) -> int:
        """Return the discount on a charge.

        Args:
            owed: what is owed, not negative.
            offered: what the lines say they take (RMR06), together.
        """
        agreed = int((owed * self.discount).quantize(Decimal(1), ROUND_HALF_UP))
        return min(owed, max(agreed, offered if self.line_discounts else 0))


DEFAULT_RULES: Final = MatchingRules()


@cache
def rules_of(utility: str, folder: Path = PARTNERS_FOLDER) -> MatchingRules:
    """Return the rules of a utility.

    Raises:
        ValidationError: its file says something that cannot be meant.
    """
    path = folder / utility / FILE_NAME
    if not path.is_file():
        return DEFAULT_RULES
    return MatchingRules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
