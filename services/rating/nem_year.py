"""Works out the yearly settlement of customers who generate.

Once a year a CCA pays for energy that its customers sent beyond what they took. Who is owed what is
worked out here, from usage in force and from the credits that charges carried. Nothing is written:
`settlement` keeps what somebody prepared, and books it when somebody else approves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Text, cast, select

from services.rating.cash_out import cash_out_of
from services.rating.charging import whole
from services.rating.components.nem import CashOut, Settlement, settle_year
from services.rating.corrections import UsageState
from services.rating.scope import Scope
from services.rating.store import USAGE
from services.rating.store_accounts import among, in_scope, load_register
from services.rating.store_charges import load_banks
from services.rating.tariffs.book import PriceBook
from services.rating.usage import period_of, periods
from shared.contracts.parts import Purpose
from shared.contracts.usage import Direction, UsageItem
from shared.platform.database import ReadSession, WriteSession

_MARK: Final = f'%"{Direction.RECEIVED.value}"%'


@dataclass(frozen=True, slots=True)
class YearEnd:
    """What a service agreement's year of net metering ends in.

    Attributes:
        bills: billing periods of the year.
        balance_cents: credits after the last of them.
        settlement: what is paid, and how.
        settled_through: the last closing read of the year.
        current_cents: credits now; later bills may have used some.
        rate_micro: 1e-6 dollars per kWh, with the adder.
        policy: the rules that say so.
    """

    account_number: str
    service_agreement_id: str
    bills: int
    balance_cents: int
    settlement: Settlement
    settled_through: date
    current_cents: int
    rate_micro: int
    policy: CashOut

    @property
    def compensation_cents(self) -> int:
        """What the year puts into the customer's balance, for the next bills to apply."""
        return self.settlement.paid_cents if self.settlement.how == "bill_credit" else 0

    @property
    def ended_cents(self) -> int:
        """What the year takes out of the balance; never more than later bills have left."""
        kept = self.settlement.balance_cents - self.compensation_cents
        return -min(self.balance_cents - kept, max(self.current_cents, 0))

    @property
    def next_balance_cents(self) -> int:
        """The balance once the settlement is booked."""
        return self.current_cents + self.ended_cents + self.compensation_cents


async def settle_accounts(
    session: ReadSession | WriteSession,
    scope: Scope,
    book: PriceBook,
    year: tuple[date, date],
    nsc_micro: int,
) -> list[YearEnd]:
    """Settle every agreement of a CCA that sent energy in a year, by the policy of its plan.

    Agreements whose plan has no rules for a settlement, or settles in another month, are left out.

    Args:
        session: where usage and charges are read.
        scope: the CCA, utility and environment.
        book: the tariffs.
        year: billing periods that end after the first day, and not after the last.
        nsc_micro: the net surplus compensation rate, 1e-6 dollars per kWh.
    """
    items = await _usage(session, scope, year)
    accounts = frozenset(item.account_number for item in items)
    register = await load_register(session, scope, accounts)
    banks = await load_banks(session, scope, accounts, year[1])
    now = await load_banks(session, scope, accounts)
    by_agreement: dict[tuple[str, str], list[UsageItem]] = {}
    for item in items:
        key = (item.account_number, item.service_agreement_id or "")
        by_agreement.setdefault(key, []).append(item)
    found = []
    for key, theirs in sorted(by_agreement.items()):
        agreement = register.find(key[0], key[1] or None)
        policy = cash_out_of(agreement, scope, book, year[1])
        if policy is None or policy.month != year[1].month:
            continue
        balance = banks.get(key, 0)
        found.append(
            YearEnd(
                *(*key, len(theirs), balance),
                settle_year(policy, _surplus(theirs), balance, nsc_micro),
                settled_through=max(period_of(item)[1] for item in theirs),
                current_cents=now.get(key, 0),
                rate_micro=policy.price_micro(nsc_micro),
                policy=policy,
            )
        )
    return found


async def _usage(
    session: ReadSession | WriteSession, scope: Scope, year: tuple[date, date]
) -> list[UsageItem]:
    t = USAGE.c
    charged = [
        *in_scope(USAGE, scope),
        t.state == UsageState.CHARGED.value,
        t.purpose != Purpose.CANCEL.value,
        t.period_end > year[0],
        t.period_end <= year[1],
    ]
    sent = select(t.account_number).where(*charged, cast(t.body, Text).like(_MARK)).distinct()
    accounts = list(await session.scalars(sent))
    bodies = await session.scalars(
        select(t.body).where(*charged, among(t.account_number, accounts)).order_by(t.seq)
    )
    return [UsageItem.model_validate(body) for body in bodies]


def _surplus(items: Iterable[UsageItem]) -> int:
    """Energy received beyond what was delivered, in 1e-6 kWh."""
    return sum(
        whole(energy.received_micro) - whole(energy.energy_micro)
        for item in items
        for energy in periods(item)
    )
