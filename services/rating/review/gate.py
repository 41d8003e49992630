"""Stands between a priced charge and its way out, within one batch and in memory.

Once a charge is under review only a person lets it go, or the utility's own cancel ends it: a later
attempt to charge the same usage finds the review and waits on. A charge that has come to something
else meanwhile opens a review of its own, so that nobody releases what they have not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from types import MappingProxyType
from typing import Final
from uuid import UUID

from services.rating.accounts import Agreement, Register
from services.rating.cash_out import cash_out_of
from services.rating.corrections import ChargeDraft, UsageRecord
from services.rating.holds import Hold
from services.rating.progress.roster import roster_cycle
from services.rating.progress.stages import month_of
from services.rating.review.audits import HISTORY_PERIODS, Case, Past
from services.rating.review.classes import CustomerClass, class_of
from services.rating.review.registry import AUDITS, AWAITING_RELEASE, RECOMPUTED, AuditKind, Mode
from services.rating.review.settings import AuditSetting, ReviewSettings
from services.rating.review.window import BillWindow, Deadline
from services.rating.scope import UTILITY_ZONE, Scope
from services.rating.tariffs.book import PriceBook
from shared.contracts.parts import Purpose
from shared.contracts.usage import Bucket, Unit, UsageItem
from shared.platform.values import changed

NO_CYCLE: Final = ""
"""The bill cycle of agreements whose 814 named none."""

_MESSAGE_MAX: Final = 264
_NOTHING_SAID: Final[Mapping[str, str]] = MappingProxyType({})
_ONE_DAY: Final = timedelta(days=1)

_Asking = tuple[str, list[tuple[int, AuditKind, AuditSetting]]]
"""What audits ask of a case, and those that do: each with its weight and its setting."""

AgreementKey = tuple[str, str]
"""Account number and service agreement; the latter empty where the utility names none."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an audit found about one charge."""

    code: str
    mode: Mode
    message: str
    two_people: bool = False
    owner: str = ""
    """Who looks at what the audit holds."""


@dataclass(frozen=True, slots=True)
class OpenReview:
    """A charge that waits for a person: as computed, and why."""

    review_id: int
    draft: ChargeDraft
    codes: tuple[str, ...]
    rerated: bool = False
    """It is to replace a bill that was sent."""


