"""Rates the ordinary accounts of a batch together: one plan and period, the same lines.

Most usage of a billing cycle is of one kind: one meter, energy by bucket or by the interval,
nothing estimated, one set of terms. Such accounts share everything but their quantities, so the
plan is compiled once and the amounts of all of them come from the engine. What is out of the
ordinary is not looked at here: it is rated by itself, and so is a whole group that the engine
cannot price exactly as the components do. One account of each group is rated both ways before the
group is trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np

from services.rating.accounts import Register, Status, Terms
from services.rating.charging import Line
from services.rating.components.user_tax import share_rule
from services.rating.cutting import PricedPart, divided, priced_spans, refuse_unlike_buckets
from services.rating.engine import (
    GroupBilling,
    GroupQuantities,
    PriceSheet,
    compile_sheet,
    price_group,
)
from services.rating.engine.parts import empty_parts
from services.rating.engine.pricing import line_quantities
from services.rating.engine.rows import Amounts
from services.rating.holds import Hold, UsageHold
from services.rating.intervals.alike import Recorded, plain_block, quantities_of, recorded
from services.rating.intervals.block import IntervalBlock
from services.rating.rate_usage import LineReason, Rated, rate
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook
from shared.contracts.parts import Purpose
from shared.contracts.usage import Bucket, UsageItem
from shared.platform.values import changed, value

GROUP_MIN: Final = 4
"""Fewer accounts than this are not worth an array."""
REMEMBERED_MAX: Final = 4_000
"""Compiled groups kept, some tens of kilobytes each at most."""
LARGEST_MICRO: Final = 10**15
"""A thousand million kWh: sums and products of less fit into 64 bits."""


class Likeness(NamedTuple):
    """What accounts must share to be rated together."""

    scope: Scope
    known_on: date
    rate_code: str
    product: str | None
    city: str
    start: date
    end: date
    metered: tuple[Bucket, ...] | Recorded


@value(frozen=True, slots=True)
class _Member:
    """An ordinary account's usage: its energy by bucket, or its readings."""

    item: UsageItem
    used: Mapping[Bucket, int] | IntervalBlock

    @property
    def metered(self) -> tuple[Bucket, ...] | Recorded:
        if isinstance(self.used, IntervalBlock):
            return recorded(self.item, self.used)
        return tuple(self.used)

    @property
    def total_micro(self) -> int:
        if isinstance(self.used, IntervalBlock):
            return self.used.total_micro
        return sum(self.used.values())


Measure = Callable[[Sequence[_Member]], GroupQuantities | None]
"""Gives what accounts of a group used; nothing when they must be rated by themselves."""


@dataclass(frozen=True, slots=True)
class _Group:
    """A compiled group: the sheet, and from one of its accounts the words of each line.

    `lines` has a line for each line of the sheet; `None` where that account has none such.
    `order` is that of a bill: each part with its taxes.
    """

    sheet: PriceSheet
    measure: Measure
    shared: Rated
    lines: tuple[Line | None, ...]
    plans: tuple[str, ...]
    order: tuple[int, ...]


@dataclass(slots=True)
class Groups:
    """Compiled groups, remembered as long as prices stay the same.

    Several threads may ask at once, also while prices change: a book and its groups are one value.
    """

    _known: tuple[PriceBook | None, dict[Likeness, _Group | None]] = (None, {})

    def rate(
        self,
        items: Iterable[UsageItem],
        register: Register,
        book: PriceBook,
        asked: Asked,
        readings: Mapping[UUID, Sequence[IntervalBlock]] | None = None,
    ) -> dict[UUID, Rated]:
        """Rate what is alike; whatever is not in the answer is to be rated by itself.

        The answer for an item is what `rate_usage.rate` gives, line by line and word by word.

        Args:
            items: the 867s.
            register: agreements of everyone in them.
            book: all prices and taxes.
            asked: whose customers they are, and on what day's knowledge.
            readings: what meters recorded, of usage that came as intervals, by its transaction.
        """
        known, groups = self._known
        if known is not book or len(groups) > REMEMBERED_MAX:
            groups = {}
            self._known = book, groups
        rated: dict[UUID, Rated] = {}
        for alike, members in _sorted(items, register, readings or {}).items():
            likeness = Likeness(asked.scope, asked.known_on, *alike)
            if likeness not in groups:
                if len(members) < GROUP_MIN:
                    continue
                telling = max(members, key=lambda member: member.total_micro)
                groups[likeness] = _compiled(likeness, telling, register, book)
            group = groups[likeness]
            if group is not None:
                rated |= _rate_group(group, members)
        return rated


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose customers the items are of, and whose day's knowledge of tariffs counts."""

    scope: Scope
    known_on: date


