"""Checks usage on its arrival, against the accounts' history, by the settings of the CCA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from uuid import UUID

from services.rating.accounts import Register
from services.rating.computing import compute
from services.rating.intervals.block import IntervalBlock
from services.rating.review.classes import CustomerClass, class_of
from services.rating.review.registry import AUDITS
from services.rating.review.settings import ReviewSettings
from services.rating.scope import Scope
from services.rating.usage import period_of
from services.rating.vee.check import Checked, Subject, check
from services.rating.vee.keeping import load_past
from services.rating.vee.rules import InForce, Settings
from shared.contracts.usage import UsageItem
from shared.platform.database import WriteSession

Readings = Mapping[UUID, tuple[IntervalBlock, ...]]

_ONE_DAY = timedelta(days=1)


async def check_arrived(
    session: WriteSession,
    scope: Scope,
    register: Register,
    settings: ReviewSettings,
    items: Sequence[UsageItem],
    readings: Readings,
) -> Checked:
    """Check usage that has just come; nothing is written.

    Args:
        session: where history is read, in one round trip.
        scope: whose customers they are.
        register: their agreements, which say the class of a customer.
        settings: how the CCA wants its checks.
        items: the usage.
        readings: of usage that came as intervals.
    """
    if not items:
        return Checked()
    accounts = frozenset(item.account_number for item in items)
    first = min(period_of(item)[0] for item in items)
    past = await load_past(session, scope, accounts, first)
    subjects = [
        Subject(item, class_of_usage(item, scope, register), readings.get(item.transaction_id, ()))
        for item in items
    ]
    return await compute(check, subjects, past, settings_of(settings))


def settings_of(settings: ReviewSettings) -> Settings:
    """Tell checks how a CCA wants them: as it wants its audits of the same code."""

    @cache
    def found(code: str, customer_class: str) -> InForce | None:
        setting = settings.of(AUDITS[code], CustomerClass(customer_class))
        return InForce(setting.mode.value, setting.limits) if setting.enabled else None

    return found


def class_of_usage(item: UsageItem, scope: Scope, register: Register) -> str:
    """The class of an 867's customer, by the rate code of the register, else of the 867 itself."""
    agreement = register.find(item.account_number, item.service_agreement_id)
    entry = agreement.entry_on(period_of(item)[1] - _ONE_DAY) if agreement else None
    code = entry.terms.rate_code if entry else item.meters[0].rate_code or ""
    return class_of(scope.utility, code)
