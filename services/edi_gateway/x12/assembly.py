"""Puts envelope segments together into interchanges, groups and slots, and checks their sums.

Every header opens something and every trailer must close it with the same control number and the
right count. What is missing or wrong becomes a finding with its TA1-05, AK9-05 or AK5-02 code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.edi_gateway.x12.document import Segment
from services.edi_gateway.x12.envelope import FunctionalGroup, Interchange, Party
from services.edi_gateway.x12.findings import Finding, Level, Severity
from services.edi_gateway.x12.isa_checks import isa_findings
from services.edi_gateway.x12.slots import NumbersSeen, SlotList
from services.edi_gateway.x12.tokenizer import SEGMENT_BYTES_MAX

if TYPE_CHECKING:
    from services.edi_gateway.x12.delimiters import IsaHeader
    from services.edi_gateway.x12.policy import Policy
    from services.edi_gateway.x12.segment_index import WholeSlot

MAX_CONTROL_NUMBER_DIGITS = 9
COUNT_DIGITS_MAX = 10
"""SE01 may have so many; Python itself refuses to read numbers of thousands of digits."""

SET_ID_LENGTH = 3

Fields = tuple[str, ...]

_Told = tuple[Severity, str, int, str]
"""Severity, code, element and sentence of a finding."""


def same_control_number(left: str, right: str) -> bool:
    """Compare control numbers as numbers: senders pad them with zeros and blanks at will."""
    return (left.strip().lstrip("0") or "0") == (right.strip().lstrip("0") or "0")


def declared_count(text: str) -> int | None:
    """Return the count a trailer declares; None when it is no number that can be a count."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= COUNT_DIGITS_MAX):
        return None
    return int(digits)


def _raw(fields: Fields, number: int) -> str:
    return fields[number] if number < len(fields) else ""


def _field(fields: Fields, number: int) -> str:
    return _raw(fields, number).strip()


def _finding(
    told: _Told, level: Level, place: str, segment_id: str, offset: int, value: str = ""
) -> Finding:
    """Place what is told about one element (or, with element 0, about a whole segment)."""
    severity, code, element, message = told
    return Finding(
        severity,
        level,
        code,
        f"{place}/{segment_id}{element:02d}" if element else f"{place}/{segment_id}",
        message,
        segment_id=segment_id,
        element=element,
        value=value,
        byte_offset=offset,
    )


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
    slots: SlotList = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    seen: NumbersSeen = field(default_factory=NumbersSeen)

    def __post_init__(self) -> None:
        """Begin without a transaction, under the GS01."""
        self.slots = SlotList(_field(self.fields, 1))


