"""Checks at the end of the day that everything the utility can see is as it should be.

Each check compares the correspondence with the expectations and returns sentences, one for each
thing that is wrong; an empty list is a balanced day.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from simulator.documents import ccyymmdd
from simulator.x12 import element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.answers import Invoice, Receipt
    from simulator.correspondence import Correspondence, SentFile
    from simulator.expectations import Expectations

ACCEPTED: Final[set[str]] = {"A", "E"}
# A printed rate has five decimals, so rate × quantity may be off by half of the last one a kWh.
RATE_PRECISION: Final = Decimal("0.000005")
ONE_CENT: Final = Decimal(1)
ALREADY_ENROLLED_CODE: Final = "ABN"


def problems_of_the_day(book: Correspondence, expected: Expectations) -> list[str]:
    """Return every problem of the day, those met on the way first."""
    return [
        *book.problems,
        *_receipts(book),
        *_numbers(book, expected),
        *_enrollments(book, expected),
        *_charges(book, expected),
        *_cancels(book, expected),
        *(problem for one in book.invoices for problem in _invoice(one, expected)),
        *_advice(book, expected),
    ]


def numbering_gaps(book: Correspondence) -> list[str]:
    """Return the interchange control numbers missing between the lowest and the highest seen."""
    seen = {control for file in book.received for control in file.controls}
    if not seen:
        return []
    return [str(number) for number in range(min(seen), max(seen)) if number not in seen]


def _receipts(book: Correspondence) -> Iterator[str]:
    files = {file.group: file for file in book.to_be_receipted()}
    for group, receipts in book.receipts.items():
        file = files.get(group)
        if file is None:
            yield f"a 997 came for group {group[0]} {group[1]}, which was not sent in this run"
        elif len(receipts) > 1:
            yield f"{file.name} got {len(receipts)} 997s"
        else:
            yield from _verdict(file, receipts[0])


def _verdict(file: SentFile, receipt: Receipt) -> Iterator[str]:
    bad = len(file.to_be_rejected)
    wanted = ACCEPTED
    if bad:
        wanted = {"R"} if bad == file.transactions else {"P"}
    if receipt.verdict not in wanted:
        yield f"{file.name}: AK9 is {receipt.verdict}, expected {'/'.join(sorted(wanted))}"
    counts = (receipt.included, receipt.accepted)
    if counts != (file.transactions, file.transactions - bad):
        yield f"{file.name}: AK9 counts {counts}, sent {file.transactions} with {bad} broken"
    rejected = {control for control, verdict in receipt.sets.items() if verdict not in ACCEPTED}
    if {int(one) for one in rejected} != {int(one) for one in file.to_be_rejected}:
        yield f"{file.name}: rejects {sorted(rejected)}, expected {sorted(file.to_be_rejected)}"


def _numbers(book: Correspondence, expected: Expectations) -> Iterator[str]:
    controls = Counter(control for file in book.received for control in file.controls)
    groups = Counter(number for file in book.received for number in file.numbers)
    yield from (f"ISA13 {number} was used {n} times" for number, n in controls.items() if n > 1)
    yield from (
        f"GS06 {control} was used {n} times for {functional_id}"
        for (functional_id, control), n in groups.items()
        if n > 1
    )
    invoices = Counter(invoice.number for invoice in book.invoices)
    yield from (f"invoice number {one} came {n} times" for one, n in invoices.items() if n > 1)
    again = {f"{control:09d}" for control in expected.sent_again}
    for note in book.interchange_notes:
        number = element(note, 1)
        if element(note, 4) == "R" and number not in again:
            yield f"interchange {number} was rejected by TA1 with {element(note, 5)}"


def _enrollments(book: Correspondence, expected: Expectations) -> Iterator[str]:
    for id_, answers in book.enrollment_answers.items():
        if id_ not in expected.requests:
            yield f"an 814 response came to {id_}, which was not asked in this run"
            continue
        if len(answers) > 1:
            yield f"{id_} got {len(answers)} 814 responses"
        answer = answers[0]
        if id_ in expected.refused:
            if answer.accepted or ALREADY_ENROLLED_CODE not in answer.reasons:
                yield f"{id_} is enrolled already; answered {answer.reasons or 'accepted'}"
        elif not answer.accepted:
            yield f"{id_} was rejected: {', '.join(answer.reasons)}"


def _charges(book: Correspondence, expected: Expectations) -> Iterator[str]:
    # What is chargeable but uncharged was named when waiting for it ended; here is the reverse.
    for reference, invoice in book.charged.items():
        if reference not in expected.usage:
            if expected.usage:
                yield f"{invoice.number} charges {reference}, which was not sent in this run"
        elif reference not in expected.chargeable:
            yield f"{invoice.number} charges {reference}, which must not be charged"


def _cancels(book: Correspondence, expected: Expectations) -> Iterator[str]:
    charged = {invoice.number: invoice for invoice in book.charged.values()}
    for original, cancel in book.cancels.items():
        invoice = charged.get(original)
        if invoice is None:
            yield f"{cancel.number} cancels {original}, which did not come in this run"
            continue
        if invoice.reference not in expected.cancelled:
            yield f"{cancel.number} cancels {original}, whose usage was not cancelled"
        if cancel.total_cents != invoice.total_cents:
            yield f"{cancel.number} takes back {cancel.total_cents} of {invoice.total_cents} cents"


def _invoice(invoice: Invoice, expected: Expectations) -> Iterator[str]:
    total = sum(line.signed_cents for line in invoice.lines) + invoice.tax_cents
    if total != invoice.total_cents:
        yield f"{invoice.number}: TDS is {invoice.total_cents} cents, its lines add up to {total}"
    for line in invoice.lines:
        if line.rate is not None and line.quantity is not None:
            exact = abs(line.rate * line.quantity) * 100
            slack = ONE_CENT + abs(line.quantity) * RATE_PRECISION * 100
            if abs(exact - abs(line.signed_cents)) > slack:
                yield f"{invoice.number}: {line.text} is {line.signed_cents}, not {exact} cents"
    used = expected.usage.get(invoice.reference)
    if used is None or invoice.is_cancel:
        return
    account = used.account
    ours = (account.number, account.service_agreement, account.cca.duns)
    if (invoice.account, invoice.service_agreement, invoice.cca_duns) != ours:
        yield f"{invoice.number}: names another account or CCA than {invoice.reference}"
    if (invoice.start, invoice.end) != (ccyymmdd(used.start), ccyymmdd(used.end)):
        yield f"{invoice.number}: period {invoice.start}–{invoice.end} is not the usage's"


def _advice(book: Correspondence, expected: Expectations) -> Iterator[str]:
    for advice in book.advices:
        if advice.verdict != "TA" and advice.about in expected.chargeable:
            yield f"{advice.about} was turned down by 824: {', '.join(advice.reasons)}"
