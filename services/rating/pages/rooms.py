"""What every page of rating has in common: its place among the rooms, its filters, its exports.

The order of the rooms never changes and each has an address of its own, so that nobody clicks on
the wrong one out of habit, and every view can be sent to a colleague as a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import HTTPException, Request, Response
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

from services.rating.browsing.marks import Sight
from services.rating.rerun.jobs import RerunDesk
from services.rating.review.settings import Reason
from services.rating.scope import Scope
from services.rating.work import RatingDesk
from shared.contracts.parts import Environment
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.web.identity import Principal, Role
from shared.platform.web.scopes import KnownCca, chosen, open_to
from shared.platform.web.shell import NavEntry, shell_of
from shared.platform.web.times import ZONE

ROOMS: Final = (
    NavEntry("Waiting", "/rating/"),
    NavEntry("Accounts", "/rating/accounts"),
    NavEntry("Charges", "/rating/charges"),
    NavEntry("Batches", "/rating/batches"),
    NavEntry("Reviews", "/rating/reviews"),
    NavEntry("Utility bills", "/rating/utility-bills"),
    NavEntry("Tariffs", "/rating/tariffs"),
    NavEntry("Controls", "/rating/controls"),
    NavEntry("Re-run", "/rating/rerun"),
    NavEntry("Saved", "/rating/saved"),
)
"""The rooms of rating, in the order that a test holds."""

REASON: Final = TypeAdapter[str](Reason)
"""Reads why somebody does something."""
REASON_WANTED: Final = "Say why, in a few words."

FIELDS_MAX: Final = 30
SEE_OTHER: Final = 303
YEARS: Final = (1990, 2100)

Word = Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00]*$")]
"""A short text of an address; PostgreSQL's text cannot hold a NUL."""


def _sensible(day: date) -> date:
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise ValueError(f"the year must lie between {YEARS[0]} and {YEARS[1]}")
    return day


Day = Annotated[date, AfterValidator(_sensible)]


class Asked(BaseModel):
    """What a page is asked for, as it stands in its address; blanks mean "any"."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    cca: Word | None = None

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

    def address(self, **changes: object) -> str:
        """The query of an address that asks the same but for some changes; `None` leaves out."""
        said: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        merged = {**said, **changes}
        return urlencode({name: value for name, value in merged.items() if value is not None})

    def filters(self) -> str:
        """The query without the place in the list, for exports and "newest"."""
        return self.address(after=None)


@dataclass(frozen=True, slots=True)
class Hands:
    """What pages act with; without it they only show.

    Attributes:
        desk: charges what is released.
        reruns: rates again.
    """

    desk: RatingDesk
    reruns: RerunDesk


@dataclass(frozen=True, slots=True)
class House:
    """What pages read from.

    Attributes:
        database: rating's tables.
        environment: test or production; the other one is never shown.
        clock: tells the time.
        hands: what forms act with.
    """

    database: Database
    environment: Environment
    clock: Clock
    hands: Hands | None = None

    def acting(self) -> Hands:
        """What a form acts with.

        Raises:
            HTTPException: 503, these pages only show.
        """
        if self.hands is None:
            raise HTTPException(503, "These pages only show; the service is elsewhere.")
        return self.hands

    async def said(self, request: Request, principal: Principal) -> dict[str, str]:
        """The filled-in fields of a form that came from one of this session's own pages.

        Raises:
            ForeignForm: it did not.
        """
        async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
            shell_of(request).sessions.check_form(principal, form)
            fields = {name: str(value).strip() for name, value in form.items()}
        return {name: value for name, value in fields.items() if value and name != "form_token"}

    def one(self, principal: Principal, cca: str | None) -> Scope:
        """The scope of one CCA that somebody named.

        Raises:
            NotAllowed: it is closed to them.
            HTTPException: 422, none was named.
        """
        found = chosen(principal, cca)
        if not cca:
            raise HTTPException(422, "Choose a CCA first.")
        return self.scope(found[0])

    def scope(self, one: KnownCca) -> Scope:
        """A CCA as rating names it."""
        return Scope(one.cca, one.utility, self.environment)

    def sight(self, principal: Principal, cca: str | None) -> Sight:
        """What somebody may see, narrowed to one CCA if they asked for one.

        Raises:
            NotAllowed: that CCA is closed to them.
        """
        return Sight(tuple(one.cca for one in chosen(principal, cca)), self.environment)

    def page(
        self, request: Request, principal: Principal, template: str, values: Mapping[str, Any]
    ) -> Response:
        """Return a page among the rooms."""
        frame = {
            "rooms": ROOMS,
            "ccas": open_to(principal),
            "scope_environment": self.environment,
            "may_act": self.hands is not None and principal.may(Role.OPERATOR),
            "may_set": self.hands is not None and principal.may(Role.ADMIN),
        }
        return shell_of(request).page(
            request, f"rating/{template}", {**frame, **values}, principal=principal
        )


def midnight(day: date) -> datetime:
    """The first moment of a Pacific day."""
    return datetime.combine(day, time(), ZONE)


def day_after(day: date) -> datetime:
    """The first moment after a Pacific day."""
    return midnight(day + timedelta(days=1))
