"""Where our verdicts differ from pyx12's on purpose: one table, each entry with its reason.

A difference is narrow: it takes away exactly the notes it explains, and whatever is left of either
side is a fault. The test counts how often each occurs, so that an entry without use shows too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.edi_gateway.x12.rules import LoopRule
from tests.unit.edi_gateway.x12.cases import SEGMENT_LEVEL, Case, Note, loops, printed
from tests.unit.edi_gateway.x12.growing import FORMS

FORMED = "1251"
SEGMENT_ID = re.compile("[A-Z][A-Z0-9]{1,2}")


def finer_place(case: Case) -> bool:
    """Say of a segment that has no place whether it is unknown, of another set, or out of order."""
    pairs = [
        (mine, theirs)
        for theirs in case.theirs
        if theirs.code == "1" and not theirs.element
        for mine in case.ours
        if mine.is_about(theirs) and mine.code in ("6", "7") and not mine.element
    ]
    return _take(case, [mine for mine, _ in pairs], [theirs for _, theirs in pairs])


def wrong_key(case: Case) -> bool:
    """Read on after a wrong code where the code says what the segment is."""
    position = case.apart()
    spot = None if position is None else case.spot(position)
    if position is None or spot is None or case.their_loops[position - 1]:
        return False
    sent = spot.fields[1] if len(spot.fields) > 1 else ""
    if not spot.rule.keys or sent in spot.rule.keys:
        return False
    case.cut(position)
    return True


def party_after_others(case: Case) -> bool:
    """Know a party by its code also after parties that have no place of their own."""
    position = case.apart()
    spot = None if position is None else case.spot(position)
    if position is None or spot is None or not isinstance(spot.step.child, LoopRule):
        return False
    mine, theirs = spot.step.child, case.their_loops[position - 1]
    unkeyed = [
        loop
        for loop in loops(case.compiled.map.root)
        if (loop.name, loop.opening.id) == (theirs, spot.rule.id) and not loop.opening.keys
    ]
    if not spot.rule.keys or not any(loop.position == mine.position for loop in unkeyed):
        return False
    case.cut(position)
    return True


def separators_behind(case: Case) -> bool:
    """Let separators behind the last element pass."""
    theirs = [
        note
        for note in case.theirs
        if case.fields(note)[-1] == ""
        and (
            note.code == "SEG1"
            or (note.code == "3" and note.element and not any(case.fields(note)[note.element :]))
        )
    ]
    return _take(case, [], theirs)


def bare_segment(case: Case) -> bool:
    """Let a segment without elements pass where none is required."""
    theirs = [
        note
        for note in case.theirs
        if note.code == "8" and not note.element and not "".join(case.fields(note)[1:]).strip(">")
    ]
    return _take(case, [], theirs)


def unreadable_id(case: Case) -> bool:
    """Say once that a segment's id is none."""
    theirs = [
        note
        for note in case.theirs
        if (note.loop_id, note.code, note.element) == ("", "1", SEGMENT_LEVEL)
        and not SEGMENT_ID.fullmatch(case.fields(note)[0])
    ]
    return _take(case, [], theirs)


def blank_behind(case: Case) -> bool:
    """Warn of blanks at the end of a value instead of refusing the document."""
    theirs = [
        note
        for note in case.theirs
        if note.code == "6" and note.element and " " in (case.value(note) or " ")[-1]
    ]
    return _take(case, [], theirs)


def accent(case: Case) -> bool:
    """Warn of letters with accents in names instead of refusing the document."""
    theirs = [
        note
        for note in case.theirs
        if note.code == "6" and any(sign >= "\x80" for sign in case.value(note))
    ]
    return _take(case, [], theirs)


def control_shown(case: Case) -> bool:
    """Copy a value that holds a control character, not the character's name."""
    pairs = [
        (mine, theirs)
        for theirs in case.theirs
        if theirs.code == "6" and any(sign < " " for sign in case.value(theirs))
        for mine in case.ours
        if mine[:7] == theirs[:7] and mine.value == printed(case.value(mine))
    ]
    return _take(case, [mine for mine, _ in pairs], [theirs for _, theirs in pairs])


def absent_element(case: Case) -> bool:
    """Point to the element that breaks a relation, not to the first that the relation names."""
    mine_explained: list[Note] = []
    explained: list[Note] = []
    for theirs in case.theirs:
        spot = case.spot(theirs.position)
        if theirs.code not in ("2", "10") or not theirs.element or spot is None:
            continue
        related = [set(n.elements) for n in spot.rule.notes if n.elements[0] == theirs.element]
        mine = [
            note
            for note in case.ours
            if note.is_about(theirs)
            and note.code == theirs.code
            and any(note.element in elements for elements in related)
        ]
        if mine:
            mine_explained += mine
            explained.append(theirs)
    return _take(case, mine_explained, explained)