@dataclass(frozen=True, slots=True)
class NewReview:
    """A charge that begins to wait; `reversal` takes back the one that it is to replace."""

    draft: ChargeDraft
    reversal: ChargeDraft | None
    findings: tuple[Finding, ...]
    bill_cycle: str
    customer_class: CustomerClass
    deadline: Deadline | None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of what holds it; the first names the hold."""
        return tuple(found.code for found in self.findings if found.mode is Mode.HOLD)

    @property
    def owner(self) -> str | None:
        """Who looks at it: the owner of the first audit that has one."""
        return next((found.owner for found in self.findings if found.owner), None)


@dataclass(frozen=True, slots=True)
class Noted:
    """A finding, and the charge it is about."""

    draft: ChargeDraft
    finding: Finding
    customer_class: CustomerClass


@dataclass(frozen=True, slots=True)
class _Rebill:
    """What a charge replaces: what that came to, and its cancel if nobody sent it yet."""

    cents: int | None
    reversal: ChargeDraft | None = None


@dataclass
class ReviewGate:
    """The gate of one batch.

    Attributes:
        settings: the CCA's audits.
        register: accounts and agreements of the batch.
        window: the utility's clock; None for a utility without one.
        past: earlier periods by agreement, latest first.
        waiting: charges under review, by their usage.
        approved: charges that a person has let go, by their usage.
        received: when usage known before this batch came.
    """

    scope: Scope
    at: datetime
    settings: ReviewSettings
    register: Register
    window: BillWindow | None = None
    book: PriceBook | None = None
    """The tariffs, which say when credits are paid out."""
    past: Mapping[AgreementKey, Sequence[Past]] = field(default_factory=dict)
    waiting: Mapping[UUID, OpenReview] = field(default_factory=dict)
    approved: Mapping[UUID, ChargeDraft] = field(default_factory=dict)
    received: Mapping[UUID, datetime] = field(default_factory=dict)
    replaced: Mapping[str, int] = field(default_factory=dict)
    """What charges that were taken back came to in cents, by usage id."""
    checks: Mapping[UUID, Mapping[str, str]] = field(default_factory=dict)
    """What the checks of usage said, by their code."""

    approved_by: str = ""
    """Who let the approved charges go."""
    passed: set[UUID] = field(init=False, default_factory=set)
    """Charges that were looked at and may leave."""
    opened: dict[UUID, NewReview] = field(init=False, default_factory=dict)
    noted: list[Noted] = field(init=False, default_factory=list)
    _on: date = field(init=False)
    _seen: dict[AgreementKey, list[Past]] = field(init=False, default_factory=dict)
    _audits: dict[CustomerClass, list[_Asking]] = field(init=False, default_factory=dict)
    _deadlines: dict[tuple[datetime, date | None], Deadline] = field(
        init=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        self._on = self.at.astimezone(UTILITY_ZONE).date()

    def approved_charge(self, transaction_id: UUID) -> ChargeDraft | None:
        """The charge as it was computed and looked at, if a person has let it go."""
        found = self.approved.get(transaction_id)
        if found is not None:
            self.passed.add(found.charge_id)
        return found

    def judge(self, record: UsageRecord, draft: ChargeDraft, credit_cents: int) -> Hold | None:
        """Say why a charge for usage must wait, or let it go.

        Args:
            record: the usage.
            draft: the charge.
            credit_cents: credits that the customer has once this bill has left.
        """
        named = record.original_usage_id if record.purpose is Purpose.REPLACE else None
        rebill = _Rebill(self.replaced.get(named)) if named else None
        return self._judge(draft, record.item, rebill, credit_cents)

    def judge_rerated(
        self, draft: ChargeDraft, item: UsageItem | None, reversal: ChargeDraft | None
    ) -> Hold | None:
        """Say why a bill that was rated again must wait together with its cancel, or let it go."""
        rebill = _Rebill(reversal.total_cents, reversal) if reversal else None
        return self._judge(draft, item, rebill, 0)

    def deadline_of(self, transaction_id: UUID, due_on: date | None) -> Deadline | None:
        """Until when a charge for some usage still reaches the customer's bill."""
        if self.window is None:
            return None
        said = (self.received.get(transaction_id, self.at), due_on)
        found = self._deadlines.get(said)
        if found is None:
            found = self._deadlines[said] = self.window.deadline(*said)
        return found

    def _judge(
        self, draft: ChargeDraft, item: UsageItem | None, rebill: _Rebill | None, credit_cents: int
    ) -> Hold | None:
        waiting = self.waiting.get(draft.transaction_id)
        if waiting is not None and says_the_same(waiting.draft, draft):
            self._remember(draft, draft.total_cents)
            return Hold(waiting.codes[0], "the charge waits for a person")
        agreement = self.register.find(draft.account_number, draft.service_agreement_id)
        rate_code = _rate_code(agreement, draft.period_end)
        customer_class = class_of(self.scope.utility, rate_code)
        deadline = self.deadline_of(draft.transaction_id, draft.due_on)
        case = self._case(draft, item, rebill, customer_class, deadline)
        if credit_cents > 0:
            month = self._cash_out_month(agreement, draft.period_end)
            case = changed(case, credit_cents=credit_cents, cash_out_month=month)
        findings = self._findings(case, customer_class)
        if waiting is not None and all(found.mode is not Mode.HOLD for found in findings):
            words = "the charge under review comes to something else now"
            findings.append(Finding(RECOMPUTED, Mode.HOLD, words, two_people=True))
        self._remember(draft, case.total_cents)
        if not findings:
            self.passed.add(draft.charge_id)
            return None
        self.noted += [
            Noted(draft, found, customer_class) for found in findings if found.code in AUDITS
        ]
        holding = tuple(found for found in findings if found.mode is Mode.HOLD)
        if not holding:
            self.passed.add(draft.charge_id)
            return None
        self.opened[draft.transaction_id] = NewReview(
            draft,
            rebill.reversal if rebill else None,
            holding,
            _bill_cycle(agreement, draft.period_end),
            customer_class,
            deadline,
        )
        return Hold(holding[0].code, "; ".join(f.message for f in holding)[:_MESSAGE_MAX])

    def _findings(self, case: Case, customer_class: CustomerClass) -> list[Finding]:
        weighed: list[tuple[int, Finding]] = []
        cents = abs(case.total_cents)
        for asks, audits in self._enabled(customer_class):
            if asks and not getattr(case, asks):
                continue
            for weight, kind, setting in audits:
                if cents < setting.minimum_cents:
                    continue
                message = kind.look(case, setting.limits)
                if message is not None:
                    two = kind.two_people
                    one = Finding(kind.code, setting.mode, message, two, setting.owner)
                    weighed.append((weight, one))
        found = [finding for _, finding in sorted(weighed, key=itemgetter(0))] if weighed else []
        if len(found) > 1:
            found = [finding for finding in found if not AUDITS[finding.code].of_good]
        if self.settings.releases_by_hand:
            words = "the batch is released by hand"
            found.append(Finding(AWAITING_RELEASE, Mode.HOLD, words))
        return found

    def _enabled(self, customer_class: CustomerClass) -> Sequence[_Asking]:
        """The audits that are on for a class by what they ask, the same for the whole batch."""
        found = self._audits.get(customer_class)
        if found is None:
            asking: dict[str, list[tuple[int, AuditKind, AuditSetting]]] = {}
            for weight, kind in enumerate(AUDITS.values()):
                setting = self.settings.of(kind, customer_class)
                if setting.enabled:
                    asking.setdefault(kind.asks, []).append((weight, kind, setting))
            found = self._audits[customer_class] = list(asking.items())
        return found

    def _case(
        self,
        draft: ChargeDraft,
        item: UsageItem | None,
        rebill: _Rebill | None,
        customer_class: CustomerClass,
        deadline: Deadline | None,
    ) -> Case:
        return Case(  # by place: names would take as long as all else here
            draft.period_start,
            draft.period_end,
            draft.total_cents,
            self.at,
            self._on,
            draft.energy_micro or 0,
            _demand_micro(item) if item else 0,
            draft.estimated,
            item.final if item else False,
            draft.explanation.prorated,
            customer_class is CustomerClass.RESIDENTIAL,
            rebill is not None,
            rebill.cents if rebill else None,
            self._past(draft),
            deadline.due_at if deadline else None,
            self.checks.get(draft.transaction_id, _NOTHING_SAID) if self.checks else _NOTHING_SAID,
            draft.charge_id,
        )

    def _cash_out_month(self, agreement: Agreement | None, period_end: date) -> int | None:
        """In which month the plan of an agreement pays credits out."""
        if self.book is None:
            return None
        policy = cash_out_of(agreement, self.scope, self.book, period_end - _ONE_DAY)
        return policy.month if policy else None

    def _past(self, draft: ChargeDraft) -> tuple[Past, ...]:
        """Earlier periods, of the database and of this batch; never the charge's own."""
        key = key_of(draft)
        seen, known = self._seen.get(key), self.past.get(key)
        if not seen and not known:
            return ()
        both = [*(seen or ()), *(known or ())]
        earlier = (p for p in both if p.period_start < draft.period_start)
        return tuple(sorted(earlier, key=lambda p: p.period_end, reverse=True))[:HISTORY_PERIODS]

    def _remember(self, draft: ChargeDraft, cents: int) -> None:
        past = Past(
            draft.period_start, draft.period_end, draft.estimated, draft.energy_micro, cents
        )
        self._seen.setdefault(key_of(draft), []).append(past)


