"""Puts a transaction beside its meaning: each segment with its name, each element with its words.

A person who is told "DTM02 at byte 1183" should not have to count asterisks. Pure: bytes, the guide
and what was found go in, frozen values come out; the command line, the API and the console show
the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from services.edi_gateway.meanings import Vocabulary, load_vocabulary
from services.edi_gateway.x12 import (
    FALLEN_WITH_GROUP,
    Delimiters,
    Finding,
    Guide,
    InexactAmountError,
    parse_decimal,
    parse_n2,
)
from services.edi_gateway.x12.names import (
    NamedSegment,
    envelope_rules,
    name_envelope,
    name_transaction,
)
from services.edi_gateway.x12.rules import ElementRule
from services.edi_gateway.x12.values import CENTURY_PIVOT

MONETARY_AMOUNT: Final = "782"
"""The data element of dollars with an explicit point; dollars in whole cents are type N2."""
FORMAT_QUALIFIER: Final = "1250"
FORMATTED_PERIOD: Final = "1251"
COMPONENT_SEPARATOR: Final = "I15"

NOT_IN_THE_MAP: Final = "The guide has no place for this segment here."

CODE_LISTS: Final = {
    "interchange": ("TA1-05", "I18"),
    "group": ("AK9-05", "716"),
    "transaction": ("AK5-02", "718"),
    "segment": ("AK3-04", "720"),
    "element": ("AK4-03", "723"),
}
"""The code list of each level of finding, and the data element that lists it."""

_PICTURES: Final = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),
}


def visible(text: str) -> str:
    """Return text with its control characters as pictures.

    Separators may be control characters (SCE's 0x1C), and a terminal obeys others.
    """
    return text.translate(_PICTURES)


def code_in_words(finding: Finding, guide: str) -> str:
    """Return a finding's code with its list and meaning: `AK4-03 8, date not valid`."""
    if finding.code == FALLEN_WITH_GROUP and finding.level == "transaction":
        return f"AK5-01 {finding.code}, rejected with its group"
    name, data_element = CODE_LISTS[finding.level]
    words = load_vocabulary(guide).codes.get(data_element, {}).get(finding.code)
    return f"{name} {finding.code}" + (f", {words}" if words else "")


@dataclass(frozen=True, slots=True)
class ExplainedElement:
    """One element, or one component of a composite element, that was sent.

    `place` reads `QTY02` or `QTY03-01`. `meaning` is empty when the value speaks for itself.
    """

    place: str
    number: int
    component: int
    name: str
    value: str
    meaning: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class ExplainedSegment:
    """One segment. `position` counts from the ST as 1, or is 0 in the envelope around it.

    `start` and `end` are bytes of the file. `loop` reads `PTD[2]/QTY[1]`, `loop_name` is the name
    of the innermost. `known` tells whether the guide has a place for it. `findings` are those of
    the segment itself; those of its elements stand there.
    """

    position: int
    id: str
    name: str
    text: str
    start: int
    end: int
    loop: str
    loop_name: str
    depth: int
    known: bool
    elements: tuple[ExplainedElement, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing was found in it."""
        return not self.findings and not any(element.findings for element in self.elements)


@dataclass(frozen=True, slots=True)
class ExplainedTransaction:
    """A transaction, or one stretch of a long one: `segments` of `segment_count`, from `first`.

    `elsewhere` are the findings that belong to no segment of this stretch.
    """

    set_id: str
    control_number: str
    guide: str
    segment_count: int
    first: int
    segments: tuple[ExplainedSegment, ...]
    elsewhere: tuple[Finding, ...]

    @property
    def next(self) -> int | None:
        """The number of the segment that the next stretch begins with; None at the end."""
        after = self.first + len(self.segments)
        return after if self.segments and after <= self.segment_count else None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which segments are explained: `limit` of them from number `first`; None is all."""

    first: int = 1
    limit: int | None = None

    def holds(self, position: int) -> bool:
        """Whether a segment stands in the stretch."""
        after = position - self.first
        return after >= 0 and (self.limit is None or after < self.limit)


WHOLE: Final = Stretch()


def explain_transaction(
    data: bytes,
    delimiters: Delimiters,
    guide: Guide,
    findings: Iterable[Finding] = (),
    *,
    offset: int = 0,
    stretch: Stretch = WHOLE,
) -> ExplainedTransaction:
    """Explain the segments of one ST-SE.

    Args:
        data: the bytes of the transaction alone.
        delimiters: those of its interchange.
        guide: names the segments and elements.
        findings: what was found in it, with byte offsets that count from the file.
        offset: where the transaction begins in the file.
        stretch: which of its segments are explained.
    """
    head = data[:64].decode("latin-1").split(delimiters.segment)[0].split(delimiters.element)
    set_id, number = (field.strip() for field in (*head, "", "", "")[1:3])
    named = list(name_transaction(data, delimiters, guide.set_map(set_id)))
    placed = _by_position(findings, [segment.start + offset for segment in named])
    speaker = _Speaker(load_vocabulary(guide.name), delimiters, offset)
    segments = tuple(
        speaker.explain(segment, position, placed.pop(position, ()), _text(data, segment))
        for position, segment in enumerate(named, start=1)
        if stretch.holds(position)
    )
    return ExplainedTransaction(
        set_id=set_id,
        control_number=number,
        guide=guide.name,
        segment_count=len(named),
        first=stretch.first,
        segments=segments,
        elsewhere=tuple(found for position in sorted(placed) for found in placed[position]),
    )


def explain_envelope(
    data: bytes,
    delimiters: Delimiters,
    guide: Guide,
    findings: Iterable[Finding] = (),
    *,
    offset: int = 0,
) -> tuple[tuple[ExplainedSegment, ...], tuple[Finding, ...]]:
    """Explain a stretch between transactions: ISA, TA1, GS, GE, IEA, and what else stands there.

    Returns the segments, and the findings that belong to none of them.
    """
    named = list(name_envelope(data, delimiters, envelope_rules(guide.name)))
    placed = _by_position(findings, [segment.start + offset for segment in named])
    speaker = _Speaker(load_vocabulary(guide.name), delimiters, offset)
    segments = tuple(
        speaker.explain(segment, 0, placed.pop(position, ()), _text(data, segment))
        for position, segment in enumerate(named, start=1)
    )
    return segments, tuple(found for rest in placed.values() for found in rest)


def _text(data: bytes, segment: NamedSegment) -> str:
    return visible(data[segment.start : segment.end].decode("latin-1").strip("\r\n"))


def _by_position(
    findings: Iterable[Finding], starts: Sequence[int]
) -> dict[int, tuple[Finding, ...]]:
    """Sort findings by the segment they belong to; 0 gathers those that name none.

    Findings of the content know their segment; those of ST and SE know their byte.
    """
    at = {start: position for position, start in enumerate(starts, start=1)}
    placed: dict[int, tuple[Finding, ...]] = {}
    for found in findings:
        position = found.segment_position or at.get(found.byte_offset, 0)
        position = min(position, len(starts))
        placed[position] = (*placed.get(position, ()), found)
    return placed


class _Speaker:
    """Turns named segments into explained ones, with one guide's words."""

    def __init__(self, vocabulary: Vocabulary, delimiters: Delimiters, offset: int) -> None:
        self._vocabulary = vocabulary
        self._delimiters = delimiters
        self._offset = offset

    def explain(
        self, segment: NamedSegment, position: int, findings: Sequence[Finding], text: str
    ) -> ExplainedSegment:
        """Explain one segment with what was found in it."""
        elements = tuple(self._elements(segment, findings))
        said = {id(found) for element in elements for found in element.findings}
        rule = segment.rule
        return ExplainedSegment(
            position=position,
            id=visible(segment.id),
            name=rule.name if rule else "",
            text=text,
            start=self._offset + segment.start,
            end=self._offset + segment.end,
            loop="/".join(f"{place.id}[{place.number}]" for place in segment.loops),
            loop_name=segment.loops[-1].name if segment.loops else "",
            depth=len(segment.loops),
            known=rule is not None,
            elements=elements,
            findings=tuple(found for found in findings if id(found) not in said),
        )

    def _elements(
        self, segment: NamedSegment, findings: Sequence[Finding]
    ) -> Iterator[ExplainedElement]:
        """Explain what was sent, and what was not sent but should have been."""
        rule = segment.rule
        found = [one for one in findings if one.element and one.segment_id == segment.id]
        last = max([len(segment.fields) - 1, *(one.element for one in found)])
        for number in range(1, last + 1):
            value = segment.fields[number] if number < len(segment.fields) else ""
            here = tuple(one for one in found if one.element == number)
            element = rule.elements[number - 1] if rule and number <= len(rule.elements) else None
            if element is not None and element.components:
                yield from self._components(segment, element, value, here)
            elif value or here:
                yield self._one(segment, element, number, value, here)

    def _components(
        self,
        segment: NamedSegment,
        composite: ElementRule,
        value: str,
        findings: tuple[Finding, ...],
    ) -> Iterator[ExplainedElement]:
        separator = self._delimiters.component
        parts = value.split(separator) if separator else [value]
        last = max([len(parts), *(found.component for found in findings)])
        for number in range(1, last + 1):
            part = parts[number - 1] if number <= len(parts) else ""
            here = tuple(found for found in findings if max(found.component, 1) == number)
            known = number <= len(composite.components)
            rule = composite.components[number - 1] if known else None
            if part or here:
                yield self._one(segment, rule, composite.number, part, here, number)

    def _one(
        self,
        segment: NamedSegment,
        rule: ElementRule | None,
        number: int,
        value: str,
        findings: tuple[Finding, ...],
        component: int = 0,
    ) -> ExplainedElement:
        suffix = f"-{component:02d}" if component else ""
        return ExplainedElement(
            place=f"{visible(segment.id)}{number:02d}{suffix}",
            number=number,
            component=component,
            name=rule.name if rule else "",
            value=visible(value).rstrip(" "),
            meaning=self._meaning(segment, rule, number, value) if rule else "",
            findings=findings,
        )

    def _meaning(self, segment: NamedSegment, rule: ElementRule, number: int, value: str) -> str:
        text = value.strip()
        if not text:
            return "blank" if value else ""
        fields = segment.fields
        words = self._vocabulary.meaning(
            segment_id=segment.id,
            qualifier=fields[1] if len(fields) > 1 and number > 1 else "",
            number=number,
            data_element=rule.data_element,
            code=text,
        )
        if words or rule.data_element == COMPONENT_SEPARATOR:
            return words
        if rule.data_element == FORMATTED_PERIOD:
            return read_period(text, fields[number - 1])
        if rule.data_element == MONETARY_AMOUNT:
            return read_usd(text, parse_decimal)
        readers = {"N2": lambda: read_usd(text, parse_n2), "DT": lambda: read_day(text)}
        readers["TM"] = lambda: read_time(text)
        return readers[rule.data_type]() if rule.data_type in readers else ""


def read_usd(text: str, parse: Callable[[str], Decimal]) -> str:
    """Show an amount in dollars: `-2645` of type N2 is `-$26.45`; empty when it is none."""
    try:
        amount = parse(text)
    except InexactAmountError:
        return ""
    cents = -int(amount.normalize().as_tuple().exponent)
    return f"{'-' if amount < 0 else ''}${abs(amount):,.{max(cents, 2)}f}"


def read_day(text: str) -> str:
    """Show CCYYMMDD or YYMMDD as `Nov 5, 2026`; empty when there is no such day."""
    digits = text
    if len(text) == len("YYMMDD"):
        digits = ("20" if text[:2] < str(CENTURY_PIVOT) else "19") + text
    if len(digits) != len("CCYYMMDD") or not (digits.isascii() and digits.isdigit()):
        return ""
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return ""
    return f"{day:%b} {day.day}, {day.year}"


def read_time(text: str) -> str:
    """Show HHMM or HHMMSS as `14:05` or `14:05:30`; empty when it is neither."""
    if len(text) < len("HHMM") or not (text.isascii() and text.isdigit()):
        return ""
    return ":".join(part for part in (text[:2], text[2:4], text[4:6]) if part)


def read_period(text: str, form: str) -> str:
    """Show DTM06 by the format that DTM05 names: a day, a day with its time, or two of them."""
    if form == "TM":
        return read_time(text)
    days = []
    for part in text.split("-"):
        day, time = read_day(part[:8]), read_time(part[8:])
        if not day or len(part) < len("CCYYMMDD"):
            return ""
        days.append(f"{day} {time}".strip())
    return " to ".join(days)
