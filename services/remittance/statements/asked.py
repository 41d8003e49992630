"""What the report pages are asked in their addresses; a blank means "not asked"."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.remittance.journal import EntryKind
from services.remittance.ledger.chart import LedgerAccount
from services.remittance.ledger.months import month_of
from services.remittance.ledger.views import read_month
from services.remittance.statements.entries import EntriesOf
from services.remittance.statements.positions import BUCKETS, Standing, Wanted
from services.remittance.statements.statement import last_day_of

DAYS_MAX: Final = 36_500
ENTRY_MAX: Final = 2**63 - 1
FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2099, 12, 31)

Blank = Literal[""]
ReportDay = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
"""A day that reports can be asked for; no CCA is older."""
ReportMonth = Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-11"])]
"""A month that reports can be asked for."""
Word = Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")]
Days = Annotated[int, Field(ge=0, le=DAYS_MAX)]


class Asked(BaseModel):
    """A report of a day."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    cca: Annotated[str, Field(max_length=20)] = ""
    on: ReportDay | Blank = ""

    def address(self, **changes: object) -> str:
        """Return the query that asks the same but for some changes, with its question mark."""
        said: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True) | changes
        return "?" + urlencode(
            {name: each for name, each in said.items() if each not in {"", None}}
        )


class AskedMonth(Asked):
    """A report of a month up to a day."""

    month: ReportMonth | Blank = ""

    def span(self, today: date) -> tuple[date, date]:
        """Return the month and the last day that counts: today's, when nothing was asked."""
        if not self.month:
            day = self.on or today
            return month_of(day), day
        month = read_month(self.month)
        on = self.on if isinstance(self.on, date) else max(today, month)
        return month, min(on, last_day_of(month))


class AskedSpan(Asked):
    """A report of a span of days."""

    since: ReportDay | Blank = ""


class AskedEntries(AskedMonth):
    """Entries behind a figure of a statement."""

    account: LedgerAccount = LedgerAccount.RECEIVABLE
    kind: EntryKind | Blank = ""
    jurisdiction: Word | None = None
    after: Annotated[int, Field(ge=0, le=ENTRY_MAX)] = 0

    def wanted(self, today: date) -> EntriesOf:
        """Return what is listed."""
        month, on = self.span(today)
        return EntriesOf(self.account, month, on, self.kind or None, self.jurisdiction, self.after)


class AskedCharges(AskedSpan):
    """Charges behind a figure; `of` is a customer class, `-` where nobody said which."""

    standing: Standing = Standing.OPEN
    bucket: Annotated[int, Field(ge=0, lt=len(BUCKETS))] | None = None
    of: Literal["residential", "commercial", "-", ""] = ""
    reason: Word = ""
    days_from: Days | None = None
    days_to: Days | None = None
    after_day: ReportDay | Blank = ""
    after_id: UUID | Blank = ""

    @property
    def wanted(self) -> Wanted:
        """What is listed."""
        after = (self.after_day, self.after_id) if self.after_day and self.after_id else None
        return Wanted(
            standing=self.standing,
            since=self.since or None,
            bucket=self.bucket,
            customer_class=None if not self.of else self.of.strip("-"),
            reason=self.reason or None,
            days_from=self.days_from,
            days_to=self.days_to,
            after=after,
        )
