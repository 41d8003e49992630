"""Writes where bills stand, and keeps the counts of their batches with them.

A bill and its batch are written in one statement, so they cannot part; everybody who writes here
holds the lock of the scope. Counting again from the bills must give the same counts, which
`recount` is there to show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Date, DateTime, Integer, Text, Uuid, bindparam, text
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.types import TypeEngine

from services.rating.accounts import Register
from services.rating.corrections import ChargeDraft, UsageRecord, UsageState
from services.rating.desk import DeskOutcome
from services.rating.messages import Occasion
from services.rating.progress.roster import RosterKey, roster_cycle
from services.rating.progress.stages import CLOSED, Stage, month_of, stage_of
from services.rating.review.gate import ReviewGate
from services.rating.review.window import BillWindow, Deadline
from services.rating.scope import Scope
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageItem
from shared.platform.database import WriteSession
from shared.platform.values import value

COVERED: Final = "covered"
"""Agreements of the roster that have a bill, whatever its stage."""
UNKNOWN: Final = "unknown"
"""Agreements that have one and are not on the roster."""
ROSTER: Final = "roster"
"""By how many the roster changes from a month on."""


@value(frozen=True, slots=True)
class Place:
    """Where one bill stands now; what is None stays as it was.

    Attributes:
        agreement: its service agreement as the register knows it.
        is_expected: its agreement is on the month's roster.
        month: of the closing read.
        charge_id: the charge in force, once there is one.
    """

    transaction_id: UUID
    purpose: Purpose
    account_number: str
    stage: Stage
    reason: str = ""
    agreement: str | None = None
    is_expected: bool | None = None
    bill_cycle: str | None = None
    month: date | None = None
    charge_id: UUID | None = None
    deadline: Deadline | None = None


_OWN: Final[Mapping[str, TypeEngine[Any]]] = {
    "transaction_id": Uuid(),
    "account_number": Text(),
    "service_agreement_id": Text(),
    "charge_id": Uuid(),
    "alike": Integer(),
}
"""What each bill says by itself; `alike` is the place in `_SHARED` of what it says with others."""

_SHARED: Final[Mapping[str, TypeEngine[Any]]] = {
    "purpose": Text(),
    "is_expected": Boolean(),
    "bill_cycle": Text(),
    "month": Date(),
    "stage": Text(),
    "reason": Text(),
    "is_open": Boolean(),
    "due_at": DateTime(timezone=True),
    "basis": Text(),
}
"""What most bills of a batch say alike: sent once, because the driver looks at every element."""


def typed(statement: str, columns: Mapping[str, TypeEngine[Any]]) -> TextClause:
    """A statement whose named parameters are columns of rows."""
    return text(statement).bindparams(
        *(bindparam(name, type_=ARRAY(kind)) for name, kind in columns.items())
    )


_ADD_COUNTS: Final = """
    INSERT INTO rating.batch_counts AS c
           (what, month, bill_cycle, reason, cca, utility, environment, count)
    SELECT what, month, bill_cycle, reason, :cca, :utility, :environment, n
      FROM changes WHERE n <> 0
    ON CONFLICT (what, month, bill_cycle, reason, cca, utility, environment)
    DO UPDATE SET count = c.count + excluded.count
