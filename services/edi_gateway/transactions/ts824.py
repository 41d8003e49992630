"""Reads a utility's 824 on a document of ours, and writes ours on a document of theirs.

Source: PJM 824 guide v6.1 (order, OTI01, OTI03), Ameren CPWG reason codes. A 997 is about syntax;
the 824 is about business: a rejected 810 means that our charges are not on the bill, a rejected 867
that we cannot bill. An 824 is never answered by an 824.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions.documents import Rejection
from services.edi_gateway.transactions.elements import write_date
from services.edi_gateway.transactions.facts import Fact, batches
from services.edi_gateway.transactions.reading import (
    OTHER,
    REASON_TEXT_MAX,
    Inspection,
    Reading,
    header_places,
    reference,
)
from services.edi_gateway.transactions.writing import Outgoing, parties
from services.edi_gateway.x12 import Loop, OutboundSegment, Transaction, clean_text
from shared.contracts.documents import Advice, AdviceAction, AdviceReported, AdviceVerdict

VERDICT_OF_CODE: Final = {
    "TA": AdviceVerdict.ACCEPTED,
    "IA": AdviceVerdict.ACCEPTED,
    "TR": AdviceVerdict.REJECTED,
    "IR": AdviceVerdict.REJECTED,
    "TP": AdviceVerdict.PARTIAL,
}
"""OTI01: transaction or item accepted, rejected, or partly rejected."""

ACTION_OF_CODE: Final = {
    "82": AdviceAction.CORRECT_AND_RESEND,
    "EV": AdviceAction.NOTIFY,
}
"""BGN08, or OTI15 for one document: follow up (correct and resend), or evaluate (be notified)."""

CODE_OF_ACTION: Final = {action: code for code, action in ACTION_OF_CODE.items()}

ADVICE: Final = "11"
REJECTED: Final = "TR"
TRANSACTION_REFERENCE: Final = "TN"
INCORRECT_DATA: Final = "848"
NOTE_LENGTH: Final = 80
"""NTE02: X12 004010 element 352."""


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one 824.

    Returns:
        A Reading with one `Advice` for each OTI loop, or with the reasons why there is none.
    """
    inspection = Inspection(partner)
    begin = transaction.first("BGN")
    advice_id = inspection.required(begin.element(2), "BGN02 (advice id)")
    inspection.utility(transaction.loop("N1", "8S"))
    cca = inspection.cca(transaction.loop("N1", "SJ"))
    subjects = transaction.loops("OTI")
    if not subjects:
        inspection.required("", "OTI (the document that is advised on)")
    shared = {
        "transaction_id": transaction_id,
        "account_number": reference(header_places(transaction), "12") or None,
        "action": ACTION_OF_CODE.get(begin.element(8)),
    }
    values = [shared | _advice(loop, inspection) for loop in subjects]
    account = next((str(v["account_number"]) for v in values if v["account_number"]), "")
    return inspection.reading(
        key=advice_id,
        cca=cca,
        account=account,
        facts=[inspection.build(Advice, each) for each in values],
        identifiers=(
            ("advice_id", advice_id),
            *(("document_number", str(each["document_number"])) for each in values),
            *(("account", str(each["account_number"] or "")) for each in values),
            *(("usage_id", str(each.get("usage_id", ""))) for each in values),
        ),
    )


def report(facts: Iterable[Fact], file_id: UUID) -> Iterator[AdviceReported]:
    """Put the advice to one CCA into messages."""
    for items in batches(facts, Advice):
        yield AdviceReported(file_id=file_id, items=items)


def write_rejection(rejection: Rejection, outgoing: Outgoing) -> tuple[OutboundSegment, ...]:
    """Write one 824 that rejects a whole document (OTI01 TR), with a TED for each reason.

    Returns:
        The segments between ST and SE.
    """
    code = CODE_OF_ACTION[rejection.action]
    segments: list[OutboundSegment] = [
        (
            *("BGN", ADVICE, outgoing.document_number, write_date(outgoing.on)),
            *("", "", "", "", code),
        ),
        *parties(outgoing, ""),
        (
            *("OTI", REJECTED, TRANSACTION_REFERENCE, rejection.document_number),
            *("", "", "", "", "", "", rejection.set_id),
        ),
    ]
    if rejection.account_number:
        segments.append(("REF", "12", rejection.account_number))
    for reason in rejection.reasons:
        segments.append(("TED", INCORRECT_DATA, reason.code))
        words = clean_text(reason.text, NOTE_LENGTH)
        if words:
            segments.append(("NTE", "ADD", words))
    return tuple(segments)


def _advice(loop: Loop, inspection: Inspection) -> dict[str, object]:
    """Read one OTI loop; what it leaves out is said by the header."""
    subject = loop.header
    verdict = VERDICT_OF_CODE.get(subject.element(1))
    if verdict is None:
        inspection.note(OTHER, f"OTI01 {subject.element(1)!r} neither accepts nor rejects")
    own = {
        "account_number": reference((loop,), "12"),
        "usage_id": reference((loop,), "6O"),
        "action": ACTION_OF_CODE.get(subject.element(15)),
    }
    return {
        "set_id": inspection.required(subject.element(10), "OTI10 (transaction set)"),
        "document_number": inspection.required(subject.element(3), "OTI03 (document number)"),
        "verdict": verdict,
        "reasons": tuple(_reason(error) for error in loop.loops("TED")),
        **{name: value for name, value in own.items() if value},
    }


def _reason(error: Loop) -> dict[str, str]:
    """Return TED02, the utility's reason code, with the words of the notes below it.

    A TED without a code still is a reason: its kind of error (TED01, 848 incorrect data).
    """
    words = " ".join(note.element(2).strip() for note in error.all("NTE"))
    code = error.header.element(2).strip() or error.header.element(1).strip() or OTHER
    return {"code": code[:40], "text": words[:REASON_TEXT_MAX]}
