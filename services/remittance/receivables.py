"""What customers owe through the utility: one receivable for each charge that was really sent.

A charge exists for the utility once its 810 has control numbers and bytes, so `DocumentSent` is
what opens a receivable, and nothing earlier. Messages come in any order: a cancel may arrive before
the charge it cancels, and the verdict of a 997 or 824 before the document. Everything here is
therefore a function of *which* facts are known, never of their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.remittance.ledger.chart import chart
from shared.contracts.documents import DocumentSent, SentDocument
from shared.contracts.measures import to_cents
from shared.contracts.parts import Environment, Purpose
from shared.platform.values import value

CHARGE_SET = "810"
"""The only set whose documents are money owed; a sent 814 or 997 is not."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Whose money: one CCA with one utility in one environment; nothing ever crosses it."""

    cca: str
    utility: str
    environment: Environment

    @property
    def values(self) -> dict[str, str]:
        """The values by which a query keeps to this scope."""
        return {"cca": self.cca, "utility": self.utility, "environment": self.environment.value}

    @property
    def lock_name(self) -> str:
        """Name of the lock under which the money of this scope is moved, one at a time."""
        return f"remittance {self.cca} {self.utility} {self.environment}"


class Standing(StrEnum):
    """What the utility has said of the document: of its last sending the strongest word wins."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class DocumentEffect(StrEnum):
    """What a sent 810 did to the books."""

    OPENED = "opened"
    CANCELLED = "cancelled"
    WAITING = "waiting"
    """A cancel whose original has not been seen yet."""
    REFUSED = "refused"
    """It could not be entered; the audit names it until somebody has looked at it."""


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax within a charge, and the jurisdiction that is owed it."""

    code: str
    """TXI01."""
    jurisdiction: str
    cents: int


@value(frozen=True, slots=True)
class SentCharge:
    """One 810 as sent, reduced to what the books need; amounts in cents, signed."""

    transaction_id: UUID
    invoice_number: str
    original_invoice_number: str | None
    purpose: Purpose
    amount_cents: int | None
    usage_id: str | None
    account_number: str
    service_agreement_id: str | None
    dated_on: date
    period_start: date | None = None
    period_end: date | None = None
    taxes: tuple[Tax, ...] = ()


@value(frozen=True, slots=True)
class Receivable:
    """Money owed for one original 810; a credit invoice is owed negatively.

    Attributes:
        receivable_id: the outbound transaction of that 810.
        cancelled_cents: has the sign of `charged_cents` and never exceeds it.
        write_off_cents: what people decided to write off; in effect is what of it payments that
            name the charge leave open.
        taxes: what of the charge is tax; known where documents are entered, and nowhere else.
        is_void: whether any cancel took effect; tells for a charge of nothing, whose amounts don't.
    """

    receivable_id: UUID
    invoice_number: str
    account_number: str
    dated_on: date
    charged_cents: int
    cancelled_cents: int = 0
    usage_id: str | None = None
    standing: Standing = Standing.SENT
    write_off_cents: int = 0
    taxes: tuple[Tax, ...] = ()
    is_void: bool = False

    @property
    def owed_cents(self) -> int:
        """What is owed before any payment."""
        return self.charged_cents - self.cancelled_cents

    def written_off_cents(self, left: int) -> int:
        """Return what is written off in effect, signed as the charge.

        Args:
            left: what payments that name the charge leave open.
        """
        sign = self.sign
        return sign * max(0, min(sign * self.write_off_cents, sign * left))

    @property
    def owed_taxes(self) -> tuple[Tax, ...]:
        """The taxes on what is not cancelled: each in the proportion of the whole charge.

        A cancel is of the whole charge, as a rule; one of a part takes its share of every tax,
        rounded half away from zero, so that any two cancels come to the same in either order.
        """
        if not self.charged_cents:
            return () if self.is_void else self.taxes
        cancelled, charged = self.cancelled_cents, self.charged_cents
        return tuple(
            replace(tax, cents=tax.cents - share(tax.cents, cancelled, charged))
            for tax in self.taxes
        )

    @property
    def sign(self) -> int:
        """1 for a charge, -1 for a credit invoice."""
        return -1 if self.charged_cents < 0 else 1

    @property
    def is_cancelled(self) -> bool:
        """Whether a cancel has taken all of it away."""
        return self.charged_cents != 0 and self.owed_cents == 0


def share(cents: int, part: int, whole: int) -> int:
    """Return the share of an amount that a part has in a whole, rounded half away from zero."""
    product = cents * part
    size = (2 * abs(product) + abs(whole)) // (2 * abs(whole))
    return size if (product < 0) == (whole < 0) else -size


@value(frozen=True, slots=True)
class Entered:
    """What became of one sent 810.

    Attributes:
        document: the 810.
        effect: what it did.
        receivable_id: the receivable it opened or reduced.
        cents: change of what is owed: positive opens, negative cancels (mirrored for credits).
        note: why it was refused or cut short, for a person.
        taxes: change of what is owed to jurisdictions, within `cents`.
    """

    document: SentCharge
    effect: DocumentEffect
    receivable_id: UUID | None = None
    cents: int = 0
    note: str = ""
    taxes: tuple[Tax, ...] = ()