_Alike = tuple[str, str | None, str, date, date, tuple[Bucket, ...] | Recorded]
"""What a `Likeness` says of the accounts themselves."""


def _sorted(
    items: Iterable[UsageItem],
    register: Register,
    readings: Mapping[UUID, Sequence[IntervalBlock]],
) -> dict[_Alike, list[_Member]]:
    groups: dict[_Alike, list[_Member]] = {}
    for item in items:
        member = _ordinary(item, readings.get(item.transaction_id, ()) if readings else ())
        terms = _plain_terms(item, register) if member else None
        if member is None or terms is None:
            continue
        meter = item.meters[0]
        alike = (
            terms.rate_code,
            terms.product,
            terms.city,
            meter.period_start,
            meter.period_end,
            member.metered,
        )
        groups.setdefault(alike, []).append(member)
    return groups


def _ordinary(item: UsageItem, blocks: Sequence[IntervalBlock]) -> _Member | None:
    if item.purpose is Purpose.CANCEL:
        return None
    used = plain_block(item, blocks) if blocks else _plain_energy(item)
    return _Member(item, used) if used else None


def _plain_energy(item: UsageItem) -> dict[Bucket, int] | None:
    """Delivered energy of the only meter, by bucket; `None` unless it is all there is."""
    if len(item.meters) != 1 or item.intervals is not None:
        return None
    said = item.meters[0].measured
    energy = dict(said.delivered)
    if said.estimated or not said.plain or not energy:
        return None
    micro = sorted(energy.values())
    if micro[0] < 0 or micro[-1] >= LARGEST_MICRO:
        return None
    total = energy.get(Bucket.TOTAL)
    if total is None or len(energy) == 1:
        return energy
    del energy[Bucket.TOTAL]
    return energy if sum(energy.values()) == total else None


def _plain_terms(item: UsageItem, register: Register) -> Terms | None:
    """The terms of the whole period, where there is no doubt about meter and rate code."""
    agreement = register.find(item.account_number, item.service_agreement_id)
    if agreement is None:
        return None
    meter = item.meters[0]
    if agreement.meters and meter.meter_number not in agreement.meters:
        return None
    if len(agreement.entries) == 1:
        entry = agreement.entries[0]
        active = entry.status is Status.ACTIVE and entry.effective_on <= meter.period_start
        terms = entry.terms if active else None
    else:
        found = agreement.terms_between(meter.period_start, meter.period_end)
        terms = found[0][1] if len(found) == 1 else None
    if terms is None or meter.rate_code not in {None, terms.rate_code}:
        return None
    return terms


def _compiled(
    likeness: Likeness, telling: _Member, register: Register, book: PriceBook
) -> _Group | None:
    """Compile a group and try it on one of its accounts; `None` if it cannot be trusted."""
    item, used = telling.item, telling.used
    agreement = register.find(item.account_number, item.service_agreement_id)
    blocks = (used,) if isinstance(used, IntervalBlock) else ()
    shared = rate(item, likeness.scope, agreement, book, likeness.known_on, readings=blocks)
    if isinstance(shared, Hold):
        return None
    try:
        group = _from_prices(likeness, shared, book)
        told = _rate_group(group, [telling]) if group else {}
    except UsageHold:  # each account is told its own reason
        return None
    return group if told.get(item.transaction_id) == shared else None


