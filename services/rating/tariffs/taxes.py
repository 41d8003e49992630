"""Taxes on a CCA's charges: the state's energy surcharge and the cities' utility users taxes.

They change on their own dates and by their own authorities, so they are a file of their own. A city
that is listed at zero was looked up; a city that is not listed has no user tax on record, and the
charge says so.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from services.rating.holds import TaxUnknown

Source = Annotated[str, StringConstraints(min_length=1, max_length=300)]
CITY_LENGTH_MAX = 30
"""A longer name would be cut on the label of a part that is dated and prorated."""
NO_TAX_ON_RECORD = "no user tax on record"


class SurchargeRate(BaseModel):
    """The energy surcharge from a day on, in 1e-6 dollars per kWh (R&TC 40016: at most 300)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate_micro: Annotated[StrictInt, Field(ge=0, le=300)]
    effective_from: date
    source: Source


class CityTax(BaseModel):
    """A city's user tax from a day on, in millionths of the charge: 8.5 % is 85,000."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    city: Annotated[
        str, StringConstraints(pattern=r"^[A-Z][A-Z .'-]+$", max_length=CITY_LENGTH_MAX)
    ]
    rate_micro: Annotated[StrictInt, Field(ge=0, le=1_000_000)]
    effective_from: date
    source: Source
    fictional: bool = False
    """A rate made up for tests and the demo, never to be billed."""


class TaxDecision(BaseModel):
    """Which user tax applies, and why."""

    model_config = ConfigDict(frozen=True)

    city: str
    rate_micro: int
    because: str


class TaxFile(BaseModel):
    """One version of `taxes.toml`: the whole of it, since taxes are looked up together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    known_from: date | None = None
    """Since when it may be used; always when left out."""
    energy_surcharge: Annotated[tuple[SurchargeRate, ...], Field(min_length=1)]
    cities: tuple[CityTax, ...] = ()

    def surcharge_micro(self, billing_period_start: date) -> int:
        """The surcharge for a billing period: the rate of its first day (18 CCR 2300).

        Raises:
            TaxUnknown: no rate was in force on that day.
        """
        rates = [r for r in self.energy_surcharge if r.effective_from <= billing_period_start]
        if not rates:
            raise TaxUnknown(f"no energy surcharge on record for {billing_period_start}")
        return max(rates, key=lambda rate: rate.effective_from).rate_micro

    def user_tax(self, city: str, on: date) -> TaxDecision:
        """The user tax of a service city on a day.

        Raises:
            TaxUnknown: the service address names no city.
        """
        name = " ".join(city.upper().split())
        if not name:
            raise TaxUnknown("the service address has no city")
        known = [tax for tax in self.cities if tax.city == name and tax.effective_from <= on]
        if not known:
            return TaxDecision(city=name, rate_micro=0, because=NO_TAX_ON_RECORD)
        tax = max(known, key=lambda row: row.effective_from)
        return TaxDecision(city=name, rate_micro=tax.rate_micro, because=tax.source)

    def user_tax_changes(self, city: str) -> frozenset[date]:
        """The days on which a city's tax begins or changes."""
        name = " ".join(city.upper().split())
        return frozenset(tax.effective_from for tax in self.cities if tax.city == name)
