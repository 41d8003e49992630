"""Puts envelope segments together into interchanges, groups and slots, and checks their sums.

Every header opens something and every trailer must close it with the same control number and the
right count. What is missing or wrong becomes a finding with its TA1-05, AK9-05 or AK5-02 code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.edi_gateway.x12.document import Segment
from services.edi_gateway.x12.envelope import FunctionalGroup, Interchange, Party, TransactionSlot
from services.edi_gateway.x12.findings import Finding, Level, Severity
from services.edi_gateway.x12.isa_checks import isa_findings

if TYPE_CHECKING:
    from services.edi_gateway.x12.delimiters import IsaHeader

MAX_CONTROL_NUMBER_DIGITS = 9
SET_ID_LENGTH = 3

Fields = tuple[str, ...]


def same_control_number(left: str, right: str) -> bool:
    """Compare control numbers as numbers: senders pad them with zeros and blanks at will."""
    return (left.strip().lstrip("0") or "0") == (right.strip().lstrip("0") or "0")


def declared_count(text: str) -> int | None:
    """Return the count a trailer declares; None when it is no number."""
    stripped = text.strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() else None


def _field(fields: Fields, number: int) -> str:
    return fields[number].strip() if number < len(fields) else ""


@dataclass(slots=True)
class _OpenSlot:
    fields: Fields
    start: int
    segments: int = 1


@dataclass(slots=True)
class _OpenGroup:
    fields: Fields
    start: int
    place: str
    slots: list[TransactionSlot] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    @property
    def functional_id(self) -> str:
        """The GS01."""
        return _field(self.fields, 1)


@dataclass(slots=True)
class InterchangeAssembly:
    """One interchange while it is being scanned."""

    index: int
    start: int
    header: IsaHeader
    lenient_counts: bool
    groups: list[FunctionalGroup] = field(default_factory=list)
    acknowledgments: list[Segment] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    segments: int = 1
    _group: _OpenGroup | None = None
    _slot: _OpenSlot | None = None

    @property
    def place(self) -> str:
        """The interchange's name in findings."""
        return f"ISA[{self.index}]"

    def pass_over(self, segments: int) -> None:
        """Account for segments that are no envelope: part of the open transaction, or stray."""
        self.segments += segments
        if self._slot is not None:
            self._slot.segments += segments
        elif segments:
            message = f"{segments} segments stand outside any transaction and are ignored."
            self._note("error", "interchange", "024", self.place, message, self.start)

    def take(self, fields: Fields, offset: int, end: int) -> None:
        """Take one envelope segment other than ISA and IEA."""
        name = fields[0]
        if name == "ST":
            self._open_slot(fields, offset)
        elif name == "SE":
            self._close_slot(fields, offset, end)
        elif name == "GS":
            self._open_group(fields, offset)
        elif name == "GE":
            self._close_group(fields, offset, end)
        elif name == "TA1" and self._group is None:
            self.acknowledgments.append(
                Segment(fields, component_separator=self.header.delimiters.component)
            )
        else:
            self.pass_over(1)
            return
        self.segments += 1

    def end_with_trailer(self, fields: Fields, offset: int, end: int) -> Interchange:
        """Close the interchange with its IEA."""
        self._finish_group(offset)
        self.segments += 1
        place = f"{self.place}/IEA"
        if not same_control_number(_field(fields, 2), self.header.trimmed(13)):
            message = f"IEA02 {_field(fields, 2)} is not the ISA13 {self.header.trimmed(13)}."
            self._note("error", "interchange", "001", place, message, offset)
        declared = declared_count(_field(fields, 1))
        if declared != len(self.groups):
            message = f"IEA01 declares {_field(fields, 1)} groups, {len(self.groups)} were found."
            self._note(self._count_severity, "interchange", "021", place, message, offset)
        return self._finish(end)

    def end_without_trailer(self, end: int) -> Interchange:
        """Close the interchange where the data, or the next interchange, cuts it off."""
        self._finish_group(end)
        message = "The interchange ends without its IEA trailer."
        self._note("error", "interchange", "023", self.place, message, end)
        return self._finish(end)

    @property
    def _count_severity(self) -> Severity:
        return "warning" if self.lenient_counts else "error"

    def _note(
        self, severity: Severity, level: Level, code: str, place: str, message: str, offset: int
    ) -> None:
        self.findings.append(Finding(severity, level, code, place, message, byte_offset=offset))

    def _open_slot(self, fields: Fields, offset: int) -> None:
        self._finish_slot(None, offset, offset)
        if self._group is None:
            message = "A transaction (ST) stands outside any functional group."
            self._note("error", "interchange", "022", self.place, message, offset)
            self._group = _OpenGroup(("GS",), offset, f"{self.place}/GS[{len(self.groups) + 1}]")
        self._slot = _OpenSlot(fields, offset)

    def _close_slot(self, fields: Fields, offset: int, end: int) -> None:
        if self._slot is None:
            message = "A trailer SE stands without its ST."
            self._note("error", "interchange", "024", self.place, message, offset)
            return
        self._slot.segments += 1
        self._finish_slot(fields, offset, end)

    def _finish_slot(self, trailer: Fields | None, offset: int, end: int) -> None:
        slot, group = self._slot, self._group
        self._slot = None
        if slot is None or group is None:
            return
        set_id, number = _field(slot.fields, 1), _field(slot.fields, 2)
        index = len(group.slots) + 1
        place = f"{set_id or 'ST'}[{index}]"
        findings = (
            *self._header_findings(group, slot, set_id, number, place),
            *self._trailer_findings(trailer, slot, number, place, offset),
        )
        functional_id = group.functional_id
        group.slots.append(
            TransactionSlot(
                index, set_id, number, slot.start, end, slot.segments, findings, functional_id
            )
        )

    def _header_findings(
        self, group: _OpenGroup, slot: _OpenSlot, set_id: str, number: str, place: str
    ) -> tuple[Finding, ...]:
        normal = number.lstrip("0")
        good_id = len(set_id) == SET_ID_LENGTH and set_id.isalnum()
        good_number = 0 < len(number) <= MAX_CONTROL_NUMBER_DIGITS
        if good_id and good_number and normal not in group.seen:
            group.seen.add(normal)
            return ()
        findings = []
        if not good_id:
            findings.append(("6", f"ST01 '{set_id}' is no transaction set identifier."))
        if not good_number:
            findings.append(("7", f"ST02 '{number}' is no control number."))
        elif normal in group.seen:
            findings.append(("23", f"ST02 {number} was already used in this group."))
        else:
            group.seen.add(normal)
        return tuple(
            Finding("error", "transaction", code, f"{place}/ST", message, byte_offset=slot.start)
            for code, message in findings
        )

    def _trailer_findings(
        self, trailer: Fields | None, slot: _OpenSlot, number: str, place: str, offset: int
    ) -> tuple[Finding, ...]:
        if trailer is None:
            found: list[tuple[Severity, str, str]] = [
                ("error", "2", "The transaction ends without its SE trailer.")
            ]
        else:
            declared, closes = _field(trailer, 1), _field(trailer, 2)
            same = closes == number or same_control_number(closes, number)
            if same and declared_count(declared) == slot.segments:
                return ()
            found = []
            if not same:
                found.append(("error", "3", f"SE02 {closes} is not the ST02 {number}."))
            if declared_count(declared) != slot.segments:
                message = f"SE01 declares {declared} segments, {slot.segments} were found."
                found.append((self._count_severity, "4", message))
        return tuple(
            Finding(severity, "transaction", code, f"{place}/SE", message, byte_offset=offset)
            for severity, code, message in found
        )

    def _open_group(self, fields: Fields, offset: int) -> None:
        self._finish_group(offset)
        place = f"{self.place}/GS[{len(self.groups) + 1}]"
        self._group = _OpenGroup(fields, offset, place)
        number = _field(fields, 6)
        if not (number.isascii() and number.isdigit()) or len(number) > MAX_CONTROL_NUMBER_DIGITS:
            message = f"GS06 '{number}' is no group control number."
            self._group.findings.append(
                Finding("error", "group", "6", place, message, byte_offset=offset)
            )
        elif any(same_control_number(number, group.control_number) for group in self.groups):
            message = f"GS06 '{number}' was used before in this interchange."
            self._group.findings.append(
                Finding("error", "group", "6", place, message, byte_offset=offset)
            )

    def _close_group(self, fields: Fields, offset: int, end: int) -> None:
        self._finish_slot(None, offset, offset)
        group = self._group
        if group is None:
            message = "A trailer GE stands without its GS."
            self._note("error", "interchange", "022", self.place, message, offset)
            return
        if not same_control_number(_field(fields, 2), _field(group.fields, 6)):
            message = f"GE02 {_field(fields, 2)} is not the GS06 {_field(group.fields, 6)}."
            group.findings.append(
                Finding("error", "group", "4", f"{group.place}/GE", message, byte_offset=offset)
            )
        declared = declared_count(_field(fields, 1))
        if declared != len(group.slots):
            message = f"GE01 declares {_field(fields, 1)} sets, {len(group.slots)} were found."
            severity = self._count_severity
            group.findings.append(
                Finding(severity, "group", "5", f"{group.place}/GE", message, byte_offset=offset)
            )
        self._keep_group(group, declared, end)

    def _finish_group(self, offset: int) -> None:
        self._finish_slot(None, offset, offset)
        group = self._group
        if group is None:
            return
        message = "The functional group ends without its GE trailer."
        group.findings.append(
            Finding("error", "group", "3", group.place, message, byte_offset=offset)
        )
        self._keep_group(group, None, offset)

    def _keep_group(self, group: _OpenGroup, declared: int | None, end: int) -> None:
        gs = group.fields
        self._group = None
        self.groups.append(
            FunctionalGroup(
                index=len(self.groups) + 1,
                functional_id=_field(gs, 1),
                sender=_field(gs, 2),
                receiver=_field(gs, 3),
                date=_field(gs, 4),
                time=_field(gs, 5),
                control_number=_field(gs, 6),
                version=_field(gs, 8),
                declared_count=declared,
                transactions=tuple(group.slots),
                findings=tuple(group.findings),
                start=group.start,
                end=end,
            )
        )

    def _finish(self, end: int) -> Interchange:
        isa = self.header
        return Interchange(
            index=self.index,
            sender=Party(isa.trimmed(5), isa.trimmed(6)),
            receiver=Party(isa.trimmed(7), isa.trimmed(8)),
            date=isa.trimmed(9),
            time=isa.trimmed(10),
            version=isa.trimmed(12),
            control_number=isa.trimmed(13),
            ack_requested=isa.trimmed(14) == "1",
            usage_indicator=isa.trimmed(15),
            delimiters=isa.delimiters,
            groups=tuple(self.groups),
            acknowledgments=tuple(self.acknowledgments),
            findings=(*isa_findings(isa, self.place, self.start), *self.findings),
            start=self.start,
            end=end,
            segment_count=self.segments,
        )
