"""Keeps every difference of shadow bills as a row, and what people do about those of one cause.

A utility's wrong price is on every bill of a plan: nobody works on such bills one by one. What
differs in the same way has one cause, one owner, and at the end one explanation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import ARRAY, Uuid, any_, insert, literal, select, update

from services.rating.review.settings import Reason, Words
from services.rating.scope import Scope
from services.rating.shadow.compare import Difference, DifferenceKind
from services.rating.store import SHADOW
from services.rating.store_accounts import in_scope
from shared.contracts.charges import ReportedInvoice
from shared.platform.database import WriteSession
from shared.platform.refusals import Refusal

Code = Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""The code of the line that differs; empty for the total."""


class CauseUnknown(Refusal):
    """No bill differs in this way."""

    code = "SHADOW_CAUSE_UNKNOWN"
    status = 404
    title = "No bill differs in this way"


class DifferenceState(StrEnum):
    """How far a difference came."""

    OPEN = "open"
    EXPLAINED = "explained"
    """Somebody has said why bills differ in this way; those that come later are open again."""
    SETTLED = "settled"
    """A later check of the same bill did not find it any more."""


class CauseAct(StrEnum):
    """What a person can do about a cause."""

    ASSIGN = "assign"
    EXPLAIN = "explain"
    REOPEN = "reopen"
    NOTE = "note"


class NewCauseAct(BaseModel):
    """An act, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DifferenceKind
    code: Code = ""
    act: CauseAct
    owner: Annotated[Words, Field(min_length=1)] | None = None
    """To whom the cause is assigned."""
    reason: Reason

    @model_validator(mode="after")
    def _owner_comes_with_assign(self) -> Self:
        if (self.act is CauseAct.ASSIGN) != (self.owner is not None):
            raise ValueError("`owner` comes with `assign`, and only with it")
        return self


@dataclass(frozen=True, slots=True)
class BillDifferences:
    """What one check of a bill found."""

    check_id: int
    scope: Scope
    invoice: ReportedInvoice
    differences: tuple[Difference, ...]


async def keep_differences(
    session: WriteSession, found: Sequence[BillDifferences], at: datetime
) -> None:
    """Write what checks found in place of what the checks before them did.

    A difference that a bill shows again is as old as when it showed it first.
    """
    t = SHADOW.differences.c
    bills = any_(literal([one.invoice.transaction_id for one in found], ARRAY(Uuid)))
    before = await session.execute(
        update(SHADOW.differences)
        .where(t.transaction_id == bills, t.is_current)
        .values(is_current=False)
        .returning(t.transaction_id, t.kind, t.code, t.label, t.ours, t.theirs, t.since)
    )
    known = {tuple(row)[:-1]: row.since for row in before}
    rows = [_row(one, difference) for one in found for difference in one.differences]
    for row in rows:
        same = tuple(
            row[name] for name in ("transaction_id", "kind", "code", "label", "ours", "theirs")
        )
        row["since"] = known.get(same, at)
    if rows:
        await session.execute(insert(SHADOW.differences), rows)


def _row(one: BillDifferences, difference: Difference) -> dict[str, Any]:
    return {
        **asdict(difference),
        "kind": difference.kind.value,
        "check_id": one.check_id,
        "cca": one.scope.cca,
        "utility": one.scope.utility,
        "environment": one.scope.environment.value,
        "transaction_id": one.invoice.transaction_id,
        "invoice_number": one.invoice.invoice_number,
        "account_number": one.invoice.account_number,
        "is_current": True,
    }


async def act_on_cause(
    session: WriteSession, scope: Scope, new: NewCauseAct, by: str, at: datetime
) -> None:
    """Assign, explain, open again or note something about all differences of one cause.

    Raises:
        CauseUnknown: no bill of this scope ever differed so.
    """
    t = SHADOW.differences.c
    there = await session.scalar(
        select(t.difference_id)
        .where(*in_scope(SHADOW.differences, scope), t.kind == new.kind.value, t.code == new.code)
        .limit(1)
    )
    if there is None:
        raise CauseUnknown(f"no bill of {scope.cca} differs in {new.kind} {new.code}".rstrip())
    await session.execute(
        insert(SHADOW.acts).values(
            **{name: getattr(scope, name) for name in ("cca", "utility")},
            environment=scope.environment.value,
            **new.model_dump(mode="json"),
            by=by,
            at=at,
        )
    )
