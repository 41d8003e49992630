"""Whole documents of one form, recognised at once: the same segments, with other plain values.

A form is a pattern over all segments of a document, made of the patterns of its segments, and a
plan of its tree. Files repeat few forms, so most documents need one match instead of a walk.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from services.edi_gateway.x12.document import Loop, Segment, Transaction
from services.edi_gateway.x12.remembering import FORM_SEGMENT_ENTRIES, VALUE_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.edi_gateway.x12.patterns import SegmentPattern
    from services.edi_gateway.x12.remembering import Share

SEGMENTS_MAX = 64
"""Longer documents are walked: they repeat loops, and no two have the same form."""

FORMS_MAX = 48
FORMS_PER_LENGTH_MAX = 6
SEEN_BEFORE = 3
"""A form is kept once it came so often."""

WATCHED_MAX = 2_000
"""Documents watched for new forms: what has not come often by then is walked."""

RESTING = 8_000
"""So many documents are walked before new forms are looked for again; forms that were not used
since the last time are forgotten then."""

STUDIED = 32
"""So many documents of a form are studied for values that are always the same."""

PATIENCE = 64
PATIENCE_MAX = 4_096
"""How many documents in a row must differ in such values before the form is studied again; it is
doubled at each study, because a study costs as much as reading hundreds of documents."""

ENDINGS_MAX = 8

_BREAKS = ("\r\n", "\n", "\r")

_new: Any = tuple.__new__
"""Makes a named tuple of a tuple in one call, without asking for its names."""

Matcher = Callable[[str], "re.Match[str] | None"]
Spans = tuple[tuple[int, int], ...]


class Form:
    """What to make of a text that matches: the fields of each segment, and the tree.

    A document differs from the example only in the values that its pattern captures. Segments
    without such a value are kept: they are the same objects in every document.
    """

    __slots__ = (
        "_cut",
        "_example",
        "_fill",
        "_fixed",
        "_inner",
        "_kept",
        "_names",
        "_order",
        "_own",
        "_patterns",
        "_places",
        "_spread",
    )

    def __init__(self, patterns: Sequence[SegmentPattern], example: Transaction) -> None:
        """Take the tree of an example, whose segments have these patterns."""
        self._patterns = tuple(patterns)
        self._example = example
        self._plan_segments()
        self._plan_loops(example.root)

    def matcher(self, ending: str) -> Matcher:
        """Return what matches documents of this form whose segments end so.

        Nothing follows the terminator of the last segment.
        """
        joined = re.escape(ending).join(one.capturing for one in self._patterns)
        return re.compile(joined + re.escape(ending[0])).fullmatch

    def narrowed(self, rows: Sequence[tuple[str, ...]]) -> Form | None:
        """Return the form that holds what is the same in all rows of captured values.

        None when no segment can be kept for it.
        """
        columns = iter(zip(*rows, strict=True))
        patterns = []
        for pattern in self._patterns:
            seen = [set(next(columns)) if source else {""} for source in pattern.sources]
            patterns.append(pattern.narrowed([one.pop() if len(one) == 1 else "" for one in seen]))
        form = Form(patterns, self._example)
        return form if len(form._kept) > len(self._kept) else None

    def read(self, found: re.Match[str]) -> Transaction:
        """Build the document of a text that matches."""
        fields = self._cut(self._fill(found.groups() + self._fixed))
        moving = map(_new, repeat(Segment), zip(fields, *self._places, strict=False))
        segments = self._order((*moving, *self._kept))
        in_order = list(segments)
        lists: Any = zip(self._names, self._own(in_order), map(list, repeat(())), strict=False)
        loops: list[Loop] = list(map(_new, repeat(Loop), lists))
        for loop, begin, end in self._spread:
            loops[loop].segments.extend(in_order[begin:end])
        for loop, begin, end in self._inner:
            loops[loop].children.extend(loops[begin:end])
        number = fields[0][2].strip()
        document: Transaction = _new(Transaction, (self._example[0], number, segments, loops[0]))
        return document

    def _plan_segments(self) -> None:
        """Lay out how captured values become fields, and fields with kept segments a document."""
        patterns, examples = self._patterns, self._example.segments
        ends = (0, len(patterns) - 1)  # the answers of `itemgetter` are tuples from two on
        moving = [n for n, one in enumerate(patterns) if any(one.sources) or n in ends]
        kept = [n for n in range(len(patterns)) if n not in set(moving)]
        self._kept = tuple(examples[n]._replace(fields=patterns[n].fields) for n in kept)
        self._places = tuple(zip(*(examples[n][1:] for n in moving), strict=True))
        places = {number: place for place, number in enumerate((*moving, *kept))}
        self._order = itemgetter(*(places[n] for n in range(len(patterns))))
        pairs = [pair for n in moving for pair in patterns[n].pairs]
        captured = sum(1 for _, source in pairs if source)
        self._fixed = tuple(value for value, source in pairs if not source)
        free, fixed = iter(range(captured)), iter(range(captured, len(pairs)))
        self._fill = itemgetter(*(next(free if source else fixed) for _, source in pairs))
        cuts, at = [], 0
        for n in moving:
            cuts.append(slice(at, at + len(patterns[n].fields)))
            at += len(patterns[n].fields)
        self._cut = itemgetter(*cuts)

    def _plan_loops(self, root: Loop) -> None:
        """Lay out the loops so that those of one parent follow each other."""
        loops, inner = [root], []
        for number, loop in enumerate(loops):
            if loop.children:
                inner.append((number, len(loops), len(loops) + len(loop.children)))
                loops += loop.children
        spans = [_spans(loop.segments) for loop in loops]
        self._inner = tuple(inner)
        self._names = tuple(loop.id for loop in loops)
        firsts = [slice(*first) for first, *_ in spans]
        self._own = itemgetter(*firsts, slice(0, 0))  # at least two, so that it answers a tuple
        self._spread = tuple(
            (number, begin, end) for number, (_, *more) in enumerate(spans) for begin, end in more
        )


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


class StudiedForm:
    """A form, and before it the same form narrowed to what the documents of now have in common.

    A file names the same parties and the same days thousands of times. The narrow form has fewer
    values to capture and fewer segments to build; what it does not match, the form itself reads.
    """

    __slots__ = ("_form", "_matchers", "_narrow", "_patience", "_rows", "_wait", "is_used")

    def __init__(self, form: Form) -> None:
        """Begin without a narrow form."""
        self._form = form
        self.is_used = True
        self._narrow: Form | None = None
        self._matchers: dict[str, tuple[Matcher | None, Matcher]] = {}
        self._rows: list[tuple[str, ...]] = []
        self._wait = 0
        self._patience = PATIENCE

    def read(self, text: str, ending: str) -> Transaction | None:
        """Read a document whose segments end so; None when it has not this form."""
        narrow, wide = self._matchers.get(ending) or self._compiled(ending)
        if narrow is not None and self._narrow is not None:
            found = narrow(text)
            if found is not None:
                self._wait = self._patience
                return self._narrow.read(found)
        found = wide(text)
        if found is None:
            return None
        if self._wait:
            self._wait -= 1
        else:
            self._study(found.groups())
        return self._form.read(found)

    def _compiled(self, ending: str) -> tuple[Matcher | None, Matcher]:
        if len(self._matchers) >= ENDINGS_MAX:
            self._matchers.clear()
        narrow = None if self._narrow is None else self._narrow.matcher(ending)
        self._matchers[ending] = pair = (narrow, self._form.matcher(ending))
        return pair

    def _study(self, row: tuple[str, ...]) -> None:
        self._rows.append(row)
        if len(self._rows) < STUDIED:
            return
        self._narrow = self._form.narrowed(self._rows)
        self._rows.clear()
        self._matchers.clear()
        self._wait = self._patience
        self._patience = min(2 * self._patience, PATIENCE_MAX)


class FormBook:
    """The forms known for one set, by the number of their segments."""

    def __init__(self, share: Share) -> None:
        """Begin with none."""
        self._share = share
        self._forms: dict[int, list[StudiedForm]] = {}
        self._seen: dict[int, int] = {}
        self._kept = 0
        self._walked = 0

    def read(self, text: str, terminator: str) -> Transaction | None:
        """Read the text of one ST-SE that has a known form; None when it has none.

        No value of a match holds a terminator, because there are as many as segments. Nor does it
        hold a line break: so what matches is cut into segments just as the tokenizer does it.
        """
        forms = self._forms.get(text.count(terminator))
        if not forms or len(terminator) != 1:
            return None
        after = text.find(terminator) + 1
        following = text[after : after + 2]
        ending = terminator
        if following[:1] < " ":
            ending += next((sign for sign in _BREAKS if following.startswith(sign)), "")
        for form in forms:
            document = form.read(text, ending)
            if document is not None:
                form.is_used = True
                return document
        return None

    def has_length(self, segments: int) -> bool:
        """Whether a form of so many segments is known."""
        return bool(self._forms.get(segments))

    def watches(self) -> bool:
        """Count a document that was walked; whether it is watched for new forms."""
        self._walked += 1
        if self._walked > WATCHED_MAX + RESTING:
            self._walked = 1
            self._forget_unused()
        elif self._walked == WATCHED_MAX + 1:
            self._share.give_back(len(self._seen) * VALUE_ENTRIES)
            self._seen.clear()
        return self._walked <= WATCHED_MAX and self._kept < FORMS_MAX

    def watch(self, patterns: Sequence[SegmentPattern], document: Transaction) -> None:
        """See a document whose segments have these patterns; keep its form when it comes often."""
        form = hash(tuple([one.source for one in patterns]))
        times = self._seen.get(form, 0) + 1
        if times == 1 and not self._share.take(VALUE_ENTRIES):
            return
        self._seen[form] = times
        if times != SEEN_BEFORE or len(self._forms.get(len(patterns), ())) >= FORMS_PER_LENGTH_MAX:
            return
        if self._share.take(len(patterns) * FORM_SEGMENT_ENTRIES):
            kept = StudiedForm(Form(patterns, document))
            self._forms.setdefault(len(patterns), []).append(kept)
            self._kept += 1

    def _forget_unused(self) -> None:
        """Forget the forms that no document had since this was done last."""
        for length, forms in list(self._forms.items()):
            used = [form for form in forms if form.is_used]
            forgotten = len(forms) - len(used)
            self._kept -= forgotten
            self._share.give_back(forgotten * length * FORM_SEGMENT_ENTRIES)
            for form in used:
                form.is_used = False
            self._forms[length] = used
            if not used:
                del self._forms[length]
