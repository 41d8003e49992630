"""How much a utility's bill may differ from ours: a figure that people set, with who and why."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.rating.scope import Scope
from services.rating.shadow.compare import Tolerance
from services.rating.store import SHADOW
from shared.platform.database import ReadSession, WriteSession


async def load_tolerance(session: ReadSession | WriteSession, scope: Scope) -> Tolerance:
    """What is tolerated at a CCA and utility now; the program's own figures until one is set."""
    t = SHADOW.tolerances.c
    names = [name.name for name in fields(Tolerance)]
    found = await session.execute(
        select(*(t[name] for name in names))
        .where(t.cca == scope.cca, t.utility == scope.utility)
        .order_by(t.seq.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return Tolerance() if row is None else Tolerance(*row)


async def set_tolerance(
    session: WriteSession, scope: Scope, tolerance: Tolerance, by: str, reason: str, at: datetime
) -> None:
    """Say what is tolerated from now on; what was said before stays on record."""
    await session.execute(
        insert(SHADOW.tolerances).values(
            cca=scope.cca,
            utility=scope.utility,
            **asdict(tolerance),
            set_by=by,
            reason=reason,
            set_at=at,
        )
    )
