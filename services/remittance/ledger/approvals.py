"""Who has to sign when people move money: one person up to a limit, two above it.

The limits are data, `approvals.toml`: one for all, and one for a CCA that wants its own. The second
person is never the one who asked.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.measures import Usd, from_cents, to_cents
from shared.platform.refusals import Refusal

APPROVALS_FILE: Final = Path(__file__).parent / "approvals.toml"

Limit = Annotated[Usd, Field(ge=0)]


class SecondPersonNeeded(Refusal):
    """The amount is above what one person may decide over."""

    code: ClassVar[str] = "second_person_needed"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "A second person has to approve this amount"


class SamePerson(Refusal):
    """Whoever asked for it cannot approve it."""

    code: ClassVar[str] = "same_person"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Somebody other than whoever asked has to approve this"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Own(_Data):
    alone: Limit


class _Approvals(_Data):
    alone: Limit
    cca: dict[str, _Own] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Why money is moved by hand, and who signs.

    Attributes:
        reason: in words, kept with the entries.
        by: who decided.
        approved_by: the second person, where one was needed or asked.
    """

    reason: str
    by: str
    approved_by: str | None = None


@cache
def alone_cents(cca: str, path: Path = APPROVALS_FILE) -> int:
    """Return how much one person of a CCA may decide over, in cents.

    Raises:
        ValidationError: the file says something that cannot be meant.
    """
    found = _Approvals.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    own = found.cca.get(cca)
    return to_cents(found.alone if own is None else own.alone)


def check_signed(cca: str, cents: int, decision: Decision) -> None:
    """Make sure that enough people have signed for an amount of either sign.

    Raises:
        SecondPersonNeeded: nobody approved what one person may not decide over.
        SamePerson: the second signature is the first one again.
    """
    if decision.approved_by == decision.by:
        raise SamePerson(f"{decision.by} decided it and cannot approve it.")
    limit = alone_cents(cca)
    if abs(cents) > limit and decision.approved_by is None:
        amount, most = from_cents(abs(cents)), from_cents(limit)
        raise SecondPersonNeeded(f"{amount:,} is above {most:,}; a second person has to approve.")
