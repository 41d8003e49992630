"""Checks one segment against the rule of its place: elements sent, missing, related, and valued.

Files repeat themselves: the same segment text, the same pattern of filled elements and the same
values come thousands of times. So verdicts are remembered by text, patterns by shape and values
by element, each in a bounded part of the common memory. What is remembered is only ever a verdict
of the plain checks below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.edi_gateway.x12.remembering import LENGTH_MAX, VALUE_ENTRIES
from services.edi_gateway.x12.values import (
    BAD_CHARACTER,
    CONDITION,
    EXCLUDED,
    FORMAT_QUALIFIER,
    FORMATTED_VALUE,
    MISSING,
    TOO_MANY,
    UNEXPECTED,
    Problem,
    format_problem,
    plainly_good,
    value_problems,
)

if TYPE_CHECKING:
    from services.edi_gateway.x12.findings import Severity
    from services.edi_gateway.x12.policy import Leeway
    from services.edi_gateway.x12.remembering import Share
    from services.edi_gateway.x12.rules import ElementRule, SegmentRule, SyntaxNote

REMEMBERED_TEXTS_MAX = 4_096
REMEMBERED_VALUES_MAX = 8_192
REMEMBERED_SHAPES_MAX = 1_024

Shape = tuple[bool, ...]


class SegmentCheck:
    """The checks of one SegmentRule under one component separator, with their memory."""

    __slots__ = (
        "_composites",
        "_fast",
        "_formatted",
        "_separator",
        "_shapes",
        "_share",
        "_texts",
        "_values",
        "rule",
    )

    def __init__(self, rule: SegmentRule, component_separator: str, share: Share) -> None:
        """Prepare the memory of one place in a map."""
        self.rule = rule
        self._separator = component_separator
        self._share = share
        self._texts: dict[str, tuple[Problem, ...]] = {}
        self._shapes: dict[Shape, tuple[Problem, ...]] = {}
        self._values: tuple[set[str], ...] = tuple(set() for _ in rule.elements)
        self._fast = tuple(
            None if element.components else plainly_good(element, component_separator)
            for element in rule.elements
        )
        self._formatted = _formatted_pair(rule)
        self._composites = tuple(e.number for e in rule.elements if e.components)

    def problems(self, text: str, fields: tuple[str, ...]) -> tuple[Problem, ...]:
        """Every problem of a segment; `fields` are `text` cut at the element separator."""
        known = self._texts.get(text)
        if known is None:
            known = self._check(fields)
            if len(self._texts) >= REMEMBERED_TEXTS_MAX:
                self._share.give_back(len(self._texts) * VALUE_ENTRIES)
                self._texts.clear()
            if len(text) <= LENGTH_MAX and self._share.take(VALUE_ENTRIES):
                self._texts[text] = known
        return known

    def _check(self, fields: tuple[str, ...]) -> tuple[Problem, ...]:
        shape = self._shape(fields)
        structural = self._shapes.get(shape)
        if structural is None:
            structural = tuple(_shape_problems(self.rule, shape))
            if len(self._shapes) < REMEMBERED_SHAPES_MAX and self._share.take(VALUE_ENTRIES):
                self._shapes[shape] = structural
        found: list[Problem] | None = None
        rules = zip(fields[1:], self.rule.elements, self._values, self._fast, strict=False)
        for value, rule, good, fast in rules:
            if not value or (fast is not None and fast.match(value)) or value in good:
                continue
            problems = self._element_problems(rule, value)
            if problems:
                found = (found or []) + problems
                continue
            if len(good) >= REMEMBERED_VALUES_MAX:
                self._share.give_back(len(good) * VALUE_ENTRIES)
                good.clear()
            if len(value) <= LENGTH_MAX and self._share.take(VALUE_ENTRIES):
                good.add(value)
        if self._formatted is not None:
            found = (found or []) + self._format_problems(fields)
        return (*structural, *found) if found else structural

    def _shape(self, fields: tuple[str, ...]) -> Shape:
        """Return which elements are filled; separators alone do not fill a composite."""
        shape = tuple(map(bool, fields))
        for number in self._composites:
            if number < len(fields) and shape[number] and not fields[number].strip(self._separator):
                shape = (*shape[:number], False, *shape[number + 1 :])
        return shape

    def _element_problems(self, rule: ElementRule, value: str) -> list[Problem]:
        separator = self._separator
        if rule.components:
            return self._composite_problems(rule, value)
        if separator and separator in value:
            message = f"{self.rule.id}{rule.number:02d} is no composite but holds '{separator}'."
            return [
                Problem("error", BAD_CHARACTER, rule.number, 0, rule.data_element, value, message)
            ]
        return value_problems(self.rule, rule, value)

    def _composite_problems(self, rule: ElementRule, value: str) -> list[Problem]:
        parts = value.split(self._separator) if self._separator else [value]
        name = f"{self.rule.id}{rule.number:02d}"
        found: list[Problem] = []
        if not any(parts):
            return []
        if len(parts) > len(rule.components):
            message = f"{name} has {len(parts)} components, {len(rule.components)} are allowed."
            severity: Severity = "error" if any(parts[len(rule.components) :]) else "warning"
            found.append(
                Problem(
                    *(severity, TOO_MANY, rule.number, 0, rule.data_element, value, message),
                    leeway="unknown_elements" if severity == "error" else None,
                )
            )
        for number, component in enumerate(rule.components, start=1):
            part = parts[number - 1] if number <= len(parts) else ""
            if part:
                found += [
                    problem._replace(element=rule.number, component=number)
                    for problem in value_problems(self.rule, component, part)
                ]
            elif component.required:
                message = f"{name} lacks its component {number}."
                found.append(
                    Problem(
                        "error", MISSING, rule.number, number, component.data_element, "", message
                    )
                )
        return found

    def _format_problems(self, fields: tuple[str, ...]) -> list[Problem]:
        if self._formatted is None:
            return []
        form, value = self._formatted
        if value >= len(fields) or not fields[value] or not fields[form]:
            return []
        return format_problem(self.rule, self.rule.elements[value - 1], fields[form], fields[value])


def _formatted_pair(rule: SegmentRule) -> tuple[int, int] | None:
    """Where a format qualifier and the value it describes stand, as in DTM05 and DTM06."""
    for first, second in zip(rule.elements, rule.elements[1:], strict=False):
        if first.data_element == FORMAT_QUALIFIER and second.data_element == FORMATTED_VALUE:
            return first.number, second.number
    return None


def _shape_problems(rule: SegmentRule, shape: Shape) -> list[Problem]:
    """Problems that depend only on which elements are filled."""
    allowed = len(rule.elements)
    found: list[Problem] = []
    if rule.not_used:
        message = f"{rule.id} ({rule.name}) is not used by this guide."
        found.append(Problem("error", UNEXPECTED, 0, 0, "", "", message, "unknown_segments"))
    if len(shape) - 1 > allowed:
        severity: Severity = "error" if any(shape[allowed + 1 :]) else "warning"
        message = f"{rule.id} has {len(shape) - 1} elements, {allowed} are allowed."
        leeway: Leeway | None = "unknown_elements" if severity == "error" else None
        found.append(Problem(severity, TOO_MANY, allowed + 1, 0, "", "", message, leeway))
    for element in rule.elements:
        if element.required and not (element.number < len(shape) and shape[element.number]):
            message = f"{rule.id}{element.number:02d} ({element.name}) is missing."
            found.append(
                Problem("error", MISSING, element.number, 0, element.data_element, "", message)
            )
    for note in rule.notes:
        problem = _note_problem(rule, note, shape)
        if problem is not None:
            found.append(problem)
    return found


def _note_problem(rule: SegmentRule, note: SyntaxNote, shape: Shape) -> Problem | None:
    filled = [n for n in note.elements if n < len(shape) and shape[n]]
    first = note.elements[0]
    names = ", ".join(f"{rule.id}{n:02d}" for n in note.elements)
    others = [n for n in filled if n != first]
    broken = {
        "P": 0 < len(filled) < len(note.elements),
        "R": not filled,
        "E": len(filled) > 1,
        "C": first in filled and len(others) < len(note.elements) - 1,
        "L": first in filled and not others,
    }[note.kind]
    if not broken:
        return None
    sentence = {
        "P": f"{names}: when one is sent, all must be.",
        "R": f"{names}: at least one must be sent.",
        "E": f"{names}: only one may be sent.",
        "C": f"{names}: when the first is sent, the others must be.",
        "L": f"{names}: when the first is sent, one of the others must be.",
    }[note.kind]
    missing = [n for n in note.elements if n not in filled]
    element = filled[-1] if note.kind == "E" else missing[0]
    code = EXCLUDED if note.kind == "E" else CONDITION
    data_element = rule.elements[element - 1].data_element if element <= len(rule.elements) else ""
    return Problem("error", code, element, 0, data_element, "", sentence)