def key_of(of: ChargeDraft | UsageItem) -> AgreementKey:
    """The agreement that a charge or usage is for."""
    return of.account_number, of.service_agreement_id or ""


def _rate_code(agreement: Agreement | None, period_end: date) -> str:
    """The rate code of the last day of a period."""
    entry = agreement.entry_on(period_end - _ONE_DAY) if agreement else None
    return entry.terms.rate_code if entry else ""


def _bill_cycle(agreement: Agreement | None, period_end: date) -> str:
    """The bill cycle of the batch that a bill is counted in."""
    cycle = roster_cycle(agreement.entries, month_of(period_end)) if agreement else None
    return cycle or NO_CYCLE


def says_the_same(one: ChargeDraft, other: ChargeDraft) -> bool:
    """Whether two charges print alike and come from the same prices."""
    return (one.lines, one.plan_id, one.plan_version, one.period_start, one.period_end) == (
        other.lines, other.plan_id, other.plan_version, other.period_start, other.period_end
    )  # fmt: skip


def _demand_micro(item: UsageItem) -> int:
    found = [
        micro
        for meter in item.meters
        if not meter.measured.plain
        for quantity, micro in zip(meter.quantities, meter.micro, strict=True)
        if quantity.unit is Unit.KW and quantity.bucket is Bucket.TOTAL
    ]
    return max(found, default=0)
