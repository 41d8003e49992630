"""The register's rules: who may be enrolled, dropped, changed or reinstated, and since when.

A utility's 814 is applied whole or refused with *all* its reasons; nothing is corrected on the way
(Rule 23, CCASR). History is effective-dated and append-only: every applied request adds an entry,
and what is true on a day follows from the entries.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from shared.contracts.enrollment import EnrollmentPurpose, EnrollmentRequest
from shared.contracts.parts import BillOption, Reason
from shared.platform.values import changed, value

AHEAD_DAYS_MAX: Final = 366
"""An effective date further ahead than this is taken for a slip of the pen (`DIV`)."""


class RejectCode(StrEnum):
    """REF*7G codes of an 814 response that we use (UIG; the list published by Ameren's CPWG)."""

    UNKNOWN_ACCOUNT = "A76"
    NOT_ACTIVE = "008"
    DUPLICATE = "ABN"
    MISSING = "API"
    OTHER = "A13"
    DATE_INVALID = "DIV"
    BILL_OPTION = "FRB"


class Status(StrEnum):
    """Whether the CCA serves the agreement from the entry's date on."""

    ACTIVE = "active"
    DROPPED = "dropped"


@value(frozen=True, slots=True)
class Terms:
    """What decides a charge besides the usage: rate code, product, and the city for taxes."""

    rate_code: str
    product: str | None = None
    customer_name: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    bill_cycle: str | None = None


@value(frozen=True, slots=True)
class Entry:
    """One applied request: from `effective_on` the agreement has this status and these terms."""

    seq: int
    purpose: EnrollmentPurpose
    status: Status
    effective_on: date
    requested_on: date
    request_id: str
    terms: Terms
    bill_option: BillOption = BillOption.BILL_READY


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter named by a request."""

    meter_number: str
    kind: str = ""


@value(frozen=True, slots=True)
class Agreement:
    """A service agreement with its whole history, oldest applied request first."""

    account_number: str
    service_agreement_id: str
    entries: tuple[Entry, ...] = ()
    meters: frozenset[str] = field(default_factory=frozenset)

    @property
    def standing(self) -> tuple[Entry, ...]:
        """The entries that still count.

        A reinstatement on the day of the drop undoes the drop; a drop or an enrollment ends
        whatever was agreed for its day or later.
        """
        if len(self.entries) < 2:  # noqa: PLR2004  one entry cannot undo another
            return self.entries
        kept: list[Entry] = []
        for entry in _without_undone_drops(self.entries):
            if entry.purpose is not EnrollmentPurpose.CHANGE:
                kept = [before for before in kept if before.effective_on < entry.effective_on]
            kept.append(entry)
        return tuple(kept)

    def entry_on(self, day: date) -> Entry | None:
        """The entry in force on a day: the latest date, and of one date the last applied."""
        if len(self.entries) == 1:
            return self.entries[0] if self.entries[0].effective_on <= day else None
        begun = [entry for entry in self.standing if entry.effective_on <= day]
        return max(begun, key=lambda entry: (entry.effective_on, entry.seq), default=None)

    def active_on(self, day: date) -> bool:
        """Whether the CCA serves the agreement on a day."""
        entry = self.entry_on(day)
        return entry is not None and entry.status is Status.ACTIVE

    def active_from(self, day: date) -> bool:
        """Whether the CCA serves it on that day or has agreed to on a later one."""
        later = (e.effective_on for e in self.standing if e.effective_on > day)
        return self.active_on(day) or any(self.active_on(when) for when in later)

    def terms_between(self, start: date, end: date) -> list[tuple[date, Terms]]:
        """The terms over `[start, end)`, each with its first day there.

        Empty when the agreement is not active on every one of those days.
        """
        inside = {e.effective_on for e in self.standing if start < e.effective_on < end}
        found: list[tuple[date, Terms]] = []
        for day in (start, *sorted(inside)):
            entry = self.entry_on(day)
            if entry is None or entry.status is not Status.ACTIVE:
                return []
            if not found or found[-1][1] != entry.terms:
                found.append((day, entry.terms))
        return found

    def is_billed_by_utility(self, period_end: date) -> bool:
        """Whether the utility computes the bill of a period that ends before this day."""
        entry = self.entry_on(period_end - timedelta(days=1))
        return entry is not None and entry.bill_option is BillOption.RATE_READY

    @property
    def last(self) -> Entry | None:
        """The request applied last."""
        return self.entries[-1] if self.entries else None

    @property
    def last_status_change(self) -> Entry | None:
        """The last enroll, drop or reinstatement."""
        return next(
            (e for e in reversed(self.entries) if e.purpose is not EnrollmentPurpose.CHANGE), None
        )

    def with_entry(self, entry: Entry, meters: frozenset[str]) -> Agreement:
        """The agreement after one more applied request."""
        return changed(self, entries=(*self.entries, entry), meters=self.meters | meters)


def _without_undone_drops(entries: tuple[Entry, ...]) -> list[Entry]:
    kept: list[Entry] = []
    for entry in entries:
        drop = next((e for e in reversed(kept) if e.status is Status.DROPPED), None)
        undoes = entry.purpose is EnrollmentPurpose.REINSTATE
        if undoes and drop is not None and drop.effective_on == entry.effective_on:
            kept.remove(drop)
        else:
            kept.append(entry)
    return kept


@dataclass(frozen=True, slots=True)
class Applied:
    """The request may be applied: the entry to add."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request is refused, with every reason."""

    reasons: tuple[Reason, ...]


def decide(
    request: EnrollmentRequest, agreement: Agreement | None, *, account_known: bool
) -> Applied | Rejected:
    """Decide one request against the register.

    Args:
        request: the 814.
        agreement: its service agreement as the register knows it, or `None`.
        account_known: whether the account exists at all, under whichever agreement.
    """
    reasons = [*_missing(request), *_wrong_option(request), *_wrong_date(request)]
    history = agreement or Agreement(request.account_number, request.service_agreement_id or "")
    rule = _RULES[request.purpose]
    reasons += rule(request, history, account_known)
    reasons += _stale(request, history)
    if reasons:
        return Rejected(tuple(reasons))
    return Applied(_entry(request, history))


def request_hash(request: EnrollmentRequest) -> bytes:
    """SHA-256 of what a request asks, whichever transaction brought it."""
    return hashlib.sha256(request.model_dump_json(exclude={"transaction_id"}).encode()).digest()


def conflicting(request: EnrollmentRequest) -> Rejected:
    """The answer to a request id that came before with other content."""
    return Rejected(
        (_reason(RejectCode.DUPLICATE, f"REQUEST ID {request.request_id} USED BEFORE"),)
    )


def _reason(code: RejectCode, text: str) -> Reason:
    return Reason(code=code, text=text.upper())


def _missing(request: EnrollmentRequest) -> list[Reason]:
    absent = []
    if request.effective_on is None and request.purpose is not EnrollmentPurpose.REINSTATE:
        absent.append("effective date (DTM)")
    if request.rate_code is None and request.purpose is EnrollmentPurpose.ENROLL:
        absent.append("rate code (REF NH)")
    return [_reason(RejectCode.MISSING, f"{name} missing") for name in absent]


def _wrong_option(request: EnrollmentRequest) -> list[Reason]:
    if request.purpose is EnrollmentPurpose.DROP or request.bill_option is not BillOption.DUAL:
        return []
    return [_reason(RejectCode.BILL_OPTION, "only bill ready and rate ready are offered")]


def _wrong_date(request: EnrollmentRequest) -> list[Reason]:
    latest = request.requested_on + timedelta(days=AHEAD_DAYS_MAX)
    if request.effective_on is None or request.effective_on <= latest:
        return []
    return [
        _reason(RejectCode.DATE_INVALID, f"effective date {request.effective_on} too far ahead")
    ]


def _stale(request: EnrollmentRequest, agreement: Agreement) -> list[Reason]:
    """A request older than the last status change came out of order and is not applied."""
    changed = agreement.last_status_change
    if changed is None or request.requested_on >= changed.requested_on:
        return []
    return [
        _reason(
            RejectCode.OTHER,
            f"request of {request.requested_on} is older than the {changed.purpose} "
            f"of {changed.requested_on}",
        )
    ]


def _may_enroll(request: EnrollmentRequest, agreement: Agreement, _known: bool) -> list[Reason]:  # noqa: FBT001  one signature for four rules
    day = request.effective_on
    if day is None or not agreement.active_from(day):
        return []
    return [_reason(RejectCode.DUPLICATE, "service agreement is enrolled already")]


def _may_drop(request: EnrollmentRequest, agreement: Agreement, known: bool) -> list[Reason]:  # noqa: FBT001
    if not agreement.entries:
        return [_unknown(agreement, known=known)]
    day = request.effective_on
    if day is None or agreement.active_on(day):
        return []
    return [_reason(RejectCode.NOT_ACTIVE, f"not active on {day}")]


def _may_change(request: EnrollmentRequest, agreement: Agreement, known: bool) -> list[Reason]:  # noqa: FBT001
    if not agreement.entries:
        return [_unknown(agreement, known=known)]
    day = request.effective_on
    if day is None:
        return []
    if not agreement.active_on(day):
        return [_reason(RejectCode.NOT_ACTIVE, f"not active on {day}")]
    changes = (e for e in agreement.entries if e.purpose is EnrollmentPurpose.CHANGE)
    if any(change.effective_on > day for change in changes):
        return [_reason(RejectCode.OTHER, f"a change after {day} was applied before")]
    return []


def _may_reinstate(request: EnrollmentRequest, agreement: Agreement, known: bool) -> list[Reason]:  # noqa: FBT001
    changed = agreement.last_status_change
    if changed is None:
        return [_unknown(agreement, known=known)]
    if changed.status is Status.ACTIVE:
        return [_reason(RejectCode.DUPLICATE, "service agreement is active already")]
    if request.requested_on > changed.effective_on:
        return [_reason(RejectCode.NOT_ACTIVE, f"dropped on {changed.effective_on}, enroll again")]
    return []


_RULES: Final = {
    EnrollmentPurpose.ENROLL: _may_enroll,
    EnrollmentPurpose.DROP: _may_drop,
    EnrollmentPurpose.CHANGE: _may_change,
    EnrollmentPurpose.REINSTATE: _may_reinstate,
}


def _unknown(agreement: Agreement, *, known: bool) -> Reason:
    if known:
        words = f"service agreement {agreement.service_agreement_id} not found on the account"
        return _reason(RejectCode.UNKNOWN_ACCOUNT, words)
    return _reason(RejectCode.UNKNOWN_ACCOUNT, f"account {agreement.account_number} not found")


def _entry(request: EnrollmentRequest, agreement: Agreement) -> Entry:
    dropped = request.purpose is EnrollmentPurpose.DROP
    return Entry(
        seq=len(agreement.entries) + 1,
        purpose=request.purpose,
        status=Status.DROPPED if dropped else Status.ACTIVE,
        effective_on=_effective_on(request, agreement),
        requested_on=request.requested_on,
        request_id=request.request_id,
        terms=_terms(request, agreement),
        bill_option=_bill_option(request, agreement),
    )


def _bill_option(request: EnrollmentRequest, agreement: Agreement) -> BillOption:
    """Who computes the bill after a request: what it says, else as it was, else we do."""
    if request.bill_option is not None and request.purpose is not EnrollmentPurpose.DROP:
        return request.bill_option
    if request.purpose is EnrollmentPurpose.ENROLL or not agreement.entries:
        return BillOption.BILL_READY
    before = agreement.entry_on(request.effective_on or date.max) or agreement.entries[-1]
    return before.bill_option


def _effective_on(request: EnrollmentRequest, agreement: Agreement) -> date:
    """The day an accepted request takes effect.

    A reinstatement that names no day after the pending drop takes the drop's own day, so that
    the agreement was served without a gap.
    """
    changed = agreement.last_status_change
    if request.purpose is EnrollmentPurpose.REINSTATE and changed is not None:
        return max(request.effective_on or changed.effective_on, changed.effective_on)
    if request.effective_on is None:
        raise ValueError("an accepted request has an effective date")
    return request.effective_on


def _terms(request: EnrollmentRequest, agreement: Agreement) -> Terms:
    """The terms after a request: what it says, and for a change the rest as it was before."""
    address = request.service_address
    said = {
        "rate_code": request.rate_code,
        "product": request.product,
        "customer_name": request.customer_name,
        "street": address.street,
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
        "bill_cycle": request.bill_cycle,
    }
    given = {name: value for name, value in said.items() if value}
    if request.purpose is EnrollmentPurpose.ENROLL:
        return Terms(**given)
    before = agreement.entry_on(request.effective_on or date.max) or agreement.entries[-1]
    if request.purpose is EnrollmentPurpose.CHANGE:
        return changed(before.terms, **given)
    return before.terms


@dataclass(frozen=True, slots=True)
class Register:
    """Agreements by account number, as read for one batch."""

    accounts: dict[str, dict[str, Agreement]] = field(default_factory=dict)

    def knows(self, account_number: str) -> bool:
        """Whether the account exists, under whichever agreement."""
        return account_number in self.accounts

    def find(self, account_number: str, service_agreement_id: str | None) -> Agreement | None:
        """The agreement named, or the only one of the account when none is named."""
        agreements = self.accounts.get(account_number)
        if agreements is None:
            return None
        if service_agreement_id:
            return agreements.get(service_agreement_id)
        return next(iter(agreements.values())) if len(agreements) == 1 else None

    def put(self, agreement: Agreement) -> None:
        """Remember an agreement's new state for the rest of the batch."""
        agreements = self.accounts.setdefault(agreement.account_number, {})
        agreements[agreement.service_agreement_id] = agreement
