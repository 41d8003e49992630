"""What somebody asks to be rated again: a filter, a reason, and perhaps a rate code to map.

The same shapes come over HTTP, from the command line and from the page, and are kept with the job.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.rating.scope import Scope
from services.rating.tariffs.book import MappedCode
from services.rating.tariffs.plan import Code, Name

ACCOUNTS_MAX: Final = 2_000

Word = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,40}$")]
Why = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{3,300}$")]
SubmitKey = Annotated[str, StringConstraints(pattern=r"^[!-~]{8,80}$")]
"""Made by whoever asks; asking again with the same key is the same job."""


class Asked(BaseModel):
    """Something asked; never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class RerunFilter(Asked):
    """Which bills and which waiting usage; everything named must fit."""

    plan_id: Name | None = None
    """Charges made with this plan."""
    plan_version: Name | None = None
    """… and with this version of it."""
    rate_code: Word | None = None
    """Agreements on this utility rate code at some day of the service period."""
    bill_cycle: Word | None = None
    """Agreements on this bill cycle: with CCA and utility, a batch."""
    accounts: Annotated[tuple[Word, ...], Field(max_length=ACCOUNTS_MAX)] = ()
    period_from: date | None = None
    """Service periods that end after this day."""
    period_to: date | None = None
    """Service periods that begin before this day."""
    hold_code: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,59}$")] | None = None
    """Usage held under this code."""
    what: Literal["all", "charged", "held"] = "all"
    """Charges, usage that waits, or both."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any((self.plan_id, self.rate_code, self.bill_cycle, self.accounts, self.hold_code)):
            msg = "name a plan, a rate code, a bill cycle, accounts or a hold code"
            raise ValueError(msg)
        if self.plan_version and not self.plan_id:
            raise ValueError("plan_version belongs to plan_id")
        if self.plan_id and self.hold_code:
            raise ValueError("usage that is held has no plan: leave out plan_id or hold_code")
        if self.period_from and self.period_to and self.period_to <= self.period_from:
            raise ValueError("period_to lies before period_from")
        return self

    @property
    def wants_charged(self) -> bool:
        """Whether charges are meant."""
        return self.what != "held" and self.hold_code is None

    @property
    def wants_held(self) -> bool:
        """Whether usage that waits is meant."""
        return self.what != "charged" and self.plan_id is None


class CodeMapping(Asked):
    """A utility's rate code that stands for one of a plan's."""

    rate_code: Word
    plan_code: Code
    effective_from: date
    effective_through: date | None = None

    @model_validator(mode="after")
    def _moves_forward(self) -> Self:
        if self.effective_through is not None and self.effective_through < self.effective_from:
            raise ValueError("effective_through lies before effective_from")
        if self.rate_code == self.plan_code:
            raise ValueError("a code need not stand for itself")
        return self

    def of(self, scope: Scope) -> MappedCode:
        """As the price book keeps it."""
        return MappedCode(
            *(scope.cca, scope.utility, self.rate_code, self.plan_code),
            *(self.effective_from, self.effective_through),
        )


class RerunAsked(Asked):
    """A job as somebody asks for it."""

    filter: RerunFilter
    mapping: CodeMapping | None = None
    """Takes effect when the job is started; the dry run is made as if it were there."""
    reason: Why

    @model_validator(mode="after")
    def _mapping_fits(self) -> Self:
        if self.mapping is not None and self.filter.rate_code != self.mapping.rate_code:
            raise ValueError("a job that maps a rate code is for that rate code")
        return self


def mapping_job(mapping: CodeMapping, reason: str) -> RerunAsked:
    """The job that maps a code and charges everything it kept waiting."""
    return RerunAsked(
        filter=RerunFilter(rate_code=mapping.rate_code, what="held"),
        mapping=mapping,
        reason=reason,
    )
