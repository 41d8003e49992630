"""What the workbench's lists are asked for; the same words stand in addresses and API queries."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.remittance.placements import LineKey
from services.remittance.receivables import Standing
from shared.contracts.measures import to_cents
from shared.contracts.remittance import RemittanceOutcome

CENTS_MAX: Final = 10**15
AGE_MAX: Final = 36_500

Word = Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")]
Dollars = Annotated[Decimal, Field(ge=0, le=10**12, decimal_places=2, allow_inf_nan=False)]


Age = Annotated[int, Field(ge=0, le=AGE_MAX)]


class Sought(BaseModel):
    """A filter of both lists; blanks mean "not asked".

    Attributes:
        text: how an invoice, account, usage or trace number begins.
        state: what the utility said of the charge.
        outcome: where the line stands.
        show: lines with money that waits, or all.
        amount_from, amount_to: of what is open or waits, without its sign.
        age: at least so many days since the invoice, or since the payment settled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    text: Word = ""
    state: Standing | None = None
    outcome: RemittanceOutcome | None = None
    show: Literal["waiting", "all"] = "waiting"
    amount_from: Dollars | None = None
    amount_to: Dollars | None = None
    age: Age | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, given: Any) -> Any:  # noqa: ANN401  whatever pydantic hands over
        """An HTML form sends every field, the empty ones too."""
        if not isinstance(given, dict):
            return given
        return {
            name: value
            for name, value in given.items()
            if not (isinstance(value, str) and not value.strip())
        }

    def values(self, today: date) -> dict[str, Any]:
        """The filter as values of a query."""
        return {
            "text": self.text,
            "standing": self.state,
            "outcome": self.outcome,
            "everything": self.show == "all",
            "least": to_cents(self.amount_from) if self.amount_from is not None else 0,
            "most": to_cents(self.amount_to) if self.amount_to is not None else CENTS_MAX,
            "latest": today - timedelta(days=self.age or 0),
        }

    def said(self) -> dict[str, Any]:
        """What of it was asked, for an address."""
        asked = Sought.model_fields
        given = self.model_dump(mode="json", exclude_defaults=True)
        return {name: value for name, value in given.items() if name in asked}


def address(path: str, *parts: dict[str, Any] | list[tuple[str, str]]) -> str:
    """Return an address with all that is asked."""
    pairs: list[tuple[str, Any]] = []
    for part in parts:
        pairs += part.items() if isinstance(part, dict) else part
    query = urlencode([(name, value) for name, value in pairs if value not in {None, ""}])
    return f"{path}?{query}" if query else path


def read_line(mark: str) -> LineKey:
    """Read a line as it stands in addresses, `<transaction>.<sequence>`.

    Raises:
        ValueError: it is none.
    """
    key, _, sequence = mark.partition(".")
    number = int(sequence)
    if not 1 <= number < 2**31 or not sequence.isdecimal():
        raise ValueError("a line has a number from 1")
    return LineKey(UUID(key), number)


def read_charge_mark(mark: str) -> tuple[date, UUID]:
    """Read where a list of charges goes on, `<day>.<charge>`.

    Raises:
        ValueError: it is no such place.
    """
    day, _, key = mark.partition(".")
    return date.fromisoformat(day), UUID(key)
