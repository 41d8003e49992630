"""Counts how many agreements are served on which terms, as 814s change the register.

What a request changes follows from the agreement's history alone: the terms it had until then lose
one, those it has from now on win one. So nobody reads the register to know how many are on a rate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from sqlalchemy import BigInteger, Text

from services.rating.accounts import Entry, Status
from services.rating.enroll import DecidedRequest
from services.rating.progress.place import typed
from services.rating.scope import Scope
from shared.platform.database import WriteSession

TermsKey = tuple[str, str, str]
"""What selects a plan: rate code, product (empty for the CCA's default) and city."""

_ADD: Final = typed(
    """
    INSERT INTO rating.terms_counts AS c
           (rate_code, product, city, cca, utility, environment, count)
    SELECT rate_code, product, city, :cca, :utility, :environment, n
      FROM unnest(:rate_code, :product, :city, :change) AS t(rate_code, product, city, n)
    ON CONFLICT (rate_code, product, city, cca, utility, environment)
    DO UPDATE SET count = c.count + excluded.count
    """,
    {"rate_code": Text(), "product": Text(), "city": Text(), "change": BigInteger()},
)


async def count_terms(
    session: WriteSession, scope: Scope, decided: Iterable[DecidedRequest]
) -> None:
    """Count what some decided requests changed; the caller holds the scope's lock."""
    changes = terms_changes(decided)
    if not changes:
        return
    columns: dict[str, object] = {
        "rate_code": [key[0] for key in changes],
        "product": [key[1] for key in changes],
        "city": [key[2] for key in changes],
        "change": list(changes.values()),
    }
    await session.execute(_ADD, columns | scope.values)


def terms_changes(decided: Iterable[DecidedRequest]) -> dict[TermsKey, int]:
    """By how many each terms' agreements change; what comes to nothing is left out."""
    changes = Counter[TermsKey]()
    for one in decided:
        if one.entry is None:
            continue
        for entry, change in ((one.before[-1] if one.before else None, -1), (one.entry, 1)):
            key = _key(entry)
            if key is not None:
                changes[key] += change
    return {key: change for key, change in sorted(changes.items()) if change}


def _key(entry: Entry | None) -> TermsKey | None:
    if entry is None or entry.status is not Status.ACTIVE:
        return None
    return entry.terms.rate_code, entry.terms.product or "", entry.terms.city