@dataclass(slots=True)
class InterchangeAssembly:
    """One interchange while it is being scanned."""

    index: int
    start: int
    header: IsaHeader
    policy: Policy
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

    def take_whole(self, whole: WholeSlot, offset: int, end: int) -> None:
        """Take the segments from an ST to its SE, whose count and number are right."""
        group = self._group
        usable = group is not None and self._slot is None
        if group is None or not usable or not group.seen.add(whole.control_number):
            closing = ("SE", str(whole.segments), whole.control_number)
            signs = self.header.delimiters
            length = len(signs.element.join(closing)) + len(signs.segment)
            self.take(("ST", whole.set_id, whole.control_number), offset, offset)
            self.pass_over(whole.segments - 2)
            self.take(closing, end - length, end)
            return
        self.segments += whole.segments
        group.slots.add(whole.set_id, whole.control_number, (offset, end), whole.segments)

    def end_with_trailer(self, fields: Fields, offset: int, end: int) -> Interchange:
        """Close the interchange with its IEA."""
        self._finish_group(offset)
        self.segments += 1
        told = [
            *self._number_told("001", "IEA02", _raw(fields, 2), "ISA13", self.header.elements[12]),
            *self._count_told("021", "IEA01", fields, len(self.groups), "groups"),
        ]
        self.findings += self._placed(told, "interchange", self.place, fields, offset)
        return self._finish(end)

    def end_overlong(self, offset: int) -> Interchange:
        """Close the interchange at a segment that does not end: nothing behind it can be trusted.

        Reading goes on at the next header, if there is one.
        """
        message = f"A segment reaches further than {SEGMENT_BYTES_MAX} bytes without a terminator."
        self._note("error", "interchange", "024", self.place, message, offset)
        return self.end_without_trailer(offset)

    def end_without_trailer(self, end: int) -> Interchange:
        """Close the interchange where the data, or the next interchange, cuts it off."""
        self._finish_group(end)
        told: _Told = ("error", "023", 0, "The interchange ends without its IEA trailer.")
        self.findings.append(_finding(told, "interchange", self.place, "IEA", end))
        return self._finish(end)

    def _number_told(
        self, code: str, name: str, closes: str, opening: str, opened: str
    ) -> list[_Told]:
        """Compare the control number of a trailer with its header's, as numbers and as written."""
        if closes == opened:
            return []
        if same_control_number(closes, opened):
            message = f"{name} '{closes}' is the {opening} '{opened}' written another way."
            return [(self.policy.control_numbers, code, 2, message)]
        return [("error", code, 2, f"{name} {closes.strip()} is not the {opening} {opened}.")]

    def _count_told(
        self, code: str, name: str, fields: Fields, counted: int, what: str
    ) -> list[_Told]:
        """Compare the count that a trailer declares with what was found."""
        if declared_count(_raw(fields, 1)) == counted:
            return []
        message = f"{name} declares {_field(fields, 1)} {what}, {counted} were found."
        return [(self.policy.wrong_counts, code, 1, message)]

    def _placed(
        self, told: list[_Told], level: Level, place: str, trailer: Fields, offset: int
    ) -> list[Finding]:
        return [
            _finding(one, level, place, trailer[0], offset, _raw(trailer, one[2])) for one in told
        ]

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
            *self._trailer_findings(trailer, slot, place, offset),
        )
        group.slots.add(set_id, number, (slot.start, end), slot.segments, findings)

    def _header_findings(
        self, group: _OpenGroup, slot: _OpenSlot, set_id: str, number: str, place: str
    ) -> tuple[Finding, ...]:
        good_id = len(set_id) == SET_ID_LENGTH and set_id.isalnum()
        good_number = 0 < len(number) <= MAX_CONTROL_NUMBER_DIGITS
        is_new = good_number and group.seen.add(number)
        if good_id and is_new:
            return ()
        told: list[_Told] = []
        if not good_id:
            told.append(("error", "6", 1, f"ST01 '{set_id}' is no transaction set identifier."))
        if not good_number:
            told.append(("error", "7", 2, f"ST02 '{number}' is no control number."))
        elif not is_new:
            told.append(("error", "23", 2, f"ST02 {number} was already used in this group."))
        return tuple(self._placed(told, "transaction", place, slot.fields, slot.start))

    def _trailer_findings(
        self, trailer: Fields | None, slot: _OpenSlot, place: str, offset: int
    ) -> tuple[Finding, ...]:
        if trailer is None:
            told: _Told = ("error", "2", 0, "The transaction ends without its SE trailer.")
            return (_finding(told, "transaction", place, "SE", offset),)
        number, closes = _raw(slot.fields, 2), _raw(trailer, 2)
        if closes == number and declared_count(_raw(trailer, 1)) == slot.segments:
            return ()
        found = [
            *self._number_told("3", "SE02", closes, "ST02", number),
            *self._count_told("4", "SE01", trailer, slot.segments, "segments"),
        ]
        return tuple(self._placed(found, "transaction", place, trailer, offset))

    def _open_group(self, fields: Fields, offset: int) -> None:
        self._finish_group(offset)
        place = f"{self.place}/GS[{len(self.groups) + 1}]"
        self._group = _OpenGroup(fields, offset, place)
        number = _field(fields, 6)
        message = ""
        if not (number.isascii() and number.isdigit()) or len(number) > MAX_CONTROL_NUMBER_DIGITS:
            message = f"GS06 '{number}' is no group control number."
        elif any(same_control_number(number, group.control_number) for group in self.groups):
            message = f"GS06 '{number}' was used before in this interchange."
        if message:
            told: _Told = ("error", "6", 6, message)
            self._group.findings.append(_finding(told, "group", place, "GS", offset, number))

    def _close_group(self, fields: Fields, offset: int, end: int) -> None:
        self._finish_slot(None, offset, offset)
        group = self._group
        if group is None:
            message = "A trailer GE stands without its GS."
            self._note("error", "interchange", "022", self.place, message, offset)
            return
        told = [
            *self._number_told("4", "GE02", _raw(fields, 2), "GS06", _raw(group.fields, 6)),
            *self._count_told("5", "GE01", fields, len(group.slots), "sets"),
        ]
        group.findings += self._placed(told, "group", group.place, fields, offset)
        declared = declared_count(_field(fields, 1))
        self._keep_group(group, declared, end)

    def _finish_group(self, offset: int) -> None:
        self._finish_slot(None, offset, offset)
        group = self._group
        if group is None:
            return
        told: _Told = ("error", "3", 0, "The functional group ends without its GE trailer.")
        group.findings.append(_finding(told, "group", group.place, "GE", offset))
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
                transactions=group.slots,
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
