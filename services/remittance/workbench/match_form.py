"""The form in which somebody says where money goes: a row for each line and charge.

What it proposes is the plan that leaves nothing waiting or nothing open; every amount may be
changed. An amount in a row is what moves, not what stands there: a negative one is taken off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from services.remittance.workbench.plans import CENTS_MAX, Plan, Put, Wish, propose
from services.remittance.workbench.rooms import BadForm
from services.remittance.workbench.sought import read_line
from services.remittance.workbench.views import (
    REASON_CHARS_MAX,
    ChargeRow,
    MoneyRow,
    Standing,
)
from shared.contracts.measures import from_cents, to_cents

ASIDE: Final = "aside"
ROWS_MAX: Final = 100
NO_DIFFERENCE: Final = "The difference is 0.00."


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row of the form.

    Attributes:
        name: of its field.
        line: the money.
        target: invoice number, or "" for setting aside.
        receivable_id: the charge.
        stands: what of the line is on it now.
        by_hand: what of that people put there.
        amount: what moves.
    """

    name: str
    line: MoneyRow
    target: str
    receivable_id: UUID | None
    stands: Decimal
    by_hand: Decimal
    amount: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The form: where money goes, and what is written off."""

    rows: tuple[GridRow, ...]
    offs: tuple[tuple[str, ChargeRow, str], ...]


def grid_of(
    charges: Sequence[ChargeRow],
    lines: Sequence[MoneyRow],
    stands: Mapping[str, Sequence[Standing]],
    said: Mapping[str, str],
) -> Grid:
    """Return the form for what is chosen.

    Args:
        charges: chosen, oldest first.
        lines: chosen, in the order of entry.
        stands: on which charges each line stands, by its mark.
        said: what was filled in already; without it the proposal is.
    """
    proposed = propose(
        [(line.key, to_cents(line.unapplied)) for line in lines],
        [(charge.receivable_id, to_cents(charge.open)) for charge in charges],
    )
    amounts = {
        _name(f"{put.transaction_id}.{put.sequence}", put.receivable_id): str(from_cents(put.cents))
        for put in proposed
    }
    rows = []
    for line in lines:
        standing = {one.receivable_id: one for one in stands[line.mark]}
        targets = {one.receivable_id: one.invoice_number for one in charges}
        targets |= {
            key: one.invoice_number or "" for key, one in standing.items() if one.by_hand and key
        }
        for key, number in [*targets.items(), (None, "")]:
            name, here = _name(line.mark, key), standing.get(key)
            rows.append(
                GridRow(
                    name=name,
                    line=line,
                    target=number,
                    receivable_id=key,
                    stands=here.applied if here else Decimal(0),
                    by_hand=here.by_hand if here else Decimal(0),
                    amount=said.get(name, "") if said else amounts.get(name, ""),
                )
            )
    many = len(rows) > ROWS_MAX
    kept = [row for row in rows if row.amount or row.by_hand] if many else rows
    offs = tuple(
        (f"off:{one.receivable_id}", one, said.get(f"off:{one.receivable_id}", ""))
        for one in charges
    )
    return Grid(tuple(kept), offs)


def plan_of(said: Mapping[str, str]) -> Plan:
    """Read the plan out of a form.

    Raises:
        BadForm: an amount cannot be read, or nothing moves.
    """
    puts: list[Put] = []
    wishes: list[Wish] = []
    try:
        for name, value in said.items():
            kind, _, place = name.partition(":")
            if kind not in {"put", "off"} or not value:
                continue
            cents = _cents(value)
            if not cents:
                continue
            if kind == "off":
                wishes.append(Wish(receivable_id=UUID(place), cents=cents))
                continue
            mark, _, target = place.partition(":")
            key = read_line(mark)
            puts.append(
                Put(
                    transaction_id=key.transaction_id,
                    sequence=key.sequence,
                    receivable_id=None if target == ASIDE else UUID(target),
                    cents=cents,
                )
            )
        return Plan(puts=tuple(puts), write_offs=tuple(wishes))
    except ValidationError as wrong:
        raise BadForm("Nothing moves yet: say where money goes, or what is written off.") from wrong
    except ValueError as wrong:
        raise BadForm("The form is damaged; load the page again.") from wrong


def reason_of(said: Mapping[str, str], plan: Plan, difference: Decimal) -> str:
    """Return why; it may be left out where what is chosen pays itself to the cent.

    Args:
        said: what was filled in.
        plan: what the form asks for.
        difference: of the money and the charges chosen.

    Raises:
        BadForm: it is missing.
    """
    reason = said.get("reason", "")[:REASON_CHARS_MAX]
    if reason:
        return reason
    plain = plan.puts and all(put.receivable_id is not None for put in plan.puts)
    if not difference and plain and not plan.write_offs:
        return NO_DIFFERENCE
    raise BadForm("Say why: the reason is kept with the entries.")


def _name(mark: str, receivable_id: UUID | None) -> str:
    return f"put:{mark}:{receivable_id or ASIDE}"


def _cents(value: str) -> int:
    """Read an amount as people write it.

    Raises:
        BadForm: it is none, or has fractions of a cent.
    """
    try:
        amount = Decimal(value.replace(",", "").replace("$", "").replace("\N{MINUS SIGN}", "-"))
        cents = to_cents(amount)
    except (InvalidOperation, ValueError, ArithmeticError) as wrong:
        raise BadForm(f"{value[:40]} is no amount in dollars and cents.") from wrong
    if abs(cents) > CENTS_MAX:
        raise BadForm(f"{value[:40]} is too much.")
    return cents
