"""Usage on its way: new, held, charged, cancelled; and how a correction finds what it corrects.

A utility corrects usage by sending a new 867 that names the old one: a cancel (01) or a replacement
(05). Nothing is overwritten: the old usage stays, with its state and what ended it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.rating.charging import Line
from services.rating.holds import (
    Hold,
    RebillWithoutCancel,
    UsageDuplicate,
    UsageHold,
    UsageIdReused,
    UsageOverlap,
)
from services.rating.rate_usage import Explanation, Rated
from services.rating.usage import content_of, energy_of, period_of
from shared.contracts.charges import LineKind
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageItem
from shared.platform.ids import named_id
from shared.platform.values import changed, value

_CHARGE_IDS: Final = UUID("6f0c7a52-8a51-4b53-9d0e-2f6f3c1b7a10")
"""Name space of charge ids, so that the same usage always gives the same id."""


class UsageState(StrEnum):
    """Where an accepted 867 stands; every one is in exactly one of these."""

    HELD = "held"
    CHARGED = "charged"
    CANCELLED = "cancelled"
    DUPLICATE = "duplicate"
    NOT_BILLED = "not_billed"
    """In order, and the utility computes the bill (rate-ready): no charge of ours leaves."""


SETTLED_STATES: Final = (UsageState.CHARGED, UsageState.NOT_BILLED)
"""Of usage that was found in order: its days are taken."""

LIVE_STATES: Final = (UsageState.HELD, *SETTLED_STATES)
"""Of usage that counts: it came, and nothing has cancelled it."""


@value(frozen=True, slots=True)
class UsageRecord:
    """One 867 as the service keeps it; `item` is absent where only its place in time matters."""

    transaction_id: UUID
    correlation_id: UUID
    usage_id: str
    purpose: Purpose
    original_usage_id: str | None
    account_number: str
    meters: tuple[str, ...]
    period_start: date
    period_end: date
    content_hash: bytes
    state: UsageState = UsageState.HELD
    hold: Hold | None = None
    ended_by: UUID | None = None
    item: UsageItem | None = None
    content: str | None = field(default=None, compare=False, repr=False)
    """The item as JSON, of usage that has just come."""

    @classmethod
    def of(cls, item: UsageItem, correlation_id: UUID) -> UsageRecord:
        """A record of usage that has just come."""
        start, end = period_of(item)
        content, digest = content_of(item)
        return cls(
            item.transaction_id,
            correlation_id,
            item.usage_id,
            item.purpose,
            item.original_usage_id,
            item.account_number,
            tuple(dict.fromkeys([meter.meter_number for meter in item.meters])),
            start,
            end,
            digest,
            item=item,
            content=content,
        )

    @property
    def hold_code(self) -> str | None:
        """Why it waits, if it does."""
        return self.hold.code if self.hold else None

    @property
    def occupies(self) -> bool:
        """Whether its period is taken: energy reported and not cancelled."""
        return self.state in LIVE_STATES and self.purpose is not Purpose.CANCEL

    def intersects(self, other: UsageRecord) -> bool:
        """Whether both report days of the same meter."""
        return (
            self.period_start < other.period_end
            and other.period_start < self.period_end
            and not set(self.meters).isdisjoint(other.meters)
        )

    def same_period(self, other: UsageRecord) -> bool:
        """Whether both report exactly the same days."""
        return (self.period_start, self.period_end) == (other.period_start, other.period_end)

    def same_read(self, other: UsageRecord) -> bool:
        """Whether both report exactly the same days, and of the same meter."""
        return self.same_period(other) and self.intersects(other)


@value(frozen=True, slots=True)
class ChargeDraft:
    """A charge; `invoice_number` is empty until the unit of work numbers it.

    A cancel repeats the lines of what it reverses, not negated, and names it.
    """

    charge_id: UUID
    purpose: Purpose
    transaction_id: UUID
    correlation_id: UUID
    usage_id: str
    account_number: str
    service_agreement_id: str | None
    customer_name: str
    due_on: date | None
    period_start: date
    period_end: date
    estimated: bool
    plan_id: str
    plan_version: str
    lines: tuple[Line, ...]
    explanation: Explanation
    invoice_number: str = ""
    reverses: UUID | None = None
    original_invoice_number: str | None = None
    energy_micro: int | None = None
    """Delivered energy in 1e-6 kWh; absent where nobody noted it."""

    @property
    def total_cents(self) -> int:
        """The sum of the rounded lines."""
        total = 0
        for line in self.lines:  # asked for often
            total += -line.cents if line.kind is LineKind.CREDIT else line.cents
        return total


def charge_of(record: UsageRecord, item: UsageItem, rated: Rated) -> ChargeDraft:
    """The charge for rated usage."""
    return ChargeDraft(  # by place: twenty names would take longer than all else here
        named_id(_CHARGE_IDS, f"{record.transaction_id}/{Purpose.ORIGINAL}"),
        Purpose.ORIGINAL,
        record.transaction_id,
        record.correlation_id,
        record.usage_id,
        item.account_number,
        item.service_agreement_id,
        item.customer_name,
        item.bill_due_on,
        rated.period_start,
        rated.period_end,
        rated.estimated,
        rated.plan_id,
        rated.plan_version,
        rated.lines,
        rated.explanation,
        energy_micro=energy_of(item),
    )


def reversal_of(charge: ChargeDraft, correction: UsageRecord) -> ChargeDraft:
    """The full reversal of a charge: what was billed, not what today's rates would say."""
    due_on = correction.item.bill_due_on if correction.item else None
    return changed(
        charge,
        charge_id=named_id(_CHARGE_IDS, f"{correction.transaction_id}/{Purpose.CANCEL}"),
        purpose=Purpose.CANCEL,
        transaction_id=correction.transaction_id,
        correlation_id=correction.correlation_id,
        usage_id=correction.usage_id,
        due_on=due_on,
        invoice_number="",
        reverses=charge.charge_id,
        original_invoice_number=charge.invoice_number,
    )


def duplicate_of(record: UsageRecord, first: UsageRecord) -> UsageRecord:
    """Usage whose BPT02 was seen before: kept for the record, and never charged."""
    reason: UsageHold = UsageIdReused(f"other usage came under {record.usage_id} before")
    if first.content_hash == record.content_hash:
        reason = UsageDuplicate(f"usage {record.usage_id} came before")
    return changed(record, state=UsageState.DUPLICATE, hold=reason.as_hold())


def refuse_occupied(record: UsageRecord, earlier: Iterable[UsageRecord]) -> None:
    """Refuse usage for days that earlier usage of the meter has taken.

    Args:
        record: the usage that wants its period.
        earlier: usage of the account that came before it or is charged.

    Raises:
        RebillWithoutCancel: the same period again.
        UsageOverlap: some of its days.
    """
    for other in earlier:
        if other.transaction_id == record.transaction_id or not other.occupies:
            continue
        if record.intersects(other):
            reason: type[UsageHold] = UsageOverlap
            if record.same_period(other):
                reason = RebillWithoutCancel
            raise reason(
                f"usage {other.usage_id} has {other.period_start} to {other.period_end} "
                "of the same meter and is not cancelled"
            )
