"""What is particular to one CCA: its default product, and which cohort a city belongs to.

Some CCAs publish a rate sheet for each year in which a city joined ("2021 vintage"). The cohort is
a fact of the service address, so it is looked up by city and never assumed.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.rating.holds import RateNotFound
from services.rating.tariffs.plan import Code
from shared.contracts.parts import CcaCode


class CcaFile(BaseModel):
    """One version of `services/rating/plans/<cca>/cca.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cca: CcaCode
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    known_from: date | None = None
    """Since when it may be used; always when left out."""
    name: str
    default_product: Code
    """What a customer gets whose enrollment names no product."""
    cohorts: dict[str, str] = {}
    """City → cohort; empty when the CCA has one sheet for all."""

    def product_of(self, product: str | None) -> str:
        """The product of an enrollment, or the default one."""
        return product or self.default_product

    def cohort_of(self, city: str) -> str:
        """The cohort of a service city.

        Raises:
            RateNotFound: the CCA has cohorts and none for this city.
        """
        if not self.cohorts:
            return ""
        name = " ".join(city.upper().split())
        if name not in self.cohorts:
            raise RateNotFound(f"{self.cca} has no cohort on record for the city {name or '?'}")
        return self.cohorts[name]
