"""Patterns of faultless segments: what may differ between two segments that are equally good.

A segment that the plain checks found to be without fault stands for all that differ from it only in
values of which every kind is known to be good. Such a pattern is the unit of everything learned.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from services.edi_gateway.x12.values import FORMATTED_VALUE, PLAIN_DATE, PLAIN_TIME, plain_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.edi_gateway.x12.delimiters import Delimiters
    from services.edi_gateway.x12.rules import ElementRule, SegmentRule


class SegmentPattern(NamedTuple):
    """The pattern of one segment: its fields as sent once, and a source for each free one.

    A field whose source is empty must be the same as in the example.
    """

    fields: tuple[str, ...]
    sources: tuple[str, ...]
    element: str

    @property
    def source(self) -> str:
        """The pattern as one regular expression.

        Whatever follows a value is no part of one, so there is never a second way to match it.
        """
        return self._joined("(?>", ")")

    @property
    def capturing(self) -> str:
        """The same with one group around each free field."""
        return self._joined("((?>", "))")

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Each field of the example with its source."""
        return tuple(zip(self.fields, self.sources, strict=True))

    def narrowed(self, values: Sequence[str]) -> SegmentPattern:
        """Return the pattern in which each field with a value here must have that value."""
        pairs = zip(self.pairs, values, strict=True)
        fields, sources = zip(*((v, "") if v else pair for pair, v in pairs), strict=True)
        return SegmentPattern(fields, sources, self.element)

    def _joined(self, before: str, after: str) -> str:
        return re.escape(self.element).join(
            f"{before}{source}{after}" if source else re.escape(value)
            for value, source in zip(self.fields, self.sources, strict=True)
        )


def fixed_pattern(text: str, element: str) -> SegmentPattern:
    """Return the pattern of a segment that may not differ at all."""
    fields = tuple(text.split(element))
    return SegmentPattern(fields, ("",) * len(fields), element)


def segment_pattern(
    rule: SegmentRule, fields: tuple[str, ...], signs: Delimiters, *, keyed: bool
) -> SegmentPattern:
    """Return a pattern of segments as faultless as this one, whose fields are known to be so.

    The same elements are filled. Codes, composites and whatever has no plain pattern must be the
    same; other values may be any that are plainly good. No separator is part of a free value.
    """
    sources = [""]
    for number, value in enumerate(fields[1:], start=1):
        free = ""
        if value and number <= len(rule.elements) and not (keyed and number == 1):
            separators = signs.element + signs.component + signs.segment
            free = _free_pattern(rule.elements[number - 1], fields, separators)
        sources.append(free)
    return SegmentPattern(fields, tuple(sources), signs.element)


def _free_pattern(rule: ElementRule, fields: tuple[str, ...], separators: str) -> str:
    """Return a pattern of every value that would be as good in this place; empty when unknown."""
    if rule.components or rule.codes or rule.advised_codes or rule.not_used:
        return ""
    if rule.data_element != FORMATTED_VALUE:
        return plain_pattern(rule, separators)
    fits = rule.min_length <= len("CCYYMMDD") and rule.max_length >= len("CCYYMMDDHHMM")
    form, value = fields[rule.number - 1], fields[rule.number]
    if not fits or set(separators) & set("0123456789"):
        return ""
    if form == "DT" and len(value) == len("CCYYMMDDHHMM"):
        return PLAIN_DATE + PLAIN_TIME
    return PLAIN_DATE if form in ("D8", "DT") and len(value) == len("CCYYMMDD") else ""
