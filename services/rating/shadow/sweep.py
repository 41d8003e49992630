"""Looks again at bills whose usage was charged by another way than its arrival.

Usage that waited is also charged by the activation of a tariff, by re-rating and by a person who
lets it go. None of them need know of shadow bills: this looks for bills that are overtaken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.rating.corrections import UsageState
from services.rating.messages import Occasion
from services.rating.scope import Scope
from services.rating.shadow.check import CHECK_BATCH, ShadowDesk
from shared.contracts.charges import InvoiceCheck
from shared.contracts.parts import Environment
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.lifecycle import Loop
from shared.platform.loops import look_every

LOOK_S: Final = 30.0

_OVERTAKEN: Final = text(
    """
    SELECT r.cca, r.utility, r.environment, r.transaction_id
    FROM rating.reported_invoices r
    WHERE r.state = :waiting AND EXISTS (
        SELECT 1 FROM rating.usage u
        WHERE u.account_number = r.account_number AND u.cca = r.cca AND u.utility = r.utility
          AND u.environment = r.environment AND u.state = ANY(:settled) AND u.purpose <> 'cancel'
          AND CASE WHEN r.body ? 'usage_id' THEN u.usage_id = r.body ->> 'usage_id'
              ELSE u.period_start = (r.body ->> 'period_start')::date
               AND u.period_end = (r.body ->> 'period_end')::date END)
    ORDER BY r.received_at, r.transaction_id LIMIT :many
    """
)


@dataclass(frozen=True, slots=True)
class ShadowSweep:
    """Checks bills that were overtaken, every half minute."""

    database: Database
    shadow: ShadowDesk
    clock: Clock

    def loop(self) -> Loop:
        """Look until the service ends."""
        return Loop("shadow bills", lambda: look_every(LOOK_S, self.look))

    async def look(self) -> int:
        """Check what was overtaken; returns how many bills were looked at.

        Of a bill that goes on waiting, for want of a price, nothing is written and nothing said.
        """
        values = {
            "waiting": InvoiceCheck.WAITING_FOR_USAGE.value,
            "settled": [UsageState.CHARGED.value, UsageState.NOT_BILLED.value],
            "many": CHECK_BATCH,
        }
        async with self.database.read() as session:
            found = (await session.execute(_OVERTAKEN, values)).all()
        by_scope: dict[Scope, list[UUID]] = {}
        for row in found:
            scope = Scope(row.cca, row.utility, Environment(row.environment))
            by_scope.setdefault(scope, []).append(row.transaction_id)
        for scope, transaction_ids in by_scope.items():
            async with self.database.unit_of_work() as session:
                occasion = Occasion(scope, self.clock.now())
                await self.shadow.check_again(session, occasion, transaction_ids, only_news=True)
        return len(found)