"""


def counting(changes: str, columns: Mapping[str, TypeEngine[Any]]) -> TextClause:
    """A statement that adds its last part, `changes`, to the counts of batches."""
    return typed(changes + _ADD_COUNTS, columns)


# All parts of one statement see the bills as they were before it.
_PLACE: Final = counting(
    """
    WITH told AS (
        SELECT *
          FROM unnest(
                 :transaction_id, :account_number, :service_agreement_id, :charge_id, :alike
               ) AS own(transaction_id, account_number, service_agreement_id, charge_id, alike)
          JOIN unnest(
                 :purpose, :is_expected, :bill_cycle, :month, :stage, :reason, :is_open, :due_at,
                 :basis
               ) WITH ORDINALITY AS shared(
                 purpose, is_expected, bill_cycle, month, stage, reason, is_open, due_at, basis,
                 alike)
         USING (alike)
    ), was AS (
        SELECT b.* FROM rating.bills b JOIN told USING (transaction_id)
    ), said AS (
        SELECT t.transaction_id, t.purpose, t.account_number,
               coalesce(t.service_agreement_id, w.service_agreement_id) AS service_agreement_id,
               coalesce(t.is_expected, w.is_expected) AS is_expected,
               coalesce(t.bill_cycle, w.bill_cycle) AS bill_cycle,
               coalesce(t.month, w.month) AS month,
               t.stage, t.reason, t.is_open, coalesce(t.charge_id, w.charge_id) AS charge_id,
               coalesce(t.due_at, w.due_at) AS due_at, coalesce(t.basis, w.basis) AS basis
          FROM told t LEFT JOIN was w USING (transaction_id)
         WHERE coalesce(t.month, w.month) IS NOT NULL
    ), kept AS (
        INSERT INTO rating.bills AS b (
            transaction_id, cca, utility, environment, purpose, account_number,
            service_agreement_id, is_expected, bill_cycle, month, stage, reason, is_open,
            charge_id, due_at, basis)
        SELECT transaction_id, :cca, :utility, :environment, purpose, account_number,
               service_agreement_id, is_expected, bill_cycle, month, stage, reason, is_open,
               charge_id, due_at, basis
          FROM said
        ON CONFLICT (transaction_id) DO UPDATE SET
            service_agreement_id = excluded.service_agreement_id,
            is_expected = excluded.is_expected, bill_cycle = excluded.bill_cycle,
            month = excluded.month, stage = excluded.stage, reason = excluded.reason,
            is_open = excluded.is_open, charge_id = excluded.charge_id,
            due_at = excluded.due_at, basis = excluded.basis,
            sending = CASE WHEN excluded.charge_id = b.charge_id THEN b.sending ELSE 1 END,
            sent_at = CASE WHEN excluded.charge_id = b.charge_id THEN b.sent_at END,
            answered_at = CASE WHEN excluded.charge_id = b.charge_id THEN b.answered_at END,
            answer = CASE WHEN excluded.charge_id = b.charge_id THEN b.answer END,
            warned_at = CASE WHEN excluded.due_at = b.due_at THEN b.warned_at END,
            missed_at = CASE WHEN excluded.due_at = b.due_at THEN b.missed_at END
    ), moves AS (
        SELECT account_number, service_agreement_id, is_expected, bill_cycle, month, stage, reason,
               -1 AS n
          FROM was WHERE purpose <> 'cancel' AND stage <> 'gone'
        UNION ALL
        SELECT account_number, service_agreement_id, is_expected, bill_cycle, month, stage, reason,
               1
          FROM said WHERE purpose <> 'cancel' AND stage <> 'gone'
    ), touched AS (
        SELECT account_number, service_agreement_id, is_expected, bill_cycle, month, sum(n) AS n
          FROM moves GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0
    ), changes AS (
        SELECT stage AS what, month, bill_cycle, reason, sum(n) AS n
          FROM moves GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT CASE WHEN t.is_expected THEN 'covered' ELSE 'unknown' END, t.month, t.bill_cycle, '',
               sum((before.n + t.n > 0)::int - (before.n > 0)::int)
          FROM touched t CROSS JOIN LATERAL (
            SELECT count(*) AS n FROM rating.bills b
             WHERE b.account_number = t.account_number AND b.month = t.month
               AND b.cca = :cca AND b.utility = :utility AND b.environment = :environment
               AND b.service_agreement_id = t.service_agreement_id
               AND b.bill_cycle = t.bill_cycle AND b.is_expected = t.is_expected
               AND b.purpose <> 'cancel' AND b.stage <> 'gone'
          ) before
         GROUP BY 1, 2, 3, 4
    )
    """,
    {**_OWN, **_SHARED},
)

_ROSTER: Final = counting(
    """
    WITH changes AS (
        SELECT 'roster' AS what, month, bill_cycle, '' AS reason, n
          FROM unnest(:bill_cycle, :month, CAST(:change AS bigint[])) AS t(bill_cycle, month, n)
    )
    """,
    {"bill_cycle": Text(), "month": Date()},
)


async def place_bills(session: WriteSession, scope: Scope, places: Sequence[Place]) -> None:
    """Write where bills stand; the caller holds the scope's lock."""
    if not places:
        return
    shared: dict[tuple[object, ...], int] = {}
    own: list[tuple[object, ...]] = []
    for place in places:
        alike = shared.setdefault(_shared(place), len(shared) + 1)
        own.append(
            (place.transaction_id, place.account_number, place.agreement, place.charge_id, alike)
        )
    told = {**_columns(_OWN, own), **_columns(_SHARED, shared)}
    await session.execute(_PLACE, told | scope.values)


def _columns(names: Iterable[str], rows: Iterable[tuple[object, ...]]) -> dict[str, list[object]]:
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


