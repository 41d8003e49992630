"""Keeps whether an account is a household's or a business's, as the rate codes of 814s say.

Each 814 is kept by its own, and the newest in force on a day counts, so the order in which they
are heard does not matter.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.dialects.postgresql import insert

from services.remittance.receivables import Scope
from services.remittance.store import ACCOUNT_CLASS
from shared.contracts.enrollment import EnrollmentReported
from shared.platform.database import WriteSession
from shared.platform.rate_families import is_residential

RESIDENTIAL: Final = "residential"
COMMERCIAL: Final = "commercial"


async def keep_classes(session: WriteSession, scope: Scope, body: EnrollmentReported) -> None:
    """Keep the class of every account whose 814 names a rate code; known 814s have no effect."""
    rows = [
        {
            **scope.values,
            "transaction_id": item.transaction_id,
            "account_number": item.account_number,
            "customer_class": RESIDENTIAL
            if is_residential(scope.utility, item.rate_code)
            else COMMERCIAL,
            "rate_code": item.rate_code,
            "effective_on": item.effective_on or item.requested_on,
            "requested_on": item.requested_on,
        }
        for item in body.items
        if item.rate_code
    ]
    if rows:
        await session.execute(insert(ACCOUNT_CLASS).on_conflict_do_nothing(), rows)
