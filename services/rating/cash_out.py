"""Tells when and how the plan of a customer who generates pays out credits, if it does."""

from __future__ import annotations

from datetime import date

from services.rating.accounts import Agreement
from services.rating.components.nem import CashOut, NetMetering
from services.rating.holds import RateNotFound
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook


def cash_out_of(
    agreement: Agreement | None, scope: Scope, book: PriceBook, day: date
) -> CashOut | None:
    """How the plan of an agreement settles on a day; `None` where it does not."""
    entry = agreement.entry_on(day) if agreement else None
    if entry is None:
        return None
    terms = entry.terms
    try:
        key = book.key(scope.cca, scope.utility, terms.rate_code, terms.product, terms.city, day)
        rules = book.select(key, day, day).nem
    except RateNotFound:
        return None
    return rules.cash_out if isinstance(rules, NetMetering) else None
