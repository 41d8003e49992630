"""Rates one bill again and says what that comes to: nothing, a cancel with a rebill, or a reason.

A bill that was sent is never patched by a difference: it is cancelled as it was and billed anew,
each with its own plan version. A bill whose lines come out the same is left alone, so that
re-rating twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from services.rating.accounts import Register
from services.rating.charging import Line
from services.rating.components.nem import moved_cents
from services.rating.corrections import ChargeDraft, UsageRecord, charge_of
from services.rating.holds import Hold
from services.rating.intervals.block import IntervalBlock
from services.rating.rate_usage import Rated, rate
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageItem
from shared.platform.values import changed

_RERUN_IDS: Final = UUID("a1d5c0be-4f3c-4a1e-8f2b-52a7b1c3d901")
"""Name space of the ids of cancels and rebills: the same bill is never corrected twice."""

LATER_BILLS_DEPEND: Final = "LATER_BILLS_DEPEND"
NOT_IN_FORCE: Final = "NOT_IN_FORCE"


class Effect(StrEnum):
    """What a job does to one bill or to one waiting usage."""

    REBILL = "rebill"
    """It was sent: cancelled as it was, and billed anew."""
    CHARGE = "charge"
    """It waited, and is charged."""
    UNCHANGED = "unchanged"
    """It comes to the same lines and is left alone."""
    HOLD = "hold"
    """It waits, and goes on waiting."""
    BLOCKED = "blocked"
    """It was sent and cannot be rated again; it is left alone, with the reason."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one bill comes to; for `REBILL`, with the two charges."""

    effect: Effect
    new_cents: int | None = None
    new_version: str | None = None
    reason: Hold | None = None
    pair: tuple[ChargeDraft, ChargeDraft] | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What one bill in force put into an agreement's net metering credits."""

    period_start: date
    charge_id: UUID
    cents: int


Moves = Mapping[tuple[str, str], Sequence[Moved]]
"""Every bill in force that moved credits, by account and service agreement."""


@dataclass(slots=True)
class Rerating:
    """Rates bills again, those of an agreement in the order of their periods.

    Attributes:
        scope: whose customers they are.
        register: accounts and agreements of everyone in the batch.
        book: the prices of today's knowledge.
        on: that day.
        moves: net metering credits as they stand; kept up to date from bill to bill.
        selected: every bill that the job is about.
    """

    scope: Scope
    register: Register
    book: PriceBook
    on: date
    moves: dict[tuple[str, str], list[Moved]]
    selected: frozenset[UUID]

    def weigh(
        self,
        charge: ChargeDraft,
        record: UsageRecord,
        readings: Sequence[IntervalBlock],
        together: Rated | None = None,
    ) -> Verdict:
        """Rate the usage of a bill in force again.

        Args:
            charge: the bill.
            record: its usage.
            readings: what the meters recorded, of usage that came as intervals.
            together: what the usage was rated at together with its like, if it was.

        Raises:
            ValueError: the usage was loaded without its content.
        """
        item = record.item
        if item is None:
            raise ValueError(f"usage {record.usage_id} was loaded without its content")
        moves = self.moves.get(_key(item), [])
        bank = sum(m.cents for m in moves if m.period_start < charge.period_start)
        agreement = self.register.find(item.account_number, item.service_agreement_id)
        rated = together or rate(
            item, self.scope, agreement, self.book, self.on, bank, readings=tuple(readings)
        )
        if isinstance(rated, Hold):
            return Verdict(Effect.BLOCKED, reason=rated)
        version = f"{rated.plan_id} {rated.plan_version}"
        if _billed(rated.lines) == _billed(charge.lines):
            return Verdict(Effect.UNCHANGED, charge.total_cents, version)
        blocked = self._move(charge, item, rated)
        if blocked is not None:
            return Verdict(Effect.BLOCKED, rated.total_cents, version, blocked)
        pair = correct(charge, record, item, rated, self.on)
        return Verdict(Effect.REBILL, rated.total_cents, version, pair=pair)

    def _move(self, charge: ChargeDraft, item: UsageItem, rated: Rated) -> Hold | None:
        """Carry changed credits to the bills after it, or say why that cannot be done here."""
        before, after = moved_cents(charge.lines), moved_cents(rated.lines)
        if before == after:
            return None
        moves = self.moves.setdefault(_key(item), [])
        later = {m.charge_id for m in moves if m.period_start > charge.period_start}
        if later - self.selected:
            return Hold(
                LATER_BILLS_DEPEND,
                "later bills of the agreement carry its credits and are not part of this job",
            )
        moves[:] = [m for m in moves if m.charge_id != charge.charge_id]
        moves.append(Moved(charge.period_start, charge.charge_id, after))
        return None


def _billed(lines: Sequence[Line]) -> list[Line]:
    """What lines bill: other words alone are no reason to take a bill back."""
    return [changed(line, label="") for line in lines]


def correct(
    charge: ChargeDraft, record: UsageRecord, item: UsageItem, rated: Rated, on: date
) -> tuple[ChargeDraft, ChargeDraft]:
    """Cancel a bill as it was, and bill its usage anew.

    Both name the usage that the bill was for. The bill window of the usage is named only while it
    is open.
    """
    due_on = charge.due_on if charge.due_on is not None and on <= charge.due_on else None
    cancel = changed(
        charge,
        charge_id=uuid5(_RERUN_IDS, f"{charge.charge_id}/cancel"),
        purpose=Purpose.CANCEL,
        due_on=due_on,
        invoice_number="",
        reverses=charge.charge_id,
        original_invoice_number=charge.invoice_number,
    )
    rebill = changed(
        charge_of(record, item, rated),
        charge_id=uuid5(_RERUN_IDS, f"{charge.charge_id}/rebill"),
        due_on=due_on,
    )
    return cancel, rebill


def _key(item: UsageItem) -> tuple[str, str]:
    return item.account_number, item.service_agreement_id or ""
