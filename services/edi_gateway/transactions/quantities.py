"""Adds up what one meter recorded: totals, time-of-use buckets, demand, generation, estimates.

Utilities send one QTY loop for a total with a MEA for each bucket, or one QTY loop for each bucket;
they repeat totals under several codes, and send an actual and an estimated part of one period. The
codes' meaning comes from the profile; what could mean two things becomes a reason, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.edi_gateway.profile import QuantityMeaning
from services.edi_gateway.transactions.elements import QUANTITY_DECIMALS, read_number
from services.edi_gateway.transactions.reading import OTHER, REQUIRED_MISSING, Inspection
from services.edi_gateway.x12 import Loop, Segment
from shared.contracts.usage import Bucket, Direction, MeteredQuantity, Unit

CONSUMPTION: Final = "PRQ"
"""MEA02 of a quantity. Other MEAs describe the meter: MU is its multiplier and never usage."""

NO_VALUE: Final = "NV"
"""QTY04 when the utility has no value to send."""

TOTAL_CODE: Final = ""
"""MEA07 of a total that is sent without one."""

ESTIMATED_READS: Final = frozenset({"AE", "EA", "EE", "EN"})
"""MEA01, the pair of begin and end read: E is estimated, A actual, F final, N none."""

_UNIT_ORDER: Final = {unit: place for place, unit in enumerate(Unit)}
_DIRECTION_ORDER: Final = {direction: place for place, direction in enumerate(Direction)}
_BUCKET_ORDER: Final = {bucket: place for place, bucket in enumerate(Bucket)}


@dataclass(frozen=True, slots=True)
class _Measured:
    """One quantity as sent, with the MEA07 code under which it came."""

    code: str
    bucket: Bucket
    unit: Unit
    meaning: QuantityMeaning
    quantity: Decimal
    guessed_read: bool = False
    """MEA01 says that a read was estimated, whatever QTY01 says."""

    @property
    def direction(self) -> Direction:
        return Direction.RECEIVED if self.meaning.received else Direction.DELIVERED


_Key = tuple[Bucket, Unit, Direction]


def read_quantities(
    meter: Loop, inspection: Inspection, place: str, *, subtracts: bool = False
) -> tuple[MeteredQuantity, ...]:
    """Read every QTY loop of one meter into one quantity for each bucket, unit and direction.

    A meter that is subtracted (REF*JH S) gives negative energy; its peaks mean nothing for the
    account and are left out.
    """
    measured: list[_Measured] = []
    known_reasons = len(inspection.reasons)
    for loop in meter.loops("QTY"):
        measured += _read_loop(loop, inspection, place)
    together: dict[_Key, list[_Measured]] = {}
    for each in measured:
        together.setdefault((each.bucket, each.unit, each.direction), []).append(each)
    quantities = [_merge(key, parts, inspection, place) for key, parts in together.items()]
    if not quantities and len(inspection.reasons) == known_reasons:
        inspection.note(REQUIRED_MISSING, f"{place} has no quantity")
    whole = sorted([*quantities, *_missing_totals(quantities)], key=_order)
    if subtracts:
        whole = [
            each.model_copy(update={"quantity": -each.quantity})
            for each in whole
            if not each.unit.is_peak
        ]
    return tuple(whole)


def _read_loop(loop: Loop, inspection: Inspection, place: str) -> list[_Measured]:
    """Read one QTY loop: its consumption MEAs, and QTY02 as the total when no MEA gives it."""
    qty, rules = loop.header, inspection.profile.usage
    meaning = rules.quantities.get(qty.element(1))
    if meaning is None:
        text = f"{place}: QTY01 {qty.element(1)!r} has no meaning for {inspection.profile.name}"
        inspection.note(OTHER, text)
        return []
    if meaning is QuantityMeaning.IGNORED or qty.element(4) == NO_VALUE:
        return []
    measured = [
        each
        for mea in loop.all("MEA")
        if mea.element(2) == CONSUMPTION
        and (each := _read_mea(mea, qty, meaning, inspection, place)) is not None
    ]
    unit = rules.units.get(qty.element(3, 1))
    if not qty.element(2).strip() or unit is None:
        if not measured and unit is not None:
            inspection.note(REQUIRED_MISSING, f"{place}: QTY02 is missing")
        return measured
    amount = _quantity(qty.element(2), inspection, f"{place}: QTY02")
    if amount is None:
        return measured
    return [*measured, *_stated_total(amount, unit, meaning, measured, inspection, place)]


def _stated_total(
    amount: Decimal,
    unit: Unit,
    meaning: QuantityMeaning,
    measured: list[_Measured],
    inspection: Inspection,
    place: str,
) -> list[_Measured]:
    """Weigh QTY02 against its MEAs: the total of the loop, or the one bucket the loop is about."""
    totals = [each for each in measured if each.bucket is Bucket.TOTAL]
    if totals:
        if any(each.quantity != amount for each in totals):
            text = f"{place}: QTY02 {amount} is not the total {totals[0].quantity} of its MEA"
            inspection.note(OTHER, text)
        return []
    if len(measured) == 1 and measured[0].quantity == amount:
        return []
    return [_Measured(TOTAL_CODE, Bucket.TOTAL, unit, meaning, amount)]


def _read_mea(
    mea: Segment, qty: Segment, meaning: QuantityMeaning, inspection: Inspection, place: str
) -> _Measured | None:
    rules = inspection.profile.usage
    unit = rules.units.get(mea.element(4, 1) or qty.element(3, 1))
    if unit is None:  # gas, water and the like; a profile names every unit of electricity
        return None
    code = mea.element(7).strip()
    bucket = rules.buckets.get(code) if code else Bucket.TOTAL
    if bucket is None:
        text = f"{place}: MEA07 {code!r} has no meaning for {inspection.profile.name}"
        inspection.note(OTHER, text)
        return None
    amount = _quantity(mea.element(3), inspection, f"{place}: MEA03")
    if amount is None:
        return None
    guessed = mea.element(1).strip() in ESTIMATED_READS
    return _Measured(code, bucket, unit, meaning, amount, guessed)


def _quantity(text: str, inspection: Inspection, what: str) -> Decimal | None:
    if not inspection.required(text, what):
        return None
    amount = read_number(text, QUANTITY_DECIMALS)
    if amount is None:
        inspection.note(OTHER, f"{what} {text.strip()!r} is no quantity of at most six decimals")
    return amount


def _merge(
    key: _Key, parts: list[_Measured], inspection: Inspection, place: str
) -> MeteredQuantity:
    """Make one quantity of all that was sent for one bucket, unit and direction.

    The same quantity repeated counts once. An actual and an estimated part, or two codes that
    share a bucket, are added (energy), or the higher one holds (demand).
    """
    bucket, unit, direction = key
    by_source: dict[tuple[str, QuantityMeaning], Decimal] = {}
    for each in parts:
        # every code of a total names the same total; codes of a bucket name parts of it
        code = TOTAL_CODE if bucket is Bucket.TOTAL else each.code
        known = by_source.setdefault((code, each.meaning), each.quantity)
        if known != each.quantity:
            text = f"{place}: {bucket.value} {unit.value} is sent as {known} and {each.quantity}"
            inspection.note(OTHER, text)
    amounts = by_source.values()
    return MeteredQuantity(
        bucket=bucket,
        unit=unit,
        direction=direction,
        estimated=any(each.meaning.estimated or each.guessed_read for each in parts),
        quantity=max(amounts) if unit.is_peak else sum(amounts, Decimal(0)),
    )


def _missing_totals(quantities: list[MeteredQuantity]) -> Iterator[MeteredQuantity]:
    """Sum energy buckets where no total was sent; a demand total cannot be had from buckets."""
    for direction in Direction:
        parts = [q for q in quantities if q.unit is Unit.KWH and q.direction is direction]
        if parts and all(part.bucket is not Bucket.TOTAL for part in parts):
            yield MeteredQuantity(
                bucket=Bucket.TOTAL,
                unit=Unit.KWH,
                direction=direction,
                estimated=any(part.estimated for part in parts),
                quantity=sum((part.quantity for part in parts), Decimal(0)),
            )


def _order(quantity: MeteredQuantity) -> tuple[int, int, int]:
    return (
        _UNIT_ORDER[quantity.unit],
        _DIRECTION_ORDER[quantity.direction],
        _BUCKET_ORDER[quantity.bucket],
    )
