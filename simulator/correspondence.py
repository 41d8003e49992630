"""Keeps the utility's own book of the day: what went out, what came back, what is still open.

Every received file is read once, sorted by transaction set and remembered; whatever cannot be
right is written down as a problem at once, in words that name the document.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from simulator.answers import (
    Advice,
    EnrollmentAnswer,
    Invoice,
    Receipt,
    UnreadableAnswerError,
    read_advice,
    read_enrollment_answer,
    read_invoice,
    read_receipt,
)
from simulator.places import BACK_OFFICE
from simulator.service import ServiceRequest, is_request, read_request
from simulator.x12 import (
    FUNCTIONAL_IDS,
    Group,
    Interchange,
    Segment,
    Transaction,
    UnreadableFileError,
    read_interchanges,
)

if TYPE_CHECKING:
    from simulator.plan import DayPlan

RECEIPT: Final = "FA"


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file we sent: its group, and the ST02 of each set the back office ought to reject."""

    name: str
    set_id: str
    control: int
    transactions: int
    to_be_rejected: frozenset[str] = frozenset()

    @property
    def group(self) -> tuple[str, int]:
        """What a 997 names this file's group by: GS01 and GS06."""
        return FUNCTIONAL_IDS[self.set_id], self.control


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file we picked up; `numbers` pairs each group's GS01 with its GS06."""

    name: str
    controls: tuple[int, ...]
    numbers: tuple[tuple[str, int], ...]
    transactions: int


@dataclass(slots=True)
class Correspondence:
    """The book of one billing day."""

    plan: DayPlan
    sent: list[SentFile] = field(default_factory=list)
    received: list[ReceivedFile] = field(default_factory=list)
    receipts: dict[tuple[str, int], list[Receipt]] = field(
        default_factory=lambda: defaultdict(list)
    )
    enrollment_answers: dict[str, list[EnrollmentAnswer]] = field(
        default_factory=lambda: defaultdict(list)
    )
    invoices: list[Invoice] = field(default_factory=list)
    charged: dict[str, Invoice] = field(default_factory=dict)
    cancels: dict[str, Invoice] = field(default_factory=dict)
    advices: list[Advice] = field(default_factory=list)
    requests: list[ServiceRequest] = field(default_factory=list)
    interchange_notes: list[Segment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def receive(self, name: str, data: bytes) -> list[Group]:
        """Read one picked-up file into the book and return its groups that want a 997."""
        try:
            interchanges = read_interchanges(data)
        except (UnreadableFileError, ValueError) as error:
            self.problems.append(f"{name}: {error}")
            return []
        groups = [group for one in interchanges for group in one.groups]
        self.received.append(
            ReceivedFile(
                name,
                tuple(one.control for one in interchanges),
                tuple((group.functional_id, group.control) for group in groups),
                sum(len(group.transactions) for group in groups),
            )
        )
        for interchange in interchanges:
            self._check_addresses(name, interchange)
            self.interchange_notes += interchange.acknowledgments
        for group in groups:
            self._sort(name, group)
        return [group for group in groups if group.functional_id != RECEIPT]

    def _check_addresses(self, name: str, interchange: Interchange) -> None:
        if interchange.usage_indicator != self.plan.usage_indicator:
            self.problems.append(f"{name}: ISA15 is {interchange.usage_indicator}")
        parties = (interchange.sender, interchange.receiver)
        if parties != (BACK_OFFICE, self.plan.identity.duns):
            self.problems.append(f"{name}: sent from {parties[0]} to {parties[1]}")

    def _sort(self, name: str, group: Group) -> None:
        controls = [transaction.control for transaction in group.transactions]
        if len(set(controls)) != len(controls):
            self.problems.append(f"{name}: group {group.control} uses an ST02 twice")
        for transaction in group.transactions:
            try:
                self._file(transaction)
            except UnreadableAnswerError as error:
                self.problems.append(f"{name}: {error}")
            if FUNCTIONAL_IDS.get(transaction.set_id) != group.functional_id:
                self.problems.append(
                    f"{name}: a {transaction.set_id} stands in a group {group.functional_id}"
                )

    def _file(self, transaction: Transaction) -> None:
        if transaction.set_id == "997":
            receipt = read_receipt(transaction)
            self.receipts[receipt.functional_id, receipt.control].append(receipt)
        elif transaction.set_id == "814" and is_request(transaction):
            self.requests.append(read_request(transaction))
        elif transaction.set_id == "814":
            answer = read_enrollment_answer(transaction)
            self.enrollment_answers[answer.request_id].append(answer)
        elif transaction.set_id == "810":
            self._file_invoice(read_invoice(transaction))
        elif transaction.set_id == "824":
            self.advices.append(read_advice(transaction))
        else:
            self.problems.append(f"a {transaction.set_id} came, which nobody asked for")

    def _file_invoice(self, invoice: Invoice) -> None:
        self.invoices.append(invoice)
        known = self.cancels if invoice.is_cancel else self.charged
        key = invoice.original if invoice.is_cancel else invoice.reference
        if key in known:
            word = "cancelled" if invoice.is_cancel else "charged"
            self.problems.append(f"{key} is {word} twice: {known[key].number}, {invoice.number}")
        known.setdefault(key, invoice)

    def unanswered(self) -> list[str]:
        """Name the files we sent that want a 997 and have none yet."""
        return [file.name for file in self.to_be_receipted() if file.group not in self.receipts]

    def to_be_receipted(self) -> list[SentFile]:
        """Return the files we sent that want a 997: all but our own 997s."""
        return [file for file in self.sent if file.set_id != "997"]

    def advised(self) -> set[str]:
        """Return the ids of our documents that an 824 was about."""
        return {advice.about for advice in self.advices}

    def open_invoices(self) -> list[Invoice]:
        """Return the charges still owed: neither a cancel nor taken back by one."""
        return [
            invoice
            for invoice in self.invoices
            if not invoice.is_cancel and invoice.number not in self.cancels
        ]
