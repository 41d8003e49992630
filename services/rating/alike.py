"""Rates the ordinary accounts of a batch together: one plan and period, the same lines.

Most usage of a billing cycle is of one kind: one meter, energy by bucket, nothing estimated, one
set of terms. Such accounts share everything but their quantities, so the plan is compiled once and
the amounts of all of them come from the engine. What is out of the ordinary is not looked at here:
it is rated by itself, and so is a whole group that the engine cannot price exactly as the
components do. The first account of each group is rated both ways before the group is trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np

from services.rating.accounts import Register, Status, Terms
from services.rating.charging import Line
from services.rating.components.user_tax import share_rule
from services.rating.cutting import divided, priced_spans, refuse_unlike_buckets
from services.rating.engine import GroupQuantities, PriceSheet, compile_sheet, price_group
from services.rating.engine.parts import empty_parts
from services.rating.engine.pricing import line_quantities
from services.rating.engine.rows import Amounts
from services.rating.holds import Hold, UsageHold
from services.rating.rate_usage import Explanation, LineReason, Rated, rate
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook
from shared.contracts.parts import Purpose
from shared.contracts.usage import Bucket, Direction, Unit, UsageItem
from shared.platform.values import value

GROUP_MIN: Final = 4
"""Fewer accounts than this are not worth an array."""
REMEMBERED_MAX: Final = 4_000
"""Compiled groups kept, some tens of kilobytes each at most."""
LARGEST_MICRO: Final = 10**15
"""A thousand million kWh: sums and products of less fit into 64 bits."""


class Likeness(NamedTuple):
    """What accounts must share to be rated together."""

    scope: Scope
    rate_code: str
    product: str | None
    city: str
    start: date
    end: date
    buckets: tuple[Bucket, ...]
    known_on: date


@value(frozen=True, slots=True)
class _Member:
    item: UsageItem
    energy_micro: Mapping[Bucket, int]


@dataclass(frozen=True, slots=True)
class _Group:
    """A compiled group: the sheet, and from its first account the words of each line.

    `lines` has a line for each line of the sheet; `None` where the first account has none such.
    `order` is that of a bill: each part with its taxes.
    """

    sheet: PriceSheet
    days: tuple[int, ...]
    buckets: tuple[Bucket, ...]
    shared: Rated
    lines: tuple[Line | None, ...]
    plans: tuple[str, ...]
    order: tuple[int, ...]


@dataclass(slots=True)
class Groups:
    """Compiled groups, remembered as long as prices stay the same."""

    _book: PriceBook | None = None
    _groups: dict[Likeness, _Group | None] = field(default_factory=dict)

    def rate(
        self, items: Iterable[UsageItem], register: Register, book: PriceBook, asked: Asked
    ) -> dict[UUID, Rated]:
        """Rate what is alike; whatever is not in the answer is to be rated by itself.

        The answer for an item is what `rate_usage.rate` gives, line by line and word by word.
        """
        if self._book is not book or len(self._groups) > REMEMBERED_MAX:
            self._book, self._groups = book, {}
        groups = self._groups
        rated: dict[UUID, Rated] = {}
        for likeness, members in _sorted(items, register, asked).items():
            if likeness not in groups:
                if len(members) < GROUP_MIN:
                    continue
                groups[likeness] = _compiled(likeness, members[0].item, register, book)
            group = groups[likeness]
            if group is not None:
                rated |= _rate_group(group, members)
        return rated


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose customers the items are of, and whose day's knowledge of tariffs counts."""

    scope: Scope
    known_on: date


def _sorted(
    items: Iterable[UsageItem], register: Register, asked: Asked
) -> dict[Likeness, list[_Member]]:
    groups: dict[Likeness, list[_Member]] = {}
    for item in items:
        energy = _plain_energy(item)
        terms = _plain_terms(item, register) if energy else None
        if energy is None or terms is None:
            continue
        meter = item.meters[0]
        likeness = Likeness(
            asked.scope,
            terms.rate_code,
            terms.product,
            terms.city,
            meter.period_start,
            meter.period_end,
            tuple(energy),
            asked.known_on,
        )
        groups.setdefault(likeness, []).append(_Member(item, energy))
    return groups


