"""Words what rating has done as messages: charges, holds and cancelled pairs.

Everything goes out under the correlation of the file that brought the usage, so that its journey
can be followed even when an enrollment or a tariff import released it weeks later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final, TypedDict, TypeVar
from uuid import UUID

from pydantic_core import to_json

from services.rating.charging import Line
from services.rating.components.user_tax import city_of
from services.rating.corrections import ChargeDraft, UsageRecord, UsageState
from services.rating.desk import DeskOutcome, Ended
from services.rating.scope import UTILITY_ZONE, Scope
from shared.contracts.charges import ChargeLine, ChargesRated, ChargeUnit, LineKind
from shared.contracts.envelope import Body, Cover, Envelope, Written
from shared.contracts.measures import cents_text, micro_text
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

SHARED_WORDS_MAX: Final = 4_000
"""Lines of plans and periods whose words are kept; a CCA has some dozens in a billing cycle."""

Words = dict[str, object]
"""An item of a message as JSON has it: amounts are texts, and what is absent is left out."""


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
    words = [(charge.correlation_id, charge_words(charge, on)) for charge in charges]
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


def _charges_rated(items: Sequence[Words], cover: _Cover) -> Written:
    """Charges as a message, written once: what they are made of was checked on its way in."""
    kind = str(ChargesRated.model_fields["type"].default)
    return Written(Cover(type=kind, **cover), to_json({"type": kind, "items": items}))


def charge_words(charge: ChargeDraft, invoiced_on: date) -> Words:
    """One charge in the words of the contract `Charge`, ready to be written as JSON."""
    words: Words = {
        "charge_id": str(charge.charge_id),
        "invoice_number": charge.invoice_number,
        "original_invoice_number": charge.original_invoice_number,
        "purpose": str(charge.purpose),
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
        "total": cents_text(charge.total_cents),
    }
    for name in ("original_invoice_number", "service_agreement_id", "due_on"):
        if words[name] is None:
            del words[name]
    return words


def line_item(line: Line, sequence: int) -> ChargeLine:
    """One charge line in the words of the contract."""
    return ChargeLine.model_validate(_line_words(line, sequence))


def _line_words(line: Line, sequence: int) -> Words:
    has_quantity = line.quantity_micro is not None
    words = _shared_words(
        *(line.line_id, line.kind, line.code, line.label, has_quantity, line.unit),
        line.price_micro,
    ).copy()
    words["sequence"] = sequence
    if line.quantity_micro is not None:
        words["quantity"] = micro_text(line.quantity_micro)
    words["amount"] = cents_text(line.cents)
    words["jurisdiction"] = city_of(line)
    return words


@lru_cache(maxsize=SHARED_WORDS_MAX)
def _shared_words(
    line_id: str,
    kind: LineKind,
    code: str,
    label: str,
    has_quantity: bool,  # noqa: FBT001  a key like the others
    unit: ChargeUnit | None,
    price_micro: int | None,
) -> Words:
    """What a line says to everyone on a plan; places are kept for what is each account's own."""
    words: Words = {
        "sequence": 0,
        "line_id": line_id,
        "kind": str(kind),  # pydantic asks a word of a list for its value, in Python
        "code": code,
        "label": label,
    }
    if has_quantity:
        words["quantity"] = ""
    if unit is not None:
        words["unit"] = str(unit)
    if price_micro is not None:
        words["price"] = micro_text(price_micro)
    words["amount"] = ""
    return words


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
