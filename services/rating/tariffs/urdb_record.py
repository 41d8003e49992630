"""The shape of URDB's records: what is read of one, and which values can be reckoned with.

Records are typed by volunteers. A draft is made only of one whose parts are what their names say,
so that whoever gives a spoilt one is told which field is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

MONTHS_IN_YEAR: Final = 12
AMOUNT_MAX: Final = 10**9
TIER_MAX: Final = 10**40
"""Some records end their last tier at 1e38, which stands for no end."""
FIRST_SECOND: Final = -2_208_988_800
LAST_SECOND: Final = 4_102_444_799
"""From the year 1900 to the end of 2099."""

Record = Mapping[str, Any]
"""A record as it was read, fractions as decimals."""

Amount = Annotated[Decimal, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
Seconds = Annotated[Decimal, Field(ge=FIRST_SECOND, le=LAST_SECOND)]


class _Tier(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    rate: Amount | None = None
    adj: Amount | None = None
    max: Annotated[Decimal, Field(gt=0, le=TIER_MAX)] | None = None
    unit: str | None = None


_Structure = list[Annotated[list[_Tier], Field(min_length=1)]] | None
_Months = Annotated[
    list[Annotated[StrictInt, Field(ge=0)]],
    Field(min_length=MONTHS_IN_YEAR, max_length=MONTHS_IN_YEAR),
]


class RecordShape(BaseModel):
    """The parts of a record that are read; nothing is said of the others."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    energyratestructure: _Structure = None
    demandratestructure: _Structure = None
    flatdemandstructure: _Structure = None
    flatdemandmonths: _Months | None = None
    fixedchargefirstmeter: Amount | None = None
    fixedmonthlycharge: Amount | None = None
    mincharge: Amount | None = None
    minmonthlycharge: Amount | None = None
    startdate: Seconds | str | None = None
    enddate: Seconds | str | None = None

    @model_validator(mode="after")
    def _months_have_prices(self) -> Self:
        prices = self.flatdemandstructure
        if prices and max(self.flatdemandmonths or [0]) >= len(prices):
            raise ValueError("flatdemandmonths names a period without a price")
        return self
