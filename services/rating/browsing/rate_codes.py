"""Which rate codes customers are on, how many on each, and by which plan each is billed.

A code that no plan knows holds every bill on it. It is seen here on the day the utility names it,
not on the day of the first 867.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from services.rating.browsing.marks import Sight
from services.rating.holds import RateNotFound
from services.rating.store import TERMS_COUNTS
from services.rating.tariffs.book import PriceBook
from services.rating.views import View
from shared.platform.database import ReadSession


class PlanShare(View):
    """How many agreements of a rate code are billed by one plan version, or by none."""

    plan_id: str | None
    """Absent where no plan is found."""
    version: str | None
    agreements: int
    why: str = ""
    """Why no plan is found."""


class RateCodeRow(View):
    """One rate code of a CCA's customers."""

    cca: str
    utility: str
    rate_code: str
    mapped_to: str | None
    """The plans' code for which it stands, where a person said so."""
    agreements: int
    unmapped: int
    """Agreements that no plan would bill today."""
    plans: tuple[PlanShare, ...]


async def list_rate_codes(
    session: ReadSession, sight: Sight, book: PriceBook | None, on: date
) -> list[RateCodeRow]:
    """Every rate code of active agreements, those without a plan first, then the most used.

    Args:
        session: reads.
        sight: whose customers.
        book: the active tariffs; nothing when there are none.
        on: the day for which plans are looked up.
    """
    found = await session.execute(_counts(sight))
    by_code: dict[tuple[str, str, str], list[Row[Any]]] = {}
    for row in found:
        by_code.setdefault((row.cca, row.utility, row.rate_code), []).append(row)
    rows = [_row(code, counted, book, on) for code, counted in by_code.items()]
    return sorted(rows, key=lambda row: (-row.unmapped, -row.agreements, row.cca, row.rate_code))


def _counts(sight: Sight) -> Any:  # noqa: ANN401  a select of six columns
    """Agreements that are served, by what selects a plan."""
    t = TERMS_COUNTS.c
    return select(
        t.cca, t.utility, t.rate_code, t.product, t.city, t.count.label("agreements")
    ).where(t.environment == sight.environment.value, t.cca.in_(sight.ccas), t.count > 0)


def _row(
    code: tuple[str, str, str], counted: Iterable[Row[Any]], book: PriceBook | None, on: date
) -> RateCodeRow:
    cca, utility, rate_code = code
    shares: Counter[tuple[str | None, str | None, str]] = Counter()
    for row in counted:
        shares[_plan(code, row, book, on)] += row.agreements
    known = book.plan_code(*code, on) if book else rate_code
    return RateCodeRow(
        cca=cca,
        utility=utility,
        rate_code=rate_code,
        mapped_to=known if known != rate_code else None,
        agreements=shares.total(),
        unmapped=sum(count for (plan_id, _, _), count in shares.items() if plan_id is None),
        plans=tuple(
            PlanShare(plan_id=plan_id, version=version, agreements=count, why=why)
            for (plan_id, version, why), count in shares.most_common()
        ),
    )


def _plan(
    code: tuple[str, str, str], row: Row[Any], book: PriceBook | None, on: date
) -> tuple[str | None, str | None, str]:
    if book is None:
        return None, None, "no tariffs are active"
    try:
        plan = book.select(book.key(*code, row.product or None, row.city, on), on, on)
    except RateNotFound as refusal:
        return None, None, refusal.detail
    return plan.plan_id, plan.version, ""
