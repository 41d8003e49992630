"""Decides what the utility pays on which charge: in full, short, or paid and then taken back.

Pure planning: invoices in, one remittance a CCA out, so that a test can add up every cent
without a file or a connection.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

from simulator.dice import Dice, first_by_lot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from simulator.answers import Invoice
    from simulator.places import Cca


class Outcome(StrEnum):
    """How one charge was paid."""

    FULL = "full"
    SHORT = "short"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One RMR: what is paid on an invoice, in cents; negative when a payment is taken back."""

    invoice: str
    account: str
    reference: str
    paid_cents: int
    invoiced_cents: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Remittance:
    """One 820: everything the utility pays one CCA that day."""

    cca: Cca
    trace: str
    posted: date
    settled: date
    lines: tuple[PaymentLine, ...]

    @property
    def total_cents(self) -> int:
        """The sum of all lines: what the bank transfers (BPR02)."""
        return sum(line.paid_cents for line in self.lines)


@dataclass(frozen=True, slots=True)
class PaymentHabits:
    """The share of charges paid short, and of payments taken back; at least one each if not 0."""

    short_rate: float
    reversal_rate: float
    seed: int


def payment_lines(invoices: Sequence[Invoice], habits: PaymentHabits) -> list[PaymentLine]:
    """Plan the lines for a list of open charges, in the order of the invoices.

    Charges of zero or less are not paid: a credit stays with the CCA until it is used up.
    """
    owed = [invoice for invoice in invoices if invoice.total_cents > 0]
    short = ceil(len(owed) * habits.short_rate)
    reversed_ = ceil(len(owed) * habits.reversal_rate)
    lot = first_by_lot(short + reversed_, habits.seed, "payment", of=range(len(owed)))
    outcomes = dict.fromkeys(lot[:short], Outcome.SHORT)
    outcomes |= dict.fromkeys(lot[short:], Outcome.REVERSED)
    lines: list[PaymentLine] = []
    for place, invoice in enumerate(owed):
        lines += _lines(invoice, outcomes.get(place, Outcome.FULL), habits.seed)
    return lines


def plan_remittances(
    invoices: Sequence[Invoice],
    ccas: Sequence[Cca],
    habits: PaymentHabits,
    *,
    posted: date,
    settled: date,
    traces: dict[str, str],
) -> list[Remittance]:
    """Plan one remittance for each CCA that is owed something.

    `traces` gives the trace number (TRN02) for each CCA's key.
    """
    by_cca: dict[str, list[PaymentLine]] = defaultdict(list)
    owner = {invoice.number: invoice.cca_duns for invoice in invoices}
    for line in payment_lines(invoices, habits):
        by_cca[owner[line.invoice]].append(line)
    return [
        Remittance(cca, traces[cca.key], posted, settled, tuple(by_cca[cca.duns]))
        for cca in ccas
        if by_cca[cca.duns]
    ]


def _lines(invoice: Invoice, outcome: Outcome, seed: int) -> list[PaymentLine]:
    def line(paid_cents: int) -> PaymentLine:
        return PaymentLine(
            invoice.number,
            invoice.account,
            invoice.reference,
            paid_cents,
            invoice.total_cents,
            outcome,
        )

    if outcome is Outcome.SHORT:
        percent = Dice(seed, "short", invoice.reference).between(40, 95)
        return [line(invoice.total_cents * percent // 100)]
    if outcome is Outcome.REVERSED:
        return [line(invoice.total_cents), line(-invoice.total_cents)]
    return [line(invoice.total_cents)]
