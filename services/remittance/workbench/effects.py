"""Shows what a plan would come to before anybody signs it: open and waiting, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.remittance.ledger.approvals import alone_cents
from services.remittance.placements import LineKey
from services.remittance.receivables import Scope
from services.remittance.workbench.desk import Workbench
from services.remittance.workbench.plans import Plan
from services.remittance.workbench.questions import chosen_charges, chosen_lines
from services.remittance.workbench.views import Change, ChargeRow, Effect, MoneyRow
from shared.contracts.measures import from_cents
from shared.platform.database import ReadSession, WriteSession


@dataclass(frozen=True, slots=True)
class Chosen:
    """Charges and lines that a plan is about."""

    charges: tuple[UUID, ...]
    lines: tuple[LineKey, ...]

    @classmethod
    def of(cls, plan: Plan) -> Chosen:
        """Everything that a plan names."""
        charges = {put.receivable_id for put in plan.puts if put.receivable_id is not None}
        charges |= {wish.receivable_id for wish in plan.write_offs}
        return cls(tuple(sorted(charges)), tuple(sorted({put.key for put in plan.puts})))


async def effect_of(desk: Workbench, scope: Scope, plan: Plan) -> Effect:
    """Try a plan and tell what it would come to.

    Raises:
        Refusal: it could not be done.
    """
    today, chosen = desk.clock.now().date(), Chosen.of(plan)

    async def seen(session: WriteSession) -> tuple[tuple[ChargeRow, ...], tuple[MoneyRow, ...]]:
        return await look_at(ReadSession(session), scope, chosen, today)

    (charges, lines), (charges_then, lines_then) = await desk.look(scope, plan, seen)
    return Effect(
        moved=from_cents(plan.moved_cents),
        written_off=from_cents(plan.written_off_cents),
        two_people=plan.moved_cents + plan.written_off_cents > alone_cents(scope.cca),
        charges=tuple(
            Change(name=before.invoice_number, before=before.open, after=after.open)
            for before, after in zip(charges, charges_then, strict=True)
        ),
        lines=tuple(
            Change(
                name=f"{before.trace_number} line {before.sequence}",
                before=before.unapplied,
                after=after.unapplied,
            )
            for before, after in zip(lines, lines_then, strict=True)
        ),
    )


async def look_at(
    session: ReadSession, scope: Scope, chosen: Chosen, today: date
) -> tuple[tuple[ChargeRow, ...], tuple[MoneyRow, ...]]:
    """Return the chosen charges and lines as they are.

    Raises:
        UnknownTarget, UnknownLine: one is not of this scope.
    """
    charges = await chosen_charges(session, scope, today, chosen.charges)
    return charges, await chosen_lines(session, scope, today, chosen.lines)