@dataclass(slots=True)
class Books:
    """The receivables and waiting cancels that a batch of documents can touch.

    Attributes:
        receivables: by invoice number.
        waiting: cancels whose original is not known yet, by the number of that original.
    """

    receivables: dict[str, Receivable] = field(default_factory=dict)
    waiting: dict[str, list[SentCharge]] = field(default_factory=dict)


def sent_charges(body: DocumentSent) -> tuple[SentCharge, ...]:
    """Return the 810s of a message; none when it tells of another set."""
    if body.set_id != CHARGE_SET:
        return ()
    return tuple(
        SentCharge(
            transaction_id=item.transaction_id,
            invoice_number=item.document_number,
            original_invoice_number=item.original_document_number,
            purpose=item.purpose,
            amount_cents=None if item.amount is None else to_cents(item.amount),
            usage_id=item.usage_id,
            account_number=item.account_number,
            service_agreement_id=item.service_agreement_id,
            dated_on=item.dated_on,
            period_start=item.period_start,
            period_end=item.period_end,
            taxes=_taxes(item),
        )
        for item in body.items
    )


def _taxes(item: SentDocument) -> tuple[Tax, ...]:
    """Return what each jurisdiction is owed; a city may be written in more than one way."""
    sums: dict[tuple[str, str], int] = {}
    for tax in item.taxes:
        key = (tax.code, chart().owed_to(tax.code, tax.jurisdiction))
        sums[key] = sums.get(key, 0) + to_cents(tax.amount)
    return tuple(Tax(code, owed, cents) for (code, owed), cents in sums.items() if cents)


def enter(documents: Sequence[SentCharge], books: Books) -> tuple[Entered, ...]:
    """Enter 810s into the books: originals open, cancels reduce, early cancels wait.

    Args:
        documents: 810s not entered before, each once.
        books: every receivable and waiting cancel that they name; updated in place.

    Returns:
        What each did, in order; a waiting cancel that an original sets free appears again.
    """
    entered: list[Entered] = []
    for document in documents:
        if document.amount_cents is None:
            entered.append(_refused(document, "The document carries no amount."))
        elif document.purpose is Purpose.ORIGINAL:
            entered.extend(_open(document, document.amount_cents, books))
        elif document.purpose is Purpose.CANCEL:
            entered.append(_cancel(document, document.amount_cents, books))
        else:
            entered.append(_refused(document, "A replacing 810 is not in use; send cancel and new"))
    return tuple(entered)


def _refused(document: SentCharge, note: str) -> Entered:
    return Entered(document, DocumentEffect.REFUSED, note=note)


def _open(document: SentCharge, cents: int, books: Books) -> Iterable[Entered]:
    if document.invoice_number in books.receivables:
        yield _refused(document, f"Invoice number {document.invoice_number} was used before.")
        return
    books.receivables[document.invoice_number] = Receivable(
        receivable_id=document.transaction_id,
        invoice_number=document.invoice_number,
        account_number=document.account_number,
        dated_on=document.dated_on,
        charged_cents=cents,
        usage_id=document.usage_id,
        taxes=document.taxes,
    )
    yield Entered(
        document,
        DocumentEffect.OPENED,
        document.transaction_id,
        cents,
        taxes=document.taxes,
    )
    for cancel in books.waiting.pop(document.invoice_number, []):
        yield _cancel(cancel, cancel.amount_cents or 0, books)


def _cancel(document: SentCharge, cents: int, books: Books) -> Entered:
    number = document.original_invoice_number
    if number is None:
        return _refused(document, "The cancel names no original invoice.")
    original = books.receivables.get(number)
    if original is None:
        books.waiting.setdefault(number, []).append(document)
        return Entered(document, DocumentEffect.WAITING)
    taken = cancellable_cents(original, cents)
    cancelled = original.cancelled_cents + taken
    left = replace(original, cancelled_cents=cancelled, is_void=True)
    books.receivables[number] = left
    note = "" if taken == cents else f"Invoice {number} had less than this left to cancel."
    effect = DocumentEffect.CANCELLED if taken or not cents else DocumentEffect.REFUSED
    taxes = _change(original.owed_taxes, left.owed_taxes)
    return Entered(document, effect, original.receivable_id, -taken, note, taxes)


def _change(before: Sequence[Tax], after: Sequence[Tax]) -> tuple[Tax, ...]:
    left = {(tax.code, tax.jurisdiction): tax.cents for tax in after}
    changes = (
        replace(tax, cents=left.get((tax.code, tax.jurisdiction), 0) - tax.cents) for tax in before
    )
    return tuple(tax for tax in changes if tax.cents)


def cancellable_cents(receivable: Receivable, cents: int) -> int:
    """Return how much of a cancel takes effect: never more than what is still owed.

    A cancel carries the amount as originally billed, not negated (Maine EBT Standards v3.0).
    """
    sign = receivable.sign
    return sign * max(0, min(sign * cents, sign * receivable.owed_cents))
