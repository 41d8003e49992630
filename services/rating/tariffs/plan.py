"""A rate plan as a file: which customers it is for, since when, and what a kWh costs.

A CCA's board adopts a rate sheet; somebody copies it into a plan file, names the source, and
imports it. Plans are never edited: a correction is a new version with a later `known_from`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.rating.calendars.calendar_file import Table
from services.rating.components import Component, Pricing
from services.rating.components.nem import Generation
from services.rating.components.part import PLAIN
from services.rating.holds import RateNotFound
from shared.contracts.parts import CcaCode, UtilityCode
from shared.contracts.usage import Bucket

MONTHS = range(1, 13)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,29}$")]
Rin = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{1,10}$")
]
Words = Annotated[str, StringConstraints(pattern=PLAIN, max_length=300)]
Season = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
Tax = Literal["energy_surcharge", "user_tax"]


class PlanFile(BaseModel):
    """One version of one plan, as it stands in `services/rating/plans/<cca>/<plan>.toml`.

    Prices are integers in units of 10 to the power of minus `price_scale` dollars per kWh, kW, day
    or month, so that no binary fraction can slip in: with `price_scale = 5`, `20782` is $0.20782.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    format: Literal[2] = 2
    """The version of this form of file; the form is `plan.schema.json`."""
    plan_id: Name
    """Name of the plan through all its versions."""
    version: Name
    """Name of this version; once imported it never changes."""
    title: Annotated[str, StringConstraints(pattern=PLAIN, max_length=120)]
    cca: CcaCode
    utility: UtilityCode
    rate_codes: Annotated[tuple[Code, ...], Field(min_length=1)]
    """Utility rate codes (REF*NH) billed by this plan: a table, many to one."""
    products: Annotated[tuple[Code, ...], Field(min_length=1)]
    """The CCA's products sold on this plan, e.g. `LIGHT_GREEN`. A product is an adder with
    `only_for`, or has a price table of its own with `only_for`."""
    cohort: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{0,20}$")] = ""
    """Vintage or jurisdiction, where the CCA publishes a table for each."""
    effective_from: date
    """First day of service it counts for."""
    effective_through: date | None = None
    """Last day; open when absent."""
    known_from: date
    """Since when we may use it: a corrected sheet has an old effective date and a new this."""
    source: Words
    """Where the numbers come from; "fictional" when they are made up for a test."""
    source_url: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,400}$")] | None = None
    """Address of the rate sheet."""
    source_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Hash of the sheet as it was read, so that a changed sheet is noticed."""
    board_action: Words | None = None
    """The resolution or advice letter that adopted the prices."""
    confidence: Literal["high", "medium", "low", "fictional"] | None = None
    """How sure the numbers are; a plan of low confidence is never activated by itself."""
    note: Annotated[str, StringConstraints(pattern=PLAIN, max_length=500)] | None = None
    """What somebody should know before it is activated."""
    rin: Rin | None = None
    """The rate identification number under which the state's MIDAS lists it."""
    price_scale: Literal[5, 6] = 5
    """Decimals of a dollar in which prices are written."""
    half_even: bool = False
    """Round half to even, for a utility that validates so; half-up otherwise."""
    calendar: Name | None = None
    """Name of the calendar that says which hours a bucket means; it has versions of its own."""
    schedule: Table | None = None
    """Instead of a calendar: a bucket for each month and hour, on weekdays and on weekends."""
    seasons: Annotated[
        dict[Season, tuple[Annotated[int, Field(ge=1, le=12)], ...]], Field(min_length=1)
    ]
    """Season → its months; together all twelve, none twice."""
    taxes: tuple[Tax, ...] = ("energy_surcharge", "user_tax")
    """Which taxes of `taxes.toml` are laid on it."""
    nem: Generation | None = None
    """Rules for customers who generate; without them usage with received energy is held."""
    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    """What is charged, in print order."""

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

    def buckets(self, season: str) -> frozenset[Bucket]:
        """The time-of-use quantities needed in a season.

        Raises:
            RateNotFound: the plan has no prices for the season.
        """
        return frozenset().union(*(c.buckets(season) for c in self.components))

    def demand_buckets(self, season: str) -> frozenset[Bucket]:
        """The demand needed in a season.

        Raises:
            RateNotFound: the plan has no prices for the season.
        """
        return frozenset().union(*(c.demand_buckets(season) for c in self.components))

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        months = sorted(month for months in self.seasons.values() for month in months)
        if months != list(MONTHS):
            raise ValueError("seasons must hold each of the twelve months exactly once")
        if self.effective_through is not None and self.effective_through < self.effective_from:
            raise ValueError("effective_through lies before effective_from")
        if self.calendar is not None and self.schedule is not None:
            raise ValueError("hours are given by a calendar or by a schedule, not by both")
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
        strange = component.seasons_named() - set(self.seasons)
        if strange:
            raise ValueError(f"{component.line_id} prices seasons that do not exist: {strange}")
