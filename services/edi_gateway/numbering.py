"""Control numbers: gap-free for each partner and environment, never used twice.

A number is taken inside the unit of work that stores the bytes it stands in; if that unit of work
fails, the number was never taken. After 999 999 999 the count starts again at 1, as ISA13 has nine
digits.
"""

from __future__ import annotations

from sqlalchemy import case
from sqlalchemy.dialects.postgresql import insert

from services.edi_gateway.store import control_number
from shared.platform.database import WriteSession

CONTROL_NUMBER_MAX = 999_999_999
INTERCHANGE = "interchange"
GROUP = "group"


async def take(session: WriteSession, utility: str, environment: str, kind: str) -> int:
    """Return the next number; the row stays locked until the unit of work ends."""
    statement = insert(control_number).values(
        utility=utility, environment=environment, kind=kind, last=1
    )
    last = control_number.c.last
    taken = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["utility", "environment", "kind"],
            set_={"last": case((last >= CONTROL_NUMBER_MAX, 1), else_=last + 1)},
        ).returning(last)
    )
    return int(taken.scalar_one())


async def seed(session: WriteSession, utility: str, environment: str, kind: str, last: int) -> None:
    """Continue the count of a system that is being replaced: `last` is the last number it used.

    Raises:
        ValueError: `last` does not fit a control number.
    """
    if not 0 <= last <= CONTROL_NUMBER_MAX:
        msg = f"a control number lies between 0 and {CONTROL_NUMBER_MAX}, not {last}"
        raise ValueError(msg)
    await session.execute(
        insert(control_number)
        .values(utility=utility, environment=environment, kind=kind, last=last)
        .on_conflict_do_update(
            index_elements=["utility", "environment", "kind"], set_={"last": last}
        )
    )
