"""Finds what each line of a payment pays, and says why in one sentence.

A line is for the invoice it names; else for the charge of the usage it names (REF*6O, our 867
BPT02); else for its account, oldest charge first. A utility's rules may try the usage first, or
leave accounts out. A line that names an invoice or usage we do not know waits: it is never guessed
onto another charge. Each invoice is settled from all lines that ever named it, in the order in
which they were entered, so a cancel, a reversal or a late 810 gives the same books whatever
arrived first. What people have written off is paid again by a line that names the charge, and
never by money that names only an account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.remittance.account_money import AccountMoney
from services.remittance.by_hand import placed_by_hand
from services.remittance.placements import Book, Line, Placement, dollars
from services.remittance.receivables import Receivable
from services.remittance.rules import DEFAULT_RULES, MatchingRules
from services.remittance.settlement import Settlement, settle_alone
from shared.contracts.remittance import RemittanceLineKind, RemittanceOutcome

Outcome = RemittanceOutcome


def match(
    lines: Sequence[Line], book: Book, rules: MatchingRules = DEFAULT_RULES
) -> tuple[Placement, ...]:
    """Place new lines, and place again what their receivables' changes have moved.

    Args:
        lines: new lines in the order of the 820; may be empty when only receivables changed.
        book: the receivables and earlier placements they can touch.
        rules: the utility's.

    Returns:
        A placement for every new line and for every earlier line whose place has changed, in the
        order of entry. `applied + unapplied + adjusted` is the amount of each.

    Raises:
        ConservationError: a bug; nothing of the batch may be written.
    """
    everything = [placement.line for placement in book.history]
    if book.changed:
        everything = [book.changed.get(line.key, line) for line in everything]
    everything += lines
    placed: dict[int, Placement] = {}
    named = _Named()
    account_places = _sort(everything, book.receivables, rules, placed, named)
    room = _settle(everything, named, book.receivables, rules, placed)
    if account_places:
        open_cents: dict[UUID, int] = {}
        for place, receivable in enumerate(book.receivables):
            left = room.get(place, receivable.owed_cents)
            open_cents[receivable.receivable_id] = left - receivable.written_off_cents(left)
        before = {placement.line.key: placement for placement in book.history}
        money = AccountMoney(book.receivables, open_cents, before, book.known_accounts, rules)
        places = {everything[place].key: place for place in account_places}
        for each in money.place([everything[place] for place in account_places]):
            placed[places[each.line.key]] = each
    for place, line in enumerate(everything):
        if line.key.part:
            placed[place] = placed_by_hand(placed[place])
    known = len(book.history)
    moved = [placed[place] for place in range(known) if placed[place] != book.history[place]]
    moved += [placed[place] for place in range(known, len(everything))]
    return tuple(moved)


@dataclass(slots=True)
class _Named:
    """Places of lines by the place of the receivable they name.

    Nearly every receivable is named once; a list for each would cost more than settling it.
    """

    first: dict[int, int] = field(default_factory=dict)
    all: dict[int, list[int]] = field(default_factory=dict)


def _sort(
    everything: Sequence[Line],
    receivables: Sequence[Receivable],
    rules: MatchingRules,
    placed: dict[int, Placement],
    named: _Named,
) -> list[int]:
    """Tell lines by what they are for, and place those that are for no charge.

    Returns:
        Places of account money.
    """
    find = _Finder(receivables, rules).find
    first = named.first
    account_places: list[int] = []
    payment = RemittanceLineKind.PAYMENT
    for place, line in enumerate(everything):
        if line.kind is not payment:
            placed[place] = _adjusted(line, rules)
            continue
        found = find(line)
        if found is not None:
            if found in first:
                named.all.setdefault(found, [first[found]]).append(place)
            else:
                first[found] = place
        elif line.is_account_money and rules.pays_accounts:
            account_places.append(place)
        else:
            placed[place] = _unknown(line)
    return account_places


def _settle(
    everything: Sequence[Line],
    named: _Named,
    receivables: Sequence[Receivable],
    rules: MatchingRules,
    placed: dict[int, Placement],
) -> dict[int, int]:
    """Settle every charge that lines name; tells what they leave open, by place of the charge."""
    room: dict[int, int] = {}
    plain, often = rules.plain, named.all
    for found, place in named.first.items():
        receivable = receivables[found]
        if plain and found not in often:
            alone = settle_alone(receivable, everything[place])
            if alone is not None:
                placed[place] = alone
                room[found] = alone.open_cents or 0
                continue
        places = often.get(found, [place])
        settlement = Settlement(receivable, [everything[each] for each in places], rules)
        placed.update(zip(places, settlement.placements(), strict=True))
        room[found] = settlement.open_cents
    return room


class _Finder:
    """Finds the receivable a line names, by its place among the receivables."""

    def __init__(self, receivables: Sequence[Receivable], rules: MatchingRules) -> None:
        self._receivables = receivables
        self._by_invoice: dict[str | None, int] = {
            each.invoice_number: place for place, each in enumerate(receivables)
        }
        self._by_usage: dict[str, int] | None = None
        self._usage_first = rules.usage_first

    def find(self, line: Line) -> int | None:
        """Return the receivable by invoice number, else by usage, or the other way round."""
        if self._usage_first:
            found = self._of_usage(line.usage_id)
            return self._by_invoice.get(line.invoice_number) if found is None else found
        found = self._by_invoice.get(line.invoice_number)
        return self._of_usage(line.usage_id) if found is None else found

    def _of_usage(self, usage_id: str | None) -> int | None:
        if usage_id is None:
            return None
        if self._by_usage is None:
            # One usage may have been charged twice (cancelled, then rated again): the live one
            # counts.
            order = sorted(
                range(len(self._receivables)), key=lambda n: _liveliness(self._receivables[n])
            )
            usages = ((self._receivables[place].usage_id, place) for place in order)
            self._by_usage = {usage: place for usage, place in usages if usage is not None}
        return self._by_usage.get(usage_id)


def _liveliness(receivable: Receivable) -> tuple[bool, int, str]:
    return (
        not receivable.is_cancelled,
        -receivable.dated_on.toordinal(),
        receivable.invoice_number,
    )


def _adjusted(line: Line, rules: MatchingRules) -> Placement:
    fee = line.kind is RemittanceLineKind.FEE
    what, where = ("Fee", "fees") if fee else ("Adjustment", "adjustments")
    name = rules.reason_name(line.reason_code)
    why = f" ({name})" if name else ""
    return Placement(
        line=line,
        outcome=Outcome.ADJUSTED,
        explanation=f"{what} of {dollars(line.amount_cents)} booked to {where}{why}.",
        applied={},
        adjusted_cents=line.amount_cents,
        credit_account=line.account_number or "",
    )


def _unknown(line: Line) -> Placement:
    if line.invoice_number is not None:
        what = f"No charge with invoice number {line.invoice_number} was sent yet"
    elif line.usage_id is not None:
        what = f"No charge for usage {line.usage_id} was sent yet"
    elif line.account_number is not None:
        what = f"The line names account {line.account_number} alone, and the rules ask for more"
    else:
        what = "The line names no invoice, usage or account"
    return Placement(
        line=line,
        outcome=Outcome.UNKNOWN,
        explanation=f"{what}; the money waits unapplied.",
        applied={},
        unapplied_cents=line.paying_cents,
        adjusted_cents=line.adjusting_cents,
        credit_account=line.account_number or "",
    )
