"""Words what rating has done as messages: charges, holds and cancelled pairs.

Everything goes out under the correlation of the file that brought the usage, so that its journey
can be followed even when an enrollment or a tariff import released it weeks later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from services.rating.charging import Line
from services.rating.components.user_tax import city_of
from services.rating.corrections import ChargeDraft, UsageRecord
from services.rating.desk import DeskOutcome, Ended
from services.rating.scope import UTILITY_ZONE, Scope
from shared.contracts.charges import Charge, ChargeLine, ChargesRated
from shared.contracts.envelope import Body, Envelope
from shared.contracts.measures import from_cents, from_micro
from shared.contracts.parts import MESSAGE_ITEMS_MAX, ServiceName
from shared.contracts.usage import CancelledUsage, HeldUsage, UsageCancelled, UsageHeld

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
    occasion: Occasion, outcome: DeskOutcome, charges: Sequence[tuple[UUID, Charge]]
) -> list[Envelope]:
    """Messages for everything a batch changed: cancelled pairs, then charges, then holds.

    The pair comes before its cancel charge, as the contract of `UsageCancelled` says.

    Args:
        occasion: what made us speak.
        outcome: what the batch changed.
        charges: its charges, each with the correlation of the usage it is for.
    """

    def cancelled(items: tuple[Ended, ...]) -> Body:
        return UsageCancelled(items=tuple(_pair(item) for item in items))

    def rated(items: tuple[Charge, ...]) -> Body:
        return ChargesRated(items=items)

    def held(items: tuple[UsageRecord, ...]) -> Body:
        return UsageHeld(items=tuple(_held(item) for item in items))

    by_correction = [(ended.correction.correlation_id, ended) for ended in outcome.ended]
    by_hold = [(record.correlation_id, record) for record in outcome.held]
    return [
        *_envelopes(occasion, by_correction, cancelled),
        *_envelopes(occasion, charges, rated),
        *_envelopes(occasion, by_hold, held),
    ]


def charge_item(charge: ChargeDraft, invoiced_on: date) -> Charge:
    """One charge in the words of the contract."""
    return Charge.model_validate(  # once, with its lines
        {
            "charge_id": charge.charge_id,
            "invoice_number": charge.invoice_number,
            "original_invoice_number": charge.original_invoice_number,
            "purpose": charge.purpose,
            "transaction_id": charge.transaction_id,
            "usage_id": charge.usage_id,
            "account_number": charge.account_number,
            "service_agreement_id": charge.service_agreement_id,
            "customer_name": charge.customer_name,
            "invoiced_on": invoiced_on,
            "due_on": charge.due_on,
            "period_start": charge.period_start,
            "period_end": charge.period_end,
            "estimated": charge.estimated,
            "plan_id": charge.plan_id,
            "plan_version": charge.plan_version,
            "lines": [_line_words(line, n) for n, line in enumerate(charge.lines, start=1)],
            "total": from_cents(charge.total_cents),
        }
    )


def line_item(line: Line, sequence: int) -> ChargeLine:
    """One charge line in the words of the contract."""
    return ChargeLine.model_validate(_line_words(line, sequence))


def _line_words(line: Line, sequence: int) -> dict[str, object]:
    quantity, price = line.quantity_micro, line.price_micro
    return {
        "sequence": sequence,
        "line_id": line.line_id,
        "kind": line.kind,
        "code": line.code,
        "label": line.label,
        "quantity": None if quantity is None else from_micro(quantity),
        "unit": line.unit,
        "price": None if price is None else from_micro(price),
        "amount": from_cents(line.cents),
        "jurisdiction": city_of(line),
    }


def _envelopes(
    occasion: Occasion,
    items: Iterable[tuple[UUID, T]],
    body: Callable[[tuple[T, ...]], Body],
) -> list[Envelope]:
    grouped: dict[UUID, list[T]] = {}
    for correlation_id, item in items:
        grouped.setdefault(correlation_id, []).append(item)
    scope = occasion.scope
    return [
        Envelope.about(
            body(tuple(group[first : first + MESSAGE_ITEMS_MAX])),
            at=occasion.at,
            source=ServiceName.RATING,
            correlation_id=correlation_id,
            causation_id=occasion.causation_id,
            cca=scope.cca,
            utility=scope.utility,
            environment=scope.environment,
        )
        for correlation_id, group in grouped.items()
        for first in range(0, len(group), MESSAGE_ITEMS_MAX)
    ]


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


def _pair(ended: Ended) -> CancelledUsage:
    return CancelledUsage(
        transaction_id=ended.usage.transaction_id,
        usage_id=ended.usage.usage_id,
        cancel_transaction_id=ended.correction.transaction_id,
        cancel_usage_id=ended.correction.usage_id,
        account_number=ended.usage.account_number,
    )
