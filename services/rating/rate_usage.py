"""Rates usage: from what the meter recorded to the printed lines of a charge.

Nothing is read and nothing is written here: the same usage, agreement and prices give the same
charge on any day, which is what makes a rebill, an explanation and an audit possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.rating.accounts import Agreement, Terms
from services.rating.charging import Line, PeriodPart
from services.rating.components import TimeOfUse
from services.rating.components.energy_surcharge import energy_surcharge
from services.rating.components.user_tax import user_tax
from services.rating.holds import (
    DeterminantMissing,
    Hold,
    IntervalsIncomplete,
    MeterMismatch,
    NotEnrolled,
    RateChangeUnconfirmed,
    RateNotFound,
    UsageHold,
)
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook, Span
from services.rating.tariffs.taxes import TaxDecision
from services.rating.usage import PeriodEnergy, is_estimated, period_of, periods, prorate
from shared.contracts.usage import Bucket, UsageItem


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a charge is what it is, for the person who has to answer for it."""

    plans: tuple[str, ...]
    sources: tuple[str, ...]
    parts: tuple[str, ...]
    user_tax: str
    prorated: bool


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class _Priced:
    """A part of the period together with what prices it."""

    part: PeriodPart
    span: Span
    product: str
    tax: TaxDecision


def rate(
    item: UsageItem, scope: Scope, agreement: Agreement | None, book: PriceBook, known_on: date
) -> Rated | Hold:
    """Price one usage item, or say why it cannot be priced.

    Args:
        item: the 867.
        scope: whose customer it is.
        agreement: the service agreement of the register, or `None` if there is none.
        book: all prices and taxes.
        known_on: the day whose knowledge of tariffs counts (bitemporal).
    """
    try:
        return _rate(item, scope, agreement, book, known_on)
    except UsageHold as reason:
        return reason.as_hold()


def _rate(
    item: UsageItem, scope: Scope, agreement: Agreement | None, book: PriceBook, known_on: date
) -> Rated:
    _refuse_gaps(item)
    energies = periods(item)
    start, end = period_of(item)
    terms = _terms(agreement, item, start, end)
    _refuse_other_meter(agreement, item)
    _refuse_other_rate(item, scope, terms, book)
    surcharge = book.taxes.surcharge_micro(start)
    priced = [part for energy in energies for part in _parts(energy, scope, terms, book, known_on)]
    if len(priced) > 1:
        priced = [_dated(each) for each in priced]
    lines = [line for each in priced for line in _lines(each, surcharge)]
    return Rated(
        period_start=start,
        period_end=end,
        estimated=is_estimated(item),
        plan_id="+".join(_distinct(each.span.plan.plan_id for each in priced))[:80],
        plan_version="+".join(_distinct(each.span.plan.version for each in priced))[:80],
        lines=tuple(lines),
        explanation=_explain(priced),
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
        raise RateChangeUnconfirmed(
            f"the usage says rate code {code}, the enrollment {', '.join(sorted(enrolled))}"
        )


def _parts(
    energy: PeriodEnergy,
    scope: Scope,
    terms: Sequence[tuple[date, Terms]],
    book: PriceBook,
    known_on: date,
) -> list[_Priced]:
    """Cut one period where its price changes, and divide its energy."""
    spans: list[tuple[Span, str, TaxDecision]] = []
    for index, (begins, term) in enumerate(terms):
        first = max(begins, energy.start)
        last = energy.end
        if index + 1 < len(terms):
            last = min(terms[index + 1][0], energy.end)
        if first < last:
            spans += _spans(scope, term, (first, last), book, known_on)
    if len(spans) == 1:
        span, product, tax = spans[0]
        part = PeriodPart(
            energy.start, energy.end, span.season, energy.energy_micro, energy.total_micro
        )
        return [_Priced(part, span, product, tax)]
    _refuse_unlike_buckets([span for span, _, _ in spans])
    return _divided(energy, spans)


def _spans(
    scope: Scope, term: Terms, days: tuple[date, date], book: PriceBook, known_on: date
) -> list[tuple[Span, str, TaxDecision]]:
    first, last = days
    key = book.key(scope.cca, scope.utility, term.rate_code, term.product, term.city)
    found = []
    changes = book.taxes.user_tax_changes(term.city)
    for span in book.spans(key, first, last, known_on):
        cuts = sorted({span.start, *(day for day in changes if span.start < day < span.end)})
        for begin, end in zip(cuts, [*cuts[1:], span.end], strict=True):
            tax = book.taxes.user_tax(term.city, begin)
            found.append((Span(begin, end, span.plan, span.season), key.product, tax))
    return found


def _refuse_unlike_buckets(spans: Sequence[Span]) -> None:
    """Days cannot divide energy between seasons whose buckets mean different hours."""
    if len({span.plan.buckets(span.season) for span in spans}) > 1:
        days = ", ".join(str(span.start) for span in spans[1:])
        raise DeterminantMissing(
            f"prices change on {days} to other buckets, and the 867 is not split there"
        )


def _divided(energy: PeriodEnergy, spans: Sequence[tuple[Span, str, TaxDecision]]) -> list[_Priced]:
    """Divide by days: the fallback when the 867 gives neither intervals nor a split."""
    days = [(span.end - span.start).days for span, _, _ in spans]
    buckets = {b: q for b, q in energy.energy_micro.items() if b is not Bucket.TOTAL}
    shares = {b: prorate(q, days) for b, q in (buckets or energy.energy_micro).items()}
    found = []
    for index, (span, product, tax) in enumerate(spans):
        used = {bucket: share[index] for bucket, share in shares.items()}
        part = PeriodPart(
            span.start, span.end, span.season, used, sum(used.values()), prorated=True
        )
        found.append(_Priced(part, span, product, tax))
    return found


def _dated(priced: _Priced) -> _Priced:
    p = priced.part
    part = PeriodPart(
        p.start, p.end, p.season, p.energy_micro, p.total_micro, prorated=p.prorated, dated=True
    )
    return _Priced(part, priced.span, priced.product, priced.tax)


def _lines(priced: _Priced, surcharge_micro: int) -> list[Line]:
    """The lines of one part: components in plan order, then surcharge, then user tax."""
    plan, part = priced.span.plan, priced.part
    lines: list[Line] = []
    for component in plan.components:
        if component.applies(priced.product, part.start):
            lines += component.lines(part, plan.pricing, lines)
    if not any(isinstance(component, TimeOfUse) for component in plan.components):
        raise RateNotFound(f"{plan.plan_id} has no generation price")
    lines += energy_surcharge(part, surcharge_micro, half_even=plan.half_even)
    tax = priced.tax
    return lines + user_tax(part, tax.city, tax.rate_micro, lines, half_even=plan.half_even)


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _explain(priced: Sequence[_Priced]) -> Explanation:
    plans = [each.span.plan for each in priced]
    return Explanation(
        plans=tuple(_distinct(f"{plan.plan_id} {plan.version}" for plan in plans)),
        sources=tuple(_distinct(plan.source for plan in plans)),
        parts=tuple(
            f"{each.part.start} to {each.part.end}: {each.part.season}, {each.product}"
            + (", energy divided by days" if each.part.prorated else "")
            for each in priced
        ),
        user_tax="; ".join(_distinct(_tax_words(each.tax) for each in priced)),
        prorated=any(each.part.prorated for each in priced),
    )


def _tax_words(tax: TaxDecision) -> str:
    if not tax.rate_micro:
        return f"{tax.city}: {tax.because}"
    percent = Decimal(tax.rate_micro).scaleb(-4).normalize()
    return f"{tax.city}: {tax.because}, rate {percent:f} %"
