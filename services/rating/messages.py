"""Words what rating has done as messages: charges, holds and cancelled pairs.

Everything goes out under the correlation of the file that brought the usage, so that its journey
can be followed even when an enrollment or a tariff import released it weeks later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict, TypeVar
from uuid import UUID

from services.rating.charge_json import charge_json
from services.rating.corrections import ChargeDraft, UsageRecord, UsageState
from services.rating.desk import DeskOutcome, Ended
from services.rating.scope import UTILITY_ZONE, Scope
from shared.contracts.charges import ChargesRated
from shared.contracts.envelope import Body, Cover, Envelope, Written
from shared.contracts.parts import MESSAGE_ITEMS_MAX, Environment, ServiceName
from shared.contracts.usage import (
    CancelledUsage,
    HeldUsage,
    UnbilledUsage,
    UsageCancelled,
    UsageHeld,
    UsageNotBilled,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What made us speak: when, about whose customers, and in answer to what."""

    scope: Scope
    at: datetime
    causation_id: UUID | None = None

    @property
    def on(self) -> date:
        """The utility's date at that moment."""
        return self.at.astimezone(UTILITY_ZONE).date()


def announce(
    occasion: Occasion, outcome: DeskOutcome, charges: Iterable[ChargeDraft]
) -> list[Envelope | Written]:
    """Messages for everything a batch changed: cancelled pairs, charges, what others bill, holds.

    The pair comes before its cancel charge, as the contract of `UsageCancelled` says.

    Args:
        occasion: what made us speak.
        outcome: what the batch changed.
        charges: its charges that leave, with their numbers.
    """
    on = occasion.on

    def cancelled(items: Sequence[CancelledUsage]) -> Body:
        return UsageCancelled(items=tuple(items))

    def held(items: Sequence[HeldUsage]) -> Body:
        return UsageHeld(items=tuple(items))

    def unbilled(items: Sequence[UnbilledUsage]) -> Body:
        return UsageNotBilled(items=tuple(items))

    pairs = [(ended.correction.correlation_id, _pair(ended)) for ended in outcome.ended]
    words = [(charge.correlation_id, charge_json(charge, on)) for charge in charges]
    theirs = [
        (record.correlation_id, _unbilled(record))
        for record in (*outcome.added, *outcome.changed)
        if record.state is UsageState.NOT_BILLED
    ]
    holds = [(record.correlation_id, _held(record)) for record in outcome.held]
    return [
        *(Envelope.about(cancelled(items), **told) for told, items in _batches(occasion, pairs)),
        *(_charges_rated(items, told) for told, items in _batches(occasion, words)),
        *(Envelope.about(unbilled(items), **told) for told, items in _batches(occasion, theirs)),
        *(Envelope.about(held(items), **told) for told, items in _batches(occasion, holds)),
    ]


class _Cover(TypedDict):
    """What all messages of a batch have on them."""

    at: datetime
    source: ServiceName
    correlation_id: UUID
    causation_id: UUID | None
    cca: str
    utility: str
    environment: Environment


def _batches(
    occasion: Occasion, items: Iterable[tuple[UUID, T]]
) -> Iterator[tuple[_Cover, list[T]]]:
    """Items by the correlation they go out under, as many at a time as a message carries."""
    grouped: dict[UUID, list[T]] = {}
    for correlation_id, item in items:
        grouped.setdefault(correlation_id, []).append(item)
    scope = occasion.scope
    for correlation_id, group in grouped.items():
        cover = _Cover(
            at=occasion.at,
            source=ServiceName.RATING,
            correlation_id=correlation_id,
            causation_id=occasion.causation_id,
            cca=scope.cca,
            utility=scope.utility,
            environment=scope.environment,
        )
        for first in range(0, len(group), MESSAGE_ITEMS_MAX):
            yield cover, group[first : first + MESSAGE_ITEMS_MAX]


def _charges_rated(items: Sequence[str], cover: _Cover) -> Written:
    """Charges as a message, written once: what they are made of was checked on its way in."""
    kind = str(ChargesRated.model_fields["type"].default)
    body = f'{{"type":"{kind}","items":[{",".join(items)}]}}'
    return Written(Cover(type=kind, **cover), body.encode())


def _held(record: UsageRecord) -> HeldUsage:
    if record.hold is None:
        raise ValueError(f"usage {record.usage_id} is not held")
    return HeldUsage(
        transaction_id=record.transaction_id,
        usage_id=record.usage_id,
        account_number=record.account_number,
        code=record.hold.code,
        message=record.hold.message[:264],
    )


def _unbilled(record: UsageRecord) -> UnbilledUsage:
    return UnbilledUsage(
        transaction_id=record.transaction_id,
        usage_id=record.usage_id,
        account_number=record.account_number,
        message="the account is rate-ready, the utility computes this bill",
    )


def _pair(ended: Ended) -> CancelledUsage:
    return CancelledUsage(
        transaction_id=ended.usage.transaction_id,
        usage_id=ended.usage.usage_id,
        cancel_transaction_id=ended.correction.transaction_id,
        cancel_usage_id=ended.correction.usage_id,
        account_number=ended.usage.account_number,
    )
