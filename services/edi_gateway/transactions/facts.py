"""What a received transaction reports when no message of its own carries it whole.

An 820 may hold 50,000 lines and travels in parts, and a 997 speaks of control numbers that only the
gateway knows; both are values of the gateway. All other facts are words of `shared.contracts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from shared.contracts.charges import ReportedInvoice
from shared.contracts.documents import AcknowledgmentVerdict, Advice
from shared.contracts.enrollment import EnrollmentRequest
from shared.contracts.intervals import IntervalUsage
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Reason
from shared.contracts.remittance import RemittanceLine
from shared.contracts.usage import HistoricalUsage, UsageItem
from shared.contracts.write_offs import WriteOff

_LINES: Final = TypeAdapter(tuple[RemittanceLine, ...])


def lines_as_sent(lines: Sequence[RemittanceLine]) -> bytes:
    """Write lines of a payment as a message carries them; at most 500."""
    return _LINES.dump_json(tuple(lines), exclude_none=True)


@dataclass(frozen=True, slots=True)
class Payment:
    """One 820: a payment and all its lines.

    `total` is signed (negative when BPR03 is a debit). It is compared with `lines_total` by the
    remittance service, which sets a payment aside when they differ.

    The lines of a long one would fill a reading process, and again the one it answers, with
    hundreds of megabytes of objects; written they take a tenth of that.
    """

    transaction_id: UUID
    trace_number: str
    total: Decimal
    settled_on: date
    payee: str | None
    """The CCA's short name; None when N1*PE names nobody we trade for."""
    line_count: int
    parts: tuple[bytes, ...]
    """What each message about it carries: at least one part, of at most 500 lines."""

    @property
    def lines(self) -> tuple[RemittanceLine, ...]:
        """Every line, in the order sent."""
        return tuple(line for part in self.parts for line in _LINES.validate_json(part))

    @property
    def lines_total(self) -> Decimal:
        """Σ RMR04 + Σ ADX01, in dollars: what BPR02 must be."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class RequestAnswer:
    """An 814 response: what a utility says to a request of ours.

    Which request it was, and of which kind, only the gateway knows: some utilities answer every
    reject with ASI02 = 021 (Maine EBT), so the kind is never read from the answer.
    """

    transaction_id: UUID
    response_id: str
    request_id: str
    """BGN06: our own BGN02."""
    accepted: bool
    reasons: tuple[Reason, ...]
    """REF*7G of a rejection."""
    statuses: tuple[Reason, ...]
    """REF*1P, e.g. HUU historical usage unavailable."""
    account: EnrollmentRequest
    """The account with the utility's own data, as an accepted answer gives it."""


@dataclass(frozen=True, slots=True)
class SetVerdict:
    """AK5: the verdict on one transaction of ours, by its set and ST02."""

    set_id: str
    control_number: str
    verdict: AcknowledgmentVerdict
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """One 997: the verdict on one functional group of ours.

    `sets` names only the transactions the partner listed; `verdict_on` answers for all.
    """

    functional_id: str
    group_control_number: str
    verdict: AcknowledgmentVerdict
    partial: bool
    """AK9 said P: some transactions were accepted, those listed as rejected were not."""
    included: int
    accepted: int
    reasons: tuple[Reason, ...]
    sets: tuple[SetVerdict, ...]

    def verdict_on(self, set_id: str, control_number: str) -> SetVerdict:
        """Return the verdict on one transaction: its own, or its group's when it is not listed.

        Control numbers are compared as numbers: partners drop and add leading zeros.
        """
        number = control_number.strip().lstrip("0")
        for each in self.sets:
            if each.set_id == set_id and each.control_number.strip().lstrip("0") == number:
                return each
        return SetVerdict(set_id, control_number, self._unlisted, self.reasons)

    @property
    def _unlisted(self) -> AcknowledgmentVerdict:
        """Say what holds for a transaction without its own AK2.

        In a partly accepted group it was taken only if the listed ones account for every refusal.
        """
        if not self.partial:
            return self.verdict
        refused = sum(each.verdict is AcknowledgmentVerdict.REJECTED for each in self.sets)
        if refused == self.included - self.accepted:
            return AcknowledgmentVerdict.ACCEPTED
        return AcknowledgmentVerdict.REJECTED


Fact = (
    EnrollmentRequest
    | UsageItem
    | IntervalUsage
    | HistoricalUsage
    | ReportedInvoice
    | Payment
    | Advice
    | Acknowledgment
    | RequestAnswer
    | WriteOff
)
"""Everything that a translator can report."""

FactT = TypeVar("FactT")


def batches(facts: Iterable[Fact], kind: type[FactT]) -> Iterator[tuple[FactT, ...]]:
    """Cut the facts of one kind into batches that fit a message."""
    items = [fact for fact in facts if isinstance(fact, kind)]
    for start in range(0, len(items), MESSAGE_ITEMS_MAX):
        yield tuple(items[start : start + MESSAGE_ITEMS_MAX])
