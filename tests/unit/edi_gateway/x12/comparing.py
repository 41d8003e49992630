"""Holds our 997 to pyx12's notes, document by document, over thousands of documents.

Documents are grown from the maps or taken from the fixtures, most of them spoiled, and sent a
hundred to a group. What both say is compared code by code; `intended.py` lists what may differ.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from services.edi_gateway.x12 import (
    DEFAULT_GUIDE,
    Guide,
    OutboundSegment,
    build_997,
    load_guide,
    read_transaction,
    scan,
)
from services.edi_gateway.x12.matching import CompiledMap
from services.edi_gateway.x12.oracle import read_reference
from services.edi_gateway.x12.validation import HAS_ELEMENT_ERRORS, SEGMENTS_IN_ERROR
from tests.unit.edi_gateway.x12.cases import Case, Note, as_note
from tests.unit.edi_gateway.x12.damage import DOCUMENTS
from tests.unit.edi_gateway.x12.documents import (
    FUNCTIONAL_IDS,
    VERSIONS,
    body_of,
    group,
    interchange,
    transaction,
    written,
)
from tests.unit.edi_gateway.x12.growing import Grower
from tests.unit.edi_gateway.x12.intended import DIFFERENCES
from tests.unit.edi_gateway.x12.spoiling import WAYS, Spoiler

BATCH = 100
LEFT_GOOD = 0.15
SPOILED_AGAIN = 0.15
FROM_FIXTURES = 0.15
ENVELOPE_SPOILED = 0.05
REFUSED = "R"


@dataclass(slots=True)
class Tally:
    """What a comparison has seen: documents, differences, codes, and what is unexplained."""

    documents: int = 0
    accepted: int = 0
    whole: int = 0
    differences: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another part of the same comparison has seen."""
        self.documents += other.documents
        self.accepted += other.accepted
        self.whole += other.whole
        self.differences += other.differences
        self.codes += other.codes
        self.ways += other.ways
        self.unexplained += other.unexplained


def compare(set_id: str, seed: int, guide_name: str = DEFAULT_GUIDE) -> Tally:
    """Compare one batch of documents of a set; the same seed gives the same documents."""
    chance = random.Random(f"{guide_name} {set_id} {seed}")
    guide, tally = load_guide(guide_name), Tally()
    sets = list(_transactions(guide, set_id, chance, tally))
    data = written(
        interchange([group(sets, FUNCTIONAL_IDS[set_id], version=VERSIONS.get(set_id, "004010"))])
    )
    (found,) = scan(data).interchanges
    (only,) = found.groups
    verdicts = [
        read_transaction(data[slot.start : slot.end], found.delimiters, slot, guide).verdict
        for slot in only.transactions
    ]
    answers = list(_answers(build_997(only, verdicts)))
    compiled = _compiled(guide_name, set_id)
    for segments, verdict, (codes, ours), theirs in zip(
        sets, verdicts, answers, read_reference(data, guide_name), strict=True
    ):
        notes = {note: as_note(note) for note in theirs.notes}
        case = Case(
            segments,
            compiled,
            verdict.accepted,
            set(ours),
            set(notes.values()),
            theirs.loops,
            {printed for note, printed in notes.items() if note.beside},
            theirs.fault,
        )
        said = f"ours: {sorted(case.ours)}\n  pyx12: {sorted(case.theirs)} {case.fault}"
        _count(tally, case)
        _explain(tally, case, accepted=theirs.accepted)
        if not case.is_settled or codes != set(theirs.codes):
            rest = f"{sorted(case.ours)} / {sorted(case.theirs)}, apart at {case.apart()}"
            document = "\n".join(segments)
            tally.unexplained.append(f"{document}\n  {said}\n  left: {rest} {codes}{theirs.codes}")
    return tally


def _count(tally: Tally, case: Case) -> None:
    tally.documents += 1
    tally.accepted += case.accepted
    tally.codes.update(f"AK{4 if note.element else 3}-{note.code}" for note in case.ours)


def _explain(tally: Tally, case: Case, *, accepted: bool) -> None:
    """Take away what both say, then what is meant to differ."""
    case.agree()
    explained = [one.name for one in DIFFERENCES if one.explain(case)]
    tally.differences.update(explained)
    tally.whole += case.until is None
    case.same_verdict = case.accepted == accepted or bool(explained)


@cache
def _compiled(guide_name: str, set_id: str) -> CompiledMap:
    return CompiledMap(load_guide(guide_name).sets[set_id], ">")


def _transactions(
    guide: Guide, set_id: str, chance: random.Random, tally: Tally
) -> Iterator[list[str]]:
    grower = Grower(guide, chance)
    spoiler = Spoiler(guide, grower, chance)
    fixtures = _fixtures(set_id)
    for number in range(1, BATCH + 1):
        known = fixtures and chance.random() < FROM_FIXTURES
        body = chance.choice(fixtures) if known else grower.document(set_id)
        while chance.random() > LEFT_GOOD:
            way = chance.choice(list(WAYS))
            spoiled = spoiler.spoil(set_id, body, way)
            tally.ways[way] += spoiled != body
            body = spoiled or body
            if chance.random() > SPOILED_AGAIN:
                break
        one = transaction(body, f"{number:04d}", set_id)
        if chance.random() < ENVELOPE_SPOILED:
            one[-1] = chance.choice((f"SE*{len(one) + 1}*{number:04d}", f"SE*{len(one)}*9999"))
        yield one


@cache
def _fixtures(set_id: str) -> list[str]:
    bodies = [body_of(path) for path in DOCUMENTS]
    return [body for known, body in bodies if known == set_id]


def _answers(segments: Sequence[OutboundSegment]) -> Iterator[tuple[set[str], list[Note]]]:
    """Read the AK5 codes and the notes of each transaction out of the 997 that we would send."""
    notes: list[Note] = []
    at = Note(0, "", "", "")
    for name, *elements in segments:
        where = elements[0] if isinstance(elements[0], tuple) else (elements[0],)
        values = [str(value) for value in elements]
        if name == "AK2":
            notes = []
        elif name == "AK3":
            at = Note(int(values[1]), values[0], values[2], values[3])
            notes += [at] if at.code != HAS_ELEMENT_ERRORS else []
        elif name == "AK4":
            assert at.code == HAS_ELEMENT_ERRORS
            element, component = (*(int(number) for number in where), 0)[:2]
            notes.append(Note(*at[:3], values[2], element, component, values[1], values[3]))
        elif name == "AK5":
            verdict, *codes = values
            assert (SEGMENTS_IN_ERROR in codes) == bool(notes)
            assert (verdict == REFUSED) == bool(codes)
            yield set(codes) - {SEGMENTS_IN_ERROR}, notes
