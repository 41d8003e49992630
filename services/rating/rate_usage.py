"""Rates usage: from what the meter recorded to the printed lines of a charge.

Nothing is read and nothing is written here: the same usage, agreement and prices give the same
charge on any day, which is what makes a rebill, an explanation and an audit possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from services.rating.accounts import Agreement, Terms
from services.rating.charging import Line, PeriodPart, marked, rests_on_estimate
from services.rating.components.energy_surcharge import energy_surcharge
from services.rating.components.nem import bank_lines
from services.rating.components.user_tax import generation_cents, user_tax
from services.rating.cutting import PricedPart, cut
from services.rating.holds import (
    Hold,
    IntervalsIncomplete,
    MeterMismatch,
    NotEnrolled,
    RateChangeUnconfirmed,
    RateNotFound,
    UsageHold,
)
from services.rating.intervals.block import IntervalBlock
from services.rating.intervals.pricing import cut_blocks
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook
from services.rating.tariffs.taxes import TaxDecision
from services.rating.usage import is_estimated, period_of, periods
from shared.contracts.usage import UsageItem
from shared.platform.values import changed, value


@value(frozen=True, slots=True)
class LineReason:
    """Why one line is what it is; quantity and price stand on the line itself.

    `estimated` says that the line's quantity is, in whole or in part, the utility's estimate.
    """

    line_id: str
    rule: str
    plan: str
    usage_id: str
    estimated: bool = False


@value(frozen=True, slots=True)
class Explanation:
    """Why a charge is what it is, for the person who has to answer for it."""

    plans: tuple[str, ...]
    sources: tuple[str, ...]
    parts: tuple[str, ...]
    user_tax: str
    prorated: bool
    lines: tuple[LineReason, ...] = ()
    hours: tuple[str, ...] = ()
    """Of intervals: the calendars and holiday lists, with their versions."""


@value(frozen=True, slots=True)
class Rated:
    """Usage with its price: the lines of a charge that has no invoice number yet."""

    period_start: date
    period_end: date
    estimated: bool
    plan_id: str
    plan_version: str
    lines: tuple[Line, ...]
    explanation: Explanation

    @property
    def total_cents(self) -> int:
        """The sum of the rounded lines, which is the total by definition."""
        return sum(line.signed_cents for line in self.lines)


def rate(
    item: UsageItem,
    scope: Scope,
    agreement: Agreement | None,
    book: PriceBook,
    known_on: date,
    bank_cents: int = 0,
    *,
    readings: Sequence[IntervalBlock] = (),
) -> Rated | Hold:
    """Price one usage item, or say why it cannot be priced.

    Args:
        item: the 867.
        scope: whose customer it is.
        agreement: the service agreement of the register, or `None` if there is none.
        book: all prices and taxes.
        known_on: the day whose knowledge of tariffs counts (bitemporal).
        bank_cents: credits that net metering has carried to this bill.
        readings: what the meters recorded, of usage that came as intervals.
    """
    try:
        return _rate(item, scope, agreement, book, known_on, bank_cents, readings)
    except UsageHold as reason:
        return reason.as_hold()


def _rate(
    item: UsageItem,
    scope: Scope,
    agreement: Agreement | None,
    book: PriceBook,
    known_on: date,
    bank_cents: int,
    readings: Sequence[IntervalBlock],
) -> Rated:
    _refuse_gaps(item)
    start, end = period_of(item)
    terms = _terms(agreement, item, start, end)
    _refuse_other_meter(agreement, item)
    _refuse_other_rate(item, scope, terms, book)
    surcharge = book.taxes_on(known_on).surcharge_micro(start)
    if readings:
        parts = cut_blocks(item, readings, scope, terms, book, known_on)
    else:
        parts = cut(periods(item), scope, terms, book, known_on)
    printed = price_parts(parts, surcharge, bank_cents)
    return Rated(
        period_start=start,
        period_end=end,
        estimated=is_estimated(item),
        plan_id="+".join(_distinct(each.span.plan.plan_id for each in parts))[:80],
        plan_version="+".join(_distinct(each.span.plan.version for each in parts))[:80],
        lines=tuple(line for lines in printed for line in lines),
        explanation=_explain(parts, printed, item.usage_id),
    )


def _refuse_gaps(item: UsageItem) -> None:
    if item.intervals is not None and item.intervals.missing:
        raise IntervalsIncomplete(
            f"{item.intervals.missing} readings of {item.intervals.minutes} minutes are missing "
            f"beside {item.intervals.readings} that came"
        )


def _terms(
    agreement: Agreement | None, item: UsageItem, start: date, end: date
) -> list[tuple[date, Terms]]:
    """The terms in force over the period, each with its first day in it.

    Raises:
        NotEnrolled: unknown agreement, or not active on every day of the period.
    """
    if agreement is None:
        raise NotEnrolled(
            f"account {item.account_number} has no service agreement "
            f"{item.service_agreement_id or ''}".rstrip()
        )
    found = agreement.terms_between(start, end)
    if not found:
        raise NotEnrolled(
            f"account {item.account_number} is not active on every day from {start} to {end}"
        )
    return found


def _refuse_other_meter(agreement: Agreement | None, item: UsageItem) -> None:
    if agreement is None or not agreement.meters:
        return
    for meter in item.meters:
        if meter.meter_number not in agreement.meters:
            known = ", ".join(sorted(agreement.meters))
            raise MeterMismatch(
                f"meter {meter.meter_number} is not on the account, which has {known}"
            )


def _refuse_other_rate(
    item: UsageItem, scope: Scope, terms: Sequence[tuple[date, Terms]], book: PriceBook
) -> None:
    enrolled = {term.rate_code for _, term in terms}
    for meter in item.meters:
        code = meter.rate_code
        if code is None or code in enrolled:
            continue
        if not book.knows_rate_code(scope.cca, scope.utility, code):
            raise RateNotFound(f"no plan of {scope.cca} is for the rate code {code}")
        day = meter.period_start
        meant = {book.plan_code(scope.cca, scope.utility, one, day) for one in enrolled}
        if book.plan_code(scope.cca, scope.utility, code, day) in meant:
            continue
        raise RateChangeUnconfirmed(
            f"the usage says rate code {code}, the enrollment {', '.join(sorted(enrolled))}"
        )


def price_parts(
    parts: Sequence[PricedPart], surcharge_micro: int, bank_cents: int = 0
) -> list[list[Line]]:
    """Price the parts of one bill: the lines of each, in print order.

    Components come first, in plan order, then what exports are paid. Then the credits that
    generation moves between bills, with the last part. Then each part's surcharge and user tax.

    Raises:
        UsageHold: a part cannot be priced.
    """
    printed: list[list[Line]] = []
    billed = 0
    for each in parts:
        lines = _component_lines(each, billed)
        billed += generation_cents(lines)
        printed.append(lines)
    last, rules = parts[-1].part, parts[-1].span.plan.nem
    if rules is not None:
        moved = bank_lines(last, rules, billed, bank_cents)
        billed += generation_cents(moved)
        printed[-1] += moved
    left = max(billed, 0)
    for each, lines in zip(parts, printed, strict=True):
        taxes = _tax_lines(each, lines, surcharge_micro, left)
        if len(parts) > 1:
            left -= min(max(generation_cents(lines), 0), left)
        lines.extend(taxes)
    return [
        [marked(line, each.part) for line in lines] if each.part.has_estimates else lines
        for each, lines in zip(parts, printed, strict=True)
    ]


def _component_lines(priced: PricedPart, earlier_cents: int) -> list[Line]:
    plan = priced.span.plan
    part = priced.part
    if earlier_cents:
        part = changed(part, earlier_cents=earlier_cents)
    active = [c for c in plan.components if c.applies(priced.product, part.start)]
    if not any(component.prices_energy for component in active):
        raise RateNotFound(f"{plan.plan_id} has no generation price for {priced.product}")
    lines: list[Line] = []
    for component in active:
        lines += component.lines(part, plan.pricing, lines)
    return [*lines, *priced.credits]


def _tax_lines(
    priced: PricedPart, lines: Sequence[Line], surcharge_micro: int, left_cents: int
) -> list[Line]:
    """The surcharge and the user tax of one part.

    Where a customer generates, credits of one part pay for another: what the whole bill asks for
    is the most that is taxed.
    """
    plan, part, tax = priced.span.plan, priced.part, priced.tax
    found: list[Line] = []
    if "energy_surcharge" in plan.taxes:
        base = plan.nem.surcharge_base if plan.nem else "net"
        found += energy_surcharge(part, surcharge_micro, half_even=plan.half_even, base=base)
    if "user_tax" in plan.taxes:
        found += user_tax(
            part,
            tax.city,
            tax.rate_micro,
            lines,
            half_even=plan.half_even,
            base_cents_max=left_cents if plan.nem else None,
        )
    return found


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _explain(
    priced: Sequence[PricedPart], printed: Sequence[Sequence[Line]], usage_id: str
) -> Explanation:
    plans = [each.span.plan for each in priced]
    names = [f"{plan.plan_id} {plan.version}" for plan in plans]
    return Explanation(
        plans=tuple(_distinct(names)),
        sources=tuple(_distinct(plan.source for plan in plans)),
        parts=tuple(
            f"{each.part.start} to {each.part.end}: {each.part.season}, {each.product}"
            + (", energy divided by days" if each.part.prorated else "")
            + _estimate_words(each.part)
            for each in priced
        ),
        user_tax="; ".join(_distinct(_tax_words(each.tax) for each in priced)),
        prorated=any(each.part.prorated for each in priced),
        lines=tuple(
            _reason(line, each.part, name, usage_id)
            for each, name, lines in zip(priced, names, printed, strict=True)
            for line in lines
        ),
        hours=tuple(_distinct(words for each in priced for words in each.hours)),
    )


def _reason(line: Line, part: PeriodPart, plan: str, usage_id: str) -> LineReason:
    estimated = rests_on_estimate(line, part)
    rule = f"{line.rule}; the quantity is the utility's estimate" if estimated else line.rule
    return LineReason(line.line_id, rule, plan, usage_id, estimated)


def _estimate_words(part: PeriodPart) -> str:
    if part.estimated_intervals:
        return f", {part.estimated_intervals} intervals estimated by the utility"
    return ", estimated by the utility" if part.estimated else ""


def _tax_words(tax: TaxDecision) -> str:
    if not tax.rate_micro:
        return f"{tax.city}: {tax.because}"
    percent = Decimal(tax.rate_micro).scaleb(-4).normalize()
    return f"{tax.city}: {tax.because}, rate {percent:f} %"
