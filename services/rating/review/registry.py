"""All audits in one list, with what each does unless a CCA wants it otherwise.

An audit of this list can be switched, loosened and tightened by a CCA. Beside it stand the reasons
for which usage cannot be charged at all; they cannot be switched off, since there is no price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.rating import holds
from services.rating.review import audits
from services.rating.review.audits import usage_check
from services.rating.vee.rules import RULES


class Mode(StrEnum):
    """What a finding does."""

    HOLD = "hold"
    """The charge waits for a person."""
    WARN = "warn"
    """The charge goes out; the finding is listed."""


@dataclass(frozen=True, slots=True)
class AuditKind:
    """An audit as the program has it.

    Attributes:
        code: its stable name.
        title: what it looks for.
        look: the audit.
        asks: the field of a case without which the audit finds nothing, so that it need not look.
        mode: what a finding does by default.
        limits: its numbers by default.
        two_people: a charge it holds is asked for by one person and released by another.
        of_good: its finding counts only where no other audit has found anything.
    """

    code: str
    title: str
    look: audits.Audit
    mode: Mode = Mode.WARN
    limits: Mapping[str, int] = field(default_factory=dict)
    two_people: bool = False
    asks: str = ""
    of_good: bool = False


HIGH_VALUE: Final = "HIGH_VALUE"
AWAITING_RELEASE: Final = "AWAITING_RELEASE"
"""Held because the CCA releases its batches by hand."""
RECOMPUTED: Final = "REVIEW_RECOMPUTED"
"""A charge under review came to something else, in which no audit finds anything."""
BATCH_RELEASE: Final = "BATCH_RELEASE"
"""Name of the setting that says whether batches go out by themselves."""

VALUE_LIMIT_CENTS: Final = 2_400_000

_SPREAD: Final = {"percent": 300, "periods": 3}
_BILL: Final = {"percent": 300, "residential_cents": 5_000, "commercial_cents": 50_000}


def _against_past(
    code: str, title: str, look: audits.Audit, limits: Mapping[str, int]
) -> AuditKind:
    return AuditKind(code, title, look, limits=limits, asks="past")


_KINDS: Final = (
    AuditKind(
        HIGH_VALUE,
        "amount at or above the limit, or a credit as large",
        audits.high_value,
        Mode.HOLD,
        {"limit_cents": VALUE_LIMIT_CENTS, "credit_limit_cents": VALUE_LIMIT_CENTS},
        two_people=True,
    ),
    AuditKind(
        "FIRST_LARGE_BILL",
        "first bill of a customer with a high demand",
        audits.first_large_bill,
        limits={"kw": 200},
        asks="demand_micro",
    ),
    AuditKind("NEGATIVE_TOTAL", "negative total without a cancel", audits.negative_total),
    AuditKind(
        "PERIOD_LENGTH",
        "period shorter or longer than a month",
        audits.period_length,
        limits={"min_days": 27, "max_days": 33},
        asks="past",
    ),
    _against_past("USAGE_GAP", "days without usage", audits.usage_gap, {"days": 2}),
    _against_past("ZERO_USAGE", "zero after non-zero usage", audits.zero_usage, {"days": 20}),
    _against_past("USAGE_OUTLIER", "usage outside k x median", audits.usage_outlier, _SPREAD),
    _against_past("AMOUNT_OUTLIER", "amount outside k x median", audits.amount_outlier, _SPREAD),
    _against_past("HIGH_BILL", "more than was to be expected", audits.high_bill, _BILL),
    _against_past("LOW_BILL", "less than was to be expected", audits.low_bill, _BILL),
    AuditKind("ESTIMATED_READ", "estimated read", audits.estimated_read, asks="estimated"),
    AuditKind(
        "ESTIMATED_RUN",
        "several estimated bills running",
        audits.estimated_run,
        limits={"bills": 3, "days": 180},
        asks="estimated",
    ),
    AuditKind("AFTER_WINDOW", "charge after the bill window", audits.after_window, asks="due_at"),
    AuditKind(
        "BACKBILL_LIMIT",
        "a household rebilled for more, over three months back",
        audits.backbill_limit,
        limits={"days": 92},
        asks="rebill",
    ),
    AuditKind(
        "PRORATED_BUCKETS", "energy divided by days", audits.prorated_buckets, asks="prorated"
    ),
    AuditKind(
        "CREDIT_BALANCE",
        "credit that waits for its cash-out month",
        audits.credit_balance,
        limits={"limit_cents": 50_000},
        asks="credit_cents",
    ),
    AuditKind(
        "RANDOM_SAMPLE",
        "good bills, drawn for a look",
        audits.random_sample,
        limits={"per_mille": 0},
        asks="charge_id",
        of_good=True,
    ),
    *(
        AuditKind(
            *(rule.code, rule.title, usage_check(rule.code), Mode(rule.mode), rule.limits),
            asks="checks",
        )
        for rule in RULES.values()
    ),
)

AUDITS: Final[Mapping[str, AuditKind]] = {kind.code: kind for kind in _KINDS}
"""Code → audit, in the order of their weight: the first that holds names the hold."""

ALWAYS_HELD: Final[Mapping[str, str]] = {
    kind.code: (kind.__doc__ or "").strip().splitlines()[0]
    for kind in holds.UsageHold.__subclasses__()
    if "code" in vars(kind)
}
"""Codes of usage that cannot be charged, with what they mean; no setting concerns them."""

REVIEW_CODES: Final = frozenset({*AUDITS, AWAITING_RELEASE, RECOMPUTED})
"""Hold codes of usage whose charge is computed and waits for a person."""
