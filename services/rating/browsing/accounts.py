"""Accounts for people: a list of them, and a look-up by any number.

People type one number into one box. It may be an account, a service agreement, a meter, an invoice
or a usage id: each is looked for where it would be, and each has an index.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Select, literal, select, tuple_, union

from services.rating.browsing.marks import PAGE_ROWS, Sight
from services.rating.corrections import UsageState
from services.rating.scope import Scope
from services.rating.store import (
    ACCOUNTS,
    AGREEMENT_ENTRIES,
    AGREEMENTS,
    CHARGES,
    METERS,
    USAGE,
)
from services.rating.views import View
from shared.platform.database import ReadSession

FOUND_MAX: Final = 20


class AccountRow(View):
    """One service agreement in a list, as it stands after its last request."""

    account_number: str
    cca: str
    utility: str
    service_agreement_id: str
    customer_name: str
    city: str
    rate_code: str
    product: str | None
    status: str
    effective_on: date


class AccountPage(View):
    """A page of accounts, by number."""

    accounts: tuple[AccountRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """Something that bears the number somebody typed."""

    kind: str
    """`account`, `service agreement`, `meter`, `usage` or `invoice`."""
    cca: str
    utility: str
    account_number: str
    invoice_number: str | None = None


async def list_accounts(
    session: ReadSession, sight: Sight, after: str | None = None, limit: int = PAGE_ROWS
) -> AccountPage:
    """A page of accounts by number, with every service agreement of each.

    Args:
        session: reads.
        sight: whose accounts.
        after: the mark of the page before, `<account number>|<cca>|<utility>`.
        limit: accounts, not agreements.
    """
    a = ACCOUNTS.c
    picked = select(a.account_id, a.account_number, a.cca, a.utility).where(
        a.environment == sight.environment.value, a.cca.in_(sight.ccas)
    )
    if after:
        number, cca, utility = ["", "", *after.rsplit("|", 2)][-3:]  # none of ours: from the top
        picked = picked.where(tuple_(a.account_number, a.cca, a.utility) > (number, cca, utility))
    page = picked.order_by(a.account_number, a.cca, a.utility).limit(limit).subquery()
    agreement, entry = AGREEMENTS.c, AGREEMENT_ENTRIES.c
    latest = (
        select(AGREEMENT_ENTRIES)
        .where(entry.agreement_id == agreement.agreement_id)
        .order_by(entry.seq.desc())
        .limit(1)
        .lateral()
    )
    found = await session.execute(
        select(page, agreement.service_agreement_id, latest)
        .select_from(
            page.join(AGREEMENTS, agreement.account_id == page.c.account_id).join(
                latest, literal(value=True)
            )
        )
        .order_by(
            *(page.c.account_number, page.c.cca, page.c.utility),
            agreement.service_agreement_id,
        )
    )
    rows = tuple(AccountRow.model_validate(row, from_attributes=True) for row in found)
    keys = list(dict.fromkeys((row.account_number, row.cca, row.utility) for row in rows))
    more = len(keys) == limit
    return AccountPage(accounts=rows, next="|".join(keys[-1]) if more else None)


async def look_up(session: ReadSession, sight: Sight, word: str) -> list[Found]:
    """Everything that bears a number exactly, at most twenty.

    An account that bears it under several names is told once, by the first.
    """
    found = await session.execute(union(*_places(sight, word)).limit(FOUND_MAX))
    ranked = sorted(found, key=lambda row: row.rank)
    told: dict[tuple[str, str, str | None], Found] = {}
    for row in ranked:
        key = (row.cca, row.account_number, row.invoice_number)
        told.setdefault(
            key, Found(row.kind, row.cca, row.utility, row.account_number, row.invoice_number)
        )
    return list(told.values())


def _places(sight: Sight, word: str) -> list[Select[*tuple[Any, ...]]]:
    """One question for each kind of number, each with an index of its own."""
    a, g, m, u, c = ACCOUNTS.c, AGREEMENTS.c, METERS.c, USAGE.c, CHARGES.c
    nothing: Any = literal(None).label("invoice_number")

    def told(rank: int, kind: str, *columns: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401
        return select(literal(rank).label("rank"), literal(kind).label("kind"), *columns)

    account = (a.cca, a.utility, a.account_number, nothing)
    registered = ACCOUNTS.join(AGREEMENTS)
    seen = [a.environment == sight.environment.value, a.cca.in_(sight.ccas)]
    usage_seen = [u.environment == sight.environment.value, u.cca.in_(sight.ccas)]
    charge_seen = [c.environment == sight.environment.value, c.cca.in_(sight.ccas)]
    invoice: Any = c.invoice_number
    return [
        told(1, "account", *account).where(*seen, a.account_number == word),
        told(2, "service agreement", *account)
        .select_from(registered)
        .where(*seen, g.service_agreement_id == word),
        told(3, "meter", *account)
        .select_from(registered.join(METERS))
        .where(*seen, m.meter_number == word),
        told(4, "usage", u.cca, u.utility, u.account_number, nothing).where(
            *usage_seen, u.usage_id == word, u.state != UsageState.DUPLICATE.value
        ),
        told(
            5, "invoice", c.cca, c.utility, c.account_number, invoice.label("invoice_number")
        ).where(*charge_seen, c.invoice_number == word),
    ]


async def scopes_of(session: ReadSession, sight: Sight, account_number: str) -> list[Scope]:
    """Whose customer an account is or was, and who has sent usage of it, in order of name."""
    a, u = ACCOUNTS.c, USAGE.c
    found = await session.execute(
        union(
            select(a.cca, a.utility).where(
                a.account_number == account_number,
                a.environment == sight.environment.value,
                a.cca.in_(sight.ccas),
            ),
            select(u.cca, u.utility).where(
                u.account_number == account_number,
                u.environment == sight.environment.value,
                u.cca.in_(sight.ccas),
            ),
        )
    )
    return sorted(
        (Scope(row.cca, row.utility, sight.environment) for row in found),
        key=lambda scope: (scope.cca, scope.utility),
    )