def _plain_energy(item: UsageItem) -> dict[Bucket, int] | None:
    """Delivered energy of the only meter, by bucket; `None` unless it is all there is."""
    if len(item.meters) != 1 or item.intervals is not None or item.purpose is Purpose.CANCEL:
        return None
    energy: dict[Bucket, int] = {}
    meter = item.meters[0]
    for quantity, micro in zip(meter.quantities, meter.micro, strict=True):
        if (
            quantity.unit is not Unit.KWH
            or quantity.estimated
            or quantity.direction is not Direction.DELIVERED
            or quantity.bucket in energy
        ):
            return None
        if not 0 <= micro < LARGEST_MICRO:
            return None
        energy[quantity.bucket] = micro
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
    likeness: Likeness, first: UsageItem, register: Register, book: PriceBook
) -> _Group | None:
    """Compile a group and try it on its first account; `None` if it cannot be trusted."""
    agreement = register.find(first.account_number, first.service_agreement_id)
    shared = rate(first, likeness.scope, agreement, book, likeness.known_on)
    if isinstance(shared, Hold):
        return None
    try:
        group = _from_prices(likeness, shared, book)
    except UsageHold:  # each account is told its own reason
        return None
    if group is None:
        return None
    energy = _plain_energy(first)
    told = _rate_group(group, [_Member(first, energy)]) if energy else {}
    return group if told.get(first.transaction_id) == shared else None


def _from_prices(likeness: Likeness, shared: Rated, book: PriceBook) -> _Group | None:
    terms = Terms(likeness.rate_code, likeness.product, city=likeness.city)
    days = (likeness.start, likeness.end)
    cuts = priced_spans(days, likeness.scope, [(likeness.start, terms)], book, likeness.known_on)
    spans = [span for span, _, _ in cuts]
    if any(span.plan.nem is not None for span in spans):
        return None
    if len(spans) > 1:
        refuse_unlike_buckets(spans)
    width = len(likeness.buckets)
    columns = [
        {bucket: number * width + at for at, bucket in enumerate(likeness.buckets)}
        for number in range(len(spans))
    ]
    surcharge = book.taxes.surcharge_micro(likeness.start)
    sheet = compile_sheet(empty_parts(cuts), columns, surcharge)
    plain = all(step.kind == "user_tax" for step in sheet.steps)
    if not plain or any(kind == "demand" for kind, _ in sheet.sources):
        return None
    words = {line.line_id: line for line in shared.lines}
    plans = {reason.line_id: reason.plan for reason in shared.explanation.lines}
    return _Group(
        sheet,
        tuple((span.end - span.start).days for span in spans),
        likeness.buckets,
        shared,
        tuple(words.get(line.line_id) for line in sheet.lines),
        tuple(plans.get(line.line_id, "") for line in sheet.lines),
        tuple(sorted(range(len(sheet.lines)), key=lambda at: sheet.lines[at].part)),
    )


def _rate_group(group: _Group, members: Sequence[_Member]) -> dict[UUID, Rated]:
    sheet = group.sheet
    quantities = GroupQuantities(_matrix(group, members))
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


def _matrix(group: _Group, members: Sequence[_Member]) -> Amounts:
    """Energy in 1e-6 kWh: a row for each part and bucket, a column for each account."""
    if len(group.days) == 1:
        rows = [list(member.energy_micro.values()) for member in members]
    else:
        days = list(group.days)
        rows = [
            [micro for part in divided(member.energy_micro, days) for micro in part.values()]
            for member in members
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
    told = shared.explanation
    return Rated(
        shared.period_start,
        shared.period_end,
        shared.estimated,
        shared.plan_id,
        shared.plan_version,
        tuple(lines),
        Explanation(
            told.plans, told.sources, told.parts, told.user_tax, told.prorated, tuple(reasons)
        ),
    )
