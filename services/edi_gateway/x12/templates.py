"""Whole documents of one form, recognised at once: the same segments, with other plain values.

A form is a pattern over all segments of a document, made of the patterns of its segments, and a
plan of its tree. Files repeat few forms, so most documents need one match instead of a walk.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from services.edi_gateway.x12.document import Loop, Segment, Transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

SEGMENTS_MAX = 64
"""Longer documents are walked: they repeat loops, and no two have the same form."""

FORMS_MAX = 48
FORMS_PER_LENGTH_MAX = 6
SEEN_BEFORE = 3
"""A form is kept once it came so often."""

WATCHED_MAX = 2_000
"""Documents watched for new forms: what has not come often by then is walked."""

JOINT = "\n"
"""Between segments in a pattern; no plain value holds one."""

_new_segment = tuple.__new__

Spans = tuple[tuple[int, int], ...]


class Form:
    """One form of a document: does a text have it, and what is its tree."""

    __slots__ = ("_component", "_element", "_loops", "_set_id", "_spans", "matches")

    def __init__(self, source: str, example: Transaction, element: str, component: str) -> None:
        """Take the tree of an example, whose segments have the pattern `source`."""
        self.matches = re.compile(source).fullmatch
        self._element = element
        self._component = component
        self._set_id = example.set_id
        self._spans = _spans(example.root.segments)
        self._loops: list[tuple[str, int, int, int, Spans]] = []
        self._plan(example.root, -1)

    def read(self, texts: Sequence[str]) -> Transaction:
        """Build the document of texts that match."""
        element, component = self._element, self._component
        segments = [
            _new_segment(Segment, (tuple(text.split(element)), position, component))
            for position, text in enumerate(texts, start=1)
        ]
        own: list[Segment] = []
        for begin, end in self._spans:
            own += segments[begin:end]
        root = Loop("ST", own, [])
        loops = [root]
        for name, parent, begin, end, more in self._loops:
            loop = Loop(name, segments[begin:end], [])
            for further, until in more:
                loop.segments.extend(segments[further:until])
            (root if parent < 0 else loops[parent + 1]).children.append(loop)
            loops.append(loop)
        number = segments[0][0][2].strip()
        return Transaction(self._set_id, number, tuple(segments), root)

    def _plan(self, loop: Loop, parent: int) -> None:
        for child in loop.children:
            (first, *more) = _spans(child.segments)
            self._loops.append((child.id, parent, *first, tuple(more)))
            self._plan(child, len(self._loops) - 1)


def _spans(segments: Sequence[Segment]) -> Spans:
    """Return the stretches of the document that these segments are."""
    spans: list[tuple[int, int]] = []
    for segment in segments:
        index = segment.position - 1
        if spans and spans[-1][1] == index:
            spans[-1] = (spans[-1][0], index + 1)
        else:
            spans.append((index, index + 1))
    return tuple(spans)


class FormBook:
    """The forms known for one set, by the number of their segments."""

    def __init__(self, element: str, component: str) -> None:
        """Begin with none."""
        self._element = element
        self._component = component
        self._forms: dict[int, list[Form]] = {}
        self._seen: dict[str, int] = {}
        self._kept = 0
        self._watched = 0

    def read(self, texts: Sequence[str]) -> Transaction | None:
        """Read a document of a known form; None when it has none."""
        forms = self._forms.get(len(texts))
        if forms is None:
            return None
        joined = JOINT.join(texts)
        for form in forms:
            if form.matches(joined):
                return form.read(texts)
        return None

    @property
    def is_watching(self) -> bool:
        """Whether new forms are still looked for."""
        return self._watched < WATCHED_MAX and self._kept < FORMS_MAX

    def watch(self, sources: Sequence[str], document: Transaction) -> None:
        """See a document whose segments have these patterns; keep its form when it comes often."""
        self._watched += 1
        source = JOINT.join(sources)
        times = self._seen[source] = self._seen.get(source, 0) + 1
        forms = self._forms.setdefault(len(sources), [])
        if times == SEEN_BEFORE and len(forms) < FORMS_PER_LENGTH_MAX:
            forms.append(Form(source, document, self._element, self._component))
            self._kept += 1
        if not self.is_watching:
            self._seen.clear()
