"""Checks a file of X12 as the gateway would, without a gateway: nothing is stored or answered.

For a person with a file in hand: before it is sent, or after somebody says that it was refused.
The file is mapped, not loaded, and its transactions are read one at a time, so any size will do.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from services.edi_gateway.explaining import (
    ExplainedSegment,
    ExplainedTransaction,
    explain_envelope,
    explain_transaction,
    visible,
)
from services.edi_gateway.guides import guide_of
from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.understanding import understand
from services.edi_gateway.whole_groups import is_taken_whole, verdict_of
from services.edi_gateway.x12 import (
    DEFAULT_GUIDE,
    Delimiters,
    Finding,
    FunctionalGroup,
    Guide,
    Interchange,
    TransactionSlot,
    check_group,
    edition_for,
    fallen_with_group,
    load_guide,
    read_transaction,
    refuses_group,
    scan,
)
from shared.contracts.parts import Reason

EXCERPT_BYTES: Final = 160
"""How much of a segment is quoted beside a finding."""

_NOBODY: Final = uuid5(NAMESPACE_OID, "cca-exchange/validated-only")


class Status(IntEnum):
    """How a check ended, as an exit status."""

    CLEAN = 0
    ERRORS = 1
    UNREADABLE = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """By which rules a file is checked.

    With a `partner`, its guide and its policy hold, and the content is judged too: what would make
    the gateway set a transaction aside.
    """

    guide: Guide
    partner: TradingPartner | None = None

    @classmethod
    def of(cls, partner: TradingPartner | None) -> Terms:
        """Return the terms of a partner, or the default guide's."""
        return cls(guide_of(partner.profile) if partner else load_guide(DEFAULT_GUIDE), partner)

    def of_group(self, group: FunctionalGroup) -> Terms:
        """Return the same with the guide of the group's version."""
        return Terms(edition_for(self.guide, group.functional_id, group.version), self.partner)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A finding with the segment it was found in, as sent; empty when it names none."""

    finding: Finding
    text: str


@dataclass(frozen=True, slots=True)
class CheckedTransaction:
    """One transaction as judged: `accepted` by its syntax; `reasons` are what its content lacks."""

    place: str
    set_id: str
    control_number: str
    segment_count: int
    end: int
    accepted: bool
    findings: tuple[Quoted, ...]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedEnvelope:
    """What was found in the file itself, in an interchange or in a group."""

    place: str
    findings: tuple[Quoted, ...]


Checked = CheckedEnvelope | CheckedTransaction


@dataclass(slots=True)
class Tally:
    """Counts what was checked; `refusal` is set when the file is no X12 at all."""

    refusal: str = ""
    transactions: int = 0
    rejected: int = 0
    set_aside: int = 0
    segments: int = 0
    errors: int = 0
    warnings: int = 0
    sets: dict[str, int] = field(default_factory=dict)

    def take(self, part: Checked) -> None:
        """Count one part."""
        for quoted in part.findings:
            if quoted.finding.is_error:
                self.errors += 1
            else:
                self.warnings += 1
        if isinstance(part, CheckedTransaction):
            self.transactions += 1
            self.sets[part.set_id] = self.sets.get(part.set_id, 0) + 1
            self.rejected += not part.accepted
            self.set_aside += part.accepted and bool(part.reasons)

    @property
    def status(self) -> Status:
        """How the check ended."""
        if self.refusal:
            return Status.UNREADABLE
        return Status.ERRORS if self.errors or self.set_aside else Status.CLEAN


def check_file(
    path: Path, terms: Terms, tally: Tally, progress: Callable[[int], None] | None = None
) -> Iterator[Checked]:
    """Check a file part by part, counting into `tally`; parts without findings come too.

    Args:
        path: the file; it must not be changed meanwhile.
        terms: the rules.
        tally: is complete when the last part has come.
        progress: is told after each transaction how many bytes are done.

    Raises:
        OSError: the file cannot be read.
    """
    with _mapped(path) as data:
        for part in _parts(data, terms, tally):
            tally.take(part)
            yield part
            if progress is not None and isinstance(part, CheckedTransaction):
                progress(part.end)


def _parts(data: mmap.mmap | bytes, terms: Terms, tally: Tally) -> Iterator[Checked]:
    found = scan(data, terms.guide.policy)
    tally.segments = found.segment_count
    if found.refusal is not None:
        tally.refusal = found.refusal.message
        yield CheckedEnvelope("file", (Quoted(found.refusal, ""),))
        return
    yield CheckedEnvelope("file", tuple(Quoted(finding, "") for finding in found.findings))
    for interchange in found.interchanges:
        quote = _Quote(data, interchange.delimiters)
        yield CheckedEnvelope(f"ISA[{interchange.index}]", quote.all(interchange.findings))
        for group in interchange.groups:
            findings = check_group(group, terms.guide)
            yield CheckedEnvelope(
                f"ISA[{interchange.index}]/GS[{group.index}]", quote.all(findings)
            )
            here = terms.of_group(group)
            refused = interchange.is_refused or refuses_group(findings)
            culprit = "" if refused else _culprit(quote, interchange, group, here)
            for slot in group.transactions:
                one = _transaction(quote, interchange, slot, here, refused=refused)
                yield _fallen(one, quote, slot, culprit) if culprit and one.accepted else one


def _culprit(quote: _Quote, interchange: Interchange, group: FunctionalGroup, terms: Terms) -> str:
    """Return the transaction with which a group falls that is taken whole or not at all."""
    rules = terms.partner.profile.reading if terms.partner else None
    if rules is None or not (rules.all_or_nothing and is_taken_whole(group)):
        return ""
    checked = (
        _transaction(quote, interchange, slot, terms, refused=False) for slot in group.transactions
    )
    return next((one.place for one in checked if not one.accepted), "")


def _fallen(
    one: CheckedTransaction, quote: _Quote, slot: TransactionSlot, culprit: str
) -> CheckedTransaction:
    finding = fallen_with_group(slot, verdict_of(culprit).text)
    return replace(one, accepted=False, findings=(*one.findings, *quote.all((finding,))))


def _transaction(
    quote: _Quote, interchange: Interchange, slot: TransactionSlot, terms: Terms, *, refused: bool
) -> CheckedTransaction:
    piece = quote.data[slot.start : slot.end]
    if terms.partner is None:
        read = read_transaction(piece, interchange.delimiters, slot, terms.guide)
        accepted, findings, reasons = read.accepted, read.findings, tuple[Reason, ...]()
    else:
        found = understand(piece, interchange.delimiters, slot, terms.guide, terms.partner, _NOBODY)
        accepted, findings = found.accepted, found.findings
        reasons = found.reading.reasons if found.reading else ()
    return CheckedTransaction(
        place=slot.place,
        set_id=slot.set_id,
        control_number=slot.control_number,
        segment_count=slot.segment_count,
        end=slot.end,
        accepted=accepted and not refused,
        findings=quote.all(findings),
        reasons=reasons,
    )


class _Quote:
    """Quotes segments of one interchange."""

    def __init__(self, data: mmap.mmap | bytes, delimiters: Delimiters) -> None:
        self.data = data
        self._end = delimiters.segment

    def all(self, findings: tuple[Finding, ...]) -> tuple[Quoted, ...]:
        """Put the segment it is about beside each finding."""
        return tuple(Quoted(found, self._text(found.byte_offset)) for found in findings)

    def _text(self, offset: int) -> str:
        piece = self.data[offset : offset + EXCERPT_BYTES].decode("latin-1")
        text, ended, _ = piece.partition(self._end)
        return visible(text.strip("\r\n")) + ("" if ended or len(piece) < EXCERPT_BYTES else "…")


@dataclass(frozen=True, slots=True)
class ExplainedFile:
    """What `explain_file` yields first: the structure, and whether there is any."""

    refusal: str
    interchanges: int
    transactions: int


Explained = ExplainedFile | ExplainedSegment | ExplainedTransaction | Finding
"""Parts of an explained file, in the order of the bytes; segments alone are envelopes, findings
alone belong to no segment."""


def explain_file(path: Path, terms: Terms, only: int | None = None) -> Iterator[Explained]:
    """Explain a file in the order of its bytes: envelopes and transactions, with their findings.

    Args:
        path: the file; it must not be changed meanwhile.
        terms: the guide to read by.
        only: the number of the one transaction to explain, counted from 1 over the whole file.

    Raises:
        OSError: the file cannot be read.
    """
    with _mapped(path) as data:
        found = scan(data, terms.guide.policy)
        total = sum(interchange.transaction_count for interchange in found.interchanges)
        refusal = found.refusal.message if found.refusal else ""
        yield ExplainedFile(refusal, len(found.interchanges), total)
        yield from found.findings
        number = 0
        for interchange in found.interchanges:
            place = _Envelope(data, interchange, terms.guide)
            for group in interchange.groups:
                for slot in group.transactions:
                    number += 1
                    if only is None:
                        yield from place.until(slot.start)
                        place.at = slot.end
                    if only in (None, number):
                        yield _explained(data, interchange, slot, terms.of_group(group))
            if only is None:
                yield from place.until(interchange.end, last=True)


def _explained(
    data: mmap.mmap | bytes, interchange: Interchange, slot: TransactionSlot, terms: Terms
) -> ExplainedTransaction:
    piece = data[slot.start : slot.end]
    read = read_transaction(piece, interchange.delimiters, slot, terms.guide)
    return explain_transaction(
        piece, interchange.delimiters, terms.guide, read.findings, offset=slot.start
    )


class _Envelope:
    """Explains what stands between the transactions of an interchange."""

    def __init__(self, data: mmap.mmap | bytes, interchange: Interchange, guide: Guide) -> None:
        self.at = interchange.start
        self._data = data
        self._delimiters = interchange.delimiters
        self._guide = guide
        self._findings: tuple[Finding, ...] = (
            *interchange.findings,
            *(found for group in interchange.groups for found in check_group(group, guide)),
        )

    def until(self, end: int, *, last: bool = False) -> Iterator[Explained]:
        """Explain from where we are to this byte; the last time, with every finding behind it."""
        here = [
            found
            for found in self._findings
            if self.at <= found.byte_offset and (last or found.byte_offset < end)
        ]
        segments, elsewhere = explain_envelope(
            self._data[self.at : end], self._delimiters, self._guide, here, offset=self.at
        )
        yield from segments
        yield from elsewhere


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap | bytes]:
    with path.open("rb") as stream:
        if not path.stat().st_size:
            yield b""
            return
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped
