"""What one received transaction says, in the words of the trade, and what is wrong with it.

Syntax was judged before (997). Here the content is judged: an account is missing, a day does not
exist, nobody here is the CCA that is named. Such a wrong is a `Reason`, a value; nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from services.edi_gateway.profile import PeriodEnd, TradingPartner, UtilityProfile
from services.edi_gateway.transactions.elements import (
    read_date,
    read_dtm,
    read_end,
    read_range,
)
from services.edi_gateway.transactions.facts import Fact
from services.edi_gateway.x12 import Loop, Segment, Transaction
from shared.contracts.enrollment import EnrollmentDecision
from shared.contracts.parts import Reason

REQUIRED_MISSING: Final = "API"
"""Required information missing (Ameren CPWG reason codes, as all codes below)."""
UNKNOWN_PARTY: Final = "UND"
"""Cannot identify the service provider by its DUNS."""
DATE_INVALID: Final = "DIV"
BILL_OPTION_INVALID: Final = "FRB"
OTHER: Final = "A13"
"""Any other reason; its text says which."""

REASON_TEXT_MAX: Final = 264

REASONS_MAX: Final = 50
"""Reasons kept of one transaction: a broken 820 of 50,000 lines need not tell of each."""

Identifiers = tuple[tuple[str, str], ...]
"""Pairs of kind and value; kinds: account, service_agreement, meter, usage_id, invoice_number,
trace_number, request_id, advice_id, document_number, write_off_id."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One transaction as understood; pickles, so that worker processes can return it.

    `facts` is empty exactly when a reason forbids its use: then the transaction is an exception
    with the first reason's code, and all reasons' words.
    """

    business_key: str | None
    """BPT02, BGN02, BIG02 or TRN02; None for a 997, which has none."""
    cca: str | None
    """The CCA's short name; None when the set names none, or nobody here (reason UND)."""
    account_number: str | None
    identifiers: Identifiers
    amount: Decimal | None
    """Dollars: TDS01 of an 810, BPR02 of an 820."""
    facts: tuple[Fact, ...]
    reasons: tuple[Reason, ...]
    refusal: EnrollmentDecision | None = None
    """The answer we owe at once: an 814 request that cannot be used is refused with all reasons."""

    @property
    def usable(self) -> bool:
        """Whether nothing in the content forbids to act on it."""
        return not self.reasons


ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(slots=True)
class Inspection:
    """Collects what is wrong with one transaction's content while it is read."""

    partner: TradingPartner
    reasons: list[Reason] = field(default_factory=list)

    @property
    def profile(self) -> UtilityProfile:
        """The sender's profile."""
        return self.partner.profile

    def note(self, code: str, text: str) -> None:
        """Keep one reason, once, and no more than a person would read."""
        if len(self.reasons) >= REASONS_MAX:
            return
        reason = Reason(code=code, text=text[:REASON_TEXT_MAX])
        if reason not in self.reasons:
            self.reasons.append(reason)

    def required(self, value: str, what: str) -> str:
        """Return the value without padding; note that `what` is missing when it is empty."""
        text = value.strip()
        if not text:
            self.note(REQUIRED_MISSING, f"{what} is missing")
        return text

    def day(self, text: str, what: str) -> date | None:
        """Read a required CCYYMMDD."""
        if not self.required(text, what):
            return None
        day = read_date(text)
        if day is None:
            self.note(DATE_INVALID, f"{what} {text.strip()!r} is not a day")
        return day

    def dtm(self, segment: Segment, what: str, *, required: bool = True) -> date | None:
        """Read the day of a DTM that may be absent only when it is not required."""
        if not (segment.element(2).strip() or segment.element(6).strip()):
            if segment or required:
                self.note(REQUIRED_MISSING, f"{what} is missing")
            return None
        day = read_dtm(segment)
        if day is None:
            sent = segment.element(2).strip() or segment.element(6).strip()
            self.note(DATE_INVALID, f"{what} {sent!r} is not a day")
        return day

    def period(self, first: Segment, last: Segment) -> tuple[date, date] | None:
        """Read DTM*150 and DTM*151 as a half-open period, by the profile's meaning of its end."""
        return self.half_open(first, last)

    def half_open(
        self, first: Segment, last: Segment, *, end_is_shared: bool = False
    ) -> tuple[date, date] | None:
        """Read two DTMs as a half-open period.

        The profile says what the end means; the day of a meter exchange is always shared.
        """
        both = None if last else read_range(first)
        if both is not None:
            start, end = both
        else:
            started = self.dtm(first, "DTM*150 (period start)")
            ended = self.dtm(last, "DTM*151 (period end)")
            if started is None or ended is None:
                return None
            start, end = started, read_end(last) or ended
        inclusive = self.profile.reading.period_end is PeriodEnd.INCLUSIVE and not end_is_shared
        if inclusive and end < date.max:
            end += timedelta(days=1)
        if end <= start:
            self.note(DATE_INVALID, f"the period {start} to {end} does not move forward")
            return None
        return start, end

    def amount(self, value: Decimal | None, text: str, what: str) -> Decimal | None:
        """Pass an amount on; note it when it was missing, or not exact to the cent."""
        if value is None and self.required(text, what):
            self.note(OTHER, f"{what} {text.strip()!r} is not an amount in whole cents")
        return value

    def cca(self, party: Loop, what: str = "N1*SJ") -> str | None:
        """Return the short name of the CCA that a name loop identifies by its DUNS (N104)."""
        return self.cca_id(party.header.element(4), what)

    def cca_id(self, text: str, what: str) -> str | None:
        """Return the short name of the CCA that has this DUNS."""
        duns = self.required(text, f"{what} identification")
        if not duns:
            return None
        found = self.partner.cca_by_duns(duns)
        if found is None:
            utility = self.profile.code
            self.note(UNKNOWN_PARTY, f"{what} {duns} is no CCA that we trade for with {utility}")
        return found.code if found else None

    def utility(self, party: Loop, what: str = "N1*8S") -> None:
        """Note when the set speaks in the name of another utility than the one that sent it."""
        self.utility_id(party.header.element(4), what)

    def utility_id(self, text: str, what: str) -> None:
        """Note when a DUNS is not the sender's own."""
        duns = text.strip()
        if duns and not self.profile.is_duns(duns):
            self.note(UNKNOWN_PARTY, f"{what} {duns} is not {self.profile.name}")

    def build(self, model: type[ModelT], values: Mapping[str, object]) -> ModelT | None:
        """Put values into a contract's words, unless a reason already forbids it.

        What does not fit a word becomes a reason too.
        """
        if self.reasons:
            return None
        try:
            return model.model_validate(values)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                place = ".".join(str(step) for step in item["loc"])
                self.note(OTHER, f"{place}: {item['msg']}".removeprefix(": "))
            return None

    def reading(
        self,
        *,
        key: str | None,
        facts: Iterable[Fact | None],
        cca: str | None = None,
        account: str = "",
        amount: Decimal | None = None,
        identifiers: Iterable[tuple[str, str]] = (),
    ) -> Reading:
        """Close the inspection: with any reason, there is no fact to act on."""
        known = tuple(fact for fact in facts if fact is not None)
        return Reading(
            business_key=key or None,
            cca=cca,
            account_number=account or None,
            identifiers=tuple(dict.fromkeys(pair for pair in identifiers if pair[1])),
            amount=amount,
            facts=() if self.reasons else known,
            reasons=tuple(self.reasons),
        )


def reference(places: Iterable[Loop], qualifier: str) -> str:
    """Return a REF's value (REF02, else REF03, where Q5 has it) from the first place that has it.

    Utilities put account references in the header or under a name loop; both are searched.
    """
    for place in places:
        segment = place.first("REF", qualifier)
        value = segment.element(2).strip() or segment.element(3).strip()
        if value:
            return value
    return ""


def header_places(transaction: Transaction) -> tuple[Loop, ...]:
    """Return the header and the name loops: the places of header-level references."""
    return (transaction.root, *transaction.loops("N1"))
