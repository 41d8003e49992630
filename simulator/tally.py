"""Adds up a billing day into its report: documents, accounts and every cent.

Only counting happens here; judging is `balance`'s business.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from simulator.bank import account_of
from simulator.payments import Outcome, Remittance
from simulator.report import CcaSums, DayReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.answers import Invoice
    from simulator.correspondence import Correspondence
    from simulator.expectations import Expectations
    from simulator.places import Cca


def tally(
    book: Correspondence,
    expected: Expectations,
    *,
    rejected: Sequence[Invoice],
    remittances: Sequence[Remittance],
    problems: Sequence[str],
    seconds: dict[str, float],
) -> DayReport:
    """Build the report of a finished day."""
    plan = book.plan
    answers = [answer for some in book.enrollment_answers.values() for answer in some]
    return DayReport(
        utility=plan.utility,
        day=plan.day.isoformat(),
        settled=f"{plan.settled:%Y-%m-%d}",
        seed=plan.seed,
        accounts=plan.accounts,
        sent=_sent(book),
        received=_received(book),
        enrolled=sum(answer.accepted for answer in answers),
        enrollments_rejected=sum(not answer.accepted for answer in answers),
        usage_sent=len(expected.usage) + len(expected.cancelled),
        charged=len(book.charged),
        uncharged=tuple(sorted(expected.usage.keys() - book.charged.keys())),
        cancelled=len(book.cancels),
        advice_sent=tuple(invoice.number for invoice in rejected),
        advice_received=tuple(sorted(book.advised())),
        ccas=tuple(_sums(cca, book, rejected, remittances) for cca in plan.identity.ccas),
        deliberate=tuple(expected.deliberate),
        seconds=seconds,
        problems=tuple(problems),
    )


def _sent(book: Correspondence) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for file in book.sent:
        counts[file.set_id] += file.transactions
    return dict(counts)


def _received(book: Correspondence) -> dict[str, int]:
    counts = {
        "997": sum(len(receipts) for receipts in book.receipts.values()),
        "814": sum(len(answers) for answers in book.enrollment_answers.values()),
        "810": len(book.invoices),
        "824": len(book.advices),
    }
    return {set_id: count for set_id, count in counts.items() if count}


def _sums(
    cca: Cca,
    book: Correspondence,
    rejected: Sequence[Invoice],
    remittances: Sequence[Remittance],
) -> CcaSums:
    own = [invoice for invoice in book.invoices if invoice.cca_duns == cca.duns]
    lines = [line for one in remittances if one.cca is cca for line in one.lines]
    # A payment taken back is two lines, so invoices are counted, not lines.
    outcomes = Counter({line.invoice: line.outcome for line in lines}.values())
    return CcaSums(
        cca=cca.key,
        invoices=sum(not invoice.is_cancel for invoice in own),
        charged_cents=sum(one.total_cents for one in own if not one.is_cancel),
        cancelled_cents=sum(one.total_cents for one in own if one.is_cancel),
        rejected_cents=sum(one.total_cents for one in rejected if one.cca_duns == cca.duns),
        paid_cents=sum(line.paid_cents for line in lines),
        payment_lines=len(lines),
        paid_in_full=outcomes[Outcome.FULL],
        paid_short=outcomes[Outcome.SHORT],
        reversed=outcomes[Outcome.REVERSED],
        trace=next((one.trace for one in remittances if one.cca is cca), ""),
        bank_account=account_of(cca),
    )
