"""A rate plan as a file: which customers it is for, since when, and what a kWh costs.

A CCA's board adopts a rate sheet; somebody copies it into a plan file, names the source, and
imports it. Plans are never edited: a correction is a new version with a later `known_from`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.rating.components import Component, Pricing
from services.rating.components.time_of_use import TimeOfUse
from services.rating.holds import RateNotFound
from shared.contracts.parts import CcaCode, UtilityCode

MONTHS = range(1, 13)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,29}$")]


class PlanFile(BaseModel):
    """One version of one plan, as it stands in `services/rating/plans/<cca>/<plan>.toml`.

    Prices are integers in units of 10 to the power of minus `price_scale` dollars per kWh, so that
    no binary fraction can slip in: with `price_scale = 5`, `20782` is $0.20782.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan_id: Name
    version: Name
    title: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    cca: CcaCode
    utility: UtilityCode
    rate_codes: Annotated[tuple[Code, ...], Field(min_length=1)]
    """Utility rate codes (REF*NH) billed by this plan: a table, many to one."""
    products: Annotated[tuple[Code, ...], Field(min_length=1)]
    """The CCA's products sold on this plan, e.g. `LIGHT_GREEN`."""
    cohort: Annotated[str, StringConstraints(max_length=20)] = ""
    """Vintage or jurisdiction, where the CCA publishes a table for each."""
    effective_from: date
    effective_through: date | None = None
    """Last day; open when absent."""
    known_from: date
    """Since when we may use it: a corrected sheet has an old effective date and a new this."""
    source: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    """Where the numbers come from; "fictional" when they are made up for a test."""
    price_scale: Literal[5, 6] = 5
    half_even: bool = False
    """Round half to even, for a utility that validates so; half-up otherwise."""
    seasons: Annotated[
        dict[str, tuple[Annotated[int, Field(ge=1, le=12)], ...]], Field(min_length=1)
    ]
    """Season → its months; together all twelve, none twice."""
    components: Annotated[tuple[Component, ...], Field(min_length=1)]

    @property
    def pricing(self) -> Pricing:
        """How this plan writes and rounds prices."""
        return Pricing(self.price_scale, half_even=self.half_even)

    def covers(self, day: date) -> bool:
        """Whether the plan is in effect on a day."""
        through = self.effective_through
        return self.effective_from <= day and (through is None or day <= through)

    def season_of(self, day: date) -> str:
        """The season a day belongs to."""
        for season, months in self.seasons.items():
            if day.month in months:
                return season
        raise RateNotFound(f"{self.plan_id} has no season for {day:%B}")  # pragma: no cover

    def buckets(self, season: str) -> frozenset[str]:
        """The time-of-use quantities needed in a season.

        Raises:
            RateNotFound: the plan has no prices for the season.
        """
        needed = (c.buckets(season) for c in self.components if isinstance(c, TimeOfUse))
        return frozenset().union(*needed)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        months = sorted(month for months in self.seasons.values() for month in months)
        if months != list(MONTHS):
            raise ValueError("seasons must hold each of the twelve months exactly once")
        if self.effective_through is not None and self.effective_through < self.effective_from:
            raise ValueError("effective_through lies before effective_from")
        names = [component.line_id for component in self.components]
        if len(set(names)) != len(names):
            raise ValueError("two components have the same line_id")
        for component in self.components:
            self._check_component(component)
        return self

    def _check_component(self, component: Component) -> None:
        unknown = set(component.only_for) - set(self.products)
        if unknown:
            raise ValueError(f"{component.line_id} is for products not sold here: {unknown}")
        if isinstance(component, TimeOfUse):
            strange = set(component.prices) - set(self.seasons)
            if strange:
                raise ValueError(f"{component.line_id} prices seasons that do not exist: {strange}")