def parties_in_any_order(case: Case) -> bool:
    """Take loops that have one place between them in any order."""
    theirs = [note for note in case.theirs if note.code == "3" and note in case.beside]
    return _take(case, [], theirs)


def unfinished_loop(case: Case) -> bool:
    """Miss what a loop requires when it begins again at once."""
    mine = []
    for note in case.ours:
        here = case.spot(note.position)
        places = (case.spot(position) for position in range(note.position - 1, 1, -1))
        before = next((spot for spot in places if spot is not None), None)
        if note.code != "3" or note.element or here is None or before is None:
            continue
        if here.step.enters and here.rule is before.rule:
            mine.append(note)
    return _take(case, mine, [])


def form_of_date(case: Case) -> bool:
    """Hold a date to the form its qualifier names, not to any form; to none if it names none."""
    mine = [note for note in case.ours if _is_formed(note)]
    places = {note[:3] for note in mine}
    theirs = [
        note
        for note in case.theirs
        if _is_formed(note)
        and (note[:3] in places or case.fields(note)[note.element - 1] not in FORMS)
    ]
    return _take(case, mine, theirs)


def _is_formed(note: Note) -> bool:
    return note.code in ("8", "9") and note.data_element == FORMED


def short_time(case: Case) -> bool:
    """Say of a time without minutes that it is no time, and not only too short."""
    mine = [note for note in case.ours if note.code == "9" and len(note.value) < len("HHMM")]
    return _take(case, mine, [])


def first_component(case: Case) -> bool:
    """Ask for the first component of a composite also when the composite itself is optional."""
    mine = [
        note
        for note in case.ours
        if (note.code, note.component) == ("1", 1)
        and case.fields(note)[note.element].startswith(">")
    ]
    return _take(case, mine, [])


def too_many_components(case: Case) -> bool:
    """Say that a composite has too many components, and read on."""
    position = len(case.their_loops)
    spot = case.spot(position)
    if not case.fault.startswith("IndexError") or spot is None:
        return False
    pairs = zip(spot.fields[1:], spot.rule.elements, strict=False)
    sizes = [(value.count(">") + 1, len(rule.components)) for value, rule in pairs]
    if not any(size > allowed > 0 for size, allowed in sizes):
        return False
    case.cut(position)
    return True


def hierarchy(case: Case) -> bool:
    """Leave the numbering of levels to whoever reads the content."""
    theirs = [note for note in case.theirs if note.code in ("HL1", "HL2")]
    return _take(case, [], theirs)


def _take(case: Case, ours: Sequence[Note], theirs: Sequence[Note]) -> bool:
    case.ours -= set(ours)
    case.theirs -= set(theirs)
    return bool(ours or theirs)


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference that is meant, why it is, and how it is recognised."""

    explain: Callable[[Case], bool]
    reason: str

    @property
    def name(self) -> str:
        """The difference in two or three words."""
        return self.explain.__name__.replace("_", " ")


DIFFERENCES = (
    Difference(finer_place, "pyx12 has code 1 for all; 6 and 7 tell a sender what to look for"),
    Difference(
        wrong_key,
        "one bad code is no missing and no stray segment; pyx12 stays where it was, so the rest of"
        " the document is read from two different places",
    ),
    Difference(
        party_after_others,
        "pyx12 reads a known party as one more of the others, and then misses it",
    ),
    Difference(separators_behind, "common, harmless, and told as a warning"),
    Difference(bare_segment, "it says nothing, so nothing can be misread"),
    Difference(unreadable_id, "its reader and its walker both say so"),
    Difference(blank_behind, "common, harmless, and told as a warning"),
    Difference(accent, "customers' names have them; the value is readable"),
    Difference(control_shown, "the sender looks for the value, and ours never repeats the sign"),
    Difference(absent_element, "the sender must mend that one"),
    Difference(parties_in_any_order, "the standard gives them one place; senders differ"),
    Difference(unfinished_loop, "pyx12 overlooks it when nothing came between"),
    Difference(form_of_date, "20260101 of form D6 would be read as another day"),
    Difference(short_time, "pyx12 compares signs, and finds 1 to be before 23"),
    Difference(first_component, "pyx12 asks for it in required composites alone"),
    Difference(too_many_components, "pyx12 breaks down on them, and so cannot read on"),
    Difference(hierarchy, "no code of the 997 names it; a note of the reader, not of the map"),
)
