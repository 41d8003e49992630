"""Cuts a service period where prices change, and gives each part the quantities used in it.

Quantities that the 867 gives for separate periods are used as they are; otherwise energy is divided
by days, and the lines say so. Where a customer generates, each part has what its plan nets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.rating.accounts import Terms
from services.rating.charging import Line, PeriodPart, whole
from services.rating.components.nem import NetBilling
from services.rating.holds import DeterminantMissing
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook, Span
from services.rating.tariffs.taxes import TaxDecision
from services.rating.usage import (
    PeriodEnergy,
    highest_demand,
    netted,
    prorate,
    refuse_generation,
)
from shared.contracts.usage import Bucket


@dataclass(frozen=True, slots=True)
class PricedPart:
    """A part of the period together with what prices it.

    `credits` are generation lines that only intervals give: what exports are paid. `hours` names
    the calendar, with its version, by which intervals were given to buckets.
    """

    part: PeriodPart
    span: Span
    product: str
    tax: TaxDecision
    credits: tuple[Line, ...] = ()
    hours: tuple[str, ...] = ()


def cut(
    energies: Sequence[PeriodEnergy],
    scope: Scope,
    terms: Sequence[tuple[date, Terms]],
    book: PriceBook,
    known_on: date,
) -> list[PricedPart]:
    """Cut the periods of one bill into parts with one price list each, oldest first.

    Args:
        energies: what was metered, for each period of the 867.
        scope: whose customer it is.
        terms: the terms in force, each with its first day.
        book: all prices and taxes.
        known_on: the day whose knowledge of tariffs counts.

    Raises:
        UsageHold: some day has no price, or quantities cannot be divided.
    """
    cuts = [
        (energy, priced_spans((energy.start, energy.end), scope, terms, book, known_on))
        for energy in energies
    ]
    bill = _Bill(
        start=energies[0].start,
        end=energies[-1].end,
        demand_micro=highest_demand(energies),
        demand_estimated=any(energy.demand_estimated for energy in energies),
        dated=sum(len(spans) for _, spans in cuts) > 1,
    )
    return [each for energy, spans in cuts for each in _of_period(bill, energy, spans)]


@dataclass(frozen=True, slots=True)
class _Bill:
    """What all parts of one bill share."""

    start: date
    end: date
    demand_micro: Mapping[Bucket, int]
    demand_estimated: bool
    dated: bool


def priced_spans(
    days: tuple[date, date],
    scope: Scope,
    terms: Sequence[tuple[date, Terms]],
    book: PriceBook,
    known_on: date,
) -> list[tuple[Span, str, TaxDecision]]:
    """Cut days `[start, end)` where terms, plan, season or city tax change, with what prices them.

    Raises:
        RateNotFound: some day has no plan, or more than one.
        TaxUnknown: the service address has no city.
    """
    spans: list[tuple[Span, str, TaxDecision]] = []
    for index, (begins, term) in enumerate(terms):
        first, last = max(begins, days[0]), days[1]
        if index + 1 < len(terms):
            last = min(terms[index + 1][0], days[1])
        if first < last:
            spans += _spans(scope, term, (first, last), book, known_on)
    return spans


def _spans(
    scope: Scope, term: Terms, days: tuple[date, date], book: PriceBook, known_on: date
) -> list[tuple[Span, str, TaxDecision]]:
    first, last = days
    key = book.key(scope.cca, scope.utility, term.rate_code, term.product, term.city, known_on)
    found = []
    taxes = book.taxes_on(known_on)
    changes = taxes.user_tax_changes(term.city)
    for span in book.spans(key, first, last, known_on):
        cuts = sorted({span.start, *(day for day in changes if span.start < day < span.end)})
        for begin, end in zip(cuts, [*cuts[1:], span.end], strict=True):
            tax = taxes.user_tax(term.city, begin)
            found.append((Span(begin, end, span.plan, span.season), key.product, tax))
    return found


def _of_period(
    bill: _Bill, energy: PeriodEnergy, spans: Sequence[tuple[Span, str, TaxDecision]]
) -> list[PricedPart]:
    if len(spans) == 1:
        span, product, tax = spans[0]
        return [PricedPart(_part(bill, energy, span, prorated=False), span, product, tax)]
    refuse_unlike_buckets([span for span, _, _ in spans])
    days = [(span.end - span.start).days for span, _, _ in spans]
    delivered = divided(energy.energy_micro, days)
    received = divided(energy.received_micro, days)
    found = []
    for index, (span, product, tax) in enumerate(spans):
        share = replace(
            energy,
            start=span.start,
            end=span.end,
            energy_micro=delivered[index],
            received_micro=received[index],
        )
        found.append(PricedPart(_part(bill, share, span, prorated=True), span, product, tax))
    return found


def divided(quantities: Mapping[Bucket, int], days: list[int]) -> list[dict[Bucket, int]]:
    """Divide by days: the fallback when the 867 gives neither intervals nor a split."""
    buckets = {b: q for b, q in quantities.items() if b is not Bucket.TOTAL}
    shares = {b: prorate(q, days) for b, q in (buckets or quantities).items()}
    return [
        {bucket: share[index] for bucket, share in shares.items()} for index in range(len(days))
    ]


def _part(bill: _Bill, energy: PeriodEnergy, span: Span, *, prorated: bool) -> PeriodPart:
    rules = span.plan.nem
    if rules is None:
        refuse_generation([energy])
    if isinstance(rules, NetBilling) and energy.received_micro:
        raise DeterminantMissing(
            f"{span.plan.plan_id} pays exports by the interval, the 867 has monthly quantities"
        )
    priced = netted(energy)
    return PeriodPart(
        energy.start,
        energy.end,
        span.season,
        priced,
        whole(priced),
        prorated=prorated,
        dated=bill.dated,
        received_micro=energy.received_micro,
        demand_micro=bill.demand_micro,
        estimated=energy.estimated,
        demand_estimated=bill.demand_estimated,
        period_start=bill.start,
        period_end=bill.end,
    )


def refuse_unlike_buckets(spans: Sequence[Span]) -> None:
    """Days cannot divide energy between seasons whose buckets mean different hours.

    Raises:
        DeterminantMissing: the spans price other buckets.
    """
    if len({span.plan.buckets(span.season) for span in spans}) > 1:
        days = ", ".join(str(span.start) for span in spans[1:])
        raise DeterminantMissing(
            f"prices change on {days} to other buckets, and the 867 is not split there"
        )
