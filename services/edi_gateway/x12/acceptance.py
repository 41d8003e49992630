"""Accepts the common good transaction quickly; whatever it does not know goes to the reference.

Utility files hold the same few documents thousands of times, so the way through a map is learned
once: where we stand is a state, and a segment's text, or a pattern made of a text that the
reference found to be without fault, leads to the next state. Nothing is ever refused here: when no
way is known and none can be learned, the plain validator reads the transaction again and explains.
Every way learned here is a verdict of the plain checks, and a test holds the two equal.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from services.edi_gateway.x12.cycles import JOINT, Cycle
from services.edi_gateway.x12.cycles import LENGTH_MAX as CYCLE_LENGTH_MAX
from services.edi_gateway.x12.delimiters import Delimiters
from services.edi_gateway.x12.document import Loop, Segment, Transaction
from services.edi_gateway.x12.findings import has_errors
from services.edi_gateway.x12.garbage import uncollected
from services.edi_gateway.x12.matching import CompiledMap
from services.edi_gateway.x12.patterns import SegmentPattern, fixed_pattern, segment_pattern
from services.edi_gateway.x12.remembering import (
    LENGTH_MAX,
    MOVE_ENTRIES,
    PATTERN_ENTRIES,
    STATE_ENTRIES,
    Readers,
    Share,
)
from services.edi_gateway.x12.states import (
    PREFIX_LENGTH,
    Fields,
    Matcher,
    Move,
    Report,
    Spot,
    State,
    is_flat,
    spot_after,
    uncounted_limit,
)
from services.edi_gateway.x12.templates import SEGMENTS_MAX, FormBook
from services.edi_gateway.x12.validation import explainer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.edi_gateway.x12.findings import Finding
    from services.edi_gateway.x12.rules import Guide, SetMap
    from services.edi_gateway.x12.values import Problem

STATES_MAX = 5_000
TEXTS_PER_STATE_MAX = 256
TEXTS_MAX = 50_000
PATTERNS_PER_PREFIX_MAX = 4
SET_SEGMENT = "ST"

SEARCHES_MAX = 20
"""Long documents in which cycles are looked for."""
SEARCHED_MAX = 4_000
"""Segments at the beginning of one where they are: what repeats in it repeats there."""

_new_segment = tuple.__new__


def accept_known(
    guide: Guide, set_id: str, text: str, delimiters: Delimiters
) -> Transaction | None:
    """Read the text of one ST-SE that has a form known already; None tells nothing about it.

    What is returned equals the transaction that `accept` returns for its segments.
    """
    acceptor = acceptor_for(guide, set_id, delimiters)
    return None if acceptor is None else acceptor.forms.read(text, delimiters.segment)


def accept(guide: Guide, texts: Sequence[str], delimiters: Delimiters) -> Transaction | None:
    """Read one ST-SE that has nothing wrong; None when it must be read by `validate` instead.

    What is returned equals the transaction that `validate` returns, without any finding.
    """
    if not texts:
        return None
    head = tuple(texts[0].split(delimiters.element))
    acceptor = acceptor_for(guide, head[1].strip() if len(head) > 1 else "", delimiters)
    return None if acceptor is None else acceptor.read(texts, head)


def accept_or_tell(
    guide: Guide, texts: Sequence[str], delimiters: Delimiters, place: str = ""
) -> tuple[Transaction | None, tuple[Finding, ...]] | None:
    """Read one ST-SE whose segments all have their place, and tell what is wrong in each of them.

    None when it must be read by `validate` instead, which would return the same.
    """
    if not texts:
        return None
    head = tuple(texts[0].split(delimiters.element))
    set_id = head[1].strip() if len(head) > 1 else ""
    acceptor, set_map = acceptor_for(guide, set_id, delimiters), guide.set_map(set_id)
    if acceptor is None or set_map is None:
        return None
    if acceptor.forms.has_length(len(texts)):  # most likely a document of these with a fault
        loops = [Loop(SET_SEGMENT, [], [])]
        told = explainer(guide, set_map, delimiters, place or set_id, loops)
        if acceptor.look(texts, head, loops, told.report) and has_errors(told.findings):
            return None, tuple(told.findings)
    loops = [Loop(SET_SEGMENT, [], [])]
    told = explainer(guide, set_map, delimiters, place or set_id, loops)
    document = acceptor.walk(texts, head, loops, told.report)
    if document is None:
        return None
    return (None if has_errors(told.findings) else document), tuple(told.findings)


def acceptor_for(guide: Guide, set_id: str, delimiters: Delimiters) -> Acceptor | None:
    """Return what was learned of a set; None when the guide or the separators do not allow it."""
    set_map = guide.set_map(set_id)
    if set_map is None:
        return None
    return _ACCEPTORS.get(set_map, delimiters.element, delimiters.component, delimiters.segment)


def _acceptor(
    share: Share, set_map: SetMap, element: str, component: str, segment: str
) -> Acceptor | None:
    """Separators that look like parts of numbers or names would make patterns ambiguous."""
    separators = element + component + segment
    if not (element and component) or any(c.isalnum() or c in "-. " for c in separators):
        return None
    return Acceptor(set_map, Delimiters(element, component, segment), share)


_ACCEPTORS = Readers(_acceptor)


class Acceptor:
    """The learned ways through one map under one set of separators."""

    def __init__(self, set_map: SetMap, signs: Delimiters, share: Share) -> None:
        """Begin with nothing learned."""
        self._share = share
        self._compiled = CompiledMap(set_map, signs.component, share)
        self._signs = signs
        self._element = signs.element
        self._component = signs.component
        self._begin = State((self._compiled.start, ((),)))
        self._states: dict[Spot, State] = {self._begin.spot: self._begin}
        self._texts = 0
        self._opening: Matcher | None = None
        self._opening_pattern = fixed_pattern(SET_SEGMENT, signs.element)
        self._searches = 0
        self.forms = FormBook(share)
        self._segments_max = uncounted_limit(self._compiled)

    def read(self, texts: Sequence[str], head: tuple[str, ...]) -> Transaction | None:
        """Read by a known form, or walk; None at the first doubt."""
        joined = JOINT.join((*texts, ""))
        document = self.forms.read(joined, JOINT) if joined.count(JOINT) == len(texts) else None
        return document or self.walk(texts, head, [Loop(SET_SEGMENT, [], [])], None)

    def look(self, texts: Sequence[str], head: Fields, loops: list[Loop], report: Report) -> bool:
        """Look for faults, and build nothing but the loops by which they are placed.

        A refused document is not used. False when some segment has no place.
        """
        if len(texts) > self._segments_max or not self._opens(texts[0], head):
            return False
        state, rest = self._begin, enumerate(texts, start=1)
        next(rest)
        for position, text in rest:
            move = state.texts.get(text)
            if move is None and not state.remembers:
                move = state.known(text)
            move = move or self._next(state, text, position)
            if move is None:
                return False
            state, leaves, enters, segment, problems = move
            if leaves:
                del loops[-leaves:]
            if enters:
                inner = Loop(segment[0][0], [], [])
                loops[-1].children.append(inner)
                loops.append(inner)
            if problems:
                report(problems, segment._replace(position=position))
        return state.place == self._compiled.end

    def walk(
        self, texts: Sequence[str], head: Fields, loops: list[Loop], report: Report | None
    ) -> Transaction | None:
        """Walk a document through its states, and learn from it; None at the first doubt.

        `loops` holds the empty root. Faults of a segment that has its place go to `report`, and to
        None without it.
        """
        if len(texts) > self._segments_max or not self._opens(texts[0], head):
            return None
        faults: list[Segment] = []

        def tell(problems: Sequence[Problem], segment: Segment) -> None:
            faults.append(segment)
            if report is not None:
                report(problems, segment)

        if len(texts) > SEGMENTS_MAX:
            self._find_cycles(texts)
            with uncollected():
                document = self._walk(texts, head, loops, tell)
        else:
            document = self._walk(texts, head, loops, tell)
        if document is None or faults:
            return None if report is None else document
        if len(texts) <= SEGMENTS_MAX and self.forms.watches():
            self.forms.watch(self._patterns(texts), document)
        return document

    def _walk(
        self, texts: Sequence[str], head: Fields, loops: list[Loop], report: Report
    ) -> Transaction | None:
        """Walk from ST to SE by what is known; learn what is not."""
        component = self._component
        opening = Segment(head, 1, component)
        segments, own = [opening], loops[0].segments
        own.append(opening)
        add = segments.append
        state = self._begin
        position = 1
        rest = iter(texts)
        next(rest)
        for text in rest:
            position += 1
            move = state.texts.get(text) or self._next(state, text, position)
            if move is None:
                return None
            state, leaves, enters, segment, problems = move
            if segment[1] != position:
                segment = _new_segment(Segment, (segment[0], position, component))
            add(segment)
            if leaves:
                del loops[-leaves:]
                own = loops[-1].segments
            if enters:
                own = [segment]
                inner = Loop(segment[0][0], own, [])
                loops[-1].children.append(inner)
                loops.append(inner)
            else:
                own.append(segment)
            if problems:
                report(problems, segment)
            if state.cycle is not None and state.cycle.is_worthwhile:
                run = state.cycle.read(texts, position, loops[-2])
                if run:
                    position += len(run)
                    segments += run
                    next(islice(rest, len(run) - 1, None))
                    loops[-1] = loops[-2].children[-1]
                    own = loops[-1].segments
        if state.place != self._compiled.end:
            return None
        return Transaction(head[1].strip(), _number(head), tuple(segments), loops[0])

    def _opens(self, text: str, head: tuple[str, ...]) -> bool:
        """Whether an ST is without fault."""
        if self._opening is not None and self._opening(text):
            return True
        check = self._compiled.check(self._compiled.start)
        if check.problems(text, head):
            return False
        pattern = segment_pattern(check.rule, head, self._signs, keyed=True)
        self._opening, self._opening_pattern = re.compile(pattern.source).fullmatch, pattern
        return True

    def _next(self, state: State, text: str, position: int) -> Move | None:
        """Find the way of a text that is not remembered, and remember it while there is room."""
        move = state.known(text)
        if move is not None:
            fields = tuple(text.split(self._element))
            segment = _new_segment(Segment, (fields, position, self._component))
            found: Move | None = (move[0], move[1], move[2], segment, ())
        else:
            found = self._learn(state, text, position)
        if found is None:
            return None
        if state.remembers:
            self._remember(state, text, found)
        return found

    def is_steady(self, texts: Sequence[str], places: Sequence[Sequence[int]]) -> bool:
        """Whether each series of places in an accepted document is one and the same state.

        Then whatever led from one of them to the next may be repeated without limit.
        """
        state, trail = self._begin, [self._begin]
        for position, text in enumerate(texts[1:], start=2):
            move = state.texts.get(text) or self._next(state, text, position)
            if move is None:
                return False
            state = move[0]
            trail.append(state)
        return all(len({id(trail[place]) for place in series}) == 1 for series in places)

    def _patterns(self, texts: Sequence[str]) -> list[SegmentPattern]:
        """Return the pattern by which each segment of a walked document is known, or its text."""
        state, found = self._begin, [self._opening_pattern]
        for position, text in enumerate(texts[1:], start=2):
            known = state.patterns.get(text[:PREFIX_LENGTH], ())
            pattern = next((pattern for matches, _, pattern in known if matches(text)), None)
            found.append(pattern or fixed_pattern(text, self._element))
            move = state.texts.get(text) or self._next(state, text, position)
            if move is not None:
                state = move[0]
        return found

    def _find_cycles(self, texts: Sequence[str]) -> None:
        """Look once or more for a loop that repeats in a long document, and keep its pattern."""
        if self._searches >= SEARCHES_MAX:
            return
        self._searches += 1
        trail: list[tuple[State, Move | None]] = [(self._begin, None)]
        for position, text in enumerate(texts[1:SEARCHED_MAX], start=2):
            move = trail[-1][0].texts.get(text) or self._next(trail[-1][0], text, position)
            if move is None:
                return
            trail.append((move[0], move))
        for length in range(1, CYCLE_LENGTH_MAX + 1):
            for at in range(len(trail) - 2 * length):
                state, steps = trail[at][0], trail[at + 1 : at + 1 + length]
                again = trail[at + length][0] is state and trail[at + 2 * length][0] is state
                if again and state.cycle is None and is_flat([move for _, move in steps]):
                    self._keep_cycle(state, trail[at : at + length], texts[at + 1 :])

    def _keep_cycle(
        self, state: State, trail: Sequence[tuple[State, Move | None]], texts: Sequence[str]
    ) -> None:
        patterns: list[SegmentPattern] = []
        for (place, _), text in zip(trail, texts, strict=False):
            known = place.patterns.get(text[:PREFIX_LENGTH], ())
            patterns += [pattern for matches, _, pattern in known if matches(text)][:1]
        first = state.texts.get(texts[0]) or self._next(state, texts[0], 0)
        room = PATTERN_ENTRIES * len(trail)
        whole = len(patterns) == len(trail) and first is not None and first[1] == 1
        if whole and self._share.take(room):
            state.cycle = Cycle(patterns, self._component)

    def _learn(self, state: State, text: str, position: int) -> Move | None:
        """Ask the plain checks about a segment; keep the way of all like it if nothing is wrong."""
        fields = tuple(text.split(self._element))
        step = self._compiled.step(state.place, fields)
        if step is None:
            return None
        spot = spot_after(state.spot, step)
        if spot is None:
            return None
        problems = step.check.problems(text, fields)
        following = self._states.get(spot)
        if following is None:
            if len(self._states) >= STATES_MAX or not self._share.take(STATE_ENTRIES):
                return None
            following = self._states[spot] = State(spot)
        segment = Segment(fields, position, self._component)
        move = (following, step.leaves, step.enters, segment, problems)
        if problems:
            return move
        patterns = state.patterns.get(text[:PREFIX_LENGTH], [])
        room = len(patterns) < PATTERNS_PER_PREFIX_MAX and len(text) <= LENGTH_MAX
        if room and self._share.take(PATTERN_ENTRIES):
            state.patterns[text[:PREFIX_LENGTH]] = patterns
            keyed = self._compiled.is_keyed(fields[0])
            pattern = segment_pattern(step.check.rule, fields, self._signs, keyed=keyed)
            patterns.append((re.compile(pattern.source).fullmatch, move, pattern))
        return move

    def _remember(self, state: State, text: str, move: Move) -> None:
        """Keep a text, so that it need not be looked at again; the first ones are worth most."""
        if len(text) > LENGTH_MAX or not self._share.take(MOVE_ENTRIES):
            return
        state.texts[text] = move
        self._texts += 1
        if len(state.texts) >= TEXTS_PER_STATE_MAX or self._texts >= TEXTS_MAX:
            state.remembers = False


def _number(head: tuple[str, ...]) -> str:
    return head[2].strip() if len(head) > 2 else ""  # noqa: PLR2004 - ST02
