"""Which interchanges and transactions may have an effect: pure decisions, no database, no clock.

Duplicates are judged at four levels: the file's bytes, the interchange control number for sender
and receiver, group and transaction numbers (the codec sees those), and the business key. The last
one protects money: the same usage under a new control number must not be billed twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.edi_gateway.partners import PartnerBook
from services.edi_gateway.x12 import Interchange
from shared.contracts.parts import Environment


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may happen with something received.

    `state`: `accepted`, `accepted_with_errors`, `rejected`, `copy` (the same again: no effect), or
    `conflict` (the same number or key with other content: a person decides). `note` is the TA105
    code of a rejected interchange; `code` and `text` say why, for people.
    """

    state: str
    code: str = ""
    text: str = ""
    note: str = "000"
    duplicate_of: UUID | None = None

    @property
    def has_effect(self) -> bool:
        """Whether what is inside may be applied."""
        return self.state in ("accepted", "accepted_with_errors")


ACCEPTED = Verdict("accepted")


@dataclass(frozen=True, slots=True)
class Earlier:
    """Something received before under the same number or key."""

    id: UUID
    sha256: str
    named: str


def judge_interchange(
    interchange: Interchange,
    *,
    utility: str,
    book: PartnerBook,
    environment: Environment,
    sha256: str,
    earlier: Earlier | None,
) -> Verdict:
    """Decide whether an interchange may have an effect.

    The sender must be the partner in whose mailbox the file lay, the receiver must be us, ISA15
    must match the environment this system runs in, and the control number must be new.
    """
    partner = book.utility(utility)
    sender = book.by_sender(interchange.sender.qualifier, interchange.sender.id, environment)
    if sender is None or sender.code != utility:
        return Verdict(
            "rejected",
            "UNKNOWN_SENDER",
            f"ISA06 {interchange.sender.id!r} is not {partner.name}, in whose mailbox the file lay",
            note="006",
        )
    if not book.is_own(interchange.receiver.qualifier, interchange.receiver.id, environment):
        return Verdict(
            "rejected",
            "UNKNOWN_RECEIVER",
            f"ISA08 {interchange.receiver.id!r} is not our identity",
            note="008",
        )
    if interchange.is_test is not (environment is Environment.TEST):
        return Verdict(
            "rejected",
            "WRONG_ENVIRONMENT",
            f"ISA15 says {interchange.usage_indicator!r}, this system runs {environment.value}",
            note="020",
        )
    if earlier is not None:
        return judge_again("Interchange", interchange.control_number, earlier, sha256, note="025")
    if interchange.is_refused:
        worst = next(finding for finding in interchange.findings if finding.is_error)
        return Verdict("rejected", "BAD_ENVELOPE", worst.message, note=worst.code)
    return ACCEPTED


def judge_again(
    what: str, number: str, earlier: Earlier, sha256: str, note: str = "000"
) -> Verdict:
    """Judge something whose number or key was seen before: the same again, or in conflict."""
    if earlier.sha256 == sha256:
        return Verdict(
            "copy",
            "EXACT_COPY",
            f"{what} {number} was received before with the same content, in {earlier.named}",
            note,
            earlier.id,
        )
    return Verdict(
        "conflict",
        "SAME_NUMBER_OTHER_CONTENT",
        f"{what} {number} was received before with other content, in {earlier.named}; "
        "nothing was applied, compare the two and decide",
        note,
        earlier.id,
    )


def judge_business_key(
    set_id: str,
    business_key: str | None,
    content_sha256: str,
    earlier: Mapping[tuple[str, str], Earlier],
) -> Verdict:
    """Judge an otherwise accepted transaction by its business key (BPT02, BGN02, BIG02, TRN02)."""
    if not business_key:
        return ACCEPTED
    before = earlier.get((set_id, business_key))
    if before is None:
        return ACCEPTED
    return judge_again(set_id, business_key, before, content_sha256)