def _from_prices(likeness: Likeness, shared: Rated, book: PriceBook) -> _Group | None:
    terms = Terms(likeness.rate_code, likeness.product, city=likeness.city)
    days = (likeness.start, likeness.end)
    cuts = priced_spans(days, likeness.scope, [(likeness.start, terms)], book, likeness.known_on)
    if any(span.plan.nem is not None for span, _, _ in cuts):
        return None
    surcharge = book.taxes_on(likeness.known_on).surcharge_micro(likeness.start)
    parts = empty_parts(cuts)
    if isinstance(likeness.metered, Recorded):
        sheet, measure = _by_interval(parts, likeness.metered, book, likeness.known_on, surcharge)
    else:
        sheet, measure = _by_month(parts, likeness.metered, surcharge)
    if any(step.kind != "user_tax" for step in sheet.steps):
        return None
    words = {line.line_id: line for line in shared.lines}
    plans = {reason.line_id: reason.plan for reason in shared.explanation.lines}
    return _Group(
        sheet,
        measure,
        shared,
        tuple(words.get(line.line_id) for line in sheet.lines),
        tuple(plans.get(line.line_id, "") for line in sheet.lines),
        tuple(sorted(range(len(sheet.lines)), key=lambda at: sheet.lines[at].part)),
    )


def _by_interval(
    parts: Sequence[PricedPart],
    metered: Recorded,
    book: PriceBook,
    known_on: date,
    surcharge_micro: int,
) -> tuple[PriceSheet, Measure]:
    billing = GroupBilling(
        *(parts, book.calendars, known_on, surcharge_micro, metered.step_s), spills=metered.spills
    )

    def measure(members: Sequence[_Member]) -> GroupQuantities | None:
        blocks = [member.used for member in members if isinstance(member.used, IntervalBlock)]
        return quantities_of(billing, blocks)

    return billing.sheet, measure


def _by_month(
    parts: Sequence[PricedPart], buckets: Sequence[Bucket], surcharge_micro: int
) -> tuple[PriceSheet, Measure]:
    if len(parts) > 1:
        refuse_unlike_buckets([each.span for each in parts])
    columns = [
        {bucket: number * len(buckets) + at for at, bucket in enumerate(buckets)}
        for number in range(len(parts))
    ]
    days = [each.part.days for each in parts]

    def measure(members: Sequence[_Member]) -> GroupQuantities:
        energies = [member.used for member in members if not isinstance(member.used, IntervalBlock)]
        return GroupQuantities(_matrix(days, energies))

    return compile_sheet(parts, columns, surcharge_micro), measure


def _rate_group(group: _Group, members: Sequence[_Member]) -> dict[UUID, Rated]:
    sheet = group.sheet
    quantities = group.measure(members)
    if quantities is None:
        return {}
    priced = price_group(sheet, quantities)
    amounts = priced.cents.tolist()
    printed = priced.printed.tolist()
    used = line_quantities(sheet, quantities)
    bases = {
        step.line: priced.cents[sheet.generation_rows[sheet.lines[step.line].part]]
        .sum(axis=0)
        .tolist()
        for step in sheet.steps
    }
    rated: dict[UUID, Rated] = {}
    for number, member in enumerate(members):
        lines: list[Line] = []
        reasons: list[LineReason] = []
        usage_id = member.item.usage_id
        for at in group.order:
            words = group.lines[at]
            if not printed[at][number]:
                continue
            if words is None:
                break
            line = words
            if at in used:
                line = _line(words, used[at][number], amounts[at][number], words.rule)
            elif at in bases:
                line = _line(words, None, amounts[at][number], share_rule(bases[at][number]))
            lines.append(line)
            reasons.append(LineReason(line.line_id, line.rule, group.plans[at], usage_id))
        else:
            rated[member.item.transaction_id] = _rated(group.shared, lines, reasons)
    return rated


def _matrix(days: list[int], energies: Sequence[Mapping[Bucket, int]]) -> Amounts:
    """Energy in 1e-6 kWh: a row for each part and bucket, a column for each account."""
    if len(days) == 1:
        rows = [list(energy.values()) for energy in energies]
    else:
        rows = [
            [micro for part in divided(energy, days) for micro in part.values()]
            for energy in energies
        ]
    return np.ascontiguousarray(np.array(rows, dtype=np.int64).T)


def _line(words: Line, quantity: int | None, cents: int, rule: str) -> Line:
    return Line(
        words.line_id,
        words.kind,
        words.code,
        words.label,
        quantity,
        words.unit,
        words.price_micro,
        abs(cents),
        rule,
    )


def _rated(shared: Rated, lines: list[Line], reasons: list[LineReason]) -> Rated:
    return Rated(
        shared.period_start,
        shared.period_end,
        shared.estimated,
        shared.plan_id,
        shared.plan_version,
        tuple(lines),
        changed(shared.explanation, lines=tuple(reasons)),
    )