async def change_roster(
    session: WriteSession, scope: Scope, changes: Mapping[RosterKey, int]
) -> None:
    """Write how the number of agreements that are to be billed changes."""
    moved = {key: change for key, change in changes.items() if change}
    if not moved:
        return
    columns: dict[str, object] = {
        "bill_cycle": [cycle for cycle, _ in moved],
        "month": [month for _, month in moved],
        "change": list(moved.values()),
    }
    await session.execute(_ROSTER, columns | scope.values)


def places_of(
    occasion: Occasion,
    outcome: DeskOutcome,
    charges: Iterable[ChargeDraft],
    gate: ReviewGate | None,
    window: BillWindow | None,
) -> list[Place]:
    """Where the bills of an outcome stand.

    Args:
        occasion: whose bills, and when.
        outcome: what changed.
        charges: those of its charges that leave.
        gate: what judged them; it knows the register.
        window: the utility's clock.
    """
    made = {(charge.transaction_id, charge.purpose is Purpose.CANCEL): charge for charge in charges}
    found: list[Place] = []
    for record in (*outcome.added, *outcome.changed):
        if record.state is UsageState.DUPLICATE:
            continue
        charge = made.pop((record.transaction_id, record.purpose is Purpose.CANCEL), None)
        found.append(_placed(record, charge, gate))
    known = {place.transaction_id for place in found}
    found += [
        _rebilled(occasion, charge, window)
        for (key, is_cancel), charge in made.items()
        if not is_cancel and key not in known
    ]
    return found


def _placed(record: UsageRecord, charge: ChargeDraft | None, gate: ReviewGate | None) -> Place:
    stage, reason = stage_of(record)
    item = record.item
    charge_id = charge.charge_id if charge else None
    if item is None or gate is None:
        return Place(
            *(record.transaction_id, record.purpose, record.account_number, stage, reason),
            charge_id=charge_id,
        )
    month = month_of(record.period_end)
    agreement, is_expected, bill_cycle = _batch_of(record, item, month, gate.register)
    return Place(
        *(record.transaction_id, record.purpose, record.account_number, stage, reason),
        *(agreement, is_expected, bill_cycle, month, charge_id),
        gate.deadline_of(record.transaction_id, item.bill_due_on),
    )


def _batch_of(
    record: UsageRecord, item: UsageItem, month: date, register: Register
) -> tuple[str, bool, str]:
    """The agreement that usage is for, whether its bill is expected, and its bill cycle."""
    agreement = register.find(record.account_number, item.service_agreement_id)
    if agreement is None:
        return item.service_agreement_id or "", False, ""
    cycle = roster_cycle(agreement.entries, month)
    return agreement.service_agreement_id, cycle is not None, cycle or ""


def _rebilled(occasion: Occasion, charge: ChargeDraft, window: BillWindow | None) -> Place:
    """A bill that was rated again: its new charge is to leave as soon as usage that came today."""
    return Place(
        charge.transaction_id,
        Purpose.ORIGINAL,
        charge.account_number,
        Stage.CHARGED,
        charge_id=charge.charge_id,
        deadline=window.deadline(occasion.at, None) if window else None,
    )


def _shared(place: Place) -> tuple[object, ...]:
    due = place.deadline
    return (
        place.purpose,
        place.is_expected,
        place.bill_cycle,
        place.month,
        place.stage,
        place.reason,
        place.stage not in CLOSED,
        due.due_at if due else None,
        due.basis if due else None,
    )


RECOUNT: Final = """
    WITH live AS (
        SELECT * FROM rating.bills WHERE purpose <> 'cancel' AND stage <> 'gone'
    ), again AS (
        SELECT stage AS what, month, bill_cycle, reason, cca, utility, environment, count(*) AS n
          FROM live GROUP BY 1, 2, 3, 4, 5, 6, 7
        UNION ALL
        SELECT CASE WHEN is_expected THEN 'covered' ELSE 'unknown' END, month, bill_cycle, '',
               cca, utility, environment, count(DISTINCT (account_number, service_agreement_id))
          FROM live GROUP BY 1, 2, 3, 5, 6, 7
    )
    SELECT what, month, bill_cycle, reason, cca, utility, environment,
           coalesce(c.count, 0) AS counted, coalesce(a.n, 0) AS found
      FROM (SELECT * FROM rating.batch_counts WHERE what <> 'roster') c
      FULL JOIN again a USING (what, month, bill_cycle, reason, cca, utility, environment)
     WHERE coalesce(c.count, 0) <> coalesce(a.n, 0)
"""
"""Counts that are not what adding up the bills gives; there are none."""


def total_changes(changes: Iterable[Mapping[RosterKey, int]]) -> Counter[RosterKey]:
    """The changes of several agreements together."""
    total = Counter[RosterKey]()
    for each in changes:
        total.update(each)
    return total
